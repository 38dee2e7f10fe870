/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "core/memory.h"
#include "data/csv.h"
#include "data/written.h"

static char path[] = "/tmp/rnn_test_csv_XXXXXX";

/* A reader of columns "use:name use:name", uses by the letters of their names: text, ids, value, label,
 * Target, weight. */
static rnn_csv_t *reader(const char *columns)
{
    static const char letters[] = " tivlTw";
    rnn_csv_t *csv = rnn_csv_create(NULL);
    CHECK(csv != NULL);
    char name[64];
    while (*columns) {
        size_t size = strcspn(columns + 2, " ");
        memcpy(name, columns + 2, size);
        name[size] = 0;
        CHECK_OK(rnn_csv_add_column(csv, (int32_t)(strchr(letters, columns[0]) - letters), name));
        columns += 2 + size;
        while (*columns == ' ') columns++;
    }
    return csv;
}

static void describe_column(const rnni_column *c, int64_t b, char *out, size_t size)
{
    bool ids = c->kind == RNNI_COLUMN_TOKENS || c->kind == RNNI_COLUMN_CLASS;
    size_t used = strlen(out);
    for (int64_t row = c->starts[b]; row < c->starts[b + 1]; row++)
        for (int64_t f = 0; f < c->width; f++) {
            const char *gap = row == c->starts[b] && f == 0 ? "" : f ? "," : " ";
            used += ids ? (size_t)snprintf(out + used, size - used, "%s%d", gap, (int)c->ids[row])
                        : (size_t)snprintf(out + used, size - used, "%s%g", gap,
                                           (double)c->values[row * c->width + f]);
        }
}

/* Every sample as "input/input > target/target *weight;". */
static const char *shown(rnn_dataset_t *d)
{
    static char out[4096];
    rnn_batch_t *batch;
    out[0] = 0;
    CHECK_OK(rnn_dataset_rewind(d, 0));
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK) {
        for (int64_t b = 0; b < rnn_batch_count(batch); b++) {
            for (int32_t i = 0; i < batch->inputs; i++) {
                if (i) strcat(out, "/");
                describe_column(&batch->input[i], b, out, sizeof(out));
            }
            for (int32_t i = 0; i < batch->targets; i++) {
                strcat(out, i ? "/" : ">");
                describe_column(&batch->target[i], b, out, sizeof(out));
            }
            if (batch->weight) sprintf(out + strlen(out), "*%g", (double)batch->weight[b]);
            strcat(out, ";");
        }
    }
    return out;
}

/* Loads both ways, which must give the same; the dataset in memory when `keep` is not NULL. */
static const char *loaded(rnn_csv_t *csv, const char *text, const rnn_dataset_t *like, rnn_dataset_t **keep)
{
    static char first[4096];
    rnn_dataset_t *d = NULL;
    write_text(path, text);
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, 1));
    CHECK_OK(rnn_csv_load(csv, path, like, &d));
    strcpy(first, shown(d));
    int64_t count = rnn_dataset_count(d), classes = rnn_dataset_classes(d);
    rnn_dataset_free(d);
    d = NULL;
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, 0));
    CHECK_OK(rnn_csv_load(csv, path, like, &d));
    CHECK_STR(first, shown(d));
    CHECK_INT(count, rnn_dataset_count(d));
    CHECK_INT(classes, rnn_dataset_classes(d));
    if (keep) *keep = d;
    else rnn_dataset_free(d);
    return first;
}

#define LOADS(columns, text, expected) \
    do { \
        rnn_csv_t *loads_csv = reader(columns); \
        CHECK_STR(loaded(loads_csv, text, NULL, NULL), expected); \
        rnn_csv_free(loads_csv); \
    } while (0)

