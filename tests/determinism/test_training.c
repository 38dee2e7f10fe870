/* SPDX-License-Identifier: MIT */
/* Training gives the same weights, bit for bit, for any number of threads and in every repetition. */
#include "model/exec.h"
#include "model/zoo.h"

enum { COUNT = 90, STEPS = 9, BATCH = 40 };

/* Sequences of all lengths with a target that fits the model's output. */
static rnn_dataset_t *make_data(rnn_context_t *context, rnn_model_t *model, const zoo_row *row, int per_step)
{
    int64_t lengths[COUNT], features = rnn_model_output_features(model, 0);
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = (i * 5 + 2) % (STEPS + 1);
    rnn_dataset_t *dataset = rnn_dataset_create(context);
    CHECK(dataset != NULL);
    rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 4), *ends = help_integers(COUNT, lengths), *target;
    target = per_step ? help_random_tensor(RNN_F32, COUNT, STEPS, features, 6)
                      : help_random_tensor(RNN_F32, COUNT, features, -1, 6);
    CHECK_OK(rnn_dataset_add_input(dataset, data, ends));
    CHECK_OK(rnn_dataset_add_target(dataset, target, per_step ? ends : NULL));
    rnn_tensor_t *weights = help_tensor(RNN_F32, COUNT, -1, -1); /* sums of their multiples are not exact */
    for (int64_t i = 0; i < COUNT; i++) rnn_tensor_set(weights, i, (double)(1 + i % 7) / 3);
    CHECK_OK(rnn_dataset_add_weights(dataset, weights));
    rnn_tensor_free(weights);
    rnn_tensor_free(data);
    rnn_tensor_free(ends);
    rnn_tensor_free(target);
    return dataset;
}

static int is_per_step(rnn_model_t *model, const zoo_row *row)
{
    rnn_batch_t *batch = help_batch(zoo_data(row, 1, 2, 1), NULL);
    rnn_tensor_t *output = help_run(model, batch);
    int32_t rank = rnn_tensor_rank(output);
    rnn_tensor_free(output);
    rnn_batch_free(batch);
    return rank == 3;
}

/* All weights of a model one behind another, those that are not trained (running statistics), too. */
static rnn_tensor_t *all_weights(rnn_model_t *model)
{
    rnn_tensor_t *all = NULL;
    for (int counted = 0; counted < 2; counted++) {
        int64_t place = 0;
        for (int64_t i = 0; i < rnn_model_weights(model); i++) {
            rnn_tensor_t *weight = rnn_model_weight(model, rnn_model_weight_name(model, i));
            if (counted)
                memcpy((float *)rnn_tensor_data(all) + place, rnn_tensor_const_data(weight),
                       help_bytes(weight));
            place += rnn_tensor_count(weight);
            rnn_tensor_free(weight);
        }
        if (!counted) all = help_tensor(RNN_F32, place, -1, -1);
    }
    return all;
}

/* All weights of a model after two epochs, and its loss on all data then (may be NULL). */
static rnn_tensor_t *train(const zoo_row *row, int64_t threads, int64_t seed, int32_t optimizer, double *loss)
{
    rnn_result_t result = { .struct_size = sizeof result };
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, seed));
    rnn_model_t *model = zoo_make(context, row);
    rnn_dataset_t *dataset = make_data(context, model, row, is_per_step(model, row));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, optimizer, 0.01));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 2));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_BATCH, BATCH));
    CHECK_OK(rnn_trainer_set_float(trainer, RNN_TRAIN_CLIP_NORM, 0.5));
    CHECK_OK(rnn_trainer_set_float(trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.1));
    CHECK_OK(rnn_trainer_fit(trainer, dataset));
    CHECK_OK(rnn_trainer_evaluate(trainer, dataset, &result));
    if (loss) *loss = result.loss;
    rnn_tensor_t *all = all_weights(model);
    rnn_trainer_free(trainer);
    rnn_dataset_free(dataset);
    rnn_model_free(model);
    rnn_context_free(context);
    return all;
}

static int differs(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    return memcmp(rnn_tensor_const_data(a), rnn_tensor_const_data(b), help_bytes(a)) != 0;
}

/* On 2 and 3 threads, or, for some, as many as 8: test_threads does that with larger batches. */
static void check_threads(const zoo_row *row, int32_t optimizer, int counts)
{
    double loss, loss_of_one;
    rnn_tensor_t *one = train(row, 1, 7, optimizer, &loss_of_one);
    static const int64_t threads[] = { 2, 3, 4, 8 };
    for (int i = 0; i < counts; i++) {
        rnn_tensor_t *many = train(row, threads[i], 7, optimizer, &loss);
        CHECK_BYTES(&loss, &loss_of_one, sizeof loss);
        if (differs(one, many)) printf("%s, %d threads\n", row->name, (int)threads[i]);
        help_same(one, many);
        rnn_tensor_free(many);
    }
    for (int64_t i = 0; i < rnn_tensor_count(one); i++) CHECK(isfinite(rnn_tensor_get(one, i)));
    rnn_tensor_free(one);
}

