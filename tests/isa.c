/* SPDX-License-Identifier: MIT */
/* Prints the names of the instruction sets that the library can use on this machine, one a line, least first: the values
 * of RNN_ISA that the test scripts go through. */
#include <rnn/context.h>
#include <stdio.h>

int main(void)
{
    rnn_context_t *context = rnn_context_create(NULL);
    int32_t known = 0;
    for (int64_t isa = RNN_ISA_SCALAR; context && isa <= RNN_ISA_NEON; isa++) {
        if (rnn_context_set_int(context, RNN_CONTEXT_ISA, isa) != RNN_OK) continue;
        const char *name = rnn_context_isa_name(context);
        if (name && puts(name) >= 0) known++;
    }
    rnn_context_free(context);
    return known == 0;
}
