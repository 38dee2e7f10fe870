/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "train/toy.h"

/* Stateful batches, and batches trained on in windows of steps. */

enum { STEPS = 12, SAMPLES = 64, BATCH = 16 };

/* Tokens -> embedding -> GRU -> softmax over 2 classes at each step; NULL when memory runs out. */
static rnn_model_t *try_model(rnn_context_t *context, double dropout)
{
    rnn_model_t *m = rnn_model_create(context);
    if (!m) return NULL;
    rnn_layer_t *x = rnn_embedding(m, rnn_input_tokens(m, "words"), TOY_WORDS, 4);
    rnn_layer_t *h = rnn_gru(m, x, 8);
    rnn_layer_set_float(h, RNN_LAYER_RECURRENT_DROPOUT, dropout);
    rnn_model_set_output(m, rnn_dense(m, rnn_dropout(m, h, dropout), 2, RNN_SOFTMAX), "answer");
    if (rnn_model_build(m) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

/* A table of ids [samples][steps], and a class for each. */
static rnn_dataset_t *wrap_data(rnn_context_t *context, int64_t samples, int64_t steps, int32_t *ids,
                                int32_t *classes, int64_t *lengths)
{
    rnn_tensor_t *words = toy_wrap(RNN_I32, 2, samples, steps, 0, ids);
    rnn_tensor_t *answers = toy_wrap(RNN_I32, 2, samples, steps, 0, classes);
    rnn_tensor_t *counts = lengths ? toy_wrap(RNN_I64, 1, samples, 0, 0, lengths) : NULL;
    rnn_dataset_t *data = rnn_dataset_create(context);
    rnn_status_t status = data ? rnn_dataset_add_input(data, words, counts) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_dataset_add_target(data, answers, counts);
    rnn_tensor_free(words);
    rnn_tensor_free(answers);
    rnn_tensor_free(counts);
    if (status == RNN_OK) return data;
    rnn_dataset_free(data);
    return NULL;
}

/* Sequences of 1 to STEPS words (`ragged`), or of STEPS; a step's class hangs on the words so far. */
static rnn_dataset_t *try_data(rnn_context_t *context, int64_t samples, int ragged)
{
    static int32_t ids[SAMPLES * STEPS], classes[SAMPLES * STEPS];
    static int64_t lengths[SAMPLES];
    for (int64_t i = 0; i < samples; i++) {
        int32_t sum = 0;
        lengths[i] = ragged ? 1 + toy_number((uint32_t)i) % STEPS : STEPS;
        for (int64_t t = 0; t < STEPS; t++) {
            ids[i * STEPS + t] = (int32_t)(toy_number((uint32_t)(500 + i * STEPS + t)) % TOY_WORDS);
            sum += ids[i * STEPS + t];
            classes[i * STEPS + t] = sum / 3 % 2;
        }
    }
    return wrap_data(context, samples, STEPS, ids, classes, lengths);
}

static toy_run begin(int64_t threads, double dropout, int ragged, int stateful, int64_t steps)
{
    toy_run r = { .context = toy_context(threads) };
    r.model = try_model(r.context, dropout);
    CHECK(r.model);
    r.data = try_data(r.context, SAMPLES, ragged);
    CHECK(r.data);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, 3, BATCH);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_STATEFUL, stateful));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, !stateful));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, steps));
    return r;
}

static int32_t stop_after(const rnn_progress_t *p, void *user)
{
    int *left = user;
    return p->event == RNN_EVENT_BATCH && --*left == 0;
}

static void check_same(toy_run *a, toy_run *b)
{
    static const char *const names[] = { "loss", "accuracy", "val_loss", "val_accuracy" };
    toy_check_same(a->model, b->model);
    CHECK_INT(rnn_trainer_epochs(a->trainer), rnn_trainer_epochs(b->trainer));
    for (int64_t i = 0; i < rnn_trainer_epochs(a->trainer); i++)
        for (int k = 0; k < 4; k++) {
            double u = toy_history(a->trainer, names[k], i), v = toy_history(b->trainer, names[k], i);
            CHECK(u == v || (isnan(u) && isnan(v)));
        }
}

