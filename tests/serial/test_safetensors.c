/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "serial/counted.h"
#include "core/memory.h"
#include "serial/safetensors.h"

/* ---- Reading hand-made files ---- */

static unsigned char bytes[8192];
static size_t bytes_size;
static rnni_safetensors *file;

/* A file of this header, in which ' stands for ", and `data_size` bytes 0, 1, 2 ... */
static void make_file(const char *header, size_t data_size)
{
    size_t length = strlen(header);
    CHECK(8 + length + data_size <= sizeof(bytes));
    rnni_store_u64(bytes, length);
    for (size_t i = 0; i < length; i++) bytes[8 + i] = (unsigned char)(header[i] == '\'' ? '"' : header[i]);
    for (size_t i = 0; i < data_size; i++) bytes[8 + length + i] = (unsigned char)i;
    bytes_size = 8 + length + data_size;
}

static rnn_status_t open_made(const char *header, size_t data_size)
{
    make_file(header, data_size);
    return rnni_safetensors_open_memory(NULL, bytes, bytes_size, &file);
}

static void check_refused(const char *header, size_t data_size, rnn_status_t status, const char *reason)
{
    rnni_safetensors *untouched = file = (rnni_safetensors *)(void *)bytes;
    CHECK_STATUS(open_made(header, data_size), status);
    CHECK(file == untouched);
    if (!strstr(rnn_last_error(), reason)) CHECK_STR(rnn_last_error(), reason);
}

static void check_format(const char *header, size_t data_size, const char *reason)
{
    check_refused(header, data_size, RNN_ERROR_FORMAT, reason);
}

#define TENSOR(name, type, shape, begin, end) \
    "'" name "':{'dtype':'" type "','shape':[" shape "],'data_offsets':[" #begin "," #end "]}"

TEST(reads_tensors)
{
    CHECK_OK(open_made("{" TENSOR("b", "I16", "3", 8, 14) "," TENSOR("a", "F32", "1,2", 0, 8) "}  ", 14));
    CHECK_INT(rnni_safetensors_count(file), 2);
    const rnni_safetensors_entry *a = rnni_safetensors_at(file, 0), *b = rnni_safetensors_at(file, 1);
    CHECK_STR(a->name, "a");
    CHECK(a->dtype == RNN_F32 && a->rank == 2 && a->shape[0] == 1 && a->shape[1] == 2);
    CHECK(a->count == 2 && a->size == 8);
    CHECK_STR(b->name, "b");
    CHECK(b->dtype == RNN_I16 && b->rank == 1 && b->count == 3 && b->size == 6);
    CHECK(rnni_safetensors_find(file, "a") == a && rnni_safetensors_find(file, "b") == b);
    CHECK(!rnni_safetensors_find(file, "c") && !rnni_safetensors_find(file, ""));
    CHECK(!rnni_safetensors_at(file, 2) && !rnni_safetensors_at(file, -1));
    rnni_safetensors_close(file);
}

/* The bytes of the file are little-endian on every machine. */
TEST(reads_the_byte_order)
{
    rnn_tensor_t *tensor = NULL;
    CHECK_OK(open_made("{" TENSOR("n", "I32", "2", 0, 8) "}", 8));
    CHECK_OK(rnni_safetensors_tensor(file, "n", &tensor));
    CHECK_INT((int64_t)rnn_tensor_get(tensor, 0), 0x03020100);
    CHECK_INT((int64_t)rnn_tensor_get(tensor, 1), 0x07060504);
    rnn_tensor_free(tensor);
    CHECK_OK(rnni_safetensors_tensor_as(file, "n", RNN_F64, &tensor));
    CHECK_INT(rnn_tensor_dtype(tensor), RNN_F64);
    CHECK_NEAR(rnn_tensor_get(tensor, 1), 0x07060504, 0);
    rnn_tensor_free(tensor);
    CHECK_STATUS(rnni_safetensors_tensor_as(file, "n", RNN_I8, &tensor), RNN_ERROR_RANGE);
    CHECK_STATUS(rnni_safetensors_tensor(file, "m", &tensor), RNN_ERROR_NAME);
    CHECK_STATUS(rnni_safetensors_tensor_as(file, "n", 99, &tensor), RNN_ERROR_ARGUMENT);
    rnni_safetensors_close(file);
}

