/* SPDX-License-Identifier: MIT */
/* Memory that is counted before anything runs is what is then allocated, to the byte. */
#include "core/failing.h"
#include "core/memory.h"
#include "layers/precision.h"
#include "model/exec.h"
#include "model/memory_plan.h"
#include "model/zoo.h"

/* An allocator that knows how many bytes are out, and how many were at most. */
typedef struct counter {
    atomic_llong live, peak;
} counter;

static void *count_allocate(size_t size, size_t alignment, void *user)
{
    counter *c = user;
    void *block = NULL;
    if (posix_memalign(&block, alignment, size) != 0) return NULL;
    long long live = atomic_fetch_add(&c->live, (long long)size) + (long long)size,
              peak = atomic_load(&c->peak);
    while (live > peak && !atomic_compare_exchange_weak(&c->peak, &peak, live)) continue;
    return block;
}

static void count_release(void *pointer, size_t size, void *user)
{
    counter *c = user;
    atomic_fetch_sub(&c->live, (long long)size);
    free(pointer);
}

static rnn_context_t *counting_context(counter *c)
{
    atomic_init(&c->live, 0);
    atomic_init(&c->peak, 0);
    rnn_allocator_t allocator = { sizeof allocator, count_allocate, count_release, c };
    rnn_context_t *context = rnn_context_create(&allocator);
    CHECK(context != NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 2));
    return context;
}

/* Has the context make its threads, which are no batch's. */
static void start_threads(rnn_context_t *context)
{
    rnn_model_t *model = zoo_make(context, &zoo[0]);
    rnn_batch_t *batch = help_batch(zoo_data(&zoo[0], 70, 2, 3), NULL);
    rnn_tensor_free(help_run(model, batch));
    rnn_batch_free(batch);
    rnn_model_free(model);
}

/* Bytes out now; the peak begins anew. */
static int64_t begin(counter *c)
{
    int64_t live = atomic_load(&c->live);
    atomic_store(&c->peak, live);
    return live;
}

static int64_t peak_since(const counter *c, int64_t live)
{
    return atomic_load(&c->peak) - live;
}

static int64_t memory_of(const rnn_model_t *model, int32_t what, int64_t batch, int64_t steps)
{
    int64_t bytes = -1;
    CHECK_OK(rnn_model_memory(model, what, batch, steps, &bytes));
    return bytes;
}

static void check_same(const zoo_row *row, const char *what, int64_t batch, int64_t steps, int64_t counted,
                       int64_t seen)
{
    if (counted != seen) printf("%s: %s, %d x %d\n", row->name, what, (int)batch, (int)steps);
    CHECK_INT(counted, seen);
}

/* ---- one batch ---- */

/* What a batch takes from the beginning to the end; weights that are packed on the way are the model's. */
static int64_t run_batch(counter *c, rnn_model_t *model, const rnn_batch_t *batch, bool training,
                         int32_t recompute)
{
    rnni_exec exec;
    int64_t weights = memory_of(model, RNN_MEMORY_MODEL, 0, 0), live = begin(c);
    CHECK_OK(rnni_exec_init(&exec, model, training));
    exec.recompute = recompute;
    CHECK_OK(rnni_exec_bind(&exec, batch));
    rnni_exec_forward(&exec);
    if (training) rnni_exec_clear_gradients(&exec);
    if (training) rnni_exec_backward(&exec);
    int64_t peak = peak_since(c, live);
    rnni_exec_release(&exec);
    return peak - (memory_of(model, RNN_MEMORY_MODEL, 0, 0) - weights);
}

