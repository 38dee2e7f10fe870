/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/json.h"
#include "serial/safetensors.h"
#include "serial/sort.h"
#include "tensor/tensor.h"

typedef struct {
    char *key, *value;
} text_pair;

typedef struct {
    char *name;
    int32_t dtype, rank;
    int64_t shape[RNN_MAX_RANK];
    const void *data;
    size_t size;
    void *owned; /* freed with the writer: data, or NULL */
    size_t owned_size;
} tensor_row;

struct rnni_safetensors_writer {
    rnn_context_t *context; /* held */
    text_pair *texts;
    size_t text_count, text_capacity;
    tensor_row *tensors;
    size_t tensor_count, tensor_capacity;
};

rnn_status_t rnni_safetensors_writer_create(rnn_context_t *context, rnni_safetensors_writer **writer)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnni_safetensors_writer *fresh = rnni_alloc(held, sizeof(*fresh));
    if (!fresh) {
        rnn_context_free(held);
        return RNN_ERROR_MEMORY;
    }
    fresh->context = held;
    *writer = fresh;
    return RNN_OK;
}

static void free_text(rnn_context_t *context, char *text)
{
    if (text) rnni_free(context, text, strlen(text) + 1);
}

void rnni_safetensors_writer_free(rnni_safetensors_writer *writer)
{
    if (!writer) return;
    rnn_context_t *context = writer->context;
    for (size_t i = 0; i < writer->text_count; i++) {
        free_text(context, writer->texts[i].key);
        free_text(context, writer->texts[i].value);
    }
    for (size_t i = 0; i < writer->tensor_count; i++) {
        free_text(context, writer->tensors[i].name);
        rnni_free(context, writer->tensors[i].owned, writer->tensors[i].owned_size);
    }
    rnni_free(context, writer->texts, writer->text_capacity * sizeof(*writer->texts));
    rnni_free(context, writer->tensors, writer->tensor_capacity * sizeof(*writer->tensors));
    rnni_free(context, writer, sizeof(*writer));
    rnn_context_free(context);
}

rnn_status_t rnni_safetensors_add_metadata(rnni_safetensors_writer *writer, const char *key,
                                           const char *value)
{
    RNNI_REQUIRE(key && value, RNN_ERROR_ARGUMENT, "the key or the value of a metadata text is NULL");
    RNNI_TRY(rnni_grow(writer->context, (void **)&writer->texts, &writer->text_capacity,
                       writer->text_count + 1, sizeof(*writer->texts)));
    text_pair pair = { rnni_strdup(writer->context, key), rnni_strdup(writer->context, value) };
    if (!pair.key || !pair.value) {
        free_text(writer->context, pair.key);
        free_text(writer->context, pair.value);
        return RNN_ERROR_MEMORY;
    }
    writer->texts[writer->text_count++] = pair;
    return RNN_OK;
}

rnn_status_t rnni_safetensors_add_tensor(rnni_safetensors_writer *writer, const char *name, int32_t dtype,
                                         int32_t rank, const int64_t *shape, const void *data)
{
    int64_t count;
    RNNI_REQUIRE(name, RNN_ERROR_ARGUMENT, "the name of a tensor is NULL");
    RNNI_TRY(rnni_shape_count(dtype, rank, shape, &count));
    RNNI_REQUIRE(data || count == 0, RNN_ERROR_ARGUMENT, "the data of tensor \"%.100s\" is NULL", name);
    RNNI_TRY(rnni_grow(writer->context, (void **)&writer->tensors, &writer->tensor_capacity,
                       writer->tensor_count + 1, sizeof(*writer->tensors)));
    tensor_row row = { .dtype = dtype, .rank = rank, .data = data };
    row.size = (size_t)count * (size_t)rnn_dtype_size(dtype);
    for (int32_t i = 0; i < rank; i++) row.shape[i] = shape[i];
    row.name = rnni_strdup(writer->context, name);
    if (!row.name) return RNN_ERROR_MEMORY;
    writer->tensors[writer->tensor_count++] = row;
    return RNN_OK;
}

rnn_status_t rnni_safetensors_add_owned(rnni_safetensors_writer *writer, const char *name, int32_t dtype,
                                        int32_t rank, const int64_t *shape, void *data, size_t size)
{
    rnn_status_t status = rnni_safetensors_add_tensor(writer, name, dtype, rank, shape, data);
    if (status != RNN_OK) {
        rnni_free(writer->context, data, size);
        return status;
    }
    writer->tensors[writer->tensor_count - 1].owned = data;
    writer->tensors[writer->tensor_count - 1].owned_size = size;
    return RNN_OK;
}

