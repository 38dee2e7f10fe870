/* SPDX-License-Identifier: MIT */
#include "products.h"

#include "kernels/kernels.h"
#include "timing.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 7 };
static const double SECONDS_A_TRY = 0.004;

typedef struct shape {
    int64_t m, n, k;
} shape;

/* C[m,n] = A[m,k] B[k,n], and what is needed to compute it in every way. */
typedef struct product {
    shape s;
    const rnni_kernels *kernels;
    float *a, *b, *c, *packed, *scratch;
} product;

/* ---- memory */

static float *floats(int64_t count)
{
    float *block = aligned_alloc(64, ((size_t)count * sizeof(float) + 127) / 64 * 64);
    for (int64_t i = 0; block && i < count; i++) block[i] = (float)(i % 17 - 8) * 0.0625f;
    return block;
}

static void release(product *p)
{
    free(p->a);
    free(p->b);
    free(p->c);
    free(p->packed);
    free(p->scratch);
}

static int prepare(product *p, const rnni_kernels *kernels, shape s)
{
    *p = (product){ .s = s, .kernels = kernels };
    p->a = floats(s.m * s.k);
    p->b = floats(s.k * s.n);
    p->c = floats(s.m * s.n);
    p->packed = floats(rnni_packed_size(kernels, s.k, s.n));
    p->scratch = floats(rnni_gemm_scratch(kernels, s.m, s.n, s.k));
    if (!p->a || !p->b || !p->c || !p->packed || !p->scratch) return 1;
    rnni_pack(kernels, s.k, s.n, p->b, s.n, 1, p->packed);
    return 0;
}

/* ---- the ways */

static void run_packed(const product *p)
{
    rnni_gemm_packed(p->kernels, p->s.m, p->s.n, p->s.k, p->a, p->s.k, 1, p->packed, RNNI_FROM_ZERO, NULL,
                     p->c, p->s.n, NULL);
}

static void run_general(const product *p)
{
    rnni_gemm(p->kernels, p->s.m, p->s.n, p->s.k, p->a, p->s.k, 1, p->b, p->s.n, 1, RNNI_FROM_ZERO, p->c,
              p->s.n, p->scratch, NULL);
}

typedef void (*sgemm_function)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                               int lda, const float *b, int ldb, float beta, float *c, int ldc);
static sgemm_function sgemm;

static void run_blas(const product *p)
{
    enum { ROW_MAJOR = 101, AS_IT_IS = 111 };
    int m = (int)p->s.m, n = (int)p->s.n, k = (int)p->s.k;
    sgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, m, n, k, 1, p->a, k, p->b, n, 0, p->c, n);
}

/* GFLOP/s, the best of some tries. */
static double rate_of(void (*run)(const product *), const product *p)
{
    double work = 2e-9 * (double)p->s.m * (double)p->s.n * (double)p->s.k, start = bench_now(), best = 0;
    run(p);
    double once = bench_now() - start;
    int64_t times = (int64_t)(SECONDS_A_TRY / (once > 1e-8 ? once : 1e-8)) + 1;
    for (int i = 0; i < TRIES; i++) {
        start = bench_now();
        for (int64_t j = 0; j < times; j++) run(p);
        double rate = work * (double)times / (bench_now() - start);
        if (rate > best) best = rate;
    }
    return best;
}

/* ---- OpenBLAS chooses its kernels when it is loaded, so each choice is measured in a process of its own */

static double blas_rate(const product *p, const char *path)
{
    void *library = dlopen(path ? path : "libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "cblas_sgemm") : NULL;
    memcpy(&sgemm, &symbol, sizeof sgemm);
    return sgemm ? rate_of(run_blas, p) : 0;
}

/* GFLOP/s under OPENBLAS_CORETYPE `core` (NULL: what it chooses itself), or 0 without OpenBLAS. */
static double blas_rate_as(const product *p, const char *path, const char *core)
{
    int ends[2];
    double rate = 0;
    if (pipe(ends) != 0) return 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        if (core) setenv("OPENBLAS_CORETYPE", core, 1);
        else unsetenv("OPENBLAS_CORETYPE");
        rate = blas_rate(p, path);
        _exit(write(ends[1], &rate, sizeof rate) != sizeof rate);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &rate, sizeof rate) != sizeof rate) rate = 0;
    close(ends[0]);
    if (child > 0) waitpid(child, NULL, 0);
    return rate;
}

/* ---- the table */

static void print_rate(double rate, double peak)
{
    if (rate > 0) printf("  %6.1f (%3.0f %%)", rate, 100 * rate / peak);
    else printf("  %14s", "-");
}

static int print_row(const bench_machine *machine, const rnni_kernels *kernels, const char *openblas, shape s)
{
    product p;
    int failed = prepare(&p, kernels, s);
    if (!failed) {
        double peak = bench_peak_flops(machine->isa), packed = rate_of(run_packed, &p);
        double general = rate_of(run_general, &p), blas = blas_rate_as(&p, openblas, NULL);
        double skylake = machine->isa == RNN_ISA_AVX512 ? blas_rate_as(&p, openblas, "SkylakeX") : 0;
        double best = blas > skylake ? blas : skylake, ours = packed > general ? packed : general;
        printf("%5d %5d %5d", (int)s.m, (int)s.n, (int)s.k);
        print_rate(packed, peak);
        print_rate(general, peak);
        print_rate(blas, peak);
        print_rate(skylake, peak);
        if (best > 0) printf("  %6.2f", ours / best);
        printf("\n");
        fflush(stdout);
    }
    release(&p);
    return failed;
}

int bench_products(const bench_machine *machine, const char *openblas)
{
    static const shape squares[] = { { 256, 256, 256 }, { 512, 512, 512 }, { 768, 768, 768 },
                                     { 1024, 1024, 1024 }, { 1536, 1536, 1536 }, { 2048, 2048, 2048 } };
    /* gates x hidden columns: SimpleRNN 32, GRU 64 and 128, LSTM 64, 256, 512 and 1024 */
    static const shape layers[] = { { 0, 32, 32 }, { 0, 192, 64 }, { 0, 256, 64 }, { 0, 384, 128 },
                                    { 0, 1024, 256 }, { 0, 2048, 512 }, { 0, 4096, 1024 } };
    static const int64_t batches[] = { 1, 2, 4, 8, 16, 32, 64, 128 };
    const rnni_kernels *kernels = rnni_kernels_of(machine->isa);
    int failed = 0;
    printf("Products C[m,n] = A[m,k] B[k,n], one thread: GFLOP/s (of the peak measured beside it)\n");
    printf("%5s %5s %5s  %14s  %14s  %14s  %14s  %6s\n", "m", "n", "k", "packed B", "general", "OpenBLAS",
           "its SkylakeX", "ratio");
    for (size_t i = 0; i < sizeof squares / sizeof squares[0] && !failed; i++)
        failed = print_row(machine, kernels, openblas, squares[i]);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (size_t j = 0; j < sizeof batches / sizeof batches[0] && !failed; j++)
            failed = print_row(machine, kernels, openblas, (shape){ batches[j], layers[i].n, layers[i].k });
    if (failed) fprintf(stderr, "rnn_bench: out of memory\n");
    return failed;
}
