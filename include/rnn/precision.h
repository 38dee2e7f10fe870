/* SPDX-License-Identifier: MIT */
/** @file precision.h
 * Reduced precision for running models: weights in 8 or 16 bits, chosen at run time.
 *
 * A precision covers every matrix of a model: both weights of each recurrent cell, those of dense layers, the
 * tables of embeddings. Biases, norms, gates and all states stay float. docs/precision.md has the arithmetic,
 * errors and figures. */
#ifndef RNN_PRECISION_H
#define RNN_PRECISION_H

#include <rnn/model.h>

RNN_BEGIN_DECLS

/** How matrices are kept and multiplied. Numbers never change. */
enum {
    /** As trained. */
    RNN_PRECISION_F32 = 0,
    /** Weights rounded to bfloat16 (relative error up to 2^-9), and what they are multiplied with, too; sums
     *  in float. Files and packed copies are half as large. Products take one instruction for two
     *  multiply-adds where the processor has AVX512-BF16, and have the same bits without it. Where it has AMX
     *  and Linux grants its tiles to the process, which the first packing of such weights asks for, products
     *  of three rows and more go through them, and all have other last bits (docs/precision.md). */
    RNN_PRECISION_BF16 = 1,
    /** Weights of 8 bits with a scale for each row of a matrix (error up to half a scale: largest weight of
     *  the row / 254). What they are multiplied with is rounded to 8 bits, too, with a scale for each vector:
     *  1/127 for a state that lies in [-1, 1], else the largest size / 127. Sums are exact integers. A
     *  quarter of the size; the fastest where weights fill a cache. */
    RNN_PRECISION_INT8 = 2,
    /** The same weights, but multiplied in float as if they had been trained so: the files of INT8 and less
     *  error, at the speed and memory of F32. */
    RNN_PRECISION_INT8_WEIGHTS = 3
};

/** Chooses the precision that the built model runs with from now on; the float weights are kept, and
 *  RNN_PRECISION_F32 goes back to them. A model that was loaded from a file of reduced precision has only
 *  what the file has: from INT8 or INT8_WEIGHTS it can go to the other one of the two, from BF16 nowhere.
 *
 *  For running alone: training steps on the model are refused with RNN_ERROR_STATE until it is F32 again.
 *  Needs the model alone (no run, step or training at the same time); steps of states made before are refused
 *  with RNN_ERROR_STATE. Runs, batches, threads and streams give the same bits as one another, as at F32.
 *
 *  rnn_model_save writes the weights in the model's precision, rnn_model_load comes back with it and gives
 *  the same bits; rnn_model_clone keeps it. rnn_model_weight shows the rounded weights as floats;
 *  rnn_model_set_weight and rnn_model_load_weights take float weights and round them.
 *
 *  Errors, with the model as it was: RNN_ERROR_STATE (not built, or loaded without float weights),
 *  RNN_ERROR_RANGE (no such precision), RNN_ERROR_DATA (a weight that is not finite), RNN_ERROR_MEMORY. */
RNN_API rnn_status_t rnn_model_set_precision(rnn_model_t *model, int32_t precision);

/** The precision a model runs with; RNN_PRECISION_F32 for NULL. */
RNN_API int32_t rnn_model_precision(const rnn_model_t *model);

/** "f32", "bf16", "int8", "int8_weights", or NULL. Static. */
RNN_API const char *rnn_precision_name(int32_t precision);

/** Bytes of the weights in the model's precision, scales included, without anything packed or padded: what
 *  they take in a file. 0 before the model is built. */
RNN_API int64_t rnn_model_weight_bytes(const rnn_model_t *model);

RNN_END_DECLS

#endif
