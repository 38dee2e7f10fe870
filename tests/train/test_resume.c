/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

/* Interrupted and resumed runs against one that was not. */

enum { SAMPLES = 100, BATCH = 16, EPOCHS = 4 }; /* 80 train: 5 batches; 20 validate */

static toy_run begin(int64_t threads)
{
    toy_run r = { .context = toy_context(threads) };
    r.model = toy_built(r.context, 3, RNN_SOFTMAX, 0.25);
    r.data = toy_data(r.context, SAMPLES, 3);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, EPOCHS, BATCH);
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.2));
    return r;
}

static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    CHECK(file);
    char *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    remove(path);
    return bytes;
}

/* The saved models of two runs are the same bytes, and so are their histories but for the clock. */
static void check_same(toy_run *a, toy_run *b)
{
    size_t u, v;
    const char *path = toy_path("saved");
    CHECK_OK(rnn_model_save(a->model, path));
    char *first = read_all(path, &u);
    CHECK_OK(rnn_model_save(b->model, path));
    char *second = read_all(path, &v);
    CHECK_INT(u, v);
    CHECK_BYTES(first, second, u);
    free(first);
    free(second);
    CHECK_INT(rnn_trainer_epochs(a->trainer), rnn_trainer_epochs(b->trainer));
    static const char *const names[] = { "loss", "accuracy", "val_loss", "val_accuracy" };
    for (int64_t i = 0; i < rnn_trainer_epochs(a->trainer); i++)
        for (int k = 0; k < 4; k++) {
            double u_figure = toy_history(a->trainer, names[k], i),
                   v_figure = toy_history(b->trainer, names[k], i);
            CHECK(u_figure == v_figure || (isnan(u_figure) && isnan(v_figure)));
        }
}

typedef struct stopping {
    int64_t epoch, batch;
    int32_t event;
} stopping;

static int32_t stop_there(const rnn_progress_t *p, void *user)
{
    const stopping *s = user;
    return p->event == s->event && p->epoch == s->epoch && (s->batch == 0 || p->batch == s->batch);
}

/* Stops where told, saves, resumes with another number of threads, and compares. */
static void interrupt(stopping s, int64_t threads, int64_t threads_later)
{
    toy_run whole = begin(2), first = begin(threads), second = begin(threads_later);
    const char *path = toy_path("checkpoint");
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    toy_check_same(first.model, second.model);
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

/* Everything else that a run carries from update to update. */
static void set_all(rnn_trainer_t *t)
{
    const double weights[3] = { 1, 2, 0.5 };
    CHECK_OK(rnn_trainer_set_optimizer(t, RNN_OPTIM_ADAMW, 0.02));
    CHECK_OK(rnn_trainer_set_int(t, RNN_OPTIM_AMSGRAD, 1));
    CHECK_OK(rnn_trainer_set_class_weights(t, NULL, weights, 3));
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_LABEL_SMOOTHING, 0.1));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SCHEDULE, RNN_SCHEDULE_PLATEAU));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SCHEDULE_EPOCHS, 1));
    CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_PLATEAU_DELTA, 0.1));
    CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_SCHEDULE_FACTOR, 0.5));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_WARMUP, 12));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_ACCUMULATE, 2));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_AVERAGE, 1));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_GRADIENT_NORMS, 1));
}

