/* SPDX-License-Identifier: MIT */
/* The goldens against the library built in double: what is left is rounding, so that a formula that is nearly
 * right shows. */
#include "goldens/golden_main.h"

int main(int argc, char **argv)
{
    return golden_main(argc, argv, 1e-9);
}
