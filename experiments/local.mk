# experiments
nobase_dist_pkgdata_DATA += experiments/error-vs-bits.lua
