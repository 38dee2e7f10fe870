/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include <rnn/rnn.h>
#include <unistd.h>

/* A checkpoint: it is resumed from, or refused with the trainer as it was: then it saves the bytes it saved
 * before. */

enum { CHECKPOINT_ROOM = 1 << 16 };
static rnn_trainer_t *trainer;
static rnn_dataset_t *samples;
static char mutant_path[64], saved_path[64];

static void make_samples(void)
{
    static int32_t ids[] = { 1, 2, 3, 2, 1, 0 }, classes[] = { 0, 1 };
    const int64_t shape[] = { 2, 3 };
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_I32, 2, shape, NULL, ids);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_I32, 1, shape, NULL, classes);
    samples = rnn_dataset_create(NULL);
    ALWAYS(rnn_dataset_add_input(samples, x, NULL) == RNN_OK && rnn_dataset_add_target(samples, y,
        NULL) == RNN_OK);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
}

static void make_trainer(void)
{
    rnn_context_t *context = rnn_context_create(NULL);
    ALWAYS(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1) == RNN_OK);
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *x = rnn_simple_rnn(m, rnn_embedding(m, rnn_input_tokens(m, "words"), 4, 2), 2);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, x), 2, RNN_SOFTMAX), "y");
    ALWAYS(rnn_model_build(m) == RNN_OK);
    trainer = rnn_trainer_create(m);
    ALWAYS(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY) == RNN_OK);
    rnn_model_free(m);
    rnn_context_free(context);
    make_samples();
    snprintf(mutant_path, sizeof(mutant_path), "/tmp/rnn_checkpoint_%ld_mutant", (long)getpid());
    snprintf(saved_path, sizeof(saved_path), "/tmp/rnn_checkpoint_%ld_saved", (long)getpid());
}

static size_t save_trainer(char *bytes)
{
    ALWAYS(rnn_trainer_save(trainer, saved_path) == RNN_OK);
    FILE *file = fopen(saved_path, "rb");
    ALWAYS(file);
    size_t size = fread(bytes, 1, CHECKPOINT_ROOM, file);
    fclose(file);
    remove(saved_path);
    ALWAYS(size < CHECKPOINT_ROOM);
    return size;
}

static void write_mutant(const uint8_t *data, size_t size)
{
    FILE *file = fopen(mutant_path, "wb");
    ALWAYS(file);
    ALWAYS(fwrite(data, 1, size, file) == size);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char before[CHECKPOINT_ROOM], after[CHECKPOINT_ROOM];
    if (!trainer) make_trainer();
    static long calls;
    int compares = calls++ % 64 == 0; /* saving waits for the disk */
    size_t first = compares ? save_trainer(before) : 0;
    write_mutant(data, size);
    rnn_status_t status = rnn_trainer_resume(trainer, mutant_path);
    remove(mutant_path);
    ALWAYS(status == RNN_OK || (status < 0 && status != RNN_ERROR_INTERNAL && status != RNN_ERROR_IO &&
                                status != RNN_ERROR_MEMORY && *rnn_last_error()));
    if (compares && status != RNN_OK)
        ALWAYS(save_trainer(after) == first && memcmp(before, after, first) == 0);
    *(status == RNN_OK ? &taken : &refused) += 1;
    return 0;
}