TEST(rows_as_vectors)
{
    LOADS("v:a v:b T:c", "a,b,c\n1,2,3\n4,5.5,-6e1\n", "1,2>3;4,5.5>-60;");
    LOADS("v:c v:a", "a,b,c\n1,x,3\n", "3,1;");
    LOADS("v:0 l:1", "1.5,0\n2,3\n", "1.5>0;2>3;");
    LOADS("v:0 v:1", "a,b\n1,2\n", "1,2;");
    LOADS("v:*", "a,b\n1,2\n", "1,2;");
    LOADS("v:* l:kind", "x,kind,y\n1,0,2\n3,1,4\n", "1,2>0;3,4>1;");
    LOADS("v:2020", "2019,2020\n1,2\n", "2;");
    LOADS("v:\xC3\xA9", "\xEF\xBB\xBF\xC3\xA9,b\n 1 ,2\n", "1;");
    LOADS("v:a l:b T:a w:c", "a,b,c\n1,0,0.5\n2,1,2\n", "1>0/1*0.5;2>1/2*2;");
    LOADS("v:a", "a\n", "");
}

TEST(texts_and_ids)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    rnn_csv_t *csv = reader("t:text l:stars i:codes");
    const char *text = "id,text,stars,codes\n1,\"Good, good\nfilm\",5,1 2\n2,bad film,1,\n";
    write_text(path, text);
    CHECK_OK(rnn_csv_count_words(csv, path, t));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), RNN_TOKEN_FIRST + 3);
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    CHECK_STR(loaded(csv, text, NULL, NULL), "5 5 4/1 2>5;6 4/>1;");
    rnn_csv_free(csv);
    rnn_tokenizer_free(t);
}

TEST(label_names)
{
    rnn_csv_t *csv = reader("v:a l:b");
    rnn_dataset_t *d = NULL, *other = NULL;
    CHECK_STR(loaded(csv, "a,b\n1,yes\n2,no\n3, yes \n", NULL, &d), "1>0;2>1;3>0;");
    CHECK_INT(rnn_dataset_classes(d), 2);
    CHECK_STR(rnn_dataset_class_name(d, 1), "no");
    CHECK_STR(loaded(csv, "a,b\n1,no\n", d, &other), "1>1;");
    CHECK_STR(rnn_dataset_class_name(other, 0), "yes");
    rnn_dataset_free(other);
    other = NULL;
    write_text(path, "a,b\n1,no\n2,maybe\n");
    CHECK_STATUS(rnn_csv_load(csv, path, d, &other), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 3, column \"b\": there is no class named \"maybe\""));
    CHECK(other == NULL);
    rnn_dataset_free(d);
    CHECK_STR(loaded(csv, "a,b\n1,7\n2,007\n", NULL, &d), "1>7;2>7;");
    CHECK_INT(rnn_dataset_classes(d), 8);
    CHECK(rnn_dataset_class_name(d, 7) == NULL);
    rnn_dataset_free(d);
    rnn_csv_free(csv);
}

static const char gaps[] = "a,b,l\n1,2,x\n?,3,y\n4,,\n5,NA,y\n";

TEST(missing_values)
{
    rnn_csv_t *csv = reader("v:a v:b l:l");
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 2));
    CHECK_STR(loaded(csv, gaps, NULL, NULL), "1,2>0;1,3>1;4,3>1;5,3>1;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 3));
    CHECK_STR(loaded(csv, gaps, NULL, NULL), "1,2>0;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 1));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 4, column \"l\": the label is missing"));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 0));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 3, column \"a\": the value is missing"));
    rnn_csv_free(csv);
    csv = reader("v:a v:b");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 1));
    CHECK_OK(rnn_csv_set_float(csv, RNN_CSV_FILL, -1));
    CHECK_STR(loaded(csv, gaps, NULL, NULL), "1,2;-1,3;4,-1;5,-1;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 2));
    write_text(path, "a,b\n?,1\n");
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "first row"));
    rnn_csv_free(csv);
    csv = reader("v:a l:l");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 2));
    CHECK_STR(loaded(csv, "a,l\n1,5\n2,\n3,2\n4,\n", NULL, NULL), "1>5;2>5;3>2;4>2;");
    rnn_csv_free(csv);
}

