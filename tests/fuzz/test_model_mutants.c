/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 2500 };
#include "fuzz/model_mutants.h"
