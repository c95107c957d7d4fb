/* logarithms.c - the truth of logarithmic numbers: real numbers known by their logarithms, compared with those of the codes by MPFR. */
#include "tests/lib/logarithms.h"

#include <string.h>

#include "src/ops/bits.h"
#include "src/ops/round.h"

enum { SAME = -300, FAR = 250 };

const log_family log_families[LOG_FAMILIES] = {
    {"lns4.3", 8, 3}, {"takum_log8", 8, -1}, {"lns2.0", 3, 0}, {"lns1.2", 4, 2}, {"lns5.0", 6, 0}, {"lns2.3", 6, 3},
    {"takum_log6", 6, -1}, {"takum_log3", 3, -1}, {"takum_log2", 2, -1},
    {"lns8.3", 12, 3}, {"lns8.7", 16, 7}, {"takum_log12", 12, -1}, {"takum_log16", 16, -1},
    {"lns8.23", 32, 23}, {"lns16.8", 25, 8}, {"lns16.47", 64, 47}, {"lns1.30", 32, 30}, {"takum_log32", 32, -1}, {"takum_log64", 64, -1},
};

static bool is_takum(const log_family *t) { return t->fraction < 0; }

const hu_format *log_format(const log_family *t)
{
    static const log_family *last;
    static const hu_format *f;
    hu_error err;
    if (t != last && !(f = hu_format_find(t->name, &err)))
        fail_msg("%s", err.text);
    last = t;
    return f;
}

/* --- codes: magnitudes are numbered in the order of their values; zero comes before the first --- */

/* (-1)^S (c + m) by the takum's own formula, which needs no two's complement (arXiv 2404.18603); n up to 65 bits */
static wide takum_log(hu_u128 code, int n)
{
    int bit[128] = {0}, at = 5;
    for (int i = 0; i < n; i++)
        bit[i] = (int)(code >> (n - 1 - i) & 1);
    int field = 4 * bit[2] + 2 * bit[3] + bit[4], r = bit[1] ? field : 7 - field, c = 0;
    for (int i = 0; i < r; i++)
        c = 2 * c + bit[at++];
    c += bit[1] ? (1 << r) - 1 : 1 - (1 << (r + 1));
    wide l = (wide)c * ((wide)1 << LOG_UNIT);
    for (int i = 0; i < LOG_UNIT; i++)
        l += (wide)bit[at + i] << (LOG_UNIT - 1 - i);
    return bit[0] ? -l : l;
}

wide log_first(const log_family *t) { return is_takum(t) ? 1 : 1 - ((wide)1 << (t->width - 2)); }
wide log_last(const log_family *t)  { return is_takum(t) ? ((wide)1 << (t->width - 1)) - 1 : ((wide)1 << (t->width - 2)) - 1; }

wide log_of(const log_family *t, wide k)
{
    return is_takum(t) ? takum_log((hu_u128)k, t->width) : k * ((wide)1 << (LOG_UNIT - t->fraction));
}

wide log_middle(const log_family *t, wide k)
{
    return is_takum(t) ? takum_log((hu_u128)k * 2 + 1, t->width + 1) : (log_of(t, k) + log_of(t, k + 1)) / 2;
}

hu_code log_code(const log_family *t, wide k, bool negative)
{
    hu_code all = ((hu_code)1 << t->width) - 1;
    if (is_takum(t))
        return (hu_code)(negative ? -k : k) & all;
    return ((hu_code)k & (all >> 1)) | (negative ? (hu_code)1 << (t->width - 1) : 0);
}

hu_code log_zero(const log_family *t) { return is_takum(t) ? 0 : (hu_code)1 << (t->width - 2); }
hu_code log_nan(const log_family *t)  { return is_takum(t) ? (hu_code)1 << (t->width - 1) : (hu_code)3 << (t->width - 2); }

/* The sign and the number of a code's magnitude; false for zero and NaN. */
bool log_read(const log_family *t, hu_code code, bool *negative, wide *k)
{
    if (code == log_zero(t) || code == log_nan(t))
        return false;
    *negative = code >> (t->width - 1) & 1;
    if (is_takum(t)) {
        *k = *negative ? ((wide)1 << t->width) - (wide)code : (wide)code;
        return true;
    }
    hu_code digits = code & (((hu_code)1 << (t->width - 1)) - 1);
    *k = (wide)digits - (digits >> (t->width - 2) ? (wide)1 << (t->width - 1) : 0);
    return true;
}

