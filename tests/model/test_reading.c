/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/written.h"
#include "model/helpers.h"
#include "model/model.h"

/* What travels with a model beside weights: class numbers, settings of its data, texts. */

static const char *const moods[] = { "glad", "neutral", "sad" };
static const char *const words = "good fine so bad awful";

static rnn_tokenizer_t *tokenizer(rnn_context_t *context)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(context);
    if (t && !rnn_tokenizer_add_text(t, words, (int64_t)strlen(words)) && !rnn_tokenizer_build(t)) return t;
    rnn_tokenizer_free(t);
    return NULL;
}

static rnn_status_t add_texts(rnn_model_t *m, rnn_context_t *context, int64_t units, bool per_step)
{
    rnn_layer_t *h = rnn_gru(m, rnn_embedding(m, rnn_input_tokens(m, "text"), 16, 4), 5);
    h = rnn_dense(m, per_step ? h : rnn_last(m, h), units, units == 1 ? RNN_SIGMOID : RNN_SOFTMAX);
    rnn_model_set_output(m, h, "mood");
    rnn_status_t status = rnn_model_build(m);
    rnn_tokenizer_t *t = status == RNN_OK ? tokenizer(context) : NULL;
    if (status == RNN_OK) status = t ? rnn_model_set_tokenizer(m, NULL, t) : RNN_ERROR_MEMORY;
    rnn_tokenizer_free(t);
    return status;
}

static rnn_model_t *make(rnn_context_t *context, int64_t units, bool per_step)
{
    rnn_model_t *m = rnn_model_create(context);
    rnn_status_t status = m ? add_texts(m, context, units, per_step) : RNN_ERROR_MEMORY;
    if (status == RNN_OK && units == 3) status = rnn_model_set_classes(m, NULL, moods, 3);
    if (status == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

/* ---- Class numbers ---- */

static const char *table(const char *text)
{
    static char path[] = "/tmp/rnn_test_reading_XXXXXX";
    write_text(path, text);
    return path;
}

static rnn_csv_t *reader(rnn_tokenizer_t *t)
{
    rnn_csv_t *csv = rnn_csv_create(NULL);
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_TEXT, "text"));
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_LABEL, "mood"));
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    return csv;
}

/* The classes of a new file get the model's numbers, not those of their order there. */
TEST(classes_of_a_saved_model)
{
    rnn_model_t *m = make(NULL, 3, false), *loaded = NULL;
    const char *path = table("");
    CHECK_OK(rnn_model_save(m, path));
    CHECK_OK(rnn_model_load(NULL, path, &loaded));
    rnn_dataset_t *like = rnn_model_like(loaded, "mood"), *d = NULL;
    CHECK_INT(rnn_dataset_count(like), 0);
    for (int i = 0; i < 3; i++) CHECK_STR(rnn_dataset_class_name(like, i), moods[i]);
    rnn_csv_t *csv = reader(rnn_model_tokenizer(loaded, NULL));
    rnn_batch_t *batch;
    CHECK_OK(rnn_csv_load(csv, table("text,mood\nbad,sad\ngood,glad\nso so,neutral\n"), like, &d));
    CHECK_INT(rnn_dataset_classes(d), 3);
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    const int32_t expected[3] = { 2, 0, 1 };
    CHECK_BYTES(batch->target[0].ids, expected, sizeof(expected));
    rnn_dataset_free(d);
    CHECK_STATUS(rnn_csv_load(csv, table("text,mood\nbad,cross\n"), like, &d), RNN_ERROR_DATA);
    CHECK_OK(rnn_dataset_load_text(NULL, table("sad\tbad\nglad\tgood\n"), rnn_model_tokenizer(m, NULL), like,
                                   &d));
    CHECK_INT(rnn_dataset_classes(d), 3);
    rnn_dataset_free(d);
    rnn_dataset_free(like);
    rnn_csv_free(csv);
    rnn_model_free(loaded);
    rnn_model_free(m);
    remove(path);
}

