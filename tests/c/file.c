/* file.c - files written whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "tests/lib/test.h"

static char folder[] = "/tmp/hu-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static hu_status put(const char *path, const char *text, hu_error *err)
{
    hu_file f;
    hu_status status = hu_file_open(&f, path, err);
    return status ? status : hu_file_close(&f, fputs(text, f.stream) >= 0, err);
}

static bool holds(const char *path, const char *text)
{
    char got[64] = "";
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    got[fread(got, 1, sizeof got - 1, file)] = 0;
    fclose(file);
    return strcmp(got, text) == 0;
}

static void replaced(void **state)
{
    (void)state;
    const char *path = in_folder("plain");
    assert_int_equal(put(path, "one", NULL), HU_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(put(path, "two", NULL), HU_OK);
    struct stat info;
    assert_true(holds(path, "two") && stat(path, &info) == 0 && (info.st_mode & 0777) == 0640);
}

static void kept(void **state)
{
    (void)state;
    const char *path = in_folder("kept");
    hu_error err = {0};
    hu_file f;
    assert_int_equal(put(path, "old", NULL), HU_OK);
    assert_int_equal(hu_file_open(&f, path, NULL), HU_OK);
    char *beside = strdup(f.beside);
    errno = ENOSPC;
    assert_int_equal(hu_file_close(&f, false, &err), HU_EIO);
    assert_non_null(strstr(err.text, "No space left"));
    assert_true(holds(path, "old"));
    assert_int_equal(access(beside, F_OK), -1);
    free(beside);
}

static void link_followed(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(put(in_folder("target"), "old", NULL), HU_OK);
    assert_int_equal(symlink("target", in_folder("link")), 0);
    assert_int_equal(put(in_folder("link"), "new", NULL), HU_OK);
    assert_true(holds(in_folder("target"), "new"));
    assert_true(lstat(in_folder("link"), &info) == 0 && S_ISLNK(info.st_mode));
}

static void device_in_place(void **state)
{
    (void)state;
    struct stat info;
    hu_error err = {0};
    hu_file f;
    assert_int_equal(hu_file_open(&f, "/dev/full", &err), HU_OK);
    assert_null(f.beside);
    fputs("text", f.stream);
    assert_int_equal(hu_file_close(&f, true, &err), HU_EIO);
    assert_true(stat("/dev/full", &info) == 0 && S_ISCHR(info.st_mode));
}

static void no_folder(void **state)
{
    (void)state;
    hu_error err = {0};
    assert_int_equal(put(in_folder("absent/file"), "text", &err), HU_EIO);
    assert_non_null(strstr(err.text, "No such file"));
}

static const struct CMUnitTest claims[] = {
    CLAIM("a file is replaced, and keeps its rights", replaced),
    CLAIM("a write that fails leaves the old file, and nothing else", kept),
    CLAIM("a link is followed", link_followed),
    CLAIM("a device is written in place", device_in_place),
    CLAIM("a folder that is not there is one line", no_folder),
};

int main(void)
{
    static const char *const names[] = {"plain", "kept", "link", "target"};
    if (!mkdtemp(folder))
        return 1;
    int failed = test_main(claims, TEST_COUNT(claims));
    for (size_t i = 0; i < TEST_COUNT(names); i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
    return failed;
}
