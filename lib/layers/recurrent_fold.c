/* SPDX-License-Identifier: MIT */
#include "layers/ops.h"
#include "layers/precision.h"
#include "layers/recurrent.h"

/* An embedding that only a recurrent layer reads is folded into it when a batch repeats its words often
 * enough: each word's row of the table is multiplied once instead of every step's,
 *
 *   P = b + E W^T   [words][gates h]               then  b + W x_row = P[word of row],
 *
 * the same bits in float (P is float in training in bf16, too), and on the way back the gradients of all
 * steps are first added up by word,
 *
 *   dP[word] = sum over its rows of dz             dW += dP^T E      dE += dP W.
 *
 * The words are those of the vocabulary, or, where it is large, those that occur. Whether it is done depends
 * on the batch and the layers' shapes alone, and on whether P is there already (recurrent_projected.c). */

/* Steps a word of the vocabulary must have for folding to pay whatever occurs, and numbers of the largest
 * tables. */
enum { STEPS_A_WORD = 2 };
static const int64_t LARGEST = (int64_t)1 << 25;

/* Words that are worked on together. */
enum { WORDS = 256 };

/* Else words must be repeated, in a batch of some size. Folding puts the products of words in place of those
 * of steps, n multiply-adds for each number of z, and what else it does for a word takes as long as MOVES
 * more (measured); one in PART of the steps is to be gained for the tables' memory. */
enum { FEWEST_STEPS = 256, MOVES = 26, PART = 10 };

/* Places of all words, one each, are not to count beside the batch's z. */
enum { LEAST_OF_PLACES = 8 };

static int64_t columns(const rnni_recurrent *r) { return r->cell->gates * r->h; }

const rnni_node *rnni_recurrent_folded(const rnni_node *node)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    return embedding->folds_into == node ? embedding : NULL;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Words of the largest tables. */
static int64_t largest(const rnni_recurrent *r) { return LARGEST / (columns(r) * r->directions); }

bool rnni_recurrent_any_words(const rnni_node *node, rnni_fold batch)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return batch.rows >= STEPS_A_WORD * r->vocabulary && r->vocabulary <= largest(r);
}

int64_t rnni_recurrent_most_words(const rnni_node *node, rnni_fold batch)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = rnni_recurrent_folded(node);
    if (!embedding || (batch.training && (r->dropout > 0 || r->input_mask))) return 0;
    if (rnni_recurrent_any_words(node, batch)) return r->vocabulary;
    if (batch.again || batch.rows < FEWEST_STEPS) return 0;
    if (r->vocabulary / columns(r) > batch.rows / LEAST_OF_PLACES) return 0;
    double n = (double)embedding->features, part = n / (n + MOVES) - 1.0 / PART;
    return part < 0 ? 0 : least((int64_t)((double)batch.rows * part), least(r->vocabulary, largest(r)));
}

int64_t rnni_recurrent_tables_size(const rnni_node *node, int64_t words)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    return words * columns(r) * r->directions;
}

int64_t rnni_recurrent_tables_room(const rnni_node *node, rnni_fold batch, int64_t words)
{
    return rnni_recurrent_tables_size(node, least(words + words / 8, rnni_recurrent_most_words(node, batch)));
}

int64_t rnni_recurrent_words_scratch(const rnni_node *node, bool training, bool list)
{
    int64_t n = node->inputs[RNNI_RECURRENT_X]->features,
            product = rnni_gemm_scratch(node->graph->kernels, columns(rnni_recurrent_of(node)), n, WORDS);
    return (list ? WORDS * n : 0) + (training ? product : 0);
}

/* Where the whole vocabulary would do, what the list saves of the tables must be more than what it asks for
 * beside them: a place for each step, and scratch for each shard. */
bool rnni_recurrent_lists_words(const rnni_node *node, rnni_fold batch, int64_t words, int32_t shards)
{
    if (!rnni_recurrent_any_words(node, batch)) return true;
    int64_t all = rnni_recurrent_tables_size(node, rnni_recurrent_of(node)->vocabulary),
            beside = batch.rows + shards * rnni_recurrent_words_scratch(node, batch.training, true);
    return all - rnni_recurrent_tables_room(node, batch, words) > beside;
}

static const rnni_words *words_of(const rnni_node *node, const rnni_whole *whole)
{
    return &whole->words[node->id];
}

/* The table of a batch; on the way back, which does not read it any more, its gradient. */
static rnni_real *batch_table(const rnni_node *node, const rnni_whole *whole, int32_t pass)
{
    return whole->shared[node->id] +
           pass * words_of(node, whole)->count * columns(rnni_recurrent_of(node));
}

