# plots: the style that every figure loads
nobase_dist_pkgdata_DATA += plots/style.gp