static void interrupt_all(stopping s)
{
    toy_run whole = begin(1), first = begin(2), second = begin(1);
    const char *path = toy_path("all");
    set_all(whole.trainer);
    set_all(first.trainer);
    CHECK_OK(rnn_trainer_set_optimizer(second.trainer, RNN_OPTIM_ADAMW, 1));
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    for (int64_t i = 0; i < EPOCHS; i++) {
        CHECK_NEAR(toy_history(whole.trainer, "gradient_norm.simple_rnn", i),
                   toy_history(second.trainer, "gradient_norm.simple_rnn", i), 0);
        CHECK_NEAR(toy_history(whole.trainer, "learning_rate", i),
                   toy_history(second.trainer, "learning_rate", i), 0);
    }
    CHECK(toy_history(whole.trainer, "learning_rate", EPOCHS - 1) < 0.02);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

TEST(everything_resumed_after_an_epoch) { interrupt_all((stopping){ 2, 0, RNN_EVENT_EPOCH }); }
TEST(everything_resumed_within_an_epoch) { interrupt_all((stopping){ 3, 4, RNN_EVENT_BATCH }); }
TEST(everything_resumed_within_the_first_epoch) { interrupt_all((stopping){ 1, 2, RNN_EVENT_BATCH }); }

TEST(resumed_after_an_epoch_with_1_thread) { interrupt((stopping){ 2, 0, RNN_EVENT_EPOCH }, 1, 1); }
TEST(resumed_after_an_epoch_with_3_threads) { interrupt((stopping){ 1, 0, RNN_EVENT_EPOCH }, 3, 3); }
TEST(resumed_within_an_epoch_with_1_thread) { interrupt((stopping){ 2, 3, RNN_EVENT_BATCH }, 1, 1); }
TEST(resumed_within_an_epoch_with_3_threads) { interrupt((stopping){ 3, 2, RNN_EVENT_BATCH }, 3, 3); }
TEST(resumed_with_other_threads) { interrupt((stopping){ 1, 1, RNN_EVENT_BATCH }, 1, 3); }
TEST(resumed_after_the_last_batch_of_an_epoch) { interrupt((stopping){ 2, 5, RNN_EVENT_BATCH }, 2, 2); }

/* The checkpoint that fit itself wrote last, in the middle of epoch 3 (5 updates an epoch, one every 4). */
TEST(resumed_from_the_checkpoint_of_a_fit)
{
    toy_run whole = begin(2), first = begin(2), second = begin(2);
    const char *path = toy_path("every");
    stopping s = { 3, 4, RNN_EVENT_BATCH };
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_int(first.trainer, RNN_TRAIN_CHECKPOINT_EVERY, 4));
    CHECK_OK(rnn_trainer_set_checkpoint(first.trainer, path));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_INT(rnn_trainer_epochs(second.trainer), 2);
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

static int32_t request_both(const rnn_progress_t *p, void *user)
{
    if (p->event == RNN_EVENT_BATCH && p->epoch == 2 && p->batch == 2)
        rnn_trainer_request(user, RNN_STOP | RNN_CHECKPOINT);
    return 0;
}

TEST(resumed_from_a_requested_checkpoint)
{
    toy_run whole = begin(2), first = begin(2), second = begin(2);
    const char *path = toy_path("request");
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_checkpoint(first.trainer, path));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, request_both, first.trainer));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

/* A callback saves by itself, after an update and after an epoch. */
typedef struct saving {
    rnn_trainer_t *trainer;
    int32_t event;
    const char *path;
} saving;

static int32_t save_there(const rnn_progress_t *p, void *user)
{
    saving *s = user;
    if (p->event == s->event && p->epoch == 2) CHECK_OK(rnn_trainer_save(s->trainer, s->path));
    return 0;
}

TEST(resumed_from_what_a_callback_saved)
{
    for (int32_t event = RNN_EVENT_BATCH; event <= RNN_EVENT_EPOCH; event++) {
        toy_run first = begin(2), second = begin(2);
        saving s = { first.trainer, event, toy_path("callback") };
        CHECK_OK(rnn_trainer_set_callback(first.trainer, save_there, &s));
        CHECK_OK(rnn_trainer_fit(first.trainer, first.data));
        CHECK_OK(rnn_trainer_resume(second.trainer, s.path));
        CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
        check_same(&first, &second);
        remove(s.path);
        toy_end(&first);
        toy_end(&second);
    }
}

/* Patience, best weights and momentum travel too. */
static void set_patience(toy_run *r)
{
    CHECK_OK(rnn_trainer_set_optimizer(r->trainer, RNN_OPTIM_RMSPROP, 0.02));
    CHECK_OK(rnn_trainer_set_float(r->trainer, RNN_OPTIM_MOMENTUM, 0.5));
    CHECK_OK(rnn_trainer_set_int(r->trainer, RNN_TRAIN_PATIENCE, 3));
    CHECK_OK(rnn_trainer_set_float(r->trainer, RNN_TRAIN_MIN_DELTA, 0.2));
    CHECK_OK(rnn_trainer_set_int(r->trainer, RNN_TRAIN_EPOCHS, 30));
}

