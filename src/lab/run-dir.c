/* run-dir.c - the directory of a run: its lock, its files, its manifest. */
#include "src/lab/run-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/lab/clock.h"
#include "src/lab/manifest.h"

struct hu_run_dir {
    char        *path;
    int          lock;          /* file descriptor; -1: none */
    bool         lock_is_new;   /* the file was not there */
    pid_t        owner;
    dev_t        device;        /* of the folder, which tells it from others whatever its name */
    ino_t        number;
    hu_run_dir  *next;          /* of those that this process has open */
    hu_store    *store;
    int64_t      run;
    hu_run_facts facts;
    hu_manifest  manifest;
    double started_s;           /* of the monotonic clock */
};

static hu_run_dir *opened;

/* "folder/name" from hu_malloc; NULL when out of memory. */
static char *join(const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = hu_malloc(n);
    if (path)
        snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static hu_status make_folders(const char *path, const char *advice, hu_error *err)
{
    if (!*path)
        return hu_fail(err, HU_EIO, "the name of the folder is empty%s", advice);
    char *copy = hu_strdup(path);
    if (!copy)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", path);
    int failed = 0;
    for (char *slash = copy; slash && !failed;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        struct stat info;
        int code = mkdir(copy, 0777) == 0 ? 0 : errno;
        if (code != 0 && code != EEXIST)
            failed = stat(copy, &info) == 0 && S_ISDIR(info.st_mode) ? 0 : code;   /* a parent on a read-only disk is fine */
        if (slash)
            *slash = '/';
    }
    hu_free(copy);
    struct stat info;
    if (!failed && stat(path, &info) != 0)
        failed = errno;
    else if (!failed && !S_ISDIR(info.st_mode))
        failed = ENOTDIR;
    if (failed)
        return hu_fail(err, HU_EIO, "%s: the folder cannot be made or used: %s%s", path, strerror(failed), advice);
    return HU_OK;
}

hu_status hu_make_folders(const char *path, hu_error *err)
{
    return make_folders(path, "", err);
}

hu_status hu_write_file(const char *path, const void *data, size_t n_bytes, hu_error *err)
{
    hu_file file;
    hu_status status = hu_file_open(&file, path, err);
    return status ? status : hu_file_close(&file, fwrite(data, 1, n_bytes, file.stream) == n_bytes, err);
}

/* Whether a directory may become or is a run directory: it has a store, or nothing but our lock. */
static hu_status check_ours(const char *path, hu_error *err)
{
    DIR *folder = opendir(path);
    char other[128] = "";
    bool has_store = false;
    if (!folder)
        return hu_fail(err, HU_EIO, "%s: %s", path, strerror(errno));
    for (struct dirent *e; (e = readdir(folder));) {
        if (strcmp(e->d_name, "results.sqlite") == 0)
            has_store = true;
        else if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strcmp(e->d_name, ".lock") &&
                 strcmp(e->d_name, "results.sqlite-journal"))
            snprintf(other, sizeof other, "%.100s", e->d_name);
    }
    closedir(folder);
    if (!has_store && other[0])
        return hu_fail(err, HU_EINVAL, "%s is not a run directory: it holds %s and no results.sqlite; "
                       "choose another with --out", path, other);
    return HU_OK;
}

/* The kernel's lock is the process's: it does not see a second opening here, and any closing would end it. */
static hu_status check_unopened(hu_run_dir *d, hu_error *err)
{
    struct stat info;
    if (stat(d->path, &info) != 0)
        return hu_fail(err, HU_EIO, "%s: %s", d->path, strerror(errno));
    for (const hu_run_dir *other = opened; other; other = other->next)
        if (other->device == info.st_dev && other->number == info.st_ino)
            return hu_fail(err, HU_EBUSY, "%s is being written by this process (%ld) already", d->path, (long)getpid());
    d->device = info.st_dev;
    d->number = info.st_ino;
    d->next = opened;
    opened = d;
    return HU_OK;
}

static void forget_opened(const hu_run_dir *d)
{
    hu_run_dir **at = &opened;
    while (*at && *at != d)
        at = &(*at)->next;
    if (*at)
        *at = d->next;
}

