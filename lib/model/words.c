/* SPDX-License-Identifier: MIT */
#include "model/words.h"
#include "core/error.h"
#include <rnn/train.h>

rnni_fold rnni_words_batch(int64_t rows, bool training, int32_t recompute)
{
    return (rnni_fold){ rows, training, training && recompute != RNN_RECOMPUTE_NONE };
}

int64_t rnni_words_size(const rnni_node *node, rnni_fold batch)
{
    int64_t most = rnni_recurrent_most_words(node, batch);
    return most ? rnni_recurrent_of(node)->vocabulary + most : 0;
}

/* Places of all words, and, behind them, the list: as large as the largest batch wanted. No word is
 * marked. */
static rnn_status_t make_room(rnni_exec *exec, rnni_word_room *room, int64_t vocabulary, int64_t most)
{
    size_t size = (size_t)(vocabulary + most);
    for (int64_t i = 0; i < room->listed; i++) room->numbers[room->numbers[vocabulary + i]] = 0;
    room->listed = 0;
    if (size <= room->count) return RNN_OK;
    rnni_free(exec->context, room->numbers, room->count * sizeof *room->numbers);
    room->numbers = rnni_alloc_array(exec->context, size, sizeof *room->numbers);
    room->count = room->numbers ? size : 0;
    return room->numbers ? RNN_OK : RNN_ERROR_MEMORY;
}

/* Lists the words of a run that are not listed yet, and marks their places; false: they are more than
 * `most`. */
static bool list_words(const rnni_axis *axis, const int32_t *ids, int64_t most, int32_t *place, int32_t *list,
                       int64_t *count)
{
    for (int64_t row = 0; row < axis->rows; row++) {
        int32_t word = ids[axis->position[row]];
        if (place[word]) continue;
        if (*count == most) return false;
        list[(*count)++] = word;
        place[word] = (int32_t)*count;
    }
    return true;
}

/* The most words, of at most `most`, that are to have a list; 0: no batch with words has one. */
static int64_t most_listed(const rnni_exec *exec, const rnni_node *node, rnni_fold batch, int64_t most)
{
    int64_t least = 0;
    while (least < most) {
        int64_t middle = most - (most - least) / 2;
        if (rnni_recurrent_lists_words(node, batch, middle, exec->whole.count)) least = middle;
        else most = middle - 1;
    }
    return most;
}

rnn_status_t rnni_words_find(rnni_exec *exec, const rnni_node *node, rnni_fold batch)
{
    const rnni_graph *graph = &exec->model->graph;
    int64_t vocabulary = rnni_recurrent_of(node)->vocabulary, most = rnni_recurrent_most_words(node, batch);
    rnni_words *words = &exec->whole.words[node->id];
    rnni_word_room *room = &exec->word_rooms[node->id];
    *words = (rnni_words){ .count = 0 };
    if (most == 0) return RNN_OK;
    RNNI_TRY(make_room(exec, room, vocabulary, most));
    int32_t *place = room->numbers, *list = place + vocabulary;
    const int32_t *ids = exec->batch->input[rnni_input_number(graph, graph->axes[node->axis].input)].ids;
    bool few = true;
    most = most_listed(exec, node, batch, most);
    for (int32_t i = 0; few && i < exec->whole.count; i++)
        few = list_words(&exec->runs[i].axes[node->axis], ids, most, place, list, &room->listed);
    if (few) *words = (rnni_words){ room->listed, list, place };
    else if (rnni_recurrent_any_words(node, batch)) *words = (rnni_words){ .count = vocabulary };
    return RNN_OK;
}

void rnni_words_release(rnni_exec *exec)
{
    int32_t count = exec->word_rooms ? exec->model->graph.count : 0;
    for (int32_t i = 0; i < count; i++)
        rnni_free(exec->context, exec->word_rooms[i].numbers,
                  exec->word_rooms[i].count * sizeof *exec->word_rooms[i].numbers);
    rnni_free(exec->context, exec->word_rooms, (size_t)count * sizeof *exec->word_rooms);
    rnni_free(exec->context, exec->whole.words, (size_t)exec->model->graph.count * sizeof *exec->whole.words);
}
