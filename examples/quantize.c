/* SPDX-License-Identifier: MIT */
/* Makes a smaller file of a trained model: its weights rounded to 8 or 16 bits. With a file of labels and
 * texts (`label<TAB>text`) it prints what that costs in accuracy, for every precision.
 *
 *     quantize MODEL OUT [int8|int8_weights|bf16] [TEXTS.tsv]
 *
 * New here: rnn_model_set_precision, rnn_model_weight_bytes; rnn_model_like and rnn_model_get_reading, so
 * that labels and texts are read as they were in training. */
#include <rnn/rnn.h>
#include <stdio.h>
#include <string.h>

static int fail(void)
{
    fprintf(stderr, "%s\n", rnn_last_error());
    return 1;
}

static int precision_named(const char *name, int32_t *precision)
{
    for (int32_t p = 0; rnn_precision_name(p); p++) {
        if (strcmp(rnn_precision_name(p), name)) continue;
        *precision = p;
        return 0;
    }
    fprintf(stderr, "precision '%s', expected f32, bf16, int8 or int8_weights\n", name);
    return 1;
}

static long size_of_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
    if (file) fclose(file);
    return size;
}

/* The part of the texts that the model gets right; its loss does not matter here, but a trainer wants one. */
static int accuracy(rnn_model_t *model, rnn_dataset_t *texts, double *part)
{
    rnn_result_t result = { .struct_size = sizeof result };
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    int one_unit = rnn_model_output_features(model, 0) == 1;
    rnn_trainer_set_loss(trainer, NULL, one_unit ? RNN_LOSS_BINARY_CROSS_ENTROPY : RNN_LOSS_CROSS_ENTROPY);
    rnn_status_t status = rnn_trainer_evaluate(trainer, texts, &result);
    rnn_trainer_free(trainer);
    *part = result.accuracy;
    return status < 0;
}

static rnn_dataset_t *read_texts(const rnn_model_t *model, const char *path)
{
    rnn_dataset_t *texts = NULL, *like = rnn_model_like(model, NULL);
    rnn_dataset_load_text(NULL, path, rnn_model_tokenizer(model, NULL), like, &texts);
    rnn_dataset_free(like);
    if (!texts || rnn_model_get_reading(model, texts) >= 0) return texts;
    rnn_dataset_free(texts);
    return NULL;
}

/* Every precision in turn, and back to float. */
static int compare(rnn_model_t *model, const char *path)
{
    rnn_dataset_t *texts = read_texts(model, path);
    int failed = !texts;
    for (int32_t p = RNN_PRECISION_F32; !failed && rnn_precision_name(p); p++) {
        double part = 0;
        failed = rnn_model_set_precision(model, p) < 0 || accuracy(model, texts, &part);
        if (!failed) printf("%-12s  %8lld bytes of weights  accuracy %.4f\n", rnn_precision_name(p),
                            (long long)rnn_model_weight_bytes(model), part);
    }
    rnn_dataset_free(texts);
    return failed || rnn_model_set_precision(model, RNN_PRECISION_F32) < 0;
}

int main(int argc, char **argv)
{
    int32_t precision = RNN_PRECISION_INT8;
    rnn_model_t *model = NULL;
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: quantize MODEL OUT [int8|int8_weights|bf16] [TEXTS.tsv]\n");
        return 2;
    }
    if (argc > 3 && precision_named(argv[3], &precision)) return 2;
    if (rnn_model_load(NULL, argv[1], &model) < 0) return fail();
    int failed = (argc > 4 && compare(model, argv[4])) || rnn_model_set_precision(model, precision) < 0 ||
                 rnn_model_save(model, argv[2]) < 0;
    if (failed) fail();
    else printf("%s: %ld bytes, %s: %ld bytes\n", argv[1], size_of_file(argv[1]), argv[2],
                size_of_file(argv[2]));
    rnn_model_free(model);
    return failed;
}