TEST(swaps_bytes)
{
    unsigned char eight[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    rnni_swap_bytes(eight, 8, 4);
    CHECK_BYTES(eight, "\4\3\2\1\10\7\6\5", 8);
    rnni_swap_bytes(eight, 8, 8);
    CHECK_BYTES(eight, "\5\6\7\10\1\2\3\4", 8);
    rnni_swap_bytes(eight, 8, 1);
    CHECK_BYTES(eight, "\5\6\7\10\1\2\3\4", 8);
}

TEST(reads_data_that_is_not_aligned)
{
    float numbers[1] = { 0 };
    CHECK_OK(open_made("{" TENSOR("a", "U8", "3", 0, 3) "," TENSOR("b", "F32", "1", 3, 7) "}", 7));
    rnni_safetensors_convert(rnni_safetensors_find(file, "b"), RNN_F32, numbers);
    CHECK(numbers[0] != 0);
    rnni_safetensors_close(file);
}

TEST(reads_scalars_and_empty_tensors)
{
    CHECK_OK(open_made("{" TENSOR("one", "F64", "", 0, 8) "," TENSOR("e", "F32", "2,0", 8,
                                                                     8) "," TENSOR("d", "F32", "0", 8, 8) "}",
                       8));
    CHECK_INT(rnni_safetensors_find(file, "one")->count, 1);
    CHECK_INT(rnni_safetensors_find(file, "one")->rank, 0);
    CHECK_INT(rnni_safetensors_find(file, "e")->count, 0);
    CHECK_INT(rnni_safetensors_find(file, "e")->size, 0);
    rnni_safetensors_close(file);
}

TEST(reads_a_file_without_tensors)
{
    CHECK_OK(open_made("{}", 0));
    CHECK_INT(rnni_safetensors_count(file), 0);
    CHECK(!rnni_safetensors_metadata(file, "a"));
    rnni_safetensors_close(file);
    check_format("{}", 1, "the file has 1 for them");
}

TEST(reads_metadata)
{
    const char *key = NULL, *value = NULL;
    CHECK_OK(open_made("{'__metadata__':{'z':'1','a':'\\u00e9'}}", 0));
    CHECK_STR(rnni_safetensors_metadata(file, "a"), "\xc3\xa9");
    CHECK_STR(rnni_safetensors_metadata(file, "z"), "1");
    CHECK(!rnni_safetensors_metadata(file, "b"));
    CHECK(rnni_safetensors_metadata_at(file, 0, &key, &value));
    CHECK_STR(key, "a");
    CHECK(rnni_safetensors_metadata_at(file, 1, &key, &value));
    CHECK_STR(key, "z");
    CHECK_STR(value, "1");
    CHECK(!rnni_safetensors_metadata_at(file, 2, &key, &value));
    rnni_safetensors_close(file);
    check_format("{'__metadata__':{'a':1}}", 0, "\"a\" is not a string");
    check_format("{'__metadata__':[]}", 0, "is not an object");
}

TEST(refuses_bad_beginnings)
{
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, "1234567", 7, &file), RNN_ERROR_FORMAT);
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, "", 0, &file), RNN_ERROR_FORMAT);
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, NULL, 8, &file), RNN_ERROR_ARGUMENT);
    check_format("", 0, "does not begin with {");
    check_format(" {}", 0, "does not begin with {");
    check_format("[]", 0, "does not begin with {");
    make_file("{}", 0);
    rnni_store_u64(bytes, 3);
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, bytes, bytes_size, &file), RNN_ERROR_FORMAT);
    rnni_store_u64(bytes, UINT64_MAX);
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, bytes, bytes_size, &file), RNN_ERROR_FORMAT);
    rnni_store_u64(bytes, RNNI_SAFETENSORS_MAX_HEADER + 1);
    CHECK_STATUS(rnni_safetensors_open_memory(NULL, bytes, bytes_size, &file), RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), "expected at most 100000000"));
}

