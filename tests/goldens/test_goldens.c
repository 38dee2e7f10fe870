/* SPDX-License-Identifier: MIT */
/* Reference cases of PyTorch in float64 (make_goldens.py): test_goldens [FOLDER...]. Norm-wise error at most
 * 2e-5 a tensor, ten times that over hundreds of steps. GOLDENS_VERBOSE=1 names the worst tensor of the cases
 * that pass, too. */
#include "goldens/golden_main.h"

int main(int argc, char **argv)
{
    return golden_main(argc, argv, 2e-5);
}
