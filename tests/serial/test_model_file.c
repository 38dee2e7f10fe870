/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "serial/counted.h"
#include "serial/model_file.h"
#include "serial/samples.h"

static rnn_context_t *context;
static rnni_buffer first, second; /* files */
static rnn_model_t *model;
static rnn_model_t *loaded;

static void prepare(void)
{
    if (!context) context = rnn_context_create(NULL);
    CHECK(context != NULL);
    first = second = (rnni_buffer){ .context = context };
    model = loaded = NULL;
}

static void done(void)
{
    rnn_model_free(model);
    rnn_model_free(loaded);
    rnni_buffer_clear(&first);
    rnni_buffer_clear(&second);
}

static rnn_status_t load(const rnni_buffer *file)
{
    return rnn_model_load_memory(context, file->data, (int64_t)file->size, &loaded);
}

/* model -> first -> loaded -> second */
static void round_trip(void)
{
    CHECK_OK(sample_save(model, &first));
    CHECK_OK(load(&first));
    CHECK_OK(sample_save(loaded, &second));
    CHECK_INT(first.size, second.size);
    CHECK_BYTES(first.data, second.data, first.size);
}

static void check_same_weights(void)
{
    CHECK_INT(rnn_model_weights(model), rnn_model_weights(loaded));
    CHECK_INT(rnn_model_parameters(model), rnn_model_parameters(loaded));
    for (int32_t i = 0; i < model->graph.count; i++) {
        const rnni_node *a = model->graph.nodes[i], *b = loaded->graph.nodes[i];
        CHECK_STR(a->name, b->name);
        CHECK(a->op == b->op && a->features == b->features && a->weight_count == b->weight_count);
        CHECK_BYTES(a->settings, b->settings, sizeof(a->settings));
        for (int32_t w = 0; w < a->weight_count; w++)
            CHECK_BYTES(rnni_weight_at(a, model->graph.weights, w),
                        rnni_weight_at(b, loaded->graph.weights, w),
                        (size_t)a->weights[w].count * sizeof(rnni_real));
    }
}

/* ---- Round trips ---- */

