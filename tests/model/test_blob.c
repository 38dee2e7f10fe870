/* SPDX-License-Identifier: MIT */
/* Bytes that travel with a model. */
#include "core/memory.h"
#include "model/helpers.h"

static rnn_model_t *small(void)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, rnn_input_vector(m, "x", 2), 1, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(m));
    return m;
}

TEST(set_replace_remove)
{
    rnn_model_t *m = small();
    int64_t size = -1;
    CHECK_OK(rnn_model_set_blob(m, "b", "second", 6));
    CHECK_OK(rnn_model_set_blob(m, "a.1", "first", 5));
    CHECK_STR(rnn_model_blob_name(m, 0), "a.1");
    CHECK_STR(rnn_model_blob_name(m, 1), "b");
    CHECK(rnn_model_blob_name(m, 2) == NULL && rnn_model_blob_name(m, -1) == NULL);
    CHECK_OK(rnn_model_set_blob(m, "b", "new", 3));
    CHECK_BYTES(rnn_model_blob(m, "b", &size), "new", 3);
    CHECK_INT(size, 3);
    CHECK_OK(rnn_model_set_blob(m, "a.1", "", 0));
    CHECK(rnn_model_blob(m, "a.1", &size) != NULL);
    CHECK_INT(size, 0);
    CHECK_OK(rnn_model_set_blob(m, "a.1", NULL, 0));
    CHECK(rnn_model_blob(m, "a.1", NULL) == NULL);
    CHECK_STATUS(rnn_model_set_blob(m, "with a blank", NULL, 0), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_model_set_blob(m, "not_there", NULL, 0));
    rnn_model_free(m);
}

TEST(names)
{
    rnn_model_t *m = small();
    char name[80];
    memset(name, 'n', sizeof name);
    name[64] = 0;
    CHECK_STATUS(rnn_model_set_blob(m, name, "x", 1), RNN_ERROR_ARGUMENT);
    name[63] = 0;
    CHECK_OK(rnn_model_set_blob(m, name, "x", 1));
    CHECK_STATUS(rnn_model_set_blob(m, "", "x", 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_blob(m, NULL, "x", 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_blob(m, "a/b", "x", 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_blob(m, "a", "x", -1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_blob(NULL, "a", "x", 1), RNN_ERROR_ARGUMENT);
    CHECK(rnn_model_blob(NULL, "a", NULL) == NULL && rnn_model_blob(m, NULL, NULL) == NULL);
    rnn_model_free(m);
}

static int64_t append(const void *data, int64_t size, void *user)
{
    return rnni_buffer_add(user, data, (size_t)size) == RNN_OK ? size : -1;
}

/* In the file they are tensors of bytes that loading gives back. */
TEST(saved_and_loaded)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_buffer file = { .context = context };
    rnn_io_t io = { .struct_size = sizeof io, .write = append, .user = &file };
    unsigned char bytes[300];
    for (int i = 0; i < 300; i++) bytes[i] = (unsigned char)(i * 7);
    rnn_model_t *m = small(), *loaded = NULL;
    CHECK_OK(rnn_model_set_blob(m, "scaler.mean", bytes, 300));
    CHECK_OK(rnn_model_set_blob(m, "empty", "", 0));
    CHECK_OK(rnn_model_save_io(m, &io));
    CHECK_OK(rnn_model_load_memory(context, file.data, (int64_t)file.size, &loaded));
    int64_t size = 0;
    CHECK_BYTES(rnn_model_blob(loaded, "scaler.mean", &size), bytes, 300);
    CHECK_INT(size, 300);
    CHECK(rnn_model_blob(loaded, "empty", &size) != NULL);
    CHECK_INT(size, 0);
    CHECK(rnn_model_blob_name(loaded, 2) == NULL);
    rnni_buffer_clear(&file);
    rnn_model_free(m);
    rnn_model_free(loaded);
    rnn_context_free(context);
}

TEST_MAIN
