/* SPDX-License-Identifier: MIT */
#ifndef RNNI_SORT_H
#define RNNI_SORT_H

#include <stddef.h>

/* Heap sort of pointers: in place, O(n log n) on any input. The C library's qsort may allocate behind the
 * context's allocator, and may be quadratic on input that was made for it. Not stable: `compare` must tell
 * all items apart that are to have an order. */
typedef int (*rnni_compare)(const void *a, const void *b);

static inline void rnni_sift_down(const void **items, size_t root, size_t count, rnni_compare compare)
{
    const void *moved = items[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(items[child], items[child + 1]) < 0) child++;
        if (compare(moved, items[child]) >= 0) break;
        items[root] = items[child];
    }
    items[root] = moved;
}

static inline void rnni_sort(const void **items, size_t count, rnni_compare compare)
{
    for (size_t i = count / 2; i-- > 0;) rnni_sift_down(items, i, count, compare);
    for (size_t left = count; left > 1; left--) {
        const void *largest = items[0];
        items[0] = items[left - 1];
        items[left - 1] = largest;
        rnni_sift_down(items, 0, left - 1, compare);
    }
}

#endif
