/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TOUCHED_H
#define RNNI_TOUCHED_H

#include "layers/run.h"

/* The gradient of an embedding is an array like any other, but a batch makes only the rows of its words other
 * than 0: only these are cleared before the next batch, and only these need an update where the optimizer
 * leaves weights without a gradient alone. */
typedef struct rnni_touched {
    bool all;         /* any row may be other than 0 */
    int64_t count;
    int32_t *rows;    /* [vocabulary]: else these, in the order in which they were met */
    uint8_t *marks;   /* [vocabulary] 1: among them */
} rnni_touched;

/* One for each node of a built graph, with memory for those that have such a gradient; NULL: out of
 * memory. */
rnni_touched *rnni_touched_create(const rnni_graph *graph);
void rnni_touched_free(const rnni_graph *graph, rnni_touched *touched);
/* Bytes that it takes. */
size_t rnni_touched_bytes(const rnni_graph *graph);

/* Sets to 0 what a node's gradient has other than 0, but for rows that this batch is to set. */
void rnni_touched_clear(const rnni_node *node, rnni_touched *touched, const rnni_whole *whole);
/* A batch was gone through: its words are what the node's gradient has. */
void rnni_touched_note(const rnni_node *node, rnni_touched *touched, const rnni_whole *whole);

#endif