TEST(refuses_bad_tensors)
{
    check_format("{'a':1}", 0, "expected an object of dtype");
    check_format("{'a':{'dtype':'U8','shape':[]}}", 0, "expected an object of dtype");
    check_format("{'a':{'dtype':1,'shape':[],'data_offsets':[0,1]}}", 1, "\"dtype\" is not a string");
    check_format("{'a':{'dtype':'U8','shape':1,'data_offsets':[0,1]}}", 1, "\"shape\" is not an array");
    check_format("{'a':{'dtype':'U8','shap':[1],'data_offsets':[0,1]}}", 1, "\"shape\" is not an array");
    check_format("{'a':{'dtype':'U8','shape':[-1],'data_offsets':[0,1]}}", 1, "something else than sizes");
    check_format("{'a':{'dtype':'U8','shape':[1.0],'data_offsets':[0,1]}}", 1, "something else than sizes");
    check_format("{'a':{'dtype':'U8','shape':[1],'data_offsets':[0]}}", 1, "a beginning and an end");
    check_format("{'a':{'dtype':'U8','shape':[1],'data_offsets':[1,0]}}", 1, "a beginning and an end");
    check_format("{'a':{'dtype':'U8','shape':[1],'data_offsets':[-1,0]}}", 1, "a beginning and an end");
    check_format("{'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1e0]}}", 1, "a beginning and an end");
    check_refused("{" TENSOR("a", "F8_E4M3", "1", 0, 1) "}", 1, RNN_ERROR_UNSUPPORTED, "\"F8_E4M3\"");
    check_refused("{" TENSOR("a", "U8", "1,1,1,1,1,1,1,1,1", 0, 1) "}", 1, RNN_ERROR_UNSUPPORTED,
                  "9 dimensions");
}

TEST(refuses_sizes_that_do_not_fit)
{
    check_format("{" TENSOR("a", "F32", "2", 0, 4) "}", 4, "has 4 bytes, its shape and type need 8");
    check_format("{" TENSOR("a", "F32", "4611686018427387904", 0, 4) "}", 4, "overflows");
    check_format("{" TENSOR("a", "U8", "4294967296,4294967296", 0, 4) "}", 4, "overflows");
    check_format("{" TENSOR("a", "U8", "9223372036854775807,9223372036854775807,0", 0, 0) "}", 0,
                 "overflows");
    check_format("{" TENSOR("a", "U8", "9223372036854775807", 0, 9223372036854775807) "}", 4, "for them");
    check_format("{" TENSOR("a", "U8", "9223372036854775808", 0, 4) "}", 4, "something else than sizes");
}

TEST(refuses_holes_and_overlaps)
{
    check_format("{" TENSOR("a", "U8", "4", 1, 5) "}", 5, "begins at byte 1 of the data, expected 0");
    check_format("{" TENSOR("a", "U8", "4", 0, 4) "," TENSOR("b", "U8", "4", 5, 9) "}", 9,
                 "begins at byte 5");
    check_format("{" TENSOR("a", "U8", "4", 0, 4) "," TENSOR("b", "U8", "4", 3, 7) "}", 7,
                 "begins at byte 3");
    check_format("{" TENSOR("a", "U8", "4", 0, 4) "," TENSOR("b", "U8", "4", 0, 4) "}", 4,
                 "begins at byte 0");
    check_format("{" TENSOR("a", "U8", "4", 0, 4) "}", 5, "the tensors have 4 bytes, the file has 5");
    check_format("{" TENSOR("a", "U8", "4", 0, 4) "}", 3, "the tensors have 4 bytes, the file has 3");
    check_format("{" TENSOR("a", "U8", "1", 0, 1) "," TENSOR("a", "U8", "1", 1, 2) "}", 2,
                 "\"a\" comes twice");
}

/* ---- Writing ---- */

static rnni_safetensors_writer *writer;

static void begin_writing(void)
{
    CHECK_OK(rnni_safetensors_writer_create(NULL, &writer));
}

static int64_t append(const void *data, int64_t size, void *user)
{
    rnni_buffer *buffer = user;
    return rnni_buffer_add(buffer, data, (size_t)size) == RNN_OK ? size : -1;
}

static void write_to(rnni_buffer *buffer, rnn_context_t *context)
{
    *buffer = (rnni_buffer){ .context = context };
    rnn_io_t io = { .struct_size = sizeof(io), .write = append, .user = buffer };
    CHECK_OK(rnni_safetensors_write_io(writer, &io));
}

