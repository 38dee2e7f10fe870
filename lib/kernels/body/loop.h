/* SPDX-License-Identifier: MIT */
/* How the bodies walk over n numbers: `i` is the position of a vector, `live` how many of its lanes hold
 * numbers. The last vector goes through the same code with fewer lanes, so a number's result does not depend
 * on where it stands. */
#ifndef RNNI_BODY_LOOP_H
#define RNNI_BODY_LOOP_H

#define VEC_LOOP(i, live, n)                                                                      \
    for (int64_t i = 0, live = VEC_WIDTH;                                                         \
         i < (n) && ((live = (n) - i < VEC_WIDTH ? (n) - i : VEC_WIDTH), 1); i += VEC_WIDTH)

/* The same two vectors at a time: the statement is compiled with w = 2 for `left` = two vectors' numbers from
 * i on, and with w = 1 for what is left after these. */
#define VEC_PAIRS(i, left, n, ...)                                                       \
    do {                                                                                 \
        int64_t i = 0;                                                                   \
        for (; (n) - i >= 2 * VEC_WIDTH; i += 2 * VEC_WIDTH) {                           \
            enum { w = 2 };                                                              \
            const int64_t left = 2 * VEC_WIDTH;                                          \
            __VA_ARGS__;                                                                 \
        }                                                                                \
        for (; i < (n); i += VEC_WIDTH) {                                                \
            enum { w = 1 };                                                              \
            const int64_t left = (n) - i;                                                \
            __VA_ARGS__;                                                                 \
        }                                                                                \
    } while (0)

/* Some vectors side by side, and the statement for j = 0, 1, ... w - 1 of them, where w is a constant of at
 * most MOST_ABREAST: without a loop, so that they stay in registers. */
enum { MOST_ABREAST = 6 };
typedef vec abreast[MOST_ABREAST];
#define ABREAST(w, ...)                          \
    do {                                         \
        ABREAST_ONE(0, w, __VA_ARGS__)           \
        ABREAST_ONE(1, w, __VA_ARGS__)           \
        ABREAST_ONE(2, w, __VA_ARGS__)           \
        ABREAST_ONE(3, w, __VA_ARGS__)           \
        ABREAST_ONE(4, w, __VA_ARGS__)           \
        ABREAST_ONE(5, w, __VA_ARGS__)           \
    } while (0)
#define ABREAST_ONE(number, w, ...)              \
    if (number < (w)) {                          \
        enum { j = number };                     \
        __VA_ARGS__;                             \
    }

/* For functions whose first parameters are constants, and for those that need all registers. */
#ifdef __GNUC__
#define BODY_INLINE static inline __attribute__((always_inline))
#define BODY_APART static __attribute__((noinline))
#else
#define BODY_INLINE static inline
#define BODY_APART static
#endif

/* The number or pointer stays what it is, and the compiler does not know it: what it has computed from it
 * before a loop that needs all registers, and needs behind it, it computes again. Else it keeps that in
 * vector registers, and the ways there and back stand in the queue of the multiply-adds. */
#ifdef __GNUC__
#define FORGET(x) __asm__("" : "+r"(x))
#else
#define FORGET(x) (void)(x)
#endif

/* w vectors of which `left` numbers are there, from memory and back. */
BODY_INLINE void load_abreast(const int w, const rnni_real *from, int64_t left, vec *x)
{
    ABREAST(w, x[j] = v_load_n(from + j * VEC_WIDTH, left - j * VEC_WIDTH));
}

BODY_INLINE void store_abreast(const int w, const vec *x, rnni_real *to, int64_t left)
{
    ABREAST(w, v_store_n(to + j * VEC_WIDTH, x[j], left - j * VEC_WIDTH));
}

/* KERNEL(panels) is panels_scalar, panels_avx2... : names that tell in a profile which table ran. */
#define KERNEL_JOIN(name, isa) name##_##isa
#define KERNEL_NAME(name, isa) KERNEL_JOIN(name, isa)
#define KERNEL(name) KERNEL_NAME(name, KERNEL_ISA)

#endif
