/* vectors-layout.c - the lines of each layout, field by field, against lines written by hand. */
#include <string.h>

#include "src/hardware/layout.h"
#include "tests/lib/test.h"

/* One line: what it is about, the codes, and the text of each layout (NULL: the layout does not have it). */
typedef struct example {
    hu_task_words words;
    uint64_t in[8];
    const char *testfloat, *fpgen, *hex, *csv;
} example;

/* Worked out by hand. The first four are lines of TestFloat's manual for f64_add (testfloat_gen, Output Format). */
static const example examples[] = {
    {{.op = "f64_add"}, {0x3F90EB5825D6851E, 0xC3E0080080000000},
     "3F90EB5825D6851E C3E0080080000000 C3E0080080000000 01\n", "b64+ =0 +1.0EB5825D6851EP-6 -1.0080080000000P63 -> -1.0080080000000P63 x\n",
     "3f90eb5825d6851e_c3e0080080000000_c3e0080080000000_01\n", "0x3f90eb5825d6851e,0xc3e0080080000000,0xc3e0080080000000,0x01\n"},
    {{.op = "f64_add"}, {0x41E3C00000000000, 0xC182024F8AE474A8}, "41E3C00000000000 C182024F8AE474A8 41E377F6C1D46E2D 01\n", NULL, NULL, NULL},
    {{.op = "f64_add"}, {0x7FD80FFFFFFFFFFF, 0x7FEFFFFFFFFFFF80}, "7FD80FFFFFFFFFFF 7FEFFFFFFFFFFF80 7FF0000000000000 05\n", NULL, NULL, NULL},
    {{.op = "f64_add"}, {0x3FFFED6A25C534BE, 0x3CA1000000020000}, "3FFFED6A25C534BE 3CA1000000020000 3FFFED6A25C534BF 01\n", NULL, NULL, NULL},
    /* 1 * 2 + 3 = 5; 1.5 / 0; sqrt(-1); 2^-14 * 2^-14 underflows to 2^-28 < 2^-25, so to zero */
    {{.op = "f32_mulAdd"}, {0x3F800000, 0x40000000, 0x40400000}, "3F800000 40000000 40400000 40A00000 00\n",
     "b32*+ =0 +1.000000P0 +1.000000P1 +1.400000P1 -> +1.200000P2 \n", "3f800000_40000000_40400000_40a00000_00\n",
     "0x3f800000,0x40000000,0x40400000,0x40a00000,0x00\n"},
    {{.op = "f16_div"}, {0x3E00, 0x8000}, "3E00 8000 FC00 08\n", "b16/ =0 +1.200P0 -Zero -> -Inf z\n", "3e00_8000_fc00_08\n", NULL},
    {{.op = "f16_sqrt"}, {0xBC00}, "BC00 7E00 10\n", "b16V =0 -1.000P0 -> Q i\n", "bc00_7e00_10\n", "0xbc00,0x7e00,0x10\n"},
    {{.op = "f16_mul"}, {0x0400, 0x0400}, "0400 0400 0000 03\n", "b16* =0 +1.000P-14 +1.000P-14 -> +Zero xu\n", NULL, NULL},
    {{.op = "f16_mul"}, {0x0001, 0x3C00}, "0001 3C00 0001 00\n", "b16* =0 +0.001P-14 +1.000P0 -> +0.001P-14 \n", NULL, NULL},
    {{.op = "f16_add", .rounding = "ru"}, {0x7BFF, 0x7BFF}, "7BFF 7BFF 7C00 05\n", "b16+ > +1.3FFP15 +1.3FFP15 -> +Inf xo\n", NULL, NULL},
    {{.op = "f16_add"}, {0x7C01, 0x3C00}, "7C01 3C00 7E00 10\n", "b16+ =0 S +1.000P0 -> Q i\n", NULL, NULL},
    /* comparisons: one digit; conversions: the width of each side; integers in two's complement */
    {{.op = "f16_lt"}, {0x3C00, 0x4000}, "3C00 4000 1 00\n", NULL, "3c00_4000_1_00\n", "0x3c00,0x4000,0x1,0x00\n"},
    {{.op = "f16_to_f64"}, {0xC500}, "C500 C014000000000000 00\n", "b16b64cff =0 -1.100P2 -> -1.4000000000000P2 \n", NULL, NULL},
    {{.op = "f32_to_i32", .rounding = "rz"}, {0xC0200000}, "C0200000 FFFFFFFE 01\n", NULL, NULL, NULL},
    {{.op = "i64_to_f16"}, {UINT64_MAX}, "FFFFFFFFFFFFFFFF BC00 00\n", NULL, "ffffffffffffffff_bc00_00\n", NULL},
    {{.op = "f16_roundToInt"}, {0x3E00}, "3E00 4000 01\n", "b16rfi =0 +1.200P0 -> +1.000P1 x\n", NULL, NULL},
    /* 128 and 80 bits: the upper word first */
    {{.op = "f128_add"}, {0, 0x3FFF000000000000, 0, 0x3FFF000000000000},
     "3FFF0000000000000000000000000000 3FFF0000000000000000000000000000 40000000000000000000000000000000 00\n",
     "b128+ =0 +1.0000000000000000000000000000P0 +1.0000000000000000000000000000P0 -> +1.0000000000000000000000000000P1 \n", NULL, NULL},
    {{.op = "extF80_add"}, {0x8000000000000000, 0x3FFF, 0x8000000000000000, 0x3FFF},
     "3FFF8000000000000000 3FFF8000000000000000 40008000000000000000 00\n", NULL, NULL, NULL},
    /* widths that fill no digit: 1 - 7.5 = -6.5; the random bits before the result: 1 + 2^-3 in steps of 1/4 is a tie, up from a word of 1 in 2 on */
    {{.op = "add", .format = "e2m3fn"}, {0x08, 0x3F}, "08 3F 3D 00\n", NULL, "08_3f_3d_00\n", NULL},
    {{.op = "cvt", .format = "e4m3fn>e5m2", .rounding = "sr:4"}, {0x39, 0x7}, "39 7 3C 01\n", NULL, "39_7_3c_01\n", "0x39,0x7,0x3c,0x01\n"},
    {{.op = "cvt", .format = "e4m3fn>e5m2", .rounding = "sr:4"}, {0x39, 0x8}, "39 8 3D 01\n", NULL, "39_8_3d_01\n", NULL},
    /* 1 * 2 + 2 * 3 = 8 */
    {{.op = "dot", .format = "e4m3fn", .terms = "2", .sum = "e5m10"}, {0x38, 0x40, 0x40, 0x44}, "38 40 40 44 4800 00\n", NULL,
     "38_40_40_44_4800_00\n", NULL},
    /* 4 and 0.5: amax = 2^2, the scale 2^(2 - 2); elements 4 (0x6) and 0.5 (0x1) */
    {{.op = "cvt", .format = "e8m7>block(e2m1fn, size=2)"}, {0x4080, 0x3F00}, "4080 3F00 7F 6 1 00\n", NULL, "4080_3f00_7f_6_1_00\n", NULL},
};

