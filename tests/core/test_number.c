/* SPDX-License-Identifier: MIT */
#include "core/number.h"
#include "core/random.h"
#include "harness.h"

#include <float.h>
#include <locale.h>

static double parse(const char *text)
{
    double value = -12345;
    CHECK(rnni_parse_double(text, strlen(text), &value));
    return value;
}

static double of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static const char *print(double value)
{
    static char text[RNNI_NUMBER_SIZE];
    size_t size = rnni_print_double(value, text);
    CHECK_INT(size, strlen(text));
    return text;
}

static const char *digits(double value, int count)
{
    static char text[RNNI_NUMBER_SIZE];
    size_t size = rnni_print_digits(value, count, text);
    CHECK_INT(size, strlen(text));
    return text;
}

TEST(plain_numbers_are_read)
{
    CHECK_NEAR(parse("0"), 0, 0);
    CHECK_NEAR(parse("+1"), 1, 0);
    CHECK_NEAR(parse("-12.75"), -12.75, 0);
    CHECK_NEAR(parse("1e3"), 1000, 0);
    CHECK_NEAR(parse("1.5E+2"), 150, 0);
    CHECK_NEAR(parse("25e-2"), 0.25, 0);
    CHECK_NEAR(parse("000123.4500"), 123.45, 0);
    CHECK_NEAR(parse("0.00000000000000000000000000000000001e35"), 1, 0);
    CHECK_NEAR(parse("100000000000000000000000000000000000e-35"), 1, 0);
    CHECK(signbit(parse("-0")) && signbit(parse("-0.0e5")));
}

TEST(words_are_read_in_any_case)
{
    CHECK(isnan(parse("nan")) && isnan(parse("-NaN")));
    CHECK(parse("inf") == (double)INFINITY && parse("-Infinity") == -(double)INFINITY && parse("+INF") > 0);
}

TEST(anything_else_is_refused)
{
    static const char *bad[] = {
        "", " 1", "1 ", "+", "-", ".", ".5", "1.", "1.e5", "e5", "1e", "1e+", "1e5.0", "--1", "1,5",
        "0x10", "nan(1)", "in", "infinit", "infinityx", "1_000", "1e5e5", "\t1",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        double value = 7;
        if (rnni_parse_double(bad[i], strlen(bad[i]), &value)) CHECK_STR(bad[i], "refused");
        CHECK_NEAR(value, 7, 0);
    }
    double value = 7;
    CHECK(!rnni_parse_double("1\0", 2, &value));
    CHECK(rnni_parse_double("12345", 2, &value) && value == 12);
}

TEST(ends_of_the_range)
{
    CHECK(parse("1.7976931348623157e308") == DBL_MAX);
    CHECK(parse("1.7976931348623158079372897140530e308") == DBL_MAX);
    CHECK(parse("1.7976931348623158079372897140530341508e308") == (double)INFINITY);
    CHECK(parse("1e309") == (double)INFINITY && parse("-1e99999999999999999999") == -(double)INFINITY);
    CHECK(parse("4.9406564584124654e-324") == 0x1p-1074);
    CHECK(parse("2.4703282292062328e-324") == 0x1p-1074);
    CHECK(parse("2.4703282292062327e-324") == 0);
    CHECK(parse("1e-99999999999999999999") == 0 && parse("0e99999999999999999999") == 0);
    CHECK(parse("2.2250738585072014e-308") == DBL_MIN);
    CHECK(parse("2.2250738585072011e-308") == of_bits(0x000FFFFFFFFFFFFF)); /* once hung other libraries */
    CHECK(parse("2.2250738585072012e-308") == DBL_MIN);
}

TEST(halfway_cases_go_to_even_unless_a_digit_follows)
{
    char text[1200] = "9007199254740993";
    CHECK(parse(text) == 9007199254740992.0);
    CHECK(parse("9007199254740995") == 9007199254740996.0);
    strcat(text, ".");
    memset(text + 17, '0', 1100);
    CHECK(parse(text) == 9007199254740992.0);
    text[17 + 1099] = '1'; /* far beyond the digits that are kept */
    text[17 + 1100] = 0;
    CHECK(parse(text) == 9007199254740994.0);
    CHECK(parse("1.00000000000000011102230246251565404236316680908203125") == 1);
    CHECK(parse("1.00000000000000011102230246251565404236316680908203126") == 1 + DBL_EPSILON);
    CHECK(parse("1.00000000000000033306690738754696212708950042724609375") == 1 + 2 * DBL_EPSILON);
}

TEST(known_hard_cases)
{
    static const char *hard[] = {
        "6.929001713869936e+236", "3.518437208883201171875e13", "62.5364939768271845828",
        "8.10109172351e-10", "1.50000000000000011102230246251565",
        "9007199254740991.4999999999999999999999999999", "5e-324", "1.3e-323", "6.631236846766476e-316",
        "3.2378839133029012895883524125015e-308", "8.44291197326099e-309", "2.2e-308",
        "104110013277974872254e-225", "1e23", "8.5e22", "4.35e-83", "7.3177701707893310e+15",
        "123456789012345678901234567890e-10", "0.500000000000000166533453693773481063544750213623046875",
    };
    for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
        CHECK(parse(hard[i]) == strtod(hard[i], NULL));
}