TEST(saves_the_same_bytes_twice)
{
    prepare();
    model = sample_whole(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    CHECK_OK(sample_save(model, &second));
    CHECK_INT(first.size, second.size);
    CHECK_BYTES(first.data, second.data, first.size);
    done();
}

TEST(loads_every_kind_of_layer)
{
    prepare();
    model = sample_whole(context);
    CHECK(model != NULL);
    bool seen[64] = { false };
    for (int32_t i = 0; i < model->graph.count; i++)
        for (int32_t k = 0; rnni_op_at(k); k++)
            seen[k] = seen[k] || model->graph.nodes[i]->op == rnni_op_at(k);
    for (int32_t k = 0; rnni_op_at(k); k++)
        if (!seen[k]) CHECK_STR(rnni_op_at(k)->name, "a layer of the sample");
    round_trip();
    check_same_weights();
    CHECK_INT(rnn_model_inputs(loaded), 3);
    for (int32_t i = 0; i < 3; i++)
        CHECK_STR(rnn_model_input_name(model, i), rnn_model_input_name(loaded, i));
    CHECK_STR(rnn_model_output_name(loaded, 0), "class");
    CHECK_STR(rnn_model_output_name(loaded, 1), "series");
    CHECK(rnn_model_layer(loaded, "gru_bridge_h") != NULL);
    done();
}

/* One layer of a kind between an input and an output, with one setting; false when such a model cannot be
 * built. */
static bool build_one(const rnni_op *op, const rnni_setting *setting, double value)
{
    model = rnn_model_create(context);
    rnni_graph *graph = &model->graph;
    rnni_node *input = strcmp(op->name, "embedding") == 0 ? rnn_input_tokens(model, "x")
                                                          : rnn_input_values(model, "x", 3);
    rnni_node *node = rnni_graph_add(graph, op, &input, 1);
    rnn_status_t status = rnn_layer_set_int(node, RNN_LAYER_UNITS, 3);
    if (strcmp(op->name, "embedding") == 0) status = rnn_layer_set_int(node, RNN_LAYER_VOCABULARY, 9);
    if (status == RNN_OK) status = rnni_node_set(node, setting->id, setting->type, value);
    rnn_model_set_output(model, node, "y");
    return status == RNN_OK && rnn_model_build(model) == RNN_OK;
}

/* All values of an enumeration, or two others. */
static int round_trips_of(const rnni_op *op, const rnni_setting *setting)
{
    int trips = 0;
    double last = setting->choices ? setting->maximum : setting->minimum + 1;
    for (double value = setting->minimum; value <= last; value++) {
        prepare();
        double given = setting->type == RNN_SETTING_FLOAT && value > setting->minimum ? 1.0 / 3 : value;
        if (build_one(op, setting, given)) {
            round_trip();
            check_same_weights();
            CHECK(rnni_node_get(loaded->graph.nodes[1], setting->id) == given);
            trips++;
        }
        done();
    }
    return trips;
}

static int round_trips_of_kind(const char *kind)
{
    const rnni_op *op = rnni_op_find(kind);
    int trips = 0;
    CHECK(op != NULL);
    for (int i = 0; i < RNNI_SETTINGS; i++) {
        if (!rnni_op_takes(op, rnni_layer_settings[i].id)) continue;
        int some = round_trips_of(op, &rnni_layer_settings[i]);
        if (some == 0) CHECK_STR(rnni_layer_settings[i].name, "a setting that can be built");
        trips += some;
    }
    return trips;
}

TEST(keeps_settings_of_embedding)
{
    CHECK(round_trips_of_kind("embedding") >= 10);
}

TEST(keeps_settings_of_simple_rnn)
{
    CHECK(round_trips_of_kind("simple_rnn") >= 25);
}

TEST(keeps_settings_of_lstm)
{
    CHECK(round_trips_of_kind("lstm") >= 25);
}

TEST(keeps_settings_of_gru)
{
    CHECK(round_trips_of_kind("gru") >= 25);
}

TEST(keeps_settings_of_dense)
{
    CHECK(round_trips_of_kind("dense") >= 10);
}

/* Every direction, merge and depth together, so that all names of weights are met. */
TEST(keeps_stacked_bidirectional_layers)
{
    for (int64_t merge = RNN_MERGE_CONCAT; merge <= RNN_MERGE_AVE; merge++) {
        prepare();
        model = rnn_model_create(context);
        rnn_layer_t *h = rnn_gru(model, rnn_input_values(model, "x", 3), 5);
        rnn_layer_set_int(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
        rnn_layer_set_int(h, RNN_LAYER_LAYERS, 3);
        rnn_layer_set_int(h, RNN_LAYER_MERGE, merge);
        rnn_model_set_output(model, h, "y");
        CHECK_OK(rnn_model_build(model));
        round_trip();
        check_same_weights();
        CHECK_INT(rnn_model_weights(loaded), 24);
        done();
    }
}

TEST(predicts_the_same_bits)
{
    const int64_t shape[] = { 2, 5 }, counts[] = { 2 };
    const int32_t ids[] = { 4, 5, 6, 7, 8, 9, 2, 1, 0, 0 };
    const int64_t lengths[] = { 5, 3 };
    rnn_tensor_t *before = NULL, *after = NULL;
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    round_trip();
    rnn_tensor_t *data = rnn_tensor_wrap(context, RNN_I32, 2, shape, NULL, (void *)(uintptr_t)ids);
    rnn_tensor_t *length = rnn_tensor_wrap(context, RNN_I64, 1, counts, NULL, (void *)(uintptr_t)lengths);
    rnn_batch_t *batch = rnn_batch_create(context);
    CHECK_OK(rnn_batch_set_input(batch, 0, data, length));
    CHECK_OK(rnn_model_run(model, batch, &before, 1));
    CHECK_OK(rnn_model_run(loaded, batch, &after, 1));
    CHECK_INT(rnn_tensor_count(before), 4);
    CHECK_BYTES(rnn_tensor_const_data(before), rnn_tensor_const_data(after),
                4 * (size_t)rnn_dtype_size(rnn_tensor_dtype(before)));
    rnn_tensor_free(before);
    rnn_tensor_free(after);
    rnn_tensor_free(data);
    rnn_tensor_free(length);
    rnn_batch_free(batch);
    done();
}

TEST(keeps_texts)
{
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    round_trip();
    rnn_tokenizer_t *tokenizer = rnn_model_tokenizer(loaded, "review");
    int64_t value = 7;
    CHECK_INT(rnn_tokenizer_size(tokenizer), 10);
    CHECK_STR(rnn_tokenizer_token(tokenizer, 8), "caf\xc3\xa9");
    CHECK_STR(rnn_tokenizer_token(tokenizer, 9), "don't \"\\");
    CHECK_INT(rnn_tokenizer_find(tokenizer, "film"), 5);
    CHECK_OK(rnn_tokenizer_get_int(tokenizer, RNN_TOKENIZER_LOWERCASE, &value));
    CHECK_INT(value, 0);
    CHECK_STR(rnn_model_class_name(loaded, NULL, 1), "positive \xc3\xa9");
    CHECK(!rnn_model_class_name(loaded, NULL, 2));
    CHECK_STR(rnn_model_metadata(loaded, "licence"), "MIT");
    CHECK_STR(rnn_model_metadata(loaded, "author"), "A \"quoted\" name\n");
    done();
}

/* ---- Paths and ios ---- */

static const char *temporary_path(void)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/test_model_file_%d", (int)getpid());
    return path;
}

static void check_file(const char *path, const rnni_buffer *expected)
{
    char *data = NULL;
    size_t size = 0;
    CHECK_OK(rnni_io_read_file(context, path, &data, &size));
    CHECK_INT(size, expected->size);
    CHECK_BYTES(data, expected->data, size);
    rnni_free(context, data, size + 1);
}

TEST(replaces_a_file_at_once_or_not_at_all)
{
    const char *path = temporary_path();
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    CHECK_OK(rnn_model_save(model, path));
    check_file(path, &first);
    model->graph.weights[0] = (rnni_real)NAN;
    CHECK_STATUS(rnn_model_save(model, path), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "weight embedding.weight: number 0") ||
          strstr(rnn_last_error(), "is not finite"));
    check_file(path, &first);
    CHECK_OK(rnn_model_load(context, path, &loaded));
    unlink(path);
    CHECK_STATUS(rnn_model_load(context, path, &model), RNN_ERROR_IO);
    done();
}

