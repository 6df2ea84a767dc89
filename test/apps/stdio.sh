#!/bin/bash
# Standard output and error as one description of a pipe's end, and a restart whose own output is a log
# that has something in it: each descriptor becomes the restart's own of its number, left as it is.
. "$TOP/test/lib/app.sh"
name=stdio
mkfifo "$CK_DIR/out"
exec 6<>"$CK_DIR/out"
cat >"$CK_DIR/prog.py" <<'END'
import os, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
os.write(1, b"to output\n")
os.write(2, b"to error\n")
END
python3 "$CK_DIR/prog.py" "$CK_DIR/go" </dev/null >"$CK_DIR/out" 2>&1 6<&- &
pid=$!
running
sleep 0.5
"$REPRISE" checkpoint --kill -o "$CK_DIR/image" "$pid" || fail "checkpoint"
wait "$pid" 2>/dev/null
touch "$CK_DIR/go"
printf 'first line\n' >"$CK_DIR/log"
"$REPRISE" restart "$CK_DIR/image" </dev/null >>"$CK_DIR/log" 2>"$CK_DIR/err" 6<&- || fail "restart"
[ "$(cat "$CK_DIR/log")" = $'first line\nto output' ] || fail "the log: $(cat "$CK_DIR/log")"
[ "$(cat "$CK_DIR/err")" = "to error" ] || fail "error: $(cat "$CK_DIR/err")"

# The image by standard input, which is not the program's then.
"$REPRISE" restart <"$CK_DIR/image" >"$CK_DIR/log" 2>"$CK_DIR/err" 6<&- || fail "restart from stdin"
[ "$(cat "$CK_DIR/log" "$CK_DIR/err")" = $'to output\nto error' ] || fail "second: $(cat "$CK_DIR/log")"
echo "stdio: every descriptor where it belongs"