/* ---- The header ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const tensor_row *)a)->name, ((const tensor_row *)b)->name);
}

/* Larger elements first, so that each tensor is aligned to its own. */
static int compare_places(const void *a, const void *b)
{
    int64_t p = rnn_dtype_size(((const tensor_row *)a)->dtype),
            q = rnn_dtype_size(((const tensor_row *)b)->dtype);
    return p != q ? (p > q ? -1 : 1) : compare_names(a, b);
}

static int compare_text_keys(const void *a, const void *b)
{
    return strcmp(((const text_pair *)a)->key, ((const text_pair *)b)->key);
}

static const tensor_row *row_of(const void **rows, size_t index)
{
    return rows[index];
}

static rnn_status_t comes_twice(const char *what, const char *name)
{
    return rnni_fail(RNN_ERROR_ARGUMENT, "the %s \"%.100s\" comes twice", what, name);
}

static rnn_status_t check_names(const void **rows, size_t count)
{
    rnni_sort(rows, count, compare_names);
    for (size_t i = 0; i < count; i++) {
        const char *name = row_of(rows, i)->name;
        if (i > 0 && strcmp(row_of(rows, i - 1)->name, name) == 0) return comes_twice("tensor", name);
        RNNI_REQUIRE(strcmp(name, "__metadata__") != 0, RNN_ERROR_ARGUMENT,
                     "a tensor cannot have the name __metadata__");
    }
    return RNN_OK;
}

static rnn_status_t check_keys(const rnni_safetensors_writer *writer)
{
    size_t count = writer->text_count;
    const void **pairs = rnni_alloc_array(writer->context, count, sizeof(*pairs));
    if (!pairs) return RNN_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) pairs[i] = &writer->texts[i];
    rnni_sort(pairs, count, compare_text_keys);
    const char *twice = NULL;
    for (size_t i = 1; i < count && !twice; i++)
        if (compare_text_keys(pairs[i - 1], pairs[i]) == 0) twice = ((const text_pair *)pairs[i])->key;
    rnni_free(writer->context, pairs, count * sizeof(*pairs));
    return twice ? comes_twice("metadata key", twice) : RNN_OK;
}

static void write_metadata(rnni_json_writer *json, const rnni_safetensors_writer *writer)
{
    if (writer->text_count == 0) return;
    rnni_json_write_key(json, "__metadata__");
    rnni_json_begin_object(json);
    for (size_t i = 0; i < writer->text_count; i++) {
        rnni_json_write_key(json, writer->texts[i].key);
        rnni_json_write_string(json, writer->texts[i].value);
    }
    rnni_json_end_object(json);
}

static void write_row(rnni_json_writer *json, const tensor_row *row, size_t begin)
{
    rnni_json_write_key(json, row->name);
    rnni_json_begin_object(json);
    rnni_json_write_key(json, "dtype");
    rnni_json_write_string(json, rnn_dtype_name(row->dtype));
    rnni_json_write_key(json, "shape");
    rnni_json_begin_array(json);
    for (int32_t i = 0; i < row->rank; i++) rnni_json_write_i64(json, row->shape[i]);
    rnni_json_end_array(json);
    rnni_json_write_key(json, "data_offsets");
    rnni_json_begin_array(json);
    rnni_json_write_i64(json, (int64_t)begin);
    rnni_json_write_i64(json, (int64_t)(begin + row->size));
    rnni_json_end_array(json);
    rnni_json_end_object(json);
}

static rnn_status_t write_rows(rnni_json_writer *json, const void **rows, size_t count)
{
    size_t begin = 0, end;
    for (size_t i = 0; i < count; i++, begin = end) {
        bool fits = rnni_add(begin, row_of(rows, i)->size, &end) && end <= PTRDIFF_MAX;
        RNNI_REQUIRE(fits, RNN_ERROR_MEMORY, "the tensors have more bytes than a file can");
        write_row(json, row_of(rows, i), begin);
    }
    return json->status;
}

