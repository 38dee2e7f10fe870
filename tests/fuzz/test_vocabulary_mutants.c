/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/vocabulary_mutants.h"
