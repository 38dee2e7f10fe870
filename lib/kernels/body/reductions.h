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

/* Each column is one chain down the rows, from what `out` holds. Four vectors of columns go down together. */
static void KERNEL(column_sums)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real *out)
{
    enum { W = VEC_WIDTH };
    int64_t whole = n - n % (4 * W);
    for (int64_t j = 0; j < whole; j += 4 * W) {
        vec s0 = v_load(out + j), s1 = v_load(out + j + W);
        vec s2 = v_load(out + j + 2 * W), s3 = v_load(out + j + 3 * W);
        for (const rnni_real *row = x + j, *end = row + rows * ldx; row != end; row += ldx) {
            s0 = v_add(s0, v_load(row));
            s1 = v_add(s1, v_load(row + W));
            s2 = v_add(s2, v_load(row + 2 * W));
            s3 = v_add(s3, v_load(row + 3 * W));
        }
        v_store(out + j, s0);
        v_store(out + j + W, s1);
        v_store(out + j + 2 * W, s2);
        v_store(out + j + 3 * W, s3);
    }
    VEC_LOOP(j, live, n - whole) {
        vec sum = v_load_n(out + whole + j, live);
        for (int64_t r = 0; r < rows; r++) sum = v_add(sum, v_load_n(x + r * ldx + whole + j, live));
        v_store_n(out + whole + j, sum, live);
    }
}

#endif
