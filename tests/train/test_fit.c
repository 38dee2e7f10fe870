/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <pthread.h>

static toy_run begin(int64_t samples, int64_t epochs, int64_t batch)
{
    toy_run r = { .context = toy_context(2) };
    r.model = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    r.data = toy_data(r.context, samples, 3);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, epochs, batch);
    return r;
}

TEST(loss_falls_and_separable_data_are_learned)
{
    toy_run r = begin(200, 20, 16);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK(toy_history(r.trainer, "loss", 19) < 0.1 * toy_history(r.trainer, "loss", 0));
    CHECK_NEAR(toy_history(r.trainer, "accuracy", 19), 1, 0);
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_evaluate(r.trainer, r.data, &result));
    CHECK_NEAR(result.accuracy, 1, 0);
    CHECK_NEAR(result.macro_f1, 1, 0);
    CHECK_INT(result.count, 200);
    toy_end(&r);
}

TEST(binary_output_is_learned)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *model = toy_built(context, 1, RNN_SIGMOID, 0);
    rnn_dataset_t *data = toy_data(context, 200, 2);
    rnn_trainer_t *t = toy_trainer(model, RNN_LOSS_BINARY_CROSS_ENTROPY, 25, 16);
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_NEAR(toy_history(t, "accuracy", 24), 1, 0);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

TEST(history_has_one_figure_an_epoch)
{
    toy_run r = begin(50, 3, 16);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 0);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_INT(rnn_trainer_epochs(r.trainer), 3);
    const char *names[] = { "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate" };
    for (int i = 0; i < 6; i++) {
        rnn_tensor_t *figures = rnn_trainer_history(r.trainer, names[i]);
        CHECK_INT(rnn_tensor_rank(figures), 1);
        CHECK_INT(rnn_tensor_count(figures), 3);
        CHECK_INT(rnn_tensor_dtype(figures), RNN_F64);
        rnn_tensor_free(figures);
    }
    CHECK(isnan(toy_history(r.trainer, "val_loss", 2)));
    CHECK_NEAR(toy_history(r.trainer, "learning_rate", 1), 0.02, 0);
    CHECK(rnn_trainer_history(r.trainer, "f1") == NULL);
    toy_end(&r);
}

TEST(fit_again_trains_as_many_epochs_more)
{
    toy_run r = begin(50, 2, 16);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_INT(rnn_trainer_epochs(r.trainer), 4);
    toy_end(&r);
}

TEST(no_epochs_change_nothing)
{
    toy_run r = begin(50, 0, 16);
    rnn_model_t *other = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    toy_check_same(r.model, other);
    rnn_model_free(other);
    toy_end(&r);
}

/* 10 samples, split 0.35: the last 3 are for validation. Training on the first 7 alone has to give the same
 * weights. */
TEST(validation_split_is_the_last_floor_part)
{
    toy_run r = begin(10, 3, 4), s = begin(10, 3, 4);
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.35));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    rnn_dataset_t *first, *last;
    CHECK_OK(rnn_dataset_slice(s.data, 0, 7, &first));
    CHECK_OK(rnn_dataset_slice(s.data, 7, 3, &last));
    CHECK_OK(rnn_trainer_set_validation(s.trainer, last));
    CHECK_OK(rnn_trainer_fit(s.trainer, first));
    toy_check_same(r.model, s.model);
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_evaluate(s.trainer, last, &result));
    CHECK_NEAR(toy_history(r.trainer, "val_loss", 2), result.loss, 0);
    CHECK_NEAR(toy_history(r.trainer, "val_accuracy", 2), result.accuracy, 0);
    CHECK_NEAR(toy_history(s.trainer, "val_loss", 1), toy_history(r.trainer, "val_loss", 1), 0);
    rnn_dataset_free(first);
    rnn_dataset_free(last);
    toy_end(&r);
    toy_end(&s);
}

