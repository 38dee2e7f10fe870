/* SPDX-License-Identifier: MIT */
#ifndef CLASSIFY_REPORT_H
#define CLASSIFY_REPORT_H

/* The report of classify_text: a folder with one page, and its pictures as files of their own. */

#include "texts.h"

#include <errno.h>
#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { WORST = 20 }; /* wrong answers that are shown */

/* A wrong answer and how sure the model was of it. */
typedef struct {
    char *text;
    int32_t target, answer;
    double probability;
} mistake_t;

/* What the model makes of the test file. */
typedef struct {
    const rnn_model_t *model;
    rnn_confusion_t *confusion;
    rnn_tensor_t *scores; /* [texts, classes], or [texts, 1] of class 1 */
    const char **names;   /* of the classes, NULL when they are numbers */
    int64_t classes;
    mistake_t worst[WORST];
    int mistakes;
} findings_t;

static void free_findings(findings_t *f)
{
    for (int i = 0; i < f->mistakes; i++) free(f->worst[i].text);
    free(f->names);
    rnn_tensor_free(f->scores);
    rnn_confusion_free(f->confusion);
}

/* ---- answers and mistakes */

static double score_of(const findings_t *f, int64_t row, int64_t class)
{
    int64_t columns = rnn_tensor_size(f->scores, 1);
    if (columns > 1) return rnn_tensor_get(f->scores, row * columns + class);
    double p = rnn_tensor_get(f->scores, row);
    return class ? p : 1 - p;
}

/* The answer of highest score; of two classes, 1 only above 1/2. */
static int32_t answer_of(const findings_t *f, int64_t row)
{
    int32_t best = 0;
    for (int32_t c = 1; c < f->classes; c++)
        if (score_of(f, row, c) > score_of(f, row, best)) best = c;
    return best;
}

/* Keeps the mistakes that the model was surest of, the surest first. */
static int note_mistake(findings_t *f, const char *text, int32_t target, int32_t answer, double probability)
{
    int at = f->mistakes;
    while (at > 0 && f->worst[at - 1].probability < probability) at--;
    if (at == WORST) return 0;
    char *copy = strdup(text);
    if (!copy) return 1;
    if (f->mistakes == WORST) free(f->worst[--f->mistakes].text);
    memmove(f->worst + at + 1, f->worst + at, (size_t)(f->mistakes - at) * sizeof *f->worst);
    f->worst[at] = (mistake_t) { copy, target, answer, probability };
    f->mistakes++;
    return 0;
}

static int32_t class_number(const findings_t *f, const char *label)
{
    if (!f->names) return (int32_t)strtol(label, NULL, 10);
    for (int32_t c = 0; c < f->classes; c++)
        if (strcmp(f->names[c], label) == 0) return c;
    return -1;
}

/* Cuts blanks off both ends, in place. */
static char *trimmed(char *text)
{
    static const char blanks[] = " \t\r\n\v\f";
    text += strspn(text, blanks);
    size_t size = strlen(text);
    while (size && strchr(blanks, text[size - 1])) text[--size] = 0;
    return text;
}

/* Goes through the test file beside the model's answers, which come in the same order. */
static int compare_texts(findings_t *f, texts_t *file)
{
    char *label, *text;
    int64_t row = 0, rows = rnn_tensor_size(f->scores, 0);
    int more;
    for (; (more = next_text(file, &label, &text)) > 0 && row < rows; row++) {
        int32_t target = class_number(f, trimmed(label)), answer = answer_of(f, row);
        if (rnn_confusion_add(f->confusion, &target, &answer, 1) ||
            (target != answer && note_mistake(f, trimmed(text), target, answer, score_of(f, row, answer))))
            return 1;
    }
    return more != 0 || row != rows;
}

