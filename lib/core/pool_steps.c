/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "core/memory.h"

#include <sched.h>
#include <stdbool.h>

/* Steps on top of rnni_parallel, for either backend. Member m of the team owns parts m, m + members, ...
 * Nothing here relies on the members running at the same time, or at all: whoever has finished a step's own
 * parts and finds another's unclaimed after some patience claims it. So one member alone comes to the end as
 * well, and the others find nothing left. Only a part that is being worked on has to be waited for. */

enum { PATIENCE = 64, SPINS = 4000 }; /* pauses: before a part is taken over; before the processor is given
                                         away */

/* How many steps of a part were claimed by somebody, and how many of them are done. Step s may be claimed
 * once s steps of all parts are done. Each word in a cache line of its own: waiting reads only `done`. */
typedef struct part {
    _Alignas(RNNI_ALIGNMENT) _Atomic int64_t claimed;
    _Alignas(RNNI_ALIGNMENT) _Atomic int64_t done;
} part;

typedef struct team {
    int64_t steps, parts, members;
    void (*work)(int64_t step, int64_t part, void *argument);
    void *argument;
    part part[RNNI_MOST_PARTS];
} team;

static bool take(team *t, int64_t p, int64_t step)
{
    int64_t claimed = step;
    if (!atomic_compare_exchange_strong(&t->part[p].claimed, &claimed, step + 1)) return false;
    t->work(step, p, t->argument);
    atomic_store_explicit(&t->part[p].done, step + 1, memory_order_release);
    return true;
}

/* Until `step` of part p is done. An owner that was `absent` is not waited for until it is seen to work
 * again. */
static void finish(team *t, int64_t p, int64_t step, bool *absent)
{
    for (int spins = 0; atomic_load_explicit(&t->part[p].done, memory_order_acquire) <= step; spins++) {
        if ((*absent || spins >= PATIENCE) && atomic_load(&t->part[p].claimed) == step && take(t, p, step)) {
            *absent = true;
            return;
        }
        if (spins < SPINS) rnni_relax();
        else spins = SPINS, sched_yield();
    }
    *absent = false;
}

static void run_member(int64_t member, void *argument)
{
    team *t = argument;
    bool absent[RNNI_MOST_PARTS] = { false };
    for (;;) {
        /* further on than this member left it, where others took over */
        int64_t step = atomic_load(&t->part[member].claimed);
        for (int64_t p = 0; step > 0 && p < t->parts; p++) finish(t, p, step - 1, &absent[p]);
        if (step == t->steps) return;
        for (int64_t p = member; p < t->parts; p += t->members) take(t, p, step);
    }
}

void rnni_parallel_steps(rnn_context_t *context, int64_t steps, int64_t parts,
                         void (*work)(int64_t step, int64_t part, void *argument), void *argument)
{
    int64_t members = rnni_processor_count();
    team t = { .steps = steps, .parts = parts, .work = work, .argument = argument };
    if (members > context->threads) members = context->threads;
    if (members > parts) members = parts;
    t.members = members;
    rnni_parallel(context, members, run_member, &t);
}