static void add_samples(void)
{
    static const float floats[] = { 1, -2, 0.5f };
    static const double doubles[] = { 3.25 };
    static const unsigned char small[] = { 7, 8, 9 };
    const int64_t three = 3;
    CHECK_OK(rnni_safetensors_add_metadata(writer, "key", "value \"1\""));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "small", RNN_U8, 1, &three, small));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "y", RNN_F32, 1, &three, floats));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "x", RNN_F32, 1, &three, floats));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "scalar", RNN_F64, 0, NULL, doubles));
}

TEST(writes_byte_by_byte)
{
    static const char header[] =
        "{\"__metadata__\":{\"key\":\"value "
        "\\\"1\\\"\"},\"scalar\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[8,20]},\"y\":{\"dtype\":\"F32\",\"shape\":["
        "3],"
        "\"data_offsets\":[20,32]},\"small\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[32,35]}}";
    static const unsigned char data[35] = { 0, 0, 0, 0,   0, 0, 10, 64, 0, 0, 128, 63,
                                            0, 0, 0, 192, 0, 0, 0,  63, 0, 0, 128, 63,
                                            0, 0, 0, 192, 0, 0, 0,  63, 7, 8, 9 };
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_buffer out;
    begin_writing();
    add_samples();
    write_to(&out, context);
    rnni_safetensors_writer_free(writer);
    size_t start = out.size - sizeof(data);
    CHECK_INT(start % 64, 0);
    CHECK_INT(rnni_load_u64((unsigned char *)out.data), start - 8);
    CHECK_BYTES(out.data + 8, header, sizeof(header) - 1);
    for (size_t i = 8 + sizeof(header) - 1; i < start; i++) CHECK(out.data[i] == ' ');
    CHECK_BYTES(out.data + start, data, sizeof(data));
    rnni_buffer_clear(&out);
    rnn_context_free(context);
}

TEST(reads_back_what_it_writes)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_buffer out, again;
    begin_writing();
    add_samples();
    write_to(&out, context);
    write_to(&again, context);
    CHECK_INT(out.size, again.size);
    CHECK_BYTES(out.data, again.data, out.size);
    CHECK_OK(rnni_safetensors_open_memory(context, out.data, out.size, &file));
    CHECK_INT(rnni_safetensors_count(file), 4);
    CHECK_STR(rnni_safetensors_metadata(file, "key"), "value \"1\"");
    float floats[3];
    rnni_safetensors_convert(rnni_safetensors_find(file, "y"), RNN_F32, floats);
    CHECK(floats[0] == 1 && floats[1] == -2 && floats[2] == 0.5f);
    rnni_safetensors_close(file);
    rnni_safetensors_writer_free(writer);
    rnni_buffer_clear(&out);
    rnni_buffer_clear(&again);
    rnn_context_free(context);
}

static rnn_status_t write_status(void)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_buffer out = { .context = context };
    rnn_io_t io = { .struct_size = sizeof(io), .write = append, .user = &out };
    rnn_status_t status = rnni_safetensors_write_io(writer, &io);
    bool untouched = out.size == 0;
    rnni_buffer_clear(&out);
    rnn_context_free(context);
    rnni_safetensors_writer_free(writer);
    CHECK(status == RNN_OK || untouched);
    return status;
}

TEST(refuses_what_cannot_be_written)
{
    const int64_t shape[] = { 1, -1 };
    begin_writing();
    CHECK_STATUS(rnni_safetensors_add_tensor(writer, "a", RNN_F32, 2, shape, shape), RNN_ERROR_SHAPE);
    CHECK(rnni_safetensors_add_tensor(writer, "a", 77, 1, shape, shape) < 0);
    CHECK_STATUS(rnni_safetensors_add_tensor(writer, NULL, RNN_F32, 1, shape, shape), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_safetensors_add_tensor(writer, "a", RNN_F32, 1, shape, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_safetensors_add_metadata(writer, "a", NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_safetensors_write_io(writer, NULL), RNN_ERROR_ARGUMENT);
    CHECK_OK(write_status());
}

TEST(refuses_equal_and_reserved_names)
{
    const int64_t one = 1;
    begin_writing();
    CHECK_OK(rnni_safetensors_add_tensor(writer, "a", RNN_I64, 1, &one, &one));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "a", RNN_U8, 1, &one, &one));
    CHECK_STATUS(write_status(), RNN_ERROR_ARGUMENT);
    begin_writing();
    CHECK_OK(rnni_safetensors_add_metadata(writer, "k", "1"));
    CHECK_OK(rnni_safetensors_add_metadata(writer, "k", "2"));
    CHECK_STATUS(write_status(), RNN_ERROR_ARGUMENT);
    begin_writing();
    CHECK_OK(rnni_safetensors_add_tensor(writer, "__metadata__", RNN_U8, 1, &one, &one));
    CHECK_STATUS(write_status(), RNN_ERROR_ARGUMENT);
    begin_writing();
    CHECK_OK(rnni_safetensors_add_metadata(writer, "k", "\xff"));
    CHECK_STATUS(write_status(), RNN_ERROR_DATA);
}

