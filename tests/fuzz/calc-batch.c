/* calc-batch.c - fuzz target: whatever lines the test port gets, it answers each with one line of the right form.
 *
 * The same bytes fed in pieces give the same answers, and the number of errors is the number of lines that say so.
 * Built by `make fuzz`; run as tests/fuzz/calc-batch -max_total_time=600 -dict=tests/fuzz/calc-batch.dict
 */
#include <stdlib.h>
#include <string.h>

#include "src/cli/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct answers {
    char *text;
    size_t n;
    size_t errors;
} answers;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool append(void *to, const char *text, size_t n)
{
    answers *a = to;
    a->text = realloc(a->text, a->n + n + 1);
    must(a->text != NULL);
    memcpy(a->text + a->n, text, n);
    a->n += n;
    a->text[a->n] = '\0';
    return true;
}

/* piece: how many bytes at a time; 0: all at once. */
static answers ask(const char *text, size_t n, size_t piece)
{
    answers a = {NULL, 0, 0};
    hu_env env = hu_env_default();
    hu_batch *b = hu_batch_new(&env, append, &a);
    must(b != NULL);
    for (size_t i = 0, step; i < n; i += step) {
        step = piece > 0 && piece < n - i ? piece : n - i;
        must(hu_batch_feed(b, text + i, step));
    }
    must(hu_batch_end(b));
    a.errors = hu_batch_errors(b);
    hu_batch_free(b);
    return a;
}

static size_t count_lines(const char *text, size_t n)
{
    size_t lines = n > 0 && text[n - 1] != '\n';
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static bool is_flags(const char *text, size_t n)
{
    char want[HU_FLAGS_SIZE];
    for (hu_flags f = 0; f < 32; f++)
        if (strlen(hu_flags_to_text(f, want)) == n && memcmp(text, want, n) == 0)
            return true;
    return false;
}

/* A code and flags, or a line that was repeated: blank or a comment. */
static bool is_answer(const char *text, size_t n)
{
    size_t blanks = 0;
    while (blanks < n && strchr(" \t\r", text[blanks]) && text[blanks])
        blanks++;
    if (blanks == n || text[blanks] == '#')
        return true;
    size_t digits = n > 2 ? strspn(text + 2, "0123456789abcdef") : 0;
    return memcmp(text, "0x", 2) == 0 && digits >= 1 && digits <= 32 && text[2 + digits] == ' ' &&
           is_flags(text + 3 + digits, n - 3 - digits);
}

static void check_lines(const answers *a)
{
    size_t errors = 0;
    for (const char *line = a->text, *end; line && line < a->text + a->n; line = end + 1) {
        end = memchr(line, '\n', (size_t)(a->text + a->n - line));
        must(end != NULL);
        bool is_error = end - line > 7 && memcmp(line, "error: ", 7) == 0;
        errors += is_error;
        must(is_error || is_answer(line, (size_t)(end - line)));
    }
    must(errors == a->errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    answers whole = ask(text, size, 0);
    answers pieces = ask(text, size, 1 + (size > 0 ? data[0] % 31 : 0));
    must(whole.n == pieces.n && (whole.n == 0 || memcmp(whole.text, pieces.text, whole.n) == 0));
    must(count_lines(whole.text, whole.n) == count_lines(text, size));
    check_lines(&whole);
    free(whole.text);
    free(pieces.text);
    return 0;
}
