/* SPDX-License-Identifier: MIT */
#include "tensor/convert.h"
#include "core/random.h"
#include "harness.h"

static const int32_t types[] = { RNN_F32, RNN_F64, RNN_F16, RNN_BF16, RNN_I64,
                                 RNN_I32, RNN_I16, RNN_I8,  RNN_U8,   RNN_BOOL };
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static double through(int32_t to, double value)
{
    int64_t place = 0;
    rnni_convert(to, &place, 1, RNN_F64, &value, 1, 1);
    return rnni_convert_get(to, &place);
}

TEST(small_integers_survive_every_pair)
{
    for (int a = 0; a < TYPES; a++)
        for (int b = 0; b < TYPES; b++) {
            int64_t from[2] = { 0 }, to[2] = { 0 };
            double one = 1;
            rnni_convert(types[a], from, 1, RNN_F64, &one, 1, 1);
            CHECK_INT(rnni_convert_fits(types[b], types[a], from, 1, 1), 1);
            rnni_convert(types[b], to, 1, types[a], from, 1, 1);
            CHECK_NEAR(rnni_convert_get(types[b], to), 1, 0);
        }
}

TEST(runs_longer_than_a_chunk_and_strides)
{
    static int32_t from[2000];
    static float to[3000];
    for (int i = 0; i < 2000; i++) from[i] = i - 1000;
    rnni_convert(RNN_F32, to, 3, RNN_I32, from, 2, 1000);
    for (int i = 0; i < 1000; i++) CHECK(to[3 * i] == (float)(2 * i - 1000) && to[3 * i + 1] == 0);
    rnni_convert(RNN_F32, to + 999, -1, RNN_I32, from, 1, 1000);
    for (int i = 0; i < 1000; i++) CHECK(to[999 - i] == (float)(i - 1000));
}

TEST(data_need_not_be_aligned)
{
    char bytes[40] = { 0 };
    double value = 0.1, back;
    rnni_convert(RNN_F64, bytes + 3, 1, RNN_F64, &value, 1, 1);
    rnni_convert(RNN_F32, bytes + 21, 1, RNN_F64, bytes + 3, 1, 1);
    back = rnni_convert_get(RNN_F32, bytes + 21);
    CHECK_NEAR(back, (double)0.1f, 0);
}

/* Every half as a double and back; what lies between two goes to the nearer one, ties to the even one. */
TEST(halves_round_to_nearest_even)
{
    for (uint32_t bits = 0; bits < 0x7C00; bits++) {
        double here = (double)rnni_f16_to_float((uint16_t)bits);
        double next = bits + 1 == 0x7C00 ? 65536 : (double)rnni_f16_to_float((uint16_t)(bits + 1));
        double middle = (here + next) / 2, step = next - here;
        CHECK_INT(rnni_f16_from_double(here), bits);
        CHECK_INT(rnni_f16_from_double(-here), bits | 0x8000);
        CHECK_INT(rnni_f16_from_double(middle), bits + (bits & 1));
        CHECK_INT(rnni_f16_from_double(middle - step * 1e-9), bits);
        CHECK_INT(rnni_f16_from_double(middle + step * 1e-9), bits + 1);
    }
}

TEST(bfloats_round_to_nearest_even)
{
    for (uint32_t bits = 0; bits < 0x7F80; bits++) {
        double here = (double)rnni_bf16_to_float((uint16_t)bits);
        double next = bits + 1 == 0x7F80 ? 0x1p128 : (double)rnni_bf16_to_float((uint16_t)(bits + 1));
        double middle = (here + next) / 2, step = next - here;
        CHECK_INT(rnni_bf16_from_double(here), bits);
        CHECK_INT(rnni_bf16_from_double(middle), bits + (bits & 1));
        CHECK_INT(rnni_bf16_from_double(middle - step * 1e-9), bits);
        CHECK_INT(rnni_bf16_from_double(-middle - step * 1e-9), (bits + 1) | 0x8000);
    }
}