const rnni_real *rnni_recurrent_table(const rnni_node *node, const rnni_run *run, int32_t pass)
{
    bool there = rnni_run_shared(run, node) && pass < rnni_recurrent_of(node)->directions;
    return there ? batch_table(node, run->whole, pass) : NULL;
}

/* ---- forward: pieces of the projected tables */

const int32_t *rnni_recurrent_places(const rnni_node *node, const rnni_run *run)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    const int32_t *places = run->slots[embedding->id].ids;
    return places ? places : run->slots[embedding->inputs[0]->id].ids;
}

void rnni_recurrent_place_words(const rnni_node *node, const rnni_run *run)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    const int32_t *ids = run->slots[embedding->inputs[0]->id].ids;
    int32_t *places = run->slots[embedding->id].ids;
    for (int64_t row = 0; places && row < run->axes[node->axis].rows; row++)
        places[row] = words_of(node, run->whole)->place[ids[row]] - 1;
}

/* Groups of WORDS, the last one smaller. */
static int64_t word_groups(const rnni_node *node, const rnni_whole *whole)
{
    return (words_of(node, whole)->count + WORDS - 1) / WORDS;
}

static int64_t group_size(const rnni_node *node, const rnni_whole *whole, int64_t first)
{
    return least(words_of(node, whole)->count - first, WORDS);
}

/* The embedding's rows of words [first, first + count): where they lie, or brought to `room`. */
static const rnni_real *embedded(const rnni_node *node, const rnni_whole *whole, int64_t first,
                                 int64_t count, rnni_real *room)
{
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    const rnni_real *table = rnni_weight_at(embedding, whole->graph->weights, 0);
    const int32_t *list = words_of(node, whole)->list;
    int64_t n = embedding->features;
    if (!list) return table + first * n;
    whole->graph->kernels->gather_rows(count, n, list + first, table, n, room, n);
    return room;
}

/* How many pieces of work on groups may be at work at once: each has a run's scratch. */
static int64_t pieces_of(int64_t groups, const rnni_whole *whole)
{
    return least(groups, whole->count);
}

int64_t rnni_recurrent_before_pieces(const rnni_node *node, const rnni_whole *whole)
{
    bool made = !whole->shared[node->id] || whole->shared[node->id] == atomic_load(&node->projected);
    return made ? 0 : pieces_of(word_groups(node, whole), whole);
}

void rnni_recurrent_before(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int64_t pieces = rnni_recurrent_before_pieces(node, whole);
    for (int64_t group = piece; group < word_groups(node, whole); group += pieces) {
        int64_t first = group * WORDS, count = group_size(node, whole, first);
        const rnni_real *words = embedded(node, whole, first, count, whole->runs[piece].scratch);
        for (int32_t pass = 0; pass < r->directions; pass++)
            rnni_recurrent_input_product(node, node->reduced, pass, whole->runs[piece].team,
                                         whole->graph->kernels, count, words,
                                         batch_table(node, whole, pass) + first * columns(r), columns(r),
                                         NULL);
    }
}

/* ---- backward: dz is added up by word, which gives dE and dW */

/* What the pieces of a stage do. The words of a list need no CLEAR: SUM sets a word's row where it first
 * occurs. */
enum { CLEAR, SUM, WORD_GRADIENTS, WEIGHT_GRADIENTS };

static int task_of(const rnni_node *node, const rnni_whole *whole, int stage)
{
    return words_of(node, whole)->list ? SUM + stage : stage;
}

static int64_t piece_columns(const rnni_node *node)
{
    return rnni_table_share(node, columns(rnni_recurrent_of(node)));
}

static int64_t column_pieces(const rnni_node *node)
{
    return (columns(rnni_recurrent_of(node)) + piece_columns(node) - 1) / piece_columns(node);
}

/* Rows of dW in slices for threads, of all directions. */
static int64_t weight_slices(const rnni_node *node)
{
    return column_pieces(node) * rnni_recurrent_of(node)->directions;
}

int64_t rnni_recurrent_after_pieces(const rnni_node *node, const rnni_whole *whole, int stage)
{
    if (!whole->shared[node->id]) return 0;
    switch (task_of(node, whole, stage)) {
    case CLEAR: return column_pieces(node);
    case SUM: return column_pieces(node) * rnni_recurrent_of(node)->directions;
    case WORD_GRADIENTS: return pieces_of(word_groups(node, whole), whole);
    case WEIGHT_GRADIENTS: return pieces_of(weight_slices(node), whole);
    default: return 0;
    }
}

/* A share of dP of all passes. */
static void clear_share(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    int64_t n = rnni_recurrent_tables_size(node, words_of(node, whole)->count), shares = column_pieces(node),
            from = n * piece / shares, to = n * (piece + 1) / shares;
    memset(batch_table(node, whole, 0) + from, 0, (size_t)(to - from) * sizeof(rnni_real));
}

