# lua-leaks.bats - a Lua session gives back what it took.

setup() {
    [ "${HU_TEST_LONG:-0}" != 0 ] || skip "valgrind takes its time: make check-long"
    command -v valgrind >/dev/null || skip "no valgrind: install valgrind"
    [ -z "${HU_PRELOAD:-}" ] || skip "the sanitizers look for leaks themselves"
}

@test "10^5 objects made and dropped in Lua leave no memory behind" {
    cd "$BATS_TEST_TMPDIR"
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 run valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect \
        --show-leak-kinds=definite,indirect --error-exitcode=9 "${LUA:-lua5.4}" "$HU_SRCDIR/tests/lib/objects.lua"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "120000 objects" ]
}
