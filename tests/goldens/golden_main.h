/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_MAIN_H
#define GOLDEN_MAIN_H

#include "goldens/golden_clip.h"
#include "goldens/golden_layer.h"
#include "goldens/golden_loss.h"
#include "goldens/golden_optimizer.h"
#include <dirent.h>

/* The program: runs every case of the folders it is given (none: tests/goldens/cases). A kind, layer or
 * option that the library does not have yet is skipped; a folder without any case that it has is a failure.
 */

static int golden_counts[3]; /* by golden_result */

GOLDEN_STATIC void golden_dispatch(golden_case *c)
{
    static const struct {
        const char *kind;
        void (*check)(golden_case *c);
    } kinds[] = { { "recurrent", golden_recurrent },
                  { "layer", golden_layer },
                  { "loss", golden_loss },
                  { "optimizer", golden_optimizer },
                  { "clip", golden_clip } };
    const char *kind = golden_text(c->file, "kind");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, kind) != 0) continue;
        kinds[i].check(c);
        return;
    }
    golden_skip(c, *kind ? kind : "a file without a kind");
}

GOLDEN_STATIC void golden_run_case(golden_case *c, const char *path)
{
    golden_must(c, rnni_safetensors_open(NULL, path, &c->file), "opening");
    c->context = rnn_context_create(NULL);
    if (!c->context) golden_fail(c, "rnn_context_create", rnn_last_error());
    c->model = rnn_model_create(c->context);
    if (!c->model) golden_fail(c, "rnn_model_create", rnn_last_error());
    golden_dispatch(c);
    if (c->compared == 0) golden_fail(c, "case", "nothing was compared");
}

GOLDEN_STATIC golden_result golden_run_file(const char *path, double tolerance)
{
    static golden_case c;
    memset(&c, 0, sizeof c);
    c.tolerance = tolerance;
    golden_result result = (golden_result)setjmp(c.stop);
    if (result == GOLDEN_PASSED) golden_run_case(&c, path);
    int beyond = result == GOLDEN_PASSED && !(c.error <= c.tolerance);
    if (result == GOLDEN_FAILED) printf("failed %s: %s\n", path, c.reason);
    if (result == GOLDEN_SKIPPED) printf("skipped %s: %s\n", path, c.reason);
    if (beyond)
        printf("failed %s: worst tensor %s, error %.3g, bound %.3g\n", path, c.worst, c.error, c.tolerance);
    if (getenv("GOLDENS_VERBOSE") && result == GOLDEN_PASSED && !beyond)
        printf("passed %s: %d tensors, worst %s, error %.3g, bound %.3g\n", path, c.compared, c.worst,
               c.error, c.tolerance);
    golden_case_close(&c);
    result = beyond ? GOLDEN_FAILED : result;
    golden_counts[result]++;
    return result;
}

GOLDEN_STATIC int golden_is_case(const struct dirent *entry)
{
    static const char ending[] = ".safetensors";
    size_t size = strlen(entry->d_name), tail = sizeof ending - 1;
    return size > tail && strcmp(entry->d_name + size - tail, ending) == 0;
}

GOLDEN_STATIC void golden_run_folder(const char *folder, double tolerance)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, golden_is_case, alphasort), known = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        known += golden_run_file(path, tolerance) != GOLDEN_SKIPPED;
        free(entries[i]);
    }
    free(entries);
    if (known > 0) return;
    printf("failed %s: no case that this program knows\n", folder);
    golden_counts[GOLDEN_FAILED]++;
}

GOLDEN_STATIC int golden_main(int argc, char **argv, double tolerance)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (int i = 1; i < argc; i++) golden_run_folder(argv[i], tolerance);
    if (argc < 2) golden_run_folder("tests/goldens/cases", tolerance);
    printf("%d passed, %d failed, %d skipped\n", golden_counts[GOLDEN_PASSED], golden_counts[GOLDEN_FAILED],
           golden_counts[GOLDEN_SKIPPED]);
    return golden_counts[GOLDEN_FAILED] != 0;
}

#endif
