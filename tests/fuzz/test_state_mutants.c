/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/state_mutants.h"
