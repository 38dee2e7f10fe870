/* SPDX-License-Identifier: MIT */
/* Trains a text classifier on a file of `label<TAB>text` (or `label<TAB>token ids`) lines, says how well it
 * does on another, saves it, and classifies lines from the standard input with a model made before.
 *
 *     classify_text --train train.tsv --test test.tsv --cell lstm --epochs 5 --save model.safetensors
 *     echo "what a wonderful film" | classify_text --load model.safetensors --predict
 *
 * The network: embedding, recurrent layers, their last step (or a pool of all), and a dense layer: one
 * sigmoid unit and binary cross-entropy for two classes, softmax and cross-entropy for more. */
#include "classify_report.h"
#include "options.h"

#include <errno.h>
#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_SET (-1.0)

enum { CELL_RNN, CELL_LSTM, CELL_GRU };

static const char *train_path, *validation_path, *test_path;
static const char *save_path, *load_path, *metrics_path, *report_path;
static const char *text_column, *label_column;
static int64_t cell = CELL_LSTM, bidirectional, layers = 1, embed = 32, units = 32;
static int64_t max_words = 10000, max_len, pad, truncate_end;
static int64_t clean, balance, pool, optimizer = 2, epochs = 10, batch = 32, patience, monitor, precision;
static int64_t seed, threads, predict, help;
static double rate = NOT_SET, split, test_split, dropout, recurrent_dropout, drop_words;
static int64_t test_first; /* row of --train where the part of --test-split begins */

/* ---- options */

static const option_t options[] = {
    { "--train", "FILE", 'p', &train_path, 0, 0, "lines label<TAB>text, or label<TAB>ids, to learn from" },
    { "--validation", "FILE", 'p', &validation_path, 0, 0,
      "lines that tell which epoch did best; never trained on" },
    { "--test", "FILE", 'p', &test_path, 0, 0, "lines to measure on; never trained on" },
    { "--test-split", "X", 'f', &test_split, 0, 0.999,
      "in place of --test: the last part of --train is measured on, and kept apart (0)" },
    { "--text", "COLUMN", 'p', &text_column, 0, 0,
      "the files are CSV tables with a header (.tsv: tabs between); the text's column" },
    { "--label", "COLUMN", 'p', &label_column, 0, 0, "the label's column: a name, or a number from 0 on" },
    { "--clean", NULL, 's', &clean, 0, 0,
      "read HTML entities and typographic marks as plain ones, emoji as words; shorten sooo" },
    { "--balance", "none|oversample|undersample|weights", 'c', &balance, 0, 0,
      "make classes count alike in training (none)" },
    { "--cell", "rnn|lstm|gru", 'c', &cell, 0, 0, "kind of recurrent layer (lstm)" },
    { "--bidirectional", NULL, 's', &bidirectional, 0, 0, "read each text from both ends" },
    { "--layers", "N", 'i', &layers, 1, 64, "recurrent layers on top of each other (1)" },
    { "--pool", "last|mean|max", 'c', &pool, 0, 0,
      "what the answer is drawn from: last step, or all (last)" },
    { "--embed", "N", 'i', &embed, 1, 65536, "numbers a word is turned into (32)" },
    { "--units", "N", 'i', &units, 1, 65536, "size of a recurrent layer (32)" },
    { "--max-words", "N", 'i', &max_words, 5, 1e9,
      "ids are below N: rarer words, and ids from N on, become 2 (10000)" },
    { "--max-len", "N", 'i', &max_len, 0, 1e9, "longer texts are cut to N tokens; 0: no limit (0)" },
    { "--pad", "none|pre|post", 'c', &pad, 0, 0,
      "fill texts up to one length with id 0, which the network reads; none: each "
      "at its own length (none)" },
    { "--truncate", "pre|post", 'c', &truncate_end, 0, 0,
      "the end that --max-len cuts off (pre: the last tokens stay)" },
    { "--optimizer", "sgd|rmsprop|adam", 'c', &optimizer, 0, 0,
      "rmsprop as in Keras: epsilon inside the root (adam)" },
    { "--lr", "X", 'f', &rate, 0, 1e6, "learning rate (sgd 0.01, others 0.001)" },
    { "--epochs", "N", 'i', &epochs, 0, 1e9, "times through the training data (10)" },
    { "--batch", "N", 'i', &batch, 1, 1e9, "texts an update (32)" },
    { "--validation-split", "X", 'f', &split, 0, 0.999,
      "last part of --train, kept apart; the epoch that does best on it wins (0)" },
    { "--dropout", "X", 'f', &dropout, 0, 0.999, "on the input of each recurrent layer (0)" },
    { "--recurrent-dropout", "X", 'f', &recurrent_dropout, 0, 0.999, "inside each recurrent layer (0)" },
    { "--drop-words", "X", 'f', &drop_words, 0, 1,
      "leave out each word with this probability in training (0)" },
    { "--early-stop", "PATIENCE", 'i', &patience, 0, 1e9,
      "stop after so many epochs without improvement; 0: never (0)" },
    { "--precision", "f32|bf16", 'c', &precision, 0, 0,
      "what products of training round to: bf16 is up to twice as fast for hundreds of units (f32)" },
    { "--monitor", "accuracy|recall", 'c', &monitor, 0, 0,
      "what tells the best epoch: right answers, or the mean of all classes' recalls (accuracy)" },
    { "--seed", "N", 'i', &seed, 0, 9007199254740992.0, "the same seed gives the same model (0)" },
    { "--threads", "N", 'i', &threads, 0, 1024, "0: as many as there are processors (0)" },
    { "--save", "FILE", 'p', &save_path, 0, 0, "write the model, with its vocabulary and class names" },
    { "--load", "FILE", 'p', &load_path, 0, 0,
      "use a saved model; its own --max-words, --max-len, --pad, --truncate hold" },
    { "--predict", NULL, 's', &predict, 0, 0,
      "print class<TAB>probability for each line of standard input, at once" },
    { "--metrics-json", "FILE", 'p', &metrics_path, 0, 0, "write the figures as one JSON object" },
    { "--report", "DIR", 'p', &report_path, 0, 0,
      "write report.html, with curves, confusion matrix and worst errors, and its pictures" },
    { "--help", NULL, 's', &help, 0, 0, "this text" },
};
enum { OPTIONS = sizeof options / sizeof options[0] };
static const char usage[] = "usage: classify_text --train FILE [--test FILE] [--save FILE] [options]\n"
                            "       classify_text --load FILE [--test FILE] [--predict] [options]";

