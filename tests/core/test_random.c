/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "harness.h"

static void check_philox(uint32_t k0, uint32_t k1, const uint32_t counter[4], const uint32_t expected[4])
{
    uint32_t key[2] = { k0, k1 }, out[4];
    rnni_philox(key, counter, out);
    CHECK_BYTES(out, expected, sizeof(out));
}

/* The vectors published with Random123. */
TEST(philox_gives_the_published_numbers)
{
    const uint32_t ones[4] = { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, zeros[4] = { 0 };
    const uint32_t pi[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 };
    check_philox(0, 0, zeros, (const uint32_t[4]){ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 });
    check_philox(0xffffffff, 0xffffffff, ones,
                 (const uint32_t[4]){ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd });
    check_philox(0xa4093822, 0x299f31d0, pi,
                 (const uint32_t[4]){ 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 });
}

/* A change here would change every trained model. */
TEST(streams_are_pinned)
{
    rnni_random stream = rnni_random_stream(1, RNNI_RANDOM_DROPOUT, 2, 3, 4);
    CHECK_INT(stream.key[0], 0xaf0daf48);
    CHECK_INT(stream.key[1], 0xe930af93);
    CHECK_INT(stream.high[0], 0xef5e8891);
    CHECK_INT(stream.high[1], 0x9836d4cb);
    CHECK_INT(rnni_random_below(&stream, 7, 1000000), 49421);
    CHECK_NEAR(rnni_random_normal(&stream, 5), 0x1.7aca5cb74837ap-2, 0);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(rnni_random));
}

TEST(different_tuples_are_different_streams)
{
    enum { COUNT = 2 * 3 * 8 * 8 * 8 };
    static rnni_random streams[COUNT];
    int n = 0;
    for (uint64_t i = 0; i < COUNT; i++)
        streams[n++] =
            rnni_random_stream(i / 1536, (uint32_t)(i / 512 % 3) + 1, i / 64 % 8, i / 8 % 8, i % 8);
    qsort(streams, COUNT, sizeof(streams[0]), compare);
    for (int i = 1; i < COUNT; i++) CHECK(compare(&streams[i - 1], &streams[i]) != 0);
}

TEST(neighbouring_streams_do_not_correlate)
{
    enum { COUNT = 20000 };
    rnni_random a = rnni_random_stream(0, RNNI_RANDOM_DROPOUT, 0, 0, 0);
    rnni_random others[4] = { rnni_random_stream(1, RNNI_RANDOM_DROPOUT, 0, 0, 0),
                              rnni_random_stream(0, RNNI_RANDOM_SHUFFLE, 0, 0, 0),
                              rnni_random_stream(0, RNNI_RANDOM_DROPOUT, 1, 0, 0),
                              rnni_random_stream(0, RNNI_RANDOM_DROPOUT, 0, 0, 1) };
    for (int k = 0; k < 4; k++) {
        double sum = 0;
        for (uint64_t i = 0; i < COUNT; i++)
            sum += (rnni_random_uniform(&a, i) - 0.5) * (rnni_random_uniform(&others[k], i) - 0.5);
        CHECK_NEAR(sum / COUNT * 12, 0, 4 / sqrt(COUNT));
    }
}

TEST(fill_is_uniform_at_the_same_positions)
{
    rnni_random stream = rnni_random_stream(9, RNNI_RANDOM_DROPOUT, 0, 0, 0);
    float out[41];
    for (uint64_t first = 0; first < 9; first++)
        for (int64_t count = 0; count <= 40; count++) {
            out[count] = -1;
            rnni_random_fill(&stream, first, count, out);
            for (int64_t i = 0; i < count; i++)
                CHECK(out[i] == rnni_random_uniform(&stream, first + (uint64_t)i));
            CHECK(out[count] == -1);
        }
    rnni_random_fill(&stream, (UINT64_C(1) << 34) - 2, 4, out); /* the block number passes 2^32 */
    CHECK(out[3] == rnni_random_uniform(&stream, (UINT64_C(1) << 34) + 1));
}