/* --- real numbers --- */

void log_set(mpfr_ptr out, wide l)
{
    bool negative = l < 0;
    hu_u128 magnitude = negative ? -(hu_u128)l : (hu_u128)l;
    mpfr_set_ui(out, (unsigned long)(magnitude >> 64), MPFR_RNDN);
    mpfr_mul_2ui(out, out, 64, MPFR_RNDN);
    mpfr_add_ui(out, out, (unsigned long)magnitude, MPFR_RNDN);
    mpfr_div_2ui(out, out, LOG_UNIT, MPFR_RNDN);
    mpfr_setsign(out, out, negative, MPFR_RNDN);
}

void log_power(const log_family *t, mpfr_ptr out, wide l)
{
    log_set(out, l);
    if (is_takum(t)) {
        mpfr_div_2ui(out, out, 1, MPFR_RNDN);
        mpfr_exp(out, out, MPFR_RNDN);
    } else {
        mpfr_exp2(out, out, MPFR_RNDN);
    }
}

void log_take(const log_family *t, mpfr_ptr out, mpfr_srcptr x)
{
    if (is_takum(t)) {
        mpfr_log(out, x, MPFR_RNDN);
        mpfr_mul_2ui(out, out, 1, MPFR_RNDN);
    } else {
        mpfr_log2(out, x, MPFR_RNDN);
    }
}

void log_real_init(log_real *x)  { mpfr_init2(x->y, LOG_PRECISION); x->nudge = 0; x->negative = x->zero = false; }
void log_real_clear(log_real *x) { mpfr_clear(x->y); }

static int compare(const log_real *x, wide l)
{
    mpfr_t difference;
    mpfr_init2(difference, LOG_PRECISION);
    log_set(difference, l);
    mpfr_sub(difference, x->y, difference, MPFR_RNDN);
    bool same = mpfr_zero_p(difference) || mpfr_get_exp(difference) < SAME;
    int order = same ? x->nudge : mpfr_sgn(difference);
    mpfr_clear(difference);
    return order;
}

log_place log_find(const log_family *t, const log_real *x)
{
    wide low = log_first(t), high = log_last(t);
    log_place p = {.k = low, .below = compare(x, log_of(t, low)) < 0};
    if (p.below)
        return p;
    while (low < high) {
        wide m = low + (high - low + 1) / 2;
        if (compare(x, log_of(t, m)) < 0)
            high = m - 1;
        else
            low = m;
    }
    p.k = low;
    p.exact = compare(x, log_of(t, low)) == 0;
    p.above = low == log_last(t) && !p.exact;
    if (!is_takum(t) || !p.above)
        p.middle = compare(x, log_middle(t, low));
    p.passed = p.above && (is_takum(t) || compare(x, log_of(t, low + 1)) >= 0);
    return p;
}

const char *const log_modes[LOG_MODES] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};

const hu_rounding *log_rounding(size_t m)
{
    static const hu_rounding *found[LOG_MODES];
    if (!found[m])
        found[m] = hu_rounding_find(log_modes[m], NULL);
    return found[m];
}

static bool goes_up(const char *mode, const log_place *p, bool negative)
{
    bool odd = p->k & 1;
    if (strcmp(mode, "rz") == 0)  return false;
    if (strcmp(mode, "raz") == 0) return true;
    if (strcmp(mode, "ru") == 0)  return !negative;
    if (strcmp(mode, "rd") == 0)  return negative;
    if (p->below)                 return true;
    if (strcmp(mode, "ro") == 0)  return !odd;
    return p->middle > 0 || (p->middle == 0 && (mode[2] == 'a' || (mode[2] == 'e' && odd)));
}

