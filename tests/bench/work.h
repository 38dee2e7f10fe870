/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

enum { BENCH_LAYERS = 8, BENCH_NAME = 40 };

/* One workload. Sizes that the specification does not give are 0; steps and batch are 1 then. */
typedef struct bench_work {
    char kind[BENCH_NAME], cell[BENCH_NAME], head[BENCH_NAME], loss[BENCH_NAME], optimizer[BENCH_NAME];
    char lengths[BENCH_NAME];   /* "uniform": each sequence 1 to `steps` steps, all equally likely; else all
                                   have `steps` */
    char precision[BENCH_NAME]; /* of the weights: "f32" (also when not given), "bf16", "int8",
                                   "int8_weights" */
    int64_t vocab, embed, input, hidden[BENCH_LAYERS], layers, steps, batch, classes, bidirectional;
    int64_t recompute;          /* RNN_TRAIN_RECOMPUTE */
} bench_work;

/* Reads one specification, a JSON object of numbers, strings, booleans and arrays of numbers; NULL when the
 * text is not one. */
const char *bench_read_work(const char *text, bench_work *work);
/* The next workload of a file's text, or NULL after the last. Names that begin with `_` are remarks. */
const char *bench_next_work(const char *text, char name[BENCH_NAME], bench_work *work);
/* A whole file as a text, to be freed; NULL, with a line on stderr, when it cannot be read. */
char *bench_read_file(const char *path);

/* Multiplications and additions of one item's products in forward, twice that again for the way back: input
 * and recurrent products of every useful step, and the dense layer. Gates, losses and optimizers are not
 * counted, and a projected embedding table counts as the products that it replaces. */
double bench_flops(const bench_work *work, int64_t useful_steps);
/* Bytes of the weights that a stream reads in one step. */
double bench_weight_bytes(const bench_work *work);

#endif
