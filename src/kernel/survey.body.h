/* survey.body.h - what all elements of a matrix have in common, for numbers of one size. Meant to be included again: no guard.
 *
 * NUMBER float or double, WORD the unsigned integer of its size, SURVEY the function's name.
 */

/* From all bits of magnitudes or'ed, the largest magnitude, and the smallest that is not zero. */
HU_CLONES static factors SURVEY(const NUMBER *x, size_t rows, size_t columns, size_t apart)
{
    const WORD magnitude = (WORD)-1 >> 1;
    WORD bits = 0, top = 0, low = (WORD)-1;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            WORD a;
            memcpy(&a, x + i * apart + j, sizeof a);
            a &= magnitude;
            bits |= a;
            top = a > top ? a : top;
            low = a - 1 < low ? a - 1 : low;             /* zeros wrap around */
        }
    return summary(bits, (uint64_t)low + 1, top, sizeof(NUMBER) == sizeof(float));
}
#undef NUMBER
#undef WORD
#undef SURVEY
