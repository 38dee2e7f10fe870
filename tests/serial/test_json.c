/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "serial/counted.h"
#include "serial/json.h"

static rnni_json json; /* of the case that runs */
static counted memory;
static rnn_context_t *context;
static int64_t at_rest; /* bytes of the context itself */

static void prepare(void)
{
    if (context) return;
    context = counted_context(&memory);
    CHECK(context != NULL);
    at_rest = memory.bytes;
}

static rnn_status_t parse_bytes(const char *text, size_t size)
{
    prepare();
    return rnni_json_parse(&json, context, text, size, "the text");
}

static const rnni_json_value *parse(const char *text)
{
    CHECK_OK(parse_bytes(text, strlen(text)));
    return json.values;
}

static void check_refused(const char *text, const char *reason)
{
    rnn_status_t status = parse_bytes(text, strlen(text));
    rnni_json_clear(&json);
    CHECK_STATUS(status, RNN_ERROR_FORMAT);
    if (!strstr(rnn_last_error(), reason)) CHECK_STR(rnn_last_error(), reason);
    CHECK_INT(memory.bytes, at_rest);
}

static void done(void)
{
    rnni_json_clear(&json);
    CHECK_INT(memory.bytes, at_rest);
}

TEST(reads_words)
{
    CHECK(rnni_json_is(parse(" true "), RNNI_JSON_TRUE));
    done();
    CHECK(rnni_json_is(parse("false"), RNNI_JSON_FALSE));
    done();
    CHECK(rnni_json_is(parse("\t\r\nnull"), RNNI_JSON_NULL));
    done();
}

TEST(reads_numbers)
{
    double number = 0;
    int64_t integer = 0;
    CHECK(rnni_json_double(parse("-1.25e2"), &number));
    CHECK_NEAR(number, -125, 0);
    CHECK(!rnni_json_i64(json.values, &integer));
    done();
    CHECK(rnni_json_i64(parse("-9223372036854775808"), &integer));
    CHECK(integer == INT64_MIN);
    done();
    CHECK(!rnni_json_i64(parse("9223372036854775808"), &integer));
    done();
    CHECK(rnni_json_double(parse("0"), &number) && number == 0);
    done();
}

TEST(reads_what_is_not_finite_as_a_string)
{
    double number = 0;
    CHECK(rnni_json_double(parse("\"-inf\""), &number) && number < 0 && isinf(number));
    done();
    CHECK(rnni_json_double(parse("\"nan\""), &number) && isnan(number));
    done();
    CHECK(!rnni_json_double(parse("\"12\""), &number));
    done();
    check_refused("nan", "a value");
    check_refused("-inf", "a value");
}

TEST(refuses_bad_numbers)
{
    check_refused("01", "the end of the text");
    check_refused("+1", "a value");
    check_refused("1.", "a digit");
    check_refused(".5", "a value");
    check_refused("1e", "a digit");
    check_refused("1e+", "a digit");
    check_refused("-", "a value");
    check_refused("0x10", "the end of the text");
}

TEST(refuses_long_numbers)
{
    char text[200];
    memset(text, '7', sizeof(text));
    text[RNNI_JSON_MAX_NUMBER] = 0;
    CHECK(rnni_json_is(parse(text), RNNI_JSON_NUMBER));
    done();
    text[RNNI_JSON_MAX_NUMBER] = '7';
    text[RNNI_JSON_MAX_NUMBER + 1] = 0;
    check_refused(text, "a shorter number");
}

