#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# codesign where things are not as they should be: files that are none, links that were planted, names that
# are meant for a terminal, no room, a limit, death in the middle, two at once. Root does this once more as
# another user.
#
#   codesign-hostile.sh CODESIGN

set -u
# shellcheck source=tests/codesign/expect.sh
. "$(dirname "$0")/expect.sh"

codesign=$(realpath "$1")
folder=$(mktemp -d) || exit 2
trap 'chmod -R u+rwx "$folder"; rm -rf "$folder"' EXIT
if [ "$(id -u)" -eq 0 ] && [ -z "${2-}" ] && command -v setpriv >/dev/null; then
	chmod 755 "$folder"
	cp "$codesign" "$folder/codesign"
	cp "$0" "$(dirname "$0")/expect.sh" "$folder"
	install -d -m 700 -o 65534 -g 65534 "$folder/tmp"
	TMPDIR=$folder/tmp setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
		bash "$folder/${0##*/}" "$folder/codesign" again || exit 1
fi
cd "$folder" || exit 2
mkdir work
cd work || exit 2
export HOME=$folder/home
mkdir -m 700 "$HOME"
umask 022

# run STATUS ARGUMENT...: codesign ends with this status.
run() {
	local status=$1
	shift
	expect "$status" "$codesign" "$@"
}

# only NAME...: the folder has these, and what the functions above make.
only() {
	if [ "$(find . -mindepth 1 -maxdepth 1 ! -name out ! -name err -printf '%f\n' | sort | tr '\n' ' ')" = \
		"$(printf '%s\n' "$@" | sort | tr '\n' ' ')" ]; then
		pass
	else
		fail "there is $(ls -A)"
	fi
}

clean() {
	chmod -R u+rwx .
	find . -mindepth 1 -delete
}

run 0 --make-identity me
cat /bin/ls >"$folder/program"
chmod 755 "$folder/program"

# --- What is no file ---

mkfifo fifo
cp "$folder/program" one
run 0 -s me one
for what in fifo /dev/zero /dev/tty . /; do
	run 1 -s me "$what"
	run 1 -v "$what"
	run 1 -d "$what"
	run 1 --remove-signature "$what"
	run 1 -v -D "$what" one
	run 1 -v -R "$what" one
	run 1 -f -s me -r "$what" one
	run 1 -f -s me --entitlements "$what" one
	run 1 -f -s "./$what" one
	run 1 -f -s me --passphrase-file "$what" one
done
run 0 -v one
echo text >note
mkfifo note.codesig
run 1 -v note
run 0 -f -s me note
if [ -f note.codesig ]; then pass; else fail 'the FIFO is still there'; fi
clean

# --- Links that were planted ---

echo precious >"$folder/victim"
echo text >note
ln -s "$folder/victim" note.codesig
run 1 -v note
run 1 -s me note
run 0 -f -s me note
run 0 -v note
if [ -L note.codesig ]; then fail 'the link is still there'; else pass; fi
cp "$folder/program" one
run 0 -s me one
ln -s "$folder/victim" plain
run 1 -s me -D plain one
run 1 -f -s me -D plain one
has err 'plain: it is a symbolic link'
ln -s "$folder/victim" codesign0
ln -s "$folder/victim" text
ln -s "$folder/victim" list
run 1 -d --extract-certificates one
run 1 -d -r text one
printf '<plist version="1.0"><dict><key>a</key><true/></dict></plist>' >entitlements
run 0 -f -s me --entitlements entitlements one
run 1 -d --entitlements list --xml one
rm list
ln entitlements list
run 0 -d --entitlements list --xml one
same list entitlements
mkfifo nobody
run 1 -d -r nobody one
run 1 -f -s me -D nobody one
if [ "$(id -u)" -ne 0 ]; then
	# Root would really lose these.
	run 1 -f -s me -D /dev/null one
	has err '/dev/null: it is'
	"$codesign" -d -r /dev/stdout one 2>err >file
	has err '/dev/stdout: it is'
fi
"$codesign" -d -r /dev/stdout one 2>err | cat >file
has file designated
if [ "$(cat "$folder/victim")" = precious ]; then pass; else fail 'a link was written through'; fi
ln -s loop loop
run 1 -s me loop
run 1 -v loop
ln -s nowhere dangling
run 1 -s me dangling
if [ ! -e nowhere ]; then pass; else fail 'a file was made'; fi
clean

# --- What may not be read or written ---

