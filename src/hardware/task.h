/* task.h - what a set of test vectors is about: an operation, its formats, its surroundings, and the fields of a line.
 *
 * A task is put together from words: those of a command line, of a script, or of the header of a vector file. A line of
 * the set has fields: operands, random bits where the mode takes some, and results. The codes of a line are words
 * of 64 bits, each field taking as many as its width needs, the lowest first.
 * Needs src/kernel and below. Used by the other files of src/hardware.
 */
#ifndef HU_HARDWARE_TASK_H
#define HU_HARDWARE_TASK_H

#include "src/kernel/block.h"
#include "src/ops/bits.h"

/* The words that make a task, as options and headers name them. NULL: not said. */
#define HU_TASK_WORDS(X)                                                                                        \
    X(op)         /* an operation of src/ops, cvt, dot, or a function of TestFloat (f32_mulAdd)              */ \
    X(format)     /* a format; from>to for cvt, where one side may be an integer, or `to` a block format;    */ \
                  /* A or A*B for dot                                                                       */ \
    X(rounding)   /* rne ..., with an overflow policy after a plus (rne+sat) where `overflow` is not said     */ \
    X(overflow)   /* ieee, saturate, saturate-finite-only                                                   */ \
    X(tininess)   /* after, before                                                                          */ \
    X(nan)        /* canonical, propagate                                                                   */ \
    X(terms)      /* dot: how many products; cvt to a block format of a whole array: how many elements       */ \
    X(product)    /* dot: the format of a product, or exact                                                 */ \
    X(sum)        /* dot: the format of the sums                                                            */ \
    X(outer)      /* dot: the format of the sum over chunks                                                 */ \
    X(order)      /* dot: sequential, pairwise                                                              */ \
    X(chunk)      /* dot: terms in a chunk; 0: no chunks                                                    */

typedef struct hu_task_words {
#define X(name) const char *name;
    HU_TASK_WORDS(X)
#undef X
} hu_task_words;

enum { HU_TASK_TEXT = 512, HU_TASK_TERMS = 256, HU_TASK_ELEMENTS = 1024 };

typedef enum hu_task_kind { HU_TASK_OP, HU_TASK_CONVERT, HU_TASK_DOT, HU_TASK_BLOCK } hu_task_kind;

/* One column of a line. */
typedef struct hu_field {
    char name[24];
    const hu_format *format;      /* NULL: an integer, a truth value or random bits */
    bool is_signed;               /* of an integer                                  */
    int  width_bits;
    int  n_words, at;             /* its words, in the line's operands or results   */
} hu_field;

typedef struct hu_task hu_task;
typedef void hu_task_run(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out);

struct hu_task {
    hu_task_kind kind;
    const hu_op *op;              /* HU_TASK_OP                                                        */
    hu_env env;                   /* rounding, overflow, tininess, nan                                 */
    hu_accumulator dot;           /* HU_TASK_DOT                                                       */
    int n_terms;                  /* HU_TASK_DOT; HU_TASK_BLOCK: elements                              */
    const hu_block_format *block; /* HU_TASK_BLOCK: the array is one block                             */
    hu_field *field;              /* n_operands, then n_random, then n_results of them                 */
    int n_operands, n_random, n_results;
    int in_words, out_words;      /* of operands with random bits, and of results                      */
    hu_task_run *run;
    char text[16][HU_TASK_TEXT];  /* the words in their canonical form; "" where one does not apply    */
    hu_task_words words;          /* pointing at them; NULL where one does not apply                   */
};

/* Fills t. On failure t needs no clearing, and err says which word is wrong. t must stay where it is. */
hu_status hu_task_init(hu_task *t, const hu_task_words *words, hu_error *err);
void      hu_task_clear(hu_task *t);

/* The results of a line's operands (in_words of them) into out (out_words), and the flags raised. */
hu_flags hu_task_compute(const hu_task *t, const uint64_t *in, uint64_t *out);

/* Whether TestFloat has a function for the task ("f32_mulAdd"), and its name. */
bool hu_task_testfloat_name(const hu_task *t, char name[HU_TASK_TEXT]);

/* The number of different codes of a field, less one; all ones of its width but for some formats. */
hu_bits hu_field_last(const hu_field *f);

/* A field's code from and to words of the line. */
static inline hu_bits hu_field_get(const hu_field *f, const uint64_t *words)
{
    hu_bits a = {{0}};
    for (int i = 0; i < f->n_words; i++)
        a.word[i] = words[f->at + i];
    return a;
}

static inline void hu_field_put(const hu_field *f, uint64_t *words, const hu_bits *a)
{
    for (int i = 0; i < f->n_words; i++)
        words[f->at + i] = a->word[i];
}

#endif