TEST(resumed_with_patience_and_best_weights)
{
    for (int64_t epoch = 1; epoch <= 4; epoch++) {
        toy_run whole = begin(2), first = begin(2), second = begin(2);
        const char *path = toy_path("patience");
        stopping s = { epoch, 3, RNN_EVENT_BATCH };
        set_patience(&whole);
        set_patience(&first);
        CHECK_OK(rnn_trainer_set_optimizer(second.trainer, RNN_OPTIM_RMSPROP,
                                           0.5)); /* the rest comes from the file */
        CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
        CHECK(rnn_trainer_epochs(whole.trainer) < 30);
        CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
        CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
        CHECK_OK(rnn_trainer_save(first.trainer, path));
        CHECK_OK(rnn_trainer_resume(second.trainer, path));
        CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
        check_same(&whole, &second);
        remove(path);
        toy_end(&whole);
        toy_end(&first);
        toy_end(&second);
    }
}

TEST(checkpoint_of_a_finished_run_has_nothing_left)
{
    toy_run first = begin(2), second = begin(2);
    const char *path = toy_path("finished");
    CHECK_OK(rnn_trainer_fit(first.trainer, first.data));
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&first, &second);
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data)); /* and then as many more */
    CHECK_INT(rnn_trainer_epochs(second.trainer), 2 * EPOCHS);
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

TEST(checkpoint_loads_as_a_model)
{
    toy_run r = begin(2);
    const char *path = toy_path("model");
    rnn_model_t *model = NULL;
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    CHECK_OK(rnn_trainer_save(r.trainer, path));
    CHECK_OK(rnn_model_load(NULL, path, &model));
    toy_check_same(r.model, model);
    rnn_model_free(model);
    remove(path);
    toy_end(&r);
}

/* ---- What is refused, with nothing changed ---- */

static void check_refused(toy_run *r, const char *path, rnn_status_t status, const char *words)
{
    rnn_model_t *before = toy_built(r->context, 3, RNN_SOFTMAX, 0.25);
    double rate = 0;
    CHECK_STATUS(rnn_trainer_resume(r->trainer, path), status);
    if (words && !strstr(rnn_last_error(), words)) CHECK_STR(rnn_last_error(), words);
    toy_check_same(r->model, before);
    CHECK_OK(rnn_trainer_get_float(r->trainer, RNN_OPTIM_LEARNING_RATE, &rate));
    CHECK_NEAR(rate, 0.02, 0);
    CHECK_INT(rnn_trainer_epochs(r->trainer), 0);
    rnn_model_free(before);
}

static void save_trained(toy_run *r, const char *path)
{
    CHECK_OK(rnn_trainer_set_float(r->trainer, RNN_OPTIM_LEARNING_RATE, 0.03));
    CHECK_OK(rnn_trainer_fit(r->trainer, r->data));
    CHECK_OK(rnn_trainer_save(r->trainer, path));
}

