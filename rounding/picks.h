/* picks.h - the modes' functions, for the table in rounding.c. One line a mode. */
#ifndef HU_ROUNDING_PICKS_H
#define HU_ROUNDING_PICKS_H

#include "rounding/rounding.h"

hu_pick hu_pick_nearest_even, hu_pick_nearest_away, hu_pick_nearest_zero;                     /* nearest.c    */
hu_pick hu_pick_up, hu_pick_down, hu_pick_toward_zero, hu_pick_away, hu_pick_to_odd;          /* directed.c   */
hu_pick hu_pick_stochastic, hu_pick_coin;                                                     /* stochastic.c */
hu_pick hu_pick_stochastic_a, hu_pick_stochastic_b, hu_pick_stochastic_c;

#endif
