/* header.h - what stands before the lines of a vector file: what they are, how many, and their checksum.
 *
 * Lines "key: value", each begun by what makes a comment in the layout, after a first one "halfulp vectors 1". Of the layout
 * that has no comments they are in a file of their own, NAME.header, each begun by "# ".
 */
#ifndef HU_HARDWARE_HEADER_H
#define HU_HARDWARE_HEADER_H

#include "src/base/sha256.h"
#include "src/hardware/cases.h"
#include "src/hardware/layout.h"

enum { HU_HEADER_SIZE = 4096 };

typedef struct hu_header {
    hu_task_words words;                     /* pointing into `text`; NULL where not said */
    const hu_layout *layout;
    int      holds;                          /* of each line                              */
    bool     has_seed, has_count, has_sha;
    uint64_t seed, count, wanted;            /* wanted: the count asked for, 0: the usual */
    char     sha[HU_SHA256_HEX];
    char     fields[HU_TASK_TEXT];           /* the columns, as hu_header_fields has them; "" */
    char     text[16][HU_TASK_TEXT];
} hu_header;

/* The text of the header, with the digest given. `cases` and t belong together. */
void hu_header_write(const hu_layout *layout, const hu_task *t, const hu_cases *cases, uint64_t seed, uint64_t wanted, int holds,
                     const char *sha, char text[HU_HEADER_SIZE]);

/* The columns of a line that holds so much, "a:8 b:8 result:8 flags:5". */
void hu_header_fields(const hu_task *t, int holds, char text[HU_HEADER_SIZE]);

/* Whether a line (without its end) is the first one of a header, of any version; its comment mark into *comment. */
bool hu_header_starts(const char *line, size_t n, const char **comment);

/* HU_EPARSE where such a line has another version than this program reads. */
hu_status hu_header_check_version(const char *line, size_t n, const char *comment, hu_error *err);

/* Takes in one further line, without the comment mark and the end. HU_EPARSE where it is not understood or its key is
 * none: a word that is written wrong would else be taken as not said. */
hu_status hu_header_read(hu_header *h, const char *line, size_t n, hu_error *err);

#endif
