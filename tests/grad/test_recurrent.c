/* SPDX-License-Identifier: MIT */
/* Gradients of every recurrent layer against finite differences: cells, directions, merges, stacking, biases,
 * initial states, both kinds of dropout, ragged lengths with empty sequences, masks with holes. */
#include "grad/grad.h"

enum { RNN, RNN_RELU_CELL, LSTM, LSTM_PEEPHOLE, LSTM_PROJECTED, LSTM_NORM, GRU, GRU_BEFORE, CELLS };
static const char *const cell_names[CELLS] = { "rnn", "rnn relu", "lstm", "lstm with peepholes",
                                               "projected lstm", "lstm norm", "gru", "gru before" };

static int is_lstm(int cell) { return cell >= LSTM && cell <= LSTM_NORM; }

enum { FULL, RAGGED, HOLES };           /* what is known about steps */
enum { NOTHING, VECTORS, SAME, BRIDGE, OTHER_CELL }; /* where the initial state comes from */
enum { SEQUENCE, LAST, FINAL, ALL };    /* what is read */

/* 0 is the ordinary value of every field. */
typedef struct variant {
    const char *name;
    int direction, merge, layers, bias, steps, initial, read;
    double dropout, recurrent_dropout, zoneout, cell_zoneout;
} variant;

enum { B = 5, T = 6, F = 3, H = 4, P = 2 };

/* Numbers of a state: hidden of a projected lstm has P. */
static int64_t width(int cell, int32_t state)
{
    return cell == LSTM_PROJECTED && state == RNN_STATE_HIDDEN ? P : H;
}

static rnn_layer_t *make_cell(rnn_model_t *model, rnn_layer_t *x, int cell, int64_t units)
{
    rnn_layer_t *layer = is_lstm(cell) ? rnn_lstm(model, x, units)
                         : cell >= GRU ? rnn_gru(model, x, units)
                                       : rnn_simple_rnn(model, x, units);
    if (cell == RNN_RELU_CELL) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, RNN_RELU));
    if (cell == LSTM_PEEPHOLE) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_PEEPHOLE, 1));
    if (cell == LSTM_PROJECTED) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_PROJECTION, P));
    if (cell == LSTM_NORM) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_NORM, 1));
    /* dropout may leave a row without variance; differences need a function that does not bend too much
     * there */
    if (cell == LSTM_NORM) CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_EPSILON, 1e-2));
    if (cell == GRU_BEFORE) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_RESET, RNN_RESET_BEFORE));
    return layer;
}

static void set_variant(rnn_layer_t *layer, int cell, const variant *v)
{
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_DIRECTION, v->direction));
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_MERGE, v->merge));
    if (v->layers) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_LAYERS, v->layers));
    if (v->bias && cell != LSTM_NORM) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_BIAS, v->bias - 1));
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_DROPOUT, v->dropout));
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_RECURRENT_DROPOUT, v->recurrent_dropout));
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_ZONEOUT, v->zoneout));
    if (is_lstm(cell)) CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_CELL_ZONEOUT, v->cell_zoneout));
}

/* The batch's first input, in the variant's kind of steps. */
static void add_sequences(grad_problem *p, const variant *v, uint64_t seed)
{
    static const int64_t lengths[B] = { 4, 0, T, 1, 3 };
    rnn_tensor_t *mask = NULL;
    if (v->steps == HOLES) {
        mask = help_tensor(RNN_U8, B, T, -1);
        for (int64_t i = 0; i < B * T; i++)
            CHECK_OK(rnn_tensor_set(mask, i, i / T == 2 || (i / T != 3 && (i * i + i / 3) % 3 == 1)));
    }
    rnn_tensor_t *x = help_random_tensor(RNN_F64, B, T, F, seed);
    grad_input(p, x, v->steps == RAGGED ? help_integers(B, lengths) : NULL, mask);
}

static void wire_vector(grad_problem *p, rnn_layer_t *layer, int32_t state, int64_t features)
{
    rnn_layer_t *vector = rnn_input_vector(p->model, state == RNN_STATE_CELL ? "c0" : "h0", features);
    CHECK_OK(rnn_layer_set_initial_vector(layer, state, vector));
    grad_input(p, help_random_tensor(RNN_F64, B, features, -1, 40 + (uint64_t)state), NULL, NULL);
}