TEST(marks_of_missing_values)
{
    static const char *const marks[] = { "none", "-9" };
    rnn_csv_t *csv = reader("v:0");
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_csv_set_missing(csv, marks, 2));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 3));
    CHECK_STR(loaded(csv, "1\nnone\n-9\n2\n", NULL, NULL), "1;2;");
    write_text(path, "1\nNA\n");
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 2, column \"0\": \"NA\" is not a number"));
    CHECK_OK(rnn_csv_set_missing(csv, NULL, 0));
    static const char *const broken[] = { "a", NULL };
    CHECK_STATUS(rnn_csv_set_missing(csv, broken, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_set_missing(csv, NULL, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_set_missing(csv, marks, -1), RNN_ERROR_RANGE);
    rnn_csv_free(csv);
    csv = reader("v:a t:b");
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    rnn_tokenizer_free(t);
    CHECK_STR(loaded(csv, "a,b\n1, \n2,x\n", NULL, NULL), "/1;2/2;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 3));
    CHECK_STR(loaded(csv, "a,b\n1, \n2,x\n", NULL, NULL), "2/2;");
    rnn_csv_free(csv);
}

static const char series[] = "t,x,y\n0,10,1\n1,11,0\n2,12,1\n3,13,0\n4,14,1\n5,15,0\n";

TEST(windows_of_a_series)
{
    rnn_csv_t *csv = reader("v:x T:x");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 3));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10 11 12>13;11 12 13>14;12 13 14>15;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STRIDE, 2));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10 11 12>13;12 13 14>15;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HORIZON, 2));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10 11 12>14;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STRIDE, 1));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_EACH_STEP, 1));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10 11 12>12 13 14;11 12 13>13 14 15;");
    rnn_csv_free(csv);
    csv = reader("v:x v:t l:y w:t");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 2));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HORIZON, 0));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STRIDE, 3));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10,0 11,1>0*1;13,3 14,4>1*4;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_EACH_STEP, 1));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10,0 11,1>1 0*1;13,3 14,4>0 1*4;");
    rnn_csv_free(csv);
    csv = reader("v:x");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 6));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HORIZON, 100));
    CHECK_STR(loaded(csv, series, NULL, NULL), "10 11 12 13 14 15;");
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 7));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "6 rows, but a window and its horizon need 7"));
    rnn_csv_free(csv);
}

TEST(windows_over_missing_rows)
{
    rnn_csv_t *csv = reader("v:x T:y");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 2));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 3));
    CHECK_STR(loaded(csv, "x,y\n1,1\n?,2\n3,3\n4,?\n5,5\n6,6\n", NULL, NULL), "1 3>5;3 5>6;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 2));
    CHECK_STR(loaded(csv, "x,y\n1,1\n?,2\n3,?\n4,?\n", NULL, NULL), "1 1>2;1 3>2;");
    rnn_csv_free(csv);
}

TEST(parts_and_orders_of_a_stream)
{
    rnn_csv_t *csv = reader("v:x l:y");
    rnn_dataset_t *d = NULL, *part = NULL;
    write_text(path, series);
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, 1));
    CHECK_OK(rnn_csv_load(csv, path, NULL, &d));
    rnn_csv_free(csv);
    CHECK_INT(rnn_dataset_classes(d), 2);
    CHECK_OK(rnn_dataset_slice(d, 2, 3, &part));
    rnn_dataset_free(d);
    CHECK_STR(shown(part), "12>1;13>0;14>1;");
    CHECK_OK(rnn_dataset_set_int(part, RNN_DATA_SHUFFLE, 1));
    CHECK_INT(strlen(shown(part)), 15);
    CHECK_OK(rnn_dataset_set_int(part, RNN_DATA_BALANCE, 2));
    CHECK_INT(strlen(shown(part)), 10);
    rnn_dataset_free(part);
}

