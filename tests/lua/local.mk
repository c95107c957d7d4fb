# tests/lua: one line a file
