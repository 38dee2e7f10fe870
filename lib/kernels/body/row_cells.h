/* SPDX-License-Identifier: MIT */
/* One step of one sequence through a cell: the sums of VEC_WIDTH units and all their gates end in registers,
 * where the gates take them. Weights lie as rnni_row_pack puts them, block by block of VEC_WIDTH units;
 * several blocks are worked on at once, because a sum is one chain, bias, x and h in ascending order as
 * everywhere, and a block's few chains would wait for each other.
 *
 * Weights that are larger than a cache would be thrown out of it before their next use if every step went
 * through them in the same order; so the caller sends every second step backwards, and it meets first what
 * the step before left. */
#ifndef RNNI_BODY_ROW_CELLS_H
#define RNNI_BODY_ROW_CELLS_H

enum { ROW_GATES = 4, ROW_BLOCKS = 4 };

typedef vec row_sums[ROW_BLOCKS][ROW_GATES];

#define EACH_GATE(DO, b) DO(b, 0) DO(b, 1) DO(b, 2) DO(b, 3)
#define EACH_BLOCK(DO) DO(0) DO(1) DO(2) DO(3)

/* Lanes of block b that hold units. */
#define ROW_LIVE(b) (s->h - (first + (b)) * VEC_WIDTH)

/* sum[b][g] += a[p] * packed[b][p][g], p ascending; the third gate goes to sum[b][third]. */
BODY_INLINE void row_product(const int blocks, const int gates, const int third, int64_t k,
                             const rnni_real *a, const rnni_real *packed, row_sums sum)
{
    enum { W = VEC_WIDTH };
    const int64_t stride = k * gates * W;
#define STEP(b, g)                                                                 \
    if (b < blocks && g < gates)                                                   \
        sum[b][g == 2 ? third : g] = v_fma(x, v_load(packed + b * stride + g * W), \
                                           sum[b][g == 2 ? third : g]);
#define STEP_BLOCK(b) EACH_GATE(STEP, b)
    for (; k > 0; k--, a++, packed += gates * W) {
        vec x = v_set(*a);
        EACH_BLOCK(STEP_BLOCK)
    }
#undef STEP
#undef STEP_BLOCK
}

/* Four chains at once where there are 32 registers for them, else two. */
enum { ROW_FOUR_CHAINS = VEC_WIDTH == 4 || VEC_WIDTH == 16 };

