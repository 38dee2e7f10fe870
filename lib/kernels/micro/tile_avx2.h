/* SPDX-License-Identifier: MIT */
/* Products of AVX2 whose tiles are full: 4 to 6 rows, 16 columns. The same sums in the same order as
 * body/tile.h and body/panels.h make, with registers chosen by hand: compilers spill some of the sums as soon
 * as k goes in steps of four, and without that a step is 23 instructions for its 12 multiply-adds, three of
 * them for the loop. That costs nothing on a core of one's own, and a tenth where the core's other thread is
 * busy and each may issue three a cycle. For the same reason little stands between two tiles.
 *
 *   ymm0, ymm1    16 columns of B             ymm2, ymm3    a number of A in all lanes, of two rows in turn
 *   ymm4 ... 15   sums, two a row
 *
 * Four steps of k are one turn of the loop, for two kinds of A:
 *
 *   rows     its rows are contiguous, the panel is packed: steps are distances that are known, rows are
 *            addressed from two of them, a and a3 (three rows down), and one distance
 *   columns  its columns are (a transposed A, strips of gemm.c): rows are distances that are known, steps of
 *            A and of any panel are addressed from two of them, a and a3 (three on), panel and panel3, and
 *            one distance each
 *
 * What neither serves, and what is left of k, goes step by step. */
#ifndef RNNI_TILE_AVX2_H
#define RNNI_TILE_AVX2_H

/* Sanitizers do not see what assembler reads: they get body/tile.h alone. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TILE_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define TILE_WATCHED
#endif
#endif

#if !defined(TILE_WATCHED) && defined(__x86_64__) && defined(__GNUC__)
#define TILE_BY_HAND

/* The fewest rows of a tile, and the only number above it whose tiles would be lower: 4 and 3. */
enum { HAND_LEAST = 4, HAND_SEVEN = 7 };

/* What a row does in one step: `number` is the address of A's number, `columns` that of B's. */
#define HAND_ROW(number, x, sum0, sum1)                 \
    "vbroadcastss " number ", %%ymm" x "\n\t"           \
    "vfmadd231ps %%ymm0, %%ymm" x ", %%ymm" sum0 "\n\t" \
    "vfmadd231ps %%ymm1, %%ymm" x ", %%ymm" sum1 "\n\t"
#define HAND_COLUMNS(at0, at1, columns) \
    "vmovups " at0 columns ", %%ymm0\n\tvmovups " at1 columns ", %%ymm1\n\t"

/* One step of rows, `at` bytes from a, and one of columns, from address `at` on. */
#define HAND_STEP_rows_4(at)                                                                       \
    HAND_ROW(at "(%[a])", "2", "4", "5") HAND_ROW(at "(%[a], %[row])", "3", "6", "7")              \
    HAND_ROW(at "(%[a], %[row], 2)", "2", "8", "9") HAND_ROW(at "(%[a3])", "3", "10", "11")
#define HAND_STEP_rows_5(at) HAND_STEP_rows_4(at) HAND_ROW(at "(%[a3], %[row])", "2", "12", "13")
#define HAND_STEP_rows_6(at) HAND_STEP_rows_5(at) HAND_ROW(at "(%[a3], %[row], 2)", "3", "14", "15")
#define HAND_STEP_columns_4(at)                                                  \
    HAND_ROW(at, "2", "4", "5") HAND_ROW("4" at, "3", "6", "7")                  \
    HAND_ROW("8" at, "2", "8", "9") HAND_ROW("12" at, "3", "10", "11")
#define HAND_STEP_columns_5(at) HAND_STEP_columns_4(at) HAND_ROW("16" at, "2", "12", "13")
#define HAND_STEP_columns_6(at) HAND_STEP_columns_5(at) HAND_ROW("20" at, "3", "14", "15")