static const char *text_of(const example *e, const hu_layout *layout)
{
    const char *const texts[] = {e->testfloat, e->fpgen, e->hex, e->csv};
    for (int i = 0; i < 4; i++)
        if (hu_layout_at(i) == layout)
            return texts[i];
    return NULL;
}

static void lines(void **state)
{
    (void)state;
    int n = 0;
    for (size_t i = 0; i < TEST_COUNT(examples); i++) {
        const example *e = &examples[i];
        hu_error err = {0};
        hu_task t;
        if (hu_task_init(&t, &e->words, &err) != HU_OK)
            fail_msg("%s: %s", e->words.op, err.text);
        for (int k = 0; hu_layout_at(k); k++) {
            const hu_layout *layout = hu_layout_at(k);
            const char *want = text_of(e, layout);
            uint64_t in[8], out[8] = {0}, in_back[8] = {0}, out_back[8] = {0};
            char text[1024];
            if (!want)
                continue;
            n++;
            memcpy(in, e->in, sizeof in);
            hu_vector line = {.in = in, .out = out, .holds = HU_LINE_FULL}, back = {.in = in_back, .out = out_back};
            line.flags = hu_task_compute(&t, in, out);
            assert_int_equal(hu_layout_check(layout, &t, NULL), HU_OK);
            *hu_layout_write(layout, &t, &line, text) = '\0';
            if (strcmp(text, want) != 0)
                fail_msg("%s %s: got '%s', want '%s'", layout->name, e->words.op, text, want);
            assert_true(strlen(text) <= hu_layout_line_size(layout, &t));
            back.holds = hu_layout_holds(layout, &t, text, strlen(text) - 1, false, NULL);
            assert_int_equal(back.holds, HU_LINE_FULL);
            if (hu_layout_read(layout, &t, text, strlen(text) - 1, &back, &err) != HU_OK)
                fail_msg("%s", err.text);
            assert_memory_equal(in_back, in, (size_t)t.in_words * sizeof *in);
            assert_memory_equal(out_back, out, (size_t)t.out_words * sizeof *out);
            assert_int_equal(back.flags, line.flags);
        }
        hu_task_clear(&t);
    }
    test_note("%d lines", n);
}

