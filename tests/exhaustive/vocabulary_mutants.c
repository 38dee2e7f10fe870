/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/vocabulary_mutants.h"
