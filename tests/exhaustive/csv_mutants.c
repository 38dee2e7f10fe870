/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 100000 };
#include "fuzz/csv_mutants.h"