TEST(random_texts_agree_with_the_c_library)
{
    rnni_random stream = rnni_random_stream(1, RNNI_RANDOM_USER, 1, 2, 3);
    for (uint64_t i = 0; i < 20000; i++) {
        char text[64];
        uint64_t a = rnni_random_u64(&stream, 3 * i), b = rnni_random_u64(&stream, 3 * i + 1);
        int exponent = (int)rnni_random_below(&stream, 3 * i + 2, 700) - 360;
        a >>= b % 64;
        snprintf(text, sizeof(text), "%llu.%llue%d", (unsigned long long)a, (unsigned long long)b, exponent);
        CHECK(parse(text) == strtod(text, NULL));
    }
}

TEST(integers_are_read)
{
    int64_t n = 7;
    CHECK(rnni_parse_i64("-9223372036854775808", 20, &n) && n == INT64_MIN);
    CHECK(rnni_parse_i64("+9223372036854775807", 20, &n) && n == INT64_MAX);
    CHECK(rnni_parse_i64("0012", 4, &n) && n == 12);
    CHECK(rnni_parse_i64("-0", 2, &n) && n == 0);
    static const char *bad[] = { "", "+", "-", "1.0", "1e3", " 1", "1 ", "9223372036854775808",
                                 "-9223372036854775809", "99999999999999999999999", "0x1", "--1" };
    n = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!rnni_parse_i64(bad[i], strlen(bad[i]), &n));
    CHECK_INT(n, 7);
}

TEST(numbers_are_printed_as_python_does)
{
    CHECK_STR(print(0.1), "0.1");
    CHECK_STR(print(1e-7), "1e-07");
    CHECK_STR(print(-3), "-3");
    CHECK_STR(print(0), "0");
    CHECK_STR(print(-0.0), "-0");
    CHECK_STR(print((double)NAN), "nan");
    CHECK_STR(print(-(double)INFINITY), "-inf");
    CHECK_STR(print(0.0001), "0.0001");
    CHECK_STR(print(0.00001234), "1.234e-05");
    CHECK_STR(print(1e15), "1000000000000000");
    CHECK_STR(print(1e16), "1e+16");
    CHECK_STR(print(123456.789), "123456.789");
    CHECK_STR(print(1.0 / 3), "0.3333333333333333");
    CHECK_STR(print(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(print(DBL_MAX), "1.7976931348623157e+308");
    CHECK_STR(print(DBL_MIN), "2.2250738585072014e-308");
    CHECK_STR(print(0x1p-1074), "5e-324");
    CHECK_STR(print(9007199254740993.0), "9007199254740992");
    CHECK_STR(print(0x1p-44), "5.684341886080802e-14"); /* not the nearest 16 digits: they do not read back */
    CHECK_STR(print(9.5367431640625e-07), "9.5367431640625e-07");
}

TEST(few_digits_for_people)
{
    CHECK_STR(digits(0.87119, 4), "0.8712");
    CHECK_STR(digits(0.5, 4), "0.5");
    CHECK_STR(digits(9.9999, 2), "10");
    CHECK_STR(digits(123456, 3), "123000");
    CHECK_STR(digits(-1.26e-9, 2), "-1.3e-09");
    CHECK_STR(digits(0, 3), "0");
    CHECK_STR(digits(1e300, 99), "1.0000000000000001e+300");
    CHECK_STR(digits(7.7, 0), "8");
}

static void check_round_trip(double value)
{
    char text[RNNI_NUMBER_SIZE];
    double back;
    size_t size = rnni_print_double(value, text);
    CHECK(rnni_parse_double(text, size, &back));
    CHECK_BYTES(&back, &value, sizeof(value));
}

TEST(random_doubles_survive)
{
    rnni_random stream = rnni_random_stream(2, RNNI_RANDOM_USER, 0, 0, 0);
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t bits = rnni_random_u64(&stream, i);
        if (i % 20 == 0) bits &= 0x800FFFFFFFFFFFFF; /* below the normal ones */
        if (i % 20 == 1) bits &= 0xFFF0000000000000; /* powers of two */
        if (i % 4 > 1) bits = (bits & 0x803FFFFFFFFFFFFF) + (UINT64_C(990) << 52); /* between 1e-10 and 1e9 */
        if ((bits >> 52 & 0x7FF) == 0x7FF) continue;
        check_round_trip(of_bits(bits));
    }
}

TEST(no_shorter_text_reads_back)
{
    rnni_random stream = rnni_random_stream(3, RNNI_RANDOM_USER, 0, 0, 0);
    for (uint64_t i = 0; i < 2000; i++) {
        double value = fabs(of_bits(rnni_random_u64(&stream, i)));
        char text[RNNI_NUMBER_SIZE], shorter[64];
        if (!(value <= DBL_MAX)) continue;
        rnni_print_digits(value, 17, text);
        int printed = 0;
        for (const char *c = print(value); *c && *c != 'e'; c++) printed += *c >= '0' && *c <= '9';
        if (printed > 15) {
            snprintf(shorter, sizeof(shorter), "%.14e", value);
            CHECK(strtod(shorter, NULL) != value);
        }
    }
}

TEST(locales_change_nothing)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        SKIP("no locale with a decimal comma is installed");
    double half = -1;
    bool read = rnni_parse_double("0.5", 3, &half), comma = rnni_parse_double("0,5", 3, &half);
    char text[RNNI_NUMBER_SIZE], few[RNNI_NUMBER_SIZE];
    rnni_print_double(0.1, text);
    rnni_print_digits(1234567.25, 9, few);
    setlocale(LC_ALL, "C");
    CHECK(read && !comma && half == 0.5);
    CHECK_STR(text, "0.1");
    CHECK_STR(few, "1234567.25");
}

TEST_MAIN
