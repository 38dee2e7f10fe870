/* SPDX-License-Identifier: MIT */
#include "data/npy.h"
#include "core/error.h"
#include "core/memory.h"
#include "tensor/convert.h"
#include "tensor/tensor.h"
#include <rnn/data.h>

#include <stdio.h>

/* The file: "\x93NUMPY", major and minor version, the header's length (2 bytes little-endian, from version 2
 * on 4), the header, the numbers. The header is a Python dictionary,
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 * filled up with spaces and ended by "\n" so that the numbers begin at a multiple of 64. */
#define MAGIC "\x93NUMPY"
enum { MAGIC_SIZE = 6, MAX_HEADER = 65536, ALIGNMENT = 64 };

struct rnni_npy_type {
    char kind, size;
    int32_t stored, given; /* as what the numbers are read, and the type of the tensor */
};

static const rnni_npy_type types[] = {
    { 'f', 2, RNN_F16, RNN_F16 }, { 'f', 4, RNN_F32, RNN_F32 },   { 'f', 8, RNN_F64, RNN_F64 },
    { 'i', 1, RNN_I8, RNN_I8 },   { 'i', 2, RNN_I16, RNN_I16 },   { 'i', 4, RNN_I32, RNN_I32 },
    { 'i', 8, RNN_I64, RNN_I64 }, { 'u', 1, RNN_U8, RNN_U8 },     { 'u', 2, RNN_I16, RNN_I32 },
    { 'u', 4, RNN_I32, RNN_I64 }, { 'b', 1, RNN_BOOL, RNN_BOOL },
};

/* ---- the header: just as much of Python as is needed ---- */

typedef struct scanner {
    const char *at, *end, *what;
} scanner;

static rnn_status_t fail(const scanner *s, const char *expected)
{
    return rnni_fail(RNN_ERROR_FORMAT, "the header of %s is damaged: expected %s", s->what, expected);
}

static void skip_blanks(scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n')) s->at++;
}

static bool accept(scanner *s, const char *text)
{
    size_t size = strlen(text);
    skip_blanks(s);
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0) return false;
    s->at += size;
    return true;
}

/* A string between quotes of either kind; without escapes. */
static rnn_status_t take_string(scanner *s, char *out, size_t size)
{
    skip_blanks(s);
    if (s->at >= s->end || (*s->at != '\'' && *s->at != '"')) return fail(s, "a string");
    char quote = *s->at++;
    size_t used = 0;
    for (; s->at < s->end && *s->at != quote; s->at++)
        if (used + 1 < size) out[used++] = *s->at;
    out[used] = 0;
    if (s->at >= s->end) return fail(s, "the end of a string");
    s->at++;
    return RNN_OK;
}

static rnn_status_t take_type(scanner *s, rnni_npy_header *h)
{
    char text[16];
    skip_blanks(s);
    RNNI_REQUIRE(s->at >= s->end || *s->at != '[', RNN_ERROR_UNSUPPORTED,
                 "%s holds records, not plain numbers", s->what);
    RNNI_TRY(take_string(s, text, sizeof(text)));
    bool known_order = text[0] == '<' || text[0] == '>' || text[0] == '|' || text[0] == '=';
    for (size_t i = 0; known_order && i < sizeof(types) / sizeof(*types); i++) {
        if (text[1] != types[i].kind || text[2] != '0' + types[i].size || text[3]) continue;
        h->type = &types[i];
        h->swapped = types[i].size > 1 && text[0] == (rnni_is_big_endian() ? '<' : '>');
        h->has_type = true;
        return RNN_OK;
    }
    return rnni_fail(RNN_ERROR_UNSUPPORTED, "%s holds numbers of type \"%s\", which is not supported",
                     s->what, text);
}

static rnn_status_t take_order(scanner *s, rnni_npy_header *h)
{
    h->fortran = accept(s, "True");
    if (!h->fortran && !accept(s, "False")) return fail(s, "True or False");
    h->has_order = true;
    return RNN_OK;
}

