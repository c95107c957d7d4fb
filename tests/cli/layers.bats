# layers.bats - an include names its file from the root and goes up the list of ARCHITECTURE.md, or stays in its place.

# Downward: a folder may include what stands on its own line or above it. src/ref is for the tests.
layers="src/base src/num formats rounding src/ops src/ref src/kernel src/tensor src/nn src/analysis src/hardware src/lab lua src/cli"

setup() { cd "$HU_SRCDIR"; }

sources() {
    find src formats rounding lua -name '*.[ch]' -o -name '*.def'
}

# Lines "file: include" for what breaks the rule that the awk program states.
includes() {
    sources | xargs awk -v layers="$layers" '
        BEGIN { n = split(layers, order); for (i = 1; i <= n; i++) rank[order[i]] = i }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, part, "\""); to = part[2]; from = FILENAME
            sub("/[^/]*$", "", from); folder = to; sub("/[^/]*$", "", folder)
            '"$1"'
        }' /dev/null
}

@test "every folder of sources has its place in the list" {
    for folder in $(sources | sed 's|/[^/]*$||' | sort -u); do
        [[ $folder == src || " $layers " == *" $folder "* ]] || { echo "$folder is not in the list"; false; }
    done
}

@test "no include is relative" {
    run includes 'if (to != "config.h" && !(folder in rank)) print FILENAME ": " to'
    [ "$status" -eq 0 ] && [ -z "$output" ] || { echo "$output"; false; }
}

@test "no include goes down" {
    run includes 'if (from in rank && folder in rank && rank[folder] > rank[from]) print FILENAME ": " to'
    [ "$status" -eq 0 ] && [ -z "$output" ] || { echo "$output"; false; }
}

@test "a folder of the library includes nothing outside the C library and MPFR" {
    run bash -c 'grep -nE "^ *# *include *<(gsl|lua|lauxlib|lualib|sqlite3|cblas|openblas|editline|histedit)" \
        -r src/base src/num formats rounding src/ops src/kernel'
    [ "$status" -eq 1 ] || { echo "$output"; false; }
}

@test "nothing but src/analysis includes GSL" {
    run bash -c 'grep -nE "^ *# *include *<gsl/" -r src lua formats rounding | grep -vE "^src/analysis/|^src/cli/main.c"'
    [ -z "$output" ] || { echo "$output"; false; }
}
