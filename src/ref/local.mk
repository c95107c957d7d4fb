# src/ref: MPFR as the truth; for tests only, never installed
check_LTLIBRARIES += libref.la
libref_la_SOURCES = src/ref/ref.h
libref_la_SOURCES += src/ref/value.c
libref_la_SOURCES += src/ref/exact.c
libref_la_SOURCES += src/ref/round.c
libref_la_SOURCES += src/ref/interval.h src/ref/interval.c
libref_la_SOURCES += src/ref/function.h src/ref/function.c src/ref/function-parts.h
libref_la_SOURCES += src/ref/function-edge.c src/ref/function-exact.c src/ref/function-enclose.c
libref_la_CFLAGS = $(AM_CFLAGS) -O2 $(MPFR_CFLAGS)
libref_la_LIBADD = $(MPFR_LIBS)
