/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/text_mutants.h"