static void check_batch(counter *c, rnn_context_t *context, const zoo_row *row, int64_t count, int64_t steps)
{
    for (int training = 0; training < 2; training++) {
        rnn_model_t *model = zoo_make(context, row);
        rnn_batch_t *batch = help_batch(zoo_data(row, count, steps, 3), NULL);
        int64_t live = begin(c), counted = -1,
                most = memory_of(model, training ? RNN_MEMORY_TRAIN : RNN_MEMORY_RUN, count, steps);
        CHECK(peak_since(c, live) < 65536);
        rnni_plan plan = { .batch = count, .steps = steps, .training = training };
        CHECK_OK(rnni_exec_bytes(model, &plan, &counted));
        CHECK(counted <= most && most <= 2 * counted);
        if (training) CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
        int64_t seen = run_batch(c, model, batch, training, RNN_RECOMPUTE_NONE);
        /* some steps are masked; it depends on the words that occur, or tables become the model's */
        bool less = row->make == zoo_masked || row->make == zoo_large_table || (row->tokens && !training);
        if (less) CHECK(seen <= most);
        else check_same(row, training ? "training" : "running", count, steps, counted, seen);
        rnn_batch_free(batch);
        rnn_model_free(model);
    }
}

TEST(batches_of_every_model)
{
    static const int64_t shapes[][2] = { { 1, 9 }, { 5, 1 }, { 17, 12 }, { 70, 7 }, { 150, 3 } };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    for (int64_t threads = 2; threads > 0; threads--) {
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
        for (int i = 0; i < ZOO_ROWS; i++)
            for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++)
                check_batch(&c, context, &zoo[i], shapes[j][0], shapes[j][1]);
    }
    rnn_context_free(context);
}

/* Threads that share the products of a small batch take scratch for each. */
static rnn_layer_t *make_large(rnn_model_t *model, rnn_layer_t *x)
{
    return rnn_dense(model, rnn_last(model, rnn_gru(model, rnn_lstm(model, x, 370), 210)), 300, RNN_LINEAR);
}

/* Products in bf16. */
static void check_halves(counter *c, rnn_context_t *context, const zoo_row *row, int64_t count, int64_t steps)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_batch_t *batch = help_batch(zoo_data(row, count, steps, 3), NULL);
    CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
    CHECK_OK(rnni_graph_make_halves(rnni_graph_of(model)));
    int64_t counted = -1;
    rnni_plan plan = { .batch = count, .steps = steps, .training = true, .halves = true };
    CHECK_OK(rnni_exec_bytes(model, &plan, &counted));
    rnni_exec exec;
    int64_t live = begin(c);
    CHECK_OK(rnni_exec_init(&exec, model, true));
    exec.halves = true;
    CHECK_OK(rnni_exec_bind(&exec, batch));
    rnni_exec_forward(&exec);
    rnni_exec_clear_gradients(&exec);
    rnni_exec_backward(&exec);
    check_same(row, "training in bf16", count, steps, counted, peak_since(c, live));
    rnni_exec_release(&exec);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST(threads_that_share_products)
{
    static const zoo_row row = { "large", 0, 1, make_large };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    int64_t bytes[2];
    for (int64_t threads = 2; threads > 0; threads--) {
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
        check_batch(&c, context, &row, 3, 5);
        check_batch(&c, context, &row, 10, 7);
        check_batch(&c, context, &row, 64, 3);
        check_batch(&c, context, &row, 65, 3);
        check_halves(&c, context, &row, 10, 7);
        check_halves(&c, context, &row, 64, 3);
        rnn_model_t *model = zoo_make(context, &row);
        bytes[threads - 1] = memory_of(model, RNN_MEMORY_TRAIN, 10, 7);
        rnn_model_free(model);
    }
    CHECK(bytes[1] > bytes[0]);
    rnn_context_free(context);
}

