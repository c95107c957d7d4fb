/* task-parts.h - how the kinds of tasks are put together from words. Internal to src/hardware. */
#ifndef HU_HARDWARE_TASK_PARTS_H
#define HU_HARDWARE_TASK_PARTS_H

#include "src/hardware/code-type.h"
#include "src/hardware/task.h"

/* Fill what the words of a dot product, and of a conversion to a block format, say. */
hu_status hu_task_set_dot  (hu_task *t, const hu_task_words *w, hu_error *err);
hu_status hu_task_set_block(hu_task *t, const hu_task_words *w, hu_error *err);

/* Add a field of that name, with that number behind it (-1: none); n fields of random bits, if the mode takes some. Operands come
 * first, then random bits, then results. */
void hu_task_add_operand(hu_task *t, const char *name, int number, hu_code_type type);
void hu_task_add_random (hu_task *t, int n);
void hu_task_add_result (hu_task *t, const char *name, int number, hu_code_type type);

/* The random bits of field i of them, in a line's operands, as a word with these in front. */
uint64_t hu_task_random_word(const hu_task *t, int i, const uint64_t *in);

/* The two names of "A>B", or the same one twice. HU_ENAME where one is too long. */
hu_status hu_task_split(const char *text, char mark, char left[HU_TASK_TEXT], char right[HU_TASK_TEXT], hu_error *err);

/* A whole number from least to most. */
hu_status hu_task_read_count(const char *what, const char *text, long least, long most, long *out, hu_error *err);

#endif
