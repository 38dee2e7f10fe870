/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 10000 };
#include "fuzz/model_mutants.h"
