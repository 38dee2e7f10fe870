/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CHECKPOINT_H
#define RNNI_CHECKPOINT_H

/* A checkpoint is a model file (so it can be loaded as a model) with more in it:
 *
 *   metadata  rnn.train.state          JSON: "format" 1, "optimizer", "losses" {output: loss},
 *                                      "loss_settings" [[weight, label smoothing, ignore, delta,
 *                                      class weights ...] an output], "settings" and "constants"
 *                                      {name: value}, "counters" and "figures" as listed below,
 *                                      "sums" [[loss, weight] an output]
 *   tensor    rnn.train.history        F64 [epochs, 6]: rnni_history_names
 *   tensor    rnn.state.<k>.<weight>   block k of the optimizer's state, as the trained weight it
 *                                      belongs to
 *   tensor    rnn.train.norms          F64 [epochs + 1, layers with weights]: gradient norms, and the sums
 *                                      of the epoch at hand; only where they were asked for
 *   tensor    rnn.average.<weight>     averaged weights, where there are any
 *   tensor    rnn.train.states         [sequences, numbers]: states that the sequences of the next batch or
 *                                      window begin with, where they are carried
 *   tensor    rnn.best.<weight>        weights of the best epoch, where they are kept */
#define RNNI_CHECKPOINT_FORMAT 1
#define RNNI_CHECKPOINT_STATE "rnn.train.state"
#define RNNI_CHECKPOINT_HISTORY "rnn.train.history"
#define RNNI_CHECKPOINT_NORMS "rnn.train.norms"
#define RNNI_CHECKPOINT_STATES "rnn.train.states"
#define RNNI_CHECKPOINT_AVERAGE "rnn.average."
#define RNNI_CHECKPOINT_BEST "rnn.best."
#define RNNI_CHECKPOINT_BLOCK "rnn.state.%d." /* 0 to RNNI_OPTIM_STATES - 1 */
#define RNNI_CHECKPOINT_NAME 160              /* bytes of the longest tensor name */

/* Integers of the trainer, in their order in "counters". */
enum {
    RNNI_COUNTER_EPOCH,
    RNNI_COUNTER_BATCH,
    RNNI_COUNTER_SAMPLES,
    RNNI_COUNTER_RUN_FIRST,
    RNNI_COUNTER_UPDATES,
    RNNI_COUNTER_SEQUENCES,
    RNNI_COUNTER_RIGHT,
    RNNI_COUNTER_TOTAL,
    RNNI_COUNTER_WATCHED,
    RNNI_COUNTER_WAITED,
    RNNI_COUNTER_AVERAGED,
    RNNI_COUNTER_PLATEAU_ANY,
    RNNI_COUNTER_PLATEAU_WAITED,
    RNNI_COUNTER_PLATEAU_REST,
    RNNI_COUNTER_PLATEAU_DROPS,
    RNNI_COUNTER_NORMED,
    RNNI_COUNTER_STEP,
    RNNI_COUNTERS
};

/* Numbers of the trainer, in their order in "figures". */
enum {
    RNNI_FIGURE_ELAPSED,
    RNNI_FIGURE_VALUE,
    RNNI_FIGURE_LOSS,
    RNNI_FIGURE_REFERENCE,
    RNNI_FIGURE_RATE,
    RNNI_FIGURE_PLATEAU,
    RNNI_FIGURES
};

#endif
