/* SPDX-License-Identifier: MIT */
enum { POINTS = 200 };
#include "failure/kill.h"