static int find(findings_t *f, rnn_model_t *model, rnn_dataset_t *test, const char *test_path, table_t table)
{
    texts_t file;
    *f = (findings_t) { .model = model };
    if (rnn_model_predict(model, test, NULL, &f->scores)) return 1;
    int64_t columns = rnn_tensor_size(f->scores, 1);
    f->classes = columns == 1 ? 2 : columns;
    f->confusion = rnn_confusion_create(NULL, f->classes);
    if (rnn_model_class_name(model, NULL, 0)) f->names = calloc((size_t)f->classes, sizeof *f->names);
    for (int64_t c = 0; f->names && c < f->classes; c++)
        if (!(f->names[c] = rnn_model_class_name(model, NULL, c))) return 1;
    if (!f->confusion || open_texts(&file, test_path, table)) return 1;
    int failed = compare_texts(f, &file);
    close_texts(&file);
    return failed;
}

/* ---- training curves */

enum { CURVES = 4 };
typedef struct {
    const char *names[CURVES];
    const double *values[CURVES];
    rnn_tensor_t *tensors[CURVES];
    int count;
    int64_t epochs, best; /* best: of the validation part; 0 without one */
} curves_t;

static void free_curves(curves_t *c)
{
    for (int i = 0; i < c->count; i++) rnn_tensor_free(c->tensors[i]);
}

static const double *curve(const curves_t *c, const char *name)
{
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->names[i], name) == 0) return c->values[i];
    return NULL;
}

/* As the trainer chooses: highest accuracy, then lower loss, then earlier. */
static int64_t best_epoch(const curves_t *c)
{
    const double *accuracy = curve(c, "val_accuracy"), *loss = curve(c, "val_loss");
    int64_t best = 0;
    for (int64_t e = 0; accuracy && loss && e < c->epochs; e++)
        if (e == 0 || accuracy[e] > accuracy[best] || (accuracy[e] == accuracy[best] && loss[e] < loss[best]))
            best = e;
    return accuracy && loss && c->epochs ? best + 1 : 0;
}

/* The figures that the run has. */
static void read_curves(curves_t *c, const rnn_trainer_t *trainer)
{
    static const char *const names[CURVES] = { "loss", "accuracy", "val_loss", "val_accuracy" };
    *c = (curves_t) { .epochs = rnn_trainer_epochs(trainer) };
    for (int i = 0; c->epochs && i < CURVES; i++) {
        rnn_tensor_t *figure = rnn_trainer_history(trainer, names[i]);
        if (!figure || isnan(rnn_tensor_get(figure, 0))) {
            rnn_tensor_free(figure);
            continue;
        }
        c->names[c->count] = names[i];
        c->tensors[c->count] = figure;
        c->values[c->count++] = rnn_tensor_const_data(figure);
    }
    c->best = best_epoch(c);
}

/* ---- the page and the pictures */

static int32_t write_file(const char *text, int64_t size, void *user)
{
    return fwrite(text, 1, (size_t)size, user) != (size_t)size;
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[4096];
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    return size < (int)sizeof path ? fopen(path, "w") : NULL;
}

/* Whether something was not written. */
static int close_file(FILE *file)
{
    int bad = ferror(file);
    return fclose(file) || bad;
}

static int write_pictures(const char *folder, const curves_t *c, const findings_t *f)
{
    FILE *file;
    if (c->count) {
        if (!(file = open_in(folder, "curves.svg"))) return 1;
        rnn_status_t status = rnn_svg_curves(c->names, c->values, c->count, c->epochs, c->best, "Training",
                                             write_file, file);
        if (close_file(file) || status) return 1;
    }
    if (f->confusion) {
        if (!(file = open_in(folder, "confusion.svg"))) return 1;
        rnn_status_t status = rnn_svg_confusion(f->confusion, f->names, "Confusion matrix", write_file, file);
        if (close_file(file) || status) return 1;
    }
    return 0;
}

static const char *name_of(const findings_t *f, int32_t class, char room[16])
{
    if (f->names) return f->names[class];
    snprintf(room, 16, "%d", (int)class);
    return room;
}

