/* SPDX-License-Identifier: MIT */
/* A character GRU that reads words of an invented language, letter by letter, and then makes up its own. The
 * language has rules that the network is never told: which consonants may stand together, how a word may end,
 * and that all vowels of a word are of one family, a rule that reaches from one end of a word to the other.
 *
 *     demo_words FOLDER     writes FOLDER/words.safetensors */
#include "demo.h"

#include <math.h>
#include <string.h>

enum { WORDS = 3000, LETTERS = 40, SAMPLES = 500 };

static char words[WORDS][LETTERS];

/* ---- the language: words of two to four syllables, each onset + vowel + maybe a coda */

static const char *const onsets[] = { "p", "t", "k",  "m",  "n",  "s",  "l",
                                      "r", "v", "tr", "kr", "pl", "sk", "th" };
static const char *const codas[] = { "n", "l", "r" };
static const char *const families[2] = { "aou", "ei" };
enum { ONSETS = sizeof onsets / sizeof onsets[0], CODAS = sizeof codas / sizeof codas[0] };

static void make_word(char *word)
{
    const char *family = families[pick(2)];
    int syllables = 2 + pick(3);
    *word = 0;
    for (int i = 0; i < syllables; i++) {
        char vowel[2] = { family[pick((int)strlen(family))], 0 };
        strcat(strcat(word, onsets[pick(ONSETS)]), vowel);
        if (pick(4) == 0) strcat(word, i + 1 < syllables ? codas[pick(CODAS)] : "n"); /* only n ends a word */
    }
}

/* Whether `rest` can be read as syllables of `family`, `count` of them having been read before. */
static int can_be_read(const char *rest, const char *family, int count)
{
    if (!*rest) return count >= 2 && count <= 4;
    for (int i = 0; i < ONSETS; i++) {
        size_t size = strlen(onsets[i]);
        if (strncmp(rest, onsets[i], size) != 0 || !rest[size] || !strchr(family, rest[size])) continue;
        const char *after = rest + size + 1;
        if (can_be_read(after, family, count + 1)) return 1;
        for (int k = 0; k < CODAS; k++)
            if (*after == codas[k][0] && (after[1] || *after == 'n') &&
                can_be_read(after + 1, family, count + 1))
                return 1;
    }
    return 0;
}

static int well_formed(const char *word)
{
    return can_be_read(word, families[0], 0) || can_be_read(word, families[1], 0);
}

static int known(const char *word, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(words[i], word)) return 1;
    return 0;
}

static void make_words(void)
{
    for (int i = 0; i < WORDS;) {
        make_word(words[i]);
        if (!known(words[i], i)) i++;
    }
}

/* ---- data: <start> t a n o -> t a n o <end> */

static rnn_tokenizer_t *make_tokenizer(void)
{
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(NULL);
    check(rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_UNIT, 1)); /* characters */
    check(rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_ADD_START, 1));
    check(rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_ADD_END, 1));
    for (int i = 0; i < WORDS; i++)
        check(rnn_tokenizer_add_text(tokenizer, words[i], -1));
    check(rnn_tokenizer_build(tokenizer));
    return tokenizer;
}

static rnn_dataset_t *make_dataset(const rnn_tokenizer_t *tokenizer)
{
    static int32_t in[WORDS][LETTERS], out[WORDS][LETTERS];
    static int64_t lengths[WORDS];
    for (int i = 0; i < WORDS; i++) {
        int32_t ids[LETTERS];
        int64_t count;
        check(rnn_tokenizer_encode(tokenizer, words[i], -1, ids, LETTERS, &count));
        lengths[i] = count - 1;
        memcpy(in[i], ids, sizeof *ids * (size_t)lengths[i]);
        memcpy(out[i], ids + 1, sizeof *ids * (size_t)lengths[i]);
    }
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_I32, 2, (int64_t[]){ WORDS, LETTERS }, NULL, in);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_I32, 2, (int64_t[]){ WORDS, LETTERS }, NULL, out);
    rnn_tensor_t *sizes = rnn_tensor_wrap(NULL, RNN_I64, 1, (int64_t[]){ WORDS }, NULL, lengths);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    check(rnn_dataset_add_input(data, x, sizes));
    check(rnn_dataset_add_target(data, y, sizes));
    rnn_tensor_free(sizes), rnn_tensor_free(y), rnn_tensor_free(x);
    return data;
}

/* ---- the network: at each letter, how likely each letter is to come next */

static rnn_model_t *make_model(rnn_tokenizer_t *tokenizer)
{
    int64_t size = rnn_tokenizer_size(tokenizer);
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_input_tokens(model, "letters");
    h = rnn_gru(model, rnn_embedding(model, h, size, 16), 64);
    rnn_model_set_output(model, rnn_dense(model, h, size, RNN_SOFTMAX), "next");
    check(rnn_model_build(model));
    check(rnn_model_set_tokenizer(model, NULL, tokenizer));
    return model;
}

