/* SPDX-License-Identifier: MIT */
/* Rounding and packing of weights with 8 and 16 bits, and the loops around their kernels. */
#include "kernels/reduced.h"
#include "kernels/isa.h"
#include "kernels/tiling.h"

#include <math.h>
#include <string.h>

static int64_t round_up(int64_t x, int64_t step) { return (x + step - 1) / step * step; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- rounding */

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* top / 127, rounded up to 17 bits: then 127 of it are a float that has this very scale again. At the end of
 * the range up would be infinite. */
static float scale_for(float top)
{
    const uint32_t low = 0x7f;
    float scale = top / 127;
    if (!(scale > 0x1p-120f)) return 0x1p-120f;
    uint32_t bits = (bits_of(scale) + low) & ~low;
    return isinf(from_bits(bits) * 127) ? from_bits(bits - (low + 1)) : from_bits(bits);
}

float rnni_int8_scale(int64_t n, const rnni_real *weights)
{
    float top = 0;
    for (int64_t i = 0; i < n; i++) top = fmaxf(top, fabsf((float)weights[i]));
    return scale_for(top);
}

void rnni_int8_round(int64_t n, const rnni_real *weights, float scale, int8_t *q)
{
    for (int64_t i = 0; i < n; i++) {
        float number = rintf((float)weights[i] / scale);
        q[i] = (int8_t)(number > 127 ? 127 : number < -127 ? -127 : number);
    }
}

/* To nearest, ties to even; what would become infinite stays the largest number. */
uint16_t rnni_bf16_round(rnni_real weight)
{
    uint32_t bits = bits_of((float)weight), rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((rounded & 0x7fff) >= 0x7f80 ? rounded - 1 : rounded);
}

/* ---- packing */

static int64_t wide(const rnni_reduced *m) { return round_up(m->n, RNNI_REDUCED_COLUMNS); }
static int64_t blocks_of(const rnni_reduced *m) { return (m->k + RNNI_INT8_DEPTH - 1) / RNNI_INT8_DEPTH; }
static bool is_int8(const rnni_reduced *m) { return m->precision == RNN_PRECISION_INT8; }

/* Numbers of k as packed. */
static int64_t deep(const rnni_reduced *m)
{
    return m->table ? m->k : round_up(m->k, is_int8(m) ? 4 : 2);
}

static size_t scale_bytes(const rnni_reduced *m)
{
    return (size_t)round_up(wide(m) * (int64_t)sizeof(rnni_real), 64);
}
static size_t correction_bytes(const rnni_reduced *m)
{
    return m->table ? 0 : (size_t)round_up(blocks_of(m) * wide(m) * (int64_t)sizeof(int32_t), 64);
}

size_t rnni_reduced_bytes(const rnni_reduced *m)
{
    size_t numbers = (size_t)((m->table ? m->n : wide(m)) * deep(m));
    return is_int8(m) ? scale_bytes(m) + correction_bytes(m) + numbers : numbers * sizeof(uint16_t);
}

static void place(rnni_reduced *m)
{
    unsigned char *block = m->block;
    m->scale = is_int8(m) ? (void *)block : NULL;
    m->correction = is_int8(m) ? (void *)(block + scale_bytes(m)) : NULL;
    m->bytes = is_int8(m) ? (void *)(block + scale_bytes(m) + correction_bytes(m)) : NULL;
    m->halves = is_int8(m) ? NULL : (void *)block;
}

/* Where column j's numbers begin in a packed block of `depth` numbers of k, and how far those of the next
 * `unit` k are. */
static int64_t column_at(const rnni_reduced *m, int64_t j, int64_t depth, int64_t unit, int64_t *stride)
{
    int64_t group = j / RNNI_REDUCED_GROUP * RNNI_REDUCED_GROUP;
    *stride = rnni_reduced_width(m->n, group) * unit;
    return group * depth + (j - group) * unit;
}

static void pack_bytes(rnni_reduced *m, int64_t j, int64_t first, int64_t count, const int8_t *q)
{
    int64_t block = first / RNNI_INT8_DEPTH, depth = round_up(count, 4), stride;
    int8_t *to = m->bytes + first * wide(m);
    int32_t sum = 0;
    to += column_at(m, j, depth, 4, &stride);
    for (int64_t p = 0; p < count; p++) {
        to[p / 4 * stride + p % 4] = q[p];
        sum += q[p];
    }
    m->correction[block * wide(m) + j] = -128 * sum;
}

static void fill_bytes(rnni_reduced *m, int64_t j, const rnni_real *row)
{
    int8_t q[RNNI_INT8_DEPTH];
    float scale = rnni_int8_scale(m->k, row);
    m->scale[j] = scale;
    for (int64_t p = 0; p < m->k; p += RNNI_INT8_DEPTH) {
        int64_t count = least(m->k - p, RNNI_INT8_DEPTH);
        rnni_int8_round(count, row + p, scale, m->table ? m->bytes + j * m->k + p : q);
        if (!m->table) pack_bytes(m, j, p, count, q);
    }
}

static void fill_halves(rnni_reduced *m, int64_t j, const rnni_real *row)
{
    for (int64_t first = 0; first < m->k; first += RNNI_BF16_DEPTH) {
        int64_t count = least(m->k - first, RNNI_BF16_DEPTH), stride = 2;
        uint16_t *to =
            m->halves +
            (m->table ? j * m->k + first : first * wide(m) + column_at(m, j, round_up(count, 2), 2, &stride));
        for (int64_t p = 0; p < count; p++) to[p / 2 * stride + p % 2] = rnni_bf16_round(row[first + p]);
    }
}

/* Asked when weights are packed, as the first answer takes a system call, which a step does not make. */
bool rnni_reduced_by_tiles(const rnni_kernels *kernels)
{
    return kernels->isa == RNN_ISA_AVX512 && rnni_cpu_tiles();
}

void rnni_reduced_fill(const rnni_kernels *kernels, rnni_reduced *m, const rnni_real *weights)
{
    if (!is_int8(m) && !m->table) (void)rnni_reduced_by_tiles(kernels);
    memset(m->block, 0, rnni_reduced_bytes(m));
    m->dots = rnni_cpu_dots();
    place(m);
    for (int64_t j = 0; j < m->n; j++) (is_int8(m) ? fill_bytes : fill_halves)(m, j, weights + j * m->k);
}

/* Pairs of rows of B [k][n], packed as a block of k is: groups of columns, each [k / 2][columns][2]. */
static void pack_rows(const rnni_kernels *kernels, int64_t k, int64_t n, const rnni_real *b, int64_t ldb,
                      uint16_t *to)
{
    const int64_t depth = round_up(k, 2);
    for (int64_t j = 0; j < n; j += RNNI_REDUCED_GROUP) {
        int64_t columns = rnni_reduced_width(n, j), there = least(n - j, columns);
        if (there < columns) memset(to + j * depth, 0, (size_t)(columns * depth) * sizeof *to);
        kernels->bf16_zip(k, there, b + j, ldb, to + j * depth, columns * 2);
    }
}

/* All blocks of k. */
static void pack_blocks(const rnni_kernels *kernels, int64_t k, int64_t n, const rnni_real *b, int64_t ldb,
                        uint16_t *to)
{
    for (int64_t p = 0; p < k; p += RNNI_BF16_DEPTH)
        pack_rows(kernels, least(k - p, RNNI_BF16_DEPTH), n, b + p * ldb, ldb,
                  to + p * round_up(n, RNNI_REDUCED_COLUMNS));
}

void rnni_reduced_fill_rows(const rnni_kernels *kernels, rnni_reduced *m, const rnni_real *weights)
{
    (void)rnni_reduced_by_tiles(kernels);
    place(m);
    pack_blocks(kernels, m->k, m->n, weights, m->n, m->halves);
}

void rnni_reduced_row(const rnni_reduced *m, int64_t row, rnni_real *out)
{
    for (int64_t p = 0; is_int8(m) && p < m->k; p++) out[p] = m->bytes[row * m->k + p] * m->scale[row];
    for (int64_t p = 0; !is_int8(m) && p < m->k; p++) out[p] = rnni_bf16_value(m->halves[row * m->k + p]);
}

/* ---- products */

enum { LINE = 64 / sizeof(uint16_t) }; /* halves */

/* Numbers of scratch that have room for so many halves from the beginning of a line on, and where that is. */
static int64_t scratch_for(int64_t halves)
{
    return ((halves + LINE) * (int64_t)sizeof(uint16_t) + (int64_t)sizeof(rnni_real) - 1) /
           (int64_t)sizeof(rnni_real);
}
static uint16_t *halves_in(rnni_real *scratch)
{
    return (uint16_t *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
}

bool rnni_reduced_has_dots(const rnni_kernels *kernels, const rnni_reduced *w)
{
    const int wanted = kernels->isa == RNN_ISA_AVX512 ? RNNI_DOTS_VNNI_512 : RNNI_DOTS_VNNI_256;
    return kernels->isa >= RNN_ISA_AVX2 && w->dots & wanted;
}

/* Inputs [p, p + count) of one block of k, as many rows at a time as there is room for as bytes. */
static void int8_block(const rnni_kernels *kernels, const rnni_reduced *w, rnni_columns of, int64_t p,
                       int64_t count, int64_t m, const rnni_real *a, int64_t lda, int start,
                       const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    enum { ROOM = 2 * RNNI_INT8_DEPTH, MOST = 64 };
    _Alignas(64) uint8_t q[ROOM];
    rnni_real scale[MOST];
    int64_t depth = round_up(count, 4), rows = least(ROOM / depth, MOST);
    const int32_t *correction = w->correction + p / RNNI_INT8_DEPTH * wide(w) + of.from;
    const bool dots = rnni_reduced_has_dots(kernels, w);
    for (int64_t i = 0; i < m; i += rows) {
        int64_t now = least(rows, m - i);
        kernels->int8_round(now, count, a + i * lda + p, lda, w->bound, q, depth, scale);
        (dots ? kernels->int8_product : kernels->int8_product_plain)(
            now, of.count, depth / 4, q, depth, scale, w->bytes + p * wide(w) + of.from * depth, correction,
            w->scale + of.from, start, bias, c + i * ldc, ldc);
    }
}

/* Rows of rounded numbers lie a line further apart than these take, as rows a power of two apart share few
 * sets of the first cache. TURN_COLUMNS: what is gone through in the opposite order where a product turns. */
enum { TURN_COLUMNS = 4 * RNNI_REDUCED_GROUP };

static int64_t rounded_row(int64_t count) { return round_up(count, LINE) + LINE; }

/* Inputs [p, p + count) of one block of k, likewise. Tiles are so fast that weights from beyond the second
 * cache would hold them up (512 x 512 of them come in some 70,000 cycles, as long as 64 rows take with them):
 * columns that fit into it are multiplied by all rows first. Rounding the rows again for the next columns
 * takes about 10,000. */
static void bf16_block(const rnni_kernels *kernels, const rnni_reduced *w, rnni_columns of, int64_t p,
                       int64_t count, int64_t m, const rnni_real *a, int64_t lda, int start,
                       const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    enum { ROOM = 64 * (RNNI_BF16_DEPTH + LINE), NEAR = 1024 * RNNI_BF16_DEPTH };
    _Alignas(64) uint16_t q[ROOM];
    const bool backwards = rnni_goes_backwards(ahead);
    const int64_t depth = round_up(count, 2), ldq = rounded_row(count),
                  most = NEAR / depth / RNNI_REDUCED_GROUP * RNNI_REDUCED_GROUP;
    const rnni_tiling parts = rnni_tiles_of(ROOM / ldq, m);
    const bool near = parts.count > 1 && rnni_reduced_by_tiles(kernels);
    const int64_t step = near ? most : backwards && parts.count == 1 ? TURN_COLUMNS : of.count,
                  blocks = (of.count + step - 1) / step;
    const uint16_t *halves = w->halves + p * wide(w) + of.from * depth;
    for (int64_t block = 0; block < blocks; block++)
        for (int64_t part = 0, i = 0, rows; part < parts.count; part++, i += rows) {
            const int64_t j = (backwards ? blocks - 1 - block : block) * step;
            rows = rnni_tile_height(parts, part);
            if (block == 0 || parts.count > 1)
                kernels->bf16_round(rows, count, a + i * lda + p, lda, q, ldq);
            kernels->bf16_product(rows, least(of.count - j, step), depth / 2, q, ldq, 2, halves + j * depth,
                                  start, bias ? bias + j : NULL, c + i * ldc + j, ldc, ahead);
        }
}

void rnni_reduced_columns(const rnni_kernels *kernels, const rnni_reduced *w, rnni_columns of, int64_t m,
                          const rnni_real *a, int64_t lda, rnni_start start, const rnni_real *bias,
                          rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    const int64_t depth = is_int8(w) ? RNNI_INT8_DEPTH : RNNI_BF16_DEPTH;
    if (start != RNNI_FROM_BIAS) bias = NULL;
    for (int64_t p = 0; p < w->k; p += depth) {
        const int64_t count = least(w->k - p, depth);
        const int begin = p ? RNNI_FROM_C : (int)start;
        if (is_int8(w)) int8_block(kernels, w, of, p, count, m, a, lda, begin, bias, c, ldc);
        else bf16_block(kernels, w, of, p, count, m, a, lda, begin, bias, c, ldc, ahead);
    }
}

int64_t rnni_reduced_room(int64_t m, int64_t k)
{
    const int64_t blocks = (k + RNNI_BF16_DEPTH - 1) / RNNI_BF16_DEPTH;
    return blocks > 1 ? scratch_for(m * blocks * rounded_row(RNNI_BF16_DEPTH)) : 0;
}

void rnni_reduced_columns_deep(const rnni_kernels *kernels, const rnni_reduced *w, rnni_columns of,
                               int64_t m, const rnni_real *a, int64_t lda, rnni_start start, rnni_real *c,
                               int64_t ldc, rnni_ahead *ahead, rnni_real *room)
{
    if (is_int8(w) || w->k <= RNNI_BF16_DEPTH) {
        rnni_reduced_columns(kernels, w, of, m, a, lda, start, NULL, c, ldc, ahead);
        return;
    }
    const bool backwards = rnni_goes_backwards(ahead);
    const int64_t ldq = rounded_row(RNNI_BF16_DEPTH), parts = (of.count + TURN_COLUMNS - 1) / TURN_COLUMNS;
    uint16_t *rounded = halves_in(room);
    for (int64_t p = 0; p < w->k; p += RNNI_BF16_DEPTH)
        kernels->bf16_round(m, least(w->k - p, RNNI_BF16_DEPTH), a + p, lda,
                            rounded + p / RNNI_BF16_DEPTH * m * ldq, ldq);
    for (int64_t part = 0; part < parts; part++) {
        const int64_t j = (backwards ? parts - 1 - part : part) * TURN_COLUMNS;
        for (int64_t p = 0; p < w->k; p += RNNI_BF16_DEPTH) {
            const int64_t depth = round_up(least(w->k - p, RNNI_BF16_DEPTH), 2);
            kernels->bf16_product(m, least(of.count - j, TURN_COLUMNS), depth / 2,
                                  rounded + p / RNNI_BF16_DEPTH * m * ldq, ldq, 2,
                                  w->halves + p * wide(w) + (of.from + j) * depth,
                                  p ? RNNI_FROM_C : (int)start, NULL, c + j, ldc, ahead);
        }
    }
}

bool rnni_reduced_lstm(const rnni_kernels *kernels, const rnni_reduced *w, int64_t h, const rnni_real *h_in,
                       const rnni_real *z, const rnni_real *c_in, rnni_real *c_out, rnni_real *h_out)
{
    enum { MOST = 1024 }; /* of k, in one block: beyond, the gates do not count beside the product */
    _Static_assert((int)MOST <= (int)RNNI_INT8_DEPTH, "the kernel takes one block of k");
    /* with shorter vectors, or without the instruction, the two kernels one after the other are faster */
    bool faster = kernels->isa == RNN_ISA_AVX512 && rnni_reduced_has_dots(kernels, w);
    if (!faster || !is_int8(w) || w->k > MOST || h % RNNI_REDUCED_COLUMNS) return false;
    _Alignas(64) uint8_t q[MOST];
    rnni_real scale;
    kernels->int8_round(1, w->k, h_in, w->k, w->bound, q, MOST, &scale);
    kernels->int8_lstm(h, round_up(w->k, 4) / 4, q, scale, w->bytes, w->correction, w->scale, z, c_in, c_out,
                       h_out);
    return true;
}

/* ---- products over rows */

/* Columns of A that are turned into pairs at a time: a multiple of a tile's rows, and few enough to stay near
 * for a block of rows. OUTER_NEAR: numbers of B, as pairs, that a second cache holds (1 MiB): the rows they
 * are of meet some rows of C before the next, as C comes from further away. */
enum { OUTER_COLUMNS = 192, OUTER_NEAR = 512 * 1024 };

/* Rows of A and B that are packed together: whole blocks of k. */
static int64_t outer_rows(int64_t n, int64_t k)
{
    const int64_t near = OUTER_NEAR / round_up(n, RNNI_REDUCED_COLUMNS) / RNNI_BF16_DEPTH * RNNI_BF16_DEPTH;
    return round_up(least(k, near < RNNI_BF16_DEPTH ? RNNI_BF16_DEPTH : near), 2);
}

int64_t rnni_bf16_scratch(int64_t n, int64_t k)
{
    int64_t right = outer_rows(n, k) * round_up(n, RNNI_REDUCED_COLUMNS),
            left = round_up(least(k, RNNI_BF16_DEPTH), 2) * OUTER_COLUMNS;
    return scratch_for(round_up(right, LINE) + left);
}

void rnni_bf16_outer(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
                     int64_t lda, const rnni_real *b, int64_t ldb, rnni_real *c, int64_t ldc,
                     rnni_real *scratch)
{
    const int64_t rows = outer_rows(n, k), packed = round_up(n, RNNI_REDUCED_COLUMNS);
    uint16_t *right = halves_in(scratch), *left = right + round_up(rows * packed, LINE);
    for (int64_t first = 0; first < k; first += rows) {
        const int64_t behind = least(first + rows, k);
        pack_blocks(kernels, behind - first, n, b + first * ldb, ldb, right);
        for (int64_t i = 0; i < m; i += OUTER_COLUMNS)
            for (int64_t p = first; p < behind; p += RNNI_BF16_DEPTH) {
                const int64_t columns = least(m - i, OUTER_COLUMNS),
                              count = least(behind - p, RNNI_BF16_DEPTH);
                kernels->bf16_zip(count, columns, a + p * lda + i, lda, left, 2 * columns);
                kernels->bf16_product(columns, n, (count + 1) / 2, left, 2, 2 * columns,
                                      right + (p - first) * packed, RNNI_FROM_C, NULL, c + i * ldc, ldc,
                                      NULL);
            }
    }
}
