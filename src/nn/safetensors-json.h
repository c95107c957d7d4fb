/* safetensors-json.h - the JSON of a safetensors header, read piece by piece by who knows what has to come next. Internal to src/nn.
 *
 * Every function that returns false has said why in err, but hu_json_accept, which asks. Of numbers there are whole ones from 0.
 */
#ifndef HU_NN_SAFETENSORS_JSON_H
#define HU_NN_SAFETENSORS_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/status.h"

typedef struct hu_json {
    const char *at, *end;    /* what is left; a 0 stands at the end */
    const char *path;        /* of the file, for messages           */
    hu_error   *err;
} hu_json;

/* false, and the error: HU_EPARSE with the file's path and what is wrong; HU_ENOMEM. */
bool hu_json_bad(hu_json *r, const char *what);
bool hu_json_no_memory(hu_json *r);

/* White space is passed over; and the next sign, if it is c. `expect`: it has to be. */
void hu_json_skip_space(hu_json *r);
bool hu_json_accept(hu_json *r, char c);
bool hu_json_expect(hu_json *r, char c);

/* A string of up to `most` bytes as it is written, into memory of its own, *text; without escapes, in UTF-8. */
bool hu_json_read_string(hu_json *r, char **text, size_t most);

/* A whole number from 0. */
bool hu_json_read_count(hu_json *r, size_t *x);

#endif