static void train(rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    check(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    check(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.005));
    check(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 15));
    check(rnn_trainer_set_progress(trainer, rnn_progress_stderr, NULL));
    check(rnn_trainer_fit(trainer, data));
    rnn_trainer_free(trainer);
}

/* ---- three ways to make up a word */

/* Draws from p[size], sharpened by a temperature below 1. */
static int32_t draw(const float *p, int64_t size, double temperature)
{
    double sum = 0;
    for (int64_t i = 0; i < size; i++)
        sum += pow((double)p[i], 1 / temperature);
    double left = uniform() * sum;
    int32_t last = 0;
    for (int32_t i = 0; i < size; i++) {
        if (p[i] <= 0) continue;
        last = i;
        if ((left -= pow((double)p[i], 1 / temperature)) < 0) break;
    }
    return last;
}

/* Each letter that is drawn goes in again, until <end> is drawn. */
static void invent(rnn_state_t *state, const rnn_tokenizer_t *tokenizer, char *word)
{
    float p[256];
    int64_t size = rnn_state_output_size(state);
    int32_t id = RNN_TOKEN_START;
    *word = 0;
    check(rnn_state_reset(state));
    while (strlen(word) < LETTERS - 8) {
        check(rnn_state_step_token(state, id, p));
        if ((id = draw(p, size, 0.8)) == RNN_TOKEN_END) return;
        strcat(word, rnn_tokenizer_token(tokenizer, id));
    }
}

/* Letters by chance, as long as a real word. */
static void random_letters(char *word)
{
    size_t length = strlen(words[pick(WORDS)]);
    for (size_t i = 0; i < length; i++)
        word[i] = "aeioukmnlprstv"[pick(14)];
    word[length] = 0;
}

/* Each letter by how often it follows the one before in the real words. */
static void letter_pairs(char *word)
{
    static float counts[27][27]; /* 0 stands for the start and the end */
    if (counts[0][0] == 0) {
        counts[0][0] = 1e-9f;
        for (int i = 0; i < WORDS; i++)
            for (int k = 0, before = 0, c = 1; c; k++, before = c) {
                c = words[i][k] ? words[i][k] - 'a' + 1 : 0;
                counts[before][c]++;
            }
    }
    int n = 0;
    for (int32_t c = 0; n < LETTERS - 1 && (c = draw(counts[c], 27, 1.0)); n++)
        word[n] = (char)('a' + c - 1);
    word[n] = 0;
}

typedef struct {
    int right, new_right;
} score_t;

static void count_word(score_t *score, const char *word)
{
    int right = well_formed(word);
    score->right += right;
    score->new_right += right && !known(word, WORDS);
}

static void print_score(const char *name, score_t score)
{
    printf("%-34s %8.1f %%   %8.1f %%\n", name, 100.0 * score.right / SAMPLES,
           100.0 * score.new_right / SAMPLES);
}

static void report(rnn_state_t *state, const rnn_tokenizer_t *tokenizer)
{
    score_t random = { 0, 0 }, pairs = { 0, 0 }, network = { 0, 0 };
    char word[LETTERS];
    for (int i = 0; i < SAMPLES; i++) {
        random_letters(word);
        count_word(&random, word);
        letter_pairs(word);
        count_word(&pairs, word);
        invent(state, tokenizer, word);
        count_word(&network, word);
    }
    printf("\n%-34s %10s   %s\n", "500 made-up words", "follow the rules", "and are new");
    print_score("random letters", random);
    print_score("letter pairs", pairs);
    print_score("GRU, loaded from its file", network);
    printf("\nReal words:    ");
    for (int i = 0; i < 8; i++)
        printf(" %s", words[i]);
    printf("\nNetwork's own: ");
    for (int i = 0; i < 8; i++) {
        invent(state, tokenizer, word);
        printf(" %s%s", word, well_formed(word) ? "" : "(!)");
    }
    puts("");
}

int main(int argc, char **argv)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/words.safetensors", argc > 1 ? argv[1] : ".");
    puts("== Words: a character GRU invents words of a made-up language ==");
    make_words();
    rnn_tokenizer_t *tokenizer = make_tokenizer();
    rnn_dataset_t *data = make_dataset(tokenizer);
    rnn_model_t *model = make_model(tokenizer), *loaded = NULL;
    train(model, data);
    check(rnn_model_save(model, path));

    check(rnn_model_load(NULL, path, &loaded)); /* all below is the saved file's work */
    rnn_state_t *state = rnn_state_create(loaded);
    if (!state) check(RNN_ERROR_STATE);
    report(state, rnn_model_tokenizer(loaded, NULL));
    printf("Model: %s\n\n", path);
    rnn_state_free(state);
    rnn_dataset_free(data);
    rnn_model_free(loaded), rnn_model_free(model);
    rnn_tokenizer_free(tokenizer);
}
