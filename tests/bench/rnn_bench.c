/* SPDX-License-Identifier: MIT */
/* Times whole models (one training step on a batch, one inference call, or one step of a stream) and
 * products.
 *
 *   rnn_bench [--threads N] [--seconds S] [--workloads FILE] [--openblas FILE]
 *                                                    the machine's limits, every workload of the file,
 *                                                    products
 *   rnn_bench --list [--workloads FILE]              names of the workloads
 *   rnn_bench --products [--openblas FILE]           the products alone
 *   rnn_bench --workload NAME [--threads N] [--seconds S] [--workloads FILE | --spec JSON]
 *                                                    one JSON line, as peers.py asks for it */
#include "item.h"
#include "machine.h"
#include "products.h"
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *name, *spec, *path, *openblas;
    int64_t threads;
    double seconds;
    int list, products;
} options;

/* The instruction set that contexts get. */
static int32_t isa_in_use(void)
{
    static const char *const names[] = { "", "scalar", "avx2", "avx512", "neon" };
    rnn_context_t *context = rnn_context_create(NULL);
    const char *name = context ? rnn_context_isa_name(context) : NULL;
    int32_t isa = RNN_ISA_NEON;
    while (isa > 0 && (!name || strcmp(name, names[isa]) != 0)) isa--;
    rnn_context_free(context);
    return isa;
}

static int measure(const bench_work *w, const options *o, bench_figure *figure, int64_t *useful_steps)
{
    bench_item item = { 0 };
    const char *refusal = bench_item_refusal(w);
    if (refusal) return fprintf(stderr, "rnn_bench: %s\n", refusal), 1;
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_status_t status = rnn_context_set_int(context, RNN_CONTEXT_THREADS, o->threads);
    if (!status) status = bench_item_prepare(&item, context, w);
    if (!status) status = bench_time(bench_item_run, &item, o->seconds, figure);
    *useful_steps = item.useful_steps;
    if (status) fprintf(stderr, "rnn_bench: %s\n", rnn_last_error());
    bench_item_release(&item);
    rnn_context_free(context);
    return status != RNN_OK;
}

/* ---- one workload */

static int find_work(const options *o, bench_work *w)
{
    char found[BENCH_NAME] = "", *text = o->spec ? NULL : bench_read_file(o->path);
    const char *p = o->spec ? bench_read_work(o->spec, w) : text;
    while (!o->spec && p && (p = bench_next_work(p, found, w)) && strcmp(found, o->name) != 0) continue;
    if (!p && (o->spec || text))
        fprintf(stderr, "rnn_bench: %s: no such workload, or not a specification\n", o->name);
    free(text);
    return p != NULL;
}

static int one(const options *o)
{
    bench_work w;
    bench_figure figure;
    int64_t useful_steps;
    if (!find_work(o, &w) || measure(&w, o, &figure, &useful_steps)) return 1;
    printf(
        "{\"workload\": \"%s\", \"threads\": %lld, \"ms_median\": %.6g, \"ms_min\": %.6g, \"samples\": %lld, "
        "\"useful_steps\": %lld}\n",
        o->name, (long long)o->threads, figure.median, figure.minimum, (long long)figure.samples,
        (long long)useful_steps);
    return 0;
}

/* ---- all of them */

/* Streams are limited by the weights that each step reads, everything else by multiply-adds. */
static void print_row(const char *name, const bench_work *w, const bench_figure *f, int64_t useful_steps,
                      const bench_machine *machine, double peak)
{
    double flops = bench_flops(w, useful_steps) / f->median * 1e-6;
    printf("%-24s %11.4g %11.4g %8.1f %5.0f %%", name, f->median, f->minimum, flops, 100 * flops / peak);
    if (!strcmp(w->kind, "stream")) {
        double bytes = bench_weight_bytes(w), rate = bytes / f->median * 1e-6;
        const bench_level *level = bench_level_of(machine, bytes);
        printf(" %8.1f %5.0f %% of %s", rate, 100 * rate / level->bandwidth, level->name);
    }
    printf("\n");
    fflush(stdout);
}

static int every(const options *o, const bench_machine *machine)
{
    bench_work w;
    bench_figure figure;
    int64_t useful_steps;
    int failed = 0;
    char name[BENCH_NAME], *text = bench_read_file(o->path);
    if (!text) return 1;
    if (!o->list)
        printf("%-24s %11s %11s %8s %7s %8s   %lld thread%s\n", "workload", "median, ms", "least, ms",
               "GFLOP/s", "peak", "GB/s", (long long)o->threads, o->threads == 1 ? "" : "s");
    for (const char *p = text; (p = bench_next_work(p, name, &w));) {
        if (o->list) {
            puts(name);
            continue;
        }
        double peak = bench_peak_flops(machine->isa) * (double)o->threads;
        if (measure(&w, o, &figure, &useful_steps)) failed = 1;
        else print_row(name, &w, &figure, useful_steps, machine, peak);
    }
    free(text);
    return failed;
}

static int whole_table(const options *o)
{
    bench_machine machine;
    int32_t isa = isa_in_use();
    if (!isa) return fprintf(stderr, "rnn_bench: %s\n", rnn_last_error()), 1;
    bench_machine_measure(&machine, isa);
    bench_machine_print(&machine);
    int failed = !o->products && every(o, &machine);
    printf("%s", o->products ? "" : "\n");
    return bench_products(&machine, o->openblas) || failed;
}

/* ---- the program */

static int read_option(options *o, const char *option, const char *value)
{
    if (!value) return 0;
    if (!strcmp(option, "--workload")) o->name = value;
    else if (!strcmp(option, "--spec")) o->spec = value;
    else if (!strcmp(option, "--workloads")) o->path = value;
    else if (!strcmp(option, "--openblas")) o->openblas = value;
    else if (!strcmp(option, "--threads")) o->threads = strtoll(value, NULL, 10);
    else if (!strcmp(option, "--seconds")) o->seconds = strtod(value, NULL);
    else return 0;
    return 1;
}

int main(int argc, char **argv)
{
    options o = { .path = "tests/bench/workloads.json", .threads = 1, .seconds = 0.5 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--list")) o.list = 1;
        else if (!strcmp(argv[i], "--products")) o.products = 1;
        else if (read_option(&o, argv[i], argv[i + 1])) i++;
        else return fprintf(stderr, "rnn_bench: '%s' is no option, or its value is missing\n", argv[i]), 2;
    }
    if (o.spec && !o.name) o.name = "spec";
    if (o.name) return one(&o);
    return o.list ? every(&o, NULL) : whole_table(&o);
}
