# src/num
libhalfulp_la_SOURCES += src/num/num.h src/num/num.c
libhalfulp_la_SOURCES += src/num/bits.h src/num/bits.c
libhalfulp_la_SOURCES += src/num/mpfr-state.h src/num/mpfr-state.c
libhalfulp_la_SOURCES += src/num/wide.h src/num/wide.c
libhalfulp_la_SOURCES += src/num/log.h src/num/log.c
libhalfulp_la_SOURCES += src/num/sum.h src/num/sum.c