/* Length, JSON, and spaces so that the data begins at a multiple of 64 bytes. */
static rnn_status_t make_header(const rnni_safetensors_writer *writer, const void **rows, rnni_buffer *header)
{
    unsigned char start[8] = { 0 };
    RNNI_TRY(rnni_buffer_add(header, start, sizeof(start)));
    rnni_json_writer json = rnni_json_write_to(header);
    rnni_json_begin_object(&json);
    write_metadata(&json, writer);
    RNNI_TRY(write_rows(&json, rows, writer->tensor_count));
    rnni_json_end_object(&json);
    RNNI_TRY(json.status);
    while (header->size % 64 != 0) RNNI_TRY(rnni_buffer_add(header, " ", 1));
    RNNI_REQUIRE(header->size - 8 <= RNNI_SAFETENSORS_MAX_HEADER, RNN_ERROR_DATA,
                 "the header would have %zu bytes, the format allows %d", header->size - 8,
                 RNNI_SAFETENSORS_MAX_HEADER);
    rnni_store_u64(start, header->size - 8);
    memcpy(header->data, start, sizeof(start));
    return RNN_OK;
}

/* ---- The data ---- */

static rnn_status_t write_swapped(const rnn_io_t *io, const tensor_row *row)
{
    char part[4096];
    for (size_t at = 0; at < row->size; at += sizeof(part)) {
        size_t size = row->size - at < sizeof(part) ? row->size - at : sizeof(part);
        memcpy(part, (const char *)row->data + at, size);
        rnni_swap_bytes(part, size, (size_t)rnn_dtype_size(row->dtype));
        RNNI_TRY(rnni_io_write_all(io, part, size, row->name));
    }
    return RNN_OK;
}

static rnn_status_t write_data(const rnn_io_t *io, const void **rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tensor_row *row = row_of(rows, i);
        RNNI_TRY(rnni_is_big_endian() ? write_swapped(io, row)
                                      : rnni_io_write_all(io, row->data, row->size, row->name));
    }
    return RNN_OK;
}

/* Everything that can be wrong with the content is found before the first byte is written. */
static rnn_status_t prepare(const rnni_safetensors_writer *writer, const void **rows, rnni_buffer *header)
{
    for (size_t i = 0; i < writer->tensor_count; i++) rows[i] = &writer->tensors[i];
    RNNI_TRY(check_names(rows, writer->tensor_count));
    RNNI_TRY(check_keys(writer));
    rnni_sort(rows, writer->tensor_count, compare_places);
    return make_header(writer, rows, header);
}

typedef rnn_status_t (*put_function)(void *place, const rnni_buffer *header, const void **rows, size_t count);

static rnn_status_t put_io(void *place, const rnni_buffer *header, const void **rows, size_t count)
{
    const rnn_io_t *io = place;
    RNNI_TRY(rnni_io_write_all(io, header->data, header->size, "the header"));
    return write_data(io, rows, count);
}

typedef struct {
    rnn_context_t *context;
    const char *path;
} path_place;

static rnn_status_t put_path(void *place, const rnni_buffer *header, const void **rows, size_t count)
{
    const path_place *target = place;
    rnni_atomic_file file;
    RNNI_TRY(rnni_atomic_begin(&file, target->context, target->path));
    rnn_status_t status = put_io(&file.io, header, rows, count);
    if (status == RNN_OK) return rnni_atomic_commit(&file);
    rnni_atomic_abort(&file);
    return status;
}

static rnn_status_t write_all(const rnni_safetensors_writer *writer, put_function put, void *place)
{
    size_t count = writer->tensor_count;
    const void **rows = rnni_alloc_array(writer->context, count, sizeof(*rows));
    if (!rows) return RNN_ERROR_MEMORY;
    rnni_buffer header = { .context = writer->context };
    rnn_status_t status = prepare(writer, rows, &header);
    if (status == RNN_OK) status = put(place, &header, rows, count);
    rnni_buffer_clear(&header);
    rnni_free(writer->context, rows, count * sizeof(*rows));
    return status;
}

rnn_status_t rnni_safetensors_write_io(const rnni_safetensors_writer *writer, const rnn_io_t *io)
{
    RNNI_REQUIRE(io && io->struct_size >= sizeof(*io) && io->write, RNN_ERROR_ARGUMENT,
                 "the io has no write function, or an unknown struct_size");
    rnn_io_t copy = *io;
    return write_all(writer, put_io, &copy);
}

rnn_status_t rnni_safetensors_write_path(const rnni_safetensors_writer *writer, const char *path)
{
    path_place target = { writer->context, path };
    return write_all(writer, put_path, &target);
}
