/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/json.h"
#include "serial/safetensors.h"
#include "serial/sort.h"
#include "tensor/convert.h"
#include "tensor/tensor.h"

#define METADATA "__metadata__"

typedef struct {
    rnni_safetensors_entry entry;
    int64_t begin, end; /* data_offsets */
} slot;

struct rnni_safetensors {
    rnn_context_t *context; /* held */
    rnni_json header;
    slot *slots; /* in the order of the header */
    const void **by_place, **by_name;
    size_t count;
    const void **keys; /* of the metadata, sorted; each stands before its value */
    size_t key_count;
    char *block; /* the data, where this file owns it */
    size_t block_size;
};

/* ---- The header ---- */

static rnn_status_t bad_tensor(const char *name, const char *wrong)
{
    return rnni_fail(RNN_ERROR_FORMAT, "tensor \"%.100s\": %s", name, wrong);
}

static int32_t dtype_of(const char *name)
{
    for (int32_t dtype = RNN_F32; dtype <= RNN_BOOL; dtype++)
        if (strcmp(rnn_dtype_name(dtype), name) == 0) return dtype;
    return 0;
}

static rnn_status_t read_shape(const rnni_json_value *shape, rnni_safetensors_entry *entry)
{
    if (!rnni_json_is(shape, RNNI_JSON_ARRAY)) return bad_tensor(entry->name, "\"shape\" is not an array");
    RNNI_REQUIRE(shape->size <= RNN_MAX_RANK, RNN_ERROR_UNSUPPORTED,
                 "tensor \"%.100s\" has %u dimensions, expected at most %d", entry->name,
                 (unsigned)shape->size, RNN_MAX_RANK);
    entry->rank = (int32_t)shape->size;
    const rnni_json_value *item = rnni_json_first(shape);
    for (int32_t i = 0; i < entry->rank; i++, item = rnni_json_next(item))
        if (!rnni_json_i64(item, &entry->shape[i]) || entry->shape[i] < 0)
            return bad_tensor(entry->name, "\"shape\" holds something else than sizes");
    return RNN_OK;
}

static rnn_status_t read_offsets(const rnni_json_value *offsets, slot *s)
{
    bool pair = rnni_json_is(offsets, RNNI_JSON_ARRAY) && offsets->size == 2;
    const rnni_json_value *first = pair ? rnni_json_first(offsets) : NULL;
    if (!pair || !rnni_json_i64(first, &s->begin) || !rnni_json_i64(rnni_json_next(first), &s->end) ||
        s->begin < 0 || s->end < s->begin)
        return bad_tensor(s->entry.name, "\"data_offsets\" is not a beginning and an end");
    return RNN_OK;
}

/* Elements times their size must be the bytes between the offsets. */
static rnn_status_t check_size(slot *s)
{
    rnni_safetensors_entry *entry = &s->entry;
    int64_t count = 1, bytes;
    bool fits = true, empty = false;
    for (int32_t i = 0; i < entry->rank; i++) {
        empty = empty || entry->shape[i] == 0;
        fits = fits && rnni_mul_i64(count, entry->shape[i] ? entry->shape[i] : 1, &count);
    }
    if (!fits || !rnni_mul_i64(count, rnn_dtype_size(entry->dtype), &bytes) || (uint64_t)bytes > PTRDIFF_MAX)
        return bad_tensor(entry->name, "the product of its shape overflows");
    entry->count = empty ? 0 : count;
    entry->size = empty ? 0 : (size_t)bytes;
    RNNI_REQUIRE(s->end - s->begin == (int64_t)entry->size, RNN_ERROR_FORMAT,
                 "tensor \"%.100s\" has %lld bytes, its shape and type need %zu", entry->name,
                 (long long)(s->end - s->begin), entry->size);
    return RNN_OK;
}