TEST(special_values_of_small_floats)
{
    CHECK(rnni_f16_to_float(0x7C00) == (float)INFINITY && rnni_f16_to_float(0xFC00) == -(float)INFINITY);
    CHECK(isnan(rnni_f16_to_float(0x7E00)) && isnan(rnni_bf16_to_float(0x7FC0)));
    CHECK(signbit(rnni_f16_to_float(0x8000)) && signbit(rnni_bf16_to_float(0x8000)));
    CHECK_INT(rnni_f16_from_double((double)INFINITY), 0x7C00);
    CHECK_INT(rnni_bf16_from_double(-(double)INFINITY), 0xFF80);
    CHECK(isnan(rnni_f16_to_float(rnni_f16_from_double((double)NAN))));
    CHECK(isnan(rnni_bf16_to_float(rnni_bf16_from_double((double)NAN))));
    CHECK_INT(rnni_f16_from_double(1e300), 0x7C00);
    CHECK_INT(rnni_f16_from_double(-1e-300), 0x8000);
    CHECK_INT(rnni_bf16_from_double(0x1p-1074), 0);
    CHECK_INT(rnni_f16_from_double(65519.999), 0x7BFF);
    CHECK_INT(rnni_f16_from_double(65520), 0x7C00);
}

TEST(large_integers_round_once)
{
    /* 2^62 + 2^54 is the middle between two bfloats; one more is beyond it, though a double cannot tell. */
    int64_t middle = (INT64_C(1) << 62) + (INT64_C(1) << 54), n[2] = { middle, middle + 1 };
    uint16_t out[2];
    rnni_convert(RNN_BF16, out, 1, RNN_I64, n, 1, 2);
    CHECK_INT(out[0], 0x5E80);
    CHECK_INT(out[1], 0x5E81);
    float f[2];
    int64_t tie = (INT64_C(1) << 62) + (INT64_C(1) << 38), m[2] = { tie, -tie - 1 };
    rnni_convert(RNN_F32, f, 1, RNN_I64, m, 1, 2);
    CHECK(f[0] == 0x1p62f && f[1] == -0x1.000002p62f);
}

TEST(floats_to_integers_round_to_nearest)
{
    CHECK_NEAR(through(RNN_I32, 2.5), 2, 0);
    CHECK_NEAR(through(RNN_I32, 3.5), 4, 0);
    CHECK_NEAR(through(RNN_I32, -2.6), -3, 0);
    CHECK_NEAR(through(RNN_U8, 254.6), 255, 0);
    CHECK_NEAR(through(RNN_I64, -0x1p63), -0x1p63, 0);
}

TEST(booleans_are_zero_or_one)
{
    CHECK_NEAR(through(RNN_BOOL, 0.25), 1, 0);
    CHECK_NEAR(through(RNN_BOOL, -0.0), 0, 0);
    CHECK_NEAR(through(RNN_BOOL, -7), 1, 0);
    uint8_t odd = 200;
    CHECK_NEAR(rnni_convert_get(RNN_BOOL, &odd), 1, 0);
}

static int fits(int32_t to, double value)
{
    return (int)rnni_convert_fits(to, RNN_F64, &value, 1, 1);
}

TEST(what_fits_is_known)
{
    CHECK(fits(RNN_U8, 255.4) && fits(RNN_U8, 255.49) && !fits(RNN_U8, 255.5) && fits(RNN_U8, -0.5) &&
          !fits(RNN_U8, -0.6));
    CHECK(fits(RNN_I64, -0x1p63) && !fits(RNN_I64, 0x1p63) && fits(RNN_I64, 0x1.fffffffffffffp62));
    CHECK(!fits(RNN_I32, 2147483647.5) && fits(RNN_I32, 2147483647.4) && fits(RNN_I32, -2147483648.5));
    CHECK(!fits(RNN_I16, (double)NAN) && !fits(RNN_I16, (double)INFINITY) && !fits(RNN_I16, 1e300));
    CHECK(fits(RNN_F16, 1e300) && fits(RNN_BOOL, 1e300) && fits(RNN_F32, (double)NAN));
    int64_t n[4] = { 0, 255, 256, -1 };
    CHECK_INT(rnni_convert_fits(RNN_U8, RNN_I64, n, 1, 4), 2);
    CHECK_INT(rnni_convert_fits(RNN_U8, RNN_I64, n + 3, -1, 4), 0);
    CHECK_INT(rnni_convert_fits(RNN_I16, RNN_I64, n, 1, 4), 4);
}

TEST(what_does_not_fit_is_clamped)
{
    CHECK_NEAR(through(RNN_U8, 1e300), 255, 0);
    CHECK_NEAR(through(RNN_I8, -(double)INFINITY), -128, 0);
    CHECK_NEAR(through(RNN_I32, (double)NAN), 0, 0);
    CHECK(through(RNN_I64, 1e19) == 0x1p63);
}

TEST_MAIN
