/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 50000 };
#include "fuzz/model_mutants.h"
