# tests/cli: one line a file
cli_tests += tests/cli/layers.bats
cli_tests += tests/cli/tree.bats
cli_tests += tests/cli/bootstrap.bats
cli_tests += tests/cli/install.bats
cli_tests += tests/cli/examples.bats
cli_tests += tests/cli/manual.bats
cli_tests += tests/cli/program.bats
cli_tests += tests/cli/calc.bats
cli_tests += tests/cli/batch.bats
cli_tests += tests/cli/lua-leaks.bats
EXTRA_DIST += tests/lib/objects.lua
cli_tests += tests/cli/format.bats
cli_tests += tests/cli/run.bats
cli_tests += tests/cli/repl.bats
cli_tests += tests/cli/run-dir.bats
cli_tests += tests/cli/bench.bats
cli_tests += tests/cli/experiments.bats
