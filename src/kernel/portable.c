/* portable.c - the inner loops with the instructions that every processor of the kind has. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#define HU_LANES hu_lanes_portable
#define HU_ISA "portable"
#include "src/kernel/lanes.body.h"
