/* SPDX-License-Identifier: MIT */
/* Sentiment of film reviews from a small grammar. The words alone do not decide: "not", "nobody can say that"
 * and "they were wrong" turn a meaning round, and what is said of something else does not count.
 *
 *     demo_sentiment FOLDER     writes FOLDER/sentiment.safetensors */
#include "demo.h"

#include <math.h>
#include <string.h>

enum { TRAIN = 4000, TEST = 1000, REVIEW = 400, WORDS = 200 };

typedef struct {
    char text[REVIEW];
    int positive;
} review_t;

static review_t reviews[TRAIN + TEST];

/* ---- the grammar */

#define PICK(list) list[pick((int)(sizeof list / sizeof list[0]))]

/* The first five of each also go with the weather. */
static const char *const good[10] = { "good",   "great", "beautiful", "lovely",    "superb",
                                      "moving", "funny", "clever",    "brilliant", "gripping" };
static const char *const bad[10] = { "bad",    "terrible", "horrible", "awful",  "dull",
                                     "boring", "clumsy",   "weak",     "stupid", "flat" };
static const char *const things[] = {
    "film", "story", "acting", "music", "ending", "dialogue", "camera work"
};
static const char *const degrees[] = { "", "", "really ", "very ", "quite ", "so " };
static const char *const fillers[] = {
    "i saw it on a rainy tuesday",    "we had seats in the third row", "it lasts about two hours",
    "my cousin came along",           "it was shot in a small town",   "the director is from the north",
    "the first part plays on a boat", "we talked about it on the way",
};

/* Appends one clause and returns what it says: 1 good, -1 bad, 0 nothing. */
static int add_clause(char *text)
{
    int sense = pick(2) ? 1 : -1;
    const char *const *list = sense > 0 ? good : bad, *word = list[pick(10)];
    const char *thing = PICK(things), *degree = PICK(degrees);
    size_t used = strlen(text);
    text += used;
    switch (pick(7)) {
    case 0:
    case 1: snprintf(text, REVIEW - used, "the %s was %s%s", thing, degree, word); return sense;
    case 2: snprintf(text, REVIEW - used, "the %s was not %s%s", thing, degree, word); return -sense;
    case 3:
        snprintf(text, REVIEW - used, "nobody can say that the %s was %s%s", thing, degree, word);
        return -sense;
    case 4:
        snprintf(text, REVIEW - used, "people call the %s %s%s but they are wrong", thing, degree, word);
        return -sense;
    case 5: snprintf(text, REVIEW - used, "the weather that day was %s%s", degree, list[pick(5)]); return 0;
    default: snprintf(text, REVIEW - used, "%s", PICK(fillers)); return 0;
    }
}

/* A review of two to four clauses that comes down on one side. */
static review_t make_review(void)
{
    review_t review;
    int sum;
    do {
        int clauses = 2 + pick(3);
        review.text[0] = 0;
        sum = 0;
        for (int i = 0; i < clauses; i++) {
            if (i) strcat(review.text, i + 1 < clauses ? " , " : " and ");
            sum += add_clause(review.text);
        }
    } while (sum == 0);
    review.positive = sum > 0;
    return review;
}

/* Fills `reviews`, all different, so that the last TEST ones are unseen. */
static void make_reviews(void)
{
    for (int i = 0; i < TRAIN + TEST;) {
        reviews[i] = make_review();
        int known = 0;
        for (int k = 0; k < i && !known; k++)
            known = !strcmp(reviews[k].text, reviews[i].text);
        if (!known) i++;
    }
}

/* ---- from text to data */

static rnn_tokenizer_t *make_tokenizer(void)
{
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(NULL);
    for (int i = 0; i < TRAIN; i++)
        check(rnn_tokenizer_add_text(tokenizer, reviews[i].text, -1));
    check(rnn_tokenizer_build(tokenizer));
    return tokenizer;
}

/* Reviews [first, first + count): their ids one behind another, each with its own length. */
static rnn_dataset_t *make_dataset(const rnn_tokenizer_t *tokenizer, int first, int count)
{
    int32_t *ids = malloc(sizeof *ids * WORDS * (size_t)count),
            *labels = malloc(sizeof *labels * (size_t)count);
    int64_t *lengths = malloc(sizeof *lengths * (size_t)count), total = 0;
    if (!ids || !labels || !lengths) exit(1);
    for (int i = 0; i < count; i++) {
        check(rnn_tokenizer_encode(tokenizer, reviews[first + i].text, -1, ids + total, WORDS, &lengths[i]));
        total += lengths[i];
        labels[i] = reviews[first + i].positive;
    }
    rnn_tensor_t *tokens = rnn_tensor_wrap(NULL, RNN_I32, 1, (int64_t[]){ total }, NULL, ids);
    rnn_tensor_t *sizes = rnn_tensor_wrap(NULL, RNN_I64, 1, (int64_t[]){ count }, NULL, lengths);
    rnn_tensor_t *classes = rnn_tensor_wrap(NULL, RNN_I32, 1, (int64_t[]){ count }, NULL, labels);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    check(rnn_dataset_add_ragged_input(data, tokens, sizes));
    check(rnn_dataset_add_target(data, classes, NULL));
    rnn_tensor_free(classes), rnn_tensor_free(sizes), rnn_tensor_free(tokens);
    free(lengths), free(labels), free(ids);
    return data;
}

