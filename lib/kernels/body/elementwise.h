/* SPDX-License-Identifier: MIT */
/* Sums and products of vectors, number by number. */
#ifndef RNNI_BODY_ELEMENTWISE_H
#define RNNI_BODY_ELEMENTWISE_H

static void KERNEL(axpy)(int64_t n, rnni_real a, const rnni_real *x, rnni_real *y)
{
    vec factor = v_set(a);
    VEC_LOOP(i, live, n) v_store_n(y + i, v_fma(factor, v_load_n(x + i, live), v_load_n(y + i, live)), live);
}

static void KERNEL(scale)(int64_t n, rnni_real a, const rnni_real *x, rnni_real *y)
{
    vec factor = v_set(a);
    VEC_LOOP(i, live, n) v_store_n(y + i, v_mul(factor, v_load_n(x + i, live)), live);
}

static void KERNEL(add)(int64_t n, const rnni_real *x1, const rnni_real *x2, rnni_real *y)
{
    VEC_LOOP(i, live, n) v_store_n(y + i, v_add(v_load_n(x1 + i, live), v_load_n(x2 + i, live)), live);
}

static void KERNEL(multiply)(int64_t n, const rnni_real *x1, const rnni_real *x2, rnni_real *y)
{
    VEC_LOOP(i, live, n) v_store_n(y + i, v_mul(v_load_n(x1 + i, live), v_load_n(x2 + i, live)), live);
}

static void KERNEL(multiply_add)(int64_t n, const rnni_real *x1, const rnni_real *x2, rnni_real *y)
{
    VEC_LOOP(i, live, n) {
        vec sum = v_fma(v_load_n(x1 + i, live), v_load_n(x2 + i, live), v_load_n(y + i, live));
        v_store_n(y + i, sum, live);
    }
}

static void KERNEL(copy_rows)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real *y,
                              int64_t ldy)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy)
        VEC_LOOP(i, live, n) v_store_n(y + i, v_load_n(x + i, live), live);
}

/* A line of each row at a time, as far as it is needed, and the next one asked for: rows lie far apart. */
static void KERNEL(turn)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real *y, int64_t ldy)
{
    const int64_t whole = rows - rows % TURN;
    for (int64_t first = 0; first < n; first += RNNI_LINE) {
        const int64_t end = n - first < RNNI_LINE ? n : first + RNNI_LINE, even = end - (end - first) % TURN;
        for (int64_t i = 0; i < whole; i += TURN) {
            for (int64_t r = i; end < n && r < i + TURN; r++) rnni_fetch_line(x + r * ldx + end);
            for (int64_t j = first; j < even; j += TURN) v_turn(x + i * ldx + j, ldx, y + j * ldy + i, ldy);
        }
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = i < whole ? even : first; j < end; j++) y[j * ldy + i] = x[i * ldx + j];
    }
}

/* The row of a table that comes AHEAD rows later begins its way here: the machine does not foresee which it
 * is. */
enum { AHEAD = 8 };

static void KERNEL(gather_rows)(int64_t rows, int64_t n, const int32_t *ids, const rnni_real *table,
                                int64_t ldt, rnni_real *y, int64_t ldy)
{
    const int64_t lines = (n + RNNI_LINE - 1) / RNNI_LINE;
    for (int64_t r = 0; r < rows; r++, y += ldy) {
        const rnni_real *from = table + ids[r] * ldt;
        if (r + AHEAD < rows) rnni_fetch_lines(table + ids[r + AHEAD] * ldt, lines);
        VEC_LOOP(i, live, n) v_store_n(y + i, v_load_n(from + i, live), live);
    }
}

/* Rows of x come one after another, but parts of them, as threads take them, are not foreseen far enough:
 * they are asked for when FAR numbers are between. */
static int32_t KERNEL(scatter_add)(int64_t rows, int64_t n, const int32_t *ids, const rnni_real *x,
                                   int64_t ldx, rnni_real *table, int64_t ldt, int32_t met)
{
    enum { FAR = 2048 };
    const int64_t far = FAR / (ldx + 1) + 1, lines = (n + RNNI_LINE - 1) / RNNI_LINE;
    for (int64_t r = 0; r < rows; r++, x += ldx) {
        rnni_real *to = table + ids[r] * ldt;
        if (r + AHEAD < rows) rnni_fetch_lines(table + ids[r + AHEAD] * ldt, lines);
        if (r + far < rows) rnni_fetch_lines(x + far * ldx, lines);
        if (ids[r] == met) {
            VEC_LOOP(i, live, n) v_store_n(to + i, v_load_n(x + i, live), live);
            met++;
        } else {
            VEC_LOOP(i, live, n)
                v_store_n(to + i, v_add(v_load_n(to + i, live), v_load_n(x + i, live)), live);
        }
    }
    return met;
}

#endif
