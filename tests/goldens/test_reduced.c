/* SPDX-License-Identifier: MIT */
/* The outputs of the reference cases at reduced precision: norm-wise error of an output at most 1e-2 with
 * bf16, 3e-2 with int8, 2e-2 with its weights alone (ten times that over hundreds of steps). test_goldens has
 * the cases themselves. */
#include "goldens/golden_main.h"

int main(void)
{
    static const double bounds[] = { 0, 1e-2, 3e-2, 2e-2 };
    char *program[] = { "test_reduced", "tests/goldens/cases", NULL };
    int failed = 0;
    for (golden_precision = RNN_PRECISION_BF16; golden_precision <= RNN_PRECISION_INT8_WEIGHTS;
         golden_precision++) {
        printf("%s\n", rnn_precision_name(golden_precision));
        failed |= golden_main(2, program, bounds[golden_precision]);
    }
    return failed;
}
