#!/usr/bin/env bats
# results.bats - results of a run are chosen, grouped, merged and compared; older stores are read; nothing can be changed by asking.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    cat >sweep.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 6, k = 1.0}
local sweep = hu.sweep {mantissa = hu.range(1, p.n), seed = {1, 2}}
sweep:run(function(q)
  if q.mantissa == 5 and q.seed == 2 then error "no answer" end
  local file <close> = io.open(q:file "note.txt", "w")
  file:write("m", q.mantissa)
  return {error = p.k * q.mantissa + q.seed / 8, verdict = "a,\"" .. q.seed, bad = q.seed == 2 and 0 / 0 or 1, list = {1, q.mantissa / 3, math.random()}}
end, {quiet = true})
sweep:table {file = "all"}
LUA
}

make() { "$HALFULP" run sweep.lua --jobs 2 "$@"; }

# refused STATUS TEXT COMMAND...: one line with that text.
refused() {
    run "$HALFULP" "${@:3}"
    [ "$status" -eq "$1" ] || { echo "status $status: $output"; return 1; }
    [ "${#lines[@]}" -eq 1 ] && [[ $output == "halfulp: "*"$2"* ]] || { echo "$output"; return 1; }
}

@test "points are shown with their columns, for people, as CSV and as JSON" {
    make --out a
    run "$HALFULP" results a --columns mantissa,seed,error,bad --where "mantissa < 2"
    [ "${lines[0]}" = "mantissa  seed  error  bad" ]
    [ "${lines[1]}" = "       1     1  1.125    1" ]
    [ "${lines[2]}" = "       1     2   1.25    -" ]
    [ "$("$HALFULP" results a --columns seed,verdict --where "mantissa = 1" --csv | tr -d '\r')" = 'seed,verdict
1,"a,""1"
2,"a,""2"' ]
    [ "$("$HALFULP" results a --columns error,bad,verdict --where "mantissa = 1 and seed = 2" --json)" = '{"error": 1.25, "bad": null, "verdict": "a,\"2"}' ]
    [ "$("$HALFULP" results a --where "status = 'failed'" --columns mantissa,failure,attempts)" = "mantissa  failure                 attempts
       5  sweep.lua:5: no answer         1" ]
}

@test "groups have the statistics that were asked for" {
    make --out a
    run "$HALFULP" results a --group seed --columns error,bad --stat n,bad,mean,min,max,median,sum,p25,sd,ci95,sem --json
    # sd = sqrt(3.5), and Student's t(0.975, 5) = 2.5705818356 times sd / sqrt(6)
    line=$(sed -E 's/(\.[0-9]{9})[0-9]*/\1/g' <<<"${lines[0]}")
    [ "$line" = '{"seed": 1, "points": 6, "n(error)": 6, "bad(error)": 0, "mean(error)": 3.625, "min(error)": 1.125, "max(error)": 6.125, "median(error)": 3.625, "sum(error)": 21.75, "p25(error)": 2.375, "sd(error)": 1.870828693, "ci95(error)": 1.963314306, "sem(error)": 0.763762615, "n(bad)": 6, "bad(bad)": 0, "mean(bad)": 1, "min(bad)": 1, "max(bad)": 1, "median(bad)": 1, "sum(bad)": 6, "p25(bad)": 1, "sd(bad)": 0, "ci95(bad)": 0, "sem(bad)": 0}' ] || { echo "$line"; false; }
    [[ ${lines[1]} == '{"seed": 2, "points": 5, "n(error)": 5,'*'"n(bad)": 0, "bad(bad)": 5, "mean(bad)": null'* ]]
    run "$HALFULP" results a --group verdict
    [ "${#lines[@]}" -eq 3 ]
}

@test "wrong questions are wrong usage, told in one line" {
    make --out a
    refused 2 "there is no column mantisa; did you mean mantissa?" results a --where "mantisa > 1"
    refused 2 "there is no column eror; did you mean error?" results a --columns eror
    refused 2 "there is no column sed; did you mean seed?" results a --group sed
    refused 2 "there is no column zzzzzzzzzz; there are mantissa, seed, bad, error, verdict, id, sweep, status, " results a --columns zzzzzzzzzz
    refused 2 "did you mean mantissa? (there are mantissa, seed, bad, error, verdict, id, " results a --columns mantisse
    refused 2 "there is no sweep swep; did you mean sweep? (there are sweep)" results a --sweep swep
    refused 2 "there is no sweep zzz; there are sweep" results a --sweep zzz --group seed
    refused 2 "there is no statistic men; there are n, bad, mean" results a --group seed --stat men
    refused 2 "--where is not what SQLite takes" results a --where "mantissa >"
    refused 2 "--where goes on after its end" results a --where "1); DROP TABLE points; --"
    refused 2 "may only read" results a --sql "DELETE FROM points"
    refused 2 "may only read" results a --sql "ATTACH 'x.sqlite' AS x"
    refused 2 "may only read" results a --sql "PRAGMA journal_mode = DELETE"
    refused 2 "not authorized" results a --sql "SELECT load_extension('x')"
    refused 2 "--sql is the whole query" results a --sql "SELECT 1" --where "1"
    refused 2 "--stat needs --group" results a --stat mean
    refused 2 "exclude each other" results a --csv --json
    refused 2 "takes one run directory" results
    refused 1 "nothing is not a run directory" results nothing
    [ ! -e x.sqlite ]
}

@test "whatever the condition is, the store stays as it is" {
    make --out a
    sum=$(sha256sum a/results.sqlite)
    words=(mantissa error seed "'" '"' "(" ")" ";" "--" "/*" "*/" , "=" "<" "and" "or" not null in select from points drop table delete update 1 2.5 "\\" "%" "?" "@x" '$y' ":z" "||" "case" when end like glob union all "x'41'" "\`" "[")
    RANDOM=7
    for i in $(seq 150); do
        text=
        for k in $(seq $((1 + RANDOM % 8))); do text="$text ${words[RANDOM % ${#words[@]}]}"; done
        run "$HALFULP" results a --where "$text"
        [ "$status" -le 2 ] || { echo "$text: $status $output"; false; }
        [ "$status" -ne 1 ] || { echo "$text: $output"; false; }
    done
    [ "$sum" = "$(sha256sum a/results.sqlite)" ]
}

@test "two halves merged are the whole, and the same command then draws it" {
    make --out whole
    make --shard 1/2 --out one
    make --shard 2/2 --out two
    [ "$("$HALFULP" results merge all one two)" = "all: 12 points taken, 0 were there" ]
    "$HALFULP" results diff whole all
    make --out all
    cmp whole/all.tsv all/all.tsv
    [ "$("$HALFULP" results all --sql "SELECT count(*) AS n FROM artifacts" --csv | tr -d '\r' | tail -1)" = 11 ]
    cmp whole/points/*/note.txt all/points/ 2>/dev/null || [ "$(cat whole/points/*/note.txt)" = "$(cat all/points/*/note.txt)" ]
    [ "$("$HALFULP" results merge all one two)" = "all: 0 points taken, 12 were there" ]
}

@test "points with other results are not merged" {
    make --out one
    cp -r one two
    command -v sqlite3 >/dev/null || skip "no sqlite3: install sqlite3"
    c=$(sqlite3 two/results.sqlite "SELECT number FROM columns WHERE name = 'error'")
    sqlite3 two/results.sqlite "UPDATE points SET c$c = c$c + 1 WHERE position = 3"
    before=$("$HALFULP" results one --csv)
    refused 1 'one and two have different results for the point {"mantissa": 2, "seed": 2} (error)' results merge one two
    [ "$before" = "$("$HALFULP" results one --csv)" ]
}

@test "diff tells which points changed and by how much" {
    make --out a
    make --out b k=1.0000001
    run "$HALFULP" results diff a b --json
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == '{"sweep": "sweep", "point": "{\"mantissa\": 1, \"seed\": 1}", "result": "error", "a": 1.125, "b": 1.1250001'*'"relative": 8.888'* ]] || { echo "${lines[0]}"; false; }
    [[ ${lines[-1]} == "halfulp: 12 points in both, 11 of them changed; 0 only in a, 0 only in b" ]]
    run "$HALFULP" results diff a b --within 1e-6
    [ "$status" -eq 0 ]
    make --out c n=4
    run "$HALFULP" results diff a c
    [ "$status" -eq 1 ]
    [[ $output == *"(point)"*"8 points in both, 0 of them changed; 4 only in a, 0 only in c" ]]
}

# A store as version 1 wrote it.
version_1() {
    mkdir -p "$1"
    sqlite3 "$1/results.sqlite" "
        CREATE TABLE runs(id INTEGER PRIMARY KEY, manifest TEXT NOT NULL);
        CREATE TABLE points(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, sweep TEXT NOT NULL, params TEXT NOT NULL,
          status TEXT NOT NULL, error TEXT, seconds REAL, run INTEGER NOT NULL, position INTEGER NOT NULL);
        CREATE INDEX points_of_run ON points(run, position);
        CREATE TABLE params(point INTEGER NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY(point, name)) WITHOUT ROWID;
        CREATE TABLE metrics(point INTEGER NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY(point, name)) WITHOUT ROWID;
        CREATE TABLE texts(point INTEGER NOT NULL, name TEXT NOT NULL, value TEXT, PRIMARY KEY(point, name)) WITHOUT ROWID;
        CREATE TABLE series(point INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY(point, name));
        INSERT INTO runs VALUES (1, '{\"script\": \"old.lua\", \"seed\": 3, \"parameters\": {}}');
        INSERT INTO points VALUES (1, 'aa', 's', '{\"i\": 1}', 'done', NULL, 0.5, 1, 0), (2, 'bb', 's', '{\"i\": 2}', 'failed', 'broken', 0.5, 1, 1);
        INSERT INTO params VALUES (1, 'i', 1), (2, 'i', 2);
        INSERT INTO metrics VALUES (1, 'loss', 0.25), (1, 'nan', NULL);
        INSERT INTO texts VALUES (1, 'note', 'x y');
        INSERT INTO series VALUES (1, 'curve', '', X'000000000000F83F0000000000000040');
        PRAGMA application_id = 1752525936; PRAGMA user_version = 1; PRAGMA journal_mode = WAL" >/dev/null
}

@test "a store of version 1 is read as it is, and brought up to date when it is written" {
    command -v sqlite3 >/dev/null || skip "no sqlite3: install sqlite3"
    version_1 old
    sum=$(sha256sum old/results.sqlite)
    want='status  i  loss  note
done    1  0.25  x y
failed  2     -  -'
    [ "$("$HALFULP" results old)" = "$want" ]
    [ "$sum" = "$(sha256sum old/results.sqlite)" ]
    cat >read.lua <<'LUA'
local rows = require "halfulp.rows"
local points = rows.stored "old"
local r = points[1].results
print(points[1].params.i, r.loss, r.nan, r.note, r.curve[1], r.curve[2], points[2].failure)
LUA
    [ "$("$HALFULP" run read.lua)" = "1	0.25	nan	x y	1.5	2.0	broken" ] || [ "$("$HALFULP" run read.lua)" = "1	0.25	-nan	x y	1.5	2.0	broken" ]
    "$HALFULP" results merge new old
    "$HALFULP" results diff old new
    make --out old
    [ "$(sqlite3 old/results.sqlite "PRAGMA user_version; SELECT i, loss, note FROM results WHERE key = 'aa'; PRAGMA integrity_check")" = "2
1|0.25|x y
ok" ]
}

@test "a store that is newer, truncated or on a read-only disk is told in one line, and nothing is damaged" {
    command -v sqlite3 >/dev/null || skip "no sqlite3: install sqlite3"
    make --out a n=60
    for kind in newer cut; do cp -r a $kind; done
    sqlite3 newer/results.sqlite "PRAGMA user_version = 99"
    truncate -s -4096 cut/results.sqlite
    for kind in newer cut; do
        sum=$(sha256sum $kind/results.sqlite)
        refused 1 "$([ $kind = newer ] && echo 'version 99, from a newer halfulp' || echo 'is damaged')" results $kind
        refused 1 "$([ $kind = newer ] && echo 'version 99, from a newer halfulp' || echo 'is damaged')" run sweep.lua --out $kind
        refused 1 "$kind" results merge $kind a
        [ "$sum" = "$(sha256sum $kind/results.sqlite)" ]
    done
    before=$("$HALFULP" results a --csv | sha256sum)
    if [ "$(id -u)" -eq 0 ]; then
        mkdir mounted
        mount -t tmpfs -o size=8m none mounted 2>/dev/null || skip "no file system can be mounted here"
        cp -r a mounted/a
        mount -o remount,ro mounted || { umount mounted; skip "no read-only file system could be mounted"; }
    else
        mkdir mounted
        cp -r a mounted/a
        chmod -R a-w mounted
    fi
    after=$("$HALFULP" results mounted/a --csv | sha256sum)
    run "$HALFULP" results merge mounted/a a
    if [ "$(id -u)" -eq 0 ]; then umount mounted; else chmod -R u+w mounted; fi
    [ "$before" = "$after" ]
    [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ]
}

@test "points that are gone because the store is damaged are told, not taken for none" {
    command -v sqlite3 >/dev/null || skip "no sqlite3: install sqlite3"
    make --out a
    for name in points points_of_run runs; do
        cp -r a $name
        page=$(sqlite3 a/results.sqlite "SELECT rootpage FROM sqlite_schema WHERE name = '$name'")
        printf '\0\0' | dd of=$name/results.sqlite bs=1 seek=$((4096 * (page - 1) + 3)) conv=notrunc status=none       # its number of rows
        rm -f $name/results.sqlite-*
        for command in "results $name" "plot $name --x mantissa --y error" "report $name" "watch $name --once"; do
            # shellcheck disable=SC2086
            refused 1 "$name/results.sqlite is damaged (" $command
        done
    done
    # an empty store is not a damaged one
    echo 'require("halfulp").sweep({i = {1}}, {where = function() return false end}):run(print)' >none.lua
    "$HALFULP" run none.lua --out none
    [ "$("$HALFULP" results none)" = status ]
    refused 1 "there are no finished points to show" plot none --x i --y error
    refused 2 "there is no sweep s; there are none" results none --sweep s
}

@test "the policies of training runs are in the manifest with their digests, whoever computed the points" {
    cat >train.lua <<'LUA'
local hu = require "halfulp"
local data = hu.nn.markov {alphabet = 4, order = 1, train = 400, heldout = 40}
local function train(policy, seed)
  local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16, seed = seed}
  return hu.nn.train {model = model, data = data, batch = 2, steps = 2, policy = policy}.loss
end
hu.sweep {name = {"fp32", "e5m2:sr", "both", "none"}}:run(function(q)
  if q.name == "none" then return {loss = 0} end
  if q.name == "both" then train("e4m3fn", 1) end
  return {loss = train(q.name == "both" and {accumulate = "e8m7", layers = {head = "fp32"}} or q.name, q.run_seed)}
end, {quiet = true})
train("e8m3:rz", 1)
if not hu.args.digests then hu.report {} end
for _, policy in ipairs {"fp32", "e5m2:sr", "e4m3fn", {accumulate = "e8m7", layers = {head = "fp32"}}, "e8m3:rz"} do print(hu.nn.policy(policy):digest()) end
LUA
    policies() { "$HALFULP" results "$1" --json --sql "SELECT json_extract(manifest, '\$.policies') AS p FROM runs ORDER BY id DESC LIMIT 1"; }
    "$HALFULP" run train.lua --jobs 2 --out two >digests.txt 2>/dev/null
    [ "$(wc -l <digests.txt)" -eq 5 ]
    while read -r digest; do
        grep -q '"policies": {.*"'"$digest"'": "policy, seed 0' two/manifest.json
        grep -q "$digest: policy, seed 0" two/report.html
    done <digests.txt
    [ "$(grep -o '"[0-9a-f]\{64\}": "policy' two/manifest.json | wc -l)" -eq 5 ]
    grep -q 'sum e8m7' two/report.html
    # by point, in the order of the digests
    { read -r fp32; read -r e5m2; read -r e4m3; read -r e8m7; } <digests.txt
    both=$(printf '%s\n' "$e4m3" "$e8m7" | LC_ALL=C sort | paste -sd,)
    [ "$("$HALFULP" results two --csv --columns name,policies | tr -d '\r')" = "name,policies
fp32,$fp32
e5m2:sr,$e5m2
both,\"$both\"
none," ]
    # in this process; and a run that finds all points has those of before
    "$HALFULP" run train.lua --jobs 0 --out none >/dev/null 2>&1
    [ "$(policies two)" = "$(policies none)" ]
    "$HALFULP" run train.lua --jobs 1 --out two >/dev/null 2>&1
    [ "$(policies two)" = "$(policies none)" ]
    # halves that are merged have those of their points
    "$HALFULP" run train.lua --shard 1/2 --out a >/dev/null 2>&1
    "$HALFULP" run train.lua --shard 2/2 --out b >/dev/null 2>&1
    "$HALFULP" results merge all a b
    "$HALFULP" run train.lua --out all >/dev/null 2>&1
    [ "$(policies all)" = "$(policies none)" ]
}
