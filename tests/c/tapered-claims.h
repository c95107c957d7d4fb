/* tapered-claims.h - what holds of posits and takums alike. Before it stand every_code, every_pair and VALUE, the truth of a code. */
static void codes(void **state)
{
    (void)state;
    uint64_t cases = 0;
    for (size_t i = 0; i < TEST_COUNT(every_code); i++)
        cases += check_codes(VALUE, &every_code[i]);
    test_note("%llu codes", (unsigned long long)cases);
}

static void positions(void **state)
{
    (void)state;
    uint64_t cases = 0;
    for (size_t i = 0; i < TEST_COUNT(every_code); i++)
        cases += check_positions(VALUE, &every_code[i]);
    test_note("%llu numbers", (unsigned long long)cases);
}

static void ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(every_code); i++)
        check_ends(&every_code[i]);
}

static void pairs(void **state)
{
    (void)state;
    uint64_t cases = 0;
    for (size_t i = 0; i < TEST_COUNT(every_pair); i++)
        cases += check_all_pairs(VALUE, &every_pair[i]);
    test_note("%llu operations in 8 modes", (unsigned long long)cases);
}

static void wide_pairs(void **state)
{
    (void)state;
    uint64_t cases = 0;
    for (size_t i = 0; i < TEST_COUNT(every_code); i++)
        cases += check_some_pairs(VALUE, &every_code[i], every_code[i].n < 16 ? 200 : 1000);
    test_note("%llu operations in 8 modes", (unsigned long long)cases);
}

#define TAPERED_CLAIMS \
    CLAIM("codes decode by the signed formula, survive every mode, negate as two's complement, are in order", codes), \
    CLAIM("positions are the bits that a longer format of the family has below the last one", positions), \
    CLAIM("beyond the ends never NaR, and zero only where a direction says so", ends), \
    CLAIM("add sub mul div of all pairs and all roots are those of exact arithmetic, 8 modes and flags", pairs), \
    CLAIM("add sub mul div sqrt fma of drawn codes of up to 64 bits are those of exact arithmetic", wide_pairs)
