/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "data/fields.h"
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

typedef struct document {
    char *block; /* [size + 1] */
    size_t size;
    rnni_piece text; /* without a byte order mark */
} document;

static rnn_status_t read_document(rnn_context_t *context, const char *path, document *d)
{
    RNNI_TRY(rnni_io_read_file(context, path, &d->block, &d->size));
    bool marked = d->size >= 3 && memcmp(d->block, "\xEF\xBB\xBF", 3) == 0;
    size_t skipped = marked ? 3 : 0;
    d->text = (rnni_piece){ d->block + skipped, d->size - skipped };
    return RNN_OK;
}

static void free_document(rnn_context_t *context, document *d) { rnni_free(context, d->block, d->size + 1); }

/* Called for each file, in order. */
typedef rnn_status_t (*visitor)(const char *path, const char *folder, void *user);

typedef struct visiting {
    rnn_context_t *context;
    visitor visit;
    void *user;
} visiting;

static rnn_status_t visit_files(const visiting *v, const char *path, const char *name)
{
    listing files;
    rnni_buffer file = { .context = v->context };
    rnn_status_t status = begin_listing(&files, v->context, path, false);
    for (size_t i = 0; status == RNN_OK && i < files.names.count; i++) {
        status = join(&file, path, files.sorted[i]);
        if (status == RNN_OK) status = v->visit(file.data, name, v->user);
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
        if (status == RNN_OK) status = visit_files(v, folder.data, folders->sorted[i]);
    }
    rnni_buffer_clear(&folder);
    return status;
}

/* ---- the classes ---- */

/* Those of `like`, or the folders. */
static rnn_status_t name_classes(rnni_store *store, const char *path, const listing *folders,
                                 const rnn_dataset_t *like)
{
    size_t number;
    for (size_t i = 0; like && i < like->store->names.count; i++)
        RNNI_TRY(rnni_vocabulary_add(&store->names, rnni_vocabulary_word(&like->store->names, i),
                                     like->store->names.words[i].length, &number));
    for (size_t i = 0; i < folders->names.count; i++) {
        const char *name = folders->sorted[i];
        RNNI_REQUIRE(!like || rnni_vocabulary_find(&store->names, name, strlen(name)) >= 0, RNN_ERROR_DATA,
                     "%s: there is no class named \"%.60s\", which is a folder there", path, name);
        RNNI_TRY(rnni_vocabulary_add(&store->names, name, strlen(name), &number));
    }
    store->has_names = true;
    return RNN_OK;
}

static int32_t class_of(const rnni_store *store, const char *folder)
{
    return (int32_t)rnni_vocabulary_find(&store->names, folder, strlen(folder));
}

/* Every document below `path`. With a store, its classes are named first. */
static rnn_status_t visit_tree(const visiting *v, const char *path, rnni_store *store,
                               const rnn_dataset_t *like)
{
    listing folders;
    rnn_status_t status = begin_listing(&folders, v->context, path, true);
    if (status == RNN_OK && store) status = name_classes(store, path, &folders, like);
    if (status == RNN_OK) status = visit_folders(v, path, &folders);
    end_listing(&folders);
    return status;
}

/* ---- words ---- */

static rnn_status_t count_document(const char *path, const char *folder, void *user)
{
    document d;
    rnn_context_t *context = rnni_tokenizer_context(user);
    (void)folder;
    RNNI_TRY(read_document(context, path, &d));
    rnn_status_t status = rnn_tokenizer_add_text(user, d.text.text, (int64_t)d.text.size);
    free_document(context, &d);
    return status;
}

rnn_status_t rnn_tokenizer_add_folder(rnn_tokenizer_t *tokenizer, const char *path)
{
    RNNI_REQUIRE(tokenizer && path, RNN_ERROR_ARGUMENT, "the %s is NULL", tokenizer ? "path" : "tokenizer");
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) == 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is built and cannot change");
    rnn_context_t *context = rnni_tokenizer_context(tokenizer);
    visiting v = { context, count_document, tokenizer };
    return visit_tree(&v, path, NULL, NULL);
}

/* ---- the two ways to have them ---- */

static rnn_status_t check_arguments(const char *path, const rnn_tokenizer_t *tokenizer,
                                    const rnn_dataset_t *like, rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(path && tokenizer && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 !path        ? "path"
                 : !tokenizer ? "tokenizer"
                              : "place for the dataset");
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) > 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is not built yet: rnn_tokenizer_build does it");
    RNNI_REQUIRE(!like || like->store->has_names, RNN_ERROR_ARGUMENT,
                 "the dataset to take class names from has none");
    return RNN_OK;
}

/* ---- samples in memory ---- */

static rnn_status_t load_document(const char *path, const char *folder, void *user)
{
    rnni_texts *texts = user;
    document d;
    RNNI_TRY(read_document(texts->context, path, &d));
    rnn_status_t status = rnni_texts_add(texts, NULL, d.text, class_of(texts->store, folder));
    free_document(texts->context, &d);
    return status;
}

