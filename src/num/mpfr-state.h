/* mpfr-state.h - MPFR's exponent range, flags and caches: the calling program's, which finds them as it left them.
 * Internal to the library.
 */
#ifndef HU_NUM_MPFR_STATE_H
#define HU_NUM_MPFR_STATE_H

#include <mpfr.h>

/* Past the exponents of all formats and of their products. */
#define HU_MPFR_EXP ((mpfr_exp_t)1 << 32)

typedef struct hu_mpfr_state {
    mpfr_exp_t   emin, emax;
    mpfr_flags_t flags;
} hu_mpfr_state;

/* Puts the thread's range and flags aside: from here on exponents run from -most to most, and no flag is raised. What MPFR
 * keeps for the thread (digits of pi and of log 2) is freed when the thread ends. */
hu_mpfr_state hu_mpfr_open(mpfr_exp_t most);
void          hu_mpfr_close(const hu_mpfr_state *before);

/* Frees it now: for threads of OpenMP, which wait for more work when a parallel region ends. */
void hu_mpfr_end_of_thread(void);

#endif
