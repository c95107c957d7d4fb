# machinery.bats - the suite's own runners: what fails is counted once, what dies is not taken for a success.

setup() {
    cd "$BATS_TEST_TMPDIR"
    lib=$HU_SRCDIR/tests/lib
}

results() { # results NAME RESULT...: what automake's driver leaves of a test
    local name=$1
    shift
    printf ':test-result: %s\n' "$@" >"$name.trs"
    printf '%s: a claim\n' "$@" >"$name.log"
}

@test "the summary counts claims over all tests and succeeds when all hold" {
    results a PASS PASS
    results b PASS SKIP
    run "$lib/summary" a.log b.log
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "3 passed, 0 failed, 1 skipped" ]
    [ "${lines[0]}" = "SKIP: a claim" ]
}

@test "a failure or an error makes the summary fail, and is shown" {
    results a PASS FAIL ERROR
    run "$lib/summary" a.log
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "1 passed, 2 failed, 0 skipped" ]
    [ "${lines[0]}" = "FAIL: a claim" ]
}

@test "nothing passed, or a test that left no results, is a failure" {
    results a SKIP
    run "$lib/summary" a.log
    [ "$status" -eq 1 ]
    results b PASS
    run "$lib/summary" b.log gone.log
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
}

@test "a skip of cmocka is a skip, and failed claims count once" {
    run "$lib/run-c" sh -c 'echo "1..2"; echo "not ok 1 # SKIP later"; echo "not ok 2 - wrong"; exit 1'
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = "ok 1 # SKIP later" ]
    [ "${lines[2]}" = "not ok 2 - wrong" ]
}

@test "a program that dies fails, whatever it has said" {
    run "$lib/run-c" sh -c 'echo "1..1"; echo "ok 1 - right"; exit 3'
    [ "$status" -eq 3 ]
    run "$lib/run-c" sh -c 'echo "1..1"; echo "not ok 1 - wrong"; kill -SEGV $$'
    [ "$status" -eq 139 ]
}

@test "a script in Lua that breaks off is a failure of each interpreter" {
    echo 'error "broken"' >broken.lua
    run "$lib/run-lua" broken.lua
    [ "$(grep -c '^not ok' <<<"$output")" -eq 2 ]
    [ "${lines[-1]}" = 1..2 ]
}

@test "the claims of a script in Lua are counted for each interpreter" {
    cat >mixed.lua <<'END'
local claims, t = require("claims")()
claims["right"] = function() t.assertTrue(true) end
claims["wrong"] = function() t.assertTrue(false) end
claims["not here"] = function() claims.vectors "no such folder" end
claims:run()
END
    run "$lib/run-lua" mixed.lua
    [ "$(grep -c '^ok - [a-z]*: right' <<<"$output")" -eq 2 ]
    [ "$(grep -c '^not ok - [a-z]*: wrong' <<<"$output")" -eq 2 ]
    [ "$(grep -c '^ok # SKIP' <<<"$output")" -eq 2 ]
    [ "${lines[-1]}" = 1..6 ]
}

@test "the generators of C and Lua give the same numbers" {
    # The first numbers of SplitMix64 from seed 1; tests/c/random.c claims the same ones.
    [ "$(lua5.4 -e 'local next = require("claims")().random(1); print(("%x %x"):format(next(), next()))')" = "910a2dec89025cc1 beeb8da1658eec67" ]
}
