/* SPDX-License-Identifier: MIT */
/* The micro-kernel of AVX2 where a tile is full: 4 to 6 rows, 16 columns. The same sums in the same order as
 * body/tile.h, with registers chosen by hand: compilers spill some of the sums as soon as k goes in steps of
 * four, and without that a step is 23 instructions for its 12 multiply-adds, three of them for the loop. That
 * costs nothing on a core of one's own, and a tenth where the core's other thread is busy and each may issue
 * three a cycle.
 *
 *   ymm0, ymm1    16 columns of B             ymm2, ymm3    a number of A in all lanes, of two rows in turn
 *   ymm4 ... 15   sums, two a row
 *
 * A's rows are addressed from two of them, a and a3 (three rows down), and one distance. A step of k moves A
 * by `column` bytes and the panel by `panel_row`; four steps at once where those are known: A's rows
 * contiguous or in strips (gemm.c), the panel packed. */
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

enum { HAND_LEAST = 4 };

/* What a row does in one step: `number` is the address of A's number. */
#define HAND_PAIR(x, sum0, sum1)                       \
    "vfmadd231ps %%ymm0, %%ymm" x ", %%ymm" sum0 "\n\t" \
    "vfmadd231ps %%ymm1, %%ymm" x ", %%ymm" sum1 "\n\t"
#define HAND_ROW(number, x, sum0, sum1) "vbroadcastss " number ", %%ymm" x "\n\t" HAND_PAIR(x, sum0, sum1)
#define HAND_COLUMNS(at0, at1) "vmovups " at0 "(%[panel]), %%ymm0\n\tvmovups " at1 "(%[panel]), %%ymm1\n\t"

/* One step; `at` is a distance in bytes from a. */
#define HAND_STEP_4(at)                                                                            \
    HAND_ROW(at "(%[a])", "2", "4", "5") HAND_ROW(at "(%[a], %[row])", "3", "6", "7")              \
    HAND_ROW(at "(%[a], %[row], 2)", "2", "8", "9") HAND_ROW(at "(%[a3])", "3", "10", "11")
#define HAND_STEP_5(at) HAND_STEP_4(at) HAND_ROW(at "(%[a3], %[row])", "2", "12", "13")
#define HAND_STEP_6(at) HAND_STEP_5(at) HAND_ROW(at "(%[a3], %[row], 2)", "3", "14", "15")

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

/* The tile of `rows` rows: first steps in fours, with A's numbers 0, at1, at2, at3 bytes from a, then those
 * that are left, one by one. Distances in bytes. */
#define HAND_TILE(name, rows, at1, at2, at3)                                                                 \
    BODY_INLINE void name(int64_t k, int64_t fours, const float *a, int64_t row, int64_t column,             \
                          const float *panel, int64_t panel_row, const float *from, int64_t from_row,        \
                          float *c, int64_t c_row)                                                           \
    {                                                                                                        \
        const char *a3 = (const char *)a + 3 * row;                                                          \
        int64_t rest = k - 4 * fours;                                                                        \
        __asm__ volatile(HAND_EACH_##rows(HAND_LOAD, "%[from]", "%[from_row]")                               \
                         "test %[fours], %[fours]\n\t"                                                       \
                         "jz 2f\n\t"                                                                         \
                         ".p2align 4\n"                                                                      \
                         "1:\n\t"                                                                            \
                         HAND_COLUMNS("", "32") HAND_STEP_##rows("")                                         \
                         HAND_COLUMNS("64", "96") HAND_STEP_##rows(at1)                                      \
                         HAND_COLUMNS("128", "160") HAND_STEP_##rows(at2)                                    \
                         HAND_COLUMNS("192", "224") HAND_STEP_##rows(at3)                                    \
                         "lea (%[a], %[column], 4), %[a]\n\t"                                                \
                         "lea (%[a3], %[column], 4), %[a3]\n\t"                                              \
                         "add $256, %[panel]\n\t"                                                            \
                         "dec %[fours]\n\t"                                                                  \
                         "jnz 1b\n"                                                                          \
                         "2:\n\t"                                                                            \
                         "test %[rest], %[rest]\n\t"                                                         \
                         "jz 4f\n"                                                                           \
                         "3:\n\t"                                                                            \
                         HAND_COLUMNS("", "32") HAND_STEP_##rows("")                                         \
                         "add %[column], %[a]\n\t"                                                           \
                         "add %[column], %[a3]\n\t"                                                          \
                         "add %[panel_row], %[panel]\n\t"                                                    \
                         "dec %[rest]\n\t"                                                                   \
                         "jnz 3b\n"                                                                          \
                         "4:\n\t"                                                                            \
                         HAND_EACH_##rows(HAND_STORE, "%[c]", "%[c_row]")                                    \
                         : [rest] "+&r"(rest), [fours] "+&r"(fours), [a] "+&r"(a), [a3] "+&r"(a3),           \
                           [panel] "+&r"(panel), [from] "+&r"(from), [c] "+&r"(c)                            \
                         : [row] "r"(row), [column] "r"(column), [panel_row] "rm"(panel_row),                \
                           [from_row] "r"(from_row), [c_row] "r"(c_row)                                      \
                         : "cc", "memory", "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7",   \
                           "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "ymm13", "ymm14", "ymm15");            \
    }

/* ISO C asks compilers for no more than 4095 characters of a string; those that have assembler take more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
HAND_TILE(hand_rows_4, 4, "4", "8", "12")
HAND_TILE(hand_rows_5, 5, "4", "8", "12")
HAND_TILE(hand_rows_6, 6, "4", "8", "12")
HAND_TILE(hand_strips_4, 4, "16", "32", "48")
HAND_TILE(hand_strips_5, 5, "20", "40", "60")
HAND_TILE(hand_strips_6, 6, "24", "48", "72")
#pragma GCC diagnostic pop

BODY_INLINE void tile_by_hand(int64_t rows, int64_t k, const float *a, int64_t row_stride,
                              int64_t column_stride, const float *panel, int64_t panel_stride, int start,
                              const float *bias, float *c, int64_t ldc)
{
    static const float zeros[16];
    const float *from = start == RNNI_FROM_C ? c : start == RNNI_FROM_BIAS ? bias : zeros;
    const int strips = row_stride == 1 && column_stride == rows;
    const int64_t fours = panel_stride == 16 && (strips || column_stride == 1) ? k / 4 : 0,
                  from_row = start == RNNI_FROM_C ? 4 * ldc : 0;
#define HAND_CALL(name) \
    name(k, fours, a, 4 * row_stride, 4 * column_stride, panel, 4 * panel_stride, from, from_row, c, 4 * ldc)
#define HAND_HEIGHT(rows) strips ? HAND_CALL(hand_strips_##rows) : HAND_CALL(hand_rows_##rows)
    if (rows == 6) HAND_HEIGHT(6);
    else if (rows == 5) HAND_HEIGHT(5);
    else HAND_HEIGHT(4);
#undef HAND_HEIGHT
#undef HAND_CALL
}

#endif
#endif
