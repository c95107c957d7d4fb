# rounding
libhalfulp_la_SOURCES += rounding/rounding.h
libhalfulp_la_SOURCES += rounding/picks.h
libhalfulp_la_SOURCES += rounding/rounding.c
libhalfulp_la_SOURCES += rounding/nearest.c
libhalfulp_la_SOURCES += rounding/directed.c
libhalfulp_la_SOURCES += rounding/stochastic.c
libhalfulp_la_SOURCES += rounding/modes.def
