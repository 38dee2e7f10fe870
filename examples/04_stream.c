/* SPDX-License-Identifier: MIT */
/* A network inside an audio callback: it has learnt the sound of a small overdriven amplifier, and is run
 * sample by sample. In the callback nothing is allocated, locked or asked of the system.
 *
 * New here: rnn_state_t, saving and restoring a running stream, one model for several streams. */
#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 64, STEPS = 256, BLOCK = 64 };

static int fail(void)
{
    fprintf(stderr, "%s\n", rnn_last_error());
    return 1;
}

/* The amplifier to be learnt: it clips softly, then lets low tones through. `memory` is its capacitor. */
static float amplifier(float *memory, float x)
{
    return *memory += 0.3f * (tanhf(3 * x) - *memory);
}

static float wave(int n, float speed)
{
    return 0.6f * sinf((float)n * speed) + 0.3f * sinf((float)n * speed * 2.7f);
}

static int train(rnn_model_t *model)
{
    static float x[COUNT][STEPS], y[COUNT][STEPS];
    for (int i = 0; i < COUNT; i++) {
        float memory = 0;
        for (int t = 0; t < STEPS; t++) {
            x[i][t] = wave(t + 37 * i, 0.02f + 0.01f * (float)(i % 23));
            y[i][t] = amplifier(&memory, x[i][t]);
        }
    }
    const int64_t shape[] = { COUNT, STEPS, 1 };
    rnn_tensor_t *in = rnn_tensor_wrap(NULL, RNN_F32, 3, shape, NULL, x);
    rnn_tensor_t *out = rnn_tensor_wrap(NULL, RNN_F32, 3, shape, NULL, y);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    rnn_trainer_t *t = rnn_trainer_create(model);
    rnn_dataset_add_input(data, in, NULL);
    rnn_dataset_add_target(data, out, NULL);
    rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE);
    rnn_trainer_set_optimizer(t, RNN_OPTIM_ADAM, 0.01);
    rnn_trainer_set_int(t, RNN_TRAIN_EPOCHS, 40);
    rnn_trainer_set_int(t, RNN_TRAIN_BATCH, 8);
    rnn_trainer_set_progress(t, rnn_progress_stderr, NULL);
    rnn_status_t status = rnn_trainer_fit(t, data);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_tensor_free(in);
    rnn_tensor_free(out);
    return status < 0;
}

/* What an audio system calls for every block. */
static void audio_callback(rnn_state_t *state, const float *in, float *out, int frames)
{
    for (int i = 0; i < frames; i++)
        rnn_state_step(state, &in[i], &out[i]);
}

int main(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_lstm(model, rnn_input_values(model, "audio", 1), 12);
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_LINEAR), "amplified");
    if (rnn_model_build(model) || train(model)) return fail();

    rnn_state_t *left = rnn_state_create(model), *right = rnn_state_create(model); /* one state a stream */
    float in[BLOCK], out[BLOCK], again[BLOCK], memory = 0;
    double error = 0, power = 0;
    if (!left || !right) return fail();
    for (int n = 0; n < 100 * BLOCK; n += BLOCK) {
        for (int i = 0; i < BLOCK; i++)
            in[i] = wave(n + i, 0.057f);
        audio_callback(left, in, out, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            double real = (double)amplifier(&memory, in[i]);
            error += pow(real - (double)out[i], 2);
            power += real * real;
        }
    }
    printf("error beside the real amplifier: %.1f %% of the signal\n", 100 * sqrt(error / power));

    int64_t size =
        rnn_state_size(left); /* the stream goes on elsewhere, or later, as if nothing had happened */
    void *saved = malloc((size_t)size);
    if (!saved || rnn_state_export(left, saved, size) || rnn_state_import(right, saved, size)) return fail();
    audio_callback(left, in, out, BLOCK);
    audio_callback(right, in, again, BLOCK);
    printf("%lld bytes of state; resumed stream: %s\n", (long long)size,
           memcmp(out, again, sizeof out) ? "DIFFERENT" : "the same bits");
    free(saved);
    rnn_state_free(left);
    rnn_state_free(right);
    rnn_model_free(model);
    return 0;
}
