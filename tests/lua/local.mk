# tests/lua: one line a file
lua_tests += tests/lua/sweep.lua
lua_tests += tests/lua/plot.lua
lua_tests += tests/lua/report.lua
lua_tests += tests/lua/analysis.lua
lua_tests += tests/lua/kernels.lua
lua_tests += tests/lua/format.lua
lua_tests += tests/lua/define.lua
lua_tests += tests/lua/scalar.lua
lua_tests += tests/lua/quire.lua
lua_tests += tests/lua/array.lua
lua_tests += tests/lua/numeric.lua
lua_tests += tests/lua/block.lua
lua_tests += tests/lua/arguments.lua
lua_tests += tests/lua/api.lua
lua_tests += tests/lua/nn.lua
lua_tests += tests/lua/nn-learns.lua
lua_tests += tests/lua/quantizer.lua
