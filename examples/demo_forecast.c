/* SPDX-License-Identifier: MIT */
/* Forecasts the monthly airline passengers of 1949 to 1960 (Box and Jenkins 1976) with a GRU: it reads the
 * last twelve monthly changes, on a log scale, and says the next one. It learns from the first ten years and
 * is measured on the last two.
 *
 *     demo_forecast FOLDER     writes FOLDER/forecast.safetensors, and forecast.svg, a picture of it */
#include "demo.h"

#include <math.h>

enum { MONTHS = 144, TRAIN = 120, TEST = MONTHS - TRAIN, WINDOW = 12, FIRST_SHOWN = MONTHS - 48 };

static const float passengers[MONTHS] = {
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, /* thousands; 1949 */
    115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140, 145, 150, 178, 163, 172, 178, 199,
    199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194, 196, 196,
    236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259,
    229, 203, 229, 242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313,
    318, 374, 413, 405, 355, 306, 271, 306, 315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305,
    336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337, 360, 342, 406, 396, 420, 472,
    548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
};

/* change[t] = log(passengers[t] / passengers[t - 1]), scaled to deviation 1 over the training months. */
typedef struct {
    double mean, deviation;
} scale_t;

static double raw_change(const float *series, int t)
{
    return log((double)series[t] / (double)series[t - 1]);
}

static scale_t measure_scale(void)
{
    scale_t scale = { 0, 0 };
    for (int t = 1; t < TRAIN; t++)
        scale.mean += raw_change(passengers, t) / (TRAIN - 1);
    for (int t = 1; t < TRAIN; t++)
        scale.deviation += pow(raw_change(passengers, t) - scale.mean, 2) / (TRAIN - 1);
    scale.deviation = sqrt(scale.deviation);
    return scale;
}

/* The changes of the WINDOW months before month t. */
static void fill_window(const float *series, int t, scale_t scale, float *window)
{
    for (int i = 0; i < WINDOW; i++)
        window[i] = (float)((raw_change(series, t - WINDOW + i) - scale.mean) / scale.deviation);
}

/* One sample a month that has a whole window before it. */
static rnn_dataset_t *make_dataset(scale_t scale)
{
    enum { FIRST = WINDOW + 1, COUNT = TRAIN - FIRST };
    static float x[COUNT][WINDOW], y[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fill_window(passengers, FIRST + i, scale, x[i]);
        y[i] = (float)((raw_change(passengers, FIRST + i) - scale.mean) / scale.deviation);
    }
    rnn_tensor_t *windows = rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ COUNT, WINDOW, 1 }, NULL, x);
    rnn_tensor_t *next = rnn_tensor_wrap(NULL, RNN_F32, 1, (int64_t[]){ COUNT }, NULL, y);
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    check(rnn_dataset_add_input(data, windows, NULL));
    check(rnn_dataset_add_target(data, next, NULL));
    rnn_tensor_free(next), rnn_tensor_free(windows);
    return data;
}

/* The scale travels with the model, as text. */
static rnn_model_t *make_model(scale_t scale)
{
    char text[64];
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_last(model, rnn_gru(model, rnn_input_values(model, "change", 1), 16));
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_LINEAR), "next");
    check(rnn_model_build(model));
    snprintf(text, sizeof text, "%.17g %.17g", scale.mean, scale.deviation);
    check(rnn_model_set_metadata(model, "scale", text));
    return model;
}

/* Progress in ten lines instead of one an epoch. */
static int32_t show_progress(const rnn_progress_t *p, void *user)
{
    (void)user;
    if (p->event == RNN_EVENT_EPOCH && p->epoch % (p->epochs / 10) == 0)
        fprintf(stderr, "epoch %3lld of %lld: loss %.4f\n", (long long)p->epoch, (long long)p->epochs,
                p->loss);
    return 0;
}

static void train(rnn_model_t *model, rnn_dataset_t *data)
{
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    check(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE));
    check(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.005));
    check(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 200));
    check(rnn_trainer_set_int(trainer, RNN_TRAIN_BATCH, 16));
    check(rnn_trainer_set_progress(trainer, show_progress, NULL));
    check(rnn_trainer_fit(trainer, data));
    rnn_trainer_free(trainer);
}

/* The passengers of month t from the months before it in `series`: the window is stepped through. */
static double forecast(rnn_state_t *state, scale_t scale, const float *series, int t)
{
    float window[WINDOW], next = 0;
    fill_window(series, t, scale, window);
    check(rnn_state_reset(state));
    for (int i = 0; i < WINDOW; i++)
        check(rnn_state_step(state, &window[i], &next));
    return series[t - 1] * exp(scale.mean + scale.deviation * (double)next);
}

