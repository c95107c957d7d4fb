# src/analysis
liblab_la_SOURCES += src/analysis/error.h
liblab_la_SOURCES += src/analysis/error.c
liblab_la_SOURCES += src/analysis/least-squares.h
liblab_la_SOURCES += src/analysis/least-squares.c
liblab_la_SOURCES += src/analysis/lbfgsb.h
liblab_la_SOURCES += src/analysis/lbfgsb.c
liblab_la_SOURCES += src/analysis/sharpness.h
liblab_la_SOURCES += src/analysis/sharpness-logits.c
liblab_la_SOURCES += src/analysis/sharpness-weights.c
liblab_la_SOURCES += src/analysis/stability.h
liblab_la_SOURCES += src/analysis/stability.c
liblab_la_SOURCES += src/analysis/stats.h
liblab_la_SOURCES += src/analysis/stats.c