static int check_options(void)
{
    const char *wrong = NULL;
    if (!train_path == !load_path)
        wrong = "give either --train or --load";
    else if (load_path && !test_path && !predict && !save_path)
        wrong = "--load needs --predict or --test";
    else if (load_path && !test_path && report_path)
        wrong = "--report needs --train or --test";
    else if (test_split > 0 && (load_path || test_path))
        wrong = "--test-split goes with --train, and in place of --test";
    else if (!text_column != !label_column)
        wrong = "--text and --label go together";
    else if (validation_path && (load_path || split > 0))
        wrong = "--validation goes with --train, and in place of --validation-split";
    else if (monitor && split == 0 && !validation_path)
        wrong = "--monitor recall needs --validation-split or --validation";
    else if (patience && split == 0 && !validation_path)
        wrong = "--early-stop needs --validation-split or --validation";
    if (wrong) fprintf(stderr, "classify_text: %s (--help lists the options)\n", wrong);
    return wrong ? 2 : 0;
}

/* ---- data */

static int fail(const char *doing)
{
    fprintf(stderr, "classify_text: %s: %s\n", doing, rnn_last_error());
    return 1;
}

static rnn_status_t apply_data_settings(rnn_dataset_t *data)
{
    rnn_status_t status = rnn_dataset_set_int(data, RNN_DATA_PAD, pad);
    if (!status) status = rnn_dataset_set_int(data, RNN_DATA_TRUNCATE, truncate_end);
    if (!status) status = rnn_dataset_set_int(data, RNN_DATA_MAX_LENGTH, max_len);
    if (!status) status = rnn_dataset_set_int(data, RNN_DATA_MAX_ID, max_words);
    if (!status) status = rnn_dataset_set_int(data, RNN_DATA_BATCH, batch);
    return status;
}

static table_t table_of(const char *path)
{
    const char *end = strrchr(path, '.');
    return (table_t) { text_column, label_column, end && strcmp(end, ".tsv") == 0 ? '\t' : ',', test_first };
}