static rnn_status_t load(rnni_texts *texts, const char *path, const rnn_dataset_t *like)
{
    visiting v = { texts->context, load_document, texts };
    RNNI_TRY(visit_tree(&v, path, texts->store, like));
    rnni_store_settle(texts->store);
    return RNN_OK;
}

rnn_status_t rnn_dataset_load_folder(rnn_context_t *context, const char *path,
                                     const rnn_tokenizer_t *tokenizer, const rnn_dataset_t *like,
                                     rnn_dataset_t **dataset)
{
    RNNI_TRY(check_arguments(path, tokenizer, like, dataset));
    rnn_dataset_t *made = rnn_dataset_create(context);
    if (!made) return RNN_ERROR_MEMORY;
    rnni_texts texts;
    rnn_status_t status = rnni_texts_begin(&texts, made->store, tokenizer);
    if (status == RNN_OK) status = load(&texts, path, like);
    rnni_texts_end(&texts);
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}

/* ---- samples in their files ---- */

typedef struct stream {
    rnn_context_t *context;     /* held */
    rnn_tokenizer_t *tokenizer; /* held */
    const rnni_store *store;    /* of the dataset that reads here, once there is one */
    rnni_buffer paths;          /* one behind another, each terminated */
    size_t *starts;             /* [count] where one begins */
    int32_t *classes;           /* [count] */
    size_t count, starts_capacity, classes_capacity;
    int32_t *ids; /* of the document at hand */
    size_t ids_capacity;
} stream;

static void release_stream(void *user)
{
    stream *s = user;
    rnn_context_t *context = s->context;
    rnni_buffer_clear(&s->paths);
    rnni_free(context, s->starts, s->starts_capacity * sizeof(*s->starts));
    rnni_free(context, s->classes, s->classes_capacity * sizeof(*s->classes));
    rnni_free(context, s->ids, s->ids_capacity * sizeof(*s->ids));
    rnn_tokenizer_free(s->tokenizer);
    rnni_free(context, s, sizeof(*s));
    rnn_context_free(context);
}

static stream *create_stream(rnn_context_t *context, rnn_tokenizer_t *tokenizer)
{
    rnn_context_t *held = rnni_context_hold(context);
    stream *s = held ? rnni_alloc(held, sizeof(*s)) : NULL;
    if (!s) {
        rnn_context_free(held);
        return NULL;
    }
    *s = (stream){ .context = held, .tokenizer = rnn_tokenizer_retain(tokenizer), .paths.context = held };
    return s;
}

static rnn_status_t note_document(const char *path, const char *folder, void *user)
{
    stream *s = user;
    RNNI_TRY(rnni_grow(s->context, (void **)&s->starts, &s->starts_capacity, s->count + 1,
                       sizeof(*s->starts)));
    RNNI_TRY(rnni_grow(s->context, (void **)&s->classes, &s->classes_capacity, s->count + 1,
                       sizeof(*s->classes)));
    s->starts[s->count] = s->paths.size;
    s->classes[s->count] = class_of(s->store, folder);
    RNNI_TRY(rnni_buffer_add(&s->paths, path, strlen(path) + 1));
    s->count++;
    return RNN_OK;
}

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    stream *s = user;
    document d;
    size_t count = 0;
    RNNI_TRY(read_document(s->context, s->paths.data + s->starts[index], &d));
    rnn_status_t status = rnni_tokenizer_encode(s->tokenizer, s->context, d.text.text, d.text.size, &s->ids,
                                                &s->ids_capacity, &count);
    free_document(s->context, &d);
    RNNI_TRY(status);
    RNNI_TRY(rnn_sample_set_tokens(sample, 0, s->ids, (int64_t)count));
    return rnn_sample_set_class(sample, 1, s->classes[index]);
}

static rnn_status_t list_documents(stream *s, rnni_store *store, const char *path, const rnn_dataset_t *like)
{
    visiting v = { s->context, note_document, s };
    s->store = store;
    rnn_status_t status = visit_tree(&v, path, store, like);
    store->count = store->source.count = (int64_t)s->count;
    store->classes = (int64_t)store->names.count;
    return status;
}

rnn_status_t rnn_dataset_stream_folder(rnn_context_t *context, const char *path, rnn_tokenizer_t *tokenizer,
                                       const rnn_dataset_t *like, rnn_dataset_t **dataset)
{
    RNNI_TRY(check_arguments(path, tokenizer, like, dataset));
    stream *s = create_stream(context, tokenizer);
    if (!s) return RNN_ERROR_MEMORY;
    rnn_source_t source = { .struct_size = sizeof(source),
                            .inputs = 1,
                            .targets = 1,
                            .read = read_sample,
                            .release = release_stream,
                            .user = s };
    rnn_dataset_t *made = NULL;
    RNNI_TRY(rnni_dataset_of_own(s->context, &source, &made));
    rnn_status_t status = list_documents(s, made->store, path, like);
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}
