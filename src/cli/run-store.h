/* run-store.h - the store of a run directory that was named on the command line. */
#ifndef HU_CLI_RUN_STORE_H
#define HU_CLI_RUN_STORE_H

#include "src/lab/store.h"

/* Opened for reading; NULL after the error line of that command was shown: *status is then the exit status. */
hu_store *hu_cli_store(const char *command, const char *folder, int *status);

#endif