static rnn_status_t read_tensor(const rnni_json_value *key, const rnni_json_value *value, slot *s)
{
    s->entry.name = key->text;
    if (!rnni_json_is(value, RNNI_JSON_OBJECT) || value->size != 3)
        return bad_tensor(key->text, "expected an object of dtype, shape and data_offsets");
    const char *dtype = rnni_json_string(rnni_json_get(value, "dtype"));
    if (!dtype) return bad_tensor(key->text, "\"dtype\" is not a string");
    s->entry.dtype = dtype_of(dtype);
    RNNI_REQUIRE(s->entry.dtype, RNN_ERROR_UNSUPPORTED,
                 "tensor \"%.100s\" has the unknown element type \"%.20s\"", key->text, dtype);
    RNNI_TRY(read_shape(rnni_json_get(value, "shape"), &s->entry));
    RNNI_TRY(read_offsets(rnni_json_get(value, "data_offsets"), s));
    return check_size(s);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const rnni_json_value *)a)->text, ((const rnni_json_value *)b)->text);
}

static rnn_status_t read_metadata(rnni_safetensors *file, const rnni_json_value *value)
{
    RNNI_REQUIRE(rnni_json_is(value, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT, METADATA " is not an object");
    file->keys = rnni_alloc_array(file->context, value->size, sizeof(*file->keys));
    if (!file->keys) return RNN_ERROR_MEMORY;
    file->key_count = value->size;
    const rnni_json_value *key = rnni_json_first(value);
    for (size_t i = 0; i < file->key_count; i++, key = rnni_json_next(rnni_json_next(key))) {
        RNNI_REQUIRE(rnni_json_is(rnni_json_next(key), RNNI_JSON_STRING), RNN_ERROR_FORMAT,
                     METADATA ": \"%.100s\" is not a string", key->text);
        file->keys[i] = key;
    }
    rnni_sort(file->keys, file->key_count, compare_keys);
    return RNN_OK;
}

static int compare_places(const void *a, const void *b)
{
    const slot *p = a, *q = b;
    if (p->begin != q->begin) return p->begin < q->begin ? -1 : 1;
    if (p->end != q->end) return p->end < q->end ? -1 : 1;
    return (p > q) - (p < q);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const slot *)a)->entry.name, ((const slot *)b)->entry.name);
}

static const slot *slot_of(const void **list, size_t index)
{
    return list[index];
}

/* The data of all tensors must follow each other without holes and overlaps, from the first byte to the
 * last. */
static rnn_status_t check_places(const rnni_safetensors *file, int64_t data_size)
{
    int64_t place = 0;
    for (size_t i = 0; i < file->count; i++) {
        const slot *s = slot_of(file->by_place, i);
        RNNI_REQUIRE(s->begin == place, RNN_ERROR_FORMAT,
                     "tensor \"%.100s\" begins at byte %lld of the data, expected %lld", s->entry.name,
                     (long long)s->begin, (long long)place);
        place = s->end;
    }
    RNNI_REQUIRE(place == data_size, RNN_ERROR_FORMAT,
                 "the tensors have %lld bytes, the file has %lld for them", (long long)place,
                 (long long)data_size);
    return RNN_OK;
}

static rnn_status_t make_slots(rnni_safetensors *file, size_t count)
{
    file->slots = rnni_alloc_array(file->context, count, sizeof(*file->slots));
    file->by_place = rnni_alloc_array(file->context, count, sizeof(*file->by_place));
    file->by_name = rnni_alloc_array(file->context, count, sizeof(*file->by_name));
    file->count = count;
    return file->slots && file->by_place && file->by_name ? RNN_OK : RNN_ERROR_MEMORY;
}

static rnn_status_t read_header(rnni_safetensors *file, const char *text, size_t size, int64_t data_size)
{
    RNNI_REQUIRE(size > 0 && text[0] == '{', RNN_ERROR_FORMAT,
                 "the header does not begin with {: not a safetensors file");
    RNNI_TRY(rnni_json_parse(&file->header, file->context, text, size, "the header"));
    const rnni_json_value *root = file->header.values, *metadata = rnni_json_get(root, METADATA);
    if (metadata) RNNI_TRY(read_metadata(file, metadata));
    RNNI_TRY(make_slots(file, root->size - (metadata ? 1 : 0)));
    const rnni_json_value *key = rnni_json_first(root);
    for (size_t i = 0; i < file->count; key = rnni_json_next(rnni_json_next(key))) {
        if (rnni_json_next(key) == metadata) continue;
        RNNI_TRY(read_tensor(key, rnni_json_next(key), &file->slots[i]));
        file->by_place[i] = file->by_name[i] = &file->slots[i];
        i++;
    }
    rnni_sort(file->by_place, file->count, compare_places);
    rnni_sort(file->by_name, file->count, compare_names);
    return check_places(file, data_size);
}