static double loss_of(toy_run *r, rnn_dataset_t *data)
{
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_evaluate(r->trainer, data, &result));
    return result.loss;
}

TEST(one_window_is_ordinary_training)
{
    for (int64_t steps = STEPS; steps < 3 * STEPS; steps += STEPS + 1) {
        toy_run plain = begin(1, 0.25, 1, 0, 0), windows = begin(2, 0.25, 1, 0, steps);
        CHECK_OK(rnn_trainer_fit(plain.trainer, plain.data));
        CHECK_OK(rnn_trainer_fit(windows.trainer, windows.data));
        check_same(&plain, &windows);
        toy_end(&plain);
        toy_end(&windows);
    }
}

TEST(windows_differ_from_ordinary_training)
{
    toy_run plain = begin(1, 0, 1, 0, 0), windows = begin(1, 0, 1, 0, 4);
    CHECK_OK(rnn_trainer_fit(plain.trainer, plain.data));
    CHECK_OK(rnn_trainer_fit(windows.trainer, windows.data));
    CHECK(!toy_is_same(plain.model, windows.model));
    toy_end(&plain);
    toy_end(&windows);
}

/* At a vanishing rate the losses of all windows are those of the whole sequences, short ones among them. */
TEST(windows_add_up_to_the_whole)
{
    toy_run r = begin(1, 0, 1, 0, 0);
    double whole = loss_of(&r, r.data);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BATCH, 40)); /* and a short one */
    for (int64_t steps = 1; steps <= 5; steps += 2) {
        CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 1e-30));
        CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, steps));
        CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_EPOCHS, 1));
        CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
        CHECK_NEAR(toy_history(r.trainer, "loss", rnn_trainer_epochs(r.trainer) - 1), whole, 1e-6);
    }
    toy_end(&r);
}

/* Steps of padding in targets of values do not count, in windows either. */
TEST(marks_are_cut_too)
{
    toy_run r = { .context = toy_context(1) };
    static int32_t ids[SAMPLES * STEPS];
    static float numbers[SAMPLES * STEPS];
    static int64_t lengths[SAMPLES];
    for (uint32_t i = 0; i < SAMPLES * STEPS; i++) {
        ids[i] = (int32_t)(toy_number(i) % TOY_WORDS);
        numbers[i] = (float)(toy_number(i + 5000) % 7);
    }
    for (uint32_t i = 0; i < SAMPLES; i++) lengths[i] = 1 + toy_number(i) % STEPS;
    rnn_tensor_t *words = toy_wrap(RNN_I32, 2, SAMPLES, STEPS, 0, ids);
    rnn_tensor_t *targets = toy_wrap(RNN_F32, 3, SAMPLES, STEPS, 1, numbers);
    rnn_tensor_t *counts = toy_wrap(RNN_I64, 1, SAMPLES, 0, 0, lengths);
    r.data = rnn_dataset_create(r.context);
    CHECK_OK(rnn_dataset_add_input(r.data, words, counts));
    CHECK_OK(rnn_dataset_add_target(r.data, targets, counts));
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_PAD, RNN_PAD_PRE));
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_MAX_LENGTH, STEPS));
    r.model = rnn_model_create(r.context);
    rnn_layer_t *x = rnn_embedding(r.model, rnn_input_tokens(r.model, "words"), TOY_WORDS, 4);
    rnn_model_set_output(r.model, rnn_dense(r.model, rnn_lstm(r.model, x, 6), 1, RNN_LINEAR), "answer");
    CHECK_OK(rnn_model_build(r.model));
    r.trainer = toy_trainer(r.model, RNN_LOSS_MSE, 1, BATCH);
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 1e-30));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, 5));
    double whole = loss_of(&r, r.data);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_NEAR(toy_history(r.trainer, "loss", 0), whole, 1e-4);
    rnn_tensor_free(words);
    rnn_tensor_free(targets);
    rnn_tensor_free(counts);
    toy_end(&r);
}

