/* SPDX-License-Identifier: MIT */
#ifndef RNNI_OPS_H
#define RNNI_OPS_H

#include "layers/run.h"

#define RNNI_OP(name) extern const rnni_op rnni_op_##name;
#include "layers/ops.def"
#undef RNNI_OP

#endif