static rnn_status_t take_size(scanner *s, int64_t *size)
{
    int64_t value = 0;
    const char *first = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (!rnni_mul_i64(value, 10, &value) || !rnni_add_i64(value, *s->at - '0', &value))
            return rnni_fail(RNN_ERROR_FORMAT, "the shape of %s is too large", s->what);
    if (s->at == first) return fail(s, "a size");
    accept(s, "L"); /* of Python 2 */
    *size = value;
    return RNN_OK;
}

static rnn_status_t take_shape(scanner *s, rnni_npy_header *h)
{
    if (!accept(s, "(")) return fail(s, "a shape");
    h->rank = 0;
    while (!accept(s, ")")) {
        RNNI_REQUIRE(h->rank < RNN_MAX_RANK, RNN_ERROR_UNSUPPORTED, "%s has more than %d dimensions", s->what,
                     RNN_MAX_RANK);
        RNNI_TRY(take_size(s, &h->shape[h->rank++]));
        if (accept(s, ",")) continue;
        if (!accept(s, ")")) return fail(s, "the end of the shape");
        break;
    }
    h->has_shape = true;
    return RNN_OK;
}

static rnn_status_t take_entry(scanner *s, rnni_npy_header *h)
{
    char key[32];
    RNNI_TRY(take_string(s, key, sizeof(key)));
    if (!accept(s, ":")) return fail(s, "a colon");
    if (strcmp(key, "descr") == 0) return take_type(s, h);
    if (strcmp(key, "fortran_order") == 0) return take_order(s, h);
    if (strcmp(key, "shape") == 0) return take_shape(s, h);
    return fail(s, "the keys descr, fortran_order and shape only");
}

static rnn_status_t parse_header(rnni_npy_header *h, const char *text, size_t size, const char *what)
{
    scanner s = { text, text + size, what };
    memset(h, 0, sizeof(*h));
    if (!accept(&s, "{")) return fail(&s, "a dictionary");
    while (!accept(&s, "}")) {
        RNNI_TRY(take_entry(&s, h));
        if (accept(&s, ",")) continue;
        if (!accept(&s, "}")) return fail(&s, "the end of the dictionary");
        break;
    }
    skip_blanks(&s);
    if (s.at != s.end) return fail(&s, "nothing behind the dictionary");
    if (!h->has_type || !h->has_order || !h->has_shape)
        return fail(&s, "the keys descr, fortran_order and shape");
    return RNN_OK;
}

