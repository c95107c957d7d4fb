/* reduce.h - the mean of gradients over shards, as machines that send them in a format would compute it.
 *
 * The n elements are cut into S chunks, chunk c from n c / S to n (c + 1) / S. Q is the policy's quantizer HU_P_REDUCE;
 * sums are in float.
 *
 *     ring        chunk c starts at shard c + 1 and goes round: p = g of that shard; S - 1 times p = Q(p) + g of the next one
 *     all_to_all  every shard sends Q(g) of chunk c to shard c, which adds them to its own from shard 0 upward, its own
 *                 unquantized (qgZ of ZeRO++, arXiv 2306.10209, within one group)
 *     hierarchical  all_to_all within `group` neighbors, then among the groups: qgZ's two levels
 *
 * Then p / S is sent to all, as Q(p / S). So a gradient is quantized S times on the ring at most, and two or three times else,
 * whatever S.
 */
#ifndef HU_NN_REDUCE_H
#define HU_NN_REDUCE_H

#include "src/nn/policy.h"

#define HU_COLLECTIVE_MAP(X) X(ring) X(all_to_all) X(hierarchical)
typedef enum hu_collective {
#define X(name) HU_COLLECTIVE_##name,
    HU_COLLECTIVE_MAP(X)
#undef X
} hu_collective;

/* out [n] = the mean of shards [n_shards][n]. group: of hierarchical, divides n_shards. row: of the policy's state. out is no shard.
 * HU_ENOMEM; HU_EINVAL: the group does not divide, more than 1024 shards. */
hu_status hu_all_reduce(float *out, const float *shards, size_t n_shards, size_t n, hu_collective how, size_t group,
                        const hu_policy *p, uint64_t step, size_t row, hu_error *err);

#endif
