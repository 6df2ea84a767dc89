#!/bin/bash
# cc1 - gcc's compiler proper: one large preprocessed file to assembler text.
name=cc1
. "$TOP/test/lib/app.sh"
cc1=$(gcc -print-prog-name=cc1 2>/dev/null)
[ -x "$cc1" ] || skip "gcc's cc1 is not there"
awk -v N=130 -f "$TOP/test/apps/src/preprocessed.awk" >"$CK_DIR/big.i"

start() {
	cd "$round_dir" || exit 99
	"$cc1" -fpreprocessed ../big.i -quiet -O2 -o big.s </dev/null >out.txt 2>err.txt &
	pid=$!
}

result() { [ -s "$round_dir/big.s" ] && sha256sum <"$round_dir/big.s"; }

app_rounds
