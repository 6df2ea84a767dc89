#!/bin/bash
# xz - two threads; real data; to a file in odd rounds, through stdout in even ones.
name=xz
. "$TOP/test/lib/app.sh"
command -v xz >/dev/null || skip "xz is not there"

# 24 MiB of programs and libraries, the same bytes for all rounds
find /usr/lib /usr/bin -xdev -type f -size +200k 2>/dev/null | LC_ALL=C sort | head -n 200 |
	xargs cat 2>/dev/null | head -c $((24 << 20)) >"$CK_DIR/data"

start() {
	cd "$round_dir" || exit 99
	case $round_dir in
	*[13579] | *reference)
		ln "$CK_DIR/data" data
		# -f: the data has two names
		xz -T2 -0 -k -f data </dev/null >/dev/null 2>err.txt &
		;;
	*)
		xz -T2 -0 -c "$CK_DIR/data" </dev/null >data.xz 2>err.txt &
		;;
	esac
	pid=$!
}

result() {
	xz -t "$round_dir/data.xz" && sha256sum <"$round_dir/data.xz"
}

app_rounds