/* A model keeps the workspace of a small run, which the next one takes, and not that of a large one. */
TEST(what_stays_between_runs)
{
    enum { KEPT = 1 << 20 };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    rnn_model_t *model = zoo_make(context, &zoo[0]);
    rnn_batch_t *small = help_batch(zoo_data(&zoo[0], 4, 20, 3), NULL),
                *large = help_batch(zoo_data(&zoo[0], 600, 200, 3), NULL);
    CHECK(memory_of(model, RNN_MEMORY_RUN, 4, 20) < KEPT);
    CHECK(memory_of(model, RNN_MEMORY_RUN, 600, 200) > KEPT);
    rnn_tensor_free(help_run(model, small));
    int64_t live = begin(&c);
    rnn_tensor_t *y = help_run(model, small);
    CHECK(peak_since(&c, live) < 2 * rnn_tensor_count(y) * (int64_t)sizeof(float) + 1024);
    rnn_tensor_free(y);
    CHECK_INT(begin(&c), live);
    rnn_tensor_free(help_run(model, large));
    CHECK(begin(&c) <= live);
    rnn_tensor_free(help_run(model, small));
    CHECK_INT(begin(&c), live);
    rnn_batch_free(small);
    rnn_batch_free(large);
    rnn_model_free(model);
    rnn_context_free(context);
    CHECK_INT(atomic_load(&c.live), 0);
}

/* Places of a large vocabulary's words are part of a workspace. */
TEST(a_large_vocabulary_does_not_stay)
{
    enum { WORDS = 1000000, KEPT = 1 << 20 };
    counter c;
    rnn_context_t *context = counting_context(&c);
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *x = rnn_embedding(model, rnn_input_tokens(model, "x"), WORDS, 8);
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, rnn_lstm(model, x, 256)), "y"));
    CHECK_OK(rnn_model_build(model));
    start_threads(context);
    rnn_batch_t *batch = help_batch(help_random_ids(4, 2000, 20, 3), NULL);
    const int64_t weights = memory_of(model, RNN_MEMORY_MODEL, 0, 0), live = begin(&c);
    rnn_tensor_free(help_run(model, batch));
    CHECK(peak_since(&c, live) > WORDS * (int64_t)sizeof(int32_t));
    CHECK(begin(&c) - live - (memory_of(model, RNN_MEMORY_MODEL, 0, 0) - weights) <= KEPT);
    rnn_batch_free(batch);
    rnn_model_free(model);
    rnn_context_free(context);
}

/* Where it depends on the words of a batch whether an embedding is projected for them, the larger of both is
 * counted. */
TEST(words_of_a_batch)
{
    enum { COUNT = 64, STEPS = 30, VOCABULARY = 3000 };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    for (int training = 0; training < 2; training++) {
        rnn_model_t *model = rnn_model_create(context);
        rnn_layer_t *x = rnn_embedding(model, rnn_input_tokens(model, "x"), VOCABULARY, 24);
        CHECK_OK(rnn_model_set_output(model, rnn_last(model, rnn_lstm(model, x, 80)), "y"));
        CHECK_OK(rnn_model_build(model));
        if (training) CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
        int32_t what = training ? RNN_MEMORY_TRAIN : RNN_MEMORY_RUN;
        int64_t most = memory_of(model, what, COUNT, STEPS), highest = 0;
        static const int64_t words[] = { 3, 300, 780, VOCABULARY };
        for (int i = 0; i < 4; i++) {
            rnn_batch_t *batch = help_batch(help_random_ids(COUNT, STEPS, words[i], 3), NULL);
            int64_t seen = run_batch(&c, model, batch, training, RNN_RECOMPUTE_NONE);
            CHECK(seen <= most);
            if (seen > highest) highest = seen;
            rnn_batch_free(batch);
        }
        CHECK(most <= 1.3 * (double)highest);
        rnn_model_free(model);
    }
    rnn_context_free(context);
}

static rnn_model_t *reader_of_words(rnn_context_t *context, int64_t vocabulary, int64_t width,
                                    rnn_layer_t *(*layer)(rnn_model_t *, rnn_layer_t *, int64_t),
                                    int64_t units)
{
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *x = rnn_embedding(model, rnn_input_tokens(model, "x"), vocabulary, width);
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, layer(model, x, units)), "y"));
    CHECK_OK(rnn_model_build(model));
    return model;
}

/* A list in a batch that has steps enough for all words; a batch one step too short for a table that the
 * model keeps. */
