# src/tensor
liblab_la_SOURCES += src/tensor/tensor.h
liblab_la_SOURCES += src/tensor/tensor.c
liblab_la_SOURCES += src/tensor/matmul.c
liblab_la_SOURCES += src/tensor/npy.c
liblab_la_SOURCES += src/tensor/elementwise.c
liblab_la_SOURCES += src/tensor/reduce.c
liblab_la_SOURCES += src/tensor/block.c
liblab_la_SOURCES += src/tensor/partition.h src/tensor/quantizer.h src/tensor/quantizer-parts.h
liblab_la_SOURCES += src/tensor/partition.c
liblab_la_SOURCES += src/tensor/quantizer.c
liblab_la_SOURCES += src/tensor/quantizer-scale.c
liblab_la_SOURCES += src/tensor/quantizer-range.c
liblab_la_SOURCES += src/tensor/quantizer-search.c
liblab_la_SOURCES += src/tensor/quantizer-histogram.c
liblab_la_SOURCES += src/tensor/quantizer-block.c
liblab_la_SOURCES += src/tensor/observer.c
liblab_la_SOURCES += src/tensor/steps.h src/tensor/steps.c