/* A whole year ahead: each forecast becomes the past of the next. */
static void forecast_year(rnn_state_t *state, scale_t scale, int start, float *year)
{
    float series[MONTHS];
    for (int t = 0; t < start; t++)
        series[t] = passengers[t];
    for (int i = 0; i < 12; i++) {
        series[start + i] = (float)forecast(state, scale, series, start + i);
        year[i] = series[start + i];
    }
}

static double rmse(const float *said, int first, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += pow((double)said[i] - (double)passengers[first + i], 2);
    return sqrt(sum / count);
}

static int32_t write_file(const char *text, int64_t size, void *file)
{
    return fwrite(text, 1, (size_t)size, file) != (size_t)size;
}

/* The last four years: what was, and from the third year on what the network said. */
static void draw(const float *said, const float *ahead, const char *folder)
{
    enum { SHOWN = MONTHS - FIRST_SHOWN };
    static const char *const names[] = { "passengers", "GRU, a month ahead", "GRU, a year ahead" };
    double lines[3][SHOWN];
    const double *const values[] = { lines[0], lines[1], lines[2] };
    for (int t = FIRST_SHOWN; t < MONTHS; t++) {
        int at = t - FIRST_SHOWN, i = t - TRAIN;
        lines[0][at] = passengers[t];
        lines[1][at] = i < 0 ? NAN : (double)said[i];
        lines[2][at] = i < 0 ? NAN : (double)ahead[i];
    }
    rnn_chart_t chart = { .struct_size = sizeof chart, .title = "Airline passengers and what a GRU forecasts",
                          .x_label = "year", .y_label = "thousands a month", .x_first = 1957,
                          .x_step = 1.0 / 12 };
    char path[1024];
    snprintf(path, sizeof path, "%s/forecast.svg", folder);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    check(rnn_svg_lines(names, values, 3, SHOWN, &chart, write_file, file));
    if (fclose(file)) {
        perror(path);
        exit(1);
    }
    printf("\nPicture: %s\n", path);
}

static void report(rnn_state_t *state, scale_t scale, const char *folder)
{
    float last[TEST], year_ago[TEST], said[TEST], ahead[TEST];
    for (int i = 0; i < TEST; i++) {
        last[i] = passengers[TRAIN + i - 1];
        year_ago[i] = passengers[TRAIN + i - 12];
        said[i] = (float)forecast(state, scale, passengers, TRAIN + i);
    }
    forecast_year(state, scale, TRAIN, ahead);
    forecast_year(state, scale, TRAIN + 12, ahead + 12);
    printf("\n%-46s %s\n", "", "error (RMSE, thousands), 1959 and 1960");
    printf("%-46s %6.1f\n", "the last month again", rmse(last, TRAIN, TEST));
    printf("%-46s %6.1f\n", "the same month of the year before", rmse(year_ago, TRAIN, TEST));
    printf("%-46s %6.1f\n", "GRU, loaded from its file, a month ahead", rmse(said, TRAIN, TEST));
    printf("%-46s %6.1f\n", "GRU, a whole year ahead, on its own forecasts", rmse(ahead, TRAIN, TEST));
    printf("\n1960     ");
    for (int i = 0; i < 12; i++)
        printf("%5.0f", (double)passengers[TRAIN + 12 + i]);
    printf("\nforecast ");
    for (int i = 0; i < 12; i++)
        printf("%5.0f", (double)said[12 + i]);
    puts("");
    draw(said, ahead, folder);
}

int main(int argc, char **argv)
{
    char path[1024];
    const char *folder = argc > 1 ? argv[1] : ".";
    snprintf(path, sizeof path, "%s/forecast.safetensors", folder);
    puts("== Forecast: a GRU and the airline passengers of 1949 to 1960 ==");
    scale_t scale = measure_scale();
    rnn_dataset_t *data = make_dataset(scale);
    rnn_model_t *model = make_model(scale), *loaded = NULL;
    train(model, data);
    check(rnn_model_save(model, path));

    check(rnn_model_load(NULL, path, &loaded)); /* all below is the saved file's work */
    const char *text = rnn_model_metadata(loaded, "scale");
    scale_t stored;
    if (!text || sscanf(text, "%lf %lf", &stored.mean, &stored.deviation) != 2) return 1;
    rnn_state_t *state = rnn_state_create(loaded);
    if (!state) check(RNN_ERROR_STATE);
    report(state, stored, folder);
    printf("Model: %s\n\n", path);
    rnn_state_free(state);
    rnn_dataset_free(data);
    rnn_model_free(loaded), rnn_model_free(model);
}
