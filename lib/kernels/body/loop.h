/* SPDX-License-Identifier: MIT */
/* How the bodies walk over n numbers: `i` is the position of a vector, `live` how many of its lanes hold
 * numbers. The last vector goes through the same code with fewer lanes, so a number's result does not depend
 * on where it stands. */
#ifndef RNNI_BODY_LOOP_H
#define RNNI_BODY_LOOP_H

#define VEC_LOOP(i, live, n)                                                                      \
    for (int64_t i = 0, live = VEC_WIDTH;                                                         \
         i < (n) && ((live = (n) - i < VEC_WIDTH ? (n) - i : VEC_WIDTH), 1); i += VEC_WIDTH)

/* KERNEL(tile) is tile_scalar, tile_avx2... : names that tell in a profile which table ran. */
#define KERNEL_JOIN(name, isa) name##_##isa
#define KERNEL_NAME(name, isa) KERNEL_JOIN(name, isa)
#define KERNEL(name) KERNEL_NAME(name, KERNEL_ISA)

#endif
