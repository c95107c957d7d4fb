/* graph-parts.h - what the files of the graph share: the row of an operation, and the adding of parameters. */
#ifndef HU_NN_GRAPH_PARTS_H
#define HU_NN_GRAPH_PARTS_H

#include "src/nn/graph.h"
#include "src/nn/model.h"

/* One pass: where the results of the instructions are. The tables of classes are made when first wanted. */
#define FRAME(R)                                                                                              \
    typedef struct R(hu_frame) {                                                                              \
        const hu_model *model;                                                                                \
        R(hu_tape)     *tape;                                                                                 \
        const hu_batch *batch;                                                                                \
        R(hu_var)     **parameters;                                                                           \
        R(hu_var)     **result;        /* of every instruction; NULL: it has none on the tape (tokens)     */ \
    } R(hu_frame)
#define R_F32(name) name##_f32
#define R_F64(name) name##_f64
FRAME(R_F32);
FRAME(R_F64);

typedef struct hu_operation {
    const char        *name;
    hu_operation_kind  kind;
    size_t             n_in;
    hu_size            sizes[HU_GRAPH_SIZES + 1];
    hu_status        (*extent)(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err);
    hu_var_f32      *(*run_f32)(hu_frame_f32 *f, const hu_instruction *i);
    hu_var_f64      *(*run_f64)(hu_frame_f64 *f, const hu_instruction *i);
} hu_operation;

#define OPERATION(name, ...)                                                                                          \
    hu_status hu_##name##_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err);               \
    hu_var_f32 *hu_##name##_run_f32(hu_frame_f32 *f, const hu_instruction *i);                                        \
    hu_var_f64 *hu_##name##_run_f64(hu_frame_f64 *f, const hu_instruction *i);
#include "src/nn/graph.def"
#undef OPERATION

/* The windows of an instruction over an image of that shape; its sizes kernel, stride, padding are those from number `kernel` on. */
hu_window hu_graph_window(const hu_instruction *i, hu_extent in, int kernel);

extern const hu_operation hu_operations[];      /* up to a NULL name */

/* Runs the instructions up to the output, and with `loss` all of them; their sum of losses is *loss. -> the output. */
hu_var_f32 *hu_graph_run_f32(const hu_model *m, hu_tape_f32 *t, hu_var_f32 **parameters, const hu_batch *b, hu_var_f32 **loss);
hu_var_f64 *hu_graph_run_f64(const hu_model *m, hu_tape_f64 *t, hu_var_f64 **parameters, const hu_batch *b, hu_var_f64 **loss);

#endif