static rnn_status_t add_mistakes(rnn_report_t *report, const findings_t *f)
{
    char rooms[2][WORST][16];
    const char *texts[WORST], *targets[WORST], *answers[WORST];
    double probabilities[WORST];
    for (int i = 0; i < f->mistakes; i++) {
        texts[i] = f->worst[i].text;
        targets[i] = name_of(f, f->worst[i].target, rooms[0][i]);
        answers[i] = name_of(f, f->worst[i].answer, rooms[1][i]);
        probabilities[i] = f->worst[i].probability;
    }
    rnn_status_t status = rnn_report_add_section(report, "Worst errors");
    if (!status) status = rnn_report_add_text(report, "Wrong answers that the model was surest of.");
    return status ? status
                  : rnn_report_add_errors(report, texts, targets, answers, probabilities, f->mistakes);
}

static rnn_status_t add_findings(rnn_report_t *report, const findings_t *f)
{
    rnn_status_t status = rnn_report_add_section(report, "Confusion matrix");
    if (!status) status = rnn_svg_confusion(f->confusion, f->names, NULL, rnn_report_append, report);
    if (!status) status = rnn_report_add_section(report, "Classes");
    if (!status) status = rnn_report_add_classes(report, f->confusion, f->names);
    return status ? status : add_mistakes(report, f);
}

static rnn_status_t add_figures(rnn_report_t *report, const rnn_model_t *model, const curves_t *c,
                                const rnn_result_t *test)
{
    static const char *const names[] = { "best validation accuracy", "test accuracy", "test loss",
                                         "test macro recall",        "test macro F1", "parameters" };
    const double *validation = curve(c, "val_accuracy");
    const double values[] = { c->best ? validation[c->best - 1] : NAN,
                              test->accuracy,
                              test->loss,
                              test->macro_recall,
                              test->macro_f1,
                              (double)rnn_model_parameters(model) };
    return rnn_report_add_figures(report, names, values, 6);
}

static rnn_status_t fill_report(rnn_report_t *report, const rnn_model_t *model, const curves_t *c,
                                const findings_t *f, const rnn_result_t *result, const char *const *settings,
                                const char *const *texts, int count)
{
    rnn_status_t status = add_figures(report, model, c, result);
    if (!status) status = rnn_report_add_section(report, "Model");
    if (!status) status = rnn_report_add_model(report, model);
    if (!status) status = rnn_report_add_section(report, "Settings");
    if (!status) status = rnn_report_add_table(report, settings, texts, count);
    if (!status && c->count) status = rnn_report_add_section(report, "Training");
    if (!status && c->count)
        status = rnn_svg_curves(c->names, c->values, c->count, c->epochs, c->best, NULL, rnn_report_append,
                                report);
    return !status && f->confusion ? add_findings(report, f) : status;
}

/* Writes report.html, curves.svg and confusion.svg into `folder`, which is made when it is not there.
 * `settings` and `texts` are what the program was asked for. Without a test file (NULL) the parts about it
 * are left out. Returns what went wrong, or NULL. */
static const char *write_report(const char *folder, rnn_model_t *model, const rnn_trainer_t *trainer,
                                rnn_dataset_t *test, const char *test_path, table_t table,
                                const rnn_result_t *result, const char *const *settings,
                                const char *const *texts, int count)
{
    char path[4096];
    const char *wrong = NULL;
    findings_t f = { .model = model };
    curves_t c;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return strerror(errno);
    if (snprintf(path, sizeof path, "%s/report.html", folder) >= (int)sizeof path)
        return "the name is too long";
    if (test && find(&f, model, test, test_path, table))
        wrong = "the test file could not be gone through again";
    read_curves(&c, trainer);
    rnn_report_t *report = rnn_report_create(NULL, "Text classifier");
    if (!wrong && (!report || fill_report(report, model, &c, &f, result, settings, texts, count) ||
                   rnn_report_save(report, path)))
        wrong = rnn_last_error();
    if (!wrong && write_pictures(folder, &c, &f)) wrong = "a picture could not be written";
    rnn_report_free(report);
    free_curves(&c);
    free_findings(&f);
    return wrong;
}

#endif
