/* SPDX-License-Identifier: MIT */
/* Eighths of powers of two, for v_eighth_power (vec_scalar.h). */
#ifndef RNNI_VEC_EIGHTHS_H
#define RNNI_VEC_EIGHTHS_H

#include <stdint.h>

/* Whole numbers n in the last bits of a float: n + 1.5 * 2^23, for |n| < 2^22. */
#define EIGHTHS_SHIFT 12582912.0f

/* The bits of the float 2^(k / 8) / 2, less k << 20. As bit 20 + 3 is the lowest of the exponent, adding
 * n << 20 for any whole n with n mod 8 = k puts k << 20 back and makes it 2^(n / 8) / 2. */
static const uint32_t eighth_powers[8] = {
    0x3f000000, 0x3efb95c2, 0x3ef837f0, 0x3ef5fed7,
    0x3ef504f3, 0x3ef5672a, 0x3ef744fd, 0x3efac0c7,
};

#endif