TEST(names_the_path_of_a_bad_file)
{
    const char *path = temporary_path();
    prepare();
    FILE *out = fopen(path, "wb");
    CHECK(out != NULL);
    fputs("just some text", out);
    fclose(out);
    rnn_status_t status = rnn_model_load(context, path, &loaded);
    unlink(path);
    CHECK_STATUS(status, RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), path));
    CHECK(strstr(rnn_last_error(), "not a safetensors file"));
}

typedef struct {
    const rnni_buffer *buffer;
    int64_t at;
} place;

static int64_t place_read(void *data, int64_t size, void *user)
{
    place *p = user;
    int64_t rest = (int64_t)p->buffer->size - p->at, part = size < rest ? size : rest;
    memcpy(data, p->buffer->data + p->at, (size_t)part);
    p->at += part;
    return part;
}

static int64_t place_seek(int64_t offset, int32_t whence, void *user)
{
    place *p = user;
    p->at = whence == 0 ? offset : (int64_t)p->buffer->size + offset;
    return p->at;
}

TEST(loads_from_inside_another_file)
{
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    CHECK_OK(rnni_buffer_add_text(&second, "some bytes before"));
    CHECK_OK(rnni_buffer_add(&second, first.data, first.size));
    CHECK_OK(rnni_buffer_add_text(&second, "and after"));
    place p = { &second, 0 };
    rnn_io_t io = { .struct_size = sizeof(io), .read = place_read, .seek = place_seek, .user = &p };
    CHECK_OK(rnn_model_load_io(context, &io, 17, (int64_t)first.size, &loaded));
    check_same_weights();
    CHECK_STATUS(rnn_model_load_io(context, &io, 17, -1, &loaded), RNN_ERROR_FORMAT);
    CHECK_STATUS(rnn_model_load_io(context, &io, 16, (int64_t)first.size, &loaded), RNN_ERROR_FORMAT);
    done();
}

