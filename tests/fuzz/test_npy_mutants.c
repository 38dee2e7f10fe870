/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/npy_mutants.h"