cp "$folder/program" one
if [ "$(id -u)" -ne 0 ]; then
	chmod 000 one
	run 1 -s me one
	run 1 -v one
	has err 'one: the file may not be read'
	chmod 755 one
	touch out err
	chmod 555 .
	run 1 -s me one
	has err 'one: no file may be made or replaced in its directory'
	chmod 755 .
	same one "$folder/program"
	# Somebody else's program.
	cp one "$folder/before"
	run 1 -s me /bin/ls
fi
clean

# --- Names for a terminal ---

name=$'a\033[31mb\nc\302\233'
cp "$folder/program" "$name"
run 1 -v "$name"
has err 'a\x1b[31mb\x0ac\xc2\x9b: code object is not signed at all'
run 1 -s me "$name"
has err 'an identifier is'
run 0 -s me -i fine -v "$name"
run 0 -vv "$name"
run 0 -dvv "$name"
mkdir tree
cp "$name" "tree/$name"
echo x >"tree/other$name"
run 1 -v --deep tree
if LC_ALL=C grep -q $'[\001-\010\013-\037]' err; then fail 'a control character'; else pass; fi
clean

# --- Folders of somebody who does not want them to be verified ---

cp "$folder/program" one
run 0 -s me one
mkdir -p tree/a
cp one tree/a/one
run 0 -v --deep tree
mkfifo tree/a/fifo
run 1 -v --deep tree
has err 'tree/a/fifo: it is not a regular file'
rm tree/a/fifo
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 000 tree/closed
	run 1 -v --deep tree
	has err 'tree/closed: Permission denied'
	rmdir tree/closed
fi
ln -s tree linked
run 0 -v --deep linked
deep=tree
for i in $(seq 300); do deep=$deep/d; done
mkdir -p "$deep"
run 1 -v --deep tree
has err 'the folders are nested too deeply'
clean

# --- No room ---

head -c 3000000 /dev/urandom | cat "$folder/program" - >large
cat "$folder/program" >one
(
	ulimit -f 64
	timeout 60 "$codesign" -s me one >out 2>err
	[ $? -eq 1 ] || exit 1
) || fail "a file beyond the limit: $(cat err)"
has err 'one: File too large'
has err 'the file is as it was'
same one "$folder/program"
only large one
if unshare -rm true 2>/dev/null; then
	mkdir full
	# shellcheck disable=SC2016
	unshare -rm bash -c 'mount -t tmpfs -o size=256k none full && cd full && cat "$2" >one && chmod 755 one &&
		dd if=/dev/zero of=fill bs=1k count=90 status=none;
		"$1" -s me one 2>../err; [ $? -eq 1 ] || exit 1
		cmp one "$2" && [ "$(ls -A)" = "$(printf "fill\none")" ]' bash "$codesign" "$folder/program" ||
		fail "a full disk: $(cat err)"
	has err 'one: No space left on device'
fi
clean

# --- Death in the middle ---

cat "$folder/program" >one
dd if=/dev/zero of=one bs=1M seek=1 count=40 conv=notrunc status=none
"$codesign" -s me -D plain one
mv one "$folder/large"
for delay in 0.002 0.01 0.02 0.04 0.06 0.1 0.2 0.4; do
	cp "$folder/large" note
	{ timeout -s KILL "$delay" "$codesign" -f -s me -D note.codesig note; } 2>/dev/null
	same note "$folder/large"
	if [ -e note.codesig ]; then run 0 -v note; fi
	rm -f note.codesig
done
cat "$folder/program" >"$folder/elf"
for delay in 0.001 0.002 0.003 0.004 0.006 0.008 0.012 0.02; do
	cp "$folder/elf" one
	{ timeout -s KILL "$delay" "$codesign" -f -s me one; } 2>/dev/null
	if ! cmp -s one "$folder/elf"; then run 0 -v one; fi
done
# Between its last two steps one file may stay, whose name codesig(5) tells.
find . -regextype posix-extended -regex '\./\.(one|note\.codesig)\.codesign-[0-9a-f]+' -delete
rm -f note.codesig
only note one plain
clean

# --- Two at once ---

cat "$folder/program" >one
for i in 1 2 3 4 5 6 7 8; do
	timeout 60 "$codesign" -f -s me -i "number$i" one 2>"err$i" &
done
for i in $(jobs -p); do
	wait "$i"
	case $? in
	0 | 1) pass ;;
	*) fail 'a status' ;;
	esac
done
run 0 -vv one
run 0 --remove-signature one
same one "$folder/program"
rm -f err?
only one
clean

# --- Without standard streams ---

cat "$folder/program" >one
"$codesign" -s me one <&- >&- 2>&- || fail 'without streams'
run 0 -v one
"$codesign" -v one <&- >&- 2>&- || fail 'without streams'
"$codesign" -d -r text one <&- >&- 2>&- || fail 'without streams'
has text designated

finish