TEST(words_at_the_edges)
{
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    for (int training = 0; training < 2; training++)
        for (int64_t words = 1500; words < 2310; words += 50) {
            rnn_model_t *model = reader_of_words(context, 2310, 76, rnn_lstm, 86);
            if (training) CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
            int64_t most = memory_of(model, training ? RNN_MEMORY_TRAIN : RNN_MEMORY_RUN, 133, 59);
            rnn_batch_t *batch = help_batch(help_random_ids(133, 59, words, 3), NULL);
            CHECK(run_batch(&c, model, batch, training, RNN_RECOMPUTE_NONE) <= most);
            rnn_batch_free(batch);
            rnn_model_free(model);
        }
    for (int64_t words = 200; words <= 2000; words += 600) {
        static const int64_t lengths[] = { 250, 250, 249, 250, 250, 250, 250, 250 };
        rnn_model_t *model = reader_of_words(context, 2000, 64, rnn_simple_rnn, 250);
        int64_t most = memory_of(model, RNN_MEMORY_RUN, 8, 250);
        rnn_batch_t *batch = help_batch(help_random_ids(8, 250, words, 3), help_integers(8, lengths));
        CHECK(run_batch(&c, model, batch, 0, RNN_RECOMPUTE_NONE) <= most);
        rnn_batch_free(batch);
        rnn_model_free(model);
    }
    rnn_context_free(context);
}

/* One thread that takes shards in turn has less of what lasts for a shard's forward or backward. */
TEST(one_thread_needs_less)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *h = rnn_lstm(model, rnn_lstm(model, rnn_input_values(model, "x", 8), 64), 64);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, h, 3, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(model));
    int64_t bytes[3] = { 0 };
    for (int64_t threads = 1; threads < 3; threads++) {
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
        bytes[threads] = memory_of(model, RNN_MEMORY_TRAIN, 32, 500);
    }
    /* one of two shards' gradients of 500 steps of 16 sequences, which both layers share, at least */
    CHECK(bytes[2] - bytes[1] >= 500 * 16 * 64 * (int64_t)sizeof(float));
    rnn_model_free(model);
    rnn_context_free(context);
}

/* Sequences of 0 to `steps` steps. */
static rnn_tensor_t *shorter(int64_t count, int64_t steps, uint64_t seed)
{
    rnn_tensor_t *lengths = help_tensor(RNN_I64, count, -1, -1);
    for (int64_t i = 0; i < count; i++)
        CHECK_OK(rnn_tensor_set(lengths, i, floor((help_random(&seed) + 1) / 2 * (double)(steps + 1))));
    return lengths;
}

/* A batch of sequences that are shorter, or empty, needs no more. */
TEST(shorter_sequences_need_no_more)
{
    static const int64_t shapes[][2] = { { 20, 9 }, { 70, 2 }, { 130, 5 } };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    for (int i = 0; i < 2 * ZOO_ROWS; i++) {
        const zoo_row *row = &zoo[i % ZOO_ROWS];
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, i < ZOO_ROWS ? 2 : 1));
        if (row->tokens) continue; /* which batches an embedding is folded for depends on their useful
                                      steps */
        rnn_model_t *model = zoo_make(context, row);
        CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
        for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
            int64_t count = shapes[j][0], steps = shapes[j][1];
            rnn_batch_t *batch = help_batch(zoo_data(row, count, steps, 3), shorter(count, steps, 5));
            CHECK(run_batch(&c, model, batch, true, RNN_RECOMPUTE_NONE) <=
                  memory_of(model, RNN_MEMORY_TRAIN, count, steps));
            CHECK(run_batch(&c, model, batch, false, RNN_RECOMPUTE_NONE) <=
                  memory_of(model, RNN_MEMORY_RUN, count, steps));
            rnn_batch_free(batch);
        }
        rnn_model_free(model);
    }
    rnn_context_free(context);
}

