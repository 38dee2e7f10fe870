/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "model/model.h"
#include <rnn/report.h>

#include <stdio.h>

/* The table is made in memory, in columns as wide as their widest cell, and written at once. */

enum { LAYER, SHAPE, PARAMETERS, CONNECTED, COLUMNS };

#define CELL 160 /* room for two names; the last column is not cut to cells */

typedef struct table {
    const rnni_graph *graph;
    rnni_buffer text;
    int width[COLUMNS];
} table;

static const char *const titles[COLUMNS] = { "Layer (type)", "Output Shape", "Param #", "Connected to" };

/* 1234567 -> "1,234,567". */
static void print_grouped(int64_t number, char out[CELL])
{
    char digits[24];
    int count = snprintf(digits, sizeof(digits), "%lld", (long long)number), at = 0;
    for (int i = 0; i < count; i++) {
        out[at++] = digits[i];
        if ((count - i) % 3 == 1 && i + 1 < count) out[at++] = ',';
    }
    out[at] = 0;
}

static int64_t parameters_of(const rnni_node *node)
{
    int64_t count = 0;
    for (int32_t i = 0; i < node->weight_count; i++) count += node->weights[i].count;
    return count;
}

/* None stands for what a batch decides: its sequences and their steps. */
static void print_shape(const rnni_node *node, char out[CELL])
{
    if (node->flow == RNNI_FLOW_TOKENS)
        snprintf(out, CELL, "(None, None)");
    else
        snprintf(out, CELL, "(None, %s%lld)", node->flow == RNNI_FLOW_SEQUENCE ? "None, " : "",
                 (long long)node->features);
}

static void print_cell(const rnni_node *node, int column, char out[CELL])
{
    out[0] = 0;
    if (column == LAYER) snprintf(out, CELL, "%s (%s)", node->name, node->op->name);
    if (column == SHAPE) print_shape(node, out);
    if (column == PARAMETERS) print_grouped(parameters_of(node), out);
}

/* Characters of "a, b, c". */
static int connected_width(const rnni_node *node)
{
    size_t width = 0;
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i]) width += strlen(node->inputs[i]->name) + (width ? 2 : 0);
    return (int)width;
}

static void measure(table *t)
{
    char cell[CELL];
    for (int c = 0; c < COLUMNS; c++) t->width[c] = (int)strlen(titles[c]);
    for (int32_t i = 0; i < t->graph->count; i++) {
        for (int c = 0; c < CONNECTED; c++) {
            print_cell(t->graph->nodes[i], c, cell);
            if ((int)strlen(cell) > t->width[c]) t->width[c] = (int)strlen(cell);
        }
        int connected = connected_width(t->graph->nodes[i]);
        if (connected > t->width[CONNECTED]) t->width[CONNECTED] = connected;
    }
}

static rnn_status_t add_rule(table *t, char sign)
{
    int width = 2 * (COLUMNS - 1);
    for (int c = 0; c < COLUMNS; c++) width += t->width[c];
    for (int i = 0; i < width; i++) RNNI_TRY(rnni_buffer_add(&t->text, &sign, 1));
    return rnni_buffer_add_text(&t->text, "\n");
}

/* Layers and shapes to the left, numbers to the right. */
static rnn_status_t add_cells(table *t, const char *layer, const char *shape, const char *parameters)
{
    return rnni_buffer_printf(&t->text, "%-*s  %-*s  %*s", t->width[LAYER], layer, t->width[SHAPE], shape,
                              t->width[PARAMETERS], parameters);
}

static rnn_status_t add_node(table *t, const rnni_node *node)
{
    char cells[CONNECTED][CELL];
    for (int c = 0; c < CONNECTED; c++) print_cell(node, c, cells[c]);
    RNNI_TRY(add_cells(t, cells[LAYER], cells[SHAPE], cells[PARAMETERS]));
    const char *between = "  ";
    for (int32_t i = 0; i < node->input_count; i++) {
        if (!node->inputs[i]) continue;
        RNNI_TRY(rnni_buffer_printf(&t->text, "%s%s", between, node->inputs[i]->name));
        between = ", ";
    }
    return rnni_buffer_add_text(&t->text, "\n");
}