TEST(refuses_bad_arguments)
{
    prepare();
    model = rnn_model_create(context);
    CHECK_STATUS(rnn_model_save(model, temporary_path()), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_model_save(NULL, temporary_path()), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_save(model, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_load(context, NULL, &loaded), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_load(context, "x", NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_load_memory(context, "x", -1, &loaded), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_load_io(context, NULL, 0, -1, &loaded), RNN_ERROR_ARGUMENT);
    done();
}

/* ---- Files made by hand ---- */

static rnni_safetensors_writer *writer;

/* Adds JSON in which ' stands for ". */
static void add_json(const char *key, const char *text)
{
    rnni_buffer json = { .context = context };
    CHECK_OK(rnni_buffer_add_text(&json, text));
    for (char *c = json.data; *c; c++)
        if (*c == '\'') *c = '"';
    rnn_status_t status = rnni_safetensors_add_metadata(writer, key, json.data);
    rnni_buffer_clear(&json);
    CHECK_OK(status);
}

static void begin_file(const char *graph)
{
    prepare();
    CHECK_OK(rnni_safetensors_writer_create(context, &writer));
    if (graph) add_json("rnn.model", graph);
}

static void add_tensor(const char *name, int64_t rows, int64_t columns)
{
    static const float numbers[4096] = { 0.5f, -1 };
    const int64_t shape[] = { rows, columns };
    CHECK(rows * (columns ? columns : 1) <= 4096);
    CHECK_OK(rnni_safetensors_add_tensor(writer, name, RNN_F32, columns ? 2 : 1, shape, numbers));
}

static rnn_status_t load_made(void)
{
    rnn_io_t io = { .struct_size = sizeof(io), .write = sample_append, .user = &first };
    rnn_status_t status = rnni_safetensors_write_io(writer, &io);
    rnni_safetensors_writer_free(writer);
    CHECK_OK(status);
    return load(&first);
}

static void check_made(rnn_status_t expected, const char *reason)
{
    rnn_status_t status = load_made();
    CHECK_STATUS(status, expected);
    if (reason && !strstr(rnn_last_error(), reason)) CHECK_STR(rnn_last_error(), reason);
    done();
}

/* A dense layer on a vector of two numbers; `node` is what differs. */
#define X "{'op':'input_vector','version':1,'name':'x','inputs':[],'settings':{'features':2}}"
#define D(inside) "{'op':'dense','version':1,'name':'d','inputs':['x'],'settings':{'units':1" inside "}}"
#define Y "'outputs':[{'name':'y','node':'d'}]"
#define GRAPH(nodes) "{'format':1,'nodes':[" nodes "]," Y "}"

static void check_graph(const char *graph, rnn_status_t expected, const char *reason)
{
    begin_file(graph);
    add_tensor("d.weight", 1, 2);
    add_tensor("d.bias", 1, 0);
    check_made(expected, reason);
}

TEST(loads_a_file_made_by_hand)
{
    static const unsigned char numbers[] = { 0, 0, 128, 63, 0, 0, 0, 63, 0, 0, 0, 192 }; /* 1, 0.5, -2 */
    static const char header[] =
        "{\"d.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        "\"d.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[4,12]},\"__metadata__\":{\"rnn."
        "model\":"
        "\"{\\\"format\\\":1,\\\"nodes\\\":[{\\\"op\\\":\\\"input_vector\\\",\\\"version\\\":1,\\\"name\\\":"
        "\\\"x\\\","
        "\\\"inputs\\\":[],\\\"settings\\\":{\\\"features\\\":2}},{\\\"op\\\":\\\"dense\\\",\\\"version\\\":"
        "1,"
        "\\\"name\\\":\\\"d\\\",\\\"inputs\\\":[\\\"x\\\"],\\\"settings\\\":{\\\"units\\\":1,"
        "\\\"activation\\\":"
        "\\\"linear\\\"}}],\\\"outputs\\\":[{\\\"name\\\":\\\"y\\\",\\\"node\\\":\\\"d\\\"}]}\"}}";
    unsigned char length[8];
    prepare();
    rnni_store_u64(length, sizeof(header) - 1);
    CHECK_OK(rnni_buffer_add(&first, length, 8));
    CHECK_OK(rnni_buffer_add(&first, header, sizeof(header) - 1));
    CHECK_OK(rnni_buffer_add(&first, numbers, sizeof(numbers)));
    CHECK_OK(load(&first));
    rnn_tensor_t *bias = rnn_model_weight(loaded, "d.bias"), *weight = rnn_model_weight(loaded, "d.weight");
    CHECK(rnn_tensor_get(bias, 0) == 1 && rnn_tensor_get(weight, 0) == 0.5 &&
          rnn_tensor_get(weight, 1) == -2);
    rnn_tensor_free(bias);
    rnn_tensor_free(weight);
    done();
}

TEST(names_what_is_not_supported)
{
    check_graph(GRAPH(X "," D("")), RNN_OK, NULL);
    check_graph(GRAPH(X ",{'op':'hyper_rnn','version':1,'name':'d','inputs':['x']}"), RNN_ERROR_UNSUPPORTED,
                "layer d is of the unknown kind \"hyper_rnn\"");
    check_graph(GRAPH(X ",{'op':'dense','version':2,'name':'d','inputs':['x']}"), RNN_ERROR_UNSUPPORTED,
                "layer d is a dense of version 2, this library has version 1");
    check_graph(GRAPH(X "," D(",'flavour':3")), RNN_ERROR_UNSUPPORTED,
                "layer d, a dense, has the unknown setting \"flavour\"");
    check_graph(GRAPH(X "," D(",'reset':'after'")), RNN_ERROR_UNSUPPORTED, "unknown setting \"reset\"");
    check_graph(GRAPH(X "," D(",'activation':'swish9'")), RNN_ERROR_UNSUPPORTED,
                "setting activation of layer d is the unknown \"swish9\", expected one of linear|");
    check_graph("{'format':2}", RNN_ERROR_UNSUPPORTED, "the graph has format 2, this library reads format 1");
    check_graph("{'format':1,'nodes':[],'outputs':[],'more':1}", RNN_ERROR_UNSUPPORTED,
                "unknown key \"more\"");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d','inputs':['x'],'bound':1}"),
                RNN_ERROR_UNSUPPORTED, "node 1 of the graph has the unknown key \"bound\"");
}

TEST(ignores_foreign_keys)
{
    check_graph("{'x-a':[1],'format':1,'nodes':[" X "," D(",'x-b':{}") "],'outputs':[{'name':'y','node':'d',"
                                                                       "'x-c':null}]}",
                RNN_OK, NULL);
}

TEST(refuses_broken_graphs)
{
    check_graph("[]", RNN_ERROR_FORMAT, "no \"format\"");
    check_graph("{'format':1}", RNN_ERROR_FORMAT, "no array of nodes");
    check_graph("{'format':1,'nodes':[]}", RNN_ERROR_FORMAT, "no array of outputs");
    check_graph("{'format':1,'nodes':[],'outputs':[]}", RNN_ERROR_FORMAT, "has no output");
    check_graph("{'format':1,'nodes':[3],'outputs':[]}", RNN_ERROR_FORMAT, "not a JSON object");
    check_graph(GRAPH(X), RNN_ERROR_FORMAT, "is \"d\", which is no layer");
    check_graph(GRAPH(D("")), RNN_ERROR_FORMAT, "is \"x\", which is no layer");
    check_graph(GRAPH(D("") "," X), RNN_ERROR_FORMAT, "layer d stands before its input \"x\"");
    check_graph(GRAPH(X "," X "," D("")), RNN_ERROR_FORMAT, "two layers have the name \"x\"");
    check_graph(GRAPH(X "," D(",'units':2")), RNN_ERROR_FORMAT, "comes twice");
    check_graph(GRAPH(X "," D(",'activation':1")), RNN_ERROR_FORMAT, "is not a string");
    check_graph("{", RNN_ERROR_FORMAT, "the graph (rnn.model): not JSON at byte 1");
}

TEST(refuses_bad_nodes)
{
    check_graph(GRAPH(X ",{'op':'dense','version':1,'inputs':['x']}"), RNN_ERROR_FORMAT, "no op or no name");
    check_graph(GRAPH(X ",{'op':'dense','name':'d','inputs':['x']}"), RNN_ERROR_FORMAT, "has no version");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d'}"), RNN_ERROR_FORMAT, "no array of inputs");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d','inputs':[null]}"), RNN_ERROR_FORMAT,
                "not a name");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d','inputs':[]}"), RNN_ERROR_FORMAT,
                "0 were given");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d.e','inputs':['x']}"), RNN_ERROR_FORMAT,
                "'d.e'");
    check_graph(GRAPH(X "," D(",'init_scale':'nan'")), RNN_ERROR_FORMAT, "init_scale of layer d");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d','inputs':['x'],'settings':{'units':0}}"),
                RNN_ERROR_FORMAT, "setting units of layer d is 0");
    check_graph(GRAPH(X ",{'op':'dense','version':1,'name':'d','inputs':['x'],'settings':{'units':1.5}}"),
                RNN_ERROR_FORMAT, "not an integer");
}