/* Sequences long enough for segments of time, of one length and of many. */
TEST(computing_again_is_counted)
{
    enum { COUNT = 20, LONG = 1500 };
    counter c;
    rnn_context_t *context = counting_context(&c);
    start_threads(context);
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!strstr(zoo[i].name, "lstm") && !strstr(zoo[i].name, "bidirectional")) continue;
        rnn_model_t *model = zoo_make(context, &zoo[i]);
        CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
        rnn_batch_t *even = help_batch(zoo_data(&zoo[i], COUNT, LONG, 3), NULL);
        rnn_batch_t *ragged = help_batch(zoo_data(&zoo[i], COUNT, LONG, 3), shorter(COUNT, LONG, 5));
        for (int32_t how = RNN_RECOMPUTE_NONE; how <= RNN_RECOMPUTE_TIME; how++) {
            rnni_plan plan = { .batch = COUNT, .steps = LONG, .training = true, .recompute = how };
            int64_t counted, most;
            CHECK_OK(rnni_exec_bytes(model, &plan, &counted));
            CHECK_OK(rnni_exec_most_bytes(model, plan, &most));
            check_same(&zoo[i], "computing again", COUNT, LONG, counted,
                       run_batch(&c, model, even, true, how));
            if (!zoo[i].tokens) CHECK(run_batch(&c, model, ragged, true, how) <= most);
        }
        rnn_batch_free(even);
        rnn_batch_free(ragged);
        rnn_model_free(model);
    }
    rnn_context_free(context);
}

/* ---- streams ---- */

TEST(streams_of_every_model)
{
    counter c;
    rnn_context_t *context = counting_context(&c);
    for (int i = 0; i < ZOO_ROWS; i++) {
        int64_t bytes = -1;
        rnn_model_t *model = zoo_make(context, &zoo[i]);
        rnn_status_t status = rnn_model_memory(model, RNN_MEMORY_STREAM, 0, 0, &bytes);
        CHECK_STATUS(status, zoo[i].streams ? RNN_OK : RNN_ERROR_UNSUPPORTED);
        /* packs weights for all of them */
        rnn_state_t *first = zoo[i].streams ? rnn_state_create(model) : NULL;
        int64_t live = begin(&c);
        rnn_state_t *second = first ? rnn_state_create(model) : NULL;
        if (second) check_same(&zoo[i], "stream", 1, 1, bytes, atomic_load(&c.live) - live);
        CHECK((second != NULL) == zoo[i].streams);
        rnn_state_free(first);
        rnn_state_free(second);
        rnn_model_free(model);
    }
    rnn_context_free(context);
}

/* ---- what a model holds ---- */

TEST(weights_and_their_copies)
{
    counter c;
    rnn_context_t *context = counting_context(&c);
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *x = rnn_input_values(model, "x", 3);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, rnn_lstm(model, x, 5), 2, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(model));
    int64_t weights = 4 * 5 * (3 + 5 + 1) + 2 * 5 + 2, built = memory_of(model, RNN_MEMORY_MODEL, 0, 0);
    CHECK(built >= 2 * weights * (int64_t)sizeof(float) && built <= atomic_load(&c.live));
    int64_t live = begin(&c);
    CHECK_OK(rnni_graph_pack(rnni_graph_of(model), 1));
    CHECK_INT(memory_of(model, RNN_MEMORY_MODEL, 0, 0) - built, atomic_load(&c.live) - live);
    built = memory_of(model, RNN_MEMORY_MODEL, 0, 0);
    live = begin(&c);
    CHECK_OK(rnn_model_set_precision(model, RNN_PRECISION_INT8));
    CHECK_INT(memory_of(model, RNN_MEMORY_MODEL, 0, 0) - built, atomic_load(&c.live) - live);
    rnn_model_free(model);
    rnn_context_free(context);
}

/* ---- training ---- */

