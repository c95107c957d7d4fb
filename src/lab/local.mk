# src/lab
liblab_la_SOURCES += src/lab/clock.h
liblab_la_SOURCES += src/lab/buffer.h
liblab_la_SOURCES += src/lab/buffer.c
liblab_la_SOURCES += src/lab/record.h
liblab_la_SOURCES += src/lab/record.c
liblab_la_SOURCES += src/lab/store.h
liblab_la_SOURCES += src/lab/series.h
liblab_la_SOURCES += src/lab/series.c
liblab_la_SOURCES += src/lab/store-inner.h
liblab_la_SOURCES += src/lab/store.c
liblab_la_SOURCES += src/lab/store-schema.c
liblab_la_SOURCES += src/lab/store-write.c
liblab_la_SOURCES += src/lab/store-read.c
liblab_la_SOURCES += src/lab/query.h
liblab_la_SOURCES += src/lab/query-inner.h
liblab_la_SOURCES += src/lab/query.c
liblab_la_SOURCES += src/lab/query-group.c
liblab_la_SOURCES += src/lab/best.h
liblab_la_SOURCES += src/lab/best.c
liblab_la_SOURCES += src/lab/compare.h
liblab_la_SOURCES += src/lab/compare.c
liblab_la_SOURCES += src/lab/interrupt.h
liblab_la_SOURCES += src/lab/interrupt.c
liblab_la_SOURCES += src/lab/workers.h
liblab_la_SOURCES += src/lab/workers.c
liblab_la_SOURCES += src/lab/outcome.c
liblab_la_SOURCES += src/lab/peers.h
liblab_la_SOURCES += src/lab/peers.c
liblab_la_SOURCES += src/lab/pool.h
liblab_la_SOURCES += src/lab/pool.c
liblab_la_SOURCES += src/lab/progress.h
liblab_la_SOURCES += src/lab/progress.c
liblab_la_SOURCES += src/lab/build-info.h
liblab_la_SOURCES += src/lab/build-info.c
liblab_la_SOURCES += src/lab/manifest.h
liblab_la_SOURCES += src/lab/manifest.c
liblab_la_SOURCES += src/lab/run-dir.h
liblab_la_SOURCES += src/lab/run-dir.c
liblab_la_SOURCES += src/lab/merge.h
liblab_la_SOURCES += src/lab/merge.c

# The commit, and a digest of the sources that decide about results: looked at by each make, written when they differ.
# The objects wait for it where one target alone is made; BUILT_SOURCES serve `all` and `check`.
numerics_sources = $(libhalfulp_la_SOURCES) $(liblab_la_SOURCES) lua/halfulp/nn.lua
nodist_liblab_la_SOURCES = src/lab/build-facts.h
BUILT_SOURCES = src/lab/build-facts.h
CLEANFILES += src/lab/build-facts.h
$(liblab_la_OBJECTS): | src/lab/build-facts.h
src/lab/build-facts.h: build-facts
	@:
build-facts:
	@$(MKDIR_P) src/lab && cd $(srcdir) && \
	commit=; if test -e .git; then commit=`git describe --always --dirty --abbrev=12 2>/dev/null` || commit=; fi; \
	numerics=`for f in $(numerics_sources); do \
	    case $$f in src/lab/* | lua/lab*.[ch] | src/cli/*) ;; *) echo $$f; cat $$f 2>/dev/null;; esac; \
	  done | sha256sum | cut -c 1-64` && cd $(abs_top_builddir) && \
	{ echo "/* build-facts.h - written by make. */"; \
	  echo "#define BUILD_COMMIT \"$$commit\""; \
	  echo "#define BUILD_NUMERICS \"$$numerics\""; \
	  printf '#define BUILD_FLAGS "%s"\n' '$(CFLAGS)'; } > src/lab/build-facts.tmp && \
	if cmp -s src/lab/build-facts.tmp src/lab/build-facts.h; then rm -f src/lab/build-facts.tmp; \
	else mv src/lab/build-facts.tmp src/lab/build-facts.h; fi
.PHONY: build-facts
