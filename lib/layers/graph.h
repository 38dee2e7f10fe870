/* SPDX-License-Identifier: MIT */
#ifndef RNNI_GRAPH_H
#define RNNI_GRAPH_H

#include "core/memory.h"
#include "core/settings.h"
#include "core/real.h"
#include "kernels/reduced.h"
#include <rnn/layer.h>
#include <stdatomic.h>

/* The graph that a model is made of: nodes (public name: layers), their settings, shapes and weights. */

typedef struct rnn_layer rnni_node;
typedef struct rnni_graph rnni_graph;
struct rnni_run;
struct rnni_whole;

#define RNNI_NAME_SIZE 64
#define RNNI_FEATURES_MAX ((int64_t)1 << 31) /* so that products of two counts of features cannot overflow */
#define RNNI_SETTINGS 28       /* rows of rnni_layer_settings: RNN_LAYER_* from 1 on, without gaps */
/* What every op with weights takes; these may be changed after build. */
#define RNNI_TRAINING_SETTINGS RNN_LAYER_TRAINABLE, RNN_LAYER_RATE_SCALE, RNN_LAYER_L2, RNN_LAYER_DECAY
extern const rnni_setting rnni_layer_settings[RNNI_SETTINGS];

/* How a weight is filled at build. */
typedef struct rnni_init {
    int32_t kind;             /* RNN_INIT_ZEROS ... */
    int64_t fan_in, fan_out;  /* Glorot */
    double scale;             /* uniform, normal */
    int64_t one_from, one_count; /* elements [one_from, one_from + one_count) are set to `one` afterwards
                                    (forget bias) */
    double one;
} rnni_init;

/* One weight of a node. All weights of a model lie in one block of numbers; so do gradients and each
 * optimizer state. */
typedef struct rnni_weight {
    char name[32];            /* without the layer's: "weight_ih_l0" */
    char full[RNNI_NAME_SIZE + 32]; /* "lstm.weight_ih_l0" */
    int32_t rank;
    int64_t shape[2];
    int64_t offset, count;    /* in the block; offsets are multiples of RNNI_ALIGNMENT bytes */
    int32_t sparse;           /* its gradient is made in rnni_op.after, not shard by shard (embedding) */
    bool fixed;               /* no gradient: not trained, but saved (running statistics) */
    rnni_init init;
} rnni_weight;

/* What flows out of a node. */
typedef enum { RNNI_FLOW_TOKENS, RNNI_FLOW_SEQUENCE, RNNI_FLOW_VECTOR } rnni_flow;

typedef struct rnni_op {
    const char *name;         /* in files and default layer names */
    int32_t version;
    int32_t min_inputs, max_inputs;
    const int32_t *settings;  /* RNN_LAYER_* that it takes, ended by 0 */
    const double *defaults;   /* where they differ from the table: pairs id, value, ended by 0; or NULL */

    /* Checks inputs and settings, sets flow, axis and features, declares weights. */
    rnn_status_t (*infer)(rnni_node *node);

    /* Packed copies of weights: sizes in numbers and filling from node->weights. May be NULL. */
    int64_t (*packed_size)(const rnni_node *node, int backward);
    void (*pack)(const rnni_node *node, const rnni_real *weights, rnni_real *packed, int backward);

    /* Takes the node's buffers for this run from run->arena: saved values and scratch (dy is taken by the
     * caller, and y, unless places_y). May be NULL. */
    void (*plan)(const rnni_node *node, struct rnni_run *run);
    bool places_y;            /* plan sets slot->y, where somebody reads it */
    void (*forward)(const rnni_node *node, struct rnni_run *run);
    /* Adds to the inputs' dy and to run->gradients. NULL: nothing flows back. Where sets_dx, it sets every
     * number of the first input's dy when that is empty (rnni_slot.dy_empty); all other dy that it meets are
     * ready to be read and added to. */
    void (*backward)(const rnni_node *node, struct rnni_run *run);
    bool sets_dx;
    bool gives_results;       /* forward knows what to do with a place in slot->results */
    bool takes_given;         /* backward knows what to do with a gradient that is still in slot->given */
    /* Work on a whole batch. shared_size: numbers of memory that the shards share in a batch whose axis has
     * `rows` useful steps, 0 for none; recurrent layers have projected tables there (recurrent_fold.c).
     * before and after run piece by piece, on any thread, before all shards run forward and after all ran
     * backward; `after` goes through stages until one has no pieces. How the work is cut changes no bit. All
     * may be NULL. */
    int64_t (*shared_size)(const rnni_node *node, int64_t rows, bool training);
    int64_t (*before_pieces)(const rnni_node *node, const struct rnni_whole *whole);
    void (*before)(const rnni_node *node, const struct rnni_whole *whole, int64_t piece);
    int64_t (*after_pieces)(const rnni_node *node, const struct rnni_whole *whole, int stage);
    void (*after)(const rnni_node *node, const struct rnni_whole *whole, int stage, int64_t piece);

    /* Layers that couple the sequences of a batch in training, when they have shared memory there: when every
     * shard has run forward up to this node, `gather` takes from each shard what `couple` then brings
     * together (one call, shards in order), before forward goes on; backward likewise, after all readers of
     * the node. All or none of the four. */
    void (*gather)(const rnni_node *node, struct rnni_run *run);
    void (*couple)(const rnni_node *node, const struct rnni_whole *whole);
    void (*gather_backward)(const rnni_node *node, struct rnni_run *run);
    void (*couple_backward)(const rnni_node *node, const struct rnni_whole *whole);

    /* Streaming: numbers of carried state (0: stateless), or -1 when it cannot be stepped. NULL: 0. */
    int64_t (*state_size)(const rnni_node *node);
} rnni_op;

