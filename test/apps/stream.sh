#!/bin/bash
# stream - the image goes through pipes: checkpoint -o - | cat, and cat | restart.
name=stream
. "$TOP/test/lib/app.sh"
command -v xz >/dev/null || skip "xz is not there"
ROUNDS=4
find /usr/bin -xdev -type f -size +200k 2>/dev/null | LC_ALL=C sort | head -n 100 |
	xargs cat 2>/dev/null | head -c $((12 << 20)) >"$CK_DIR/data"

start() {
	cd "$round_dir" || exit 99
	xz -T1 -1 -c ../data </dev/null >data.xz 2>err.txt &
	pid=$!
}

one_round() {
	local rc
	start
	running
	sleep_ms "$1"
	"$REPRISE" checkpoint -o - "$pid" 2>"$round_dir/err" | cat >"$round_dir/image.1"
	[ "${PIPESTATUS[0]}" = 0 ] || fail "checkpoint -o -: $(cat "$round_dir/err")"
	sleep_ms "$2"
	"$REPRISE" checkpoint --kill -o - "$pid" 2>"$round_dir/err" | cat >"$round_dir/image.2"
	[ "${PIPESTATUS[0]}" = 0 ] || fail "checkpoint --kill -o -: $(cat "$round_dir/err")"
	wait "$pid" 2>/dev/null
	cat "$round_dir/image.2" | "$REPRISE" restart - >"$round_dir/out" 2>"$round_dir/restart.err"
	rc=${PIPESTATUS[1]}
	[ "$rc" = 0 ] || fail "restart from a pipe: exit status $rc: $(cat "$round_dir/restart.err")"
}

result() { xz -t "$round_dir/data.xz" && sha256sum <"$round_dir/data.xz"; }

app_rounds