/* Takes the lock, which the kernel gives free when this process ends. */
static hu_status take_lock(hu_run_dir *d, hu_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *path = join(d->path, ".lock");
    if (!path)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", d->path);
    d->lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    d->lock_is_new = d->lock >= 0;
    if (!d->lock_is_new)
        d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int failed = d->lock < 0 ? errno : 0;
    hu_free(path);
    if (failed)
        return hu_fail(err, HU_EIO, "%s: the folder cannot be written: %s; choose another with --out",
                       d->path, strerror(failed));
    if (fcntl(d->lock, F_SETLK, &lock) == 0)
        return HU_OK;
    failed = errno;
    if ((failed == EACCES || failed == EAGAIN) && fcntl(d->lock, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        return hu_fail(err, HU_EBUSY, "%s is being written by process %ld; wait for it, or choose another folder with --out",
                       d->path, (long)lock.l_pid);
    return hu_fail(err, HU_EBUSY, "%s cannot be locked: %s", d->path, strerror(failed));
}

/* Over the old text, in the room that it has: for a full disk. */
static bool overwrite(const char *path, const char *data, size_t n_bytes)
{
    FILE *file = fopen(path, "r+e");
    bool whole = file && fwrite(data, 1, n_bytes, file) == n_bytes && fflush(file) == 0 &&
                 ftruncate(fileno(file), (off_t)n_bytes) == 0;
    return file && fclose(file) == 0 && whole;
}

/* The manifest goes into the store and beside it; the file gets it also where the store has no room. */
static hu_status write_manifest(hu_run_dir *d, hu_error *err)
{
    hu_buffer json = {0}, policies = {0};
    bool known = d->run && hu_store_policies(d->store, d->run, &policies, NULL) == HU_OK && !policies.failed;
    d->manifest.policies = known ? policies.data : NULL;
    d->manifest.wall_s = hu_clock_s(CLOCK_MONOTONIC) - d->started_s;
    hu_manifest_json(&d->manifest, &json);
    hu_buffer_clear(&policies);
    d->manifest.policies = NULL;
    char *path = join(d->path, "manifest.json");
    hu_status status = json.failed || !path ? hu_fail(err, HU_ENOMEM, "%s: out of memory", d->path) : HU_OK;
    if (status == HU_OK)
        status = d->run ? hu_store_manifest(d->store, d->run, json.data, err)
                        : hu_store_begin(d->store, json.data, &d->run, err);
    if (status == HU_OK)
        status = hu_write_file(path, json.data, json.n_bytes, err);
    if (status == HU_EIO && d->run && path && hu_write_file(path, json.data, json.n_bytes, NULL) != HU_OK)
        overwrite(path, json.data, json.n_bytes);
    hu_free(path);
    hu_buffer_clear(&json);
    return status;
}

static hu_status open_all(hu_run_dir *d, hu_error *err)
{
    hu_status status;
    if ((status = make_folders(d->path, "; choose another with --out", err)) != HU_OK || (status = check_ours(d->path, err)) != HU_OK ||
        (status = check_unopened(d, err)) != HU_OK || (status = take_lock(d, err)) != HU_OK)
        return status;
    char *path = join(d->path, "results.sqlite");
    if (!path)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", d->path);
    d->store = hu_store_open(path, true, err);
    hu_free(path);
    if (!d->store) {
        status = err ? err->status : HU_EIO;
        if (status == HU_EINVAL && d->lock_is_new && (path = join(d->path, ".lock"))) {
            unlink(path);               /* the folder is not ours: it stays as it was */
            hu_free(path);
        }
        return status;
    }
    return write_manifest(d, err);
}

hu_run_dir *hu_run_dir_open(const char *path, const hu_run_facts *facts, hu_error *err)
{
    hu_run_dir *d = hu_calloc(1, sizeof *d);
    if (!d || !(d->path = hu_strdup(path))) {
        hu_free(d);
        hu_fail(err, HU_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    d->lock = -1;
    d->owner = getpid();
    d->facts = *facts;
    d->manifest = (hu_manifest){.facts = &d->facts, .state = "running"};
    clock_gettime(CLOCK_REALTIME, &d->manifest.start);
    d->started_s = hu_clock_s(CLOCK_MONOTONIC);
    if (open_all(d, err) == HU_OK)
        return d;
    d->owner = 0;                       /* nothing more is written */
    hu_store_close(d->store, NULL);
    d->store = NULL;
    hu_run_dir_close(d, NULL);
    return NULL;
}

hu_status hu_run_dir_close(hu_run_dir *d, hu_error *err)
{
    hu_status status = HU_OK;
    if (!d)
        return HU_OK;
    if (d->owner == getpid()) {
        if (strcmp(d->manifest.state, "running") == 0)
            d->manifest.state = "finished";
        status = write_manifest(d, err);
        hu_status closed = hu_store_close(d->store, status == HU_OK ? err : NULL);
        status = status == HU_OK ? closed : status;
    }
    forget_opened(d);
    if (d->lock >= 0)
        close(d->lock);
    hu_free(d->path);
    hu_free(d);
    return status;
}

const char *hu_run_dir_path(const hu_run_dir *d)  { return d->path; }
hu_store   *hu_run_dir_store(const hu_run_dir *d) { return d->store; }
int64_t     hu_run_dir_run(const hu_run_dir *d)   { return d->run; }

void hu_run_dir_count(hu_run_dir *d, bool ok)
{
    *(ok ? &d->manifest.n_done : &d->manifest.n_failed) += 1;
}

hu_status hu_run_dir_state(hu_run_dir *d, const char *state, hu_error *err)
{
    d->manifest.state = state;
    return write_manifest(d, err);
}

hu_status hu_run_dir_log(hu_run_dir *d, const char *line, hu_error *err)
{
    struct timespec t;
    char stamp[32];
    char *path = join(d->path, "log.txt");
    if (!path)
        return hu_fail(err, HU_ENOMEM, "%s/log.txt: out of memory", d->path);
    FILE *file = fopen(path, "ae");
    int failed = file ? 0 : errno;
    hu_free(path);
    if (failed)
        return hu_fail(err, HU_EIO, "%s/log.txt: %s", d->path, strerror(failed));
    clock_gettime(CLOCK_REALTIME, &t);
    hu_time_text(t.tv_sec, stamp);
    if (fprintf(file, "%s %s\n", stamp, line) < 0)
        failed = errno;
    if (fclose(file) != 0 && !failed)
        failed = errno;
    return failed ? hu_fail(err, HU_EIO, "%s/log.txt: %s", d->path, strerror(failed)) : HU_OK;
}

char *hu_run_dir_point(const hu_run_dir *d, const char *key)
{
    char name[32];
    snprintf(name, sizeof name, "points/%.16s", key);
    return join(d->path, name);
}

void hu_run_dir_forget_checkpoint(const hu_run_dir *d, const char *key)
{
    char *path = hu_run_dir_point(d, key);
    DIR *folder = path ? opendir(path) : NULL;
    if (folder) {
        for (struct dirent *e; (e = readdir(folder));)
            if (strncmp(e->d_name, HU_CHECKPOINT, strlen(HU_CHECKPOINT)) == 0)
                unlinkat(dirfd(folder), e->d_name, 0);
        closedir(folder);
        rmdir(path);                    /* only where it is empty */
    }
    hu_free(path);
}