/* A run that was stopped within a batch goes on without windows when it is told so. */
TEST(windows_taken_away_within_a_batch)
{
    toy_run first = begin(1, 0, 0, 0, 5), second = begin(1, 0, 0, 0, 0);
    int updates = 1;
    const char *path = toy_path("away");
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_after, &updates));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_set_int(second.trainer, RNN_TRAIN_BPTT_STEPS, 0));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    CHECK_INT(rnn_trainer_epochs(second.trainer), 3);
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

/* ---- Sequences that go on from batch to batch ---- */

enum { ROWS = 16, PIECES = 6, PIECE = 4, LONG = PIECES * PIECE };

/* The first word of each of ROWS long sequences is 1 or 2; every step is to answer which. As PIECES batches
 * of pieces, or whole. */
static rnn_dataset_t *memory_data(rnn_context_t *context, int pieces)
{
    static int32_t ids[ROWS * LONG], classes[ROWS * LONG];
    for (int i = 0; i < ROWS; i++)
        for (int t = 0; t < LONG; t++) {
            int at = pieces ? (t / PIECE * ROWS + i) * PIECE + t % PIECE : i * LONG + t;
            ids[at] = t == 0 ? 1 + i % 2 : 3;
            classes[at] = i % 2;
        }
    rnn_dataset_t *data = pieces ? wrap_data(context, ROWS * PIECES, PIECE, ids, classes, NULL)
                                 : wrap_data(context, ROWS, LONG, ids, classes, NULL);
    CHECK(data);
    return data;
}

/* Accuracy after training on what memory_data gives. */
static double remember(int pieces, int stateful, int64_t steps)
{
    toy_run r = begin(2, 0, 0, stateful, steps);
    rnn_dataset_t *data = memory_data(r.context, pieces);
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_EPOCHS, 60));
    CHECK_OK(rnn_trainer_fit(r.trainer, data));
    CHECK_OK(rnn_trainer_evaluate(r.trainer, data, &result));
    rnn_dataset_free(data);
    toy_end(&r);
    return result.accuracy;
}

TEST(stateful_batches_learn_what_pieces_cannot)
{
    CHECK_NEAR(remember(1, 1, 0), 1, 0);
    CHECK_NEAR(remember(1, 1, 2), 1, 0);
    double stateless = remember(1, 0, 0);
    CHECK(stateless < 0.6);
}

/* The same with one answer a piece, as Keras' return_sequences=False gives it. */
static double remember_in_answers(int stateful)
{
    toy_run r = { .context = toy_context(1) };
    static int32_t ids[ROWS * LONG], classes[ROWS * PIECES];
    rnn_result_t result = { .struct_size = sizeof(result) };
    for (int i = 0; i < ROWS * PIECES; i++) {
        for (int t = 0; t < PIECE; t++) ids[i * PIECE + t] = i < ROWS && t == 0 ? 1 + i % 2 : 3;
        classes[i] = i % 2;
    }
    rnn_tensor_t *words = toy_wrap(RNN_I32, 2, ROWS * PIECES, PIECE, 0, ids);
    rnn_tensor_t *answers = toy_wrap(RNN_I32, 1, ROWS * PIECES, 0, 0, classes);
    r.data = rnn_dataset_create(r.context);
    CHECK_OK(rnn_dataset_add_input(r.data, words, NULL));
    CHECK_OK(rnn_dataset_add_target(r.data, answers, NULL));
    rnn_tensor_free(words);
    rnn_tensor_free(answers);
    r.model = toy_built(r.context, 2, RNN_SOFTMAX, 0);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, 60, ROWS);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_STATEFUL, stateful));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_evaluate(r.trainer, r.data, &result));
    toy_end(&r);
    return result.accuracy;
}

TEST(stateful_batches_with_one_answer_each)
{
    CHECK_NEAR(remember_in_answers(1), 1, 0);
    CHECK(remember_in_answers(0) < 0.7);
}

TEST(windows_learn_over_their_borders) { CHECK_NEAR(remember(0, 0, PIECE), 1, 0); }