struct rnn_layer {
    rnni_graph *graph;
    const rnni_op *op;
    int32_t id;                     /* position in graph->nodes */
    char name[RNNI_NAME_SIZE];
    rnni_node **inputs;             /* entries may be NULL where an op has optional inputs (initial states) */
    int32_t input_count;
    rnni_node *tied;                /* dense: the embedding whose table is its weight, or NULL */
    rnni_node *initial_source;      /* recurrent: set_initial_state, resolved into inputs at build */
    double settings[RNNI_SETTINGS];
    uint32_t set;                   /* bit i: settings[i] was set by the user */

    /* from here on: after build */
    rnni_flow flow;
    int32_t axis;                   /* graph->axes number of a sequence's steps; -1 for a vector */
    int64_t features;
    rnni_weight *weights;
    int32_t weight_count;
    size_t weight_capacity;
    int32_t rank;                   /* place in graph->order */
    int32_t readers;                /* nodes, as often as they read it, and outputs */
    bool sequence_read;             /* some node or output reads its whole sequence (otherwise only final
                                       states are wanted) */
    bool of_sequence;               /* a vector that some sequence was read for */
    bool in_table;                  /* sequence input that recurrent layers alone read, who take a chunk of
                                       its rows at a time from where they lie */
    bool read_once;                 /* of these: by one pass alone */
    bool same_dy;                   /* recurrent layer of one direction, as wide as its input, which nobody
                                       else reads: a step's dy is read before its dx is set, so the two lie in
                                       the same place */
    bool brief_dy;                  /* nobody reads or writes its dy but layers on a shard's way back */
    rnni_node *folds_into;          /* embedding: the recurrent layer that is its only reader, or NULL */
    rnni_real *packed, *packed_backward;
    int64_t packed_count, packed_backward_count; /* allocated numbers */
    rnni_reduced *reduced;          /* [reduced_count] matrices of 8 or 16 bits that products read in place of
                                       packed ones, or NULL (precision.h) */
    int32_t reduced_count;
    rnni_reduced *halves;           /* [2][halves_count] matrices of 16 bits for training in bf16, forward and
                                       back (precision.h), or NULL */
    int32_t halves_count;
    _Atomic(rnni_real *) rows;      /* recurrent: weights packed for one row, made by the first stream
                                       (recurrent_stream.c); or NULL */
    _Atomic(rnni_real *) projected; /* recurrent: projected tables of the embedding that is folded into it,
                                       kept while no weight changes (recurrent_projected.c); or NULL */
    _Atomic(int64_t) projected_read; /* rows that batches have read without them since the last change */
    void *plan;                     /* op's own, made by infer (rnni_node_plan), freed with the node;
                                       plan_size bytes */
    size_t plan_size;
};

typedef struct rnni_output {
    char name[RNNI_NAME_SIZE];
    rnni_node *node;
} rnni_output;

/* The ragged axis of one sequence input. */
typedef struct rnni_axis_info {
    rnni_node *input;
    int32_t mask_id;                /* token id that is left out; -1: none */
    rnni_node *mask_owner;          /* the embedding that asked for it */
} rnni_axis_info;

