/* SPDX-License-Identifier: MIT */
/* Projected tables of embeddings that a model keeps for its batches and streams: when they are made, when
 * they go, and that no bit depends on them. */
#include "layers/recurrent.h"
#include "model/zoo.h"

enum { STEPS = 9, MANY = 12 }; /* one sequence reads fewer steps than there are words, MANY more */

static int64_t kept(const rnn_model_t *model)
{
    int64_t count = 0;
    const rnni_graph *graph = rnni_graph_of_const(model);
    for (int32_t i = 0; i < graph->count; i++)
        if (rnni_is_recurrent(graph->nodes[i])) count += rnni_recurrent_projected_count(graph->nodes[i]);
    return count;
}

static int64_t model_bytes(const rnn_model_t *model)
{
    int64_t bytes = -1;
    CHECK_OK(rnn_model_memory(model, RNN_MEMORY_MODEL, 0, 0, &bytes));
    return bytes;
}

static rnn_tensor_t *run(rnn_model_t *model, const zoo_row *row, int64_t count)
{
    rnn_batch_t *batch = help_batch(zoo_data(row, count, STEPS, 3), NULL);
    rnn_tensor_t *y = help_run(model, batch);
    rnn_batch_free(batch);
    return y;
}

/* The model gives what a fresh one with its weights does, which has no table. */
static void check_fresh(rnn_model_t *model, const zoo_row *row)
{
    rnn_model_t *fresh = rnn_model_clone(model);
    CHECK_INT(kept(fresh), 0);
    rnn_tensor_t *expected = run(fresh, row, 1), *y = run(model, row, 1);
    CHECK_INT(kept(fresh), 0);
    help_same(expected, y);
    rnn_tensor_free(expected);
    rnn_tensor_free(y);
    rnn_model_free(fresh);
}

/* Makes the table, if one is to be kept. */
static bool keep(rnn_model_t *model, const zoo_row *row)
{
    rnn_tensor_free(run(model, row, MANY));
    return kept(model) > 0;
}

TEST(no_bit_depends_on_the_table)
{
    int tables = 0;
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].tokens) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        int64_t bytes = model_bytes(model);
        rnn_tensor_t *one = run(model, &zoo[i], 1);
        CHECK_INT(kept(model), 0);
        int64_t rows = model_bytes(model) - bytes;
        rnn_tensor_t *many = run(model, &zoo[i], MANY);
        CHECK_INT(model_bytes(model), bytes + rows + kept(model) * (int64_t)sizeof(float));
        tables += kept(model) > 0;
        rnn_tensor_t *one_again = run(model, &zoo[i], 1), *many_again = run(model, &zoo[i], MANY);
        help_same(one, one_again);
        help_same(many, many_again);
        rnn_tensor_free(one);
        rnn_tensor_free(many);
        rnn_tensor_free(one_again);
        rnn_tensor_free(many_again);
        rnn_model_free(model);
    }
    CHECK(tables >= 5);
}

/* Short batches are counted together. */
TEST(made_when_as_many_steps_are_read_as_there_are_words)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (zoo[i].make != zoo_review) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        for (int64_t read = STEPS; read < 2 * ZOO_VOCABULARY; read += STEPS) {
            rnn_tensor_free(run(model, &zoo[i], 1));
            CHECK_INT(kept(model), read < ZOO_VOCABULARY ? 0 : ZOO_VOCABULARY * 8);
        }
        rnn_model_free(model);
    }
}

static rnn_state_t *state_of(rnn_model_t *model)
{
    rnn_state_t *state = rnn_state_create(model);
    CHECK(state != NULL);
    return state;
}

/* Streams make the table; one by one and together they give the steps of a batch that has none. When a
 * weight changes they go on without it. */
TEST(streams)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].tokens || !zoo[i].streams) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]), *same = rnn_model_clone(model);
        rnn_tensor_t *ids = zoo_data(&zoo[i], 1, STEPS, 3);
        const int32_t *id = rnn_tensor_const_data(ids);
        float alone[ZOO_VOCABULARY], left[ZOO_VOCABULARY], both[2 * ZOO_VOCABULARY];
        rnn_state_t *one = state_of(model), *pair[2] = { state_of(model), state_of(model) },
                    *fresh = state_of(same);
        rnn_states_t *states = rnn_states_create(model);
        rnni_graph_pack(rnni_graph_of(same), 0); /* takes the table back */
        CHECK_INT(kept(same), 0);
        int64_t n = rnn_state_output_size(one);
        CHECK(n <= ZOO_VOCABULARY);
        CHECK(zoo[i].make == zoo_table || zoo[i].make == zoo_large_table || kept(model) > 0);
        for (int t = 0; t < STEPS; t++) {
            const int32_t ids_of_both[2] = { id[t], id[t] };
            if (t == STEPS / 2) CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 0));
            CHECK_OK(rnn_state_step_token(fresh, id[t], left));
            CHECK_OK(rnn_state_step_token(one, id[t], alone));
            CHECK_OK(rnn_states_step_tokens(states, pair, 2, ids_of_both, both));
            CHECK_BYTES(left, alone, (size_t)n * sizeof *left);
            CHECK_BYTES(left, both, (size_t)n * sizeof *left);
            CHECK_BYTES(left, both + n, (size_t)n * sizeof *left);
        }
        rnn_state_free(one);
        rnn_state_free(pair[0]);
        rnn_state_free(pair[1]);
        rnn_state_free(fresh);
        rnn_states_free(states);
        rnn_tensor_free(ids);
        rnn_model_free(model);
        rnn_model_free(same);
    }
}

/* Every weight of a model, one after the other. */
TEST(goes_when_a_weight_changes)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].tokens) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        for (int32_t w = 0; w < rnn_model_weights(model) && keep(model, &zoo[i]); w++) {
            const char *name = rnn_model_weight_name(model, w);
            rnn_tensor_t *view = rnn_model_weight(model, name), *values = help_copy(view);
            rnn_tensor_free(view);
            for (int64_t k = 0; k < rnn_tensor_count(values); k++)
                CHECK_OK(rnn_tensor_set(values, k, rnn_tensor_get(values, k) * 0.75));
            CHECK_OK(rnn_model_set_weight(model, name, values));
            rnn_tensor_free(values);
            check_fresh(model, &zoo[i]);
        }
        rnn_model_free(model);
    }
}

TEST(goes_when_all_weights_change)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (zoo[i].make != zoo_review_gru && zoo[i].make != zoo_words) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        CHECK(keep(model, &zoo[i]));
        CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_BF16));
        CHECK(!keep(model, &zoo[i]));
        CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_F32));
        CHECK(keep(model, &zoo[i]));
        rnn_trainer_t *trainer = rnn_trainer_create(model);
        CHECK(trainer != NULL);
        CHECK_INT(kept(model), 0);
        CHECK(!keep(model, &zoo[i]));
        rnn_trainer_free(trainer);
        rnn_model_free(model);
    }
}

TEST_MAIN