static void wire_initial(grad_problem *p, rnn_layer_t *x, rnn_layer_t *layer, int cell, const variant *v)
{
    int64_t layers = v->layers ? v->layers : 1, directions = v->direction == RNN_BIDIRECTIONAL ? 2 : 1;
    if (v->initial == VECTORS) {
        wire_vector(p, layer, RNN_STATE_HIDDEN, layers * directions * width(cell, RNN_STATE_HIDDEN));
        if (is_lstm(cell)) wire_vector(p, layer, RNN_STATE_CELL, layers * directions * H);
    } else if (v->initial != NOTHING) {
        int other = v->initial != OTHER_CELL ? cell : is_lstm(cell) ? GRU : LSTM; /* h is passed, c is not */
        rnn_layer_t *source = make_cell(p->model, x, other, v->initial == BRIDGE ? H + 1 : H);
        if (v->layers) CHECK_OK(rnn_layer_set_int(source, RNN_LAYER_LAYERS, v->layers));
        CHECK_OK(rnn_layer_set_int(source, RNN_LAYER_DIRECTION, v->direction));
        CHECK_OK(rnn_layer_set_initial_state(layer, source));
    }
}

static void set_outputs(grad_problem *p, rnn_layer_t *layer, int cell, const variant *v)
{
    rnn_model_t *m = p->model;
    if (v->read == SEQUENCE || v->read == ALL) CHECK_OK(rnn_model_set_output(m, layer, "sequence"));
    if (v->read == LAST || v->read == ALL) CHECK_OK(rnn_model_set_output(m, rnn_last(m, layer), "last"));
    if (v->read == FINAL || v->read == ALL) {
        CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_HIDDEN), "h"));
        if (is_lstm(cell)) CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_CELL), "c"));
    }
}

static void check_variant(int cell, const variant *v)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "%s, %s", cell_names[cell], v->name);
    rnn_layer_t *x = rnn_input_values(p.model, "x", F);
    rnn_layer_t *layer = make_cell(p.model, x, cell, H);
    set_variant(layer, cell, v);
    add_sequences(&p, v, 11 + (uint64_t)cell);
    wire_initial(&p, x, layer, cell, v);
    set_outputs(&p, layer, cell, v);
    grad_build(&p, 5 + (uint64_t)cell);
    grad_check(&p);
}

static void check_table(const variant *table, size_t rows)
{
    for (int cell = 0; cell < CELLS; cell++)
        for (size_t i = 0; i < rows; i++) check_variant(cell, &table[i]);
}

#define CHECK_TABLE(table) check_table(table, sizeof(table) / sizeof *(table))

TEST(plain)
{
    static const variant table[] = {
        { .name = "forward" },
        { .name = "reverse", .direction = RNN_REVERSE },
        { .name = "bidirectional", .direction = RNN_BIDIRECTIONAL },
        { .name = "last", .read = LAST },
        { .name = "reverse, last", .direction = RNN_REVERSE, .read = LAST },
        { .name = "bidirectional, last", .direction = RNN_BIDIRECTIONAL, .read = LAST },
        { .name = "final", .read = FINAL },
        { .name = "no bias", .bias = 1 + RNN_BIAS_NONE },
        { .name = "one bias", .bias = 1 + RNN_BIAS_ONE },
    };
    CHECK_TABLE(table);
}

/* A GRU that resets before its product has no use for a second bias. */
TEST(two_biases)
{
    static const variant both = { .name = "two biases", .bias = 1 + RNN_BIAS_TWO };
    for (int cell = 0; cell < GRU_BEFORE; cell++) check_variant(cell, &both);
}

TEST(merges)
{
    static const variant table[] = {
        { .name = "sum", .direction = RNN_BIDIRECTIONAL, .merge = RNN_MERGE_SUM },
        { .name = "mul", .direction = RNN_BIDIRECTIONAL, .merge = RNN_MERGE_MUL },
        { .name = "ave", .direction = RNN_BIDIRECTIONAL, .merge = RNN_MERGE_AVE },
        { .name = "mul, last", .direction = RNN_BIDIRECTIONAL, .merge = RNN_MERGE_MUL, .read = LAST },
        { .name = "sum, all, ragged",
          .direction = RNN_BIDIRECTIONAL,
          .merge = RNN_MERGE_SUM,
          .read = ALL,
          .steps = RAGGED },
        { .name = "ave, all, holes",
          .direction = RNN_BIDIRECTIONAL,
          .merge = RNN_MERGE_AVE,
          .read = ALL,
          .steps = HOLES },
    };
    CHECK_TABLE(table);
}