/* ---- Files and ios ---- */

static const char *temporary_path(void)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/test_safetensors_%d", (int)getpid());
    return path;
}

TEST(goes_through_files)
{
    const char *path = temporary_path();
    begin_writing();
    add_samples();
    CHECK_OK(rnni_safetensors_write_path(writer, path));
    rnn_status_t status = rnni_safetensors_open(NULL, path, &file);
    unlink(path);
    CHECK_OK(status);
    const rnni_safetensors_entry *first = rnni_safetensors_at(file, 0);
    CHECK_STR(first->name, "scalar");
    CHECK_INT((uintptr_t)first->data % 64, 0);
    rnni_safetensors_close(file);
    CHECK_STATUS(rnni_safetensors_write_path(writer, "/no/such/folder/file"), RNN_ERROR_IO);
    rnni_safetensors_writer_free(writer);
    CHECK_STATUS(rnni_safetensors_open(NULL, path, &file), RNN_ERROR_IO);
    CHECK_STATUS(rnni_safetensors_open(NULL, "/tmp", &file), RNN_ERROR_IO);
}

typedef struct {
    const unsigned char *data;
    int64_t size, at, reads_left; /* reads_left < 0: no end */
} source;

static int64_t source_read(void *data, int64_t size, void *user)
{
    source *s = user;
    if (s->reads_left == 0) return -1;
    s->reads_left--;
    int64_t part = size < s->size - s->at ? size : s->size - s->at;
    if (part > 5) part = 5; /* short reads are allowed */
    memcpy(data, s->data + s->at, (size_t)part);
    s->at += part;
    return part;
}

static int64_t source_seek(int64_t offset, int32_t whence, void *user)
{
    source *s = user;
    int64_t to = whence == 0 ? offset : s->size + offset;
    if ((whence != 0 && whence != 2) || to < 0 || to > s->size) return -1;
    s->at = to;
    return to;
}

static rnn_status_t open_range(source *s, int64_t offset, int64_t size)
{
    rnn_io_t io = { .struct_size = sizeof(io), .read = source_read, .seek = source_seek, .user = s };
    return rnni_safetensors_open_io(NULL, &io, offset, size, &file);
}