/* Stateful evaluation of pieces is that of the whole, and so is a training epoch at a vanishing rate. */
TEST(stateful_pieces_are_the_whole)
{
    toy_run r = begin(2, 0, 0, 1, 0);
    rnn_dataset_t *whole = memory_data(r.context, 0), *pieces = memory_data(r.context, 1);
    double loss = loss_of(&r, whole);
    for (int i = 0; i < 2; i++) CHECK_NEAR(loss_of(&r, pieces), loss, 1e-6);
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 1e-30));
    CHECK_OK(rnn_trainer_set_validation(r.trainer, pieces));
    for (int64_t steps = 0; steps <= 3; steps += 3) {
        CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, steps));
        CHECK_OK(rnn_trainer_fit(r.trainer, pieces));
    }
    for (int64_t i = 0; i < 6; i++) {
        CHECK_NEAR(toy_history(r.trainer, "loss", i), loss, 1e-6);
        CHECK_NEAR(toy_history(r.trainer, "val_loss", i), loss, 1e-6);
    }
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_STATEFUL, 0));
    CHECK(fabs(loss_of(&r, pieces) - loss) > 1e-5);
    CHECK_NEAR(loss_of(&r, whole), loss, 1e-6);
    rnn_dataset_free(whole);
    rnn_dataset_free(pieces);
    toy_end(&r);
}

TEST(batches_of_one_update_go_on_too)
{
    toy_run r = begin(1, 0, 0, 1, 0);
    rnn_dataset_t *whole = memory_data(r.context, 0), *pieces = memory_data(r.context, 1);
    double loss = loss_of(&r, whole);
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 1e-30));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_ACCUMULATE, 4));
    CHECK_OK(rnn_trainer_fit(r.trainer, pieces));
    CHECK_NEAR(toy_history(r.trainer, "loss", 2), loss, 1e-6);
    rnn_dataset_free(whole);
    rnn_dataset_free(pieces);
    toy_end(&r);
}

/* ---- Interrupted and resumed ---- */

static void interrupt(int stateful, int64_t steps, int updates)
{
    toy_run whole = begin(1, 0.25, 1, stateful, steps), first = begin(2, 0.25, 1, stateful, steps),
            second = begin(3, 0.25, 1, 0, 0);
    const char *path = toy_path("checkpoint");
    CHECK_OK(rnn_trainer_set_float(whole.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.25));
    CHECK_OK(rnn_trainer_set_float(first.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.25));
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_after, &updates));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    loss_of(&first, first.data); /* changes nothing of the run */
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    toy_check_same(first.model, second.model);
    CHECK_OK(rnn_trainer_save(second.trainer, path)); /* once more, before it goes on */
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

TEST(resumed_runs_are_the_same_bits)
{
    static const int updates[] = { 1, 3, 4, 5, 9, 13 };
    for (size_t i = 0; i < sizeof(updates) / sizeof(*updates); i++) {
        interrupt(0, 4, updates[i]);
        interrupt(1, 5, updates[i]);
        if (updates[i] < 9) interrupt(1, 0, updates[i]);
    }
}

/* Passes of one's own between a stop and the next fit begin at zero states. */
TEST(own_passes_are_not_stateful)
{
    toy_run r = begin(1, 0, 0, 1, 5);
    int updates = 2;
    double before = 0, after = 0;
    rnn_batch_t *batch = rnn_batch_create(r.context);
    int32_t ids[4] = { 1, 2, 3, 4 }, classes[4] = { 0, 1, 0, 1 };
    rnn_tensor_t *words = toy_wrap(RNN_I32, 2, 2, 2, 0, ids);
    rnn_tensor_t *answers = toy_wrap(RNN_I32, 2, 2, 2, 0, classes);
    CHECK_OK(rnn_batch_set_input(batch, 0, words, NULL));
    CHECK_OK(rnn_batch_set_target(batch, 0, answers, NULL));
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 1e-30));
    CHECK_OK(rnn_trainer_forward(r.trainer, batch, &before));
    CHECK_OK(rnn_trainer_set_callback(r.trainer, stop_after, &updates));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_forward(r.trainer, batch, &after));
    CHECK_NEAR(before, after, 0);
    rnn_tensor_free(words);
    rnn_tensor_free(answers);
    rnn_batch_free(batch);
    toy_end(&r);
}

