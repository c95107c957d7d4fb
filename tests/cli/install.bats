# install.bats - what `make install` leaves is usable: the library from C and C++, the module, the program.

setup_file() {
    [ -z "${HU_PRELOAD:-}" ] || return 0
    export stage=$BATS_FILE_TMPDIR/stage
    env -u MAKEFLAGS -u MFLAGS make -s -C "$HU_BUILDDIR" install DESTDIR="$stage" >"$BATS_FILE_TMPDIR/log" 2>&1 \
        || { cat "$BATS_FILE_TMPDIR/log"; false; }
    pc=$(find "$stage" -name halfulp.pc)
    export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$stage
    libdir=${pc%/pkgconfig/halfulp.pc}
    export LD_LIBRARY_PATH=$libdir prefix=${libdir%/lib*}
    # The programs are the examples of the manual: program1.c, what it prints in want1, and so on.
    cd "$BATS_FILE_TMPDIR"
    awk '/^```/ { inside = $0 == "```c"; n += inside; next } inside { print >("program" n ".c") }
        sub(/^prints `/, "") { sub(/`.*/, ""); print >("want" n) }' "$HU_SRCDIR/docs/library.md"
    examples=$(seq "$(ls program*.c | wc -l)")
    export examples
    [ -n "$examples" ]
    for i in $examples; do
        [ -s "want$i" ]
        cp "program$i.c" "program$i.cc"
    done
}

setup() {
    [ -z "${HU_PRELOAD:-}" ] || skip "a sanitized library is not for installing"
    cd "$BATS_TEST_TMPDIR"
}

prints() { # prints I: the program is the manual's I-th example
    [ "$(./program)" = "$(cat "$BATS_FILE_TMPDIR/want$1")" ]
}

links() { # links COMPILER EXTENSION: compiles by pkg-config alone, in strict warnings, and runs
    for i in $examples; do
        # shellcheck disable=SC2046 # flags are words
        "$1" -Wall -Wextra -Wpedantic -Werror "$BATS_FILE_TMPDIR/program$i.$2" -o program \
            $(pkg-config --cflags halfulp) $(pkg-config --libs halfulp)
        prints "$i"
    done
}

@test "a program in C compiles and links by pkg-config" {
    links cc c
}

@test "a program in C++ compiles and links by pkg-config" {
    links c++ cc
}

@test "the static library needs no more than pkg-config --static says" {
    # shellcheck disable=SC2046
    cc "$BATS_FILE_TMPDIR/program1.c" -o program $(pkg-config --cflags halfulp) "$LD_LIBRARY_PATH/libhalfulp.a" \
        $(pkg-config --static --libs halfulp | sed 's/-lhalfulp//')
    unset LD_LIBRARY_PATH
    prints 1
}

@test "every header can be included alone, from C and C++" {
    cd "$prefix/include/halfulp"
    for header in $(find . -name '*.h' | sed 's|^\./||'); do
        echo "$header"
        echo "#include \"$header\"" | cc -std=c11 -I. -fsyntax-only -Wall -Wextra -Werror -x c -
        echo "extern \"C\" {
#include \"$header\"
}" | c++ -I. -fsyntax-only -Wall -Wextra -Werror -x c++ -
    done
}

@test "the library exports nothing without its prefix" {
    run bash -c 'nm -D --defined-only "$LD_LIBRARY_PATH/libhalfulp.so" | grep -v " hu_"'
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "the library needs MPFR and OpenMP, and none of the program's libraries" {
    run bash -c 'ldd "$LD_LIBRARY_PATH/libhalfulp.so" | grep -E "gsl|blas|sqlite|lua|edit"'
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "the stock interpreter loads the installed module" {
    command -v lua5.4 >/dev/null || skip "no lua5.4"
    run env LUA_PATH="$prefix/share/lua/5.4/?.lua;$prefix/share/lua/5.4/?/init.lua" LUA_CPATH="$LD_LIBRARY_PATH/lua/5.4/?.so" \
        lua5.4 -e 'print(require("halfulp").format("e5m2").name)'
    [ "$output" = e5m2 ] || { echo "$output"; false; }
}

@test "the installed program finds its data beside it" {
    cat >script.lua <<<'print(require("halfulp").format("e5m2").name)'
    run env -u LUA_PATH -u LUA_CPATH -u HALFULP_DATADIR "$prefix/bin/halfulp" run script.lua
    [ "$output" = e5m2 ] || { echo "$output"; false; }
}