TEST(threads_do_not_matter)
{
    for (int i = 0; i < ZOO_ROWS; i++) check_threads(&zoo[i], RNN_OPTIM_ADAM, i % 8 == 0 ? 4 : 2);
}

TEST(threads_do_not_matter_to_the_other_optimizers)
{
    for (int i = 0; i < ZOO_ROWS; i += 3) {
        check_threads(&zoo[i], RNN_OPTIM_SGD, 2);
        check_threads(&zoo[i], RNN_OPTIM_RMSPROP, 2);
    }
}

/* So many weights that threads share in packing them after an update. */
static rnn_layer_t *make_large(rnn_model_t *model, rnn_layer_t *x)
{
    rnn_layer_t *h = zoo_set(rnn_gru(model, rnn_lstm(model, x, 150), 150), RNN_LAYER_LAYERS, 2);
    return rnn_dense(model, rnn_last(model, h), 300, RNN_LINEAR);
}

TEST(threads_do_not_matter_to_large_models)
{
    static const zoo_row row = { "large", 0, 1, make_large };
    rnn_model_t *model = zoo_make(NULL, &row);
    int64_t count = 0;
    for (int64_t i = 0; i < rnn_model_weights(model); i++) {
        rnn_tensor_t *weight = rnn_model_weight(model, rnn_model_weight_name(model, i));
        count += rnn_tensor_count(weight);
        rnn_tensor_free(weight);
    }
    CHECK(count > 256 * 1024);
    rnn_model_free(model);
    check_threads(&row, RNN_OPTIM_ADAM, 2);
}

/* Small batches for weights so large that all sequences are one shard, whose products the threads share. */
static rnn_layer_t *make_larger(rnn_model_t *model, rnn_layer_t *x)
{
    rnn_layer_t *h = rnn_gru(model, rnn_lstm(model, x, 370), 160);
    return rnn_dense(model, rnn_last(model, zoo_set(rnn_lstm(model, h, 90), RNN_LAYER_PROJECTION, 40)), 3,
                     RNN_LINEAR);
}

TEST(threads_do_not_matter_where_they_share_products)
{
    static const zoo_row row = { "larger", 0, 1, make_larger };
    rnn_model_t *model = zoo_make(NULL, &row);
    CHECK_INT(rnni_shard_count(rnni_graph_of(model), true, BATCH), 1);
    rnn_model_free(model);
    check_threads(&row, RNN_OPTIM_SGD, 3);
}

static const zoo_row *row_named(const char *name)
{
    for (int i = 0; i < ZOO_ROWS; i++)
        if (strcmp(zoo[i].name, name) == 0) return &zoo[i];
    CHECK(0 && "no such row");
    return NULL;
}

/* The seed decides about order and dropout. */
TEST(seeds_matter)
{
    const zoo_row *row = row_named("dropout");
    rnn_tensor_t *first = train(row, 2, 7, RNN_OPTIM_ADAM, NULL), *again = train(row, 1, 7, RNN_OPTIM_ADAM, NULL);
    rnn_tensor_t *other = train(row, 2, 8, RNN_OPTIM_ADAM, NULL);
    help_same(first, again);
    CHECK(differs(first, other));
    rnn_tensor_free(first);
    rnn_tensor_free(again);
    rnn_tensor_free(other);
}

/* Weights at build are a function of the seed. */
TEST(initial_weights_follow_the_seed)
{
    rnn_tensor_t *weights[3];
    for (int i = 0; i < 3; i++) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, i == 2 ? 5 : 4));
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, i + 1));
        rnn_model_t *model = rnn_model_create(context);
        rnn_layer_t *h = rnn_lstm(model, rnn_input_values(model, "x", 5), 20);
        CHECK_OK(rnn_model_set_output(model, h, "y"));
        CHECK_OK(rnn_model_build(model));
        rnn_tensor_t *view = rnn_model_weight(model, "lstm.weight_hh_l0");
        weights[i] = help_copy(view);
        rnn_tensor_free(view);
        rnn_model_free(model);
        rnn_context_free(context);
    }
    help_same(weights[0], weights[1]);
    CHECK(differs(weights[0], weights[2]));
    for (int i = 0; i < 3; i++) rnn_tensor_free(weights[i]);
}

TEST_MAIN
