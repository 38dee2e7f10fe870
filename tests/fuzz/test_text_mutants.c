/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/text_mutants.h"