hu_code log_wanted(const log_family *t, const char *mode, const log_real *x, const log_place *p, hu_flags *flags)
{
    bool up = goes_up(mode, p, x->negative);
    *flags = p->exact ? 0 : HU_INEXACT;
    if (p->exact)
        return log_code(t, p->k, x->negative);
    if (p->below) {
        *flags |= HU_UNDERFLOW;
        return up ? log_code(t, p->k, x->negative) : log_zero(t);
    }
    if (p->above) {
        *flags |= p->passed || up ? HU_OVERFLOW : 0;
        return log_code(t, p->k, x->negative);
    }
    return log_code(t, p->k + up, x->negative);
}

void log_expect(const log_family *t, const char *what, const char *mode, const hu_code *a, hu_code got, hu_flags got_flags, hu_code want, hu_flags want_flags)
{
    if (got != want || got_flags != want_flags)
        fail_msg("%s: %s %s of 0x%llx 0x%llx 0x%llx gives 0x%llx flags %u, want 0x%llx flags %u", t->name, what, mode,
                 (unsigned long long)a[0], (unsigned long long)a[1], (unsigned long long)a[2], (unsigned long long)got, got_flags,
                 (unsigned long long)want, want_flags);
}

/* The bracket of a result in the eight modes, and the operation itself in one of them, or in all. */
void log_check(const log_family *t, const char *name, hu_term term, const hu_code a[3], const log_real *x, int mode)
{
    const hu_format *f = log_format(t);
    const hu_op *op = hu_op_find(name);
    hu_bracket b;
    bool some = f->family->result(f, term, a, &b);
    assert_true(some == !x->zero);
    log_place p = {0};
    if (some)
        p = log_find(t, x);
    for (int m = 0; m < (int)LOG_MODES; m++) {
        hu_flags flags = 0;
        hu_code want = some ? log_wanted(t, log_modes[m], x, &p, &flags) : log_zero(t);
        hu_env env = hu_env_default();
        env.rounding = log_rounding(m);
        if (some) {
            hu_code got = hu_round_up(&env, &b, 0) ? b.hi : b.lo;
            log_expect(t, name, log_modes[m], a, got, env.flags, want, flags);
        }
        if (mode >= 0 && m != mode)
            continue;
        env.flags = 0;
        hu_code got = op->arity == 1 ? op->unary(f, &env, a[0]) : op->arity == 2 ? op->binary(f, &env, a[0], a[1])
                    : op->ternary(f, &env, a[0], a[1], a[2]);
        log_expect(t, name, log_modes[m], a, got, env.flags, want, flags);
    }
}

/* --- truths of the operations, on logarithms and signs --- */

/* s B^p + B^q with p >= q; the sign is that of the first */
void log_sum(const log_family *t, log_real *x, wide p, wide q, bool is_difference)
{
    mpfr_t u, v;
    mpfr_inits2(LOG_PRECISION, u, v, NULL);
    x->zero = is_difference && p == q;
    x->nudge = p - q > ((wide)(is_takum(t) ? FAR + FAR / 2 : FAR) << LOG_UNIT) ? is_difference ? -1 : 1 : 0;
    if (x->nudge) {
        log_set(x->y, p);
    } else if (!x->zero) {
        log_power(t, u, p);
        log_power(t, v, q);
        if (is_difference)
            mpfr_sub(u, u, v, MPFR_RNDN);
        else
            mpfr_add(u, u, v, MPFR_RNDN);
        log_take(t, x->y, u);
    }
    mpfr_clears(u, v, NULL);
}

void log_signed_sum(const log_family *t, log_real *x, bool a_negative, wide a, bool b_negative, wide b)
{
    log_sum(t, x, a > b ? a : b, a > b ? b : a, a_negative != b_negative);
    x->negative = a >= b ? a_negative : b_negative;
}

hu_code log_draw(const log_family *t, test_random *random)
{
    uint64_t n = test_random_below(random, 8);
    wide first = log_first(t), last = log_last(t), near = (wide)test_random_below(random, 5);
    bool negative = test_random_bits(random) & 1;
    if (n == 0)
        return log_code(t, last - (near > last - first ? 0 : near), negative);
    if (n == 1)
        return log_code(t, first + (near > last - first ? 0 : near), negative);
    return (hu_code)test_random_bits(random) & (((hu_code)1 << t->width) - 1);
}
