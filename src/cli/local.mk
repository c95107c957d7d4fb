# src/cli
halfulp_SOURCES += src/cli/main.c