/* "1.23 MB". */
static void print_size(int64_t bytes, char out[CELL])
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    int unit = 0;
    double size = (double)bytes;
    for (; size >= 1024 && unit < 4; unit++) size /= 1024;
    long long hundredths = (long long)(size * 100 + 0.5);
    snprintf(out, CELL, "%lld.%02lld %s", hundredths / 100, hundredths % 100, units[unit]);
}

/* "Total params: 322,113 (1.23 MB)"; the size is that of the weights in memory and in a file. */
static rnn_status_t add_total(table *t, const char *what, int64_t count)
{
    char number[CELL], size[CELL];
    print_grouped(count, number);
    print_size(count * (int64_t)sizeof(rnni_real), size);
    return rnni_buffer_printf(&t->text, "%s params: %s (%s)\n", what, number, size);
}

/* An example of what a batch takes, so that a reader sees the order of it. */
enum { BATCH = 32, STEPS = 100 };

/* "Weights with packed copies: 2.46 MB", then work memory of a batch, and a stream's where there can be
 * one. */
static rnn_status_t add_memory(table *t, const rnn_model_t *model)
{
    int64_t bytes;
    char weights[CELL], run[CELL], train[CELL], stream[CELL];
    RNNI_TRY(rnn_model_memory(model, RNN_MEMORY_MODEL, 0, 0, &bytes));
    print_size(bytes, weights);
    RNNI_TRY(rnn_model_memory(model, RNN_MEMORY_RUN, BATCH, STEPS, &bytes));
    print_size(bytes, run);
    RNNI_TRY(rnn_model_memory(model, RNN_MEMORY_TRAIN, BATCH, STEPS, &bytes));
    print_size(bytes, train);
    RNNI_TRY(rnni_buffer_printf(&t->text, "Weights with packed copies: %s\n", weights));
    RNNI_TRY(rnni_buffer_printf(&t->text, "Work memory of %d sequences of %d steps: %s, in training %s\n",
                                BATCH, STEPS, run, train));
    rnn_status_t status = rnn_model_memory(model, RNN_MEMORY_STREAM, 0, 0, &bytes);
    if (status == RNN_ERROR_UNSUPPORTED) return RNN_OK;
    RNNI_TRY(status);
    print_size(bytes, stream);
    return rnni_buffer_printf(&t->text, "A stream: %s\n", stream);
}

static rnn_status_t make_text(table *t, const rnn_model_t *model)
{
    int64_t all = 0;
    measure(t);
    RNNI_TRY(add_cells(t, titles[LAYER], titles[SHAPE], titles[PARAMETERS]));
    RNNI_TRY(rnni_buffer_printf(&t->text, "  %s\n", titles[CONNECTED]));
    RNNI_TRY(add_rule(t, '='));
    for (int32_t i = 0; i < t->graph->count; i++) {
        all += parameters_of(t->graph->order[i]);
        RNNI_TRY(add_node(t, t->graph->order[i]));
    }
    RNNI_TRY(add_rule(t, '='));
    RNNI_TRY(add_total(t, "Total", all));
    RNNI_TRY(add_total(t, "Trainable", t->graph->parameters));
    RNNI_TRY(add_total(t, "Non-trainable", all - t->graph->parameters));
    return add_memory(t, model);
}

rnn_status_t rnn_model_summary(const rnn_model_t *model, rnn_write_t write, void *user)
{
    RNNI_REQUIRE(model && write, RNN_ERROR_ARGUMENT, "rnn_model_summary: the %s is NULL",
                 model ? "function" : "model");
    table t = { .graph = rnni_graph_of_const(model) };
    RNNI_REQUIRE(t.graph->built, RNN_ERROR_STATE, "rnn_model_summary: the model is not built");
    t.text.context = t.graph->context;
    rnn_status_t status = make_text(&t, model);
    if (status == RNN_OK && write(t.text.data, (int64_t)t.text.size, user) != 0)
        status = rnni_fail(RNN_ERROR_CALLBACK,
                           "rnn_model_summary: the function that writes reported failure");
    rnni_buffer_clear(&t.text);
    return status;
}

int32_t rnn_write_stdout(const char *text, int64_t size, void *user)
{
    (void)user;
    if (!text || size <= 0) return size != 0;
    return fwrite(text, 1, (size_t)size, stdout) != (size_t)size;
}
