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
 * The choice depends on the batch's size and the layers' shapes alone, and on whether P is there already: a
 * model that is used and not trained keeps a small one from batch to batch and for its streams. */

/* Steps a word must have on average for folding to pay; numbers of the largest table it is done for in a
 * batch, and of the largest that is kept. */
enum { STEPS_A_WORD = 2 };
static const int64_t LARGEST = (int64_t)1 << 25, LARGEST_KEPT = (int64_t)1 << 19;

static int64_t columns(const rnni_recurrent *r) { return r->cell->gates * r->h; }

/* Numbers of the tables of all directions. */
static int64_t words_size(const rnni_recurrent *r) { return r->vocabulary * columns(r) * r->directions; }

static const rnni_node *folded_embedding(const rnni_node *node)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    return embedding->folds_into == node ? embedding : NULL;
}

int64_t rnni_recurrent_shared_size(const rnni_node *node, int64_t rows, bool training)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    if (!folded_embedding(node) || (training && (r->dropout > 0 || r->input_mask))) return 0;
    int64_t table = words_size(r);
    return rows < STEPS_A_WORD * r->vocabulary || table > LARGEST ? 0 : table * (training ? 2 : 1);
}

/* Tables of the directions, then, in training, their gradients. */
static rnni_real *table_at(const rnni_node *node, rnni_real *shared, int32_t pass, bool gradient)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return shared + (pass + (gradient ? r->directions : 0)) * r->vocabulary * columns(r);
}

const rnni_real *rnni_recurrent_table(const rnni_node *node, const rnni_run *run, int32_t pass)
{
    rnni_real *shared = rnni_run_shared(run, node);
    return shared && pass < rnni_recurrent_of(node)->directions ? table_at(node, shared, pass, false) : NULL;
}

/* ---- the table that is kept */

/* Training changes weights with every step, and reduced precision is there to save memory. */
static bool keeps_words(const rnni_node *node)
{
    return rnni_is_recurrent(node) && folded_embedding(node) && !node->packed_backward && !node->reduced &&
           words_size(rnni_recurrent_of(node)) <= LARGEST_KEPT;
}

static void project(const rnni_node *node, rnni_real *words)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_real *embedding = rnni_weight_at(folded_embedding(node), node->graph->weights, 0);
    for (int32_t pass = 0; pass < r->directions; pass++)
        rnni_recurrent_input_product(node, NULL, pass, node->graph->kernels, r->vocabulary, embedding,
                                     table_at(node, words, pass, false), columns(r));
}

/* When two threads want it at once, both make it and one takes its own back. */
rnn_status_t rnni_recurrent_make_words(rnni_node *node)
{
    rnni_real *none = NULL;
    if (!keeps_words(node) || atomic_load(&node->words)) return RNN_OK;
    size_t count = (size_t)words_size(rnni_recurrent_of(node));
    rnni_real *words = rnni_alloc_array(node->graph->context, count, sizeof *words);
    if (!words) return RNN_ERROR_MEMORY;
    project(node, words);
    if (!atomic_compare_exchange_strong(&node->words, &none, words))
        rnni_free(node->graph->context, words, count * sizeof *words);
    return RNN_OK;
}

bool rnni_recurrent_words_due(const rnni_node *node, int64_t rows)
{
    if (atomic_load(&node->words)) return true;
    return keeps_words(node) && atomic_load(&node->words_read) + rows >= rnni_recurrent_of(node)->vocabulary;
}

rnn_status_t rnni_recurrent_read_words(rnni_node *node, int64_t rows)
{
    bool due = rnni_recurrent_words_due(node, rows);
    if (keeps_words(node)) atomic_fetch_add(&node->words_read, rows);
    return due ? rnni_recurrent_make_words(node) : RNN_OK;
}

void rnni_recurrent_free_words(rnni_node *node)
{
    rnni_real *words = atomic_exchange(&node->words, NULL);
    if (words)
        rnni_free(node->graph->context, words, (size_t)words_size(rnni_recurrent_of(node)) * sizeof *words);
    atomic_store(&node->words_read, 0);
}

int64_t rnni_recurrent_words_count(const rnni_node *node)
{
    return atomic_load(&node->words) ? words_size(rnni_recurrent_of(node)) : 0;
}

const rnni_real *rnni_recurrent_words(const rnni_node *node, int32_t number)
{
    rnni_real *words = number < rnni_recurrent_of(node)->directions ? atomic_load(&node->words) : NULL;
    return words ? table_at(node, words, number, false) : NULL;
}

/* ---- forward: pieces of the projected table */

enum { WORDS = 512 };

static int64_t word_pieces(const rnni_node *node)
{
    return (rnni_recurrent_of(node)->vocabulary + WORDS - 1) / WORDS;
}

int64_t rnni_recurrent_before_pieces(const rnni_node *node, const rnni_whole *whole)
{
    bool made = !whole->shared[node->id] || whole->shared[node->id] == atomic_load(&node->words);
    return made ? 0 : word_pieces(node) * rnni_recurrent_of(node)->directions;
}

/* The words of a piece: [*first, *first + *count) of pass *pass. */
static void piece_of(const rnni_node *node, int64_t piece, int32_t *pass, int64_t *first, int64_t *count)
{
    int64_t left;
    *pass = (int32_t)(piece / word_pieces(node));
    *first = piece % word_pieces(node) * WORDS;
    left = rnni_recurrent_of(node)->vocabulary - *first;
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
    for (int64_t v = 0; v < r->vocabulary; v++)
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
    rnni_gemm(whole->graph->kernels, rows, n, r->vocabulary,
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
