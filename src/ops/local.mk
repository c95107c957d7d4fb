# src/ops
libhalfulp_la_SOURCES += src/ops/env.h
libhalfulp_la_SOURCES += src/ops/env.c
libhalfulp_la_SOURCES += src/ops/ops.h
libhalfulp_la_SOURCES += src/ops/nan.h
libhalfulp_la_SOURCES += src/ops/nan.c
libhalfulp_la_SOURCES += src/ops/round.c
libhalfulp_la_SOURCES += src/ops/arith.c
libhalfulp_la_SOURCES += src/ops/integer.c
libhalfulp_la_SOURCES += src/ops/compare.c
libhalfulp_la_SOURCES += src/ops/convert.c
libhalfulp_la_SOURCES += src/ops/text.c
libhalfulp_la_SOURCES += src/ops/function.def src/ops/function.h src/ops/function-mpfr.c src/ops/function.c
libhalfulp_la_SOURCES += src/ops/table.c
libhalfulp_la_SOURCES += src/ops/bits.h
libhalfulp_la_SOURCES += src/ops/bits.c