/* Between what is counted and what a whole training step has taken there is only what does not grow. */
static void check_trainer(int32_t optimizer, int states)
{
    enum { COUNT = 64, STEPS = 50, FEATURES = 30, UNITS = 40 };
    counter c;
    int64_t counted = -1, without = -1;
    rnn_context_t *context = counting_context(&c);
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *x = rnn_input_values(model, "x", FEATURES);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, rnn_gru(model, x, UNITS), 7, RNN_SOFTMAX), "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, COUNT, STEPS, FEATURES, 1), NULL);
    rnn_tensor_t *target = help_random_ids(COUNT, STEPS, 7, 2);
    CHECK_OK(rnn_batch_set_target(batch, 0, target, NULL));
    rnn_tensor_free(target);
    int64_t weights = memory_of(model, RNN_MEMORY_MODEL, 0, 0), live = begin(&c);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_SGD, 0.1));
    CHECK_OK(rnn_trainer_memory(trainer, COUNT, STEPS, &without));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, optimizer, 0.1));
    CHECK_OK(rnn_trainer_memory(trainer, COUNT, STEPS, &counted));
    int64_t numbers = states * rnn_model_parameters(model) * (int64_t)sizeof(float);
    /* weights begin at cache lines */
    CHECK(counted - without >= numbers && counted - without <= numbers + states * 1024);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
        CHECK_OK(rnn_trainer_backward(trainer));
        CHECK_OK(rnn_trainer_step(trainer));
    }
    int64_t seen = peak_since(&c, live) - (memory_of(model, RNN_MEMORY_MODEL, 0, 0) - weights);
    CHECK(seen >= 0.9 * (double)counted && seen - counted < 16384);
    rnn_trainer_free(trainer);
    rnn_batch_free(batch);
    rnn_model_free(model);
    rnn_context_free(context);
}

TEST(a_training_step)
{
    check_trainer(RNN_OPTIM_SGD, 0);
    check_trainer(RNN_OPTIM_RMSPROP, 1);
    check_trainer(RNN_OPTIM_ADAM, 2);
}

/* ---- refusals ---- */

TEST(impossible_questions)
{
    int64_t bytes = 77;
    rnn_model_t *model = zoo_make(NULL, &zoo[2]), *fresh = rnn_model_create(NULL);
    CHECK_STATUS(rnn_model_memory(fresh, RNN_MEMORY_RUN, 1, 1, &bytes), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_model_memory(model, RNN_MEMORY_RUN, -1, 1, &bytes), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_memory(model, RNN_MEMORY_RUN, 1, -1, &bytes), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_memory(model, RNN_MEMORY_TRAIN, INT32_MAX, INT32_MAX, &bytes), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_memory(model, RNN_MEMORY_TRAIN, INT64_MAX, 1, &bytes), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_memory(model, 4, 1, 1, &bytes), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_memory(model, -1, 1, 1, &bytes), RNN_ERROR_ARGUMENT);
    CHECK_INT(bytes, 77);
    /* a batch that no machine has room for is counted all the same */
    CHECK(memory_of(model, RNN_MEMORY_TRAIN, 1 << 20, 1 << 20) > (int64_t)1 << 45);
    CHECK(memory_of(model, RNN_MEMORY_TRAIN, 0, 0) < memory_of(model, RNN_MEMORY_TRAIN, 1, 1));
    rnn_model_free(model);
    rnn_model_free(fresh);
}

/* Asking may run out of memory, too; then nothing is answered. */
static int ask(rnn_context_t *context)
{
    int64_t bytes[3] = { -1, -1, -1 };
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *x = model ? rnn_lstm(model, rnn_input_values(model, "x", 3), 4) : NULL;
    int right = model && rnn_model_set_output(model, x, "y") == RNN_OK && rnn_model_build(model) == RNN_OK;
    for (int32_t what = RNN_MEMORY_RUN; right && what <= RNN_MEMORY_STREAM; what++) {
        right = rnn_model_memory(model, what, 4, 4, &bytes[what - 1]) == RNN_OK;
        CHECK(right == (bytes[what - 1] > 0));
    }
    rnn_model_free(model);
    return right;
}

TEST(asking_without_memory)
{
    EVERY_FAILURE(ask);
}

TEST_MAIN
