/* lister.h - the operands that show errors: lists of them, a file a group of classes. Internal to src/hardware.
 *
 * A lister makes tuples of operands and adds them to its list. Nothing here depends on how the task rounds, so that the sets
 * of all modes have the same operands; random bits are added afterwards.
 */
#ifndef HU_HARDWARE_LISTER_H
#define HU_HARDWARE_LISTER_H

#include "src/hardware/cases.h"

enum { HU_LISTER_OPERANDS = 3 };

/* Codes of one operand that matter; the first n_core of them most. */
typedef struct hu_pool {
    hu_bits *code;
    int n, n_core, capacity;
} hu_pool;

typedef struct hu_lister {
    const hu_task *task;
    int n;                          /* operands of a tuple, 1 to 3                                       */
    hu_pool pool[HU_LISTER_OPERANDS];
    hu_random random;
    uint64_t *listed;               /* [n_listed][task->in_words], random bits zero                      */
    unsigned char *class_of;        /* [n_listed]                                                        */
    size_t n_listed, capacity;
    hu_cases_class current;
    bool failed;                    /* out of memory                                                     */
} hu_lister;

/* Lists a line of the class `current`: from the operands' codes [l->n], or from its words. Without memory `failed` is set, and stays. */
void hu_lister_add(hu_lister *l, const hu_bits *operand);
void hu_lister_add_words(hu_lister *l, const uint64_t *in);

/* --- random choices --- */
uint64_t hu_lister_bits(hu_lister *l);
int      hu_lister_below(hu_lister *l, int n);                        /* 0 .. n - 1 */
hu_bits  hu_lister_code(hu_lister *l, int operand);                   /* any code of the operand's      */
hu_bits  hu_lister_wide(hu_lister *l, int n_bits);                    /* n random bits                  */
hu_bits  hu_random_code(const hu_field *f, uint64_t seed, uint64_t stream, uint64_t *index);

/* --- arithmetic on codes, to nearest; false where the format has no such operation --- */
bool     hu_lister_apply(const hu_lister *l, const char *op, const hu_bits *x, hu_bits *out);
hu_bits  hu_code_step(const hu_field *f, hu_bits code, int by);       /* the code after next, around the end */
void     hu_lister_result(const hu_lister *l, const hu_bits *operand, hu_bits *out);   /* of the task, to nearest even */

/* The code nearest to sig * 2^exp (exp of the last bit) in f; whether it is that number. */
bool     hu_code_nearest(const hu_format *f, bool negative, const hu_bits *sig, int exp, hu_bits *out);

/* --- the groups --- */
bool hu_pool_fill(hu_pool *p, const hu_field *f, const hu_field *other);   /* false: out of memory */
void hu_list_boundary(hu_lister *l);
void hu_list_flips(hu_lister *l);
void hu_list_cancellation(hu_lister *l);
void hu_list_targets(hu_lister *l);      /* subnormal and overflow */
void hu_list_ties(hu_lister *l);
void hu_list_arrays(hu_lister *l);       /* dot products and blocks */

#endif
