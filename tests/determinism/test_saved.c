/* SPDX-License-Identifier: MIT */
/* Every kind of model, saved and loaded again, gives the same bits and is saved as the same bytes. */
#include "core/memory.h"
#include "model/zoo.h"

static int64_t append(const void *data, int64_t size, void *user)
{
    return rnni_buffer_add(user, data, (size_t)size) == RNN_OK ? size : -1;
}

static void save(const rnn_model_t *model, rnni_buffer *out)
{
    rnn_io_t io = { .struct_size = sizeof io, .write = append, .user = out };
    CHECK_OK(rnn_model_save_io(model, &io));
}

static void check_row(rnn_context_t *context, const zoo_row *row)
{
    rnni_buffer first = { .context = context }, second = { .context = context };
    rnn_model_t *model = zoo_make(context, row), *loaded = NULL;
    save(model, &first);
    CHECK_OK(rnn_model_load_memory(context, first.data, (int64_t)first.size, &loaded));
    save(loaded, &second);
    CHECK_INT(first.size, second.size);
    CHECK_BYTES(first.data, second.data, first.size);
    rnn_batch_t *batch = help_batch(zoo_data(row, 7, 5, 11), NULL);
    rnn_tensor_t *y = help_run(model, batch), *z = help_run(loaded, batch);
    help_same(y, z);
    rnn_tensor_free(y);
    rnn_tensor_free(z);
    rnn_batch_free(batch);
    rnn_model_free(model);
    rnn_model_free(loaded);
    rnni_buffer_clear(&first);
    rnni_buffer_clear(&second);
}

TEST(every_model)
{
    rnn_context_t *context = rnn_context_create(NULL);
    for (int i = 0; i < ZOO_ROWS; i++) check_row(context, &zoo[i]);
    rnn_context_free(context);
}

TEST_MAIN
