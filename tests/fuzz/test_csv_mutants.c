/* SPDX-License-Identifier: MIT */
enum { MUTANTS = 5000 };
#include "fuzz/csv_mutants.h"
