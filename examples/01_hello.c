/* SPDX-License-Identifier: MIT */
/* A network that learns to keep a running total: after each number it says the sum so far. */
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(void) { return fprintf(stderr, "%s\n", rnn_last_error()), 1; }

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "total.safetensors";

    static float x[500][8], y[500][8]; /* 500 examples: 8 numbers each, and their running totals */
    for (int i = 0; i < 500; i++)
        for (int t = 0; t < 8; t++)
            y[i][t] = (t ? y[i][t - 1] : 0) + (x[i][t] = (float)rand() / (float)RAND_MAX);
    rnn_tensor_t *numbers = rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ 500, 8, 1 }, NULL, x);
    rnn_tensor_t *totals = rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ 500, 8, 1 }, NULL, y);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    if (rnn_dataset_add_input(data, numbers, NULL)) return fail();
    if (rnn_dataset_add_target(data, totals, NULL)) return fail();

    rnn_model_t *model = rnn_model_create(NULL); /* layers: what goes in, a GRU, what comes out */
    rnn_layer_t *h = rnn_gru(model, rnn_input_values(model, "number", 1), 16);
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_LINEAR), "total");
    if (rnn_model_build(model)) return fail();

    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE);
    rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.01);
    rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 40);
    rnn_trainer_set_progress(trainer, rnn_progress_stderr, NULL);
    if (rnn_trainer_fit(trainer, data) || rnn_model_save(model, path)) return fail();

    rnn_model_t *loaded; /* from here on as in another program: the file is all it needs */
    if (rnn_model_load(NULL, path, &loaded)) return fail();
    rnn_state_t *state = rnn_state_create(loaded);
    float total = 0, said, unseen[] = { 0.5f, 0.25f, 1.0f, 0.0f, 0.75f };
    puts("number   total   the network says");
    for (int t = 0; t < 5; t++) {
        if (rnn_state_step(state, &unseen[t], &said)) return fail();
        printf("  %.2f    %.2f    %.2f\n", unseen[t], total += unseen[t], said);
    }
    rnn_state_free(state), rnn_model_free(loaded), rnn_trainer_free(trainer), rnn_model_free(model);
    rnn_dataset_free(data), rnn_tensor_free(totals), rnn_tensor_free(numbers);
}
