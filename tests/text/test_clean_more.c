/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "text/clean.h"

#define FACE "\xF0\x9F\x98\x80"
#define THUMB "\xF0\x9F\x91\x8D"
#define DARK "\xF0\x9F\x8F\xBF"
#define JOIN "\xE2\x80\x8D"
#define HEART "\xE2\x9D\xA4\xEF\xB8\x8F"
#define FLAG "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"
#define LEFT "\xE2\x80\x9C"
#define RIGHT "\xE2\x80\x9D"
#define APOSTROPHE "\xE2\x80\x99"
#define DASH "\xE2\x80\x94"

static rnni_cleaning standard(void)
{
    return (rnni_cleaning){ .lowercase = true, .strip_tags = true, .strip_punctuation = true };
}

/* The words of a text joined by '|'. */
static const char *split(rnni_cleaning cleaning, const char *text)
{
    static char out[4096];
    rnni_words words;
    rnni_words_begin(&words, cleaning, text, strlen(text));
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

TEST(old_rules_hold_with_new_switches)
{
    static const char *const texts[] = {
        "  the quick\tbrown\nfox ",
        "Great!! A post-modern (10/10) film...",
        "Don't it's 'tis the dogs' 'quoted'",
        "rock''n ' a'.b x'\xC3\xA9",
        "one<br /><br />two</b><!-- x -->three it'<br>s <p>",
        "1 < 2 and 3 > 2 <3 an open <tag without end",
        "\xC3\x84RGER \xCE\xA9 \xD0\x96",
        "a\xFFz \xC3",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (int bits = 0; bits < 16; bits++) {
            rnni_cleaning plain = { .characters = bits & 1,
                                    .lowercase = (bits & 2) != 0,
                                    .strip_tags = (bits & 4) != 0,
                                    .strip_punctuation = (bits & 8) != 0 };
            rnni_cleaning more = plain;
            more.repeats = 1000;
            char expected[4096];
            strcpy(expected, split(plain, texts[i]));
            CHECK_STR(split(more, texts[i]), expected);
        }
}

TEST(folds)
{
    rnni_cleaning c = standard();
    c.fold = true;
    CHECK_STR(split(c, "STRA\xE1\xBA\x9E"
                       "E \xD4\xB1 \xC7\x85"),
              "stra\xC3\x9F"
              "e|\xD5\xA1|\xC7\x86");
}

TEST(reads_entities)
{
    rnni_cleaning c = standard();
    c.entities = true;
    CHECK_STR(split(c, "caf&eacute; r&#233;sum&#xE9; it&#39;s a&nbsp;b"),
              "caf\xC3\xA9|r\xC3\xA9sum\xC3\xA9|it's|a|b");
    CHECK_STR(split(c, "AT&T a&bogus;b x&;y &#; &#x; &#12a; &amp"), "at|t|a|bogus|b|x|y|x|12a|amp");
    CHECK_STR(split(c, "a&lt;b&gt;c&#9999999;"), "a|b|c\xEF\xBF\xBD");
    c.strip_punctuation = false;
    CHECK_STR(split(c, "&lt;b&gt; &amp;amp; <i>"), "<b>|&amp;");
    c.entities = false;
    c.repeats = 9;
    CHECK_STR(split(c, "&lt;"), "&lt;");
}

TEST(reads_typography)
{
    rnni_cleaning c = standard();
    CHECK_STR(split(c, LEFT "Don" APOSTROPHE "t" RIGHT), LEFT "don" APOSTROPHE "t" RIGHT);
    c.typography = true;
    CHECK_STR(split(c, LEFT "Don" APOSTROPHE "t" RIGHT " one" DASH "two\xE2\x80\xA6 \xC2\xBFqu\xC3\xA9?"),
              "don't|one|two|qu\xC3\xA9");
    CHECK_STR(split(c, "dogs" APOSTROPHE " \xE2\x80\x98x" APOSTROPHE " \xE2\x82\xAC"
                       "5"),
              "dogs|x|\xE2\x82\xAC"
              "5");
    c.strip_punctuation = false;
    CHECK_STR(split(c, LEFT "don" APOSTROPHE "t" RIGHT), LEFT "don't" RIGHT);
}

TEST(strips_accents)
{
    rnni_cleaning c = standard();
    c.accents = true;
    CHECK_STR(split(c, "\xC3\x89t\xC3\xA9 nai\xCC\x88ve \xC3\x98l \xCC\x81"), "ete|naive|\xC3\xB8l");
}

TEST(cuts_repeats)
{
    rnni_cleaning c = standard();
    c.repeats = 2;
    CHECK_STR(split(c, "SOOOoooo goooood 10000 zzz ee\xC3\xA9\xC3\xA9\xC3\xA9"),
              "soo|good|10000|zz|ee\xC3\xA9\xC3\xA9");
    c.repeats = 1;
    CHECK_STR(split(c, "book keeper aa aa"), "bok|keper|a|a");
    c.strip_punctuation = false;
    CHECK_STR(split(c, "no!!! aa--"), "no!!!|a--");
    c.characters = true;
    CHECK_STR(split(c, "aab"), "a|b");
}

TEST(writes_contractions_out)
{
    rnni_cleaning c = standard();
    c.contractions = true;
    CHECK_STR(split(c, "Don't I'm they're we've she'll I'd"),
              "do|not|i|am|they|are|we|have|she|will|i|would");
    CHECK_STR(split(c, "won't can't shan't ain't let's y'all"),
              "will|not|can|not|shall|not|is|not|let|us|you|all");
    CHECK_STR(split(c, "it's the dog's that's o'clock"), "it|is|the|dog's|that|is|o'clock");
    CHECK_STR(split(c, "shouldn't've y'all'd've I'd've"), "should|not|have|you|all|would|have|i|would|have");
    CHECK_STR(split(c, "n't 're x're"), "n't|re|x|are");
    c.lowercase = false;
    CHECK_STR(split(c, "Don't WON'T He's"), "Do|not|will|not|He|is");
}

TEST(replaces_urls)
{
    rnni_cleaning c = standard();
    const char *text =
        "see http://a.b/c?d=e, (https://x.org/y) and WWW.Example.com. not awww.x or www. ftp://f";
    c.urls = RNNI_TOKEN;
    CHECK_STR(split(c, text), "see|<url>|<url>|and|<url>|not|awww|x|or|www|<url>");
    c.urls = RNNI_REMOVE;
    CHECK_STR(split(c, text), "see|and|not|awww|x|or|www");
    c.strip_punctuation = false;
    c.urls = RNNI_TOKEN;
    CHECK_STR(split(c, "x,http://y! " LEFT "www.z" RIGHT " <a href=http://q>t"),
              "x,|<url>|!|" LEFT "www.z" RIGHT "|t");
}

TEST(replaces_mentions_and_hashtags)
{
    rnni_cleaning c = standard();
    c.mentions = c.hashtags = RNNI_TOKEN;
    CHECK_STR(split(c, "@Ann_1: mail a@b.c @ #fun #1 #2nd ##x #\xC3\xBC"
                       "ber@me c#"),
              "<user>|mail|a|b|c|<hashtag>|1|<hashtag>|<hashtag>|<hashtag>|<user>|c");
    c.mentions = c.hashtags = RNNI_REMOVE;
    CHECK_STR(split(c, "@ann says #yes now"), "says|now");
    c.hashtags = RNNI_KEEP;
    CHECK_STR(split(c, "@ann says #yes now"), "says|yes|now");
}

TEST(replaces_numbers)
{
    rnni_cleaning c = standard();
    c.numbers = RNNI_TOKEN;
    CHECK_STR(split(c, "1 3.14, 1,000. 10/10 5th x2 4x4 2\xC3\xA9 7_7 9"),
              "<number>|<number>|<number>|<number>|<number>|5th|x2|4x4|2\xC3\xA9|7|<number>|<number>");
    c.numbers = RNNI_REMOVE;
    CHECK_STR(split(c, "in 1999 a"), "in|a");
    char many[100];
    memset(many, '1', 99);
    many[99] = 0;
    CHECK_STR(split(c, many), many);
}

TEST(sets_emoji_apart)
{
    rnni_cleaning c = standard();
    const char *text = "good" FACE "day " THUMB DARK HEART FLAG
                       " 1\xEF\xB8\x8F\xE2\x83\xA3 #1 " FACE JOIN FACE "x\xF0\x9F\x87\xA9";
    c.emoji = RNNI_WORD;
    CHECK_STR(split(c, text), "good|" FACE "|day|" THUMB DARK "|" HEART "|" FLAG
                              "|1\xEF\xB8\x8F\xE2\x83\xA3|1|" FACE JOIN FACE "|x|\xF0\x9F\x87\xA9");
    c.emoji = RNNI_TOKEN;
    CHECK_STR(split(c, text), "good|<emoji>|day|<emoji>|<emoji>|<emoji>|<emoji>|1|<emoji>|x|<emoji>");
    c.emoji = RNNI_REMOVE;
    CHECK_STR(split(c, text), "good|day|1|x");
    c.emoji = RNNI_KEEP;
    c.repeats = 5;
    CHECK_STR(split(c, "good" FACE "day"), "good" FACE "day");
}

TEST(characters_too)
{
    rnni_cleaning c = {
        .characters = true, .entities = true, .urls = RNNI_TOKEN, .numbers = RNNI_REMOVE, .emoji = RNNI_WORD
    };
    CHECK_STR(split(c, "a&amp;b http://x 12 " FACE), "a|&|b| |<url>| | |" FACE);
}

TEST(long_words_can_be_read_again)
{
    enum { SIZE = 1000 };
    char text[2 * SIZE + 2], buffer[SIZE];
    memset(text, 'X', SIZE);
    text[SIZE] = ' ';
    memset(text + SIZE + 1, 'Y', SIZE);
    rnni_cleaning c = standard();
    c.contractions = true;
    rnni_words words;
    rnni_words_begin(&words, c, text, 2 * SIZE + 1);
    CHECK(rnni_words_next(&words));
    CHECK_INT(words.length, SIZE);
    words.buffer = buffer;
    words.capacity = SIZE;
    rnni_words_back(&words);
    CHECK(rnni_words_next(&words) && buffer[0] == 'x' && buffer[SIZE - 1] == 'x');
    CHECK(rnni_words_next(&words) && words.length == SIZE && buffer[0] == 'y');
    CHECK(!rnni_words_next(&words));
}

TEST(takes_linear_time)
{
    enum { SIZE = 1 << 20 };
    static const char *const patterns[] = {
        "1,", "www.", "#1", "@", "&#1", "<a", "http://(", "a'b", FACE JOIN
    };
    char *text = malloc(SIZE);
    for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        size_t size = strlen(patterns[p]);
        for (size_t i = 0; i < SIZE; i++) text[i] = patterns[p][i % size];
        rnni_cleaning c = standard();
        c.entities = c.contractions = true;
        c.urls = c.mentions = c.hashtags = c.numbers = c.emoji = RNNI_TOKEN;
        rnni_words words;
        rnni_words_begin(&words, c, text, SIZE - 1);
        size_t count = 0;
        while (rnni_words_next(&words)) count++;
        CHECK(count <= SIZE);
    }
    free(text);
}

TEST_MAIN
