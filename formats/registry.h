/* registry.h - from a name to a format: what the families' readers of names share. Internal to formats/.
 *
 * A new family offers one reader, declared here and listed in registry.c.
 */
#ifndef HU_FORMATS_REGISTRY_H
#define HU_FORMATS_REGISTRY_H

#include "formats/format.h"

enum { HU_FORMAT_NAME_SIZE = 96 };

typedef enum hu_reading {
    HU_NOT_MINE,        /* the name is not of this family's form                          */
    HU_READ,
    HU_REFUSED          /* it is of the form, but asks for what there is not: err says so */
} hu_reading;

/* Fills f, but for name and source (NULL, or what the family says of all its formats), and the canonical name. */
typedef hu_reading hu_read_name(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err);

hu_read_name hu_read_float;         /* float-name.c */
hu_read_name hu_read_x87;           /* x87.c        */
hu_read_name hu_read_posit;         /* posit.c      */
hu_read_name hu_read_takum;         /* takum-name.c */
hu_read_name hu_read_lns;           /* lns.c        */
hu_read_name hu_read_p3109;         /* p3109.c      */
hu_read_name hu_read_ufloat;        /* ufloat.c     */
hu_read_name hu_read_fixed;         /* fixed-name.c */
hu_read_name hu_read_codebook;      /* codebook.c   */
hu_read_name hu_read_hifloat8;      /* hifloat8.c   */

/* Keeps a user's format, whose name no family reads, under that name, or finds the one of that name that has the same
 * values; NULL with err where the name is taken or memory is short. *is_new: f's own parts are kept. */
const hu_format *hu_registry_define(const hu_format *f, const char *name, bool *is_new, hu_error *err);

/* Parts of names: each moves *text past what it took, and says whether it took something. */
bool hu_read_number(const char **text, long *out);              /* decimal, may be negative; held below about 10^10 */
bool hu_read_word(const char **text, const char *word);

/* Writes the line into err as hu_fail does, and is HU_REFUSED. */
#define hu_refuse(err, status, ...) (hu_fail(err, status, __VA_ARGS__), HU_REFUSED)

#endif
