#!/bin/bash
# awk - between a producer and a consumer that stay alive: restart gets the same two pipes.
name=awk
. "$TOP/test/lib/app.sh"
command -v awk >/dev/null || skip "awk is not there"

in_restart=/dev/fd/6
out_restart=/dev/fd/7
program='{ sum += $1 * 7 % 1001; line[$1 % 1000] = $0 sum }
$1 % 3 == 0 { print sum, line[$1 / 3 % 1000] }
END { printf "%.0f %d\n", sum, NR }'

start() {
	cd "$round_dir" || exit 99
	exec 6< <(exec seq 1 3000000)
	exec 7> >(exec 6<&-; exec sha256sum >digest)
	consumer=$!
	awk "$program" <&6 >&7 2>err.txt 6<&- 7>&- &
	pid=$!
}

result() {
	exec 6<&- 7>&-
	wait "$consumer"
	cat "$round_dir/digest"
}

app_rounds