static rnn_status_t make_reader(rnn_context_t *context, const char *path, rnn_tokenizer_t *tokenizer,
                                rnn_csv_t **reader)
{
    rnn_csv_t *csv = *reader = rnn_csv_create(context);
    if (!csv) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_csv_set_int(csv, RNN_CSV_SEPARATOR, table_of(path).separator);
    if (!status) status = rnn_csv_set_int(csv, RNN_CSV_HEADER, 1);
    if (!status) status = rnn_csv_add_column(csv, RNN_CSV_TEXT, text_column);
    if (!status) status = rnn_csv_add_column(csv, RNN_CSV_LABEL, label_column);
    return status ? status : rnn_csv_set_tokenizer(csv, tokenizer);
}

static rnn_status_t load_table(rnn_context_t *context, const char *path, rnn_tokenizer_t *tokenizer,
                               const rnn_dataset_t *like, rnn_dataset_t **data)
{
    rnn_csv_t *csv;
    rnn_status_t status = make_reader(context, path, tokenizer, &csv);
    if (!status) status = rnn_csv_load(csv, path, like, data);
    rnn_csv_free(csv);
    return status;
}

static rnn_status_t load_data(rnn_context_t *context, const char *path, rnn_tokenizer_t *tokenizer,
                              const rnn_dataset_t *like, rnn_dataset_t **data)
{
    rnn_status_t status = text_column ? load_table(context, path, tokenizer, like, data)
                                      : rnn_dataset_load_text(context, path, tokenizer, like, data);
    return status ? status : apply_data_settings(*data);
}

/* Takes the last part of *data away as *test. */
static int split_off_test(rnn_dataset_t **data, rnn_dataset_t **test)
{
    int64_t count = rnn_dataset_count(*data), tested = (int64_t)(test_split * (double)count);
    rnn_dataset_t *rest = NULL;
    if (tested == 0) {
        fprintf(stderr, "classify_text: --test-split: that is not one of %lld texts\n", (long long)count);
        return 1;
    }
    test_first = count - tested;
    if (rnn_dataset_slice(*data, 0, test_first, &rest) ||
        rnn_dataset_slice(*data, test_first, tested, test)) {
        rnn_dataset_free(rest);
        return fail(train_path);
    }
    rnn_dataset_free(*data);
    *data = rest;
    return 0;
}

static rnn_status_t set_cleaning(rnn_tokenizer_t *tokenizer)
{
    static const int32_t settings[][2] = {
        { RNN_TOKENIZER_FOLD_CASE, 1 }, { RNN_TOKENIZER_ENTITIES, 1 }, { RNN_TOKENIZER_TYPOGRAPHY, 1 },
        { RNN_TOKENIZER_REPEATS, 2 },   { RNN_TOKENIZER_EMOJI, 3 },
    };
    rnn_status_t status = RNN_OK;
    for (int i = 0; !status && clean && i < (int)(sizeof settings / sizeof settings[0]); i++)
        status = rnn_tokenizer_set_int(tokenizer, settings[i][0], settings[i][1]);
    return status;
}

static rnn_status_t count_words(rnn_context_t *context, const char *path, rnn_tokenizer_t *tokenizer)
{
    if (!text_column) return rnn_tokenizer_add_file(tokenizer, path);
    rnn_csv_t *csv;
    rnn_status_t status = make_reader(context, path, tokenizer, &csv);
    if (!status) status = rnn_csv_count_words(csv, path, tokenizer);
    rnn_csv_free(csv);
    return status;
}

/* The vocabulary of the training file. */
static rnn_tokenizer_t *make_tokenizer(rnn_context_t *context, const char *path)
{
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(context);
    if (tokenizer && !rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_MAX_WORDS, max_words) &&
        !set_cleaning(tokenizer) && !count_words(context, path, tokenizer) && !rnn_tokenizer_build(tokenizer))
        return tokenizer;
    rnn_tokenizer_free(tokenizer);
    return NULL;
}

/* ---- the model */

/* What the text goes through before the network travels with the model. */
#define RECIPE_KEY "classify_text"
#define RECIPE_FORMAT "pad=%lld truncate=%lld max_len=%lld max_words=%lld"

