# app.sh - sourced by the scripts in test/apps: checkpoints a real program at random moments.
#
# A script defines start (starts the program in the background in the fresh folder $round_dir and
# sets pid; descriptors it keeps for it go to restart, too) and result (prints what is compared),
# sets name, and calls app_rounds.  Each of ten rounds takes two checkpoints at random moments of
# one run: the program goes on after the first, is killed by the second, and is restarted from it.
# SEED repeats the moments; ROUNDS says how many.

set -u
: "${REPRISE:?}" "${CK_DIR:?}" "${TOP:?}"
SEED=${SEED:-$(( $$ * 7919 + $(date +%s) % 100000 ))}
ROUNDS=${ROUNDS:-10}
RANDOM=$SEED
in_restart= # where restart's stdin and stdout lead, for programs in the middle of a pipeline
out_restart=

fail() {
	echo "FAIL: $name: $*, seed $SEED"
	[ -n "${pid:-}" ] && kill -KILL "$pid" 2>/dev/null
	exit 1
}
skip() { echo "$*"; exit 77; }
now_ms() { local t=$EPOCHREALTIME; echo $(( ${t/[.,]/} / 1000 )); }
sleep_ms() { sleep "$(printf '%d.%03d' $(( $1 / 1000 )) $(( $1 % 1000 )))"; }

# no_trace PID: nobody traces it, it is not stopped, it has no child
no_trace() {
	local t
	for t in /proc/"$1"/task/*; do
		[ -e "$t/status" ] || continue
		grep -q '^TracerPid:	0$' "$t/status" || fail "still traced"
		grep -q '^State:	[Tt]' "$t/status" && fail "still stopped"
		[ -z "$(cat "$t/children" 2>/dev/null)" ] || fail "has a child"
	done
}

# app_restart IMAGE: in the foreground, with the pipes of the round if there are any
app_restart() {
	"$REPRISE" restart "$1" <"${in_restart:-/dev/null}" >"${out_restart:-$round_dir/restart.out}" \
		2>"$round_dir/restart.err" 6<&- 7>&-
}

# running: returns when the program is there, not the shell that becomes it.
running() {
	until [ "$(readlink "/proc/$pid/exe")" != "$(readlink /proc/$$/exe)" ]; do :; done
}

# over: the program had come to its own good end before the moment came (a busy machine)
over() { ! kill -0 "$pid" 2>/dev/null && wait "$pid"; }

# one_round MS1 MS2: checkpoint and go on after MS1, checkpoint --kill and restart MS2 later; 2: too late
one_round() {
	local rc
	start
	running
	sleep_ms "$1"
	"$REPRISE" checkpoint -o "$round_dir/image.1" "$pid" 2>"$round_dir/err" || {
		over && return 2
		fail "checkpoint after $1 ms: $(cat "$round_dir/err")"
	}
	no_trace "$pid"
	sleep_ms "$2"
	"$REPRISE" checkpoint --kill -o "$round_dir/image.2" "$pid" 2>"$round_dir/err" || {
		over && return 2
		fail "checkpoint --kill after $1 + $2 ms: $(cat "$round_dir/err")"
	}
	wait "$pid" 2>/dev/null
	app_restart "$round_dir/image.2"
	rc=$?
	[ $rc = 0 ] || fail "restart after $1 + $2 ms: exit status $rc: $(cat "$round_dir/restart.err")"
	return 0
}

app_rounds() {
	local begin took want have i a b

	round_dir=$CK_DIR/reference
	mkdir "$round_dir"
	begin=$(now_ms)
	start
	wait "$pid" || fail "the undisturbed run fails: $?"
	took=$(( $(now_ms) - begin ))
	want=$(result) || fail "no result"
	echo "$name: seed $SEED, undisturbed $took ms"
	rm -rf "$round_dir"

	for i in $(seq "$ROUNDS"); do
		round_dir=$CK_DIR/round.$i
		mkdir "$round_dir"
		a=$(( RANDOM % (took * 4 / 10 + 1) ))
		b=$(( RANDOM % (took * 4 / 10 + 1) ))
		begin=$(now_ms)
		until one_round $a $b; do
			a=$(( a / 2 )) b=$(( b / 2 ))
			rm -rf "$round_dir"
			mkdir "$round_dir"
		done
		have=$(result) || fail "no result after $a + $b ms"
		[ "$want" = "$have" ] || fail "round $i, after $a + $b ms: $have, not $want"
		echo "round $i: checkpoint at $a ms, kill $b ms later: the same, $(( $(now_ms) - begin )) ms"
		rm -rf "$round_dir"
	done
	echo "$name: $ROUNDS rounds, the same result every time"
}
