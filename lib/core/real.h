/* SPDX-License-Identifier: MIT */
#ifndef RNNI_REAL_H
#define RNNI_REAL_H

/* The number that cells, layers, losses and scalar kernels compute with. The library is built with float;
 * the tests build it a second time with double (RNNI_REAL_IS_DOUBLE), scalar kernels only, for finite
 * differences. */
#ifdef RNNI_REAL_IS_DOUBLE
typedef double rnni_real;
#define RNNI_REAL_DTYPE RNN_F64
#else
typedef float rnni_real;
#define RNNI_REAL_DTYPE RNN_F32
#endif

#endif
