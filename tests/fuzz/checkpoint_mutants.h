/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#define MUTANT_ROOM 32768
#include "fuzz/checkpoint_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "0", "-1", "1", "9223372036854775807", "1e99", "nan",
    "\"", "{", "}", ",", ":", "[", "]",
                                      "\x7f\x80", "\xff\xff\xff\xff" };

TEST(mutants_of_a_checkpoint)
{
    static char bytes[CHECKPOINT_ROOM];
    static mutant seeds[2];
    make_trainer();
    for (int i = 0; i < 2; i++) {
        seeds[i].size = save_trainer(bytes);
        CHECK(seeds[i].size < MUTANT_ROOM);
        memcpy(seeds[i].data, bytes, seeds[i].size);
        CHECK_OK(rnn_trainer_fit(trainer, samples));
    }
    run_mutants_of(seeds, 2, MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
    CHECK(refused > MUTANTS / 4);
    rnn_trainer_free(trainer);
    rnn_dataset_free(samples);
}

TEST_MAIN
