/* SPDX-License-Identifier: MIT */
/* Models of reduced precision: near the float model, back to it, through files and clones with the same bits,
 * and what is refused. That batches, streams
 * and threads do not matter at any precision is tests/determinism. */
#include "core/failing.h"
#include "model/zoo.h"

enum { COUNT = 5, STEPS = 9, REDUCED = RNN_PRECISION_INT8_WEIGHTS };

static rnn_tensor_t *run(rnn_model_t *model, const zoo_row *row)
{
    rnn_batch_t *batch = help_batch(zoo_data(row, COUNT, STEPS, 3), NULL);
    rnn_tensor_t *output = help_run(model, batch);
    rnn_batch_free(batch);
    return output;
}

static const zoo_row *row_named(const char *name)
{
    for (int i = 0; i < ZOO_ROWS; i++)
        if (strcmp(zoo[i].name, name) == 0) return &zoo[i];
    return NULL;
}

/* Relative L2 distance. */
static double distance(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    double difference = 0, size = 0;
    for (int64_t i = 0; i < rnn_tensor_count(a); i++) {
        double d = rnn_tensor_get(a, i) - rnn_tensor_get(b, i);
        difference += d * d;
        size += rnn_tensor_get(a, i) * rnn_tensor_get(a, i);
    }
    return sqrt(difference / (size + 1e-30));
}

/* The zoo's weights are random and large (up to 0.5), so errors here are larger than in trained models. */
TEST(every_model_is_near_and_comes_back)
{
    static const double largest[] = { 0, 2e-2, 8e-2, 5e-2 };
    double worst[REDUCED + 1] = { 0 };
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        rnn_tensor_t *exact = run(model, &zoo[i]);
        for (int32_t p = 1; p <= REDUCED; p++) {
            CHECK_OK(rnn_model_set_precision(model, p));
            CHECK_INT(rnn_model_precision(model), p);
            rnn_tensor_t *near = run(model, &zoo[i]);
            double error = distance(exact, near);
            if (error > worst[p]) worst[p] = error;
            if (error > largest[p]) printf("%s at %s: %g\n", zoo[i].name, rnn_precision_name(p), error);
            CHECK(error <= largest[p] && (error > 0 || strcmp(zoo[i].name, "pools") == 0 ||
                                          strcmp(zoo[i].name, "batch norm") == 0));
            rnn_tensor_free(near);
        }
        CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_F32));
        rnn_tensor_t *again = run(model, &zoo[i]);
        help_same(exact, again);
        rnn_tensor_free(again);
        rnn_tensor_free(exact);
        rnn_model_free(model);
    }
    printf("largest errors: bf16 %.2g, int8 %.2g, int8_weights %.2g\n", worst[1], worst[2], worst[3]);
}

/* ---- files */

typedef struct {
    char *bytes;
    int64_t size, room;
} memory;

static int64_t put(const void *data, int64_t size, void *user)
{
    memory *m = user;
    if (m->size + size > m->room) {
        m->room = 2 * (m->size + size);
        m->bytes = realloc(m->bytes, (size_t)m->room);
        CHECK(m->bytes != NULL);
    }
    memcpy(m->bytes + m->size, data, (size_t)size);
    m->size += size;
    return size;
}

static memory save(const rnn_model_t *model)
{
    memory m = { 0 };
    rnn_io_t io = { .struct_size = sizeof io, .user = &m, .write = put };
    CHECK_OK(rnn_model_save_io(model, &io));
    return m;
}

static rnn_model_t *load(memory m)
{
    rnn_model_t *model = NULL;
    CHECK_OK(rnn_model_load_memory(NULL, m.bytes, m.size, &model));
    return model;
}

TEST(files_and_clones_give_the_same_bits)
{
    for (int i = 0; i < ZOO_ROWS; i++)
        for (int32_t p = 1; p <= REDUCED; p++) {
            rnn_model_t *model = zoo_make(NULL, &zoo[i]);
            CHECK_OK(rnn_model_set_precision(model, p));
            memory file = save(model);
            rnn_model_t *loaded = load(file), *clone = rnn_model_clone(model),
                        *second = rnn_model_clone(loaded);
            CHECK(clone && second);
            CHECK_INT(rnn_model_precision(loaded), p);
            CHECK_INT(rnn_model_precision(clone), p);
            CHECK_INT(rnn_model_precision(second), p);
            rnn_tensor_t *a = run(model, &zoo[i]), *b = run(loaded, &zoo[i]), *c = run(clone,
                    &zoo[i]), *d = run(second, &zoo[i]);
            help_same(a, b);
            help_same(a, c);
            help_same(a, d);
            memory again = save(loaded);
            CHECK_INT(again.size, file.size);
            CHECK_BYTES(again.bytes, file.bytes, (size_t)file.size);
            CHECK_OK(rnn_model_set_precision(clone, RNN_PRECISION_F32));
            free(again.bytes);
            free(file.bytes);
            rnn_tensor_free(a);
            rnn_tensor_free(b);
            rnn_tensor_free(c);
            rnn_tensor_free(d);
            rnn_model_free(second);
            rnn_model_free(clone);
            rnn_model_free(loaded);
            rnn_model_free(model);
        }
}

