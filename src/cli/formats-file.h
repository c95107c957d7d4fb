/* formats-file.h - the option --formats FILE: formats that a Lua file defines, for commands that are not scripts. */
#ifndef HU_CLI_FORMATS_FILE_H
#define HU_CLI_FORMATS_FILE_H

/* The option's row in a command's table. */
#define HU_FORMATS_OPTION(target) \
    {"formats", HU_OPTION_TEXT, target, "FILE", "a Lua file that defines formats with hu.define; they then have\ntheir names here"}

/* Runs the file (NULL: nothing to do). -1: go on; else an exit status, after the error line. */
int hu_formats_load(const char *command, const char *path);

#endif