static rnn_status_t describe(rnn_model_t *model, rnn_tokenizer_t *tokenizer, const rnn_dataset_t *data,
                             int64_t classes)
{
    char recipe[128];
    snprintf(recipe, sizeof recipe, RECIPE_FORMAT, (long long)pad, (long long)truncate_end,
             (long long)max_len, (long long)max_words);
    rnn_status_t status = rnn_model_set_metadata(model, RECIPE_KEY, recipe);
    if (!status) status = rnn_model_set_reading(model, data); /* for programs that do not know the recipe */
    if (!status && tokenizer) status = rnn_model_set_tokenizer(model, NULL, tokenizer);
    if (status || !rnn_dataset_class_name(data, 0)) return status;
    const char **names = malloc((size_t)classes * sizeof *names);
    if (!names) return RNN_ERROR_MEMORY;
    for (int64_t i = 0; i < classes; i++)
        names[i] = rnn_dataset_class_name(data, i);
    status = rnn_model_set_classes(model, NULL, names, classes);
    free(names);
    return status;
}

static rnn_model_t *make_model(rnn_context_t *context, int64_t vocabulary, int64_t classes)
{
    rnn_model_t *model = rnn_model_create(context);
    if (!model) return NULL;
    rnn_layer_t *h = rnn_embedding(model, rnn_input_tokens(model, "text"), vocabulary, embed);
    if (cell == CELL_RNN) h = rnn_simple_rnn(model, h, units);
    if (cell == CELL_LSTM) h = rnn_lstm(model, h, units);
    if (cell == CELL_GRU) h = rnn_gru(model, h, units);
    rnn_layer_set_int(h, RNN_LAYER_LAYERS, layers);
    rnn_layer_set_int(h, RNN_LAYER_DIRECTION, bidirectional ? RNN_BIDIRECTIONAL : RNN_FORWARD);
    rnn_layer_set_float(h, RNN_LAYER_DROPOUT, dropout);
    rnn_layer_set_float(h, RNN_LAYER_RECURRENT_DROPOUT, recurrent_dropout);
    h = pool == 0 ? rnn_last(model, h) : pool == 1 ? rnn_mean_pool(model, h) : rnn_max_pool(model, h);
    h = classes == 2 ? rnn_dense(model, h, 1, RNN_SIGMOID) : rnn_dense(model, h, classes, RNN_SOFTMAX);
    rnn_model_set_output(model, h, "class");
    if (rnn_model_build(model) == RNN_OK) return model; /* any error above shows here */
    rnn_model_free(model);
    return NULL;
}

static int32_t write_stderr(const char *text, int64_t size, void *user)
{
    (void)user;
    return fwrite(text, 1, (size_t)size, stderr) != (size_t)size;
}

static rnn_trainer_t *make_trainer(rnn_model_t *model)
{
    static const int32_t kinds[] = { RNN_OPTIM_SGD, RNN_OPTIM_RMSPROP, RNN_OPTIM_ADAM };
    int32_t loss =
        rnn_model_output_features(model, 0) == 1 ? RNN_LOSS_BINARY_CROSS_ENTROPY : RNN_LOSS_CROSS_ENTROPY;
    rnn_trainer_t *t = rnn_trainer_create(model);
    if (!t) return NULL;
    if (rate == NOT_SET) rate = optimizer == 0 ? 0.01 : 0.001;
    rnn_status_t status = rnn_trainer_set_loss(t, NULL, loss);
    if (!status) status = rnn_trainer_set_optimizer(t, kinds[optimizer], rate);
    if (!status && kinds[optimizer] == RNN_OPTIM_RMSPROP)
        status = rnn_trainer_set_int(t, RNN_OPTIM_EPSILON_INSIDE, 1);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_EPOCHS, epochs);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_BATCH, batch);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_PATIENCE, patience);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_MONITOR, monitor ? 3 : 0);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_PRECISION, precision);
    if (!status) status = rnn_trainer_set_int(t, RNN_TRAIN_RESTORE_BEST, split > 0 || validation_path);
    if (!status) status = rnn_trainer_set_float(t, RNN_TRAIN_VALIDATION_SPLIT, split);
    if (!status) status = rnn_trainer_set_progress(t, rnn_progress_stderr, NULL);
    if (!status) return t;
    rnn_trainer_free(t);
    return NULL;
}

/* ---- what it found out */

/* JSON has no NaN. */
static void print_number(FILE *file, double value)
{
    if (isfinite(value))
        fprintf(file, "%.9g", value);
    else
        fputs("null", file);
}

static void print_field(FILE *file, const char *name, double value)
{
    fprintf(file, ", \"%s\": ", name);
    print_number(file, value);
}

