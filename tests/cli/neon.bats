# neon.bats - the inner loops compile for 64-bit ARM, into its vector instructions.

setup() {
    command -v aarch64-linux-gnu-gcc > /dev/null || skip "no aarch64-linux-gnu-gcc (on Debian: apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
    mkdir "$BATS_TEST_TMPDIR/include"
    for folder in $(echo | ${CC:-gcc} -E -Wp,-v - 2>&1 | sed -n 's/^ //p'); do
        [ -d "$folder/Random123" ] && ln -s "$folder/Random123" "$BATS_TEST_TMPDIR/include/" && break
    done
}

@test "the loops for NEON compile without a warning, and quantizing is done with vectors" {
    aarch64-linux-gnu-gcc -std=gnu11 -Wall -Wextra -Wshadow -Werror -O3 -ftree-vectorize -fvect-cost-model=dynamic -fno-math-errno -ffp-contract=off \
        -I"$HU_SRCDIR" -I"$BATS_TEST_TMPDIR/include" -S "$HU_SRCDIR/src/kernel/neon.c" -o "$BATS_TEST_TMPDIR/neon.s"
    [ "$(grep -c 'fadd.*v[0-9]*\.4s' "$BATS_TEST_TMPDIR/neon.s")" -ge 16 ]       # a sum at least a mode, told and glanced
    grep -q '^hu_lanes_neon:' "$BATS_TEST_TMPDIR/neon.s"
}