/* The same for one gate, each sum in four chains (short_product.h). */
BODY_INLINE void row_chains(const int blocks, int64_t k, const rnni_real *a, const rnni_real *packed,
                            row_sums sum)
{
    enum { W = VEC_WIDTH };
    const int64_t stride = k * W;
    const rnni_real *left = a, *right = packed;
    int64_t rest = k;
    vec chain[4][ROW_BLOCKS], later[ROW_BLOCKS];
#define STEP(q, b) \
    if (b < blocks) chain[q][b] = v_fma(x, v_load(right + b * stride + q * W), chain[q][b]);
#define STEP_0(b) STEP(0, b)
#define STEP_1(b) STEP(1, b)
#define STEP_2(b) STEP(2, b)
#define STEP_3(b) STEP(3, b)
#define NUMBER(q)                    \
    {                                \
        const vec x = v_set(left[q]); \
        EACH_BLOCK(STEP_##q)         \
    }
#define FOURS for (; rest > 3; rest -= 4, left += 4, right += 4 * W)
#define CLEAR_LATER(b) chain[2][b] = chain[3][b] = v_set(0);
#define BEGIN(b) if (b < blocks) chain[0][b] = sum[b][0]; chain[1][b] = v_set(0);
#define LATER(b) later[b] = v_add(chain[2][b], chain[3][b]);
#define END(b) if (b < blocks) sum[b][0] = v_add(v_add(chain[0][b], chain[1][b]), later[b]);
    EACH_BLOCK(CLEAR_LATER)
    if (ROW_FOUR_CHAINS) {
        EACH_BLOCK(BEGIN)
        FOURS { NUMBER(0) NUMBER(1) NUMBER(2) NUMBER(3) }
        if (rest > 2) NUMBER(2)
        EACH_BLOCK(LATER)
    } else {
        FOURS { NUMBER(2) NUMBER(3) }
        if (rest > 2) NUMBER(2)
        EACH_BLOCK(LATER)
        EACH_BLOCK(BEGIN)
        left = a, right = packed, rest = k;
        FOURS { NUMBER(0) NUMBER(1) }
    }
    if (rest > 0) NUMBER(0)
    if (rest > 1) NUMBER(1)
    EACH_BLOCK(END)
#undef STEP
#undef STEP_0
#undef STEP_1
#undef STEP_2
#undef STEP_3
#undef NUMBER
#undef FOURS
#undef CLEAR_LATER
#undef BEGIN
#undef LATER
#undef END
}

/* Blocks [first, first + blocks): all sums of `gates` gates, from the bias and x or from z. With `apart` the
 * third gate's recurrent product has a sum of its own, the fourth, which starts from its own bias. */
BODY_INLINE void row_gather(const int blocks, const int gates, const int apart, const rnni_row *s,
                            int64_t first, row_sums sum)
{
    enum { W = VEC_WIDTH };
    const int64_t block = gates * W;
    const rnni_real *bias = s->bias + first * (gates + apart) * W;
#define BEGIN(b, g)                                                                    \
    if (b < blocks && g < gates + apart)                                               \
        sum[b][g] = g == gates || !s->z ? v_load(bias + (b * (gates + apart) + g) * W) \
                                        : v_load_n(s->z + g * s->h + (first + b) * W, ROW_LIVE(b));
#define BEGIN_BLOCK(b) EACH_GATE(BEGIN, b)
    EACH_BLOCK(BEGIN_BLOCK)
    if (!s->z) row_product(blocks, gates, 2, s->inputs, s->x, s->packed_ih + first * s->inputs * block, sum);
    const rnni_real *packed = s->packed_hh + first * s->h * block;
    if (gates == 1 && s->h <= RNNI_SHORT_UNITS) row_chains(blocks, s->h, s->h_in, packed, sum);
    else row_product(blocks, gates, apart ? 3 : 2, s->h, s->h_in, packed, sum);
#undef BEGIN
#undef BEGIN_BLOCK
}

/* From sums to states: w blocks from unit u on, which has `left` units. */
BODY_INLINE void lstm_row_finish(const int w, const rnni_row *s, int64_t u, int64_t left,
                                 vec (*sum)[ROW_GATES])
{
    abreast ifo, g, c_old, c, out;
    ABREAST(w, ifo[j] = sum[j][0]; ifo[w + j] = sum[j][1]; g[j] = sum[j][2]; ifo[2 * w + j] = sum[j][3]);
    load_abreast(w, s->c_in + u, left, c_old);
    lstm_units(w, ifo, g, c_old, c, out);
    store_abreast(w, c, s->c_out + u, left);
    store_abreast(w, out, s->h_out + u, left);
}

BODY_INLINE void gru_row_finish(const int w, const rnni_row *s, int64_t u, int64_t left,
                                vec (*sum)[ROW_GATES])
{
    abreast rz, n, q, old, out;
    ABREAST(w, rz[j] = sum[j][0]; rz[w + j] = sum[j][1]; n[j] = sum[j][2]; q[j] = sum[j][3]);
    load_abreast(w, s->h_in + u, left, old);
    gru_units(w, rz, n, q, old, out);
    store_abreast(w, out, s->h_out + u, left);
}

BODY_INLINE void rnn_row_finish(const int w, const rnni_row *s, int64_t u, int64_t left,
                                vec (*sum)[ROW_GATES])
{
    abreast out;
    ABREAST(w, out[j] = sum[j][0]);
    if (s->activation == RNNI_ACT_RELU) ABREAST(w, out[j] = v_relu(out[j]));
    else v_tanhs(w, out);
    store_abreast(w, out, s->h_out + u, left);
}

/* <cell>_row_<blocks>: that many blocks from `first` on. */
#define ROW_CELL_BLOCKS(cell, gates, apart, blocks)                                               \
    BODY_APART void cell##_row_##blocks(const rnni_row *s, int64_t first)                         \
    {                                                                                             \
        row_sums sum;                                                                             \
        row_gather(blocks, gates, apart, s, first, sum);                                          \
        cell##_row_finish(blocks < 2 ? 1 : 2, s, first * VEC_WIDTH, ROW_LIVE(0), sum);            \
        if (blocks > 2)                                                                           \
            cell##_row_finish(blocks - 2, s, (first + 2) * VEC_WIDTH, ROW_LIVE(2), sum + 2);      \
    }

/* Six or eight sums at once keep two multipliers busy, and a short group turns with more of its weights still
 * near; Arm cores have shorter vectors and four multipliers. */
enum { ROW_GROUP = VEC_WIDTH == 4 ? 4 : 2 };

/* Whether blocks go one by one all the same. In the second cache vectors of 64 bytes come no faster than the
 * three or four sums of one block take them, and its gates run beside the next block's products, where those
 * of a pair at the end would have nothing beside them: 7 % of 64 units. From the first cache they come
 * faster, and of twice its size still half the weights do, as steps turn round (a GRU of 64 units where it
 * has 48 KiB: 19 %); of many blocks the last ones do not count. */
BODY_INLINE int row_one_by_one(int64_t gates, const rnni_row *s)
{
    const int64_t bytes = gates * s->h * (s->inputs + s->h) * (int64_t)sizeof *s->x;
    return gates > 1 && VEC_WIDTH == 16 && bytes <= 256 << 10 && bytes > 2 * s->first_cache;
}

/* The kernel: groups of `most` blocks, the last one smaller. */
#define ROW_CELL(cell, gates, apart, most)                                                               \
    ROW_CELL_BLOCKS(cell, gates, apart, 1)                                                               \
    ROW_CELL_BLOCKS(cell, gates, apart, 2)                                                               \
    ROW_CELL_BLOCKS(cell, gates, apart, 3)                                                               \
    ROW_CELL_BLOCKS(cell, gates, apart, 4)                                                               \
    static void KERNEL(cell##_row)(const rnni_row *s)                                                    \
    {                                                                                                    \
        const int64_t blocks = s->last - s->first;                                                       \
        const int64_t group = blocks > most && row_one_by_one(gates, s) ? 1 : most;                      \
        const int64_t last = group == 1 ? blocks - 1 : (blocks - 1) / most;                              \
        for (int64_t i = 0; i <= last; i++) {                                                            \
            int64_t first = s->first + (s->backwards ? last - i : i) * group, left = s->last - first;    \
            if (left > group) left = group;                                                              \
            if (left == 1) cell##_row_1(s, first);                                                       \
            else if (left == 2) cell##_row_2(s, first);                                                  \
            else if (most > 2 && left == 3) cell##_row_3(s, first);                                      \
            else if (most > 2) cell##_row_4(s, first);                                                   \
        }                                                                                                \
    }

ROW_CELL(lstm, 4, 0, ROW_GROUP)
ROW_CELL(gru, 3, 1, ROW_GROUP)
ROW_CELL(rnn, 1, 0, ROW_BLOCKS)

#endif
