#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# csreq's command line: inputs, outputs, exit codes, messages.
#
#   csreq.sh CSREQ REQUIREMENTS COMPLETION      the command, requirements.txt, what completes its command line

set -u
# shellcheck source=tests/codesign/expect.sh
. "$(dirname "$0")/expect.sh"

csreq=$(realpath "$1")
requirements=$(realpath "$2")
completion=$(realpath "$3")
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2

# run STATUS ARGUMENT...: csreq ends with this status.
run() {
	local status=$1
	shift
	expect "$status" "$csreq" "$@"
}

# Text in, text out.
run 0 -r '=identifier  "foo" and true' -t
is out $'identifier foo and always\n'
is err ''
run 0 -r '=host=>true designated=>false' -t
is out $'host => always\ndesignated => never\n'

# Only checked.
run 0 -r '=anchor apple'
is out ''
is err ''
run 0 -v -r '=anchor apple'
is out ''
is err $'a requirement of 1 term, 16 bytes\n'
run 0 -v -r '=host => true guest => ! true'
is err $'a set of 2 requirements\n'

# To a file and back, of both kinds.
run 0 -r '=identifier foo or cdhash H"0102030405060708090a0b0c0d0e0f1011121314"' -b one
run 0 -r one -t
is out $'identifier foo or cdhash H"0102030405060708090a0b0c0d0e0f1011121314"\n'
run 0 -r one -b two
if cmp -s one two; then pass; else fail 'the binary form of a binary form'; fi
run 0 -r '=library => anchor trusted' -b set -t
is out $'library => anchor trusted\n'
run 0 -r set -t
is out $'library => anchor trusted\n'

# What is written over is cut.
head -c 1000 /dev/zero >one
run 0 -r '=true' -b one
if [ "$(wc -c <one)" -eq 16 ]; then pass; else fail 'the rest of what was there'; fi

# A text in a file, standard input, standard output.
printf '# mine\nidentifier foo\n' >text
run 0 -r text -t
is out $'identifier foo\n'
"$csreq" -r - -t <text >out 2>err && is out $'identifier foo\n'
"$csreq" -r text -b - | "$csreq" -r - -t >out 2>err && is out $'identifier foo\n'

# What is wrong with a text, and what with a binary form.
run 1 -r '=identifier info'
is out ''
is err 'error: invalid or corrupted code requirement(s)
Requirement syntax error(s):
line 1:12: unexpected token: info; expecting a string or '\''='\''; a string that is a word of the language is put into quotes
'
run 1 -r '=' -t
run 1 -r /dev/null
head -c 15 set >short
run 1 -r short -t
is err $'error: invalid or corrupted code requirement(s)\n'
printf '\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x02\x00\x00\x00\x01' >kind
run 1 -r kind
is err $'error: a kind of requirement that is not known\n'
printf '\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x77' >operator
run 1 -r operator
is err $'error: an operator that is not known\n'
head -c 5000000 /dev/zero >large
run 1 -r large
run 1 -r nothing
is err $'csreq: nothing: No such file or directory\n'
run 1 -r .
run 1 -r '=true' -b nothing/there
is err $'csreq: nothing/there: No such file or directory\n'
if [ -w /dev/full ]; then
	run 1 -r '=true' -b /dev/full
	"$csreq" -r '=true' -t >/dev/full 2>err && fail 'nothing said of a full disk'
fi

# A wrong command line.
run 2
run 2 -t
run 2 -r
run 2 -r ''
run 2 -r '=true' more
run 2 -x
run 0 -h
if grep -q '^usage: csreq' out; then pass; else fail 'no usage'; fi

# A certificate by its file.
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x \
		-keyout /dev/null -out root.pem 2>/dev/null
	hash=$(openssl x509 -in root.pem -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)
	run 0 -r '=anchor = "root.pem"' -t
	is out "certificate root = H\"$hash\""$'\n'
fi

# Requirements of the world.
while IFS= read -r text && IFS= read -r hex; do
	if [ "$("$csreq" -r "=$text" -b - | od -An -v -tx1 | tr -d ' \n')" = "$hex" ]; then
		pass
	else
		fail "$text"
	fi
done < <(grep -v '^#' "$requirements" | head -n 20)

# Completion.
complete_line() {
	COMP_WORDS=("$@")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_csreq
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' >out
}
# shellcheck source=/dev/null
. "$completion"
complete_line csreq ''
is out '-b -h -r -t -v '
complete_line csreq -r te
is out 'text '

finish
