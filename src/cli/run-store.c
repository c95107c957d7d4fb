/* run-store.c - the store of a run directory that was named on the command line. */
#include "src/cli/run-store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "src/cli/cli.h"

hu_store *hu_cli_store(const char *command, const char *folder, int *status)
{
    char path[4096];
    hu_error err = {0};
    struct stat info;
    *status = HU_CLI_FAILED;
    if (snprintf(path, sizeof path, "%s/results.sqlite", folder) >= (int)sizeof path) {
        hu_cli_fail(*status, "%s: the name of the folder is too long", command);
        return NULL;
    }
    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            hu_cli_fail(*status, "%s: %s is not a run directory: it has no results.sqlite", command, folder);
        else
            hu_cli_fail(*status, "%s: %s: %s", command, path, strerror(errno));
        return NULL;
    }
    hu_store *s = hu_store_open(path, false, &err);
    if (!s)
        hu_cli_fail(*status, "%s: %s", command, err.text);
    return s;
}