TEST(same_bits_for_any_number_of_threads)
{
    rnn_model_t *models[3];
    for (int i = 0; i < 3; i++) {
        rnn_context_t *context = toy_context(i + 1);
        models[i] = toy_built(context, 3, RNN_SOFTMAX, 0.3);
        rnn_dataset_t *data = toy_data(context, 300, 3);
        rnn_trainer_t *t = toy_trainer(models[i], RNN_LOSS_CROSS_ENTROPY, 2, 128);
        CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_CLIP_NORM, 0.5));
        CHECK_OK(rnn_trainer_fit(t, data));
        rnn_trainer_free(t);
        rnn_dataset_free(data);
        rnn_context_free(context);
    }
    toy_check_same(models[0], models[1]);
    toy_check_same(models[0], models[2]);
    for (int i = 0; i < 3; i++) rnn_model_free(models[i]);
}

static int32_t count_batches(const rnn_progress_t *p, void *user)
{
    if (p->event == RNN_EVENT_EPOCH) *(int64_t *)user = p->batch;
    return 0;
}

/* What the dataset says about balance and order is in fit's batches. */
TEST(balanced_data_have_other_batches)
{
    toy_run r = begin(50, 1, 1);
    int64_t batches = 0;
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_batches, &batches));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_INT(batches, 50);
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_BALANCE, 2)); /* fewer samples of the larger classes */
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK(batches > 0 && batches < 50);
    CHECK_OK(rnn_dataset_set_int(r.data, RNN_DATA_BALANCE, 1)); /* samples of the smaller ones repeated */
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK(batches > 50);
    toy_end(&r);
}

TEST(shuffling_and_seed_matter)
{
    toy_run r[3];
    for (int i = 0; i < 3; i++) r[i] = begin(60, 2, 8);
    CHECK_OK(rnn_trainer_set_int(r[1].trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_int(r[2].trainer, RNN_TRAIN_SEED, 8));
    for (int i = 0; i < 3; i++) CHECK_OK(rnn_trainer_fit(r[i].trainer, r[i].data));
    CHECK(!toy_is_same(r[0].model, r[1].model));
    CHECK(!toy_is_same(r[0].model, r[2].model));
    for (int i = 0; i < 3; i++) toy_end(&r[i]);
}

/* ---- Events ---- */

typedef struct events {
    int begins, batches, epochs, ends, stop_at_batch, stop_at_epoch;
    int64_t last_batch, last_batches;
    double seconds, first_loss, last_loss, norm;
    rnn_trainer_t *trainer;
    int32_t request;
} events;

static int32_t count_events(const rnn_progress_t *p, void *user)
{
    events *e = user;
    e->begins += p->event == RNN_EVENT_FIT_BEGIN;
    e->ends += p->event == RNN_EVENT_FIT_END;
    e->last_loss = p->loss;
    if (p->event == RNN_EVENT_BATCH) {
        if (e->batches++ == 0) e->first_loss = p->loss;
        e->last_batch = p->batch;
        e->last_batches = p->batches;
        e->norm = p->gradient_norm;
        if (e->request && e->batches == 3) rnn_trainer_request(e->trainer, e->request);
        return e->batches == e->stop_at_batch;
    }
    if (p->event != RNN_EVENT_EPOCH) return 0;
    e->epochs++;
    return e->epochs == e->stop_at_epoch;
}

TEST(events_come_in_their_number)
{
    toy_run r = begin(50, 3, 16);
    events e = { 0 }, f = { 0 };
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_events, &e));
    CHECK_OK(rnn_trainer_set_progress(r.trainer, count_events, &f));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_INT(e.begins, 1);
    CHECK_INT(e.batches, 3 * 4);
    CHECK_INT(e.epochs, 3);
    CHECK_INT(e.ends, 1);
    CHECK_INT(e.last_batch, 4);
    CHECK_INT(e.last_batches, 4);
    CHECK(isnan(e.norm));
    CHECK_NEAR(e.last_loss, toy_history(r.trainer, "loss", 2), 0);
    CHECK_INT(f.batches, 12);
    toy_end(&r);
}

TEST(norm_is_told_when_clipping)
{
    toy_run r = begin(50, 1, 16);
    events e = { 0 };
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_TRAIN_CLIP_NORM, 1));
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_events, &e));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK(e.norm > 0);
    toy_end(&r);
}

