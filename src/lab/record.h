/* record.h - named values: the parameters of a point, or what its function returned.
 *
 * A record owns its names and values. It travels between processes as bytes.
 */
#ifndef HU_LAB_RECORD_H
#define HU_LAB_RECORD_H

#include <stdbool.h>

#include "src/lab/buffer.h"
#include "src/tensor/tensor.h"

typedef enum hu_value_kind {
    HU_VALUE_INTEGER,       /* also true and false, as 1 and 0 */
    HU_VALUE_REAL,
    HU_VALUE_TEXT,
    HU_VALUE_SERIES         /* a list or an array of doubles */
} hu_value_kind;

typedef struct hu_value {
    char         *name;
    hu_value_kind kind;
    int64_t       integer;
    double        real;
    void         *data;                 /* text with a closing zero, or series: doubles */
    size_t        n;                    /* bytes of text without the zero, or elements of series */
    int           rank;                 /* of a series; 0: it came as a plain list */
    size_t        shape[HU_MAX_RANK];
} hu_value;

typedef struct hu_record {
    hu_value *values;
    size_t    n, capacity;
} hu_record;                            /* start with all zero */

void hu_record_clear(hu_record *r);

/* Adds a copy. HU_ENOMEM, or HU_EINVAL when the name is taken. Series: data holds n doubles, or is
 * NULL for zeros that the caller fills in through the last value. */
hu_status hu_record_integer(hu_record *r, const char *name, int64_t value, hu_error *err);
hu_status hu_record_real(hu_record *r, const char *name, double value, hu_error *err);
hu_status hu_record_text(hu_record *r, const char *name, const char *text, size_t n_bytes, hu_error *err);
hu_status hu_record_series(hu_record *r, const char *name, const double *data, size_t n,
                           int rank, const size_t *shape, hu_error *err);

/* A copy of a value, under its own name. */
hu_status hu_record_copy(hu_record *r, const hu_value *v, hu_error *err);

/* The same names with the same kinds and bits; any NaN is any NaN. */
bool      hu_record_same(const hu_record *a, const hu_record *b);
bool      hu_value_same(const hu_value *a, const hu_value *b);

const hu_value *hu_record_find(const hu_record *r, const char *name);   /* NULL: it has no such value */
void            hu_record_sort(hu_record *r);                           /* by name, byte by byte */

/* As JSON with the names in order, so that equal records give equal text: integers and reals of the
 * same value are written alike. Series are left out. */
void hu_record_json(const hu_record *r, hu_buffer *out);

/* To bytes and back, exactly. HU_EPARSE when the bytes are cut short or not a record. */
void      hu_record_write(const hu_record *r, hu_buffer *out);
hu_status hu_record_read(hu_record *r, const void *bytes, size_t n_bytes, hu_error *err);

#endif
