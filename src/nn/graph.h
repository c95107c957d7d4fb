/* graph.h - a model as a program: a list of instructions over the tape, and the parameters that they need.
 *
 * An instruction names an operation, the instructions whose results it takes, and sizes. From these follow the shape of
 * its result and the parameters that it needs; all of it is checked when the instruction is added, so that a pass cannot
 * meet shapes that do not fit. The operations are the rows of graph.def.
 *
 *     hu_graph *g = hu_graph_new("mlp");
 *     hu_graph_add(g, &(hu_layer){.operation = "features", .size = {{"channels", 2}}}, err);
 *     hu_graph_add(g, &(hu_layer){.operation = "linear", .name = "0", .size = {{"out", 16}}}, err);
 *     hu_graph_add(g, &(hu_layer){.operation = "gelu"}, err);
 *     hu_graph_add(g, &(hu_layer){.operation = "linear", .name = "head", .size = {{"out", 3}}}, err);
 *     hu_graph_add(g, &(hu_layer){.operation = "cross_entropy"}, err);
 *
 * A result is a matrix with height * width rows for each example of the batch, one after the other: an image is its
 * pixels, row by row, with a column for each channel; a sequence is its positions (width 1).
 *
 * Letters: B examples, P = height * width rows of each, C channels (columns), E experts.
 */
#ifndef HU_NN_GRAPH_H
#define HU_NN_GRAPH_H

#include "src/nn/tape.h"

enum { HU_GRAPH_INPUTS = 3, HU_GRAPH_PARAMETERS = 2, HU_GRAPH_SIZES = 8, HU_GRAPH_NAME = 40 };

typedef struct hu_parameter {
    char   name[64];     /* "embedding", "0.attention.in", ...                    */
    size_t first;        /* of its elements in the flat array                     */
    size_t rows, cols;
    double deviation;    /* of its initial values; negative: they are 1, zero: 0  */
    bool   decays;       /* weight decay applies: the matrices                    */
    double rate;         /* its learning rate is that of the run times this; 0: times 1 */
    bool   ramp;         /* the initial value of column j is log(j + 1) instead   */
} hu_parameter;

/* The result of an instruction for one example. */
typedef struct hu_extent {
    size_t height, width, channels;
    bool   sequence;     /* as many rows as the batch has positions, at most `height`; width is 1 */
    size_t routed;       /* not 0: only the rows that an expert sees; the number of its dispatch, from 1 */
} hu_extent;

struct hu_operation;

typedef struct hu_instruction {
    const struct hu_operation *operation;
    char      name[HU_GRAPH_NAME];             /* for `from`, for parameters ("NAME.weight"), for a policy's layers */
    size_t    n_in, in[HU_GRAPH_INPUTS];       /* instructions whose results it takes                   */
    size_t    n_parameters, parameter[HU_GRAPH_PARAMETERS];
    double    size[HU_GRAPH_SIZES];            /* in the order of operation->sizes                      */
    hu_extent extent;
    unsigned  layer;                           /* its number in policies and random streams, where is_layer */
    size_t    statistics, n_statistics;        /* batchnorm: where its means and variances begin, their number */
} hu_instruction;

/* What one size of an operation is called and takes. */
typedef struct hu_size {
    const char *name;          /* NULL: past the last          */
    double      otherwise;     /* where it is not given; NaN: it has to be */
    double      least, most;
    bool        whole;
} hu_size;

typedef enum hu_operation_kind {
    HU_PLAIN,
    HU_SOURCE,                 /* takes nothing: its result is the batch's                     */
    HU_LAYER,                  /* has a number for policies                                    */
    HU_LOSS,                   /* [1][1]; what it is computed from is the output of the model  */
    HU_PENALTY,                /* [1][1]; added to the loss                                    */
} hu_operation_kind;

/* How an instruction is described. */
typedef struct hu_layer {
    const char   *operation;
    const char   *name;                        /* NULL: the operation's and a number                    */
    const char   *from[HU_GRAPH_INPUTS];       /* names of instructions; the first NULL: the one before */
    const char   *share;                       /* NULL, or the parameter that takes the place of its first one */
    double        deviation;                   /* of its first parameter; 0: 1 / sqrt(columns), 0.02 for tables */
    const double *rate;                        /* what the learning rate of its matrix is multiplied by; NULL: 1 */
    struct { const char *name; double value; } size[HU_GRAPH_SIZES + 1];   /* up to a NULL name           */
} hu_layer;

typedef struct hu_graph {
    char            name[HU_GRAPH_NAME];
    hu_instruction *instructions;
    size_t          n_instructions;
    hu_parameter   *parameters;
    size_t          n_parameters;
    size_t          n_weights;                 /* of all parameters together                            */
    size_t          n_statistics;              /* numbers of all batchnorms: means, then variances of each */
    unsigned        n_layers;                  /* instructions that a policy can name                   */
    hu_extent       input;                     /* of the tokens or features                             */
    size_t          vocabulary;                /* of the tokens; 0: it takes features                   */
    size_t          output;                    /* instruction whose result is the model's output        */
    const struct hu_operation *loss;           /* NULL: none yet                                        */
    bool            takes_values;              /* the loss compares with numbers, not classes           */
    unsigned        head;                      /* number of the last layer before the output            */
} hu_graph;

hu_graph *hu_graph_new(const char *name);      /* NULL: out of memory */
void      hu_graph_free(hu_graph *g);

/* Adds an instruction. HU_ENAME, HU_ESHAPE, HU_ERANGE, HU_EINVAL: one line with the instruction's name says what does not
 * fit, and the graph is as it was. */
hu_status hu_graph_add(hu_graph *g, const hu_layer *layer, hu_error *err);

/* HU_EINVAL where something is missing that a model needs: an input, a loss, a parameter. */
hu_status hu_graph_check(const hu_graph *g, hu_error *err);

/* A digest of the instructions and their sizes: equal for graphs that compute the same. */
void hu_graph_digest(const hu_graph *g, char hex[65]);

/* Statistics of BatchNorm before any training: means 0, variances 1; and after a step: s += momentum (seen - s). */
void hu_graph_start_statistics(const hu_graph *g, float *statistics);
void hu_graph_follow(const hu_graph *g, float *statistics, const float *seen);

/* Name of operation number i, NULL past the last; and its sizes. */
const char    *hu_operation_name(size_t i);
const hu_size *hu_operation_sizes(size_t i);

/* The name of the layer with that number; NULL where there is none. */
const char *hu_graph_layer(const hu_graph *g, unsigned layer);

/* Multiplications of the matrix products of one example, forward; T positions of a sequence. */
double hu_graph_multiplications(const hu_graph *g, size_t positions);

#endif