/* ---- Errors ---- */

static void check_refused(toy_run *r, rnn_status_t status, const char *line)
{
    CHECK_STATUS(rnn_trainer_fit(r->trainer, r->data), status);
    CHECK(strstr(rnn_last_error(), line));
}

TEST(what_does_not_go_together)
{
    toy_run r = begin(1, 0, 0, 1, 0);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 1));
    check_refused(&r, RNN_ERROR_ARGUMENT, "RNN_TRAIN_SHUFFLE 0");
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BATCH, 10));
    check_refused(&r, RNN_ERROR_DATA, "64 samples do not fill batches of 10");
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BATCH, 12));
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.25)); /* 48 and 16 */
    check_refused(&r, RNN_ERROR_DATA, "16 samples do not fill batches of 12");
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BATCH, BATCH));
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_BUCKET, 2));
    check_refused(&r, RNN_ERROR_ARGUMENT, "RNN_DATA_BUCKET");
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_BUCKET, 0));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, 4));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_ACCUMULATE, 2));
    check_refused(&r, RNN_ERROR_ARGUMENT, "RNN_TRAIN_ACCUMULATE is 2, expected 1");
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_ACCUMULATE, 1));
    CHECK_STATUS(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, -1), RNN_ERROR_RANGE);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 0);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    toy_end(&r);
}

TEST(outputs_a_sequence_are_refused)
{
    toy_run r = { .context = toy_context(1) };
    r.model = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    r.data = toy_data(r.context, 40, 3);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, 2));
    check_refused(&r, RNN_ERROR_UNSUPPORTED, "output 'answer' gives one answer a sequence");
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, 0));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    toy_end(&r);
}

TEST(layers_that_look_ahead_are_refused)
{
    toy_run r = { .context = toy_context(1) };
    r.model = rnn_model_create(r.context);
    rnn_layer_t *words = rnn_input_tokens(r.model, "words");
    rnn_layer_t *h = rnn_gru(r.model, rnn_embedding(r.model, words, TOY_WORDS, 4), 8);
    rnn_layer_set_int(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    rnn_model_set_output(r.model, rnn_dense(r.model, h, 2, RNN_SOFTMAX), "answer");
    CHECK_OK(rnn_model_build(r.model));
    r.data = try_data(r.context, SAMPLES, 1);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BPTT_STEPS, 2));
    check_refused(&r, RNN_ERROR_UNSUPPORTED, "layer gru");
    toy_end(&r);
}

/* ---- Memory ---- */

static int whole_run(rnn_context_t *context)
{
    if (rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1) != RNN_OK) return 0;
    rnn_model_t *model = try_model(context, 0.5);
    rnn_dataset_t *data = model ? try_data(context, 8, 1) : NULL;
    rnn_trainer_t *t = data ? rnn_trainer_create(model) : NULL;
    int updates = 3;
    rnn_status_t status = t ? rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY) : RNN_ERROR_MEMORY;
    if (t) {
        CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_BATCH, 4));
        CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SHUFFLE, 0));
        CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_STATEFUL, 1));
        CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_BPTT_STEPS, 5));
        CHECK_OK(rnn_trainer_set_callback(t, stop_after, &updates));
        CHECK_OK(rnn_trainer_set_validation(t, data));
    }
    if (status == RNN_OK) {
        status = rnn_trainer_fit(t, data);
        if (status == RNN_STOPPED) status = rnn_trainer_save(t, toy_path("memory"));
        if (status == RNN_OK) status = rnn_trainer_resume(t, toy_path("memory"));
        if (status == RNN_OK) status = rnn_trainer_fit(t, data);
    }
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    return status == RNN_OK;
}

TEST(every_request_for_memory_may_fail)
{
    every_failure(whole_run, 3000);
    remove(toy_path("memory"));
}

TEST_MAIN
