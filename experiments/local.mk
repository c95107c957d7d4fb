# experiments
nobase_dist_pkgdata_DATA += experiments/error-vs-bits.lua
nobase_dist_pkgdata_DATA += experiments/train-vs-bits.lua
nobase_dist_pkgdata_DATA += experiments/bits-vs-loss.lua
nobase_dist_pkgdata_DATA += experiments/quantizers.lua
nobase_dist_pkgdata_DATA += experiments/papers/stochastic-rounding.lua
nobase_dist_pkgdata_DATA += experiments/papers/block-fma.lua
nobase_dist_pkgdata_DATA += experiments/papers/accumulator-width.lua
nobase_dist_pkgdata_DATA += experiments/papers/rope-precision.lua
nobase_dist_pkgdata_DATA += experiments/papers/mxfp4-gradients.lua
nobase_dist_pkgdata_DATA += experiments/papers/halo-rotations.lua
nobase_dist_pkgdata_DATA += experiments/papers/ptq-rounding-modes.lua
nobase_dist_pkgdata_DATA += experiments/papers/metrics-compared.lua
nobase_dist_pkgdata_DATA += experiments/papers/fp-scaling-law.lua
nobase_dist_pkgdata_DATA += experiments/papers/optimizer-states.lua
nobase_dist_pkgdata_DATA += experiments/papers/zero-collectives.lua
nobase_dist_pkgdata_DATA += experiments/papers/deepseek-fp8.lua
nobase_dist_pkgdata_DATA += experiments/curvature.lua
