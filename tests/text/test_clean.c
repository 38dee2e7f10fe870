/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "text/clean.h"

static const rnni_cleaning standard = { .lowercase = true, .strip_tags = true, .strip_punctuation = true };

/* The words of a text joined by '|'. */
static const char *split(rnni_cleaning cleaning, const char *text, size_t size)
{
    static char out[4096];
    rnni_words words;
    rnni_words_begin(&words, cleaning, text, size);
    size_t used = 0;
    while (rnni_words_next(&words)) {
        CHECK(words.length > 0 && words.length <= words.capacity && used + words.length + 2 < sizeof(out));
        if (used) out[used++] = '|';
        memcpy(out + used, words.buffer, words.length);
        used += words.length;
    }
    out[used] = 0;
    return out;
}

static const char *plain(const char *text) { return split(standard, text, strlen(text)); }

TEST(splits_at_white_space)
{
    CHECK_STR(plain("  the quick\tbrown\nfox "), "the|quick|brown|fox");
    CHECK_STR(plain("a\xC2\xA0"
                    "b\xE3\x80\x80"
                    "c"),
              "a|b|c");
    CHECK_STR(plain(""), "");
    CHECK_STR(plain(" \t\r\n "), "");
}

TEST(lowers_and_strips_punctuation)
{
    CHECK_STR(plain("Great!! A post-modern (10/10) film..."), "great|a|post|modern|10|10|film");
    CHECK_STR(plain("\xC3\x84RGER \xCE\xA9 \xD0\x96"), "\xC3\xA4rger|\xCF\x89|\xD0\xB6");
}

TEST(keeps_apostrophes_inside_words)
{
    CHECK_STR(plain("Don't it's"), "don't|it's");
    CHECK_STR(plain("'tis the dogs' 'quoted'"), "tis|the|dogs|quoted");
    CHECK_STR(plain("rock''n ' a'.b x'\xC3\xA9"), "rock|n|a|b|x'\xC3\xA9");
    CHECK_STR(plain("'"), "");
}

TEST(drops_tags)
{
    CHECK_STR(plain("one<br /><br />two</b><!-- x -->three"), "one|two|three");
    CHECK_STR(plain("it'<br>s"), "it|s");
    CHECK_STR(plain("<p>"), "");
}

TEST(keeps_what_is_no_tag)
{
    CHECK_STR(plain("1 < 2 and 3 > 2 <3"), "1|2|and|3|2|3");
    CHECK_STR(plain("an open <tag without end"), "an|open|tag|without|end");
    CHECK_STR(plain("<"), "");
    CHECK_STR(plain("a<b"), "a|b");
}

TEST(every_step_can_be_switched_off)
{
    rnni_cleaning none = { .characters = false };
    CHECK_STR(split(none, "Don't <br /> STOP!", 18), "Don't|<br|/>|STOP!");
    rnni_cleaning tags = { .strip_tags = true };
    CHECK_STR(split(tags, "Wow!<br />Yes.", 14), "Wow!|Yes.");
    rnni_cleaning lower = { .lowercase = true, .strip_punctuation = true };
    CHECK_STR(split(lower, "A<b>C", 5), "a|b|c");
}

TEST(characters_are_words)
{
    rnni_cleaning plain_characters = { .characters = true };
    CHECK_STR(split(plain_characters, "aB \xC3\xA9\n", 6), "a|B| |\xC3\xA9|\n");
    rnni_cleaning cleaned = {
        .characters = true, .lowercase = true, .strip_tags = true, .strip_punctuation = true
    };
    CHECK_STR(split(cleaned, "It's<br>A!", 10), "i|t|'|s| |a| ");
}

TEST(bytes_of_value_0_are_spaces)
{
    CHECK_STR(split(standard, "a\0b\0\0c", 6), "a|b|c");
    rnni_cleaning characters = { .characters = true };
    CHECK_STR(split(characters, "a\0b", 3), "a| |b");
}

TEST(invalid_bytes_become_replacement_characters)
{
    CHECK_STR(plain("a\xFF"
                    "b \xC3"),
              "a\xEF\xBF\xBD"
              "b|\xEF\xBF\xBD");
}

TEST(long_words_report_their_length)
{
    char text[1000];
    memset(text, 'X', sizeof(text));
    rnni_words words;
    rnni_words_begin(&words, standard, text, sizeof(text));
    CHECK(rnni_words_next(&words));
    CHECK_INT(words.length, 1000);
    char buffer[1000];
    words.buffer = buffer;
    words.capacity = sizeof(buffer);
    rnni_words_back(&words);
    CHECK(rnni_words_next(&words));
    CHECK_INT(words.length, 1000);
    CHECK(buffer[0] == 'x' && buffer[999] == 'x');
    CHECK(!rnni_words_next(&words));
}

TEST(unclosed_tags_take_linear_time)
{
    enum { PAIRS = 1 << 20 };
    char *text = malloc(2 * PAIRS);
    for (size_t i = 0; i < PAIRS; i++) memcpy(text + 2 * i, "<a", 2);
    rnni_words words;
    rnni_words_begin(&words, standard, text, 2 * PAIRS);
    size_t count = 0;
    while (rnni_words_next(&words)) count++;
    free(text);
    CHECK_INT(count, PAIRS);
}

TEST_MAIN
