#!/bin/bash
# mutate.sh - makes images of a few test programs and has mutate.py damage them.  N: how many cases
# (300), SEED repeats them.  In namespaces of its own, where nothing but its folder can be written.
set -u
: "${REPRISE:?}" "${CK_DIR:?}" "${TOP:?}"
N=${N:-300}
SEED=${SEED:-$RANDOM}

if [ -z "${MUTATE_INNER:-}" ]; then
	unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
		{ echo "needs namespaces of its own"; exit 77; }
	export MUTATE_INNER=1 N SEED
	exec unshare --mount --pid --net --ipc --uts --fork --mount-proc --kill-child "$0"
fi
mount --bind "$CK_DIR" "$CK_DIR" && cd "$CK_DIR" && mount -o remount,bind,ro / || exit 99
export TMPDIR=$CK_DIR

folder=$CK_DIR
failed=0 count=0
for one in 64/thread 32/pipe 64/sigpending 32/vma_file; do
	abi=${one%/*} name=${one#*/}
	export CK_DIR=$folder/$name.$abi
	mkdir "$CK_DIR"
	gcc -m"$abi" -std=gnu17 -D_GNU_SOURCE -O1 -pthread -I "$TOP/test/lib" -o "$CK_DIR/program" \
		"$TOP/test/obj/$name.c" "$TOP/test/lib/ck.c" 2>"$CK_DIR/gcc.err" || continue
	"$CK_DIR/program" </dev/null >"$CK_DIR/out" 2>"$CK_DIR/err" &
	pid=$!
	for _ in $(seq 500); do [ -e "$CK_DIR/ready" ] && break; sleep 0.01; done
	if ! "$REPRISE" checkpoint --kill -o "$CK_DIR/image" $pid; then
		echo "FAIL: checkpoint of $one"
		kill -9 $pid
		failed=1
		continue
	fi
	wait $pid 2>/dev/null
	count=$((count + 1))
	python3 "$TOP/test/fuzz/mutate.py" -n $((N / 4)) --seed "$SEED" "$CK_DIR/image" || failed=1
done
[ $count -gt 0 ] || { echo "FAIL: no image was made"; exit 1; }
[ $failed = 0 ] || echo "FAIL: seed $SEED"
exit $failed
