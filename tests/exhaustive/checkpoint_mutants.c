/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/checkpoint_mutants.h"
