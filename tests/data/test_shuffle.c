/* SPDX-License-Identifier: MIT */
#include "data/batch.h"
#include "harness.h"

enum { COUNT = 1000 };

TEST(is_a_permutation)
{
    for (int64_t count = 0; count < 40; count++) {
        int64_t order[40], seen[40] = { 0 };
        rnni_shuffle(order, count, 5, (uint64_t)count);
        for (int64_t i = 0; i < count; i++) {
            CHECK(order[i] >= 0 && order[i] < count);
            seen[order[i]]++;
        }
        for (int64_t i = 0; i < count; i++) CHECK_INT(seen[i], 1);
    }
}

static int same(uint64_t seed_a, uint64_t epoch_a, uint64_t seed_b, uint64_t epoch_b)
{
    int64_t a[COUNT], b[COUNT];
    rnni_shuffle(a, COUNT, seed_a, epoch_a);
    rnni_shuffle(b, COUNT, seed_b, epoch_b);
    return memcmp(a, b, sizeof(a)) == 0;
}

TEST(is_a_function_of_seed_and_epoch)
{
    CHECK(same(1, 2, 1, 2));
    CHECK(!same(1, 2, 1, 3));
    CHECK(!same(1, 2, 2, 2));
    CHECK(!same(0, 1, 1, 0));
}

/* Each of the 24 orders of 4 things about 1000 times in 24000: a deviation of 5 sigma is 155. */
TEST(orders_are_equally_frequent)
{
    int counts[256] = { 0 }, orders = 0;
    for (uint64_t epoch = 0; epoch < 24000; epoch++) {
        int64_t o[4];
        rnni_shuffle(o, 4, 9, epoch);
        counts[o[0] | o[1] << 2 | o[2] << 4 | o[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        if (!counts[i]) continue;
        orders++;
        CHECK_NEAR(counts[i], 1000, 155);
    }
    CHECK_INT(orders, 24);
}

TEST_MAIN
