/* SPDX-License-Identifier: MIT */
#include "report/chart.h"
#include "core/error.h"
#include "report/axis.h"

#include <stdio.h>
#include <string.h>

rnn_status_t rnni_chart_read(const char *call, const rnn_chart_t *given, rnn_chart_t *chart)
{
    rnn_chart_t made = { .struct_size = sizeof(made) };
    if (given) {
        RNNI_REQUIRE(given->struct_size >= sizeof(given->struct_size), RNN_ERROR_ARGUMENT,
                     "%s: struct_size of the chart is not set", call);
        memcpy(&made, given, given->struct_size < sizeof(made) ? given->struct_size : sizeof(made));
    }
    if (made.x_step == 0) made.x_first = made.x_step = 1;
    RNNI_REQUIRE(rnni_axis_shows(made.x_first, false) && rnni_axis_shows(made.x_step * 1e20, false),
                 RNN_ERROR_RANGE, "%s: x_first or x_step of the chart is no useful number", call);
    *chart = made;
    return RNN_OK;
}

const char *rnni_class_name(const char *const *names, int64_t number, char room[RNNI_CLASS_SIZE])
{
    if (names) return names[number];
    snprintf(room, RNNI_CLASS_SIZE, "%lld", (long long)number);
    return room;
}

rnn_status_t rnni_class_names_check(const char *call, const char *const *names, int64_t count)
{
    for (int64_t i = 0; names && i < count; i++)
        RNNI_REQUIRE(names[i], RNN_ERROR_ARGUMENT, "%s: the name of class %lld is NULL", call, (long long)i);
    return RNN_OK;
}
