/* datadir.c - finds the program's own data files, installed or just built. */
#include "src/cli/datadir.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char datadir[PATH_MAX];

/* folder and name joined; false: too long. */
static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PATH_MAX;
}

static bool is_datadir(const char *path)
{
    char probe[PATH_MAX];
    return join(probe, path, "lua/halfulp/init.lua") && access(probe, R_OK) == 0;
}

/* The folder of the executable; a libtool build has it in .libs, one below where it seems to be. */
static bool find_program(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (n <= 0)
        return false;
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    slash = strrchr(folder, '/');
    if (slash && strcmp(slash, "/.libs") == 0)
        *slash = '\0';
    return true;
}

static bool try_installed(const char *folder)
{
    char path[PATH_MAX];
    return join(path, folder, "../share/halfulp") && is_datadir(path) && realpath(path, datadir) != NULL;
}

static bool try_built(const char *folder)
{
    char path[PATH_MAX];
    FILE *marker = join(path, folder, "halfulp.datadir") ? fopen(path, "r") : NULL;
    if (!marker)
        return false;
    bool found = fgets(path, sizeof path, marker) != NULL;
    fclose(marker);
    if (found)
        path[strcspn(path, "\n")] = '\0';
    return found && is_datadir(path) && realpath(path, datadir) != NULL;
}

static bool find(void)
{
    char folder[PATH_MAX];
    const char *given = getenv("HALFULP_DATADIR");
    if (given && *given)
        return strlen(given) < sizeof datadir && is_datadir(given) && strcpy(datadir, given);
    return find_program(folder) && (try_installed(folder) || try_built(folder));
}

const char *hu_datadir(void)
{
    static enum { UNKNOWN, FOUND, MISSING } state = UNKNOWN;
    if (state == UNKNOWN)
        state = find() ? FOUND : MISSING;
    return state == FOUND ? datadir : NULL;
}
