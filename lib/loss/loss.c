/* SPDX-License-Identifier: MIT */
#include "loss/loss.h"

#include <float.h>
#include <stddef.h>

const rnni_setting rnni_loss_settings[RNNI_LOSS_SETTINGS] = {
    { RNN_LOSS_WEIGHT, RNN_SETTING_FLOAT, "weight", 0, DBL_MAX, 1, NULL },
    { RNN_LOSS_LABEL_SMOOTHING, RNN_SETTING_FLOAT, "label_smoothing", 0, 1 - DBL_EPSILON / 2, 0, NULL },
    { RNN_LOSS_IGNORE, RNN_SETTING_INT, "ignore", -1, 2147483647.0, -1, NULL },
    { RNN_LOSS_DELTA, RNN_SETTING_FLOAT, "delta", 1e-30, 1e30, 1, NULL },
};

/* THE LIST of losses: one file and one row here for each. */
extern const rnni_loss rnni_loss_binary_cross_entropy, rnni_loss_cross_entropy, rnni_loss_mse, rnni_loss_mae,
    rnni_loss_huber;

static const rnni_loss *const losses[] = {
    &rnni_loss_binary_cross_entropy,
    &rnni_loss_cross_entropy,
    &rnni_loss_mse,
    &rnni_loss_mae,
    &rnni_loss_huber,
};

const rnni_loss *rnni_loss_at(int index)
{
    return index >= 0 && index < (int)(sizeof(losses) / sizeof(losses[0])) ? losses[index] : NULL;
}

const rnni_loss *rnni_loss_find(int32_t id)
{
    for (int i = 0; rnni_loss_at(i); i++)
        if (losses[i]->id == id) return losses[i];
    return NULL;
}

bool rnni_loss_takes(const rnni_loss *loss, int32_t setting)
{
    for (const int32_t *id = loss->settings; *id; id++)
        if (*id == setting) return true;
    return false;
}
