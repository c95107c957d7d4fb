/* cmd-batch.h - halfulp calc --batch. */
#ifndef HU_CLI_CMD_BATCH_H
#define HU_CLI_CMD_BATCH_H

#include "src/ops/env.h"

/* Answers the lines of standard input (see batch.h) and returns the exit status: failed when a line was bad. */
int hu_cmd_calc_batch(const hu_env *defaults);

#endif
