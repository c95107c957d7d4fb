# tests/fuzz: fuzz targets, which need clang and its libFuzzer. `make fuzz` builds them; they are run by hand:
# tests/fuzz/format-name -max_total_time=600 -dict=$srcdir/tests/fuzz/format-name.dict
fuzz_targets = tests/fuzz/format-name tests/fuzz/calc-batch tests/fuzz/vectors-check
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
EXTRA_DIST += tests/fuzz/format-name.c tests/fuzz/format-name.dict tests/fuzz/calc-batch.c tests/fuzz/calc-batch.dict
CLEANFILES += $(fuzz_targets)

fuzz: $(fuzz_targets)
.PHONY: fuzz

tests/fuzz/format-name: $(top_srcdir)/tests/fuzz/format-name.c $(top_srcdir)/formats/registry.c $(top_srcdir)/formats/float.c
	@test -n "$(CLANG)" || { echo "make fuzz needs clang; on Debian: apt install clang" >&2; exit 1; }
	$(MKDIR_P) tests/fuzz
	$(CLANG) $(FUZZ_CFLAGS) -I$(top_srcdir) -o $@ $(top_srcdir)/tests/fuzz/format-name.c $(top_srcdir)/formats/*.c \
		$(top_srcdir)/src/base/memory.c $(top_srcdir)/src/base/status.c $(top_srcdir)/src/base/nearest.c \
		$(top_srcdir)/src/num/num.c -lm -lpthread

# Everything below the kernels, and the part of the program that answers lines.
calc_batch_sources = $(top_srcdir)/formats/*.c $(top_srcdir)/rounding/*.c $(top_srcdir)/src/base/*.c \
	$(top_srcdir)/src/num/*.c $(top_srcdir)/src/ops/*.c $(top_srcdir)/src/cli/batch.c \
	$(top_srcdir)/src/cli/calculation.c $(top_srcdir)/src/cli/cli.c
tests/fuzz/calc-batch: $(top_srcdir)/tests/fuzz/calc-batch.c $(calc_batch_sources)
	@test -n "$(CLANG)" || { echo "make fuzz needs clang; on Debian: apt install clang" >&2; exit 1; }
	$(MKDIR_P) tests/fuzz
	$(CLANG) $(FUZZ_CFLAGS) -I$(top_srcdir) -o $@ $(top_srcdir)/tests/fuzz/calc-batch.c $(calc_batch_sources) \
		$(MPFR_CFLAGS) $(MPFR_LIBS) -lgmp -lm -lpthread

# The program without its commands: everything up to the vectors.
EXTRA_DIST += tests/fuzz/vectors-check.c tests/fuzz/vectors-check.dict
vectors_check_sources = $(top_srcdir)/formats/*.c $(top_srcdir)/rounding/*.c $(top_srcdir)/src/base/*.c \
	$(top_srcdir)/src/num/*.c $(top_srcdir)/src/ops/*.c $(top_srcdir)/src/kernel/*.c $(top_srcdir)/src/hardware/*.c
tests/fuzz/vectors-check: $(top_srcdir)/tests/fuzz/vectors-check.c $(vectors_check_sources)
	@test -n "$(CLANG)" || { echo "make fuzz needs clang; on Debian: apt install clang" >&2; exit 1; }
	$(MKDIR_P) tests/fuzz
	$(CLANG) $(FUZZ_CFLAGS) -I$(top_srcdir) -o $@ $(top_srcdir)/tests/fuzz/vectors-check.c $(vectors_check_sources) \
		$(MPFR_CFLAGS) $(MPFR_LIBS) -lgmp -lm -lpthread
