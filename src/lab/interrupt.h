/* interrupt.h - Ctrl-C and its kin (SIGINT, SIGTERM, SIGHUP) while a sweep runs.
 *
 * The first signal is remembered, so that the sweep can stop in order; a second one ends the process at once,
 * which the store survives, too.
 */
#ifndef HU_LAB_INTERRUPT_H
#define HU_LAB_INTERRUPT_H

/* Starts and stops remembering; calls nest. `notify` (NULL: none) is called from the signal handler. */
void hu_interrupt_catch(void (*notify)(void));
void hu_interrupt_release(void);

/* In a forked worker: the first signal is remembered from here on, so that a point can leave a checkpoint; a second one
 * ends the worker. */
void hu_interrupt_listen(void);

/* The signal that came since the outermost hu_interrupt_catch, 0 when none did; it stays after the release. */
int hu_interrupted(void);

#endif
