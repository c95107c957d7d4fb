# manual.bats - the manual page halfulp(1) tells all that the program's own help tells.

setup() { page=$HU_BUILDDIR/docs/halfulp.1; }

commands() { "$HALFULP" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vx help; }

@test "every command has its section, and every option of it an entry" {
    [ "$(commands | wc -l)" -gt 1 ]
    for command in $(commands); do
        section=$(awk -v title=".SH HALFULP ${command^^}" '/^\.SH/ { inside = $0 == title } inside' "$page" | sed 's/\\-/-/g')
        [ -n "$section" ] || { echo "$command has no section"; false; }
        for option in $("$HALFULP" help "$command" | sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
            grep -qF -e ".B $option" <<<"$section" || { echo "$command $option is missing"; false; }
        done
    done
}

@test "the pages are sound for groff" {
    command -v groff >/dev/null || skip "no groff"
    run groff -man -ww -z -Tascii "$page" "$HU_SRCDIR/docs/libhalfulp.3"
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "every link between the pages leads to a file" {
    cd "$HU_SRCDIR"
    count=0
    for page in README.md ARCHITECTURE.md CHANGELOG.md docs/*.md tests/README.md; do
        for link in $(grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^https\?:'); do
            count=$((count + 1))
            [ -e "$(dirname "$page")/$link" ] || { echo "$page: $link is not there"; false; }
        done
    done
    [ "$count" -gt 5 ]
}

@test "every page of the manual is in the table of README.md" {
    cd "$HU_SRCDIR"
    for page in docs/*.md; do
        grep -qF "($page)" README.md || { echo "$page"; false; }
    done
}

@test "every page of the manual is installed, once" {
    cd "$HU_SRCDIR"
    for page in docs/*.md; do
        [ "$(grep -c "DATA += $page\$" docs/local.mk)" -eq 1 ] || { echo "$page"; false; }
    done
}
