/* testfloat.h - the names of TestFloat's functions. Internal to src/hardware.
 *
 * Source: J. Hauser, Berkeley TestFloat, Release 3e: TestFloat-general and testfloat_gen.
 */
#ifndef HU_HARDWARE_TESTFLOAT_H
#define HU_HARDWARE_TESTFLOAT_H

#include "src/hardware/task.h"

/* f32_mulAdd -> fma, e8m23; f64_to_ui32 -> cvt, e11m52>uint32. False: no function of that name has a counterpart. */
bool hu_testfloat_read(const char *name, const char **op, char format[HU_TASK_TEXT]);

#endif
