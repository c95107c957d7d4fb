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
    # The program is the example of the manual.
    awk '/^```/ { inside = $0 == "```c"; next } inside' "$HU_SRCDIR/docs/library.md" >"$BATS_FILE_TMPDIR/program.c"
    want=$(sed -n 's/^prints `\(.*\)`.*/\1/p' "$HU_SRCDIR/docs/library.md")
    export want
    [ -n "$want" ]
    cp "$BATS_FILE_TMPDIR/program.c" "$BATS_FILE_TMPDIR/program.cc"
}

setup() {
    [ -z "${HU_PRELOAD:-}" ] || skip "a sanitized library is not for installing"
    cd "$BATS_TEST_TMPDIR"
}

links() { # links COMPILER SOURCE LINK-FLAGS...: compiles by pkg-config alone, in strict warnings, and runs
    local compiler=$1 source=$2
    shift 2
    # shellcheck disable=SC2046 # flags are words
    "$compiler" -Wall -Wextra -Wpedantic -Werror "$BATS_FILE_TMPDIR/$source" -o program \
        $(pkg-config --cflags halfulp) $(pkg-config --libs "$@" halfulp)
    [ "$(./program)" = "$want" ]
}

@test "a program in C compiles and links by pkg-config" {
    links cc program.c
}

@test "a program in C++ compiles and links by pkg-config" {
    links c++ program.cc
}

@test "the static library needs no more than pkg-config --static says" {
    # shellcheck disable=SC2046
    cc "$BATS_FILE_TMPDIR/program.c" -o program $(pkg-config --cflags halfulp) "$LD_LIBRARY_PATH/libhalfulp.a" \
        $(pkg-config --static --libs halfulp | sed 's/-lhalfulp//')
    [ "$(env -u LD_LIBRARY_PATH ./program)" = "$want" ]
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
