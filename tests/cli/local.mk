# tests/cli: one line a file
