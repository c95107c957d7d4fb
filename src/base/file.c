/* file.c - files that are written whole or not at all. */
#include "src/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/memory.h"

/* Where a path leads through links; itself where nothing is there yet. */
static char *destination(const char *path)
{
    char *real = realpath(path, NULL), *copy = hu_strdup(real ? real : path);
    free(real);
    return copy;
}

/* A new file beside path, under a name that nothing has, with the rights of the one it will replace. */
static FILE *open_beside(hu_file *f, const struct stat *old)
{
    enum { TRIES = 100 };
    size_t size = strlen(f->path) + 32;
    f->beside = hu_malloc(size);
    if (!f->beside)
        return NULL;
    int fd = -1;
    for (int i = 0; i < TRIES && (i == 0 || (fd < 0 && errno == EEXIST)); i++) {
        snprintf(f->beside, size, "%s.%ld-%d.new", f->path, (long)getpid(), i);
        fd = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (fd < 0)
        return NULL;
    if (old)
        (void)!fchmod(fd, old->st_mode & 07777);    /* where that is not allowed the file has the usual rights */
    FILE *stream = fdopen(fd, "wb");
    if (!stream) {
        close(fd);
        unlink(f->beside);
    }
    return stream;
}

static void forget(hu_file *f)
{
    hu_free(f->path);
    hu_free(f->beside);
    *f = (hu_file){0};
}

hu_status hu_file_open(hu_file *f, const char *path, hu_error *err)
{
    *f = (hu_file){.path = destination(path)};
    if (!f->path)
        return hu_fail(err, HU_ENOMEM, "%.180s: out of memory", path);
    struct stat old;
    bool exists = stat(f->path, &old) == 0;
    f->stream = exists && !S_ISREG(old.st_mode) ? fopen(f->path, "wb") : open_beside(f, exists ? &old : NULL);
    if (f->stream)
        return HU_OK;
    hu_fail(err, HU_EIO, "cannot write %.180s: %s", path, strerror(errno));
    forget(f);
    return HU_EIO;
}

hu_status hu_file_close(hu_file *f, bool written, hu_error *err)
{
    int reason = written ? 0 : errno;
    if (written && fflush(f->stream) != 0)
        reason = errno;
    if (fclose(f->stream) != 0 && !reason)
        reason = errno;
    if (!reason && f->beside && rename(f->beside, f->path) != 0)
        reason = errno;
    if (reason) {
        hu_fail(err, HU_EIO, "cannot write %.180s: %s", f->path, strerror(reason));
        if (f->beside)
            unlink(f->beside);
    }
    forget(f);
    return reason ? HU_EIO : HU_OK;
}

FILE *hu_file_to_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (file && fstat(fileno(file), &about) == 0 && S_ISDIR(about.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return NULL;
    }
    return file;
}
