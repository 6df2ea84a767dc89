#!/bin/bash
# make demo: compresses the same 64 MiB twice, the second time with a checkpoint, a kill and a
# restart half-way, and shows that nobody can tell the difference.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=${REPRISE:+$(dirname "$(realpath "$REPRISE")"):}$PWD/build:$PATH

bold='' dim='' green='' red='' off=''
if [[ -t 1 ]]; then
	bold=$'\e[1m' dim=$'\e[36m' green=$'\e[32m' red=$'\e[31m' off=$'\e[0m'
fi

step() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$off"; }
run() { show "$*"; "$@"; }
now() { date +%s%N; }
seconds() { printf '%d.%02d' $(($1 / 1000000000)) $(($1 / 10000000 % 100)); }

dir=$(mktemp -d "${TMPDIR:-/tmp}/reprise-demo.XXXXXX")
pid=
finish() {
	# Only what we started: the PID may be someone else's by now.
	if [[ -n $pid && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$dir" ]]; then
		kill -KILL "$pid" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$dir"

step "Something to compress: 64 MiB of what this machine has in /usr/bin and /usr/lib."
show "find /usr/bin /usr/lib -type f -size -4M | sort | xargs cat | head -c 64M >input"
{ find /usr/bin /usr/lib -type f -size -4M -print0 | sort -z | xargs -0 cat | head -c 64M; } \
	>input 2>/dev/null || true
[[ -s input ]] || { echo "demo: found nothing to read in /usr" >&2; exit 1; }

step "First undisturbed, to know the right answer and how long it takes: xz with two threads."
t0=$(now)
run xz -T2 -3 -k input
plain=$(($(now) - t0))
mv input.xz reference.xz
echo "$(seconds $plain) s"

step "Once more; this time it gets only half-way."
show "setsid xz -T2 -3 -k input </dev/null >xz.log 2>&1 &"
t0=$(now)
(
	# What this shell happened to inherit is not the program's: another program's pipe would be refused.
	for fd in /proc/$BASHPID/fd/*; do
		fd=${fd##*/}
		((fd > 2)) && eval "exec $fd>&-"
	done
	exec setsid xz -T2 -3 -k input </dev/null >xz.log 2>&1
) &
pid=$!
disown                                  # no word from the shell when it dies
sleep "$(seconds $((plain / 2)))"
threads=(/proc/$pid/task/*)
echo "PID $pid, ${#threads[@]} threads," \
	"$(stat -c %s input.xz) of $(stat -c %s reference.xz) bytes written" \
	"after $(seconds $(($(now) - t0))) s"

step "Checkpoint it into one file, and kill it."
t1=$(now)
run reprise checkpoint --kill -o half.ckpt "$pid"
dump=$(($(now) - t1))
before=$(($(now) - t0))
for _ in {1..100}; do [[ -e /proc/$pid ]] && sleep 0.02; done   # until the shell has reaped it
echo "$(seconds $dump) s; half.ckpt: $(stat -c %s half.ckpt | numfmt --to=iec-i)B"

step "It is gone."
show "kill -0 $pid"
if kill -0 "$pid" 2>/dev/null; then
	echo "demo: process $pid is still there" >&2
	exit 1
fi
echo "no process $pid"

step "What is in the file?"
show "reprise inspect half.ckpt | head -n 20"
reprise inspect half.ckpt >inspect.txt
head -n 20 inspect.txt

step "Make it run again. In the foreground, restart waits for it and ends with its exit status."
t2=$(now)
run reprise restart half.ckpt
after=$(($(now) - t2))
pid=
echo "exit status 0 after $(seconds $after) s"

step "Is the result the same?"
show "sha256sum reference.xz input.xz && cmp reference.xz input.xz"
sha256sum reference.xz input.xz
if ! cmp reference.xz input.xz; then
	echo "${red}The two differ.${off}" >&2
	exit 1
fi

step "Times"
printf '%-34s %7s s\n' "undisturbed" "$(seconds $plain)" \
	"until the checkpoint was complete" "$(seconds $before)" \
	"  of that, the checkpoint" "$(seconds $dump)" \
	"restart, to the end of xz" "$(seconds $after)" \
	"both halves together" "$(seconds $((before + after)))"
printf '\n%sBit for bit the same, killed half-way and all.%s\n' "$green" "$off"
