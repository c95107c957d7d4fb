# tests/fuzz: fuzz targets, which need clang and its libFuzzer. `make fuzz` builds them; they are run by hand:
# tests/fuzz/format-name -max_total_time=600 -dict=$srcdir/tests/fuzz/format-name.dict
fuzz_targets = tests/fuzz/format-name
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
EXTRA_DIST += tests/fuzz/format-name.c tests/fuzz/format-name.dict
CLEANFILES += $(fuzz_targets)

fuzz: $(fuzz_targets)
.PHONY: fuzz

tests/fuzz/format-name: $(top_srcdir)/tests/fuzz/format-name.c $(top_srcdir)/formats/name.c $(top_srcdir)/formats/float.c
	@test -n "$(CLANG)" || { echo "make fuzz needs clang; on Debian: apt install clang" >&2; exit 1; }
	$(MKDIR_P) tests/fuzz
	$(CLANG) $(FUZZ_CFLAGS) -I$(top_srcdir) -o $@ $(top_srcdir)/tests/fuzz/format-name.c $(top_srcdir)/formats/*.c \
		$(top_srcdir)/src/base/memory.c $(top_srcdir)/src/base/status.c $(top_srcdir)/src/base/nearest.c \
		$(top_srcdir)/src/num/num.c -lm -lpthread