/* Prints one figure of every epoch as a JSON array and returns the largest, NaN when there is none. */
static double print_history(FILE *file, const char *name, const rnn_tensor_t *history)
{
    double best = NAN;
    fprintf(file, "\"%s\": [", name);
    for (int64_t i = 0; history && i < rnn_tensor_count(history); i++) {
        double value = rnn_tensor_get(history, i);
        if (isnan(value)) continue;
        if (!isnan(best)) fputs(", ", file);
        print_number(file, value);
        if (!(best >= value)) best = value;
    }
    fputs("]", file);
    return best;
}

static int write_metrics(const rnn_trainer_t *trainer, const rnn_model_t *model, const rnn_result_t *test)
{
    FILE *file = fopen(metrics_path, "w");
    if (!file) {
        fprintf(stderr, "classify_text: cannot write %s: %s\n", metrics_path, strerror(errno));
        return 1;
    }
    rnn_tensor_t *accuracy = rnn_trainer_history(trainer, "val_accuracy"),
                 *seconds = rnn_trainer_history(trainer, "seconds");
    fputs("{", file);
    print_field(file, "val_acc_best", print_history(file, "val_acc", accuracy));
    print_field(file, "test_acc", test->accuracy);
    print_field(file, "test_loss", test->loss);
    print_field(file, "test_macro_recall", test->macro_recall);
    print_field(file, "test_macro_f1", test->macro_f1);
    fputs(", ", file);
    print_history(file, "epoch_seconds", seconds);
    print_field(file, "parameters", (double)rnn_model_parameters(model));
    fputs("}\n", file);
    rnn_tensor_free(accuracy);
    rnn_tensor_free(seconds);
    int bad = ferror(file);
    if (fclose(file) || bad) {
        fprintf(stderr, "classify_text: cannot write %s\n", metrics_path);
        return 1;
    }
    return 0;
}

static int measure(rnn_trainer_t *trainer, rnn_dataset_t *test, rnn_result_t *result)
{
    if (rnn_trainer_evaluate(trainer, test, result)) return fail(test_path ? test_path : train_path);
    fprintf(predict ? stderr : stdout,
            "test: accuracy %.4f, loss %.4f, macro recall %.4f, macro F1 %.4f, %lld texts\n",
            result->accuracy, result->loss, result->macro_recall, result->macro_f1, (long long)result->count);
    return 0;
}

/* ---- the report's settings: what the options say */

#define SETTING_SIZE 64

/* A loaded model has brought its own. */
static int is_reported(const option_t *option)
{
    static const char *const loaded[] = { "--batch", "--max-words", "--max-len", "--pad", "--truncate" };
    int is_action = option->target == &predict || option->target == &help;
    if (option->type == 'p')
        return option->target != &save_path && option->target != &load_path &&
               option->target != &metrics_path && option->target != &report_path;
    for (int i = 0; load_path && i < 5; i++)
        if (strcmp(option->name, loaded[i]) == 0) return 1;
    return !load_path && !is_action;
}

static void print_option(const option_t *option, char out[SETTING_SIZE])
{
    int64_t number = option->type == 'f' || option->type == 'p' ? 0 : *(int64_t *)option->target;
    const char *word = option->value;
    if (option->type == 'f') snprintf(out, SETTING_SIZE, "%g", *(double *)option->target);
    if (option->type == 'i') snprintf(out, SETTING_SIZE, "%lld", (long long)number);
    if (option->type == 's') snprintf(out, SETTING_SIZE, "%s", number ? "yes" : "no");
    if (option->type != 'c') return;
    for (; number; number--) word += strcspn(word, "|") + 1;
    snprintf(out, SETTING_SIZE, "%.*s", (int)strcspn(word, "|"), word);
}

static int make_report(rnn_trainer_t *trainer, rnn_model_t *model, rnn_dataset_t *test,
                       const rnn_result_t *result)
{
    char rooms[OPTIONS][SETTING_SIZE];
    const char *names[OPTIONS], *texts[OPTIONS];
    int count = 0;
    for (int i = 0; i < OPTIONS; i++) {
        if (!is_reported(&options[i])) continue;
        const char *path = options[i].type == 'p' ? *(const char **)options[i].target : NULL;
        if (options[i].type == 'p' && !path) continue;
        print_option(&options[i], rooms[i]);
        names[count] = options[i].name + 2;
        texts[count++] = path ? path : rooms[i];
    }
    const char *path = test_path ? test_path : train_path ? train_path : load_path;
    const char *wrong = write_report(report_path, model, trainer, test, path, table_of(path), result, names,
                                     texts, count);
    if (wrong) fprintf(stderr, "classify_text: --report %s: %s\n", report_path, wrong);
    return wrong != NULL;
}

