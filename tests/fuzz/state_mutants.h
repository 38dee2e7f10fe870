/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#include "fuzz/state_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "\x7f\x80", "\xff\xff\xff\xff", "\x01", "rnn" };

TEST(mutants_of_a_state)
{
    static mutant seeds[2];
    static const float in[2] = { 1, -1 };
    float out[2];
    make_stream();
    for (int i = 0; i < 2; i++) {
        seeds[i].size = (size_t)rnn_state_size(stream);
        CHECK_OK(rnn_state_export(stream, seeds[i].data, MUTANT_ROOM));
        CHECK_OK(rnn_state_step(stream, in, out));
    }
    run_mutants_of(seeds, 2, MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
    rnn_state_free(stream);
}

TEST_MAIN
