#!/bin/sh
# Both readers on every image of this folder: their answers must be equal, and the one that the name
# promises; from a file and from a pipe.  The last line counts.
#
# usage: run.sh [NAME...]     IMGCHECK: the built imgcheck.c (the one with sanitizers, if it is there)
here=$(dirname "$0")
tools=$here/../../tools
for imgcheck in "${IMGCHECK:-}" "$here/../../build-asan/test/image/imgcheck" \
	"$here/../../build/test/image/imgcheck"; do
	[ -x "$imgcheck" ] && break
done
if [ ! -x "$imgcheck" ]; then
	echo "run.sh: imgcheck is not built" >&2
	exit 99
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

if [ $# -eq 0 ]; then
	for text in "$here"/*-*.txt; do
		set -- "$@" "$(basename "$text" .txt)"
	done
fi

for name in "$@"; do
	case $name in
	good-*) want=0 ;;
	bad-*) want=4 ;;
	unsupported-*) want=3 ;;
	*) echo "ok $name # SKIP no promise in its name"; skipped=$((skipped + 1)); continue ;;
	esac
	image=$tmp/image
	if ! python3 "$here/unhex.py" "$here/$name.txt" "$image"; then
		echo "not ok $name: no image text"
		failed=$((failed + 1))
		continue
	fi
	"$imgcheck" "$image" >/dev/null 2>"$tmp/why"; c=$?
	"$imgcheck" - <"$image" >/dev/null 2>&1; seek=$?
	cat "$image" | "$imgcheck" - >/dev/null 2>&1; pipe=$?
	python3 "$tools/imgdump.py" --strict --plain-sums "$image" >/dev/null 2>"$tmp/why.py"; py=$?
	if [ "$c $seek $pipe $py" = "$want $want $want $want" ]; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name: wanted $want; C $c, from its start $seek, from a pipe $pipe; Python $py"
		sed 's/^/  /' "$tmp/why" "$tmp/why.py"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
