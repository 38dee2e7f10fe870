/* SPDX-License-Identifier: MIT */
#include "layers/ops.h"
#include "layers/precision.h"
#include "layers/recurrent.h"

/* An embedding that only a recurrent layer reads is folded into it when a batch has more steps than the
 * vocabulary has words: the table is multiplied once instead of every step's row,
 *
 *   P = b + E W^T   [vocabulary][gates h]          then  b + W x_row = P[id(row)], the same bits,
 *
 * and on the way back the gradients of all steps are first added up by word,
 *
 *   dP[id] = sum over its rows of dz               dW += dP^T E      dE += dP W.
 *
 * The choice depends on the batch's size and the layers' shapes alone. */

/* Steps a word must have on average for folding to pay, and the largest table it is done for. */
enum { STEPS_A_WORD = 2 };
static const int64_t LARGEST = (int64_t)1 << 25;

static int64_t columns(const rnni_recurrent *r) { return r->cell->gates * r->h; }

static const rnni_node *folded_embedding(const rnni_node *node)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    return embedding->folds_into == node ? embedding : NULL;
}

static int64_t vocabulary_of(const rnni_node *embedding) { return embedding->weights[0].shape[0]; }

int64_t rnni_recurrent_shared_size(const rnni_node *node, int64_t rows, bool training)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = folded_embedding(node);
    if (!embedding || (training && (r->dropout > 0 || r->input_mask))) return 0;
    int64_t vocabulary = vocabulary_of(embedding), table = vocabulary * columns(r) * r->directions;
    return rows < STEPS_A_WORD * vocabulary || table > LARGEST ? 0 : table * (training ? 2 : 1);
}

/* Tables of the directions, then, in training, their gradients. */
static rnni_real *table_at(const rnni_node *node, rnni_real *shared, int32_t pass, bool gradient)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return shared + (pass + (gradient ? r->directions : 0)) * vocabulary_of(node->inputs[RNNI_RECURRENT_X]) *
                        columns(r);
}

const rnni_real *rnni_recurrent_table(const rnni_node *node, const rnni_run *run, int32_t pass)
{
    rnni_real *shared = rnni_run_shared(run, node);
    return shared && pass < rnni_recurrent_of(node)->directions ? table_at(node, shared, pass, false) : NULL;
}

/* ---- forward: pieces of the projected table */

enum { WORDS = 512 };

static int64_t word_pieces(const rnni_node *node)
{
    return (vocabulary_of(node->inputs[RNNI_RECURRENT_X]) + WORDS - 1) / WORDS;
}

int64_t rnni_recurrent_before_pieces(const rnni_node *node, const rnni_whole *whole)
{
    return whole->shared[node->id] ? word_pieces(node) * rnni_recurrent_of(node)->directions : 0;
}

/* The words of a piece: [*first, *first + *count) of pass *pass. */
static void piece_of(const rnni_node *node, int64_t piece, int32_t *pass, int64_t *first, int64_t *count)
{
    int64_t left;
    *pass = (int32_t)(piece / word_pieces(node));
    *first = piece % word_pieces(node) * WORDS;
    left = vocabulary_of(node->inputs[RNNI_RECURRENT_X]) - *first;
    *count = left < WORDS ? left : WORDS;
}

void rnni_recurrent_before(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    int64_t first, count, n = embedding->features;
    int32_t pass;
    piece_of(node, piece, &pass, &first, &count);
    const rnni_real *words = rnni_weight_at(embedding, whole->graph->weights, 0) + first * n;
    rnni_recurrent_input_product(node, node->reduced, pass, whole->graph->kernels, count, words,
                                 table_at(node, whole->shared[node->id], pass, false) + first * columns(r),
                                 columns(r));
}

/* ---- backward: stage 0 adds up dz by word, stage 1 gives dE, stage 2 gives dW */

static int64_t piece_columns(const rnni_node *node)
{
    return rnni_table_share(node, columns(rnni_recurrent_of(node)));
}