TEST(decodes_strings)
{
    CHECK_STR(rnni_json_string(parse("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"")), "a\"\\/\b\f\n\r\tz");
    CHECK_INT(json.values->size, 10);
    done();
    CHECK_STR(rnni_json_string(parse("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"")),
              "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    done();
    CHECK_STR(rnni_json_string(parse("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"")),
              "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    done();
    CHECK_STR(rnni_json_string(parse("\"\"")), "");
    done();
}

TEST(refuses_bad_strings)
{
    check_refused("\"abc", "its end");
    check_refused("\"a\nb\"", "control characters");
    check_refused("\"\\x\"", "after a backslash");
    check_refused("\"\\u12G4\"", "four hexadecimal digits");
    check_refused("\"\\u0000\"", "other than zero");
    check_refused("\"\\ud800\"", "surrogate");
    check_refused("\"\\ud800\\u0041\"", "surrogate");
    check_refused("\"\\udc00\"", "surrogate");
    check_refused("\"\\", "after a backslash");
    check_refused("'a'", "a value");
}

TEST(refuses_bad_utf8)
{
    check_refused("\"\x80\"", "UTF-8");
    check_refused("\"\xc0\x80\"", "UTF-8");
    check_refused("\"\xe0\x80\x80\"", "UTF-8");
    check_refused("\"\xed\xa0\x80\"", "UTF-8");
    check_refused("\"\xf4\x90\x80\x80\"", "UTF-8");
    check_refused("\"\xc3", "UTF-8");
    check_refused("\"\xff\"", "UTF-8");
    check_refused("\xef\xbb\xbf{}", "a value");
}

TEST(refuses_zero_bytes)
{
    CHECK_STATUS(parse_bytes("1\0", 2), RNN_ERROR_FORMAT);
    done();
    CHECK_STATUS(parse_bytes("\"a\0b\"", 5), RNN_ERROR_FORMAT);
    done();
    CHECK_STATUS(parse_bytes("", 0), RNN_ERROR_FORMAT);
    done();
}

TEST(reads_containers)
{
    const rnni_json_value *root = parse("{\"a\":[1,[],{}, \"x\"] , \"b\" : {\"c\":null}}");
    CHECK_INT(root->size, 2);
    CHECK_INT(root->span, 11);
    const rnni_json_value *list = rnni_json_get(root, "a");
    CHECK(rnni_json_is(list, RNNI_JSON_ARRAY));
    CHECK_INT(list->size, 4);
    const rnni_json_value *item = rnni_json_first(list);
    CHECK(rnni_json_is(item, RNNI_JSON_NUMBER));
    item = rnni_json_next(item);
    CHECK(rnni_json_is(item, RNNI_JSON_ARRAY) && item->size == 0);
    item = rnni_json_next(item);
    CHECK(rnni_json_is(item, RNNI_JSON_OBJECT) && item->size == 0);
    CHECK_STR(rnni_json_string(rnni_json_next(item)), "x");
    CHECK(rnni_json_is(rnni_json_get(rnni_json_get(root, "b"), "c"), RNNI_JSON_NULL));
    CHECK(!rnni_json_get(root, "c"));
    CHECK(!rnni_json_get(list, "a"));
    CHECK(!rnni_json_get(NULL, "a"));
    done();
}

TEST(refuses_bad_containers)
{
    check_refused("[1,]", "a value");
    check_refused("[1 2]", "a comma or ]");
    check_refused("[1}", "a comma or ]");
    check_refused("[", "a value");
    check_refused("[,1]", "a value");
    check_refused("{\"a\"}", "a colon");
    check_refused("{\"a\":1,}", "a key in quotes");
    check_refused("{a:1}", "a key in quotes");
    check_refused("{\"a\":1]", "a comma or }");
    check_refused("{\"a\":}", "a value");
    check_refused("[] []", "the end of the text");
    check_refused("[1]//", "the end of the text");
}

TEST(names_the_byte)
{
    check_refused("{\"a\": tru}", "the text: not JSON at byte 6: expected a value");
}

TEST(refuses_equal_keys)
{
    check_refused("{\"a\":1,\"b\":2,\"a\":3}", "\"a\" comes twice");
    check_refused("{\"x\":{\"\\u0061\":1,\"a\":3}}", "\"a\" comes twice");
}

/* "k0": 0, ... with `count` keys, the last one named `last`. */
static size_t write_keys(char *out, int count, const char *last)
{
    size_t size = 0;
    out[size++] = '{';
    for (int i = 0; i + 1 < count; i++) size += (size_t)sprintf(out + size, "\"k%d\":%d,", i, i);
    size += (size_t)sprintf(out + size, "\"%s\":0}", last);
    return size;
}

TEST(refuses_equal_keys_among_many)
{
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * 20);
    CHECK(text != NULL);
    rnn_status_t good = parse_bytes(text, write_keys(text, COUNT, "last"));
    CHECK_INT(json.values->size, COUNT);
    done();
    rnn_status_t bad = parse_bytes(text, write_keys(text, COUNT, "k7"));
    rnni_json_clear(&json);
    free(text);
    CHECK_OK(good);
    CHECK_STATUS(bad, RNN_ERROR_FORMAT);
    CHECK_INT(memory.bytes, at_rest);
}

TEST(limits_depth)
{
    char text[2 * RNNI_JSON_MAX_DEPTH + 8];
    memset(text, '[', RNNI_JSON_MAX_DEPTH);
    memset(text + RNNI_JSON_MAX_DEPTH, ']', RNNI_JSON_MAX_DEPTH);
    CHECK_OK(parse_bytes(text, 2 * RNNI_JSON_MAX_DEPTH));
    CHECK_INT(json.values->span, RNNI_JSON_MAX_DEPTH);
    done();
    memset(text, '[', RNNI_JSON_MAX_DEPTH + 1);
    text[RNNI_JSON_MAX_DEPTH + 1] = 0;
    check_refused(text, "less deep nesting");
}

/* Memory stays within 9 bytes for each byte of text and some beside, whatever the text is. */
static void check_memory(char fill, size_t size)
{
    char *text = malloc(size);
    CHECK(text != NULL);
    memset(text, fill, size);
    memory.peak = memory.bytes;
    int64_t before = memory.bytes;
    (void)parse_bytes(text, size);
    rnni_json_clear(&json);
    free(text);
    CHECK(memory.peak - before <= (int64_t)size * 9 + 4096);
}

TEST(bounds_memory)
{
    prepare();
    const char fills[] = "[{,:\"\\1 a";
    for (size_t i = 0; i < sizeof(fills); i++) check_memory(fills[i], 1000000);
}

TEST(survives_every_cut)
{
    const char text[] =
        "{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00\xc3\xa9\",true,null,{}],\"b\":{\"c\":[[[]]]}}";
    CHECK_OK(parse_bytes(text, sizeof(text) - 1));
    done();
    for (size_t size = 0; size + 1 < sizeof(text); size++) {
        CHECK_STATUS(parse_bytes(text, size), RNN_ERROR_FORMAT);
        done();
    }
}

TEST(survives_lack_of_memory)
{
    char text[1000];
    size_t size = write_keys(text, 30, "z");
    prepare();
    for (int n = 1; n <= 3; n++) {
        memory.calls = 0;
        memory.fail_at = n;
        rnn_status_t status = parse_bytes(text, size);
        memory.fail_at = 0;
        CHECK_STATUS(status, RNN_ERROR_MEMORY);
        done();
    }
    CHECK_OK(parse_bytes(text, size));
    done();
}

TEST(tells_utf8)
{
    CHECK(rnni_utf8_valid("", 0));
    CHECK(rnni_utf8_valid("a\xc3\xa9\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", 13));
    CHECK(!rnni_utf8_valid("\xed\xa0\x80", 3));
    CHECK(!rnni_utf8_valid("\xe2\x82", 2));
}

/* ---- Writing ---- */

static rnni_buffer buffer;

static rnni_json_writer begin_writing(void)
{
    prepare();
    buffer = (rnni_buffer){ .context = context };
    return rnni_json_write_to(&buffer);
}

TEST(writes_everything)
{
    rnni_json_writer w = begin_writing();
    rnni_json_begin_object(&w);
    rnni_json_write_key(&w, "list");
    rnni_json_begin_array(&w);
    rnni_json_write_i64(&w, -3);
    rnni_json_write_double(&w, 0.1);
    rnni_json_write_bool(&w, true);
    rnni_json_write_bool(&w, false);
    rnni_json_write_null(&w);
    rnni_json_begin_array(&w);
    rnni_json_end_array(&w);
    rnni_json_write_string(&w, "x");
    rnni_json_end_array(&w);
    rnni_json_write_key(&w, "empty");
    rnni_json_begin_object(&w);
    rnni_json_end_object(&w);
    rnni_json_end_object(&w);
    CHECK_OK(w.status);
    CHECK_STR(buffer.data, "{\"list\":[-3,0.1,true,false,null,[],\"x\"],\"empty\":{}}");
    rnni_buffer_clear(&buffer);
}

TEST(writes_numbers_that_read_back)
{
    const double numbers[] = { 0, 1e-7, 1.0 / 3, -5e-324, 1.7976931348623157e308, 1e22, 123456789.5 };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        double back = 7;
        rnni_json_writer w = begin_writing();
        rnni_json_write_double(&w, numbers[i]);
        CHECK_OK(w.status);
        CHECK(rnni_json_double(parse(buffer.data), &back));
        CHECK(back == numbers[i]);
        rnni_json_clear(&json);
        rnni_buffer_clear(&buffer);
    }
}

TEST(writes_what_is_not_finite)
{
    rnni_json_writer w = begin_writing();
    rnni_json_begin_array(&w);
    rnni_json_write_double(&w, (double)NAN);
    rnni_json_write_double(&w, -(double)INFINITY);
    rnni_json_end_array(&w);
    CHECK_OK(w.status);
    CHECK_STR(buffer.data, "[\"nan\",\"-inf\"]");
    rnni_buffer_clear(&buffer);
}

TEST(escapes_strings)
{
    const char *text = "q\" b\\ n\n t\t e\x1b d\x7f \xc3\xa9 /";
    rnni_json_writer w = begin_writing();
    rnni_json_write_string(&w, text);
    CHECK_OK(w.status);
    CHECK_STR(buffer.data, "\"q\\\" b\\\\ n\\n t\\t e\\u001b d\x7f \xc3\xa9 /\"");
    CHECK_STR(rnni_json_string(parse(buffer.data)), text);
    rnni_json_clear(&json);
    rnni_buffer_clear(&buffer);
}

TEST(refuses_to_write_bad_utf8)
{
    rnni_json_writer w = begin_writing();
    rnni_json_write_string(&w, "a\xff");
    rnni_json_write_i64(&w, 1);
    CHECK_STATUS(w.status, RNN_ERROR_DATA);
    rnni_buffer_clear(&buffer);
}

TEST_MAIN
