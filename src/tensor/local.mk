# src/tensor
liblab_la_SOURCES += src/tensor/tensor.h
liblab_la_SOURCES += src/tensor/tensor.c