TEST(a_model_without_class_names)
{
    rnn_model_t *m = make(NULL, 1, false);
    rnn_dataset_t *like = rnn_model_like(m, NULL);
    CHECK(like != NULL);
    CHECK(rnn_dataset_class_name(like, 0) == NULL);
    rnn_dataset_free(like);
    CHECK(rnn_model_like(m, "other") == NULL);
    CHECK(rnn_model_like(NULL, NULL) == NULL);
    rnn_model_free(m);
}

TEST(names_for_class_numbers)
{
    int32_t ids[2] = { 1, 2 }, classes[2] = { 2, 0 };
    const int64_t shape[2] = { 2, 1 };
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_I32, 2, shape, NULL, ids);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_I32, 1, shape, NULL, classes);
    CHECK_OK(rnn_dataset_add_input(d, x, NULL));
    CHECK_OK(rnn_dataset_add_target(d, y, NULL));
    CHECK_STATUS(rnn_dataset_set_class_names(d, moods, 2), RNN_ERROR_RANGE);
    const char *const twice[] = { "a", "b", "a" }, *const empty[] = { "a", "", "c" };
    CHECK_STATUS(rnn_dataset_set_class_names(d, twice, 3), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_set_class_names(d, empty, 3), RNN_ERROR_ARGUMENT);
    CHECK(rnn_dataset_class_name(d, 0) == NULL);
    CHECK_OK(rnn_dataset_set_class_names(d, moods, 3));
    CHECK_STR(rnn_dataset_class_name(d, 2), "sad");
    CHECK_INT(rnn_dataset_classes(d), 3);
    CHECK_STATUS(rnn_dataset_set_class_names(d, moods, 3), RNN_ERROR_STATE);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(d);
}

/* ---- Settings of the data ---- */

static int64_t setting(const rnn_dataset_t *d, int32_t id)
{
    int64_t value = -1;
    CHECK_OK(rnn_dataset_get_int(d, id, &value));
    return value;
}

TEST(settings_go_along)
{
    rnn_model_t *m = make(NULL, 3, false), *loaded = NULL;
    rnn_dataset_t *d = rnn_dataset_create(NULL), *other = rnn_dataset_create(NULL);
    CHECK_OK(rnn_model_get_reading(m, other)); /* none kept */
    CHECK_INT(setting(other, RNN_DATA_PAD), RNN_PAD_NONE);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, RNN_PAD_PRE));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_TRUNCATE, RNN_TRUNCATE_POST));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 200));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD_ID, 3));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_ID, 10));
    CHECK_OK(rnn_model_set_reading(m, d));
    CHECK_STR(rnn_model_metadata(m, "reading"), "pad=1 truncate=1 max_length=200 pad_id=3 max_id=10");
    const char *path = table("");
    CHECK_OK(rnn_model_save(m, path));
    CHECK_OK(rnn_model_load(NULL, path, &loaded));
    CHECK_OK(rnn_model_get_reading(loaded, other));
    for (int32_t id = RNN_DATA_PAD; id <= RNN_DATA_MAX_ID; id++)
        CHECK_INT(setting(other, id), setting(d, id));
    rnn_model_free(loaded);
    rnn_model_free(m);
    rnn_dataset_free(d);
    rnn_dataset_free(other);
    remove(path);
}

TEST(settings_that_cannot_be_read)
{
    static const char *const wrong[] = { "pad", "pad=",        "pad=x",         "paddle=1",
                                         "=1",  "pad=1 pad=9", "max_length=-1", "pad=1  x=2" };
    rnn_model_t *m = make(NULL, 3, false);
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_OK(rnn_model_set_metadata(m, "reading", wrong[i]));
        CHECK_STATUS(rnn_model_get_reading(m, d), RNN_ERROR_FORMAT);
        CHECK_INT(setting(d, RNN_DATA_PAD), 0);
        CHECK_STATUS(rnn_model_predict_text(m, "so", 2, NULL, NULL, NULL), RNN_ERROR_FORMAT);
    }
    rnn_model_free(m);
    rnn_dataset_free(d);
}

/* ---- Texts ---- */

