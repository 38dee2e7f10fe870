/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "core/memory.h"
#include "data/csv_reader.h"

static void open_text(rnni_csv_reader *reader, rnn_context_t *context, const char *text, size_t size)
{
    rnn_io_t io;
    CHECK_OK(rnni_io_open_memory(context, text, size, &io));
    rnni_csv_open(reader, context, io, "a.csv", ',', '"');
}

/* All records: fields in brackets, records joined by newlines. */
static const char *read_all(const char *text, size_t size, size_t chunk)
{
    static char out[4096];
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_csv_reader reader;
    open_text(&reader, context, text, size);
    reader.chunk = chunk;
    size_t used = 0;
    rnn_status_t status;
    while ((status = rnni_csv_next(&reader)) == RNN_OK) {
        for (size_t i = 0; i < reader.count; i++) {
            CHECK(reader.fields[i].text[reader.fields[i].size] == 0);
            used += (size_t)snprintf(out + used, sizeof(out) - used, "[%s]", reader.fields[i].text);
        }
        used += (size_t)snprintf(out + used, sizeof(out) - used, "@%d ", (int)reader.line);
    }
    CHECK_STATUS(status, RNN_END);
    rnni_csv_close(&reader);
    rnn_context_free(context);
    out[used] = 0;
    return out;
}

#define READS(text, expected) \
    do { \
        CHECK_STR(read_all(text, sizeof(text) - 1, 65536), expected); \
        CHECK_STR(read_all(text, sizeof(text) - 1, 1), expected); \
        CHECK_STR(read_all(text, sizeof(text) - 1, 3), expected); \
    } while (0)

TEST(plain_fields)
{
    READS("a,b\nc,d\n", "[a][b]@1 [c][d]@2 ");
    READS("a,b\r\nc,d", "[a][b]@1 [c][d]@2 ");
    READS(",\n,,\na", "[][]@1 [][][]@2 [a]@3 ");
    READS("", "");
    READS("\n\r\n\n a \n", "[ a ]@4 ");
    READS("a\rb,c\r", "[a\rb][c\r]@1 ");
}

TEST(quoted_fields)
{
    READS("\"a,b\",\"c\"\"d\"\n\"\"\n\"\",\"x\ny\r\nz\"\nlast",
          "[a,b][c\"d]@1 []@2 [][x\ny\r\nz]@3 [last]@6 ");
    READS("5\" disk,a\"b\"\n", "[5\" disk][a\"b\"]@1 ");
    READS("\"a\"", "[a]@1 ");
    READS("\"a\"\r\n", "[a]@1 ");
}

TEST(byte_order_marks)
{
    READS("\xEF\xBB\xBF"
          "a,b\n",
          "[a][b]@1 ");
    READS("\xEF\xBB\xBF\"a\",b\n", "[a][b]@1 ");
    READS("\xEF\xBB\xBF", "");
    READS("\xEF\xBB"
          "a",
          "[\xEF\xBB"
          "a]@1 ");
}

TEST(bytes_of_value_0)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_csv_reader reader;
    open_text(&reader, context, "a\0b,c\n", 6);
    CHECK_OK(rnni_csv_next(&reader));
    CHECK_INT(reader.fields[0].size, 3);
    CHECK_BYTES(reader.fields[0].text, "a\0b", 4);
    CHECK_STR(reader.fields[1].text, "c");
    rnni_csv_close(&reader);
    rnn_context_free(context);
}

/* The status and error line of the first record that fails. */
static const char *fault(const char *text, rnn_status_t expected)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_csv_reader reader;
    open_text(&reader, context, text, strlen(text));
    rnn_status_t status;
    while ((status = rnni_csv_next(&reader)) == RNN_OK) {}
    CHECK_STATUS(status, expected);
    rnni_csv_close(&reader);
    rnn_context_free(context);
    return rnn_last_error();
}

