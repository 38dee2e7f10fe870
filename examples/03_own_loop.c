/* SPDX-License-Identifier: MIT */
/* One's own training loop: batches, forward, backward, clipping and the update are separate calls. The
 * network learns parity: after each bit, whether the number of ones so far is odd.
 *
 * New here: the steps that rnn_trainer_fit is made of, a learning rate that falls, a look at a gradient. */
#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 2000, STEPS = 12, EPOCHS = 30 };

static int fail(void)
{
    fprintf(stderr, "%s\n", rnn_last_error());
    return 1;
}

static rnn_dataset_t *make_dataset(void)
{
    static int32_t bits[COUNT][STEPS], odd[COUNT][STEPS];
    uint32_t random = 1;
    for (int i = 0; i < COUNT; i++)
        for (int t = 0; t < STEPS; t++) {
            random = random * 1664525u + 1013904223u;
            bits[i][t] = (int32_t)(random >> 31);
            odd[i][t] = bits[i][t] ^ (t ? odd[i][t - 1] : 0);
        }
    const int64_t shape[] = { COUNT, STEPS };
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_I32, 2, shape, NULL, bits);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_I32, 2, shape, NULL, odd);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    rnn_dataset_add_input(data, x, NULL);
    rnn_dataset_add_target(data, y, NULL);
    rnn_dataset_set_int(data, RNN_DATA_SHUFFLE, 1);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    return data;
}

static double norm_of(const rnn_tensor_t *tensor)
{
    double sum = 0;
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++)
        sum += pow(rnn_tensor_get(tensor, i), 2);
    return sqrt(sum);
}

/* One epoch; its mean loss, or -1. */
static double train_epoch(rnn_trainer_t *t, rnn_dataset_t *data)
{
    rnn_batch_t *batch;
    double loss, sum = 0, norm;
    int batches = 0;
    rnn_status_t status;
    while ((status = rnn_dataset_next_batch(data, &batch)) == RNN_OK) {
        if (rnn_trainer_forward(t, batch, &loss) || rnn_trainer_backward(t)) return -1;
        if (rnn_trainer_clip(t, 1.0, &norm) || rnn_trainer_step(t)) return -1;
        sum += loss;
        batches++;
    }
    return status == RNN_END ? sum / batches : -1;
}

int main(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_embedding(model, rnn_input_tokens(model, "bits"), 2, 4);
    h = rnn_lstm(model, h, 16);
    rnn_model_set_output(model, rnn_dense(model, h, 2, RNN_SOFTMAX), "parity");
    if (rnn_model_build(model)) return fail();

    rnn_dataset_t *data = make_dataset();
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY);
    if (rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.01)) return fail();
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double loss = train_epoch(trainer, data);
        if (loss < 0) return fail();
        rnn_trainer_set_float(trainer, RNN_OPTIM_LEARNING_RATE, 0.01 * pow(0.95, epoch));
        rnn_tensor_t *gradient = rnn_trainer_gradient(trainer, "lstm.weight_hh_l0");
        if (epoch % 5 == 0)
            printf("epoch %2d  loss %.4f  gradient of lstm.weight_hh_l0: norm %.4f\n", epoch, loss,
                   norm_of(gradient));
        rnn_tensor_free(gradient);
    }

    rnn_result_t result = { .struct_size = sizeof result };
    if (rnn_trainer_evaluate(trainer, data, &result)) return fail();
    printf("right after %.1f %% of the bits\n", 100 * result.accuracy);
    rnn_trainer_free(trainer);
    rnn_dataset_free(data);
    rnn_model_free(model);
    return 0;
}
