# tests/c: one line a program; its source is tests/c/NAME.c
check_PROGRAMS += tests/c/random
check_PROGRAMS += tests/c/analysis-error
check_PROGRAMS += tests/c/analysis-lbfgsb
check_PROGRAMS += tests/c/analysis-sharpness
check_PROGRAMS += tests/c/analysis-stability
