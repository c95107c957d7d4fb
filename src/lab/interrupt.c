/* interrupt.c - Ctrl-C and its kin while a sweep runs. */
#include "src/lab/interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_SIGNALS = sizeof signals / sizeof signals[0] };

static volatile sig_atomic_t caught;
static void (*volatile notify_with)(void);
static struct sigaction before[N_SIGNALS];
static int depth;

static void handle(int number)
{
    caught = number;
    if (notify_with)
        notify_with();
}

void hu_interrupt_catch(void (*notify)(void))
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND};
    notify_with = notify;
    if (depth++ > 0)
        return;
    caught = 0;
    for (int i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)       /* nohup: a signal that was ignored stays so */
            sigaction(signals[i], &action, NULL);
    }
}

void hu_interrupt_release(void)
{
    if (--depth > 0)
        return;
    notify_with = NULL;
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

void hu_interrupt_listen(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    notify_with = NULL;
    caught = 0;
    for (int i = 0; i < N_SIGNALS; i++)
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

int hu_interrupted(void)
{
    return caught;
}