TEST(faults_name_line_and_column)
{
    CHECK_STR(fault("a,b\nc,\"d\n\n", RNN_ERROR_FORMAT),
              "a.csv: line 2: the quote that opens column 2 is never closed");
    CHECK_STR(fault("a,b\n\"x\ny\"z,d\n", RNN_ERROR_FORMAT),
              "a.csv: line 3: column 1 has text behind its closing quote");
    char *many = malloc(70000);
    memset(many, ',', 69999);
    many[69999] = 0;
    CHECK(strstr(fault(many, RNN_ERROR_FORMAT), "more than 65536 columns"));
    free(many);
}

TEST(other_separators_and_no_quotes)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_io_t io;
    rnni_csv_reader reader;
    CHECK_OK(rnni_io_open_memory(context, "a\t\"b\n", 5, &io));
    rnni_csv_open(&reader, context, io, "a.tsv", '\t', 0);
    CHECK_OK(rnni_csv_next(&reader));
    CHECK_STR(reader.fields[0].text, "a");
    CHECK_STR(reader.fields[1].text, "\"b");
    rnni_csv_close(&reader);
    rnn_context_free(context);
}

TEST(goes_to_any_record)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "a\n\"b\nb\"\n\nccc\nd";
    for (size_t chunk = 1; chunk < 20; chunk += 3) {
        rnn_context_t *context = rnn_context_create(NULL);
        rnni_csv_reader reader;
        open_text(&reader, context, text, sizeof(text) - 1);
        reader.chunk = chunk;
        int64_t positions[4];
        for (int i = 0; i < 4; i++) {
            CHECK_OK(rnni_csv_next(&reader));
            positions[i] = reader.position;
        }
        CHECK_STATUS(rnni_csv_next(&reader), RNN_END);
        static const char *const expected[4] = { "a", "b\nb", "ccc", "d" };
        static const int order[6] = { 2, 0, 3, 1, 1, 0 };
        for (int i = 0; i < 6; i++) {
            CHECK_OK(rnni_csv_seek(&reader, positions[order[i]]));
            CHECK_OK(rnni_csv_next(&reader));
            CHECK_STR(reader.fields[0].text, expected[order[i]]);
        }
        CHECK_STATUS(rnni_csv_seek(&reader, 1000), RNN_ERROR_IO);
        rnni_csv_close(&reader);
        rnn_context_free(context);
    }
}

static int64_t broken_read(void *data, int64_t size, void *user)
{
    int *calls = user;
    if ((*calls)++ > 0) return -1;
    memset(data, 'a', (size_t)size);
    return size;
}

TEST(reports_failing_reads)
{
    rnn_context_t *context = rnn_context_create(NULL);
    int calls = 0;
    rnn_io_t io = { sizeof(io), broken_read, NULL, NULL, NULL, &calls };
    rnni_csv_reader reader;
    rnni_csv_open(&reader, context, io, "pipe", ',', '"');
    CHECK_STATUS(rnni_csv_next(&reader), RNN_ERROR_IO);
    CHECK_STATUS(rnni_csv_seek(&reader, 100000), RNN_ERROR_IO);
    rnni_csv_close(&reader);
    rnn_context_free(context);
}

static int64_t endless_read(void *data, int64_t size, void *user)
{
    (void)user;
    memset(data, 'a', (size_t)size);
    return size;
}

TEST(refuses_endless_records)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_io_t io = { sizeof(io), endless_read, NULL, NULL, NULL, NULL };
    rnni_csv_reader reader;
    rnni_csv_open(&reader, context, io, "pipe", ',', '"');
    CHECK_STATUS(rnni_csv_next(&reader), RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), "longer than 64 MiB"));
    rnni_csv_close(&reader);
    rnn_context_free(context);
}

static int read_anew(rnn_context_t *context)
{
    static const char text[] = "a,b,c\n\"x\",,\"y\nz\"\n";
    rnn_io_t io;
    if (rnni_io_open_memory(context, text, sizeof(text) - 1, &io) != RNN_OK) return 0;
    rnni_csv_reader reader;
    rnni_csv_open(&reader, context, io, "a.csv", ',', '"');
    reader.chunk = 2;
    rnn_status_t status;
    while ((status = rnni_csv_next(&reader)) == RNN_OK) {}
    rnni_csv_close(&reader);
    CHECK(status == RNN_END || status == RNN_ERROR_MEMORY);
    return status == RNN_END;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(read_anew); }

TEST_MAIN