TEST(a_file_that_changes_is_noticed)
{
    rnn_csv_t *csv = reader("v:x l:y");
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, 1));
    static const char *const later[] = { "x,y\n",           "x,y\n1,0\nb,1\n",
                                         "x,y\n1,0\n2\n",   "x,y\n1,0\n\"2,0\n",
                                         "x,y\n1,0\n2,z\n", "x,y\n1,0\n?,1\n" };
    for (int i = 0; i < 6; i++) {
        write_text(path, "x,y\n1,0\n2,1\n");
        CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, i == 5 ? 3 : 0));
        CHECK_OK(rnn_csv_load(csv, path, NULL, &d));
        write_text(path, later[i]);
        CHECK(rnn_dataset_next_batch(d, &batch) < 0);
        CHECK(rnn_last_error()[0] != 0);
        rnn_dataset_free(d);
    }
    rnn_csv_free(csv);
}

TEST(headers)
{
    rnn_csv_t *csv = reader("v:0");
    rnn_dataset_t *d = NULL;
    CHECK_STR(loaded(csv, "a\n1\n", NULL, NULL), "1;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_MISSING, 3));
    CHECK_STR(loaded(csv, "NA\n1\n", NULL, NULL), "1;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HEADER, 1));
    CHECK_STR(loaded(csv, "5\n1\n", NULL, NULL), "1;");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HEADER, 0));
    CHECK_STR(loaded(csv, "5\n1\n", NULL, NULL), "5;1;");
    write_text(path, "a\n1\n");
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_DATA);
    rnn_csv_free(csv);
    csv = reader("v:a");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_HEADER, 0));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_NAME);
    CHECK(strstr(rnn_last_error(), "there is no header, and its columns are 0 to 0"));
    rnn_csv_free(csv);
    csv = reader("v:age");
    write_text(path, "name,,Age\nx,y,1\n");
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_NAME);
    CHECK(strstr(rnn_last_error(), "no column \"age\": its header has name, 1, Age"));
    rnn_csv_free(csv);
}

static const char *refused(const char *columns, const char *text, rnn_status_t expected)
{
    rnn_csv_t *csv = reader(columns);
    rnn_dataset_t *d = NULL;
    write_text(path, text);
    for (int stream = 0; stream < 2; stream++) {
        CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, stream));
        CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), expected);
        CHECK(d == NULL);
    }
    rnn_csv_free(csv);
    return rnn_last_error();
}

TEST(faults)
{
    CHECK(strstr(refused("v:a", "", RNN_ERROR_FORMAT), "is empty"));
    CHECK(strstr(refused("v:a", "a,b\n1\n", RNN_ERROR_FORMAT), "line 2: there are 1 columns, expected 2"));
    CHECK(strstr(refused("v:a", "a\n1\n1e999\n", RNN_ERROR_DATA),
                 "line 3, column \"a\": \"1e999\" is too large"));
    CHECK(strstr(refused("v:a", "a\n1\n-nan\n", RNN_ERROR_DATA), "not a number"));
    CHECK(strstr(refused("v:a w:b", "a,b\n1,-1\n", RNN_ERROR_DATA), "the weight is negative"));
    CHECK(strstr(refused("v:a l:b", "a,b\n1,\n", RNN_ERROR_DATA), "missing"));
    CHECK(strstr(refused("i:a", "a\n1 2\n3 x\n", RNN_ERROR_DATA), "line 3, column \"a\": token \"x\""));
    CHECK(strstr(refused("i:a", "a\n99999999999\n", RNN_ERROR_RANGE), "larger than"));
    CHECK(strstr(refused("l:a", "a\n1\n", RNN_ERROR_STATE), "used as an input"));
    CHECK(strstr(refused("t:a", "a\n1\n", RNN_ERROR_STATE), "no tokenizer"));
    CHECK(strstr(refused("l:*", "a\n1\n", RNN_ERROR_ARGUMENT), "\"*\""));
    CHECK(strstr(refused("v:a", "a\n\"1\n", RNN_ERROR_FORMAT), "line 2"));
    CHECK(strstr(refused("v:3", "1,2\n", RNN_ERROR_NAME), "no column \"3\""));
}

