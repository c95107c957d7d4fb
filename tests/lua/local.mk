# tests/lua: one line a file
lua_tests += tests/lua/sweep.lua
lua_tests += tests/lua/plot.lua
lua_tests += tests/lua/report.lua
lua_tests += tests/lua/analysis.lua
lua_tests += tests/lua/kernels.lua