TEST(callback_stops_after_a_batch)
{
    toy_run r = begin(50, 3, 16);
    events e = { .stop_at_batch = 6 };
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_events, &e));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    CHECK_INT(e.batches, 6);
    CHECK_INT(e.ends, 1);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 1);
    toy_end(&r);
}

TEST(callback_stops_after_an_epoch)
{
    toy_run r = begin(50, 3, 16);
    events e = { .stop_at_epoch = 2 };
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_events, &e));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 2);
    toy_end(&r);
}

TEST(request_stops_after_the_update)
{
    toy_run r = begin(50, 3, 16);
    events e = { .trainer = r.trainer, .request = RNN_STOP };
    CHECK_OK(rnn_trainer_set_callback(r.trainer, count_events, &e));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    CHECK_INT(e.batches, 3);
    toy_end(&r);
}

static rnn_trainer_t *signalled;

static void on_signal(int number)
{
    (void)number;
    rnn_trainer_request(signalled, RNN_STOP);
}

static int32_t raise_signal(const rnn_progress_t *p, void *user)
{
    (void)user;
    if (p->event == RNN_EVENT_BATCH && p->batch == 2) raise(SIGUSR1);
    return 0;
}

TEST(request_from_a_signal_handler_stops)
{
    toy_run r = begin(50, 3, 16);
    signalled = r.trainer;
    void (*before)(int) = signal(SIGUSR1, on_signal);
    CHECK_OK(rnn_trainer_set_callback(r.trainer, raise_signal, NULL));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    signal(SIGUSR1, before);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 0);
    toy_end(&r);
}

static void *stop_it(void *trainer)
{
    rnn_trainer_request(trainer, RNN_STOP);
    return NULL;
}

static int32_t start_thread(const rnn_progress_t *p, void *user)
{
    pthread_t thread;
    if (p->event != RNN_EVENT_BATCH || p->batch != 2) return 0;
    CHECK_INT(pthread_create(&thread, NULL, stop_it, user), 0);
    pthread_join(thread, NULL);
    return 0;
}

TEST(request_from_another_thread_stops)
{
    toy_run r = begin(50, 3, 16);
    CHECK_OK(rnn_trainer_set_callback(r.trainer, start_thread, r.trainer));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, r.data), RNN_STOPPED);
    toy_end(&r);
}

TEST(request_before_a_fit_is_forgotten)
{
    toy_run r = begin(50, 1, 16);
    rnn_trainer_request(r.trainer, RNN_STOP);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    toy_end(&r);
}

static int32_t misuse(const rnn_progress_t *p, void *user)
{
    rnn_trainer_t *t = user;
    if (p->event != RNN_EVENT_BATCH) return 0;
    CHECK_STATUS(rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_step(t), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_backward(t), RNN_ERROR_STATE);
    CHECK_OK(rnn_trainer_set_float(t, RNN_OPTIM_LEARNING_RATE, 0.01));
    return 0;
}

TEST(callbacks_may_set_the_rate_but_not_train)
{
    toy_run r = begin(50, 2, 16);
    CHECK_OK(rnn_trainer_set_callback(r.trainer, misuse, r.trainer));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_NEAR(toy_history(r.trainer, "learning_rate", 1), 0.01, 0);
    toy_end(&r);
}

typedef struct measuring {
    rnn_trainer_t *trainer;
    rnn_dataset_t *data;
} measuring;

static int32_t measure(const rnn_progress_t *p, void *user)
{
    measuring *m = user;
    rnn_result_t result = { .struct_size = sizeof(result) };
    if (p->event == RNN_EVENT_BATCH) CHECK_OK(rnn_trainer_evaluate(m->trainer, m->data, &result));
    return 0;
}

TEST(evaluation_in_a_callback_does_not_show)
{
    toy_run r = begin(50, 2, 16), s = begin(50, 2, 16);
    measuring m = { r.trainer, r.data };
    CHECK_OK(rnn_trainer_set_callback(r.trainer, measure, &m));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_fit(s.trainer, s.data));
    toy_check_same(r.model, s.model);
    CHECK_NEAR(toy_history(r.trainer, "loss", 1), toy_history(s.trainer, "loss", 1), 0);
    toy_end(&r);
    toy_end(&s);
}

/* ---- Sources ---- */

