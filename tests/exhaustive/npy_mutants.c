/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/npy_mutants.h"
