/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "loss/loss.h"

TEST(list_has_every_loss_once)
{
    CHECK(rnni_loss_at(0));
    CHECK(!rnni_loss_at(-1));
    int count = 0;
    for (; rnni_loss_at(count); count++) {
        const rnni_loss *loss = rnni_loss_at(count);
        CHECK(rnni_loss_find(loss->id) == loss);
        CHECK(loss->classes || loss->values);
        CHECK(loss->name && loss->rows);
        for (int i = 0; i < count; i++) CHECK(strcmp(rnni_loss_at(i)->name, loss->name) != 0);
    }
    CHECK_INT(count, 5);
}

TEST(unknown_loss_is_not_found)
{
    CHECK(!rnni_loss_find(0));
    CHECK(!rnni_loss_find(99));
}

TEST_MAIN