typedef struct stream {
    int32_t ids[1000 * TOY_STEPS], labels[1000];
    int64_t lengths[1000], samples;
    int rewinds;
} stream;

static rnn_status_t read_stream(int64_t index, rnn_sample_t *sample, void *user)
{
    stream *s = user;
    if (index >= s->samples) return RNN_END;
    rnn_status_t status = rnn_sample_set_tokens(sample, 0, s->ids + index * TOY_STEPS, s->lengths[index]);
    return status == RNN_OK ? rnn_sample_set_class(sample, 1, s->labels[index]) : status;
}

static rnn_status_t rewind_stream(void *user)
{
    ((stream *)user)->rewinds++;
    return RNN_OK;
}

static stream source_data;

static rnn_dataset_t *toy_stream(rnn_context_t *context, int64_t samples, int64_t count)
{
    source_data.samples = samples;
    source_data.rewinds = 0;
    toy_fill(samples, 3, source_data.ids, source_data.lengths, source_data.labels);
    rnn_source_t source = { sizeof(source), count, 1, 1, read_stream, rewind_stream, NULL, &source_data };
    rnn_dataset_t *data = NULL;
    CHECK_OK(rnn_dataset_from_source(context, &source, &data));
    return data;
}

TEST(sequential_source_trains_as_data_in_memory)
{
    toy_run r = begin(50, 2, 16), s = begin(50, 2, 16);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_int(s.trainer, RNN_TRAIN_SHUFFLE, 0));
    rnn_dataset_t *source = toy_stream(s.context, 50, -1);
    events e = { 0 };
    CHECK_OK(rnn_trainer_set_callback(s.trainer, count_events, &e));
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_fit(s.trainer, source));
    CHECK_INT(e.last_batches, -1);
    CHECK_INT(e.batches, 8);
    toy_check_same(r.model, s.model);
    rnn_dataset_free(source);
    toy_end(&r);
    toy_end(&s);
}

TEST(random_access_source_trains_as_data_in_memory)
{
    toy_run r = begin(50, 2, 16), s = begin(50, 2, 16);
    rnn_dataset_t *source = toy_stream(s.context, 50, 50);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_fit(s.trainer, source));
    toy_check_same(r.model, s.model);
    rnn_dataset_free(source);
    toy_end(&r);
    toy_end(&s);
}

TEST(sequential_source_cannot_be_split_or_shuffled)
{
    toy_run r = begin(50, 2, 16);
    rnn_dataset_t *source = toy_stream(r.context, 50, -1);
    CHECK_STATUS(rnn_trainer_fit(r.trainer, source), RNN_ERROR_UNSUPPORTED);
    CHECK(strstr(rnn_last_error(), "RNN_TRAIN_SHUFFLE"));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.5));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, source), RNN_ERROR_UNSUPPORTED);
    CHECK(strstr(rnn_last_error(), "rnn_trainer_set_validation"));
    rnn_dataset_free(source);
    toy_end(&r);
}

/* ---- Errors ---- */

TEST(fit_without_a_loss_is_refused)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *model = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_dataset_t *data = toy_data(context, 10, 3);
    rnn_trainer_t *t = rnn_trainer_create(model);
    rnn_result_t result = { .struct_size = sizeof(result), .loss = 5 };
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_evaluate(t, data, &result), RNN_ERROR_STATE);
    CHECK_NEAR(result.loss, 5, 0);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

TEST(class_out_of_range_is_named_before_training)
{
    toy_run r = begin(10, 1, 4);
    rnn_model_t *same = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    int32_t labels[10] = { 0, 1, 2, 0, 1, 2, 0, 1, 5, 0 }, ids[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1 };
    rnn_dataset_t *data = rnn_dataset_create(r.context);
    rnn_tensor_t *x = toy_wrap(RNN_I32, 2, 10, 1, 0, ids), *y = toy_wrap(RNN_I32, 1, 10, 0, 0, labels);
    CHECK_OK(rnn_dataset_add_input(data, x, NULL));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, data), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "sample 8: target of output 'answer' is class 5, expected 0 to 2");
    toy_check_same(r.model, same);
    rnn_dataset_t *part;
    CHECK_OK(rnn_dataset_slice(data, 0, 8, &part));
    CHECK_OK(rnn_trainer_fit(r.trainer, part));
    rnn_dataset_free(part);
    CHECK_OK(rnn_dataset_slice(data, 4, 6, &part));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, part), RNN_ERROR_RANGE);
    rnn_dataset_free(part);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(data);
    rnn_model_free(same);
    toy_end(&r);
}

