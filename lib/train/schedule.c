/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>

/* Learning rates as closed forms of where the run stands; a plateau's depends on what was measured. */

static double setting_of(const double *settings, int32_t id) { return settings[id - 1]; }

/* From 1 at x = 0 to 0 at x = 1, half a cosine. */
static double fall(double x) { return 0.5 * (1 + cos(acos(-1) * (x < 1 ? x : 1))); }

/* RNN_TRAIN_SCHEDULE_EPOCHS, where 0 stands for `standard`. */
static double epochs_of(const double *settings, double standard)
{
    double epochs = setting_of(settings, RNN_TRAIN_SCHEDULE_EPOCHS);
    if (epochs > 0) return epochs;
    return standard > 0 ? standard : 1;
}

/* Smith and Topin 2017, as PyTorch has it: up from base / 25 over the first part, then down to 1 / 10,000 of
 * that. */
static double one_cycle(double base, double x, double rise)
{
    double start = base / 25, end = start / 1e4;
    if (x < rise) return base + (start - base) * fall(x / rise);
    return end + (base - end) * (rise < 1 ? fall((x - rise) / (1 - rise)) : 1);
}

/* Without warm-up and lower end. */
static double plain_rate(const double *settings, double base, const rnni_moment *m)
{
    const double factor = setting_of(settings, RNN_TRAIN_SCHEDULE_FACTOR);
    const double least = setting_of(settings, RNN_TRAIN_MINIMUM_RATE);
    switch ((int)setting_of(settings, RNN_TRAIN_SCHEDULE)) {
    case RNN_SCHEDULE_STEP: return base * pow(factor, floor(floor(m->epoch) / epochs_of(settings, 1)));
    case RNN_SCHEDULE_EXPONENTIAL: return base * pow(factor, floor(m->epoch) / epochs_of(settings, 1));
    case RNN_SCHEDULE_COSINE:
        if (base < least) return base;
        return least + (base - least) * fall(m->epoch / epochs_of(settings, (double)m->epochs));
    case RNN_SCHEDULE_ONE_CYCLE:
        return one_cycle(base, m->epoch / epochs_of(settings, (double)m->epochs),
                         setting_of(settings, RNN_TRAIN_CYCLE_RISE));
    case RNN_SCHEDULE_PLATEAU: return base * pow(factor, (double)m->drops);
    default: return base;
    }
}

double rnni_schedule_rate(const double *settings, double base, const rnni_moment *m)
{
    double rate = plain_rate(settings, base, m), least = setting_of(settings, RNN_TRAIN_MINIMUM_RATE);
    double warmup = setting_of(settings, RNN_TRAIN_WARMUP), done = (double)m->updates + 1;
    if (least > base) least = base;
    if (rate < least && setting_of(settings, RNN_TRAIN_SCHEDULE) != RNN_SCHEDULE_ONE_CYCLE) rate = least;
    return done < warmup ? rate * done / warmup : rate;
}

void rnni_plateau_epoch(const double *settings, double base, double value, rnni_plateau *p)
{
    bool improved = !p->any || value > p->best + setting_of(settings, RNN_TRAIN_PLATEAU_DELTA);
    if (p->rest > 0) {
        p->rest--;
        p->waited = 0;
    }
    if (improved) {
        p->best = value;
        p->any = true;
        p->waited = 0;
    } else if (p->rest == 0 && ++p->waited >= (int64_t)epochs_of(settings, 10)) {
        rnni_moment now = { 0, 0, 0, p->drops };
        if (plain_rate(settings, base, &now) > setting_of(settings, RNN_TRAIN_MINIMUM_RATE)) {
            p->drops++;
            p->rest = (int64_t)setting_of(settings, RNN_TRAIN_PLATEAU_COOLDOWN);
        }
        p->waited = 0;
    }
}