/* ---- the network */

static rnn_model_t *make_model(rnn_tokenizer_t *tokenizer)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_input_tokens(model, "review");
    h = rnn_embedding(model, h, rnn_tokenizer_size(tokenizer), 16);
    h = rnn_last(model, rnn_lstm(model, h, 32));
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_SIGMOID), "positive");
    check(rnn_model_build(model));
    check(rnn_model_set_tokenizer(model, NULL, tokenizer));
    check(rnn_model_set_classes(model, NULL, (const char *const[]){ "negative", "positive" }, 2));
    return model;
}

static void train(rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    check(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    check(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.005));
    check(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 12));
    check(rnn_trainer_set_float(trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.1));
    check(rnn_trainer_set_int(trainer, RNN_TRAIN_RESTORE_BEST, 1));
    check(rnn_trainer_set_progress(trainer, rnn_progress_stderr, NULL));
    check(rnn_trainer_fit(trainer, data));
    rnn_trainer_free(trainer);
}

static double accuracy(rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_tensor_t *output = NULL;
    int right = 0;
    check(rnn_model_predict(model, data, NULL, &output));
    for (int i = 0; i < TEST; i++)
        right += (rnn_tensor_get(output, i) >= 0.5) == reviews[TRAIN + i].positive;
    rnn_tensor_free(output);
    return (double)right / TEST;
}

/* ---- baselines on the same reviews */

static double majority_accuracy(void)
{
    int train_positive = 0, test_positive = 0;
    for (int i = 0; i < TRAIN; i++)
        train_positive += reviews[i].positive;
    for (int i = 0; i < TEST; i++)
        test_positive += reviews[TRAIN + i].positive;
    return (double)(2 * train_positive >= TRAIN ? test_positive : TEST - test_positive) / TEST;
}

/* Naive Bayes on word counts with add-one smoothing: the same words, their order thrown away. */
static double bag_of_words_accuracy(const rnn_tokenizer_t *tokenizer)
{
    int64_t size = rnn_tokenizer_size(tokenizer), n;
    double *counts[2] = { calloc((size_t)size, sizeof(double)), calloc((size_t)size, sizeof(double)) };
    double words[2] = { 0, 0 }, texts[2] = { 0, 0 };
    int right = 0;
    int32_t ids[WORDS];
    if (!counts[0] || !counts[1]) exit(1);
    for (int i = 0; i < TRAIN + TEST; i++) {
        int label = reviews[i].positive;
        check(rnn_tokenizer_encode(tokenizer, reviews[i].text, -1, ids, WORDS, &n));
        if (i < TRAIN) {
            for (int64_t k = 0; k < n; k++)
                counts[label][ids[k]]++;
            words[label] += (double)n, texts[label]++;
            continue;
        }
        double odds = log(texts[1] / texts[0]);
        for (int64_t k = 0; k < n; k++) {
            double p1 = (counts[1][ids[k]] + 1) / (words[1] + (double)size);
            odds += log(p1 * (words[0] + (double)size) / (counts[0][ids[k]] + 1));
        }
        right += (odds > 0) == label;
    }
    free(counts[0]), free(counts[1]);
    return (double)right / TEST;
}

static void show_unseen(rnn_model_t *model, rnn_dataset_t *test)
{
    rnn_tensor_t *output = NULL;
    check(rnn_model_predict(model, test, NULL, &output));
    puts("\nSome of them (right or wrong, as they come):");
    for (int i = 0; i < 6; i++) {
        double p = rnn_tensor_get(output, i);
        int said = p >= 0.5;
        printf("  %s %3.0f %%  %s  %s\n", rnn_model_class_name(model, NULL, said), 100 * (said ? p : 1 - p),
               said == reviews[TRAIN + i].positive ? "right" : "WRONG", reviews[TRAIN + i].text);
    }
    rnn_tensor_free(output);
}

int main(int argc, char **argv)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/sentiment.safetensors", argc > 1 ? argv[1] : ".");
    puts("== Sentiment: an LSTM reads film reviews from a small grammar ==");
    make_reviews();
    rnn_tokenizer_t *tokenizer = make_tokenizer();
    rnn_dataset_t *data = make_dataset(tokenizer, 0, TRAIN);
    rnn_model_t *model = make_model(tokenizer), *loaded = NULL;
    train(model, data);
    check(rnn_model_save(model, path));

    check(rnn_model_load(NULL, path, &loaded)); /* all below is the saved file's work */
    rnn_dataset_t *test = make_dataset(rnn_model_tokenizer(loaded, NULL), TRAIN, TEST);
    printf("\n%-34s %s\n", "", "accuracy on 1000 unseen reviews");
    printf("%-34s %5.1f %%\n", "always the more frequent answer", 100 * majority_accuracy());
    printf("%-34s %5.1f %%\n", "naive Bayes on a bag of words", 100 * bag_of_words_accuracy(tokenizer));
    printf("%-34s %5.1f %%\n", "LSTM, loaded from its file", 100 * accuracy(loaded, test));
    show_unseen(loaded, test);
    printf("Model: %s\n\n", path);
    rnn_dataset_free(test), rnn_dataset_free(data);
    rnn_model_free(loaded), rnn_model_free(model);
    rnn_tokenizer_free(tokenizer);
}
