#!/usr/bin/env bats
# training.bats - the bits of a training depend on its seed and policy, not on the machine's instructions.

setup() { cd "$BATS_TEST_TMPDIR" || exit 1; }

@test "where every sum is rounded, no other library's kernels and no instruction set show" {
    cat >mlp.lua <<'LUA'
local hu = require "halfulp"
for _, policy in ipairs { {accumulate = "e8m7"}, {format = "e4m3fn@tensor", accumulate = "e8m10"}, {gradient = "e5m2:sr", accumulate = "e5m10"} } do
  local model = hu.nn.mlp {inputs = 50, layers = 2, width = 200, classes = 4, seed = 3}
  local trainer = hu.nn.trainer {model = model, lr = 1e-2, policy = policy, seed = 5, batch = 32}
  local features, targets = hu.randn({32, 50}, {seed = 9}), {}
  for i = 1, 32 do targets[i] = i % 4 end
  local loss
  for step = 1, 10 do loss = trainer:step {features = features, targets = targets} end
  print(("%a"):format(loss))
end
LUA
    "$HALFULP" run mlp.lua >first.txt
    [ "$(sort -u first.txt | wc -l)" -eq 3 ]
    # kernels of OpenBLAS that every x86-64 can run; elsewhere the name is not looked at
    for core in Prescott Nehalem; do
        for isa in portable avx2 avx512; do
            for threads in 1 4; do
                OMP_NUM_THREADS=$threads OPENBLAS_CORETYPE=$core HU_ISA=$isa "$HALFULP" run mlp.lua >other.txt 2>/dev/null
                cmp first.txt other.txt
            done
        done
    done
}
