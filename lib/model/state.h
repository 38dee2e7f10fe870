/* SPDX-License-Identifier: MIT */
#ifndef RNNI_STATE_H
#define RNNI_STATE_H

#include "layers/run.h"
#include "model/model.h"
#include <rnn/state.h>

struct rnn_state {
    rnn_context_t *context; /* the model's */
    rnn_model_t *model;     /* held */
    const rnni_node *input; /* the sequence input */
    rnni_run run;
    rnni_real *carried; /* all nodes' carried state, one behind another */
    int64_t carried_count;
    rnni_real *vectors; /* all vector inputs, one behind another */
    int64_t vector_count;
    int64_t index; /* 0: the number that run.index points to */
    int64_t output_size;
    const rnni_node **order; /* [order_count] what a step goes through: all nodes but inputs */
    int32_t order_count;
    uint32_t generation; /* of the model's precision, which the state is laid out for */
    bool copies_in; /* the input is an output: values are taken before outputs are written */
    bool marked;    /* rnn_states_step: seen in this call */
};

/* Numbers of state that a node carries from step to step, or -1 when it cannot be stepped. */
static inline int64_t rnni_state_size_of(const rnni_node *node)
{
    return node->op->state_size ? node->op->state_size(node) : 0;
}

/* One sequence with one step, or with none when the step is masked. */
static inline void rnni_state_set_steps(rnni_axis *axis, int64_t steps)
{
    axis->count = 1;
    axis->rows = axis->steps = steps;
    axis->order[0] = axis->position[0] = axis->offset[0] = 0;
    axis->lengths[0] = axis->offset[1] = steps;
    axis->offset[steps] = steps;
    axis->active[0] = 1;
}

/* n numbers that the caller gives, as an input's y: where they lie, since layers only read them; or a
 * copy. */
static inline void rnni_state_take_in(rnni_slot *slot, bool copy, int64_t n, const float *in)
{
#ifdef RNNI_REAL_IS_DOUBLE
    (void)copy;
    for (int64_t i = 0; i < n; i++) slot->y[i] = in[i];
#else
    if (copy) memcpy(slot->y, in, (size_t)n * sizeof *in);
    else slot->y = (float *)in;
#endif
}

/* That a model can be stepped: it is built, and no layer looks ahead. RNN_ERROR_ARGUMENT, _STATE,
 * _UNSUPPORTED. */
rnn_status_t rnni_state_check_model(const rnn_model_t *model);
/* A stream's vector inputs to row `row` of a run. */
void rnni_state_load_vectors(const rnn_state_t *state, const rnni_run *run, int64_t row);
/* Row `row` of all outputs, one behind another; a masked step gives 0 where an output has one row a step. */
void rnni_state_store_outputs(const rnni_run *run, int64_t row, bool masked, float *out);
/* A step of inputs that are in place; `steps` is 0 when it is masked, else 1. */
void rnni_state_step(rnn_state_t *state, int64_t steps, float *out);
/* That the model has the precision it had when the state was made: RNN_ERROR_STATE. */
rnn_status_t rnni_state_check_precision(const rnn_state_t *state);
/* An id against the vocabularies of all that read the input: RNN_ERROR_RANGE. */
rnn_status_t rnni_state_check_id(const rnn_state_t *state, int32_t id);

#endif
