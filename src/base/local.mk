# src/base
libhalfulp_la_SOURCES += src/base/status.h src/base/status.c src/base/memory.h src/base/memory.c src/base/random.h src/base/random.c
libhalfulp_la_SOURCES += src/base/nearest.h src/base/nearest.c
libhalfulp_la_SOURCES += src/base/sha256.h src/base/sha256.c
libhalfulp_la_SOURCES += src/base/file.h src/base/file.c
libhalfulp_la_SOURCES += src/base/clones.h