static rnn_model_t *large(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(model, "x", 128);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, rnn_lstm(model, x, 128), 64, RNN_SOFTMAX), "y"));
    CHECK_OK(rnn_model_build(model));
    return model;
}

TEST(sizes)
{
    rnn_model_t *model = large();
    int64_t matrices = 4 * 128 * 256 + 64 * 128, vectors = 4 * (4 * 128 + 64), rows = 2 * 4 * 128 + 64;
    CHECK_INT(rnn_model_weight_bytes(model), (int64_t)sizeof(float) * matrices + vectors);
    memory f32 = save(model);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_BF16));
    CHECK_INT(rnn_model_weight_bytes(model), 2 * matrices + vectors);
    memory bf16 = save(model);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    CHECK_INT(rnn_model_weight_bytes(model), matrices + 4 * rows + vectors);
    memory int8 = save(model);
    CHECK(bf16.size < f32.size * 0.52 && int8.size < f32.size * 0.28);
    CHECK(int8.size > rnn_model_weight_bytes(model) && int8.size < rnn_model_weight_bytes(model) + 4096);
    free(f32.bytes);
    free(bf16.bytes);
    free(int8.bytes);
    rnn_model_free(model);
    CHECK_INT(rnn_model_weight_bytes(NULL), 0);
}

/* ---- what may be done and what not */

TEST(from_a_file_without_float_weights)
{
    rnn_model_t *model = large();
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8_WEIGHTS));
    memory file = save(model);
    rnn_model_t *loaded = load(file);
    CHECK_STATUS(rnn_model_set_precision(loaded, RNN_PRECISION_F32), RNN_ERROR_STATE);
    CHECK(strstr(rnn_last_error(), "int8_weights") != NULL);
    CHECK_STATUS(rnn_model_set_precision(loaded, RNN_PRECISION_BF16), RNN_ERROR_STATE);
    CHECK_OK(rnn_model_set_precision(loaded, RNN_PRECISION_INT8));
    CHECK_OK(rnn_model_set_precision(loaded, RNN_PRECISION_INT8_WEIGHTS));
    memory again = save(loaded);
    CHECK_INT(again.size, file.size);
    CHECK_BYTES(again.bytes, file.bytes, (size_t)file.size);
    free(again.bytes);
    free(file.bytes);
    rnn_model_free(loaded);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_BF16));
    file = save(model);
    loaded = load(file);
    CHECK_STATUS(rnn_model_set_precision(loaded, RNN_PRECISION_INT8), RNN_ERROR_STATE);
    CHECK_INT(rnn_model_precision(loaded), RNN_PRECISION_BF16);
    free(file.bytes);
    rnn_model_free(loaded);
    rnn_model_free(model);
}

TEST(what_is_refused)
{
    rnn_model_t *model = rnn_model_create(NULL);
    CHECK_STATUS(rnn_model_set_precision(NULL, RNN_PRECISION_INT8), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_precision(model, RNN_PRECISION_INT8), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_model_set_precision(model, REDUCED + 1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_set_precision(model, -1), RNN_ERROR_RANGE);
    CHECK_INT(rnn_model_precision(model), RNN_PRECISION_F32);
    CHECK_INT(rnn_model_weight_bytes(model), 0);
    CHECK_STR(rnn_precision_name(RNN_PRECISION_INT8), "int8");
    CHECK(rnn_precision_name(-1) == NULL && rnn_precision_name(REDUCED + 1) == NULL);
    rnn_model_free(model);
}

TEST(states_of_another_precision_are_refused)
{
    rnn_model_t *model = zoo_make(NULL, row_named("lstm")), *words = zoo_make(NULL, row_named("words"));
    rnn_state_t *state = rnn_state_create(model), *token = rnn_state_create(words);
    float in[ZOO_FEATURES] = { 0.3f }, out[ZOO_VOCABULARY] = { 7 };
    CHECK_OK(rnn_state_step(state, in, out));
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    CHECK_OK(rnn_model_set_precision(words, RNN_PRECISION_BF16));
    out[0] = 7;
    CHECK_STATUS(rnn_state_step(state, in, out), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_state_step_token(token, 1, out), RNN_ERROR_STATE);
    CHECK(out[0] == 7);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_F32));
    CHECK_STATUS(rnn_state_step(state, in, out), RNN_ERROR_STATE);
    rnn_state_free(state);
    rnn_state_free(token);
    rnn_model_free(words);
    rnn_model_free(model);
}

