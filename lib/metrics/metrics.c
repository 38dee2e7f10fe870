/* SPDX-License-Identifier: MIT */
#include "metrics/metrics.h"
#include "core/memory.h"

#include <math.h>

rnn_status_t rnni_counts_init(rnni_counts *counts, rnn_context_t *context, int64_t classes)
{
    size_t needed;
    if (!rnni_mul((size_t)classes, 3, &needed)) needed = SIZE_MAX;
    int64_t *block = classes ? rnni_alloc_array(context, needed, sizeof(*block)) : NULL;
    if (classes && !block) return RNN_ERROR_MEMORY;
    *counts = (rnni_counts){ .classes = classes };
    if (!classes) return RNN_OK;
    counts->members = block;
    counts->answered = block + classes;
    counts->found = block + 2 * classes;
    return RNN_OK;
}

void rnni_counts_release(rnni_counts *counts, rnn_context_t *context)
{
    rnni_free(context, counts->members, (size_t)counts->classes * 3 * sizeof(*counts->members));
    *counts = (rnni_counts){ 0 };
}

void rnni_counts_clear(rnni_counts *counts)
{
    counts->right = counts->total = 0;
    if (counts->classes) memset(counts->members, 0, (size_t)counts->classes * 3 * sizeof(*counts->members));
}

void rnni_counts_add(rnni_counts *counts, int64_t target, int64_t answer)
{
    counts->total++;
    counts->right += target == answer;
    if (!counts->classes) return;
    counts->members[target]++;
    counts->answered[answer]++;
    counts->found[target] += target == answer;
}

double rnni_accuracy(const rnni_counts *counts)
{
    return counts->total ? (double)counts->right / (double)counts->total : NAN;
}

double rnni_macro_recall(const rnni_counts *counts)
{
    double sum = 0;
    int64_t occurring = 0;
    for (int64_t c = 0; c < counts->classes; c++) {
        if (!counts->members[c]) continue;
        occurring++;
        sum += (double)counts->found[c] / (double)counts->members[c];
    }
    return occurring ? sum / (double)occurring : NAN;
}

double rnni_macro_f1(const rnni_counts *counts)
{
    double sum = 0;
    int64_t occurring = 0;
    for (int64_t c = 0; c < counts->classes; c++) {
        int64_t both = counts->members[c] + counts->answered[c];
        if (!both) continue;
        occurring++;
        sum += 2 * (double)counts->found[c] / (double)both;
    }
    return occurring ? sum / (double)occurring : NAN;
}

int64_t rnni_argmax(int64_t n, const rnni_real *x)
{
    enum { LANES = 16 }; /* largest numbers of their own, as a vocabulary's row is long */
    rnni_real most[LANES], top = x[0];
    int64_t i = 0, best = 0;
    if (top != top) return 0; /* no other number is larger than NaN */
    for (int lane = 0; lane < LANES; lane++) most[lane] = top;
    for (; n - i >= LANES; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            most[lane] = x[i + lane] > most[lane] ? x[i + lane] : most[lane];
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    for (int lane = 0; lane < LANES; lane++) top = most[lane] > top ? most[lane] : top;
    while (x[best] != top) best++;
    return best;
}
