# docs: the manual, the man pages, the pkg-config file (made by configure from halfulp.pc.in)
# With their folders, so that links between the pages hold where they are installed too.
nobase_dist_doc_DATA = README.md ARCHITECTURE.md CHANGELOG.md COPYING COPYING.LESSER
nobase_dist_doc_DATA += docs/img/sum.svg
nobase_dist_doc_DATA += docs/img/loss-gap.svg
nobase_dist_doc_DATA += docs/img/quantizers.svg
nobase_dist_doc_DATA += docs/img/formats.svg
nobase_dist_doc_DATA += docs/formats.md
nobase_dist_doc_DATA += docs/format-list.md
nobase_dist_doc_DATA += docs/blocks.md
nobase_dist_doc_DATA += docs/rounding.md
nobase_dist_doc_DATA += docs/policies.md
nobase_dist_doc_DATA += docs/quantizers.md
nobase_dist_doc_DATA += docs/accumulators.md
nobase_dist_doc_DATA += docs/curvature.md
nobase_dist_doc_DATA += docs/tensor-cores.md
nobase_dist_doc_DATA += docs/calc.md
nobase_dist_doc_DATA += docs/functions.md
nobase_dist_doc_DATA += docs/vectors.md
nobase_dist_doc_DATA += docs/bench.md
nobase_dist_doc_DATA += docs/speed.md
nobase_dist_doc_DATA += docs/models.md
nobase_dist_doc_DATA += docs/results.md
nobase_dist_doc_DATA += docs/library.md
nobase_dist_doc_DATA += docs/methods.md
nobase_dist_doc_DATA += docs/experiments.md
nobase_dist_doc_DATA += docs/papers.md

# halfulp(1) is what the program says about itself.
man_MANS = docs/halfulp.1
dist_man_MANS += docs/libhalfulp.3
CLEANFILES += docs/halfulp.1
EXTRA_DIST += docs/manpage
docs/halfulp.1: halfulp$(EXEEXT) docs/manpage
	$(AM_V_GEN)$(top_srcdir)/docs/manpage ./halfulp$(EXEEXT) >$@-new && mv $@-new $@

# The manual of the Lua interface is kept in the tree; tests/lua/api.lua says when it is stale.
nobase_dist_doc_DATA += docs/lua-api.md
dist_man_MANS += docs/halfulp-lua.3
EXTRA_DIST += docs/gen-lua-api.lua
lua-docs:
	$${LUA:-lua5.4} $(top_srcdir)/docs/gen-lua-api.lua $(top_srcdir) markdown >$(top_srcdir)/docs/lua-api.md
	$${LUA:-lua5.4} $(top_srcdir)/docs/gen-lua-api.lua $(top_srcdir) man >$(top_srcdir)/docs/halfulp-lua.3
.PHONY: lua-docs

# The list of formats too; tests/cli/format-show.bats says when it is stale.
EXTRA_DIST += docs/gen-format-list
format-list: halfulp$(EXEEXT)
	$(top_srcdir)/docs/gen-format-list ./halfulp$(EXEEXT) >$(top_srcdir)/docs/format-list.md
docs: lua-docs format-list
.PHONY: format-list docs
