/* SPDX-License-Identifier: MIT */
#ifndef RNNI_MODEL_H
#define RNNI_MODEL_H

#include "layers/graph.h"
#include <rnn/model.h>
#include <stdatomic.h>

typedef struct rnni_metadata {
    char *key, *value;
} rnni_metadata;

/* Class names of an output. */
typedef struct rnni_classes {
    char **names;
    int64_t count;
} rnni_classes;

typedef struct rnni_blob {
    char name[RNNI_NAME_SIZE];
    unsigned char *bytes;
    size_t size;
} rnni_blob;

struct rnni_exec;

struct rnn_model {
    rnni_graph graph;                /* first: rnni_graph_of */
    atomic_int references;
    rnn_tokenizer_t **tokenizers;    /* [tokenizer_count], by input number; entries may be NULL */
    size_t tokenizer_count;
    rnni_classes *classes;           /* [classes_count], by output number */
    size_t classes_count;
    rnni_metadata *metadata;         /* sorted by key */
    size_t metadata_count, metadata_capacity;
    rnni_blob *blobs;                /* sorted by name */
    size_t blob_count, blob_capacity;
    atomic_uint_fast64_t version;    /* counts changes of weights */
    _Atomic(struct rnni_exec *) idle; /* the workspace that the last rnn_model_run left, if it is small; or
                                         NULL */
};

/* For the loader: adds a node of the named op with these inputs (NULL entries allowed) and name; settings
 * follow through rnni_node_set. */
rnn_status_t rnni_model_add_node(rnn_model_t *model, const char *op, const char *name,
                                 rnni_node *const *inputs, int32_t count, rnni_node **node);
/* For the loader: builds without filling the weights, at most `weight_limit` numbers of them
 * (RNN_ERROR_FORMAT); the caller then writes graph.weights and calls rnni_graph_pack(&model->graph, 0). */
rnn_status_t rnni_model_build_empty(rnn_model_t *model, int64_t weight_limit);
void rnni_blobs_release(rnn_model_t *model);
/* Output number by name (NULL: the only one), or -1 with an explained error. Input likewise. */
int32_t rnni_model_output_index(const rnn_model_t *model, const char *name);
int32_t rnni_model_input_index(const rnn_model_t *model, const char *name);

#endif
