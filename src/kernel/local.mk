# src/kernel
libhalfulp_la_SOURCES += src/kernel/kernel.h src/kernel/kernel.c
libhalfulp_la_SOURCES += src/kernel/lanes.h src/kernel/tables.h
libhalfulp_la_SOURCES += src/kernel/lanes.body.h src/kernel/round.body.h src/kernel/quick.body.h src/kernel/quick-random.body.h src/kernel/random.body.h src/kernel/exact.body.h
libhalfulp_la_SOURCES += src/kernel/portable.c
libhalfulp_la_SOURCES += src/kernel/avx2.c
libhalfulp_la_SOURCES += src/kernel/avx512.c
libhalfulp_la_SOURCES += src/kernel/plan.h src/kernel/plan.c
libhalfulp_la_SOURCES += src/kernel/map.c
libhalfulp_la_SOURCES += src/kernel/codes.c
libhalfulp_la_SOURCES += src/kernel/results.h src/kernel/results.c src/kernel/function.c
libhalfulp_la_SOURCES += src/kernel/accumulate.c
libhalfulp_la_SOURCES += src/kernel/gemm.h src/kernel/gemm.body.h src/kernel/gemm.c
libhalfulp_la_SOURCES += src/kernel/tile.body.h src/kernel/tile-avx512.h
libhalfulp_la_SOURCES += src/kernel/block.h src/kernel/block-job.h src/kernel/block.c
libhalfulp_la_SOURCES += src/kernel/block-job.c src/kernel/block-layout.c src/kernel/block-scale.c src/kernel/block-mse.c src/kernel/block-strip.c src/kernel/block-pack.c src/kernel/block-error.c