TEST(refuses_tensors_that_do_not_fit)
{
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 1, 2);
    check_made(RNN_ERROR_FORMAT, "the graph needs 3 numbers of weights, 2 are there");
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 1, 2);
    add_tensor("d.b", 1, 0);
    check_made(RNN_ERROR_FORMAT, "no tensor \"d.bias\"");
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 2, 1);
    add_tensor("d.bias", 1, 0);
    check_made(RNN_ERROR_FORMAT, "in another shape");
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 1, 2);
    add_tensor("d.bias", 1, 0);
    add_tensor("stray", 1, 0);
    check_made(RNN_ERROR_FORMAT, "1 tensors of the file belong to no layer: \"stray\"");
}

static void check_type(int32_t dtype, rnn_status_t expected, const char *reason)
{
    static const uint64_t zeros[2] = { 0, 0 };
    const int64_t shape[] = { 1, 2 };
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.bias", 1, 0);
    CHECK_OK(rnni_safetensors_add_tensor(writer, "d.weight", dtype, 2, shape, zeros));
    check_made(expected, reason);
}

TEST(takes_weights_of_any_float_type)
{
    check_type(RNN_F64, RNN_OK, NULL);
    check_type(RNN_F16, RNN_OK, NULL);
    check_type(RNN_BF16, RNN_OK, NULL);
    check_type(RNN_I32, RNN_ERROR_FORMAT, "has the type I32, expected floats");
}

TEST(refuses_weights_that_are_not_finite)
{
    const float bad[] = { 0, (float)NAN };
    const double large = 1e300;
    const int64_t shape[] = { 1, 2 };
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.bias", 1, 0);
    CHECK_OK(rnni_safetensors_add_tensor(writer, "d.weight", RNN_F32, 2, shape, bad));
    check_made(RNN_ERROR_DATA, "tensor \"d.weight\": number 1 is not finite");
    if (RNNI_REAL_DTYPE != RNN_F32) return;
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 1, 2);
    CHECK_OK(rnni_safetensors_add_tensor(writer, "d.bias", RNN_F64, 1, shape, &large));
    check_made(RNN_ERROR_DATA, "tensor \"d.bias\": number 0 is not finite");
}