TEST(stacked)
{
    static const variant table[] = {
        { .name = "two layers", .layers = 2, .read = ALL },
        { .name = "three layers, reverse, ragged",
          .layers = 3,
          .direction = RNN_REVERSE,
          .read = ALL,
          .steps = RAGGED },
        { .name = "two layers, bidirectional, ragged",
          .layers = 2,
          .direction = RNN_BIDIRECTIONAL,
          .read = ALL,
          .steps = RAGGED },
        { .name = "two layers, bidirectional, mul, last",
          .layers = 2,
          .direction = RNN_BIDIRECTIONAL,
          .merge = RNN_MERGE_MUL,
          .read = LAST },
    };
    CHECK_TABLE(table);
}

TEST(ragged)
{
    static const variant table[] = {
        { .name = "lengths", .steps = RAGGED, .read = ALL },
        { .name = "lengths, reverse", .steps = RAGGED, .read = ALL, .direction = RNN_REVERSE },
        { .name = "lengths, bidirectional", .steps = RAGGED, .read = ALL, .direction = RNN_BIDIRECTIONAL },
        { .name = "holes", .steps = HOLES, .read = ALL },
        { .name = "holes, bidirectional", .steps = HOLES, .read = ALL, .direction = RNN_BIDIRECTIONAL },
    };
    CHECK_TABLE(table);
}

TEST(initial_states)
{
    static const variant table[] = {
        { .name = "vectors", .initial = VECTORS, .read = ALL },
        { .name = "vectors, ragged", .initial = VECTORS, .read = ALL, .steps = RAGGED },
        { .name = "vectors, reverse, holes",
          .initial = VECTORS,
          .read = ALL,
          .steps = HOLES,
          .direction = RNN_REVERSE },
        { .name = "vectors, stacked, bidirectional",
          .initial = VECTORS,
          .read = ALL,
          .layers = 2,
          .steps = RAGGED,
          .direction = RNN_BIDIRECTIONAL },
        { .name = "vectors, last", .initial = VECTORS, .read = LAST, .steps = RAGGED },
        { .name = "another layer's", .initial = SAME, .steps = RAGGED },
        { .name = "another layer's, stacked, bidirectional",
          .initial = SAME,
          .layers = 2,
          .read = ALL,
          .direction = RNN_BIDIRECTIONAL },
        { .name = "bridge", .initial = BRIDGE, .steps = RAGGED },
        { .name = "bridge, stacked", .initial = BRIDGE, .layers = 2, .read = ALL },
        { .name = "another cell's", .initial = OTHER_CELL, .steps = RAGGED },
    };
    CHECK_TABLE(table);
}

TEST(dropout)
{
    static const variant table[] = {
        { .name = "dropout", .dropout = 0.4, .read = ALL },
        { .name = "recurrent dropout", .recurrent_dropout = 0.4, .read = ALL },
        { .name = "both, ragged", .dropout = 0.3, .recurrent_dropout = 0.3, .read = ALL, .steps = RAGGED },
        { .name = "both, stacked, bidirectional",
          .dropout = 0.3,
          .recurrent_dropout = 0.3,
          .layers = 2,
          .read = ALL,
          .direction = RNN_BIDIRECTIONAL,
          .steps = HOLES },
        { .name = "both, initial vectors",
          .dropout = 0.3,
          .recurrent_dropout = 0.5,
          .initial = VECTORS,
          .read = ALL },
    };
    CHECK_TABLE(table);
}

TEST(zoneout)
{
    static const variant table[] = {
        { .name = "zoneout", .zoneout = 0.3, .cell_zoneout = 0.4, .read = ALL },
        { .name = "zoneout of the cell, holes", .cell_zoneout = 0.4, .read = ALL, .steps = HOLES },
        { .name = "zoneout, ragged, initial vectors", .zoneout = 0.3, .cell_zoneout = 0.2, .read = ALL,
          .steps = RAGGED, .initial = VECTORS },
        { .name = "zoneout and dropout, stacked, bidirectional", .zoneout = 0.3, .cell_zoneout = 0.2,
          .recurrent_dropout = 0.3, .dropout = 0.2, .layers = 2, .direction = RNN_BIDIRECTIONAL, .read = ALL,
          .steps = RAGGED },
    };
    CHECK_TABLE(table);
}

TEST_MAIN
