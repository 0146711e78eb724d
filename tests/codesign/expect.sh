# SPDX-License-Identifier: Apache-2.0
#
# expect.sh, for the tests of commands to source: what is expected is counted, and what is not so is told, with
# the line of the test.
# shellcheck shell=bash

passed=0
failed=0

fail() {
	printf 'FAIL %s: %s\n' "${BASH_LINENO[${#BASH_LINENO[@]} - 2]}" "$*"
	failed=$((failed + 1))
}

pass() {
	passed=$((passed + 1))
}

# expect STATUS COMMAND ARGUMENT...: it ends with this status, and does so; out and err have what it wrote.
expect() {
	local status=$1 got
	shift
	timeout -k 1 120 "$@" >out 2>err </dev/null
	got=$?
	if [ "$got" -eq "$status" ]; then pass; else fail "$*: status $got, not $status: $(cat err)"; fi
}

# is FILE TEXT: a file has this text.
is() {
	if [ "$(cat "$1"; printf x)" = "$2x" ]; then pass; else fail "$1 is '$(cat "$1")', not '$2'"; fi
}

# has FILE TEXT...: these are in the file.
has() {
	local file=$1 text
	shift
	for text in "$@"; do
		if grep -qF -e "$text" "$file"; then pass; else fail "$file lacks '$text': $(cat "$file")"; fi
	done
}

lacks() {
	if grep -qF -e "$2" "$1"; then fail "$1 has '$2'"; else pass; fi
}

same() {
	if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; fi
}

# The last line, and the exit status of the test.
finish() {
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
