/* SPDX-License-Identifier: MIT */
#include "harness.h"

/* examples/vanishing: the adding problem over 200 and 400 steps. Always answering 1 has an error of 1/6. It
 * needs no data set; it is here because it takes a minute or two. */

enum { CELLS = 3 };

/* What the program says of each cell. */
static void learn(int length, double error[CELLS])
{
    static const char *const names[CELLS] = { "SimpleRNN", "LSTM", "GRU" };
    char command[1024], line[256];
    const char *build = getenv("BUILD");
    int seen = 0;
    if (!build) build = "build";
    snprintf(command, sizeof command, "'%s/examples/vanishing' --steps %d --out '%s/tests/vanishing'", build,
             length, build);
    FILE *pipe = popen(command, "r");
    CHECK(pipe != NULL);
    while (fgets(line, sizeof line, pipe)) {
        const char *found = strstr(line, "error ");
        printf("%s", line);
        CHECK(seen < CELLS && found && strstr(line, names[seen]));
        error[seen++] = strtod(found + strlen("error "), NULL);
    }
    CHECK_INT(pclose(pipe), 0);
    CHECK_INT(seen, CELLS);
}

static void check_length(int length)
{
    double error[CELLS];
    learn(length, error);
    CHECK(error[0] > 0.1);
    CHECK(error[1] < 1e-3);
    CHECK(error[2] < 1e-3);
}

TEST(two_hundred_steps)
{
    check_length(200);
}

TEST(four_hundred_steps)
{
    check_length(400);
}

TEST_MAIN