TEST(training_is_refused)
{
    rnn_model_t *model = zoo_make(NULL, row_named("tagger"));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK(trainer != NULL);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    rnn_batch_t *batch = help_batch(zoo_data(row_named("tagger"), 3, STEPS, 1), NULL);
    int64_t classes[3 * STEPS] = { 0 }, shape[2] = { 3, STEPS };
    rnn_tensor_t *target = rnn_tensor_wrap(NULL, RNN_I64, 2, shape, NULL, classes);
    CHECK(target != NULL);
    CHECK_OK(rnn_batch_set_target(batch, 0, target, NULL));
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    CHECK_STATUS(rnn_trainer_forward(trainer, batch, NULL), RNN_ERROR_STATE);
    CHECK(strstr(rnn_last_error(), "int8") && strstr(rnn_last_error(), "training"));
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_F32));
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_trainer_backward(trainer));
    rnn_tensor_free(target);
    rnn_batch_free(batch);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
}

/* ---- weights */

TEST(weights_are_shown_rounded_and_rounded_when_set)
{
    rnn_model_t *model = zoo_make(NULL, row_named("last"));
    rnn_tensor_t *view = rnn_model_weight(model, "lstm.weight_hh_l0"), *bias = rnn_model_weight(model,
            "lstm.bias_ih_l0");
    rnn_tensor_t *floats = help_copy(view), *same_bias = help_copy(bias);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    double largest = 0;
    for (int64_t i = 0; i < rnn_tensor_count(view); i++) largest = fmax(largest,
            fabs(rnn_tensor_get(view, i) - rnn_tensor_get(floats, i)));
    CHECK(largest > 0 && largest <= 0.5 / 127 / 2 * 1.001);
    help_same(bias, same_bias);
    rnn_tensor_t *before = run(model, row_named("last"));
    help_fill(floats, 77, 0.3);
    CHECK_OK(rnn_model_set_weight(model, "lstm.weight_hh_l0", floats));
    rnn_tensor_t *after = run(model, row_named("last"));
    CHECK(distance(before, after) > 1e-3);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_F32));
    for (int64_t i = 0; i < rnn_tensor_count(view); i++) CHECK(rnn_tensor_get(view,
            i) == rnn_tensor_get(floats, i));
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    rnn_tensor_t *again = run(model, row_named("last"));
    help_same(after, again);
    rnn_tensor_free(again);
    rnn_tensor_free(after);
    rnn_tensor_free(before);
    rnn_tensor_free(same_bias);
    rnn_tensor_free(floats);
    rnn_tensor_free(bias);
    rnn_tensor_free(view);
    rnn_model_free(model);
}

/* ---- memory */

static int change_and_save(rnn_context_t *context)
{
    rnn_model_t *model = rnn_model_create(context), *loaded = NULL, *clone = NULL;
    rnn_layer_t *x = model ? rnn_input_values(model, "x", 3) : NULL;
    int ok = x && rnn_model_set_output(model, rnn_dense(model, rnn_gru(model, x, 5), 2, RNN_TANH),
                                       "y") == RNN_OK && rnn_model_build(model) == RNN_OK;
    for (int32_t p = RNN_PRECISION_INT8; ok && p >= RNN_PRECISION_F32; p--) {
        int32_t before = rnn_model_precision(model);
        ok = rnn_model_set_precision(model, p) == RNN_OK;
        CHECK_INT(rnn_model_precision(model), ok ? p : before);
    }
    ok = ok && rnn_model_set_precision(model, RNN_PRECISION_INT8) == RNN_OK &&
         (clone = rnn_model_clone(model)) != NULL;
    memory m = { 0 };
    rnn_io_t io = { .struct_size = sizeof io, .user = &m, .write = put };
    ok = ok && rnn_model_save_io(model, &io) == RNN_OK && rnn_model_load_memory(context, m.bytes, m.size,
            &loaded) == RNN_OK;
    free(m.bytes);
    rnn_model_free(loaded);
    rnn_model_free(clone);
    rnn_model_free(model);
    return ok;
}

TEST(no_memory) { every_failure(change_and_save, 3000); }

TEST_MAIN