TEST(checkpoint_of_another_optimizer_is_refused)
{
    toy_run first = begin(1), second = begin(1);
    const char *path = toy_path("optimizer");
    CHECK_OK(rnn_trainer_set_optimizer(first.trainer, RNN_OPTIM_SGD, 0.1));
    save_trained(&first, path);
    check_refused(&second, path, RNN_ERROR_ARGUMENT, "written with optimizer sgd, but the trainer has adam");
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

TEST(checkpoint_of_another_loss_is_refused)
{
    toy_run first = begin(1), second = begin(1);
    const char *path = toy_path("loss");
    save_trained(&first, path);
    CHECK_OK(rnn_trainer_set_loss(second.trainer, NULL, RNN_LOSS_MSE));
    check_refused(&second, path, RNN_ERROR_ARGUMENT,
                  "written with loss cross_entropy for output 'answer', but the trainer has loss mse");
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

TEST(checkpoint_of_another_model_is_refused)
{
    toy_run first = begin(1), second = begin(1);
    const char *path = toy_path("model");
    rnn_model_free(first.model);
    rnn_trainer_free(first.trainer);
    first.model = toy_built(first.context, 4, RNN_SOFTMAX, 0.25);
    first.trainer = toy_trainer(first.model, RNN_LOSS_CROSS_ENTROPY, 1, BATCH);
    save_trained(&first, path);
    check_refused(&second, path, RNN_ERROR_SHAPE, "the checkpoint is of another model");
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

TEST(model_file_is_no_checkpoint)
{
    toy_run r = begin(1);
    const char *path = toy_path("plain");
    CHECK_OK(rnn_model_save(r.model, path));
    check_refused(&r, path, RNN_ERROR_FORMAT, "not a checkpoint of a training run");
    remove(path);
    check_refused(&r, path, RNN_ERROR_IO, NULL);
    toy_end(&r);
}

TEST(cut_checkpoints_are_refused)
{
    toy_run first = begin(1), second = begin(1);
    const char *path = toy_path("cut");
    size_t size;
    save_trained(&first, path);
    char *bytes = read_all(path, &size);
    for (size_t cut = 0; cut < size; cut += size / 40) {
        FILE *file = fopen(path, "wb");
        CHECK(file && fwrite(bytes, 1, cut, file) == cut);
        fclose(file);
        check_refused(&second, path, RNN_ERROR_FORMAT, NULL);
    }
    free(bytes);
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

/* Damage in the text of the state: a digit, a brace, a name. Never a crash; what is refused changes nothing.
 */
TEST(damaged_checkpoints_do_no_harm)
{
    toy_run first = begin(1);
    const char *path = toy_path("damaged");
    size_t size;
    save_trained(&first, path);
    char *bytes = read_all(path, &size), *state = bytes;
    while (state < bytes + size && memcmp(state, "rnn.train.state", 15) != 0) state++;
    for (uint32_t i = 0; i < 400; i++) {
        char *place = state + toy_number(i) % 1100, kept = *place;
        *place = "0x9{}[]\"-,:"[toy_number(i + 5000) % 11];
        FILE *file = fopen(path, "wb");
        CHECK(file && fwrite(bytes, 1, size, file) == size);
        fclose(file);
        toy_run second = begin(1);
        if (rnn_trainer_resume(second.trainer, path) != RNN_OK)
            check_refused(&second, path, rnn_trainer_resume(second.trainer, path), NULL);
        toy_end(&second);
        *place = kept;
    }
    free(bytes);
    remove(path);
    toy_end(&first);
}

TEST(other_data_in_the_middle_of_an_epoch_are_refused)
{
    toy_run first = begin(1), second = begin(1);
    const char *path = toy_path("data");
    stopping s = { 1, 2, RNN_EVENT_BATCH };
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    rnn_dataset_t *other = toy_data(second.context, 90, 3);
    CHECK_STATUS(rnn_trainer_fit(second.trainer, other), RNN_ERROR_DATA);
    CHECK_STR(rnn_last_error(),
              "the checkpoint was written in the middle of an epoch of 80 samples, but the data has 72");
    rnn_dataset_free(other);
    remove(path);
    toy_end(&first);
    toy_end(&second);
}

/* A sequential source is read up to the place again. */
static int32_t ids[SAMPLES * TOY_STEPS], labels[SAMPLES];
static int64_t lengths[SAMPLES];

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    (void)user;
    if (index >= SAMPLES) return RNN_END;
    rnn_status_t status = rnn_sample_set_tokens(sample, 0, ids + index * TOY_STEPS, lengths[index]);
    return status == RNN_OK ? rnn_sample_set_class(sample, 1, labels[index]) : status;
}

static rnn_status_t rewind_samples(void *user)
{
    (void)user;
    return RNN_OK;
}

static void make_sequential(toy_run *r)
{
    rnn_source_t source = { sizeof(source), -1, 1, 1, read_sample, rewind_samples, NULL, NULL };
    toy_fill(SAMPLES, 3, ids, lengths, labels);
    rnn_dataset_free(r->data);
    r->data = NULL;
    CHECK_OK(rnn_dataset_from_source(r->context, &source, &r->data));
    CHECK_OK(rnn_trainer_set_float(r->trainer, RNN_TRAIN_VALIDATION_SPLIT, 0));
    CHECK_OK(rnn_trainer_set_int(r->trainer, RNN_TRAIN_SHUFFLE, 0));
}

TEST(resumed_within_an_epoch_of_a_sequential_source)
{
    toy_run whole = begin(2), first = begin(2), second = begin(2);
    const char *path = toy_path("source");
    stopping s = { 2, 4, RNN_EVENT_BATCH };
    make_sequential(&whole);
    make_sequential(&first);
    make_sequential(&second);
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_there, &s));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    check_same(&whole, &second);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

TEST_MAIN