/* ---- The data ---- */

void rnni_swap_bytes(void *data, size_t size, size_t element)
{
    unsigned char *p = data;
    for (size_t at = 0; element > 1 && at + element <= size; at += element)
        for (size_t i = 0, j = element - 1; i < j; i++, j--) {
            unsigned char kept = p[at + i];
            p[at + i] = p[at + j];
            p[at + j] = kept;
        }
}

static void attach(rnni_safetensors *file, const char *data)
{
    for (size_t i = 0; i < file->count; i++) file->slots[i].entry.data = data + file->slots[i].begin;
}

/* Attaches the block that the file owns, in the machine's byte order. */
static void attach_block(rnni_safetensors *file)
{
    attach(file, file->block);
    for (size_t i = 0; rnni_is_big_endian() && i < file->count; i++) {
        const slot *s = &file->slots[i];
        rnni_swap_bytes(file->block + s->begin, s->entry.size, (size_t)rnn_dtype_size(s->entry.dtype));
    }
}

static rnn_status_t make_block(rnni_safetensors *file, size_t size)
{
    file->block = rnni_alloc(file->context, size);
    if (!file->block) return RNN_ERROR_MEMORY;
    file->block_size = size;
    return RNN_OK;
}

/* ---- Opening ---- */

static rnn_status_t create(rnn_context_t *context, rnni_safetensors **file)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    *file = rnni_alloc(held, sizeof(**file));
    if (!*file) {
        rnn_context_free(held);
        return RNN_ERROR_MEMORY;
    }
    (*file)->context = held;
    (*file)->header.context = held;
    return RNN_OK;
}

/* Of `size` bytes, `start` being the first eight: how long the header is. */
static rnn_status_t check_start(const unsigned char *start, uint64_t size, size_t *header)
{
    uint64_t length = rnni_load_u64(start);
    RNNI_REQUIRE(length <= RNNI_SAFETENSORS_MAX_HEADER, RNN_ERROR_FORMAT,
                 "the header has %llu bytes, expected at most %d: not a safetensors file",
                 (unsigned long long)length, RNNI_SAFETENSORS_MAX_HEADER);
    RNNI_REQUIRE(length <= size - 8, RNN_ERROR_FORMAT, "the header has %llu bytes, but only %llu follow",
                 (unsigned long long)length, (unsigned long long)size - 8);
    *header = (size_t)length;
    return RNN_OK;
}

static rnn_status_t check_least(uint64_t size)
{
    RNNI_REQUIRE(size >= 8, RNN_ERROR_FORMAT, "%llu bytes are too few for a safetensors file",
                 (unsigned long long)size);
    return RNN_OK;
}

static rnn_status_t read_memory(rnni_safetensors *file, const char *data, size_t size)
{
    size_t header;
    RNNI_REQUIRE(data && size <= PTRDIFF_MAX, RNN_ERROR_ARGUMENT, "the data is NULL, or its size is no size");
    RNNI_TRY(check_least(size));
    RNNI_TRY(check_start((const unsigned char *)data, size, &header));
    size_t rest = size - 8 - header;
    RNNI_TRY(read_header(file, data + 8, header, (int64_t)rest));
    data += 8 + header;
    if (!rnni_is_big_endian()) {
        attach(file, data);
        return RNN_OK;
    }
    RNNI_TRY(make_block(file, rest));
    memcpy(file->block, data, rest);
    attach_block(file);
    return RNN_OK;
}