/* The same as a dataset of the text gives. */
static void check_text(rnn_model_t *m, const char *text, rnn_tensor_t *got, int64_t answer)
{
    int32_t ids[32];
    int64_t count, best = 0;
    CHECK_OK(
        rnn_tokenizer_encode(rnn_model_tokenizer(m, NULL), text, (int64_t)strlen(text), ids, 32, &count));
    const int64_t shape[2] = { 1, count };
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_I32, 2, shape, NULL, ids), *y;
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    CHECK_OK(rnn_model_get_reading(m, d));
    CHECK_OK(rnn_dataset_add_input(d, x, NULL));
    CHECK_OK(rnn_model_predict(m, d, NULL, &y));
    CHECK_INT(rnn_tensor_count(got), rnn_tensor_count(y));
    CHECK_BYTES(rnn_tensor_const_data(got), rnn_tensor_const_data(y),
                (size_t)rnn_tensor_count(y) * sizeof(rnni_real));
    for (int64_t i = 1; i < rnn_tensor_count(y); i++)
        if (rnn_tensor_get(y, i) > rnn_tensor_get(y, best)) best = i;
    CHECK_INT(answer, rnn_tensor_count(y) == 1 ? rnn_tensor_get(y, 0) >= 0.5 : best);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(d);
}

static void predict(int64_t units)
{
    static const char *const texts[] = { "good", "so so bad", "awful awful nonsense fine so good", "" };
    rnn_model_t *m = make(NULL, units, false);
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 4; i++) {
            rnn_tensor_t *y = NULL;
            int64_t answer = -1, alone = -1;
            CHECK_OK(rnn_model_predict_text(m, texts[i], (int64_t)strlen(texts[i]), NULL, &y, &answer));
            CHECK_OK(rnn_model_predict_text(m, texts[i], (int64_t)strlen(texts[i]), "mood", NULL, &alone));
            CHECK_INT(answer, alone);
            check_text(m, texts[i], y, answer);
            rnn_tensor_free(y);
        }
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, RNN_PAD_POST));
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 4));
        CHECK_OK(rnn_model_set_reading(m, d));
    }
    rnn_dataset_free(d);
    rnn_model_free(m);
}

TEST(a_text_in_one_call) { predict(3); }
TEST(a_text_for_one_sigmoid) { predict(1); }

TEST(what_a_text_cannot_be_asked_of)
{
    rnn_model_t *m = make(NULL, 3, true), *bare = rnn_model_create(NULL);
    rnn_tensor_t *y = NULL;
    int64_t answer;
    CHECK_STATUS(rnn_model_predict_text(m, "so", 2, NULL, NULL, &answer), RNN_ERROR_SHAPE);
    CHECK_OK(rnn_model_predict_text(m, "so bad", 6, NULL, &y, NULL));
    CHECK_INT(rnn_tensor_rank(y), 3);
    CHECK_INT(rnn_tensor_size(y, 1), 2);
    CHECK_STATUS(rnn_model_predict_text(m, "so", 2, "other", NULL, NULL), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_model_predict_text(m, "so", -1, NULL, NULL, NULL), RNN_ERROR_ARGUMENT);
    rnn_layer_t *h = rnn_last(bare, rnn_embedding(bare, rnn_input_tokens(bare, "text"), 16, 4));
    CHECK_OK(rnn_model_set_output(bare, h, "y"));
    CHECK_OK(rnn_model_build(bare));
    CHECK_STATUS(rnn_model_predict_text(bare, "so", 2, NULL, NULL, NULL), RNN_ERROR_STATE);
    rnn_tensor_free(y);
    rnn_model_free(bare);
    rnn_model_free(m);
}

static int use(rnn_context_t *context)
{
    rnn_model_t *m = make(context, 3, false);
    rnn_dataset_t *like = m ? rnn_model_like(m, NULL) : NULL;
    rnn_tensor_t *y = NULL;
    rnn_status_t status = like ? rnn_model_set_reading(m, like) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_model_predict_text(m, "so bad", 6, NULL, &y, NULL);
    rnn_tensor_free(y);
    rnn_dataset_free(like);
    rnn_model_free(m);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(use); }

TEST_MAIN
