# src/tensor
liblab_la_SOURCES += src/tensor/tensor.h
liblab_la_SOURCES += src/tensor/tensor.c
liblab_la_SOURCES += src/tensor/matmul.c
liblab_la_SOURCES += src/tensor/npy.c
liblab_la_SOURCES += src/tensor/elementwise.c
liblab_la_SOURCES += src/tensor/reduce.c
liblab_la_SOURCES += src/tensor/block.c