/* ---- prediction */

/* The ids of one line into *ids, grown as needed; their number, or -1 with the reason printed. */
static int64_t encode_line(const rnn_tokenizer_t *tokenizer, const char *line, int64_t size, int32_t **ids,
                           int64_t *room)
{
    int64_t count = 0;
    if (tokenizer) {
        if (rnn_tokenizer_encode(tokenizer, line, size, *ids, *room, &count)) return fail("--predict"), -1;
    } else {
        count = size / 2 + 1; /* an id takes a digit and a space at least */
    }
    if (count > *room) {
        int32_t *more = realloc(*ids, (size_t)count * sizeof *more);
        if (!more) return fputs("classify_text: out of memory\n", stderr), -1;
        *ids = more, *room = count;
    }
    if (tokenizer)
        return rnn_tokenizer_encode(tokenizer, line, size, *ids, *room, &count) ? fail("--predict"),
               -1                                                               : count;
    count = 0;
    for (char *end; *(line += strspn(line, " \t")); line = end) {
        errno = 0;
        long long id = strtoll(line, &end, 10);
        if (end == line || (*end && !strchr(" \t", *end)) || errno || id < 0)
            return fprintf(stderr, "classify_text: --predict: this model reads token ids, not '%s'\n", line),
                   -1;
        (*ids)[count++] = id < max_words ? (int32_t)id : RNN_TOKEN_UNKNOWN;
    }
    return count;
}

/* Runs the model on one text: a dataset of one sample, so that padding and truncation are as in training. */
static rnn_tensor_t *run_one(rnn_context_t *context, rnn_model_t *model, int32_t *ids, int64_t count)
{
    rnn_tensor_t *output = NULL;
    rnn_tensor_t *tokens = rnn_tensor_wrap(context, RNN_I32, 2, (int64_t[]){ 1, count }, NULL, ids);
    rnn_dataset_t *data = rnn_dataset_create(context);
    if (tokens && data && !apply_data_settings(data) && !rnn_dataset_add_input(data, tokens, NULL))
        rnn_model_predict(model, data, NULL, &output);
    rnn_dataset_free(data);
    rnn_tensor_free(tokens);
    return output;
}

static void print_class(const rnn_model_t *model, const rnn_tensor_t *output)
{
    int64_t best = 0;
    double probability = rnn_tensor_get(output, 0);
    if (rnn_tensor_count(output) == 1) { /* the sigmoid unit says how sure it is of class 1 */
        best = probability >= 0.5;
        if (!best) probability = 1 - probability;
    }
    for (int64_t i = 1; i < rnn_tensor_count(output); i++)
        if (rnn_tensor_get(output, i) > probability) probability = rnn_tensor_get(output, best = i);
    const char *name = rnn_model_class_name(model, NULL, best);
    if (name)
        printf("%s\t%.6f\n", name, probability);
    else
        printf("%lld\t%.6f\n", (long long)best, probability);
    fflush(stdout);
}

static int predict_lines(rnn_context_t *context, rnn_model_t *model)
{
    rnn_tokenizer_t *tokenizer = rnn_model_tokenizer(model, NULL);
    char *line = NULL;
    size_t line_room = 0;
    int32_t *ids = malloc(sizeof *ids);
    int64_t room = ids ? 1 : 0, count = 0;
    int failed = !ids;
    for (ssize_t size; !failed && (size = getline(&line, &line_room, stdin)) >= 0;) {
        while (size && strchr("\r\n", line[size - 1]))
            line[--size] = 0;
        count = encode_line(tokenizer, line, size, &ids, &room);
        if ((failed = count < 0)) break;
        rnn_tensor_t *output = run_one(context, model, ids, count);
        if (output)
            print_class(model, output);
        else
            failed = fail("--predict");
        rnn_tensor_free(output);
    }
    free(ids);
    free(line);
    return failed;
}

/* ---- the two ways to a model */

static rnn_model_t *load_model(rnn_context_t *context)
{
    rnn_model_t *model = NULL;
    long long p, t, l, w;
    if (rnn_model_load(context, load_path, &model)) return fail(load_path), NULL;
    const char *recipe = rnn_model_metadata(model, RECIPE_KEY);
    if (recipe && sscanf(recipe, RECIPE_FORMAT, &p, &t, &l, &w) == 4) {
        pad = p, truncate_end = t, max_len = l, max_words = w;
        return model;
    }
    fprintf(stderr, "classify_text: %s: not a model that classify_text has saved\n", load_path);
    rnn_model_free(model);
    return NULL;
}

