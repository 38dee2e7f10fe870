/* SPDX-License-Identifier: MIT */
#ifndef CLASSIFY_H
#define CLASSIFY_H

/* Runs examples/classify_text as a process on the data sets in RNN_DATA and reads the figures it writes. */

#include "harness.h"

static inline const char *build_folder(void)
{
    const char *build = getenv("BUILD");
    return build ? build : "build";
}

/* A file name in the build folder; two of them live at a time. */
static inline const char *scratch(const char *name)
{
    static char path[2][512];
    static int turn;
    snprintf(path[turn ^= 1], sizeof path[0], "%s/tests/%s", build_folder(), name);
    return path[turn];
}

/* The number behind `key` in a file of metrics; NaN when it is not there. */
static inline double metric(const char *path, const char *key)
{
    char text[8192] = "", pattern[64];
    FILE *file = fopen(path, "r");
    if (!file) return NAN;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    snprintf(pattern, sizeof pattern, "\"%s\": ", key);
    const char *found = strstr(text, pattern);
    return found ? strtod(found + strlen(pattern), NULL) : NAN;
}

/* Of the weights of the best validation epoch. */
typedef struct {
    double validation, test, recall; /* accuracies, and the test's macro recall */
} figures_t;

/* `files`: the options of the data files, each name relative to RNN_DATA behind a %, for example
 * "--train %imdb/train.tsv"; `how`: all other options. */
static inline figures_t classify(const char *files, const char *how, int seed)
{
    char command[4096];
    const char *data = getenv("RNN_DATA"), *metrics = scratch("classify_metrics.json");
    remove(metrics);
    int size = snprintf(command, sizeof command,
                        "'%s/examples/classify_text' --seed %d --metrics-json '%s' %s ", build_folder(), seed,
                        metrics, how);
    for (; *files && size < 2048; files++)
        size += *files == '%' ? snprintf(command + size, sizeof command - (size_t)size, "%.1024s/", data)
                              : snprintf(command + size, sizeof command - (size_t)size, "%c", *files);
    snprintf(command + size, sizeof command - (size_t)size, " 2>/dev/null");
    CHECK_INT(system(command), 0);
    figures_t f = { metric(metrics, "val_acc_best"), metric(metrics, "test_acc"),
                    metric(metrics, "test_macro_recall") };
    printf("%s, seed %d: best validation accuracy %.4f, test accuracy %.4f, macro recall %.4f\n", how, seed,
           f.validation, f.test, f.recall);
    return f;
}

static inline void check_bar(const char *what, double mean, double bar)
{
    if (!(mean >= bar)) printf("%s falls short of %g by %.4f\n", what, bar, bar - mean);
    CHECK(mean >= bar);
}

/* The means of the seeds 1, 2 ... `seeds` have to reach `bar`. */
static inline void check_mean_of(int seeds, const char *files, const char *how, figures_t bar)
{
    figures_t mean = { 0, 0, 0 };
    if (!getenv("RNN_DATA")) SKIP("RNN_DATA does not name the folder of the data sets");
    for (int seed = 1; seed <= seeds; seed++) {
        figures_t one = classify(files, how, seed);
        mean.validation += one.validation / seeds;
        mean.test += one.test / seeds;
        mean.recall += one.recall / seeds;
    }
    printf("mean: validation %.4f (at least %g), test %.4f (at least %g), macro recall %.4f (at least %g)\n",
           mean.validation, bar.validation, mean.test, bar.test, mean.recall, bar.recall);
    check_bar("validation accuracy", mean.validation, bar.validation);
    check_bar("test accuracy", mean.test, bar.test);
    check_bar("macro recall", mean.recall, bar.recall);
}

static inline void check_mean(const char *files, const char *how, figures_t bar)
{
    check_mean_of(3, files, how, bar);
}

#endif