static rnn_status_t read_header(rnn_context_t *context, const rnn_io_t *io, const char *what,
                                rnni_npy_header *h)
{
    unsigned char front[MAGIC_SIZE + 6] = { 0 };
    RNNI_TRY(rnni_io_read_exact(io, front, MAGIC_SIZE + 2, what));
    RNNI_REQUIRE(memcmp(front, MAGIC, MAGIC_SIZE) == 0, RNN_ERROR_FORMAT, "%s is not a .npy file", what);
    int major = front[MAGIC_SIZE];
    RNNI_REQUIRE(major >= 1 && major <= 3, RNN_ERROR_UNSUPPORTED, "%s has version %d of the .npy format",
                 what, major);
    unsigned char *length = front + MAGIC_SIZE + 2;
    RNNI_TRY(rnni_io_read_exact(io, length, major == 1 ? 2 : 4, what));
    size_t size =
        (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    RNNI_REQUIRE(size <= MAX_HEADER, RNN_ERROR_FORMAT, "the header of %s has %zu bytes, expected %d at most",
                 what, size, MAX_HEADER);
    char *text = rnni_alloc(context, size);
    if (!text) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnni_io_read_exact(io, text, size, what);
    if (status == RNN_OK) status = parse_header(h, text, size, what);
    rnni_free(context, text, size);
    return status;
}

/* ---- the numbers ---- */

static void swap_bytes(char *data, int64_t count, size_t size)
{
    for (int64_t i = 0; i < count; i++, data += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            char kept = data[a];
            data[a] = data[b];
            data[b] = kept;
        }
}

/* A wrong shape must not take memory that the file has no numbers for. */
static rnn_status_t check_size(const rnni_npy_header *h, const rnn_io_t *io, const char *what)
{
    int64_t count = 0, total = 0;
    rnn_status_t status = rnni_shape_count(h->type->stored, h->rank, h->shape, &count);
    RNNI_REQUIRE(status == RNN_OK, RNN_ERROR_FORMAT, "the shape of %s is too large", what);
    if (!io->seek) return RNN_OK;
    int64_t here = io->seek(0, 1, io->user), bytes = count * h->type->size;
    if (here < 0) return RNN_OK; /* a pipe: it ends too early, then */
    RNNI_TRY(rnni_io_size(io, &total));
    RNNI_REQUIRE(bytes <= total - here, RNN_ERROR_FORMAT,
                 "%s has %lld bytes of numbers, but its shape asks for %lld", what, (long long)(total - here),
                 (long long)bytes);
    return RNN_OK;
}

/* Numbers as they lie in the file into the bytes of their type. */
static void settle(const rnni_npy_header *h, char *data, int64_t count)
{
    if (h->swapped) swap_bytes(data, count, (size_t)h->type->size);
    if (h->type->kind == 'b')
        for (int64_t i = 0; i < count; i++) data[i] = data[i] != 0;
}

/* Numbers without a sign, read as numbers with one of the same size, into the next larger type. */
static void widen(const rnni_npy_type *type, const void *read, int64_t count, void *wide)
{
    if (type->size == 2)
        for (int64_t i = 0; i < count; i++) ((int32_t *)wide)[i] = ((const uint16_t *)read)[i];
    else
        for (int64_t i = 0; i < count; i++) ((int64_t *)wide)[i] = ((const uint32_t *)read)[i];
}

/* Puts dimensions that were read in reverse order into their own order. Gives up `read`. */
static rnn_status_t turn(rnn_context_t *context, const rnni_npy_header *h, rnn_tensor_t *read,
                         rnn_tensor_t **turned)
{
    rnn_tensor_t *view = rnn_tensor_retain(read), *made = NULL;
    for (int32_t a = 0, b = h->rank - 1; view && a < b; a++, b--) {
        rnn_tensor_t *next = rnn_tensor_transpose(view, a, b);
        rnn_tensor_free(view);
        view = next;
    }
    if (view) made = rnn_tensor_create(context, rnn_tensor_dtype(read), h->rank, h->shape);
    rnn_status_t status = made ? rnn_tensor_copy(made, view) : RNN_ERROR_MEMORY;
    rnn_tensor_free(view);
    rnn_tensor_free(read);
    if (status == RNN_OK) *turned = made;
    else rnn_tensor_free(made);
    return status;
}

static rnn_status_t read_numbers(rnn_context_t *context, const rnni_npy_header *h, const rnn_io_t *io,
                                 const char *what, const int64_t *shape, rnn_tensor_t **tensor)
{
    const rnni_npy_type *type = h->type;
    rnn_tensor_t *read = rnn_tensor_create(context, type->stored, h->rank, shape), *wide = read;
    if (!read) return RNN_ERROR_MEMORY;
    int64_t count = rnn_tensor_count(read);
    char *data = rnn_tensor_data(read);
    rnn_status_t status = count ? rnni_io_read_exact(io, data, (size_t)(count * type->size), what) : RNN_OK;
    if (status == RNN_OK) settle(h, data, count);
    if (status == RNN_OK && type->given != type->stored) {
        wide = rnn_tensor_create(context, type->given, h->rank, shape);
        if (wide) widen(type, data, count, rnn_tensor_data(wide));
        else status = RNN_ERROR_MEMORY;
        rnn_tensor_free(read);
        read = wide;
    }
    if (status == RNN_OK) *tensor = wide;
    else rnn_tensor_free(read);
    return status;
}

rnn_status_t rnni_npy_read(rnn_context_t *context, const rnn_io_t *io, const char *what,
                           rnn_tensor_t **tensor)
{
    rnni_npy_header h;
    RNNI_TRY(read_header(context, io, what, &h));
    RNNI_TRY(check_size(&h, io, what));
    bool turned = h.fortran && h.rank > 1;
    int64_t shape[RNN_MAX_RANK];
    for (int32_t i = 0; i < h.rank; i++) shape[i] = h.shape[turned ? h.rank - 1 - i : i];
    rnn_tensor_t *read = NULL;
    RNNI_TRY(read_numbers(context, &h, io, what, shape, &read));
    if (turned) return turn(context, &h, read, tensor);
    *tensor = read;
    return RNN_OK;
}

static rnn_status_t read_and_close(rnn_context_t *context, rnn_io_t *io, const char *what,
                                   rnn_tensor_t **tensor)
{
    rnn_status_t status = rnni_npy_read(context, io, what, tensor);
    rnni_io_close(io);
    return status;
}

rnn_status_t rnn_tensor_load_npy(rnn_context_t *context, const char *path, rnn_tensor_t **tensor)
{
    RNNI_REQUIRE(path && tensor, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 path ? "place for the tensor" : "path");
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnn_io_t io;
    rnn_status_t status = rnni_io_open_file(held, path, &io);
    if (status == RNN_OK) status = read_and_close(held, &io, path, tensor);
    rnn_context_free(held);
    return status;
}

rnn_status_t rnn_tensor_load_npy_memory(rnn_context_t *context, const void *data, int64_t size,
                                        rnn_tensor_t **tensor)
{
    RNNI_REQUIRE(tensor, RNN_ERROR_ARGUMENT, "the place for the tensor is NULL");
    RNNI_REQUIRE(size >= 0, RNN_ERROR_ARGUMENT, "the size of the data is %lld", (long long)size);
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnn_io_t io;
    rnn_status_t status = rnni_io_open_memory(held, data, (size_t)size, &io);
    if (status == RNN_OK) status = read_and_close(held, &io, "the array", tensor);
    rnn_context_free(held);
    return status;
}

/* ---- rows ---- */

rnn_status_t rnni_npy_open(rnni_npy_rows *rows, rnn_context_t *context, const char *path)
{
    *rows = (rnni_npy_rows){ .context = context, .path = path };
    RNNI_TRY(rnni_io_open_file(context, path, &rows->io));
    rnni_npy_header *h = &rows->header;
    RNNI_TRY(read_header(context, &rows->io, path, h));
    RNNI_TRY(check_size(h, &rows->io, path));
    RNNI_REQUIRE(h->rank >= 1, RNN_ERROR_SHAPE, "%s holds a single number, expected an array", path);
    RNNI_REQUIRE(!h->fortran || h->rank == 1, RNN_ERROR_UNSUPPORTED,
                 "%s is in Fortran order, whose rows do not lie together: save numpy.ascontiguousarray of it",
                 path);
    rows->dtype = h->type->given;
    rows->start = rows->at = rows->io.seek ? rows->io.seek(0, 1, rows->io.user) : -1;
    RNNI_REQUIRE(rows->start >= 0, RNN_ERROR_UNSUPPORTED, "%s cannot be read in any order", path);
    rows->width = 1;
    for (int32_t i = 1; i < h->rank; i++)
        RNNI_REQUIRE(rnni_mul_i64(rows->width, h->shape[i], &rows->width) && rows->width < INT64_MAX / 32,
                     RNN_ERROR_FORMAT, "the shape of %s is too large", path);
    return RNN_OK;
}

void rnni_npy_close(rnni_npy_rows *rows)
{
    if (rows->context) rnni_io_close(&rows->io);
    rnni_free(rows->context, rows->raw, rows->raw_capacity);
    rows->raw = NULL;
}

rnn_status_t rnni_npy_row(rnni_npy_rows *rows, int64_t row, int64_t count, int32_t dtype, void *out)
{
    const rnni_npy_header *h = &rows->header;
    size_t each = (size_t)h->type->size, size = (size_t)count * each;
    int64_t at = rows->start + row * rows->width * (int64_t)each;
    if (count == 0) return RNN_OK;
    /* Room for the numbers as they lie there, and behind them for the larger type. */
    RNNI_TRY(rnni_grow(rows->context, (void **)&rows->raw, &rows->raw_capacity, size + (size_t)count * 8 + 8,
                       1));
    if (at != rows->at && rows->io.seek(at, 0, rows->io.user) != at)
        return rnni_fail(RNN_ERROR_IO, "row %lld of %s cannot be reached", (long long)row, rows->path);
    rows->at = -1;
    RNNI_TRY(rnni_io_read_exact(&rows->io, rows->raw, size, rows->path));
    rows->at = at + (int64_t)size;
    settle(h, rows->raw, count);
    char *given = rows->raw;
    if (h->type->given != h->type->stored) {
        given += (size + 7) / 8 * 8;
        widen(h->type, rows->raw, count, given);
    }
    rnni_convert(dtype, out, 1, h->type->given, given, 1, count);
    return RNN_OK;
}

/* ---- writing ---- */

static const rnni_npy_type *type_of(int32_t dtype)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (types[i].given == dtype && types[i].stored == dtype) return &types[i];
    return NULL;
}