/* Four steps and the way on. */
#define HAND_FOUR_rows(rows)                                              \
    HAND_COLUMNS("", "32", "(%[panel])") HAND_STEP_rows_##rows("")        \
    HAND_COLUMNS("64", "96", "(%[panel])") HAND_STEP_rows_##rows("4")     \
    HAND_COLUMNS("128", "160", "(%[panel])") HAND_STEP_rows_##rows("8")   \
    HAND_COLUMNS("192", "224", "(%[panel])") HAND_STEP_rows_##rows("12")  \
    "add $16, %[a]\n\tadd $16, %[a3]\n\tadd $256, %[panel]\n\t"
#define HAND_FOUR_columns(rows)                                                                              \
    HAND_COLUMNS("", "32", "(%[panel])") HAND_STEP_columns_##rows("(%[a])")                                  \
    HAND_COLUMNS("", "32", "(%[panel], %[panel_row])") HAND_STEP_columns_##rows("(%[a], %[column])")         \
    HAND_COLUMNS("", "32", "(%[panel], %[panel_row], 2)") HAND_STEP_columns_##rows("(%[a], %[column], 2)")   \
    HAND_COLUMNS("", "32", "(%[panel3])") HAND_STEP_columns_##rows("(%[a3])")                                \
    "lea (%[a], %[column], 4), %[a]\n\tlea (%[a3], %[column], 4), %[a3]\n\t"                                 \
    "lea (%[panel], %[panel_row], 4), %[panel]\n\tlea (%[panel3], %[panel_row], 4), %[panel3]\n\t"

/* One step and the way on, but for what both kinds do. */
#define HAND_ONE_rows(rows) \
    HAND_COLUMNS("", "32", "(%[panel])") HAND_STEP_rows_##rows("") "add %[column], %[a3]\n\t"
#define HAND_ONE_columns(rows) HAND_COLUMNS("", "32", "(%[panel])") HAND_STEP_columns_##rows("(%[a])")

/* Registers that one kind has alone. */
#define HAND_IS_rows 1
#define HAND_IS_columns 0
#define HAND_MOVED_rows
#define HAND_MOVED_columns , [panel3] "+&r"(panel3)
#define HAND_FIXED_rows [row] "r"(p->row),
#define HAND_FIXED_columns

/* Rows of 16 columns, of C or of what it starts from: three, then those below, to which the pointer moves
 * on. */
#define HAND_LOAD(at, sum0, sum1) "vmovups " at ", %%ymm" sum0 "\n\tvmovups 32" at ", %%ymm" sum1 "\n\t"
#define HAND_STORE(at, sum0, sum1) "vmovups %%ymm" sum0 ", " at "\n\tvmovups %%ymm" sum1 ", 32" at "\n\t"
#define HAND_EACH_4(move, base, distance)                                                                    \
    move("(" base ")", "4", "5") move("(" base ", " distance ")", "6", "7")                                  \
    move("(" base ", " distance ", 2)", "8", "9")                                                            \
    "lea (" base ", " distance ", 2), " base "\n\tadd " distance ", " base "\n\t"                            \
    move("(" base ")", "10", "11")
#define HAND_EACH_5(move, base, distance)                                                                    \
    HAND_EACH_4(move, base, distance) move("(" base ", " distance ")", "12", "13")
#define HAND_EACH_6(move, base, distance)                                                                    \
    HAND_EACH_5(move, base, distance) move("(" base ", " distance ", 2)", "14", "15")

/* Four steps take a line along, where tiles do. */
#define HAND_LINE "prefetcht1 (%[line])\n\tadd $64, %[line]\n\t"
#define HAND_NO_LINE ""

/* What all tiles of a product have in common. */
typedef struct hand_product {
    int64_t k, fours, row, column, panel_row, from_row, c_row; /* distances in bytes, for the assembler */
    int64_t row_stride, ldc;           /* row and c_row in floats, as what follows */
    int64_t tall, low;                 /* tiles of a panel: the taller ones, and those of one row less */
    int64_t panels, distance, columns; /* from panel to panel, and from its columns of C to the next ones */
    int strips;                        /* of A: a column is as long as a tile is high */
    int64_t from_columns;              /* the same of the row that sums start from; from_row 0: not from C */
    int64_t lines;                     /* to be taken along of each next panel */
    rnni_ahead *ahead;
} hand_product;

