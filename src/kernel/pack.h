/* pack.h - codes of any width up to 16 bits, one after another without gaps. Internal to src/kernel.
 *
 * Code i takes the bits i w to (i + 1) w - 1, w being the width; bit b is bit b % 8 (from the lowest) of byte b / 8. So of two
 * codes of 4 bits the first is the lower half of the byte, and a code of 16 bits has its lower byte first. Unused bits of the last byte are 0.
 */
#ifndef HU_KERNEL_PACK_H
#define HU_KERNEL_PACK_H

#include <stddef.h>
#include <stdint.h>

void hu_pack_u8 (uint8_t *out, const uint8_t  *codes, size_t n, int width);      /* width <= 8  */
void hu_pack_u16(uint8_t *out, const uint16_t *codes, size_t n, int width);      /* width <= 16 */
void hu_unpack_u8 (uint8_t  *codes, const uint8_t *in, size_t n, int width);
void hu_unpack_u16(uint16_t *codes, const uint8_t *in, size_t n, int width);

#endif
