/* SPDX-License-Identifier: MIT */
/* Forecasts any series: numbers from a file, one a line (or a made-up wave without a file).
 *
 *     02_forecast [FILE [COUNT]]     prints the next COUNT numbers, 12 unless told otherwise
 *
 * New here: data with a history window for each sample, a validation part, early stopping. */
#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOW = 24, MAX = 100000 };

static float series[MAX];

static int fail(void)
{
    fprintf(stderr, "%s\n", rnn_last_error());
    return 1;
}

static int read_series(const char *path)
{
    int count = 0;
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (count < MAX && fscanf(file, "%f", &series[count]) == 1)
        count++;
    fclose(file);
    return count;
}

static int make_wave(void)
{
    for (int t = 0; t < 400; t++)
        series[t] = 50 + 10 * sinf((float)t * 0.4f) + 4 * sinf((float)t * 0.13f);
    return 400;
}

/* Brings the series to mean 0 and deviation 1, which networks like best. */
static void normalise(int count, float *mean, float *deviation)
{
    double sum = 0, squares = 0;
    for (int t = 0; t < count; t++)
        sum += (double)series[t];
    for (int t = 0; t < count; t++)
        squares += pow((double)series[t] - sum / count, 2);
    *mean = (float)(sum / count);
    *deviation = squares > 0 ? (float)sqrt(squares / count) : 1;
    for (int t = 0; t < count; t++)
        series[t] = (series[t] - *mean) / *deviation;
}

/* Sample i reads numbers i to i + WINDOW - 1 and has to say number i + WINDOW. The windows overlap, and are
 * views of the series: strides say so, and nothing is copied before the dataset takes them. */
static rnn_dataset_t *make_dataset(int count)
{
    int64_t samples = count - WINDOW;
    rnn_tensor_t *x =
        rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ samples, WINDOW, 1 }, (int64_t[]){ 1, 1, 1 }, series);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_F32, 1, &samples, NULL, series + WINDOW);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    if (rnn_dataset_add_input(data, x, NULL) || rnn_dataset_add_target(data, y, NULL)) {
        rnn_dataset_free(data);
        data = NULL;
    }
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    return data;
}

static int train(rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_trainer_t *t = rnn_trainer_create(model);
    rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE);
    rnn_trainer_set_optimizer(t, RNN_OPTIM_ADAM, 0.005);
    rnn_trainer_set_int(t, RNN_TRAIN_EPOCHS, 60);
    rnn_trainer_set_float(t, RNN_TRAIN_VALIDATION_SPLIT, 0.2);
    rnn_trainer_set_int(t, RNN_TRAIN_PATIENCE, 10); /* and the weights of the best epoch come back */
    rnn_trainer_set_progress(t, rnn_progress_stderr, NULL);
    rnn_status_t status = rnn_trainer_fit(t, data);
    rnn_trainer_free(t);
    return status < 0;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? read_series(argv[1]) : make_wave(), ahead = argc > 2 ? atoi(argv[2]) : 12;
    if (count < 2 * WINDOW || ahead < 1) {
        fprintf(stderr, "expected a file of at least %d numbers, and a positive count\n", 2 * WINDOW);
        return 2;
    }
    float mean, deviation, next;
    normalise(count, &mean, &deviation);

    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_last(model, rnn_gru(model, rnn_input_values(model, "series", 1), 24));
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_LINEAR), "next");
    if (rnn_model_build(model)) return fail();
    rnn_dataset_t *data = make_dataset(count);
    if (!data || train(model, data)) return fail();

    rnn_state_t *state = rnn_state_create(model);
    for (int i = 0; i < ahead && count < MAX; i++, count++) { /* each forecast becomes the past of the next */
        rnn_state_reset(state);
        for (int t = count - WINDOW; t < count; t++)
            if (rnn_state_step(state, &series[t], &next)) return fail();
        series[count] = next;
        printf("%g\n", (double)(next * deviation + mean));
    }
    rnn_state_free(state);
    rnn_dataset_free(data);
    rnn_model_free(model);
    return 0;
}