TEST(looks_past_what_a_checkpoint_adds)
{
    begin_file(GRAPH(X "," D("")));
    add_tensor("d.weight", 1, 2);
    add_tensor("d.bias", 1, 0);
    add_tensor("rnn.optimizer.0", 7, 0);
    CHECK_OK(rnni_safetensors_add_metadata(writer, "rnn.train.state", "{"));
    check_made(RNN_OK, NULL);
    begin_file(GRAPH(X "," D("")));
    CHECK_OK(rnni_safetensors_add_metadata(writer, "rnn.scaler", "{}"));
    add_tensor("d.weight", 1, 2);
    add_tensor("d.bias", 1, 0);
    check_made(RNN_ERROR_UNSUPPORTED, "unknown key \"rnn.scaler\"");
}

TEST(refuses_files_of_others)
{
    begin_file(NULL);
    add_tensor("d.weight", 1, 2);
    check_made(RNN_ERROR_FORMAT, "without rnn.model");
}

static void check_text(const char *key, const char *value, rnn_status_t expected, const char *reason)
{
    begin_file("{'format':1,'nodes':[{'op':'input_tokens','version':1,'name':'x','inputs':[]},{'op':"
               "'embedding','version':1,'name':'d','inputs':['x'],'settings':{'units':1,'vocabulary':3}}]," Y
               "}");
    add_tensor("d.weight", 3, 1);
    add_json(key, value);
    check_made(expected, reason);
}

TEST(refuses_bad_tokenizers)
{
    check_text("rnn.tokenizer.x", "{'settings':{},'words':['a','b']}", RNN_OK, NULL);
    check_text("rnn.tokenizer.x", "{'settings':{'x-a':1},'words':[],'x-b':1}", RNN_OK, NULL);
    check_text("rnn.tokenizer.z", "{'settings':{},'words':[]}", RNN_ERROR_FORMAT, "no input named 'z'");
    check_text("rnn.tokenizer.x", "{'settings':{},'words':['a','a']}", RNN_ERROR_FORMAT, "different ones");
    check_text("rnn.tokenizer.x", "{'settings':{},'words':[1]}", RNN_ERROR_FORMAT, "a word of");
    check_text("rnn.tokenizer.x", "{'settings':{},'words':1}", RNN_ERROR_FORMAT, "no array of words");
    check_text("rnn.tokenizer.x", "{'words':[]}", RNN_ERROR_FORMAT, "no settings");
    check_text("rnn.tokenizer.x", "[]", RNN_ERROR_FORMAT, "not a JSON object");
    check_text("rnn.tokenizer.x", "{'settings':{'unit':'byte_pair'},'words':[]}", RNN_ERROR_UNSUPPORTED,
               "\"byte_pair\"");
    check_text("rnn.tokenizer.x", "{'settings':{'merges':1},'words':[]}", RNN_ERROR_UNSUPPORTED,
               "\"merges\"");
    check_text("rnn.tokenizer.x", "{'settings':{},'words':[],'merges':1}", RNN_ERROR_UNSUPPORTED,
               "\"merges\"");
    check_text("rnn.tokenizer.x", "{'settings':{'min_count':0},'words':[]}", RNN_ERROR_FORMAT,
               "out of range");
    check_text("rnn.tokenizer.x", "{'settings':{'max_words':5},'words':['a','b']}", RNN_ERROR_FORMAT, NULL);
}

TEST(refuses_bad_class_names)
{
    check_text("rnn.classes.y", "['a']", RNN_OK, NULL);
    check_text("rnn.classes.z", "['a']", RNN_ERROR_FORMAT, "no output named 'z'");
    check_text("rnn.classes.y", "[1]", RNN_ERROR_FORMAT, "is not a string");
    check_text("rnn.classes.y", "{}", RNN_ERROR_FORMAT, "are not an array");
    check_text("rnn.classes.y", "['a',", RNN_ERROR_FORMAT, "not JSON");
}

/* ---- Files that ask for much ---- */

/* Loads what the writer has with an allocator that counts; the file is refused within a few MiB. */
static void check_hungry(rnn_status_t expected)
{
    counted memory = { 0 };
    rnn_io_t io = { .struct_size = sizeof(io), .write = sample_append, .user = &first };
    CHECK_OK(rnni_safetensors_write_io(writer, &io));
    rnni_safetensors_writer_free(writer);
    rnn_context_t *hungry = counted_context(&memory);
    rnn_status_t status = rnn_model_load_memory(hungry, first.data, (int64_t)first.size, &loaded);
    rnn_context_free(hungry);
    CHECK_STATUS(status, expected);
    CHECK_INT(memory.blocks, 0);
    CHECK(memory.peak < 8 << 20);
    done();
}

