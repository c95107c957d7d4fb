# src/cli
halfulp_SOURCES += src/cli/main.c
halfulp_SOURCES += src/cli/cli.h src/cli/cli.c
halfulp_SOURCES += src/cli/options.h src/cli/options.c
halfulp_SOURCES += src/cli/calculation.h src/cli/calculation.c
halfulp_SOURCES += src/cli/batch.h src/cli/batch.c
halfulp_SOURCES += src/cli/cmd-batch.h src/cli/cmd-batch.c
halfulp_SOURCES += src/cli/cmd-calc.c
halfulp_SOURCES += src/cli/cmd-format.c
halfulp_SOURCES += src/cli/datadir.h src/cli/datadir.c
halfulp_SOURCES += src/cli/state.h src/cli/state.c
halfulp_SOURCES += src/cli/cmd-run.c
halfulp_SOURCES += src/cli/line.h src/cli/line.c
halfulp_SOURCES += src/cli/cmd-repl.c
halfulp_SOURCES += src/cli/folder-call.h src/cli/folder-call.c
halfulp_SOURCES += src/cli/cmd-plot.c
halfulp_SOURCES += src/cli/cmd-report.c
