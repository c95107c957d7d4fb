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
    cat >"$BATS_FILE_TMPDIR/program.c" <<'END'
#include <halfulp.h>
#include <stdio.h>

int main(void)
{
    hu_error err;
    const hu_format *f = hu_format_find("e4m3fn", &err);
    hu_env env = hu_env_default();
    if (!f)
        return 1;
    printf("%.17g\n", hu_to_double(f, hu_add(f, &env, 0x38, hu_from_double(f, &env, 2.0))));
    return 0;
}
END
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
    [ "$(./program)" = 3 ]
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
    [ "$(env -u LD_LIBRARY_PATH ./program)" = 3 ]
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
