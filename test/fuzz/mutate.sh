#!/bin/bash
# mutate.sh - makes images of a small program and has mutate.py damage them.  N: how many cases (300),
# SEED repeats them.  The tool is the one with sanitizers where `make asan` has built it.
#
# Each image has namespaces of its own, where nothing but its folder can be written; two at a time.
# More of it:  N=10000 test/run fuzz --keep
set -u
: "${REPRISE:?}" "${CK_DIR:?}" "${TOP:?}"
export N=${N:-300} SEED=${SEED:-$RANDOM}
# ABI, how it is linked, threads: small images of static programs, more mappings and files in others.
images=(64-static-0 32-static-0 64-dynamic-2 32-dynamic-2)

if [ $# = 0 ]; then
	unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
		{ echo "needs namespaces of its own"; exit 77; }
	[ -x "$TOP/build-asan/reprise" ] && export REPRISE=$TOP/build-asan/reprise
	echo "the tool: $REPRISE"
	printf '%s\n' "${images[@]}" | xargs -P 2 -I{} unshare --mount --pid --net --ipc --uts --fork \
		--mount-proc --kill-child "$0" {} || { echo "FAIL: seed $SEED"; exit 1; }
	exit 0
fi

one=$1
IFS=- read -r abi link threads <<<"$one"
export CK_DIR=$CK_DIR/$one TMPDIR=$CK_DIR/$one
mkdir "$CK_DIR" && mount --bind "$CK_DIR" "$CK_DIR" && cd "$CK_DIR" && mount -o remount,bind,ro / ||
	exit 99
# A lack of memory is an answer, not a finding.
export ASAN_OPTIONS=allocator_may_return_null=1:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

options=(-m"$abi" -std=gnu17 -D_GNU_SOURCE -O1 -pthread -I "$TOP/test/lib")
[ "$link" = static ] && options+=(-static)
gcc "${options[@]}" -o program "$TOP/test/fuzz/target.c" "$TOP/test/lib/ck.c" 2>gcc.err ||
	{ echo "$one: does not compile here: not tried"; exit 0; }
# What it inherits above 2 would be in the image, too.
python3 -c 'import os, sys; os.closerange(3, 1000); os.execv(sys.argv[1], sys.argv[1:])' \
	"$CK_DIR/program" $(seq "$threads") </dev/null >out 2>err &
pid=$!
disown
for _ in $(seq 500); do [ -e ready ] && break; sleep 0.01; done
if ! "$REPRISE" checkpoint --kill -o image $pid; then
	echo "FAIL: checkpoint of $one: $(cat err)"
	kill -9 $pid
	exit 1
fi
while kill -0 $pid 2>/dev/null; do sleep 0.01; done
echo "$one: image of $(stat -c %s image) bytes"
python3 "$TOP/test/fuzz/broken.py" image &&
	python3 "$TOP/test/fuzz/mutate.py" -n $((N / ${#images[@]})) --seed "$SEED-$one" image
