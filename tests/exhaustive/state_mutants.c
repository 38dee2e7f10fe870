/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/state_mutants.h"
