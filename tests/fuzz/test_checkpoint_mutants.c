/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/checkpoint_mutants.h"