/* The names of TestFloat's functions go both ways. */
static void names(void **state)
{
    (void)state;
    static const char *const all[] = {
        "f16_add", "f32_sub", "f64_mul", "f128_mulAdd", "extF80_div", "f32_rem", "f64_sqrt", "f16_roundToInt", "f32_eq", "f64_le",
        "f16_lt", "f16_to_f32", "f64_to_extF80", "f32_to_ui32", "f64_to_i64", "ui32_to_f16", "ui64_to_f128", "i32_to_f64", "i64_to_f32",
    };
    static const char *const none[] = {"f32_add_", "f32", "f32_", "f32_to_", "f32_to_f17", "f17_add", "f32_mul_add", "_add"};
    char name[HU_TASK_TEXT];
    hu_task t;
    for (size_t i = 0; i < TEST_COUNT(all); i++) {
        assert_int_equal(hu_task_init(&t, &(hu_task_words){.op = all[i]}, NULL), HU_OK);
        assert_true(hu_task_testfloat_name(&t, name));
        assert_string_equal(name, all[i]);
        hu_task_clear(&t);
    }
    for (size_t i = 0; i < TEST_COUNT(none); i++)
        assert_int_not_equal(hu_task_init(&t, &(hu_task_words){.op = none[i]}, NULL), HU_OK);
}

/* A line of the layout with one field wrong is refused. */
static void refusals(void **state)
{
    (void)state;
    static const struct { int layout; const char *text; } wrong[] = {
        {0, ""}, {0, "3C00"}, {0, "3C00 3C00 4000 00 00"}, {0, "3C00 3C00 4000 0G"}, {0, "3C00 3C00 4000 20"}, {0, "3C00 3C000 4000 00"},
        {0, "-C00 3C00 4000 00"}, {2, "3c00_3c00_4000"}, {2, "3c00_3c00__00"}, {2, "3c00_3c00_4000_00_"}, {3, "0x3c00,0x3c00,,0x00"},
        {3, "0x,0x3c00,0x4000,0x00"}, {1, "b16+ =0 +1.000P0 +1.000P0 +1.000P1 x"}, {1, "b16+ =0 +1.000P0 +1.000P0 ->"},
        {1, "b16+ =0 +1.000P0 +1.000P0 -> +1.000P99 x"}, {1, "b16+ =0 +1.000P0 +1.FFFP0 -> +1.000P1 x"}, {1, "b16* =0 +1.000P0 +1.000P0 -> +1.000P1 x"},
        {1, "b16+ > +1.000P0 +1.000P0 -> +1.000P1 "}, {1, "b16+ =0 +0.000P3 +1.000P0 -> +1.000P1 "}, {1, "b16+ =0 +1.000P0 + -> +1.000P1 "},
        {1, "b16+ =0 +1.000P0 X -> +1.000P1 "}, {1, "b16+ =0 +1.000P0 +1.000P0 -> +1.000P1 q"}, {1, "b16+ =0 +1.000P0 +1.000P0 -> Inf"},
    };
    hu_task t;
    assert_int_equal(hu_task_init(&t, &(hu_task_words){.op = "add", .format = "fp16"}, NULL), HU_OK);
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        uint64_t in[2], out[1];
        hu_error err = {0};
        hu_vector line = {.in = in, .out = out, .holds = HU_LINE_FULL};
        if (hu_layout_read(hu_layout_at(wrong[i].layout), &t, wrong[i].text, strlen(wrong[i].text), &line, &err) == HU_OK)
            fail_msg("'%s' was read", wrong[i].text);
        assert_int_equal(err.status, HU_EPARSE);
    }
    hu_task_clear(&t);
}

static const struct CMUnitTest claims[] = {
    CLAIM("lines are those written by hand, and are read back", lines),
    CLAIM("the functions of TestFloat have their names", names),
    CLAIM("a line with a wrong field is refused", refusals),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