TEST(reads_inside_another_file)
{
    make_file("{" TENSOR("a", "U8", "4", 0, 4) "}", 4);
    size_t size = bytes_size;
    memmove(bytes + 100, bytes, size);
    memset(bytes, 0xEE, 100);
    memset(bytes + 100 + size, 0xEE, 50);
    source s = { bytes, (int64_t)(150 + size), 3, -1 };
    CHECK_OK(open_range(&s, 100, (int64_t)size));
    CHECK_BYTES(rnni_safetensors_find(file, "a")->data, "\0\1\2\3", 4);
    rnni_safetensors_close(file);
    CHECK_STATUS(open_range(&s, 100, (int64_t)size + 1), RNN_ERROR_FORMAT);
    CHECK_STATUS(open_range(&s, 100, -1), RNN_ERROR_FORMAT);
    CHECK_STATUS(open_range(&s, 100, 1000000), RNN_ERROR_FORMAT);
    CHECK_STATUS(open_range(&s, 1000000, -1), RNN_ERROR_FORMAT);
    CHECK_STATUS(open_range(&s, -1, -1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(open_range(&s, 0, -2), RNN_ERROR_ARGUMENT);
    s.size = (int64_t)(100 + size);
    CHECK_OK(open_range(&s, 100, -1));
    rnni_safetensors_close(file);
}

TEST(reports_failing_reads)
{
    make_file("{" TENSOR("a", "U8", "4", 0, 4) "}", 4);
    for (int64_t reads = 0; reads < 5; reads++) {
        source s = { bytes, (int64_t)bytes_size, 0, reads };
        CHECK_STATUS(open_range(&s, 0, -1), RNN_ERROR_IO);
    }
    rnn_io_t io = { .struct_size = sizeof(io) };
    CHECK_STATUS(rnni_safetensors_open_io(NULL, &io, 0, -1, &file), RNN_ERROR_ARGUMENT);
}

typedef struct {
    int64_t left;
} full_disk;

static int64_t full_write(const void *data, int64_t size, void *user)
{
    full_disk *disk = user;
    (void)data;
    disk->left -= size;
    return disk->left < 0 ? -1 : size;
}

TEST(reports_failing_writes)
{
    begin_writing();
    add_samples();
    for (int64_t left = 0; left < 500; left += 7) {
        full_disk disk = { left };
        rnn_io_t io = { .struct_size = sizeof(io), .write = full_write, .user = &disk };
        rnn_status_t status = rnni_safetensors_write_io(writer, &io);
        if (status != RNN_ERROR_IO) CHECK(status == RNN_OK && disk.left >= 0);
    }
    rnni_safetensors_writer_free(writer);
}

/* ---- Lack of memory ---- */

static rnn_status_t write_and_read(rnn_context_t *context, const char *path)
{
    const int64_t two = 2;
    rnni_safetensors *back;
    rnni_safetensors_writer *w;
    rnn_status_t status = rnni_safetensors_writer_create(context, &w);
    if (status != RNN_OK) return status;
    status = rnni_safetensors_add_metadata(w, "a", "b");
    if (status == RNN_OK) status = rnni_safetensors_add_tensor(w, "t", RNN_U8, 1, &two, "xy");
    if (status == RNN_OK) status = rnni_safetensors_write_path(w, path);
    rnni_safetensors_writer_free(w);
    if (status != RNN_OK) return status;
    status = rnni_safetensors_open(context, path, &back);
    if (status != RNN_OK) return status;
    rnn_tensor_t *tensor = NULL;
    status = rnni_safetensors_tensor(back, "t", &tensor);
    rnn_tensor_free(tensor);
    rnni_safetensors_close(back);
    return status;
}

TEST(survives_lack_of_memory)
{
    const char *path = temporary_path();
    counted memory = { 0 };
    rnn_context_t *context = counted_context(&memory);
    CHECK(context != NULL);
    int64_t blocks = memory.blocks, failures = 0;
    rnn_status_t status = RNN_ERROR_MEMORY;
    for (; status == RNN_ERROR_MEMORY && failures < 1000; failures++) {
        memory.calls = 0;
        memory.fail_at = failures + 1;
        status = write_and_read(context, path);
        CHECK_INT(memory.blocks, blocks);
    }
    unlink(path);
    CHECK_OK(status);
    CHECK(failures > 15);
    rnn_context_free(context);
    CHECK_INT(memory.blocks, 0);
}

/* A long list of tensors whose order is the reverse of that of their data: sorted quickly. */
TEST(reads_many_tensors)
{
    enum { COUNT = 20000 };
    char *text = malloc(8 + COUNT * 80 + COUNT);
    CHECK(text != NULL);
    size_t size = 8 + (size_t)sprintf(text + 8, "{");
    for (int i = COUNT; i-- > 0;)
        size += (size_t)sprintf(text + size,
                                "\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}%s", i, i,
                                i + 1, i ? "," : "}");
    rnni_store_u64((unsigned char *)text, size - 8);
    memset(text + size, 7, COUNT);
    rnn_status_t status = rnni_safetensors_open_memory(NULL, text, size + COUNT, &file);
    CHECK_OK(status);
    CHECK_STR(rnni_safetensors_at(file, 123)->name, "t123");
    CHECK(rnni_safetensors_find(file, "t19999") == rnni_safetensors_at(file, 19999));
    rnni_safetensors_close(file);
    free(text);
}

TEST_MAIN
