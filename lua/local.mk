# lua: the bindings, a file a module; halfulp/core.so, which `require "halfulp"` loads; the library written in Lua
liblab_la_SOURCES += lua/lua.h
liblab_la_SOURCES += lua/modules.def
liblab_la_SOURCES += lua/lua.c
liblab_la_SOURCES += lua/open.c
liblab_la_SOURCES += lua/env.c
liblab_la_SOURCES += lua/format.c
liblab_la_SOURCES += lua/block.c
liblab_la_SOURCES += lua/block-bytes.c
liblab_la_SOURCES += lua/format-bytes.c
liblab_la_SOURCES += lua/scalar.c
liblab_la_SOURCES += lua/quire.c
liblab_la_SOURCES += lua/tensor.c
liblab_la_SOURCES += lua/array.c
liblab_la_SOURCES += lua/elements.c
liblab_la_SOURCES += lua/analysis.c
liblab_la_SOURCES += lua/nn.h
liblab_la_SOURCES += lua/nn.c
liblab_la_SOURCES += lua/nn-batch.c
liblab_la_SOURCES += lua/nn-graph.c
liblab_la_SOURCES += lua/nn-data.c
liblab_la_SOURCES += lua/nn-weights.c
liblab_la_SOURCES += lua/nn-policy.c
liblab_la_SOURCES += lua/nn-optimizer.c
liblab_la_SOURCES += lua/nn-text.c
liblab_la_SOURCES += lua/nn-train.c
liblab_la_SOURCES += lua/curvature.c
liblab_la_SOURCES += lua/arith.c
liblab_la_SOURCES += lua/numeric.c
liblab_la_SOURCES += lua/accumulate.c lua/matmul.c
liblab_la_SOURCES += lua/block-fma.c
liblab_la_SOURCES += lua/quantizer.c
liblab_la_SOURCES += lua/quantizer-options.c lua/quantizer.h
liblab_la_SOURCES += lua/fit.c
liblab_la_SOURCES += lua/lab.h
liblab_la_SOURCES += lua/lab.c
liblab_la_SOURCES += lua/lab-sweep.c
liblab_la_SOURCES += lua/lab-peers.c

# The module for the stock interpreter; Lua's own symbols come from whoever loads it. Once loaded it stays: formats live as long
# as the process, and so do the threads of OpenMP, which closing a Lua state must not unmap.
luaexecdir = $(libdir)/lua/5.4/halfulp
luaexec_LTLIBRARIES = lua/halfulp/core.la
lua_halfulp_core_la_SOURCES =
lua_halfulp_core_la_LIBADD  = liblab.la
lua_halfulp_core_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,nodelete -export-symbols-regex '^luaopen_'

# LUA_CPATH="build/lua/?.so" finds the module before it is installed.
noinst_DATA = lua/halfulp/core.so
CLEANFILES += lua/halfulp/core.so
lua/halfulp/core.so: lua/halfulp/core.la
	$(AM_V_GEN)ln -sf .libs/core.so $@

