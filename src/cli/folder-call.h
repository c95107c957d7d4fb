/* folder-call.h - a command that is a Lua function of a run directory: require(MODULE).of(DIR, options). */
#ifndef HU_CLI_FOLDER_CALL_H
#define HU_CLI_FOLDER_CALL_H

#include <stdbool.h>

typedef struct hu_folder_option {
    const char *name;     /* of the field; NULL ends a list     */
    const char *text;     /* NULL: not given, unless on is set  */
    bool        on;       /* then the field is true             */
} hu_folder_option;

/* Calls the function, prints the path that it returns, and gives the exit status. */
int hu_folder_call(const char *module, const char *folder, const hu_folder_option *options);

#endif
