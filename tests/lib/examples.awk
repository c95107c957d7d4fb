# examples.awk - takes the examples out of a page of the manual, for tests/cli/examples.bats.
#
# A ```console block: each line "$ command" begins an example; the lines up to the next one are what it prints.
# A ```lua block with comments "--> text" is one too: what it prints is those texts, line by line.
# Writes NAME.cmd or NAME.lua and NAME.want into the folder `out`, NAME being the page and the line.

function open_example(kind) {
    close_example()
    name = out "/" page "-" FNR
    code = name "." kind
    want = name ".want"
    printf "" > code
    printf "" > want
}

function close_example() {
    if (code != "") { close(code); close(want) }
    code = ""
}

FNR == 1 { page = FILENAME; gsub(/.*\/|\.md$/, "", page) }

/^```/ {
    if (block == "") {
        block = substr($0, 4)
        if (block == "") block = "text"
        if (block == "lua") open_example("lua")
    } else {
        close_example()
        block = ""
    }
    next
}

block == "console" && /^\$ / { open_example("cmd"); print substr($0, 3) > code; next }
block == "console" && /^> /  { print substr($0, 3) > code; next }
block == "console"           { print > want; next }

block == "lua" {
    print > code
    if (match($0, /--> /)) print substr($0, RSTART + 4) > want
}
