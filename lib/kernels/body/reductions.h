/* SPDX-License-Identifier: MIT */
/* Sums over a vector: number i goes to lane i % W of sum (i / W) % 4 (the rest after the last whole group of
 * four to the first sum), and lanes and sums are added in a fixed tree. So the order depends on n alone. */
#ifndef RNNI_BODY_REDUCTIONS_H
#define RNNI_BODY_REDUCTIONS_H

static inline rnni_real dot_row(int64_t n, const rnni_real *x, const rnni_real *y)
{
    enum { W = VEC_WIDTH };
    vec s0 = v_set(0), s1 = s0, s2 = s0, s3 = s0;
    int64_t whole = n - n % (4 * W);
    for (int64_t i = 0; i < whole; i += 4 * W) {
        s0 = v_fma(v_load(x + i), v_load(y + i), s0);
        s1 = v_fma(v_load(x + i + W), v_load(y + i + W), s1);
        s2 = v_fma(v_load(x + i + 2 * W), v_load(y + i + 2 * W), s2);
        s3 = v_fma(v_load(x + i + 3 * W), v_load(y + i + 3 * W), s3);
    }
    VEC_LOOP(i, live, n - whole) s0 = v_fma(v_load_n(x + whole + i, live), v_load_n(y + whole + i, live), s0);
    return v_sum(v_add(v_add(s0, s1), v_add(s2, s3)));
}

static rnni_real KERNEL(dot)(int64_t n, const rnni_real *x, const rnni_real *y)
{
    return dot_row(n, x, y);
}

/* In double, so that squares of large gradients do not overflow. Even and odd vectors have a sum each. */
static double KERNEL(sum_squares)(int64_t n, const rnni_real *x)
{
    enum { W = VEC_WIDTH };
    vec_wide even = wide_zero(), odd = wide_zero();
    int64_t whole = n - n % (2 * W);
    for (int64_t i = 0; i < whole; i += 2 * W) {
        even = wide_add_square(even, v_load(x + i));
        odd = wide_add_square(odd, v_load(x + i + W));
    }
    VEC_LOOP(i, live, n - whole) even = wide_add_square(even, v_load_n(x + whole + i, live));
    return wide_sum(even, odd);
}

/* x - x is 0 for a finite x and NaN for any other, and a sum of them keeps the NaN. */
static inline vec add_nothing(vec sum, vec number) { return v_add(sum, v_sub(number, number)); }

static int KERNEL(all_finite)(int64_t n, const rnni_real *x)
{
    enum { W = VEC_WIDTH };
    vec s0 = v_set(0), s1 = s0, s2 = s0, s3 = s0;
    int64_t whole = n - n % (4 * W);
    for (int64_t i = 0; i < whole; i += 4 * W) {
        s0 = add_nothing(s0, v_load(x + i));
        s1 = add_nothing(s1, v_load(x + i + W));
        s2 = add_nothing(s2, v_load(x + i + 2 * W));
        s3 = add_nothing(s3, v_load(x + i + 3 * W));
    }
    VEC_LOOP(i, live, n - whole) s0 = add_nothing(s0, v_load_n(x + whole + i, live));
    return v_sum(v_add(v_add(s0, s1), v_add(s2, s3))) == 0;
}

/* Each column is one chain down the rows, from what `out` holds. Up to four vectors of columns go down
 * abreast, as a chain alone waits for each addition; the last of them has `live` numbers. */
BODY_INLINE void sum_down(const int vectors, int64_t live, int64_t rows, const rnni_real *x, int64_t ldx,
                          rnni_real *out)
{
    enum { W = VEC_WIDTH };
    vec sum[4];
    for (int b = 0; b < vectors; b++) sum[b] = v_load_n(out + b * W, b < vectors - 1 ? W : live);
    for (; rows > 0; rows--, x += ldx)
        for (int b = 0; b < vectors; b++)
            sum[b] = v_add(sum[b], v_load_n(x + b * W, b < vectors - 1 ? W : live));
    for (int b = 0; b < vectors; b++) v_store_n(out + b * W, sum[b], b < vectors - 1 ? W : live);
}

static void KERNEL(column_sums)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real *out)
{
    enum { W = VEC_WIDTH };
    for (; n >= 4 * W; n -= 4 * W, x += 4 * W, out += 4 * W) sum_down(4, W, rows, x, ldx, out);
    const int64_t vectors = (n + W - 1) / W, live = n - (vectors - 1) * W;
    if (vectors == 1) sum_down(1, live, rows, x, ldx, out);
    else if (vectors == 2) sum_down(2, live, rows, x, ldx, out);
    else if (vectors == 3) sum_down(3, live, rows, x, ldx, out);
    else if (vectors == 4) sum_down(4, live, rows, x, ldx, out);
}

#endif
