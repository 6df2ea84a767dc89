#!/bin/bash
# x87 - an i386 program: three threads with values on the x87 stack and in SSE registers.
name=x87
. "$TOP/test/lib/app.sh"
${CC:-gcc} -m32 -march=pentium4 -mfpmath=sse -O2 -pthread -o "$CK_DIR/x87" "$TOP/test/apps/src/x87.c" \
	-lm 2>"$CK_DIR/err" || skip "no 32-bit compiler"

start() {
	cd "$round_dir" || exit 99
	../x87 </dev/null >out.txt 2>err.txt &
	pid=$!
}

result() { cat "$round_dir/digest"; }

app_rounds