/* Finds how many bytes there are and moves to the first. */
static rnn_status_t find_range(const rnn_io_t *io, int64_t offset, int64_t *size)
{
    RNNI_REQUIRE(io && io->struct_size >= sizeof(*io) && io->read && io->seek, RNN_ERROR_ARGUMENT,
                 "the io has no read or no seek function, or an unknown struct_size");
    RNNI_REQUIRE(offset >= 0 && *size >= -1, RNN_ERROR_ARGUMENT,
                 "offset %lld and size %lld, expected 0 or more (size -1: up to the end)", (long long)offset,
                 (long long)*size);
    int64_t end = io->seek(0, 2, io->user);
    RNNI_REQUIRE(end >= 0, RNN_ERROR_IO, "moving to the end failed");
    int64_t rest = end - offset;
    RNNI_REQUIRE(rest >= 0 && *size <= rest, RNN_ERROR_FORMAT,
                 "%lld bytes from offset %lld, but there are only %lld", (long long)*size, (long long)offset,
                 (long long)end);
    if (*size < 0) *size = rest;
    RNNI_REQUIRE((uint64_t)*size <= PTRDIFF_MAX, RNN_ERROR_MEMORY, "%lld bytes are more than memory has",
                 (long long)*size);
    RNNI_REQUIRE(io->seek(offset, 0, io->user) == offset, RNN_ERROR_IO, "moving to offset %lld failed",
                 (long long)offset);
    return RNN_OK;
}

static rnn_status_t read_io_header(rnni_safetensors *file, const rnn_io_t *io, int64_t size, int64_t *rest)
{
    unsigned char start[8];
    size_t header;
    RNNI_TRY(check_least((uint64_t)size));
    RNNI_TRY(rnni_io_read_exact(io, start, sizeof(start), "the file"));
    RNNI_TRY(check_start(start, (uint64_t)size, &header));
    char *text = rnni_alloc(file->context, header);
    if (!text) return RNN_ERROR_MEMORY;
    *rest = size - 8 - (int64_t)header;
    rnn_status_t status = rnni_io_read_exact(io, text, header, "the header");
    if (status == RNN_OK) status = read_header(file, text, header, *rest);
    rnni_free(file->context, text, header);
    return status;
}

static rnn_status_t read_io(rnni_safetensors *file, const rnn_io_t *io, int64_t offset, int64_t size)
{
    int64_t rest;
    RNNI_TRY(find_range(io, offset, &size));
    RNNI_TRY(read_io_header(file, io, size, &rest));
    RNNI_TRY(make_block(file, (size_t)rest));
    RNNI_TRY(rnni_io_read_exact(io, file->block, (size_t)rest, "the data"));
    attach_block(file);
    return RNN_OK;
}

static rnn_status_t give(rnni_safetensors *file, rnn_status_t status, rnni_safetensors **out)
{
    if (status == RNN_OK)
        *out = file;
    else
        rnni_safetensors_close(file);
    return status;
}

rnn_status_t rnni_safetensors_open_memory(rnn_context_t *context, const void *data, size_t size,
                                          rnni_safetensors **file)
{
    rnni_safetensors *fresh;
    RNNI_TRY(create(context, &fresh));
    return give(fresh, read_memory(fresh, data, size), file);
}

rnn_status_t rnni_safetensors_open_io(rnn_context_t *context, const rnn_io_t *io, int64_t offset,
                                      int64_t size, rnni_safetensors **file)
{
    rnni_safetensors *fresh;
    RNNI_TRY(create(context, &fresh));
    return give(fresh, read_io(fresh, io, offset, size), file);
}

rnn_status_t rnni_safetensors_open(rnn_context_t *context, const char *path, rnni_safetensors **file)
{
    rnni_safetensors *fresh;
    rnn_io_t io;
    RNNI_TRY(create(context, &fresh));
    rnn_status_t status = rnni_io_open_file(fresh->context, path, &io);
    if (status == RNN_OK) {
        status = read_io(fresh, &io, 0, -1);
        rnni_io_close(&io);
        if (status != RNN_OK) rnni_fail(status, "%s: %s", path, rnn_last_error());
    }
    return give(fresh, status, file);
}

