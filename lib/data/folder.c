/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "text/tokenizer.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- what is in a folder ---- */

typedef struct listing {
    rnn_context_t *context;
    rnni_vocabulary names; /* of files, or of folders */
    const char **sorted;   /* [names.count] in byte order */
    size_t capacity;
} listing;

static void end_listing(listing *l)
{
    rnni_vocabulary_free(&l->names);
    rnni_free(l->context, l->sorted, l->capacity * sizeof(*l->sorted));
}

static rnn_status_t fail_errno(const char *path)
{
    char reason[128];
    if (strerror_r(errno, reason, sizeof(reason)) != 0) reason[0] = 0;
    return rnni_fail(RNN_ERROR_IO, "the folder %s cannot be read: %s", path, reason);
}

static rnn_status_t join(rnni_buffer *out, const char *folder, const char *name)
{
    out->size = 0;
    RNNI_TRY(rnni_buffer_add_text(out, folder));
    RNNI_TRY(rnni_buffer_add_text(out, "/"));
    return rnni_buffer_add_text(out, name);
}

/* Adds a name when it is of the kind that is wanted; links are followed, and those that lead nowhere skipped.
 */
static rnn_status_t consider(listing *l, rnni_buffer *path, const char *folder, const char *name,
                             bool folders)
{
    struct stat info;
    size_t number;
    if (name[0] == '.') return RNN_OK;
    RNNI_TRY(join(path, folder, name));
    if (stat(path->data, &info) != 0) return RNN_OK;
    if (folders ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode)) return RNN_OK;
    return rnni_vocabulary_add(&l->names, name, strlen(name), &number);
}

static rnn_status_t read_entries(listing *l, const char *folder, bool folders)
{
    DIR *entries = opendir(folder);
    if (!entries) return fail_errno(folder);
    rnni_buffer path = { .context = l->context };
    rnn_status_t status = RNN_OK;
    struct dirent *entry;
    while (status == RNN_OK && (errno = 0, entry = readdir(entries)))
        status = consider(l, &path, folder, entry->d_name, folders);
    if (status == RNN_OK && errno != 0) status = fail_errno(folder);
    closedir(entries);
    rnni_buffer_clear(&path);
    return status;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static rnn_status_t begin_listing(listing *l, rnn_context_t *context, const char *folder, bool folders)
{
    memset(l, 0, sizeof(*l));
    l->context = context;
    rnni_vocabulary_init(&l->names, context);
    RNNI_TRY(read_entries(l, folder, folders));
    RNNI_TRY(rnni_grow(context, (void **)&l->sorted, &l->capacity, l->names.count + 1, sizeof(*l->sorted)));
    for (size_t i = 0; i < l->names.count; i++) l->sorted[i] = rnni_vocabulary_word(&l->names, i);
    if (l->names.count > 1) qsort(l->sorted, l->names.count, sizeof(*l->sorted), compare_texts);
    return RNN_OK;
}

/* ---- every document ---- */

/* Called for each document; `class` counts the folders. */
typedef rnn_status_t (*visitor)(const char *text, size_t size, size_t class, const char *folder, void *user);

typedef struct visiting {
    rnn_context_t *context;
    visitor visit;
    void *user;
} visiting;

static rnn_status_t visit_file(const visiting *v, const char *path, size_t class, const char *folder)
{
    char *text = NULL;
    size_t size = 0;
    RNNI_TRY(rnni_io_read_file(v->context, path, &text, &size));
    bool marked = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    size_t skipped = marked ? 3 : 0;
    rnn_status_t status = v->visit(text + skipped, size - skipped, class, folder, v->user);
    rnni_free(v->context, text, size + 1);
    return status;
}

static rnn_status_t visit_files(const visiting *v, const char *path, size_t class, const char *name)
{
    listing files;
    rnni_buffer file = { .context = v->context };
    rnn_status_t status = begin_listing(&files, v->context, path, false);
    for (size_t i = 0; status == RNN_OK && i < files.names.count; i++) {
        status = join(&file, path, files.sorted[i]);
        if (status == RNN_OK) status = visit_file(v, file.data, class, name);
    }
    rnni_buffer_clear(&file);
    end_listing(&files);
    return status;
}

static rnn_status_t visit_folders(const visiting *v, const char *path, const listing *folders)
{
    RNNI_REQUIRE(folders->names.count > 0, RNN_ERROR_DATA,
                 "%s has no folders in it, expected one for each class", path);
    rnni_buffer folder = { .context = v->context };
    rnn_status_t status = RNN_OK;
    for (size_t i = 0; status == RNN_OK && i < folders->names.count; i++) {
        status = join(&folder, path, folders->sorted[i]);
        if (status == RNN_OK) status = visit_files(v, folder.data, i, folders->sorted[i]);
    }
    rnni_buffer_clear(&folder);
    return status;
}

/* ---- words ---- */

static rnn_status_t count_document(const char *text, size_t size, size_t class, const char *folder,
                                   void *user)
{
    (void)class;
    (void)folder;
    return rnn_tokenizer_add_text(user, text, (int64_t)size);
}

rnn_status_t rnn_tokenizer_add_folder(rnn_tokenizer_t *tokenizer, const char *path)
{
    RNNI_REQUIRE(tokenizer && path, RNN_ERROR_ARGUMENT, "the %s is NULL", tokenizer ? "path" : "tokenizer");
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) == 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is built and cannot change");
    rnn_context_t *context = rnni_tokenizer_context(tokenizer);
    visiting v = { context, count_document, tokenizer };
    listing folders;
    rnn_status_t status = begin_listing(&folders, context, path, true);
    if (status == RNN_OK) status = visit_folders(&v, path, &folders);
    end_listing(&folders);
    return status;
}

