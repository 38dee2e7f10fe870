/* SPDX-License-Identifier: MIT */
/** @file rnn.h
 * librnn: recurrent networks, trained and run in C. Include this file alone; read the others in this
 * order. */
#ifndef RNN_H
#define RNN_H

#include <rnn/export.h>
#include <rnn/version.h>
#include <rnn/status.h>
#include <rnn/context.h>
#include <rnn/tensor.h>
#include <rnn/io.h>
#include <rnn/text.h>
#include <rnn/metrics.h>
#include <rnn/data.h>
#include <rnn/layer.h>
#include <rnn/model.h>
#include <rnn/precision.h>
#include <rnn/state.h>
#include <rnn/loss.h>
#include <rnn/optim.h>
#include <rnn/report.h>
#include <rnn/train.h>
#include <rnn/serial.h>

#endif
