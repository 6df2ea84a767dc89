#!/bin/bash
# python - four threads with locks, timed waits, files and hashes.
name=python
. "$TOP/test/lib/app.sh"
python=/usr/bin/python3
[ -x $python ] || python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))') ||
	skip "python3 is not there"

start() {
	cd "$round_dir" || exit 99
	"$python" -I -B "$TOP/test/apps/src/threads.py" </dev/null >out.txt 2>err.txt &
	pid=$!
}

result() { cat "$round_dir/digest"; }

app_rounds
