/* SPDX-License-Identifier: MIT */
enum { POINTS = 40 };
#include "failure/kill.h"
