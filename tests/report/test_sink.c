/* SPDX-License-Identifier: MIT */
#include "report/sink.h"
#include "report/xml.h"

static void check_text(const char *text, size_t most, const char *expected)
{
    page p = page_new();
    rnni_sink sink = { .write = page_write, .user = &p };
    rnni_put_text(&sink, text, most);
    CHECK_OK(rnni_sink_end(&sink, "test"));
    CHECK_STR(p.text ? p.text : "", expected);
    page_end(&p);
}

TEST(escapes_markup)
{
    check_text("a<b>&\"'", RNNI_WHOLE, "a&lt;b&gt;&amp;&quot;&#39;");
    check_text("]]>", RNNI_WHOLE, "]]&gt;");
    check_text(NULL, RNNI_WHOLE, "");
}

TEST(replaces_what_xml_does_not_have)
{
    check_text("\x01"
               "a\x7F",
               RNNI_WHOLE,
               "\xEF\xBF\xBD"
               "a\xEF\xBF\xBD");
    check_text("\xFF\xC3", RNNI_WHOLE, "\xEF\xBF\xBD\xEF\xBF\xBD");
    check_text("\xEF\xBF\xBF", RNNI_WHOLE, "\xEF\xBF\xBD");
    check_text("\xC2\x9F", RNNI_WHOLE, "\xEF\xBF\xBD");
    check_text("a\tb\r\nc", RNNI_WHOLE, "a b  c");
}

TEST(cuts_at_characters)
{
    check_text("abcd", 4, "abcd");
    check_text("abcde", 4, "abc\xE2\x80\xA6");
    check_text("\xC3\xA4\xC3\xB6\xC3\xBC", 2, "\xC3\xA4\xE2\x80\xA6");
    check_text("a&b", 2, "a\xE2\x80\xA6");
}

TEST(counts_columns)
{
    CHECK_INT(rnni_text_columns("abc", RNNI_WHOLE), 3);
    CHECK_INT(rnni_text_columns("abc", 2), 2);
    CHECK_INT(rnni_text_columns("\xE6\x97\xA5\xE6\x9C\xAC", RNNI_WHOLE), 4); /* two wide ones */
    CHECK_INT(rnni_text_columns("\xFF\xC3\xA4", RNNI_WHOLE), 2);
    CHECK_INT(rnni_text_columns(NULL, 5), 0);
}

TEST(prints_places)
{
    page p = page_new();
    rnni_sink sink = { .write = page_write, .user = &p };
    rnni_put_at(&sink, "M% % % % % % %;", 0, 1.5, -2.345, 100, -0.001, NAN, 1e300);
    CHECK_OK(rnni_sink_end(&sink, "test"));
    CHECK_STR(p.text, "M0 1.5 -2.35 100 0 0 10000000;");
    page_end(&p);
}

static void put_numbers(rnni_sink *sink)
{
    rnni_put_number(sink, 0.123456, 3);
    rnni_put(sink, " ");
    rnni_put_number(sink, NAN, 3);
    rnni_put(sink, " ");
    rnni_put_integer(sink, INT64_MIN);
    rnni_put(sink, " ");
    rnni_put_fixed(sink, -0.5, 3);
    rnni_put(sink, " ");
    rnni_put_fixed(sink, 1e30, 3);
    rnni_put(sink, " ");
    rnni_put_fixed(sink, NAN, 3);
    rnni_put(sink, " ");
    rnni_put_percent(sink, 0.8712);
    rnni_put(sink, " ");
    rnni_put_percent(sink, NAN);
}

TEST(prints_numbers)
{
    page p = page_new();
    rnni_sink sink = { .write = page_write, .user = &p };
    put_numbers(&sink);
    CHECK_OK(rnni_sink_end(&sink, "test"));
    CHECK_STR(p.text, "0.123 n/a -9223372036854775808 -0.500 1e+30 n/a 87.1 % n/a");
    page_end(&p);
}

TEST(hands_over_everything_in_pieces)
{
    page p = page_new();
    rnni_sink sink = { .write = page_write, .user = &p };
    for (int i = 0; i < 1000; i++) rnni_put(&sink, "0123456789");
    CHECK_OK(rnni_sink_end(&sink, "test"));
    CHECK_INT(p.size, 10000);
    for (size_t i = 0; i < p.size; i++) CHECK_INT(p.text[i], '0' + (char)(i % 10));
    page_end(&p);
}

TEST(stops_at_the_first_refusal)
{
    page p = { .fail_at = 2 };
    rnni_sink sink = { .write = page_write, .user = &p };
    for (int i = 0; i < 1000; i++) rnni_put(&sink, "0123456789");
    CHECK_STATUS(rnni_sink_end(&sink, "test"), RNN_ERROR_CALLBACK);
    CHECK_INT(p.pieces, 3);
    CHECK_INT(p.size, 2 * sizeof(sink.text));
    page_end(&p);
}

/* The check that the other tests rely on has to find faults. */
TEST(the_checker_finds_faults)
{
    static const char *const faults[] = { "",
                                          "text",
                                          "<a>",
                                          "<svg><a></b></svg>",
                                          "<a></a><b></b>",
                                          "<a x=\"1\" x=\"2\"></a>",
                                          "<a x='1'></a>",
                                          "<a x=\"<\"></a>",
                                          "<a>&nbsp;</a>",
                                          "<a>]]></a>",
                                          "<a>\x01</a>",
                                          "<a>\xFF</a>",
                                          "<p><br/></p>",
                                          "<p><a/></p>" };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        CHECK(xml_fault(faults[i], strlen(faults[i])) != NULL);
    static const char good[] = "<!DOCTYPE html>\n<a x=\"&lt;\"><svg><b/></svg>&amp;\xC3\xA4</a>\n";
    CHECK(xml_fault(good, strlen(good)) == NULL);
}

TEST_MAIN