struct rnni_graph {
    rnn_context_t *context;
    const rnni_kernels *kernels;
    rnni_node **nodes;
    int32_t count;
    size_t capacity;
    rnni_node **order;              /* topological, after build */
    rnni_node **inputs;             /* input nodes in the order of their making */
    int32_t input_count;
    size_t input_capacity;
    rnni_output *outputs;
    int32_t output_count;
    size_t output_capacity;
    rnni_axis_info *axes;
    int32_t axis_count;
    bool built;
    rnn_status_t first_status;      /* first error of a constructor or setter */
    char first_error[512];
    rnni_real *weights;             /* [weight_total]: dense weights first, then up to trained_total the
                                       sparse ones, then the fixed ones */
    int64_t weight_total, trained_total, dense_total;
    int64_t parameters;             /* numbers that can be trained */
    int32_t precision;              /* RNN_PRECISION_* */
    uint32_t generation;            /* counts changes of the precision */
    rnni_real *originals;           /* [weight_total] float weights of a reduced precision, where they are
                                       there; `weights` has them rounded */
};

/* struct rnn_model begins with its graph. */
static inline rnni_graph *rnni_graph_of(rnn_model_t *model) { return (rnni_graph *)(void *)model; }
static inline const rnni_graph *rnni_graph_of_const(const rnn_model_t *model)
{
    return (const rnni_graph *)(const void *)model;
}

rnn_status_t rnni_graph_init(rnni_graph *graph, rnn_context_t *context);
void rnni_graph_release(rnni_graph *graph);
/* Adds a node by op; NULL when the graph is built, an input is NULL or of another model, or memory runs out:
 * the reason is kept. */
rnni_node *rnni_graph_add(rnni_graph *graph, const rnni_op *op, rnni_node *const *inputs, int32_t count);
/* The same for a public constructor, whose model may be NULL. */
rnni_node *rnni_construct(rnn_model_t *model, const rnni_op *op, rnni_node *const *inputs, int32_t count);
/* Keeps the thread's last error as the graph's first one. Returns status. */
rnn_status_t rnni_graph_keep_error(rnni_graph *graph, rnn_status_t status);
rnn_status_t rnni_graph_add_output(rnni_graph *graph, rnni_node *node, const char *name);
/* The whole build. `fill` 0 leaves weights at zero (a loader fills them); more than `weight_limit` numbers of
 * weights (-1: no limit) are refused with RNN_ERROR_FORMAT before memory is taken for them. */
rnn_status_t rnni_graph_build(rnni_graph *graph, int fill, int64_t weight_limit);
/* Refreshes the packed copies of all nodes from graph->weights; with `backward` also those that training
 * needs (made when missing). */
rnn_status_t rnni_graph_pack(rnni_graph *graph, int backward);

/* Makes an embedding's table the weight of a dense layer. */
rnn_status_t rnni_node_tie(rnni_node *node, rnni_node *embedding);
rnn_status_t rnni_node_set_name(rnni_node *node, const char *name);
/* Takes back what build gave a node or the graph. */
void rnni_node_unbuild(rnni_node *node);
void rnni_graph_unbuild(rnni_graph *graph);
/* Frees the nodes from number `count` on. */
void rnni_graph_truncate(rnni_graph *graph, int32_t count);

rnni_node *rnni_graph_find(const rnni_graph *graph, const char *name);
/* A weight by its full name "layer.weight"; its node goes to *owner (may be NULL). */
const rnni_weight *rnni_graph_weight(const rnni_graph *graph, const char *name, rnni_node **owner);

const rnni_op *rnni_op_find(const char *name);
const rnni_op *rnni_op_at(int32_t index);
bool rnni_op_takes(const rnni_op *op, int32_t setting);

/* The defaults of its op. */
void rnni_node_defaults(rnni_node *node);
/* For infer functions. */
static inline double rnni_node_get(const rnni_node *node, int32_t setting)
{
    return node->settings[setting - 1];
}
static inline int64_t rnni_node_int(const rnni_node *node, int32_t setting)
{
    return (int64_t)node->settings[setting - 1];
}
static inline bool rnni_node_is_set(const rnni_node *node, int32_t setting)
{
    return node->set >> (setting - 1) & 1;
}
rnn_status_t rnni_node_weight(rnni_node *node, const char *name, int32_t rank, int64_t rows, int64_t columns,
                              rnni_init init);
rnn_status_t rnni_node_set(rnni_node *node, int32_t setting, int32_t type, double value);
/* The same for one that begins with ones. */
rnn_status_t rnni_node_weight_of_ones(rnni_node *node, const char *name, int64_t count);
/* Zeroed memory for node->plan; NULL when there is none. */
void *rnni_node_plan(rnni_node *node, size_t size);
/* Fills a weight's numbers as its init says, as a function of seed, node and weight number alone. */
rnn_status_t rnni_weight_fill(rnn_context_t *context, const rnni_node *node, int32_t weight, uint64_t seed,
                              rnni_real *out);

/* Numbers of rows that a node's output has in a run, and where each weight lies in a block. */
static inline const rnni_real *rnni_weight_at(const rnni_node *node, const rnni_real *block, int index)
{
    return block + node->weights[index].offset;
}

#endif