/* Reads the training file, and builds the model that fits it. */
static rnn_model_t *new_model(rnn_context_t *context, rnn_dataset_t **data)
{
    int32_t has_ids = text_column ? 0 : rnn_text_file_has_ids(context, train_path, 100);
    if (has_ids < 0) return fail(train_path), NULL;
    rnn_tokenizer_t *tokenizer = has_ids ? NULL : make_tokenizer(context, train_path);
    if ((!has_ids && !tokenizer) || load_data(context, train_path, tokenizer, NULL, data) ||
        rnn_dataset_set_int(*data, RNN_DATA_BALANCE, balance) ||
        rnn_dataset_set_float(*data, RNN_DATA_DROP, drop_words)) {
        fail(train_path);
        rnn_tokenizer_free(tokenizer);
        return NULL;
    }
    int64_t classes = rnn_dataset_classes(*data),
            vocabulary = has_ids ? max_words : rnn_tokenizer_size(tokenizer);
    fprintf(stderr, "%s: %lld texts, %lld classes, %lld %s\n", train_path,
            (long long)rnn_dataset_count(*data), (long long)classes, (long long)vocabulary,
            has_ids ? "ids" : "words");
    rnn_model_t *model = NULL;
    if (classes < 2)
        fprintf(stderr, "classify_text: %s: expected at least 2 classes\n", train_path);
    else if (!(model = make_model(context, vocabulary, classes)) ||
             describe(model, tokenizer, *data, classes))
        rnn_model_free(model), model = NULL, fail("model");
    rnn_tokenizer_free(tokenizer);
    return model;
}

static int train(rnn_trainer_t *trainer, rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_dataset_t *validation = NULL;
    if (validation_path) {
        rnn_status_t status = load_data(NULL, validation_path, rnn_model_tokenizer(model, NULL), data,
                                        &validation);
        if (!status) status = rnn_trainer_set_validation(trainer, validation);
        rnn_dataset_free(validation);
        if (status) return fail(validation_path);
    }
    rnn_model_summary(model, write_stderr, NULL);
    return rnn_trainer_fit(trainer, data) < 0 ? fail("training") : 0;
}

int main(int argc, char **argv)
{
    if (parse_options(options, OPTIONS, argc, argv)) return 2;
    if (help) return print_help(usage, options, OPTIONS), 0;
    if (check_options()) return 2;

    rnn_dataset_t *data = NULL, *like = NULL, *test = NULL;
    rnn_model_t *model = NULL;
    rnn_trainer_t *trainer = NULL;
    rnn_result_t result = {
        .struct_size = sizeof result, .loss = NAN, .accuracy = NAN, .macro_recall = NAN, .macro_f1 = NAN
    };
    int failed = 1;
    rnn_context_t *context = rnn_context_create(NULL);
    if (!context || rnn_context_set_int(context, RNN_CONTEXT_SEED, seed) ||
        (threads && rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads))) {
        fail("start");
        goto end;
    }
    model = load_path ? load_model(context) : new_model(context, &data);
    if (!model) goto end;
    if (load_path && test_path && !(like = rnn_model_like(model, NULL))) {
        fail(load_path);
        goto end;
    }
    if (test_split > 0 && split_off_test(&data, &test)) goto end;
    if (test_path &&
        load_data(context, test_path, rnn_model_tokenizer(model, NULL), data ? data : like, &test)) {
        fail(test_path);
        goto end;
    }
    if (!(trainer = make_trainer(model))) {
        fail("trainer");
        goto end;
    }
    if (data && train(trainer, model, data)) goto end;
    if (save_path && rnn_model_save(model, save_path)) {
        fail(save_path);
        goto end;
    }
    if (test && measure(trainer, test, &result)) goto end;
    if (metrics_path && write_metrics(trainer, model, &result)) goto end;
    if (report_path && make_report(trainer, model, test, &result)) goto end;
    failed = predict ? predict_lines(context, model) : 0;
end:
    rnn_trainer_free(trainer);
    rnn_dataset_free(test);
    rnn_dataset_free(like);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
    return failed;
}
