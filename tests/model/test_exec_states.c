/* SPDX-License-Identifier: MIT */
/* Stateful runs: sequences cut into batches that follow one another give the bits of whole ones. */
#include "model/exec.h"
#include "model/zoo.h"

enum { COUNT = 40, STEPS = 12, PIECE = 4 };

/* Steps [first, first + PIECE) of zoo_data's tensor. */
static rnn_tensor_t *piece_of(const rnn_tensor_t *data, int64_t first)
{
    int64_t width = rnn_tensor_rank(data) == 3 ? rnn_tensor_size(data, 2) : 1;
    rnn_tensor_t *piece = rnn_tensor_rank(data) == 3
                              ? help_tensor(rnn_tensor_dtype(data), COUNT, PIECE, width)
                              : help_tensor(rnn_tensor_dtype(data), COUNT, PIECE, -1);
    for (int64_t b = 0; b < COUNT; b++)
        for (int64_t i = 0; i < PIECE * width; i++)
            CHECK_OK(rnn_tensor_set(piece, b * PIECE * width + i,
                                    rnn_tensor_get(data, (b * STEPS + first) * width + i)));
    return piece;
}

/* Piece `first` of `whole` has these numbers; the answer to a whole sequence is that to its last piece. */
static void check_piece(const rnn_tensor_t *whole, const rnn_tensor_t *piece, int64_t first)
{
    if (rnn_tensor_rank(whole) == 2) {
        CHECK_INT(rnn_tensor_count(piece), rnn_tensor_count(whole));
        size_t size = (size_t)rnn_tensor_count(whole) * sizeof(float);
        int same = memcmp(rnn_tensor_const_data(whole), rnn_tensor_const_data(piece), size) == 0;
        CHECK_INT(same, first + PIECE == STEPS);
        return;
    }
    int64_t n = rnn_tensor_size(whole, 2);
    const float *w = rnn_tensor_const_data(whole), *p = rnn_tensor_const_data(piece);
    for (int64_t b = 0; b < COUNT; b++)
        CHECK_BYTES(w + (b * STEPS + first) * n, p + b * PIECE * n, (size_t)(PIECE * n) * sizeof *w);
}

static void run_pieces(rnni_exec *exec, const rnn_tensor_t *data, const rnn_tensor_t *whole)
{
    const rnni_node *node = exec->model->graph.outputs[0].node;
    for (int64_t first = 0; first < STEPS; first += PIECE) {
        rnn_batch_t *batch = help_batch(piece_of(data, first), NULL);
        rnn_tensor_t *y = NULL;
        CHECK_OK(rnni_exec_bind(exec, batch));
        rnni_exec_forward(exec);
        CHECK_OK(rnni_exec_keep_states(exec));
        CHECK_OK(rnni_exec_tensor(exec, node, 0, &y));
        check_piece(whole, y, first);
        rnn_tensor_free(y);
        rnn_batch_free(batch);
    }
}

/* Pools look at the steps of a batch alone. */
static int has_pool(const rnn_model_t *model)
{
    for (int32_t i = 0; i < model->graph.count; i++)
        if (strstr(model->graph.nodes[i]->op->name, "pool")) return 1;
    return 0;
}

/* 1 when the model can be cut. */
static int check_row(rnn_context_t *context, const zoo_row *row)
{
    rnni_exec exec;
    rnn_model_t *model = zoo_make(context, row);
    CHECK_OK(rnni_exec_init(&exec, model, false));
    int cut = !has_pool(model) && rnni_exec_carry(&exec) == RNN_OK;
    if (cut) {
        rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 21);
        rnn_batch_t *batch = help_batch(help_copy(data), NULL);
        rnn_tensor_t *whole = help_run(model, batch);
        run_pieces(&exec, data, whole);
        rnni_exec_reset_states(&exec);
        run_pieces(&exec, data, whole);
        rnn_tensor_free(whole);
        rnn_tensor_free(data);
        rnn_batch_free(batch);
    }
    rnni_exec_release(&exec);
    rnn_model_free(model);
    return cut;
}

TEST(pieces_are_the_whole)
{
    rnn_context_t *context = rnn_context_create(NULL);
    int cut = 0;
    for (int i = 0; i < ZOO_ROWS; i++) cut += check_row(context, &zoo[i]);
    CHECK(cut >= 15);
    rnn_context_free(context);
}

TEST(what_cannot_go_on)
{
    static const char *const rows[] = { "reverse", "bidirectional", "repeated" };
    rnn_context_t *context = rnn_context_create(NULL);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int i = 0; i < ZOO_ROWS; i++) {
            if (strcmp(zoo[i].name, rows[r]) != 0) continue;
            rnni_exec exec;
            rnn_model_t *model = zoo_make(context, &zoo[i]);
            CHECK_OK(rnni_exec_init(&exec, model, false));
            CHECK_STATUS(rnni_exec_carry(&exec), RNN_ERROR_UNSUPPORTED);
            rnni_exec_release(&exec);
            rnn_model_free(model);
        }
    rnn_context_free(context);
}

TEST_MAIN