void rnni_safetensors_close(rnni_safetensors *file)
{
    if (!file) return;
    rnn_context_t *context = file->context;
    rnni_json_clear(&file->header);
    rnni_free(context, file->slots, file->count * sizeof(*file->slots));
    rnni_free(context, file->by_place, file->count * sizeof(*file->by_place));
    rnni_free(context, file->by_name, file->count * sizeof(*file->by_name));
    rnni_free(context, file->keys, file->key_count * sizeof(*file->keys));
    rnni_free(context, file->block, file->block_size);
    rnni_free(context, file, sizeof(*file));
    rnn_context_free(context);
}

/* ---- Looking ---- */

int64_t rnni_safetensors_count(const rnni_safetensors *file)
{
    return (int64_t)file->count;
}

const rnni_safetensors_entry *rnni_safetensors_at(const rnni_safetensors *file, int64_t index)
{
    return index >= 0 && index < (int64_t)file->count ? &slot_of(file->by_place, (size_t)index)->entry : NULL;
}

const rnni_safetensors_entry *rnni_safetensors_find(const rnni_safetensors *file, const char *name)
{
    for (size_t low = 0, high = file->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        const slot *s = slot_of(file->by_name, middle);
        int order = strcmp(name, s->entry.name);
        if (order == 0) return &s->entry;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void rnni_safetensors_convert(const rnni_safetensors_entry *entry, int32_t dtype, void *out)
{
    if (entry->count) rnni_convert(dtype, out, 1, entry->dtype, entry->data, 1, entry->count);
}

static rnn_status_t copy_tensor(const rnni_safetensors *file, const rnni_safetensors_entry *entry,
                                int32_t dtype, rnn_tensor_t **tensor)
{
    int64_t fits = rnni_convert_fits(dtype, entry->dtype, entry->data, 1, entry->count);
    RNNI_REQUIRE(fits == entry->count, RNN_ERROR_RANGE,
                 "element %lld of tensor \"%.100s\" does not fit into %s", (long long)fits, entry->name,
                 rnn_dtype_name(dtype));
    rnn_tensor_t *copy = rnn_tensor_create(file->context, dtype, entry->rank, entry->shape);
    if (!copy) return RNN_ERROR_MEMORY;
    rnni_safetensors_convert(entry, dtype, rnn_tensor_data(copy));
    *tensor = copy;
    return RNN_OK;
}

rnn_status_t rnni_safetensors_tensor_as(const rnni_safetensors *file, const char *name, int32_t dtype,
                                        rnn_tensor_t **tensor)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, name);
    RNNI_REQUIRE(entry, RNN_ERROR_NAME, "the file has no tensor \"%.100s\"", name);
    RNNI_REQUIRE(rnn_dtype_name(dtype), RNN_ERROR_ARGUMENT, "%d is not an element type", (int)dtype);
    return copy_tensor(file, entry, dtype, tensor);
}

rnn_status_t rnni_safetensors_tensor(const rnni_safetensors *file, const char *name, rnn_tensor_t **tensor)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, name);
    RNNI_REQUIRE(entry, RNN_ERROR_NAME, "the file has no tensor \"%.100s\"", name);
    return copy_tensor(file, entry, entry->dtype, tensor);
}

static const rnni_json_value *key_of(const rnni_safetensors *file, size_t index)
{
    return file->keys[index];
}

const char *rnni_safetensors_metadata(const rnni_safetensors *file, const char *key)
{
    for (size_t low = 0, high = file->key_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, key_of(file, middle)->text);
        if (order == 0) return rnni_json_next(key_of(file, middle))->text;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool rnni_safetensors_metadata_at(const rnni_safetensors *file, int64_t index, const char **key,
                                  const char **value)
{
    if (index < 0 || index >= (int64_t)file->key_count) return false;
    const rnni_json_value *at = key_of(file, (size_t)index);
    *key = at->text;
    *value = rnni_json_next(at)->text;
    return true;
}