/* ---- samples ---- */

typedef struct loading {
    rnn_context_t *context;
    const char *path;
    const rnn_tokenizer_t *tokenizer;
    rnni_store *store;
    int32_t *ids;
    size_t ids_capacity;
} loading;

static rnn_status_t load_document(const char *text, size_t size, size_t class, const char *folder, void *user)
{
    loading *l = user;
    rnn_batch_t *data = &l->store->data;
    size_t count = 0;
    (void)class;
    int32_t number = (int32_t)rnni_vocabulary_find(&l->store->names, folder, strlen(folder));
    RNNI_TRY(rnni_tokenizer_encode(l->tokenizer, l->context, text, size, &l->ids, &l->ids_capacity, &count));
    RNNI_TRY(rnni_column_add_ids(l->context, &data->input[0], RNNI_COLUMN_TOKENS, l->ids, (int64_t)count));
    return rnni_column_add_ids(l->context, &data->target[0], RNNI_COLUMN_CLASS, &number, 1);
}

/* The classes: those of `like`, or the folders. */
static rnn_status_t name_classes(loading *l, const listing *folders, const rnn_dataset_t *like)
{
    size_t number;
    for (size_t i = 0; like && i < like->store->names.count; i++)
        RNNI_TRY(rnni_vocabulary_add(&l->store->names, rnni_vocabulary_word(&like->store->names, i),
                                     like->store->names.words[i].length, &number));
    for (size_t i = 0; i < folders->names.count; i++) {
        const char *name = folders->sorted[i];
        RNNI_REQUIRE(!like || rnni_vocabulary_find(&l->store->names, name, strlen(name)) >= 0, RNN_ERROR_DATA,
                     "%s: there is no class named \"%.60s\", which is a folder there", l->path, name);
        RNNI_TRY(rnni_vocabulary_add(&l->store->names, name, strlen(name), &number));
    }
    l->store->has_names = true;
    return RNN_OK;
}

static rnn_status_t fix_kinds(loading *l)
{
    rnn_batch_t *data = &l->store->data;
    RNNI_TRY(rnni_column_reserve(l->context, &data->input[0], RNNI_COLUMN_TOKENS, 0, 0, 1));
    RNNI_TRY(rnni_column_reserve(l->context, &data->target[0], RNNI_COLUMN_CLASS, 0, 0, 1));
    data->input[0].kind = RNNI_COLUMN_TOKENS;
    data->target[0].kind = RNNI_COLUMN_CLASS;
    data->input[0].width = data->target[0].width = 1;
    return RNN_OK;
}

static rnn_status_t load(loading *l, const rnn_dataset_t *like)
{
    visiting v = { l->context, load_document, l };
    listing folders;
    rnn_status_t status = begin_listing(&folders, l->context, l->path, true);
    if (status == RNN_OK) status = name_classes(l, &folders, like);
    if (status == RNN_OK) status = rnni_batch_prepare(&l->store->data, 1, 1);
    if (status == RNN_OK) status = visit_folders(&v, l->path, &folders);
    if (status == RNN_OK) status = fix_kinds(l);
    if (status == RNN_OK) rnni_store_settle(l->store);
    end_listing(&folders);
    return status;
}

rnn_status_t rnn_dataset_load_folder(rnn_context_t *context, const char *path,
                                     const rnn_tokenizer_t *tokenizer, const rnn_dataset_t *like,
                                     rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(path && tokenizer && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 !path        ? "path"
                 : !tokenizer ? "tokenizer"
                              : "place for the dataset");
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) > 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is not built yet: rnn_tokenizer_build does it");
    RNNI_REQUIRE(!like || like->store->has_names, RNN_ERROR_ARGUMENT,
                 "the dataset to take class names from has none");
    rnn_dataset_t *made = rnn_dataset_create(context);
    if (!made) return RNN_ERROR_MEMORY;
    loading l = { .context = made->context, .path = path, .tokenizer = tokenizer, .store = made->store };
    rnn_status_t status = load(&l, like);
    rnni_free(l.context, l.ids, l.ids_capacity * sizeof(*l.ids));
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}