TEST(arguments)
{
    rnn_csv_t *csv = reader("v:a l:b w:c");
    rnn_dataset_t *d = NULL;
    int64_t value;
    double number;
    CHECK_STATUS(rnn_csv_add_column(csv, RNN_CSV_LABEL, "x"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_csv_add_column(csv, RNN_CSV_WEIGHT, "x"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_csv_add_column(csv, 0, "x"), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_csv_add_column(csv, 1, ""), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_add_column(csv, 1, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_add_column(NULL, 1, "x"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_set_tokenizer(csv, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_set_int(csv, RNN_CSV_SEPARATOR, '\n'), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_csv_set_int(csv, RNN_CSV_SEPARATOR, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_csv_set_int(NULL, RNN_CSV_SEPARATOR, 9), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_set_float(csv, RNN_CSV_WINDOW, 9), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_csv_get_int(csv, RNN_CSV_SEPARATOR, &value));
    CHECK_INT(value, ',');
    CHECK_OK(rnn_csv_get_float(csv, RNN_CSV_FILL, &number));
    CHECK_STATUS(rnn_csv_get_int(csv, RNN_CSV_FILL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_get_float(NULL, RNN_CSV_FILL, &number), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_get_float(csv, RNN_CSV_FILL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_load(csv, NULL, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_load(NULL, path, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_csv_load(csv, "/no such file", NULL, &d), RNN_ERROR_IO);
    CHECK_STATUS(rnn_csv_count_words(csv, path, NULL), RNN_ERROR_ARGUMENT);
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_STATUS(rnn_csv_count_words(csv, "/no such file", t), RNN_ERROR_IO);
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_TEXT, "d"));
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_STATE);
    rnn_tokenizer_free(t);
    rnn_setting_t row = { .struct_size = sizeof(row) };
    for (int32_t i = 0; i < RNNI_CSV_SETTINGS; i++) {
        CHECK_OK(rnn_csv_setting(i, &row));
        CHECK_INT(row.id, i + 1);
    }
    CHECK_STATUS(rnn_csv_setting(RNNI_CSV_SETTINGS, &row), RNN_END);
    rnn_csv_free(csv);
    rnn_csv_free(NULL);
}

TEST(windows_take_no_text)
{
    rnn_csv_t *csv = reader("i:a v:b");
    rnn_dataset_t *d = NULL;
    write_text(path, "a,b\n1,2\n");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_WINDOW, 1));
    CHECK_STATUS(rnn_csv_load(csv, path, NULL, &d), RNN_ERROR_STATE);
    rnn_csv_free(csv);
}

TEST(tables_with_tabs)
{
    rnn_csv_t *csv = reader("v:a v:b");
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_SEPARATOR, '\t'));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_QUOTE, 0));
    CHECK_STR(loaded(csv, "a\tb\n1\t2\n", NULL, NULL), "1,2;");
    rnn_csv_free(csv);
}

/* ---- memory ---- */

/* The most that was allocated at once. */
typedef struct {
    int64_t live, most;
} gauge;

static void *gauge_allocate(size_t size, size_t alignment, void *user)
{
    gauge *g = user;
    void *block = NULL;
    if (posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size ? size : 1) != 0)
        return NULL;
    g->live += (int64_t)size;
    if (g->live > g->most) g->most = g->live;
    return block;
}

static void gauge_release(void *pointer, size_t size, void *user)
{
    ((gauge *)user)->live -= (int64_t)size;
    free(pointer);
}

static int64_t write_series(int64_t rows)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    fputs("a,b,c,d,e,f,g,h,text,label\n", file);
    for (int64_t i = 0; i < rows; i++)
        fprintf(file, "%d.125,%d.25,3.141592653589793,4,5,6,7,8,\"a text of some words, number %d\",%s\n",
                (int)i, (int)(i * 7), (int)i, i % 3 ? "often" : "seldom");
    int64_t size = ftell(file);
    fclose(file);
    return size;
}