# The Lua files belong to the program's data; the stock interpreter finds them through a link.
halfulpluadir = $(pkgdatadir)/lua/halfulp
dist_halfulplua_DATA =
dist_halfulplua_DATA += lua/halfulp/init.lua
dist_halfulplua_DATA += lua/halfulp/object-format.lua
dist_halfulplua_DATA += lua/halfulp/object-block.lua
dist_halfulplua_DATA += lua/halfulp/object-scalar.lua
dist_halfulplua_DATA += lua/halfulp/object-quire.lua
dist_halfulplua_DATA += lua/halfulp/object-env.lua
dist_halfulplua_DATA += lua/halfulp/object-array.lua
dist_halfulplua_DATA += lua/halfulp/object-quantizer.lua
dist_halfulplua_DATA += lua/halfulp/analysis.lua
dist_halfulplua_DATA += lua/halfulp/fit.lua
dist_halfulplua_DATA += lua/halfulp/scaling.lua
dist_halfulplua_DATA += lua/halfulp/nn.lua
dist_halfulplua_DATA += lua/halfulp/curvature.lua
dist_halfulplua_DATA += lua/halfulp/noise.lua
dist_halfulplua_DATA += lua/halfulp/ascent.lua
dist_halfulplua_DATA += lua/halfulp/weights.lua
halfulpmodelsdir = $(halfulpluadir)/models
dist_halfulpmodels_DATA =
dist_halfulpmodels_DATA += lua/halfulp/models/options.lua
dist_halfulpmodels_DATA += lua/halfulp/models/linear.lua
dist_halfulpmodels_DATA += lua/halfulp/models/logistic.lua
dist_halfulpmodels_DATA += lua/halfulp/models/mlp.lua
dist_halfulpmodels_DATA += lua/halfulp/models/cnn.lua
dist_halfulpmodels_DATA += lua/halfulp/models/block.lua
dist_halfulpmodels_DATA += lua/halfulp/models/mus.lua
dist_halfulpmodels_DATA += lua/halfulp/models/decoder.lua
dist_halfulpmodels_DATA += lua/halfulp/models/vit.lua
dist_halfulpmodels_DATA += lua/halfulp/models/llama.lua
dist_halfulpmodels_DATA += lua/halfulp/models/gpt2.lua
dist_halfulpmodels_DATA += lua/halfulp/models/experts.lua
dist_halfulpmodels_DATA += lua/halfulp/models/mamba.lua
dist_halfulpmodels_DATA += lua/halfulp/models/diffusion.lua
dist_halfulplua_DATA += lua/halfulp/kernels.lua
dist_halfulplua_DATA += lua/halfulp/sharpness.lua
dist_halfulplua_DATA += lua/halfulp/run.lua
dist_halfulplua_DATA += lua/halfulp/options.lua
dist_halfulplua_DATA += lua/halfulp/keys.lua
dist_halfulplua_DATA += lua/halfulp/values.lua
dist_halfulplua_DATA += lua/halfulp/params.lua
dist_halfulplua_DATA += lua/halfulp/rows.lua
dist_halfulplua_DATA += lua/halfulp/points.lua
dist_halfulplua_DATA += lua/halfulp/points-source.lua
dist_halfulplua_DATA += lua/halfulp/points-grid.lua
dist_halfulplua_DATA += lua/halfulp/points-random.lua
dist_halfulplua_DATA += lua/halfulp/points-bisect.lua
dist_halfulplua_DATA += lua/halfulp/points-halving.lua
dist_halfulplua_DATA += lua/halfulp/points-pareto.lua
dist_halfulplua_DATA += lua/halfulp/point.lua
dist_halfulplua_DATA += lua/halfulp/rank.lua
dist_halfulplua_DATA += lua/halfulp/sweep.lua
dist_halfulplua_DATA += lua/halfulp/study.lua
dist_halfulplua_DATA += lua/halfulp/study-metrics.lua
dist_halfulplua_DATA += lua/halfulp/published.lua
dist_halfulplua_DATA += lua/halfulp/figure.lua
dist_halfulplua_DATA += lua/halfulp/figure-off.lua
dist_halfulplua_DATA += lua/halfulp/figure-parts.lua
dist_halfulplua_DATA += lua/halfulp/figure-names.lua
dist_halfulplua_DATA += lua/halfulp/figure-line.lua
dist_halfulplua_DATA += lua/halfulp/figure-heatmap.lua
dist_halfulplua_DATA += lua/halfulp/figure-contour.lua
dist_halfulplua_DATA += lua/halfulp/figure-share.lua
dist_halfulplua_DATA += lua/halfulp/figure-curves.lua
dist_halfulplua_DATA += lua/halfulp/figure-box.lua
dist_halfulplua_DATA += lua/halfulp/figure-pareto.lua
dist_halfulplua_DATA += lua/halfulp/figure-parallel.lua
dist_halfulplua_DATA += lua/halfulp/figure-numberline.lua
dist_halfulplua_DATA += lua/halfulp/kinds.lua
dist_halfulplua_DATA += lua/halfulp/format-plot.lua
dist_halfulplua_DATA += lua/halfulp/define.lua
dist_halfulplua_DATA += lua/halfulp/plot.lua
dist_halfulplua_DATA += lua/halfulp/report.lua
dist_halfulplua_DATA += lua/halfulp/report-html.lua
dist_halfulplua_DATA += lua/halfulp/report-figure.lua
dist_halfulplua_DATA += lua/halfulp/report-published.lua
dist_halfulplua_DATA += lua/halfulp/report-style.lua
dist_halfulplua_DATA += lua/halfulp/report-script.lua
dist_halfulplua_DATA += lua/halfulp/prompt.lua

install-data-hook: install-lua-link
uninstall-hook: uninstall-lua-link
install-lua-link:
	$(MKDIR_P) $(DESTDIR)$(datadir)/lua/5.4
	rm -f $(DESTDIR)$(datadir)/lua/5.4/halfulp
	$(LN_S) ../../$(PACKAGE)/lua/halfulp $(DESTDIR)$(datadir)/lua/5.4/halfulp
uninstall-lua-link:
	rm -f $(DESTDIR)$(datadir)/lua/5.4/halfulp
.PHONY: install-lua-link uninstall-lua-link