/* "{...}" filled up so that the numbers begin at a multiple of 64. */
static rnn_status_t make_header(rnni_buffer *out, const rnn_tensor_t *tensor, const rnni_npy_type *type)
{
    RNNI_TRY(rnni_buffer_add(out, MAGIC "\x01\x00\x00\x00", MAGIC_SIZE + 4));
    RNNI_TRY(rnni_buffer_printf(out, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (",
                                type->size > 1 ? '<' : '|', type->kind, type->size));
    int32_t rank = rnn_tensor_rank(tensor);
    for (int32_t i = 0; i < rank; i++)
        RNNI_TRY(rnni_buffer_printf(out, "%lld%s", (long long)rnn_tensor_size(tensor, i),
                                    rank == 1      ? ","
                                    : i + 1 < rank ? ", "
                                                   : ""));
    RNNI_TRY(rnni_buffer_add_text(out, "), }"));
    while ((out->size + 1) % ALIGNMENT != 0) RNNI_TRY(rnni_buffer_add_text(out, " "));
    RNNI_TRY(rnni_buffer_add_text(out, "\n"));
    size_t length = out->size - MAGIC_SIZE - 4;
    out->data[MAGIC_SIZE + 2] = (char)(length & 0xFF);
    out->data[MAGIC_SIZE + 3] = (char)(length >> 8);
    return RNN_OK;
}

static rnn_status_t write_numbers(const rnn_io_t *io, rnn_tensor_t *tensor, const rnni_npy_type *type,
                                  const char *path)
{
    int64_t count = rnn_tensor_count(tensor);
    if (count == 0) return RNN_OK;
    if (rnni_is_big_endian() && type->size > 1)
        swap_bytes(rnn_tensor_data(tensor), count, (size_t)type->size);
    return rnni_io_write_all(io, rnn_tensor_const_data(tensor), (size_t)(count * type->size), path);
}

/* `plain`: contiguous, and ours to change. */
static rnn_status_t write_file(rnn_context_t *context, rnn_tensor_t *plain, const rnni_npy_type *type,
                               const char *path)
{
    rnni_buffer header = { .context = context };
    rnni_atomic_file file;
    rnn_status_t status = make_header(&header, plain, type);
    if (status == RNN_OK) status = rnni_atomic_begin(&file, context, path);
    if (status != RNN_OK) {
        rnni_buffer_clear(&header);
        return status;
    }
    status = rnni_io_write_all(&file.io, header.data, header.size, path);
    if (status == RNN_OK) status = write_numbers(&file.io, plain, type, path);
    if (status == RNN_OK) status = rnni_atomic_commit(&file);
    else rnni_atomic_abort(&file);
    rnni_buffer_clear(&header);
    return status;
}

rnn_status_t rnn_tensor_save_npy(const rnn_tensor_t *tensor, const char *path)
{
    RNNI_REQUIRE(tensor && path, RNN_ERROR_ARGUMENT, "the %s is NULL", tensor ? "path" : "tensor");
    const rnni_npy_type *type = type_of(tensor->dtype);
    RNNI_REQUIRE(type, RNN_ERROR_UNSUPPORTED, "a .npy file cannot hold %s", rnn_dtype_name(tensor->dtype));
    rnn_context_t *context = tensor->storage->context;
    rnn_tensor_t *plain = rnn_tensor_create(context, tensor->dtype, tensor->rank, tensor->shape);
    if (!plain) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_tensor_copy(plain, tensor);
    if (status == RNN_OK) status = write_file(context, plain, type, path);
    rnn_tensor_free(plain);
    return status;
}
