/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CHART_H
#define RNNI_CHART_H

#include <rnn/report.h>

/* The caller's labels with what is missing filled in; NULL is fine. */
rnn_status_t rnni_chart_read(const char *call, const rnn_chart_t *given, rnn_chart_t *chart);

/* A name for class `number`: the caller's, or its number, which is written into `room`. */
#define RNNI_CLASS_SIZE 24
const char *rnni_class_name(const char *const *names, int64_t number, char room[RNNI_CLASS_SIZE]);
/* No name is missing. */
rnn_status_t rnni_class_names_check(const char *call, const char *const *names, int64_t count);

#endif
