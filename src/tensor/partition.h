/* partition.h - which elements of a tensor share a scale.
 *
 * All granularities are one thing: blocks that span `extent` elements along each index, cut short where the tensor
 * ends. A tensor's one scale is a block that spans everything; a row's spans the last index alone. Scales are numbered
 * as an array of the blocks would be, the last index fastest.
 * Rank-1 scaling has a partition for each index and one number of its own for each of their blocks.
 */
#ifndef HU_TENSOR_PARTITION_H
#define HU_TENSOR_PARTITION_H

#include "src/tensor/tensor.h"

typedef enum hu_per {
    HU_PER_TENSOR,     /* one scale                                                                     */
    HU_PER_ROW,        /* one for each run along the last index (a token of activations, an output channel of weights) */
    HU_PER_COLUMN,     /* one for each place of the last index                                          */
    HU_PER_CHANNEL,    /* one for each place of index `axis`                                            */
    HU_PER_GROUP,      /* one for each `group` neighbors along index `axis`, or in storage order        */
    HU_PER_TILE,       /* one for each tile[0] x tile[1] elements of the last two indices               */
    HU_PER_RANK1,      /* one for each place of every index; an element has the smallest of its own     */
    HU_PER_COUNT
} hu_per;

typedef struct hu_granularity {
    hu_per per;
    int    axis;         /* channel, group: which index, from 0; negative: counted from the last, -1 */
    bool   flat;         /* group: in storage order, over all indices                      */
    size_t group;        /* group: how many; also the groups of rank1 where a tensor has one index */
    size_t tile[2];
} hu_granularity;

typedef struct hu_partition {
    int     rank;                       /* of the array of scales                                  */
    size_t  shape[HU_MAX_RANK];         /* of the array of scales                                  */
    size_t  n_groups;                   /* how many scales there are                               */
    size_t  n;                          /* elements of the tensor                                  */
    int     n_parts;                    /* scales that an element has: 1, in rank1 one an index    */
    size_t *group;                      /* [n_parts][n]: which scale                               */
} hu_partition;

/* The partition of tensors of t's shape. HU_EINVAL where the granularity needs what is not given or the tensor has not. */
hu_status hu_partition_init(hu_partition *p, const hu_granularity *how, const hu_tensor *t, hu_error *err);
void      hu_partition_clear(hu_partition *p);

#endif
