/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include <rnn/text.h>

/* The sentences of a text joined by '|'. */
static const char *split(const char *text)
{
    static char out[2048];
    int64_t position = 0, start = 0, length = 0, last = 0;
    size_t used = 0;
    rnn_status_t status;
    while ((status = rnn_sentence_next(text, -1, &position, &start, &length)) == RNN_OK) {
        CHECK(length > 0 && start >= last && start + length <= position);
        CHECK(used + (size_t)length + 2 < sizeof(out));
        last = position;
        if (used) out[used++] = '|';
        memcpy(out + used, text + start, (size_t)length);
        used += (size_t)length;
    }
    CHECK_STATUS(status, RNN_END);
    out[used] = 0;
    return out;
}

#define SPLITS(text, expected) CHECK_STR(split(text), expected)

TEST(plain_sentences)
{
    SPLITS("One. Two! Three? Four", "One.|Two!|Three?|Four");
    SPLITS("  One.\n Two.  ", "One.|Two.");
    SPLITS("", "");
    SPLITS(" \n\n ", "");
    SPLITS(".", ".");
    SPLITS("What?! No... Yes!!", "What?!|No...|Yes!!");
}

TEST(abbreviations)
{
    SPLITS("Mr. Smith met Dr. Jones. They spoke.", "Mr. Smith met Dr. Jones.|They spoke.");
    SPLITS("J. R. R. Tolkien wrote it. I read it.", "J. R. R. Tolkien wrote it.|I read it.");
    SPLITS("Fruit, e.g. Apples, and so on, etc. Then more.",
           "Fruit, e.g. Apples, and so on, etc.|Then more.");
    SPLITS("See Fig. 3 and No. 5 on p. 7. Then go.", "See Fig. 3 and No. 5 on p. 7.|Then go.");
    SPLITS("He said no. Nobody knew.", "He said no.|Nobody knew.");
    SPLITS("Born Jan. 5, at Acme Inc. in Ohio.", "Born Jan. 5, at Acme Inc. in Ohio.");
    SPLITS("In the U.S. Army. In the U.S. The end.", "In the U.S. Army.|In the U.S.|The end.");
    SPLITS("At 5 p.m. Monday. It was 6 a.m. He slept.", "At 5 p.m. Monday.|It was 6 a.m.|He slept.");
    SPLITS("This is plan B. The other failed.", "This is plan B.|The other failed.");
    SPLITS("It was I. Then he left.", "It was I.|Then he left.");
}

TEST(numbers)
{
    SPLITS("It costs 3.50 dollars. In 1999. 2 came.", "It costs 3.50 dollars.|In 1999.|2 came.");
    SPLITS("1. First thing. 2. Second thing.", "1. First thing.|2. Second thing.");
    SPLITS("Visit example.com. Mail a.b@c.de now.", "Visit example.com.|Mail a.b@c.de now.");
    SPLITS("Version 1.2.3 is out! Get v2.0.", "Version 1.2.3 is out!|Get v2.0.");
}

TEST(quotes_and_brackets)
{
    SPLITS("\"Stop.\" He ran. (It was late.) Then \"Go!\" she said.",
           "\"Stop.\"|He ran.|(It was late.)|Then \"Go!\" she said.");
    SPLITS("\xE2\x80\x9CStop.\xE2\x80\x9D \xE2\x80\x9CWhy?\xE2\x80\x9D",
           "\xE2\x80\x9CStop.\xE2\x80\x9D|\xE2\x80\x9CWhy?\xE2\x80\x9D");
    SPLITS("Dr. \"Bones\" McCoy came. \"mr. x\" too.", "Dr. \"Bones\" McCoy came. \"mr. x\" too.");
}

TEST(ellipses)
{
    SPLITS("Well... maybe. Well... No. So\xE2\x80\xA6 so. End\xE2\x80\xA6 Yes",
           "Well... maybe.|Well...|No.|So\xE2\x80\xA6 so.|End\xE2\x80\xA6|Yes");
    SPLITS("Yahoo! is a firm. Who? me? Yes.", "Yahoo! is a firm.|Who? me?|Yes.");
}

TEST(paragraphs)
{
    SPLITS("A title\n\nThe text goes\non here. And ends", "A title|The text goes\non here.|And ends");
    SPLITS("One\r\n \r\nTwo", "One|Two");
    SPLITS("Mr.\n\nX", "Mr.|X");
}

TEST(other_scripts)
{
    SPLITS("\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82\xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81",
           "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82|\xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81");
    SPLITS("\xD0\x94\xD0\xB0. \xD0\x9D\xD0\xB5\xD1\x82. \xD0\xB4\xD0\xB0",
           "\xD0\x94\xD0\xB0.|\xD0\x9D\xD0\xB5\xD1\x82. \xD0\xB4\xD0\xB0");
    SPLITS("\xC2\xBFQu\xC3\xA9? \xC2\xA1No! \xC3\x89l.", "\xC2\xBFQu\xC3\xA9?|\xC2\xA1No!|\xC3\x89l.");
    SPLITS("\xFF\xFE. \xC3", "\xFF\xFE.|\xC3");
}

TEST(arguments)
{
    int64_t position = 0, start = 7, length = 7;
    CHECK_OK(rnn_sentence_next("A. B.", 2, &position, &start, &length));
    CHECK(start == 0 && length == 2 && position == 2);
    CHECK_STATUS(rnn_sentence_next("A. B.", 2, &position, &start, &length), RNN_END);
    CHECK_STATUS(rnn_sentence_next(NULL, 0, &position, &start, &length), RNN_ERROR_RANGE);
    position = 0;
    CHECK_STATUS(rnn_sentence_next(NULL, 0, &position, &start, &length), RNN_END);
    CHECK_STATUS(rnn_sentence_next(NULL, 3, &position, &start, &length), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_sentence_next("a", -2, &position, &start, &length), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_sentence_next("a", 1, NULL, &start, &length), RNN_ERROR_ARGUMENT);
    position = 2;
    CHECK_STATUS(rnn_sentence_next("a", 1, &position, &start, &length), RNN_ERROR_RANGE);
}

TEST(takes_linear_time)
{
    enum { SIZE = 1 << 20 };
    static const char *const patterns[] = { ".", "a.", ". ", "\n", ".)", "A. ", " a", "?x" };
    char *text = malloc(SIZE);
    for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        size_t size = strlen(patterns[p]);
        for (size_t i = 0; i < SIZE; i++) text[i] = patterns[p][i % size];
        int64_t position = 0, start, length, count = 0;
        while (rnn_sentence_next(text, SIZE, &position, &start, &length) == RNN_OK) count++;
        CHECK(count <= SIZE);
    }
    free(text);
}

TEST_MAIN