static int64_t column_pieces(const rnni_node *node)
{
    return (columns(rnni_recurrent_of(node)) + piece_columns(node) - 1) / piece_columns(node);
}

/* Rows of dW in slices for threads, of all directions; and how many pieces may be at work at once: each has a
 * run's scratch. */
static int64_t weight_slices(const rnni_node *node)
{
    return column_pieces(node) * rnni_recurrent_of(node)->directions;
}

static int64_t weight_pieces(const rnni_node *node, const rnni_whole *whole)
{
    return weight_slices(node) < whole->count ? weight_slices(node) : whole->count;
}

int64_t rnni_recurrent_after_pieces(const rnni_node *node, const rnni_whole *whole, int stage)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    if (!whole->shared[node->id]) return 0;
    return stage == 0   ? column_pieces(node) * r->directions
           : stage == 1 ? word_pieces(node)
           : stage == 2 ? weight_pieces(node, whole)
                        : 0;
}

/* Some columns of dP of one pass, from the rows of all shards in order. */
static void add_by_word(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    int32_t pass = (int32_t)(piece / column_pieces(node));
    int64_t most = piece_columns(node), first = piece % column_pieces(node) * most, n = columns(r),
            width = n - first < most ? n - first : most;
    rnni_real *sums = table_at(node, whole->shared[node->id], pass, true) + first;
    for (int64_t v = 0; v < vocabulary_of(embedding); v++)
        memset(sums + v * n, 0, (size_t)width * sizeof *sums);
    for (int32_t i = 0; i < whole->count; i++) {
        const rnni_run *run = &whole->runs[i];
        int64_t ldz;
        const rnni_real *dz = rnni_recurrent_dz(node, run, pass, &ldz);
        run->kernels->scatter_add(run->axes[node->axis].rows, width, run->slots[embedding->inputs[0]->id].ids,
                                  dz + first, ldz, sums, n);
    }
}

static void word_gradients(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    int64_t first, count, n = embedding->features;
    int32_t pass;
    piece_of(node, piece, &pass, &first, &count);
    rnni_real *to = whole->gradients + embedding->weights[0].offset + first * n;
    for (pass = 0; pass < r->directions; pass++)
        rnni_gemm_packed(whole->graph->kernels, count, n, columns(r),
                         table_at(node, whole->shared[node->id], pass, true) + first * columns(r), columns(r),
                         1, node->packed_backward + r->pass[pass].backward_ih, RNNI_FROM_C, NULL, to, n,
                         NULL);
}

static void input_weight_slice(const rnni_node *node, const rnni_whole *whole, int64_t slice,
                               rnni_real *scratch)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    int32_t pass = (int32_t)(slice / column_pieces(node));
    int64_t n = embedding->features, first = slice % column_pieces(node) * piece_columns(node),
            rows = columns(r) - first < piece_columns(node) ? columns(r) - first : piece_columns(node);
    rnni_gemm(whole->graph->kernels, rows, n, vocabulary_of(embedding),
              table_at(node, whole->shared[node->id], pass, true) + first, 1, columns(r),
              rnni_weight_at(embedding, whole->graph->weights, 0), n, 1, RNNI_FROM_C,
              whole->gradients + node->weights[r->pass[pass].weight_ih].offset + first * n, n, scratch);
}

static void input_weight_gradient(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    for (int64_t i = piece; i < weight_slices(node); i += weight_pieces(node, whole))
        input_weight_slice(node, whole, i, whole->runs[piece].scratch);
}

void rnni_recurrent_after(const rnni_node *node, const rnni_whole *whole, int stage, int64_t piece)
{
    const rnni_slot *slots = whole->runs[0].slots;
    if (stage == 0) add_by_word(node, whole, piece);
    else if (stage == 1 && slots[node->inputs[RNNI_RECURRENT_X]->id].learns)
        word_gradients(node, whole, piece);
    else if (stage == 2 && slots[node->id].learns) input_weight_gradient(node, whole, piece);
}
