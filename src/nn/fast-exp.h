/* fast-exp.h - the exponential function of a float, without branches, so that loops of it become vector code.
 *
 * Within 2 ulp on [-87, 88]; below and above it stays at the value of the end (1.6e-38, 1.7e38). NaN gives NaN.
 * The same bits on every machine: only additions, multiplications and integer operations.
 * Method: x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite, "Software Manual for the Elementary Functions",
 * 1980, chapter 6), and the Taylor polynomial of degree 7 of exp(r), whose error there is below 2^-26.
 */
#ifndef HU_NN_FAST_EXP_H
#define HU_NN_FAST_EXP_H

#include <stdint.h>
#include <string.h>

static inline float hu_fast_exp(float x)
{
    const float shift = 0x1.8p23f;                    /* adding it rounds to an integer in the low bits */
    x = x > 88.0f ? 88.0f : x;
    x = x < -87.0f ? -87.0f : x;
    float z = x * 0x1.715476p0f + shift;              /* 1 / ln 2 */
    float n = z - shift;
    float r = x - n * 0x1.62e4p-1f;                   /* the upper 16 bits of ln 2: the product is exact */
    r -= n * 0x1.7f7d1cp-20f;                         /* and the rest */

    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;

    uint32_t bits;
    memcpy(&bits, &z, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;         /* 2^n; 0x4b400000 is the pattern of `shift` */
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

#endif
