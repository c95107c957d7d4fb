# src/num
libhalfulp_la_SOURCES += src/num/num.h src/num/num.c
