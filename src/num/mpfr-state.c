/* mpfr-state.c - MPFR's exponent range, flags and caches, put aside and brought back. */
#include "src/num/mpfr-state.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- what MPFR keeps a thread ---- */

static pthread_key_t at_thread_end;
static bool has_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local bool is_known;

void hu_mpfr_end_of_thread(void)
{
    mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE);
}

static void free_of_thread(void *unused)
{
    (void)unused;
    hu_mpfr_end_of_thread();
}

static void make_key(void)
{
    has_key = pthread_key_create(&at_thread_end, free_of_thread) == 0;
}

/* What this thread makes MPFR keep is freed when the thread ends. */
static void watch_thread(void)
{
    if (is_known)
        return;
    pthread_once(&once, make_key);
    if (has_key)
        pthread_setspecific(at_thread_end, &is_known);
    is_known = true;
}

/* The thread that ends the process, or takes the library out of it, does not come by the key. */
__attribute__((destructor)) static void end_of_library(void)
{
    if (!has_key)
        return;
    pthread_key_delete(at_thread_end);
    mpfr_free_cache();
}

/* ---- the range and the flags ---- */

hu_mpfr_state hu_mpfr_open(mpfr_exp_t most)
{
    watch_thread();
    hu_mpfr_state before = {mpfr_get_emin(), mpfr_get_emax(), mpfr_flags_save()};
    mpfr_set_emin(-most);
    mpfr_set_emax(most);
    mpfr_clear_flags();
    return before;
}

void hu_mpfr_close(const hu_mpfr_state *before)
{
    mpfr_set_emin(before->emin);
    mpfr_set_emax(before->emax);
    mpfr_flags_restore(before->flags, MPFR_FLAGS_ALL);
}