TEST(does_not_make_weights_that_are_not_there)
{
    begin_file("{'format':1,'nodes':[" X ",{'op':'dense','version':1,'name':'d','inputs':['x'],'settings':"
               "{'units':16777216}}]," Y "}");
    check_hungry(RNN_ERROR_FORMAT);
    begin_file("{'format':1,'nodes':[{'op':'input_values','version':1,'name':'x','inputs':[],'settings':{"
               "'features':16777216}},{'op':'lstm','version':1,'name':'d','inputs':['x'],'settings':{"
               "'units':16777216}}]," Y "}");
    add_tensor("d.weight_ih_l0", 4, 1);
    add_tensor("d.weight_hh_l0", 4, 1);
    check_hungry(RNN_ERROR_FORMAT);
}

TEST(does_not_stack_layers_that_are_not_there)
{
    rnni_buffer graph = { .context = NULL };
    prepare();
    graph.context = context;
    CHECK_OK(rnni_buffer_add_text(
        &graph, "{'format':1,'nodes':[{'op':'input_values','version':1,'name':'x','inputs':[]}"));
    for (int i = 0; i < 2000; i++)
        CHECK_OK(rnni_buffer_printf(&graph,
                                    ",{'op':'gru','version':1,'name':'d%d','inputs':['x'],'settings':{"
                                    "'layers':64,'direction':'bidirectional'}}",
                                    i));
    CHECK_OK(rnni_buffer_add_text(&graph, "],'outputs':[{'name':'y','node':'d0'}]}"));
    begin_file(graph.data);
    rnni_buffer_clear(&graph);
    check_hungry(RNN_ERROR_FORMAT);
}

/* Each layer twice as wide as the one before, without any weights. */
TEST(does_not_overflow_on_wide_graphs)
{
    rnni_buffer graph = { .context = NULL };
    prepare();
    graph.context = context;
    CHECK_OK(rnni_buffer_add_text(
        &graph, "{'format':1,'nodes':[{'op':'input_values','version':1,'name':'c0','inputs':[]}"));
    for (int i = 1; i <= 70; i++)
        CHECK_OK(rnni_buffer_printf(
            &graph, ",{'op':'concat','version':1,'name':'c%d','inputs':['c%d','c%d']}", i, i - 1, i - 1));
    CHECK_OK(rnni_buffer_add_text(&graph, ",{'op':'lstm','version':1,'name':'l','inputs':['c70']}],"
                                          "'outputs':[{'name':'y','node':'l'}]}"));
    begin_file(graph.data);
    rnni_buffer_clear(&graph);
    add_tensor("l.weight_ih_l0", 4, 1);
    add_tensor("l.weight_hh_l0", 4, 1);
    check_hungry(RNN_ERROR_FORMAT);
}

/* Names that look like those that layers get by themselves. */
TEST(reads_many_layers_quickly)
{
    rnni_buffer graph = { .context = NULL };
    prepare();
    graph.context = context;
    CHECK_OK(rnni_buffer_add_text(
        &graph, "{'format':1,'nodes':[{'op':'input_values','version':1,'name':'x','inputs':[]},"
                "{'op':'dropout','version':1,'name':'dropout','inputs':['x']}"));
    for (int i = 1; i < 5000; i++)
        CHECK_OK(rnni_buffer_printf(
            &graph, ",{'op':'dropout','version':1,'name':'dropout_%d','inputs':['dropout%s%.0d']}", i,
            i > 1 ? "_" : "", i - 1));
    CHECK_OK(rnni_buffer_add_text(&graph, "],'outputs':[{'name':'y','node':'dropout_4999'}]}"));
    begin_file(graph.data);
    rnni_buffer_clear(&graph);
    CHECK_OK(load_made());
    CHECK(rnn_model_layer(loaded, "dropout_4999") != NULL);
    done();
}

static void append_times(rnni_buffer *graph, const char *text, int times)
{
    for (int i = 0; i < times; i++) CHECK_OK(rnni_buffer_add_text(graph, text));
}

TEST(refuses_graphs_that_are_too_large)
{
    prepare();
    rnni_buffer graph = { .context = context };
    append_times(&graph, "{'format':1,'nodes':[" X ",{'op':'concat','version':1,'name':'d','inputs':['x'", 1);
    append_times(&graph, ",'x'", RNNI_MAX_EDGES);
    append_times(&graph, "]}]," Y "}", 1);
    begin_file(graph.data);
    rnni_buffer_clear(&graph);
    check_made(RNN_ERROR_UNSUPPORTED, "have 100001 inputs together, expected at most 100000");
    graph.context = context;
    append_times(&graph, "{'format':1,'nodes':[" X, 1);
    append_times(&graph, "," X, RNNI_MAX_NODES);
    append_times(&graph, "]," Y "}", 1);
    begin_file(graph.data);
    rnni_buffer_clear(&graph);
    check_made(RNN_ERROR_UNSUPPORTED, "has 10001 nodes, expected at most 10000");
}

