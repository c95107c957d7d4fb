/* cmd-batch.c - halfulp calc --batch: standard input through the test port to standard output.
 *
 * What was answered is written whenever the input has nothing more to give, so that a program that
 * sends a line and waits for its answer gets it.
 */
#include "src/cli/cmd-batch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "src/cli/batch.h"
#include "src/cli/cli.h"

#define IN_SIZE (1 << 16)

static bool write_all(void *to, const char *text, size_t n)
{
    int *failure = to;
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, text, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            *failure = errno;
            return false;
        }
        text += done;
        n -= (size_t)done;
    }
    return true;
}

static int report_output(int failure)
{
    if (failure != EPIPE)
        hu_cli_fail(HU_CLI_FAILED, "calc: the answers could not be written to standard output: %s", strerror(failure));
    return HU_CLI_FAILED;
}

/* Feeds everything from standard input; 0, or the errno of a read that failed. */
static int feed_all(hu_batch *b)
{
    static char in[IN_SIZE];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, in, sizeof in);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        if (!hu_batch_feed(b, in, (size_t)n) || !hu_batch_flush(b))
            return 0;
    }
}

int hu_cmd_calc_batch(const hu_env *defaults)
{
    int output_failure = 0;
    hu_batch *b = hu_batch_new(defaults, write_all, &output_failure);
    if (!b)
        return hu_cli_fail(HU_CLI_FAILED, "calc: out of memory");
    int input_failure = feed_all(b);
    hu_batch_end(b);
    bool bad = hu_batch_errors(b) > 0;
    hu_batch_free(b);
    if (output_failure)
        return report_output(output_failure);
    if (input_failure)
        return hu_cli_fail(HU_CLI_FAILED, "calc: standard input could not be read: %s", strerror(input_failure));
    return bad ? HU_CLI_FAILED : HU_CLI_OK;
}