/* Some columns of dP of one pass, from the rows of all shards in order. */
static void add_by_word(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    int32_t pass = (int32_t)(piece / column_pieces(node));
    int64_t most = piece_columns(node), first = piece % column_pieces(node) * most, n = columns(r),
            width = n - first < most ? n - first : most;
    rnni_real *sums = batch_table(node, whole, pass) + first;
    int32_t met = words_of(node, whole)->list ? 0 : -1;
    for (int32_t i = 0; i < whole->count; i++) {
        const rnni_run *run = &whole->runs[i];
        int64_t ldz;
        const rnni_real *dz = rnni_recurrent_dz(node, run, pass, &ldz);
        met = run->kernels->scatter_add(run->axes[node->axis].rows, width, rnni_recurrent_places(node, run),
                                        dz + first, ldz, sums, n, met);
    }
}

/* dE of words [first, first + count), which are the embedding's rows where they are the whole vocabulary;
 * else they go to `room` first. Nobody else has a gradient for these rows, but for a layer tied to the
 * embedding. */
static void group_gradient(const rnni_node *node, const rnni_whole *whole, int64_t first, int64_t count,
                           const rnni_team *team, rnni_real *room)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_node *embedding = node->inputs[RNNI_RECURRENT_X];
    const rnni_kernels *k = whole->graph->kernels;
    const int32_t *list = words_of(node, whole)->list;
    int64_t n = embedding->features;
    bool add = !embedding->weights[0].sparse;
    rnni_real *gradient = whole->gradients + embedding->weights[0].offset;
    for (int32_t pass = 0; pass < r->directions; pass++)
        rnni_team_packed(team, k, count, n, columns(r),
                         batch_table(node, whole, pass) + first * columns(r), columns(r),
                         node->packed_backward + r->pass[pass].backward_ih,
                         (list || !add) && pass == 0 ? RNNI_FROM_ZERO : RNNI_FROM_C, NULL,
                         list ? room : gradient + first * n, n, NULL);
    if (list && add) k->scatter_add(count, n, list + first, room, n, gradient, n, -1);
    for (int64_t i = 0; list && !add && i < count; i++)
        memcpy(gradient + list[first + i] * n, room + i * n, (size_t)n * sizeof *room);
}

static void word_gradients(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    int64_t pieces = pieces_of(word_groups(node, whole), whole);
    for (int64_t group = piece; group < word_groups(node, whole); group += pieces)
        group_gradient(node, whole, group * WORDS, group_size(node, whole, group * WORDS),
                       whole->runs[piece].team, whole->runs[piece].scratch);
}

/* Some rows of dW of one pass: the words of the whole vocabulary at once, or group by group. */
static void input_weight_slice(const rnni_node *node, const rnni_whole *whole, int64_t slice,
                               rnni_real *scratch)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_words *words = words_of(node, whole);
    int32_t pass = (int32_t)(slice / column_pieces(node));
    int64_t n = node->inputs[RNNI_RECURRENT_X]->features,
            from = slice % column_pieces(node) * piece_columns(node),
            rows = columns(r) - from < piece_columns(node) ? columns(r) - from : piece_columns(node);
    const rnni_real *sums = batch_table(node, whole, pass) + from;
    rnni_real *gradient = whole->gradients + node->weights[r->pass[pass].weight_ih].offset + from * n;
    for (int64_t first = 0, count; first < words->count; first += count) {
        count = words->list ? group_size(node, whole, first) : words->count;
        rnni_gemm(whole->graph->kernels, rows, n, count, sums + first * columns(r), 1, columns(r),
                  embedded(node, whole, first, count, scratch), n, 1, RNNI_FROM_C, gradient, n,
                  scratch + (words->list ? WORDS * n : 0), NULL);
    }
}

static void input_weight_gradient(const rnni_node *node, const rnni_whole *whole, int64_t piece)
{
    int64_t pieces = pieces_of(weight_slices(node), whole);
    for (int64_t slice = piece; slice < weight_slices(node); slice += pieces)
        input_weight_slice(node, whole, slice, whole->runs[piece].scratch);
}

void rnni_recurrent_after(const rnni_node *node, const rnni_whole *whole, int stage, int64_t piece)
{
    const rnni_slot *slots = whole->runs[0].slots;
    int task = task_of(node, whole, stage);
    if (task == CLEAR) clear_share(node, whole, piece);
    else if (task == SUM) add_by_word(node, whole, piece);
    else if (task == WORD_GRADIENTS && slots[node->inputs[RNNI_RECURRENT_X]->id].learns)
        word_gradients(node, whole, piece);
    else if (task == WEIGHT_GRADIENTS && slots[node->id].learns) input_weight_gradient(node, whole, piece);
}