/* Two layers that start from each other's state. */
TEST(refuses_a_circle)
{
    begin_file("{'format':1,'nodes':[{'op':'input_values','version':1,'name':'x','inputs':[]},"
               "{'op':'gru','version':1,'name':'a','inputs':['x','s']},"
               "{'op':'final_state','version':1,'name':'s','inputs':['a']}],"
               "'outputs':[{'name':'y','node':'a'}]}");
    add_tensor("a.weight_ih_l0", 3, 1);
    add_tensor("a.weight_hh_l0", 3, 1);
    add_tensor("a.bias_ih_l0", 3, 0);
    add_tensor("a.bias_hh_l0", 3, 0);
    check_made(RNN_ERROR_FORMAT, "depends on its own output");
}

/* ---- Weights alone ---- */

static rnni_safetensors *open_first(void)
{
    rnni_safetensors *file = NULL;
    CHECK_OK(rnni_safetensors_open_memory(context, first.data, first.size, &file));
    return file;
}

TEST(reads_weights_into_the_same_graph)
{
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    size_t size = (size_t)model->graph.weight_total * sizeof(rnni_real);
    rnni_real *kept = malloc(size);
    memcpy(kept, model->graph.weights, size);
    memset(model->graph.weights, 0, size);
    rnni_safetensors *file = open_first();
    CHECK_OK(rnni_model_read_weights(model, file));
    rnni_safetensors_close(file);
    CHECK_BYTES(kept, model->graph.weights, size);
    free(kept);
    done();
}

TEST(refuses_weights_of_another_graph)
{
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    rnni_safetensors *file = open_first();
    loaded = sample_whole(context);
    CHECK(loaded != NULL);
    CHECK_STATUS(rnni_model_read_weights(loaded, file), RNN_ERROR_SHAPE);
    rnni_safetensors_close(file);
    done();
}

TEST(keeps_weights_when_others_cannot_be_read)
{
    prepare();
    model = sample_small(context);
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    const uint32_t not_a_number = 0x7FC00000;
    memcpy(first.data + first.size - sizeof(not_a_number), &not_a_number, sizeof(not_a_number));
    size_t size = (size_t)model->graph.weight_total * sizeof(rnni_real);
    rnni_real *kept = malloc(size);
    memcpy(kept, model->graph.weights, size);
    rnni_safetensors *file = open_first();
    rnn_status_t status = rnni_model_read_weights(model, file);
    rnni_safetensors_close(file);
    CHECK_STATUS(status, RNNI_REAL_DTYPE == RNN_F32 ? RNN_ERROR_DATA : RNN_OK);
    if (status != RNN_OK) CHECK_BYTES(kept, model->graph.weights, size);
    free(kept);
    done();
}

/* ---- Lack of memory ---- */

TEST(survives_lack_of_memory_while_saving)
{
    const char *path = temporary_path();
    counted memory = { 0 };
    rnn_context_t *own = counted_context(&memory);
    rnn_model_t *small = sample_small(own);
    CHECK(small != NULL);
    CHECK_OK(rnn_model_save(small, path));
    prepare();
    CHECK_OK(sample_save(small, &first));
    int64_t blocks = memory.blocks, n = 0;
    rnn_status_t status = RNN_ERROR_MEMORY;
    while (status == RNN_ERROR_MEMORY && n < 10000) {
        memory.calls = 0;
        memory.fail_at = ++n;
        status = rnn_model_save(small, path);
        CHECK_INT(memory.blocks, blocks);
        check_file(path, &first);
    }
    unlink(path);
    CHECK_OK(status);
    CHECK(n > 30);
    memory.fail_at = 0;
    rnn_model_free(small);
    rnn_context_free(own);
    CHECK_INT(memory.blocks, 0);
    done();
}

static void check_lack_while_loading(rnn_model_t *sample)
{
    counted memory = { 0 };
    model = sample;
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &first));
    rnn_context_t *own = counted_context(&memory);
    int64_t blocks = memory.blocks, n = 0;
    rnn_status_t status = RNN_ERROR_MEMORY;
    while (status == RNN_ERROR_MEMORY && n < 10000) {
        memory.calls = 0;
        memory.fail_at = ++n;
        status = rnn_model_load_memory(own, first.data, (int64_t)first.size, &loaded);
        if (status != RNN_OK) {
            CHECK_INT(memory.blocks, blocks);
            CHECK(!loaded);
        }
    }
    CHECK_OK(status);
    CHECK(n > 40);
    rnn_context_free(own);
    done();
    CHECK_INT(memory.blocks, 0);
}

TEST(survives_lack_of_memory_while_loading)
{
    prepare();
    check_lack_while_loading(sample_small(context));
    prepare();
    check_lack_while_loading(sample_whole(context));
}

TEST_MAIN