TEST(wrong_kind_of_target_is_refused)
{
    toy_run r = begin(4, 1, 4);
    int32_t ids[4] = { 1, 2, 3, 4 };
    float values[4] = { 0, 1, 0, 1 };
    rnn_dataset_t *data = rnn_dataset_create(r.context);
    rnn_tensor_t *x = toy_wrap(RNN_I32, 2, 4, 1, 0, ids), *y = toy_wrap(RNN_F32, 1, 4, 0, 0, values);
    CHECK_OK(rnn_dataset_add_input(data, x, NULL));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, data), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "0 targets"));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, data), RNN_ERROR_SHAPE);
    CHECK_STR(rnn_last_error(), "target 0 is a vector, but output 'answer', one answer a sequence, takes a "
                                "class for its loss cross_entropy");
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(data);
    toy_end(&r);
}

TEST(monitoring_accuracy_needs_classes)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *model = toy_built(context, 1, RNN_LINEAR, 0);
    rnn_dataset_t *data = toy_data(context, 10, 2);
    rnn_trainer_t *t = toy_trainer(model, RNN_LOSS_MSE, 1, 4);
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_MONITOR, 2));
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_STATE);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

TEST(nothing_to_train_on_is_refused)
{
    toy_run r = begin(4, 1, 4);
    rnn_dataset_t *empty;
    CHECK_OK(rnn_dataset_slice(r.data, 2, 0, &empty));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, empty), RNN_ERROR_DATA);
    rnn_dataset_free(empty);
    rnn_dataset_t *none = toy_stream(r.context, 0, -1);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_SHUFFLE, 0));
    CHECK_STATUS(rnn_trainer_fit(r.trainer, none), RNN_ERROR_DATA);
    CHECK_STR(rnn_last_error(), "the dataset gave no samples");
    rnn_dataset_free(none);
    toy_end(&r);
}

static rnn_status_t read_nan(int64_t index, rnn_sample_t *sample, void *user)
{
    float values[2] = { 1, index == 5 ? NAN : 0 }, target = 1;
    (void)user;
    rnn_status_t status = rnn_sample_set_values(sample, 0, values, 1, 2);
    return status == RNN_OK ? rnn_sample_set_vector(sample, 1, &target, 1) : status;
}

TEST(nan_in_a_source_is_refused)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *h = rnn_last(m, rnn_gru(m, rnn_input_values(m, "x", 2), 3));
    rnn_model_set_output(m, rnn_dense(m, h, 1, RNN_LINEAR), "y");
    CHECK_OK(rnn_model_build(m));
    rnn_source_t source = { sizeof(source), 8, 1, 1, read_nan, NULL, NULL, NULL };
    rnn_dataset_t *data = NULL;
    CHECK_OK(rnn_dataset_from_source(context, &source, &data));
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_MSE, 1, 4);
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_DATA);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST(loss_that_is_not_finite_names_the_update)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *model = toy_built(context, 1, RNN_LINEAR, 0);
    int32_t ids[4] = { 1, 2, 3, 4 };
    float values[4] = { 1, 2, 3, 4 };
    rnn_dataset_t *data = rnn_dataset_create(context);
    rnn_tensor_t *x = toy_wrap(RNN_I32, 2, 4, 1, 0, ids), *y = toy_wrap(RNN_F32, 1, 4, 0, 0, values);
    CHECK_OK(rnn_dataset_add_input(data, x, NULL));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    rnn_trainer_t *t = toy_trainer(model, RNN_LOSS_MSE, 50, 4);
    CHECK_OK(rnn_trainer_set_optimizer(t, RNN_OPTIM_SGD, 1e30));
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_NUMERIC);
    CHECK(strstr(rnn_last_error(), "the loss of update "));
    rnn_trainer_free(t);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

TEST_MAIN