TEST(streams_in_bounded_memory)
{
    enum { ROWS = 40000 };
    write_text(path, "");
    int64_t size = write_series(ROWS);
    gauge g = { 0, 0 };
    rnn_allocator_t allocator = { sizeof(allocator), gauge_allocate, gauge_release, &g };
    rnn_context_t *context = rnn_context_create(&allocator);
    rnn_csv_t *csv = rnn_csv_create(context);
    for (int i = 0; i < 8; i++)
        CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_VALUE, (char[2]){ (char)('a' + i), 0 }));
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_LABEL, "label"));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, 1));
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_csv_load(csv, path, NULL, &d));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 1));
    rnn_batch_t *batch;
    int64_t count = 0, sum = 0;
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK) {
        for (int64_t b = 0; b < rnn_batch_count(batch); b++, count++) {
            sum += batch->index[b];
            CHECK(batch->input[0].values[b * 8] == (rnni_real)((double)batch->index[b] + 0.125));
            CHECK_INT(batch->target[0].ids[b], batch->index[b] % 3 != 0);
        }
    }
    CHECK_INT(count, ROWS);
    CHECK_INT(sum, (int64_t)ROWS * (ROWS - 1) / 2);
    /* 8 bytes a row for its place and 8 for its place in the epoch; arrays grow by doubling, with old and new
     * at once. */
    CHECK(g.most < 8 * ROWS * 6 + (512 << 10));
    CHECK(g.most < size / 1.5);
    rnn_dataset_free(d);
    rnn_csv_free(csv);
    rnn_context_free(context);
    CHECK_INT(g.live, 0);
}

/* ---- failures ---- */

static rnn_status_t load_ways(rnn_csv_t *csv, rnn_dataset_t *like)
{
    rnn_status_t status = RNN_OK;
    for (int way = 0; status == RNN_OK && way < 3; way++) {
        rnn_dataset_t *d = NULL;
        rnn_batch_t *batch;
        status = rnn_csv_set_int(csv, RNN_CSV_STREAM, way == 1);
        if (status == RNN_OK) status = rnn_csv_load(csv, path, like, &d);
        if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
        rnn_dataset_free(d);
    }
    return status;
}

static int load_anew(rnn_context_t *context)
{
    rnn_csv_t *csv = rnn_csv_create(context);
    if (!csv) return 0;
    rnn_tokenizer_t *t = rnn_tokenizer_create(context);
    rnn_status_t status = t ? rnn_csv_count_words(csv, path, t) : RNN_ERROR_MEMORY;
    if (status == RNN_ERROR_STATE) status = RNN_OK; /* no column yet */
    if (status == RNN_OK) status = rnn_tokenizer_build(t);
    if (status == RNN_OK) status = rnn_csv_set_tokenizer(csv, t);
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_TEXT, "t");
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_VALUE, "*");
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_LABEL, "l");
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_WEIGHT, "w");
    if (status == RNN_OK) status = rnn_csv_set_int(csv, RNN_CSV_MISSING, 2);
    if (status == RNN_OK) status = load_ways(csv, NULL);
    rnn_tokenizer_free(t);
    rnn_csv_free(csv);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation)
{
    write_text(path, "t,a,l,w\nx y,1,yes,1\nz,?,no,2\nw,3,,?\n");
    EVERY_FAILURE(load_anew);
}

static int load_windows(rnn_context_t *context)
{
    rnn_csv_t *csv = rnn_csv_create(context);
    if (!csv) return 0;
    rnn_status_t status = rnn_csv_add_column(csv, RNN_CSV_VALUE, "a");
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_TARGET, "b");
    if (status == RNN_OK) status = rnn_csv_add_column(csv, RNN_CSV_LABEL, "l");
    if (status == RNN_OK) status = rnn_csv_set_int(csv, RNN_CSV_WINDOW, 2);
    if (status == RNN_OK) status = load_ways(csv, NULL);
    rnn_csv_free(csv);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(windows_survive_every_failed_allocation)
{
    write_text(path, "a,b,l\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n");
    EVERY_FAILURE(load_windows);
}

TEST(takes_its_file_away) { CHECK(remove(path) == 0); }

TEST_MAIN