TEST(uniform_has_the_right_moments)
{
    enum { COUNT = 100000 };
    static float out[COUNT];
    rnni_random stream = rnni_random_stream(4, RNNI_RANDOM_INIT, 0, 0, 0);
    double mean = 0, square = 0;
    rnni_random_fill(&stream, 0, COUNT, out);
    for (int i = 0; i < COUNT; i++) {
        CHECK(out[i] >= 0 && out[i] < 1);
        mean += (double)out[i] / COUNT;
        square += (double)out[i] * (double)out[i] / COUNT;
    }
    CHECK_NEAR(mean, 0.5, 0.004);
    CHECK_NEAR(square, 1.0 / 3, 0.004);
}

TEST(normal_has_the_right_moments)
{
    enum { COUNT = 100000 };
    rnni_random stream = rnni_random_stream(5, RNNI_RANDOM_INIT, 0, 0, 0);
    double moments[5] = { 0 };
    int beyond_two = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double x = rnni_random_normal(&stream, i), power = 1;
        for (int k = 1; k < 5; k++) moments[k] += (power *= x) / COUNT;
        beyond_two += fabs(x) > 2;
    }
    CHECK_NEAR(moments[1], 0, 0.013);
    CHECK_NEAR(moments[2], 1, 0.018);
    CHECK_NEAR(moments[3], 0, 0.05);
    CHECK_NEAR(moments[4], 3, 0.13);
    CHECK_NEAR(beyond_two / (double)COUNT, 0.0455, 0.003);
}

TEST(bounded_integers_stay_in_bounds_and_reach_all)
{
    rnni_random stream = rnni_random_stream(6, RNNI_RANDOM_SHUFFLE, 0, 0, 0);
    int seen[7] = { 0 };
    for (uint64_t i = 0; i < 7000; i++) {
        uint64_t n = rnni_random_below(&stream, i, 7);
        CHECK(n < 7);
        seen[n]++;
    }
    for (int i = 0; i < 7; i++) CHECK_NEAR(seen[i], 1000, 130);
    CHECK_INT(rnni_random_below(&stream, 3, 1), 0);
    CHECK(rnni_random_below(&stream, 3, UINT64_MAX) <= rnni_random_u64(&stream, 3));
    CHECK_INT(rnni_random_below(&stream, 3, UINT64_C(1) << 32), rnni_random_u64(&stream, 3) >> 32);
}

TEST(log_is_close_to_the_c_library)
{
    rnni_random stream = rnni_random_stream(7, RNNI_RANDOM_USER, 0, 0, 0);
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t bits = rnni_random_u64(&stream, i) >> 1;
        double x, expected;
        if (i % 2) bits = (bits & 0xFFFFFFFFFFFFF) | (UINT64_C(1022) << 52); /* between 1/2 and 1 */
        memcpy(&x, &bits, sizeof(x));
        if (!(x > 0) || isinf(x)) continue;
        expected = log(x);
        CHECK_NEAR(rnni_log(x), expected, 4.5e-16 * fabs(expected));
    }
    CHECK(rnni_log(1) == 0);
    CHECK_NEAR(rnni_log(1 - 0x1p-53), log(1 - 0x1p-53), 1e-31);
    CHECK(rnni_log(0) == -(double)INFINITY && isnan(rnni_log(-1)) && isnan(rnni_log((double)NAN)));
    CHECK(rnni_log((double)INFINITY) == (double)INFINITY);
    CHECK_NEAR(rnni_log(0x1p-1074), log(0x1p-1074), 2e-13);
}

TEST(cos_is_close_to_the_c_library)
{
    for (int i = -62832; i <= 62832; i++) {
        double x = i * 1e-4;
        CHECK_NEAR(rnni_cos(x), cos(x), 2.3e-16);
    }
    CHECK(rnni_cos(0) == 1);
    CHECK_NEAR(rnni_cos(1.5707963267948966), 6.123233995736766e-17, 1e-26);
    CHECK(isnan(rnni_cos(100)) && isnan(rnni_cos((double)NAN)));
}

TEST_MAIN