/* A tile of `rows` rows: first steps in fours, then those that are left, one by one. */
#define HAND_TILE(name, kind, rows, LINE)                                                                    \
    BODY_INLINE void name(const hand_product *p, int64_t column, const float *a, const float *panel,         \
                          const float *from, float *c, const float *line)                                    \
    {                                                                                                        \
        const char *a3 = (const char *)a + 3 * (HAND_IS_##kind ? p->row : column);                           \
        const char *panel3 = (const char *)panel + 3 * p->panel_row;                                         \
        int64_t fours = p->fours, rest = p->k - 4 * fours;                                                   \
        (void)panel3;                                                                                        \
        __asm__ volatile(HAND_EACH_##rows(HAND_LOAD, "%[from]", "%[from_row]")                               \
                         "test %[fours], %[fours]\n\t"                                                       \
                         "jz 2f\n\t"                                                                         \
                         ".p2align 4\n"                                                                      \
                         "1:\n\t"                                                                            \
                         LINE                                                                                \
                         HAND_FOUR_##kind(rows)                                                              \
                         "dec %[fours]\n\t"                                                                  \
                         "jnz 1b\n"                                                                          \
                         "2:\n\t"                                                                            \
                         "test %[rest], %[rest]\n\t"                                                         \
                         "jz 4f\n"                                                                           \
                         "3:\n\t"                                                                            \
                         HAND_ONE_##kind(rows)                                                               \
                         "add %[column], %[a]\n\t"                                                           \
                         "add %[panel_row], %[panel]\n\t"                                                    \
                         "dec %[rest]\n\t"                                                                   \
                         "jnz 3b\n"                                                                          \
                         "4:\n\t"                                                                            \
                         HAND_EACH_##rows(HAND_STORE, "%[c]", "%[c_row]")                                    \
                         : [rest] "+&r"(rest), [fours] "+&r"(fours), [a] "+&r"(a), [a3] "+&r"(a3),           \
                           [panel] "+&r"(panel), [from] "+&r"(from), [c] "+&r"(c),                           \
                           [line] "+&r"(line) HAND_MOVED_##kind                                              \
                         : HAND_FIXED_##kind [column] "r"(column), [panel_row] "r"(p->panel_row),            \
                           [from_row] "r"(p->from_row), [c_row] "r"(p->c_row)                                \
                         : "cc", "memory", "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7",   \
                           "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "ymm13", "ymm14", "ymm15");            \
    }

/* `count` tiles of `rows` rows, one below another; behind the last one come `more` of one row less. */
#define HAND_RUN(kind, rows, count, more)                                                                    \
    for (int64_t t = count; t > 0; t--) {                                                                    \
        float *below = to + rows * p->ldc;                                                                   \
        if (t > 1 || more) rnni_fetch_result(rows - (t == 1), TILE_NR, below, p->ldc);                       \
        rnni_ahead_some(p->ahead, p->k / STEPS_A_LINE);                                                      \
        const int64_t column = HAND_IS_##kind || !p->strips ? p->column : 4 * rows;                          \
        const float *begin = p->from_row ? to : first;                                                       \
        if (next.lines > 0) {                                                                                \
            kind##_##rows##_and_lines(p, column, left, panel, begin, to, next.at);                           \
            next.at += p->fours * RNNI_LINE;                                                                 \
            next.lines -= p->fours;                                                                          \
        } else {                                                                                             \
            kind##_##rows(p, column, left, panel, begin, to, NULL);                                          \
        }                                                                                                    \
        left += rows * p->row_stride;                                                                        \
        to = below;                                                                                          \
    }

/* Panels outside, their tiles inside. Behind the last panel comes the first one again, or the next product,
 * which turns round and has this one near. */
#define HAND_PRODUCT(kind, high, less)                                                                       \
    static void kind##_##high##_##less(const hand_product *p, const float *a, const float *b,                \
                                       const float *from, float *c)                                          \
    {                                                                                                        \
        for (int64_t i = 0; i < p->panels; i++) {                                                            \
            const float *panel = b + i * p->distance, *first = from + i * p->from_columns, *left = a;        \
            const float *behind = rnni_ahead_turns(p->ahead) ? panel : b;                                    \
            rnni_fetches next = {i + 1 < p->panels ? panel + p->distance : behind, p->lines};                \
            float *to = c + i * p->columns;                                                                  \
            HAND_RUN(kind, high, p->tall, p->low)                                                            \
            HAND_RUN(kind, less, p->low, 0)                                                                  \
        }                                                                                                    \
    }

#define HAND_TILES(kind, rows)                                   \
    HAND_TILE(kind##_##rows, kind, rows, HAND_NO_LINE)           \
    HAND_TILE(kind##_##rows##_and_lines, kind, rows, HAND_LINE)

/* ISO C asks compilers for no more than 4095 characters of a string; those that have assembler take more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
HAND_TILES(rows, 4) HAND_TILES(rows, 5) HAND_TILES(rows, 6)
HAND_TILES(columns, 4) HAND_TILES(columns, 5) HAND_TILES(columns, 6)
HAND_PRODUCT(rows, 5, 4) HAND_PRODUCT(rows, 6, 5)
HAND_PRODUCT(columns, 5, 4) HAND_PRODUCT(columns, 6, 5)
#pragma GCC diagnostic pop

/* Numbers of B: up to the first it stays in the second cache or comes from the third in time, above the
 * second part of it is in memory. */
enum { HAND_NEAR = 256 * 1024, HAND_FAR = 2048 * 1024 };

/* Whether tiles take lines of the next panel along, the first four a quarter of it each: not where B is near,
 * nor where few tiles read a panel and the processor sees what comes, unless B is far. Measured on Zen 3: the
 * more tiles, the smaller the B that gains. */
static int hand_takes_lines(rnni_tiling tiles, int64_t n, int64_t k, int64_t panel_stride)
{
    return panel_stride == TILE_NR && n * k > HAND_NEAR && n * k * tiles.count > HAND_FAR;
}

/* The whole panels among n columns, for tiles of HAND_LEAST rows and more; returns their columns. */
static int64_t panels_by_hand(rnni_tiling tiles, int64_t n, int64_t k, const float *a, int64_t row_stride,
                              int64_t column_stride, const float *b, int64_t distance, int64_t panel_stride,
                              int start, const float *bias, float *c, int64_t ldc, rnni_ahead *ahead)
{
    static const float zeros[TILE_NR];
    const int64_t panels = n / TILE_NR;
    if (panels == 0) return 0;
    const int by_columns = row_stride == 1 || column_stride == 0, all_tall = tiles.low == TILE_MR,
              way = rnni_goes_backwards(ahead) ? -1 : 1;
    hand_product p;
    p.k = k;
    p.fours = by_columns || (panel_stride == TILE_NR && column_stride == 1) ? k / 4 : 0;
    p.strips = column_stride == 0;
    p.row = 4 * row_stride;
    p.column = 4 * column_stride;
    p.panel_row = 4 * panel_stride;
    p.from_row = start == RNNI_FROM_C ? 4 * ldc : 0;
    p.c_row = 4 * ldc;
    p.row_stride = row_stride;
    p.ldc = ldc;
    p.tall = all_tall ? tiles.count : tiles.taller;
    p.low = tiles.count - p.tall;
    p.panels = panels;
    p.distance = way * distance;
    p.columns = way * TILE_NR;
    p.from_columns = start == RNNI_FROM_BIAS ? p.columns : 0;
    p.lines = hand_takes_lines(tiles, n, k, panel_stride) ? 4 * p.fours : 0;
    p.ahead = ahead;
    const int64_t first = way < 0 ? panels - 1 : 0;
    const float *from = start == RNNI_FROM_BIAS ? bias + first * TILE_NR : zeros;
    b += first * distance;
    c += first * TILE_NR;
    if (tiles.low == 4) (by_columns ? columns_5_4 : rows_5_4)(&p, a, b, from, c);
    else (by_columns ? columns_6_5 : rows_6_5)(&p, a, b, from, c);
    return panels * TILE_NR;
}

#endif
#endif
