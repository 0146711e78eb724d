#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# codesign's command line: a newcomer's session, each option, exit codes, messages, what survives.
#
#   codesign.sh CODESIGN COMPLETION      the command, what completes its command line

set -u
# shellcheck source=tests/codesign/expect.sh
. "$(dirname "$0")/expect.sh"

codesign=$(realpath "$1")
completion=$(realpath "$2")
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
export HOME=$folder/home
mkdir -m 700 home
umask 022

# run STATUS ARGUMENT...: codesign ends with this status.
run() {
	local status=$1
	shift
	expect "$status" "$codesign" "$@"
}

# flip FILE OFFSET: another byte is there.
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf %b "\\x$(printf %x $((byte ^ 0x5a)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# A program that this user may read and write, of more than one page.
program() {
	cat /bin/ls >"$1"
	chmod 755 "$1"
}

# --- A newcomer's session ---

run 1 -s me none
has err 'codesign --make-identity NAME'
run 0 --make-identity me
has err 'home/.config/portcullis/identities/me.pem'
run 1 --make-identity me
has err 'there is a me.pem already'
program ls
run 0 -s me ls
is out ''
is err ''
run 0 -v ls
is out ''
is err ''
run 0 -vv ls
is err $'ls: valid on disk\nls: satisfies its Designated Requirement\n'
if [ "$(./ls -d .)" = . ]; then pass; else fail 'it does not run'; fi
flip ls 20000
run 1 -v ls
has err 'ls: invalid signature (code or signature have been modified): bytes 16384 to 32767: the content is not' \
	'Get the file again from where it came'
flip ls 20000
run 0 --verify ls

# --- Signing ---

# Twice.
run 1 -s me ls
has err 'ls: the file is signed already' 'Give -f'
run 0 -f -s me -v ls
has err 'ls: replacing existing signature' 'ls: signed ELF' '[ls]'
run 0 -v ls

# The original comes back.
run 0 --remove-signature -v ls
has err 'ls: the signature was removed'
same ls /bin/ls
run 1 --remove-signature ls
run 1 -v ls
has err 'ls: code object is not signed at all'
run 1 -d ls
has err 'ls: code object is not signed at all'

# Identifiers.
run 0 -s - ls
run 0 -dv ls
has err 'Identifier=ls' 'Signature=adhoc' 'flags=0x2(adhoc)' "Executable=$(realpath ls)"
run 0 -f -s - --prefix org.example. ls
run 0 -dv ls
has err 'Identifier=org.example.ls'
cp ls a.b
run 0 -f -s - --prefix org.example. a.b
run 0 -dv a.b
has err 'Identifier=a.b'
run 0 -f -s - -i net.example.tool --prefix org.example. a.b
run 0 -dv a.b
has err 'Identifier=net.example.tool'
run 0 -f -s - --identifier=other a.b
run 1 -f -s - -i '' a.b
has err 'an identifier is'
run 1 -f -s - -i $'a\nb' a.b
ln -s a.b link
run 0 -f -s me link
if [ -L link ]; then pass; else fail 'the link is gone'; fi
run 0 -dv link
has err 'Identifier=a.b' "Executable=$(realpath a.b)"

# Flags, versions, pages, hashes.
run 0 -f -s me -o runtime,hard,kill --runtime-version 10.4 ls
run 0 -dv ls
has err 'flags=0x10300(hard,kill,runtime)' 'Runtime Version=10.4.0'
run 0 -f -s me -o 0x2100 ls
run 0 -dv ls
has err 'flags=0x2100(hard,library-validation)'
run 2 -f -s me -o adhoc ls
run 2 -f -s me -o nonsense ls
has err "--options: 'nonsense' is not names of flags"
run 2 -f -s me -o 4 ls
run 2 -f -s me --runtime-version 10.4 ls
run 0 -f -s me -P 4096 ls
run 0 -dvvv ls
has err 'Page size=4096'
run 0 -v ls
run 0 -f -s me --pagesize 0 ls
run 0 -dvvv ls
has err 'Page size=none' 'hashes=1+0'
flip ls 20000
run 1 -v ls
has err 'bytes 0 to '
flip ls 20000
run 2 -f -s me -P 1000 ls
run 0 -f -s me --digest-algorithm=sha384 ls
run 0 -dvvv ls
has err 'Hash type=sha384 size=48' 'Hash choices=sha384'
run 0 -f -s me --digest-algorithm=sha256,sha384 ls
run 0 -dvvv ls
has err 'Hash type=sha384 size=48' 'Hash choices=sha256,sha384' 'CandidateCDHashFull sha256='
run 0 -v --strict ls
run 2 -f -s me --digest-algorithm=sha1 ls

# Timestamps.
run 0 -f -s me --timestamp=none ls
run 2 -f -s me --timestamp ls
has err 'timestamps of authorities are not supported'
run 2 -f -s me --timestamp=http://example.org ls

# Requirements.
run 0 -f -s me -r '=host => anchor trusted designated => identifier ls' ls
run 0 -d -r- ls
is out $'host => anchor trusted\ndesignated => identifier ls\n'
run 0 -d -r text ls
is text $'host => anchor trusted\ndesignated => identifier ls\n'
run 0 -f -s me -r text ls
run 0 -vv ls
printf 'designated => identifier other' | "$codesign" -f -s me -r - ls 2>err || fail 'requirements from a pipe'
run 3 -vv ls
has err 'ls: does not satisfy its designated Requirement' 'It is: identifier other'
run 0 -v ls
run 1 -f -s me -r '=identifier ls' ls
has err "write 'designated => ' before it"
run 1 -f -s me -r '=designated => identifier info' ls
has err 'line 1:26: '
run 1 -f -s me -r nothing ls
run 0 -f -s me ls
run 0 -d -r- ls
has out '# designated => identifier ls and certificate leaf = H"'

# Entitlements.
cat >list <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>com.apple.security.get-task-allow</key>
	<true/>
	<key>groups</key>
	<array><string>one</string><integer>2</integer></array>
</dict>
</plist>
END
run 0 -f -s me --entitlements list --generate-entitlement-der ls
run 0 -v --strict ls
run 0 -v -R '=entitlement["com.apple.security.get-task-allow"] exists' ls
run 3 -v -R '=entitlement["com.apple.security.other"] exists' ls
run 0 -d --entitlements - --xml ls
same out list
run 0 -d --entitlements :- ls
same out list
run 0 -d --entitlements :extracted ls
same extracted list
run 0 -d --entitlements - ls
is out $'[Dict]
	[Key] com.apple.security.get-task-allow
	[Value]
		[Bool] true
	[Key] groups
	[Value]
		[Array]
			[String] one
			[Int] 2
'
run 0 -d --entitlements - --der ls
if [ "$(head -c 1 out)" = p ]; then pass; else fail 'no DER'; fi
"$codesign" -f -s me --entitlements - ls <list 2>err || fail 'entitlements from a pipe'
echo '<plist version="1.0"><dict><key>d</key><real>1</real></dict></plist>' >bad
run 1 -f -s me --entitlements bad ls
has err 'bad: entitlements are a dictionary of strings'
echo '<plist><dict>' >bad
run 1 -f -s me --entitlements bad ls
run 1 -f -s me --entitlements nothing ls
run 2 -f -s me --entitlements - -r - ls
run 0 -v ls

# What the old signature says.
run 0 -f -s me -i org.example.kept -o runtime,kill --runtime-version 3.2.1 --entitlements list \
	-r '=host => anchor trusted' ls
run 0 -f -s - --preserve-metadata=identifier,requirements,entitlements,flags,runtime -v ls
has err 'ls: signed ELF' '[org.example.kept]'
run 0 -v --strict ls
run 0 -dv -r- ls
has err 'Identifier=org.example.kept' 'flags=0x10202(adhoc,kill,runtime)' 'Runtime Version=3.2.1'
has out 'host => anchor trusted'
run 0 -d --entitlements - --xml ls
same out list
run 0 -f -s me --preserve-metadata=requirements,entitlements,flags -o hard -r '=guest => true' ls
run 0 -dv -r- ls
has err 'Identifier=ls' 'flags=0x100(hard)'
lacks out 'host =>'
run 0 -d --entitlements - --xml ls
same out list
run 0 -f -s me --preserve-metadata=identifier ls
run 0 -d --entitlements - --xml ls
is out ''
program fresh
run 0 -s me --preserve-metadata=identifier,flags fresh
run 2 -f -s me --preserve-metadata=team ls

# A trial writes nothing.
program dry
run 0 -s me -n -v dry
has err 'dry: would be signed:'
same dry /bin/ls
run 1 -s me --dryrun ls
run 0 -s me --dryrun -f ls
echo text >note
run 0 -s me -n note
if [ ! -e note.codesig ]; then pass; else fail 'a trial left a file'; fi

# Times and mode.
program times
chmod 4711 times
touch -d '2020-01-02 03:04:05' times
run 0 -s me --preserve-times times
is <(stat -c '%Y %a' times) "$(date -d '2020-01-02 03:04:05' +%s) 4711"$'\n'
run 0 --remove-signature times
if [ "$(stat -c %Y times)" != "$(date -d '2020-01-02 03:04:05' +%s)" ]; then pass; else fail 'old times'; fi

# A copy that runs can be signed; so can what has a space in its name.
cat /bin/sleep >'a sleeper'
chmod 755 'a sleeper'
'./a sleeper' 60 &
sleeper=$!
run 0 -s me 'a sleeper'
kill "$sleeper"
run 0 -v 'a sleeper'

# --- Several files ---

program one
program two
run 1 -s me one nothing two
has err 'nothing: there is no such file'
run 0 -v one two
run 1 -v one nothing note two
has err 'nothing: there is no such file' 'note: code object is not signed at all'
run 1 -v -R '=identifier other' one note
run 3 -v -R '=identifier one' one two
lacks err 'one: code failed'
has err 'two: code failed to satisfy specified code requirement(s)' 'It is: identifier one'
run 0 -v --continue one two
run 1 -d one nothing two
has err "Executable=$(realpath two)"

# --- Requirements to verify by ---

run 0 -vv -R '=anchor trusted and identifier one' one
has err 'one: explicit requirement satisfied'
echo 'identifier one' >requirement
run 0 -v -R requirement one
run 1 -v -R '=identifier' one
run 1 -v -R 'identifier one' one
has err "a text is given behind a '='"
run 1 -v -R '=designated => true' one
has err 'this is a set of requirements'

# --- Who is trusted ---

mkdir -m 700 stranger
HOME=$folder/stranger run 1 -v one
has err 'one: the signer is not trusted:' 'anchors.d/user'
HOME=$folder/stranger run 0 -vv --any-signer one
has err 'one: valid on disk (but its signer is not trusted)'
HOME=$folder/stranger run 3 -v --any-signer -R '=anchor trusted' one
HOME=$folder/stranger run 0 -dvv one
has err 'Authority=me' 'Authority=me test CA' 'Trust='
run 0 -f -s - two
run 0 -vv two
has err 'two: valid on disk (ad hoc: nobody says whose it is)'
run 3 -v -R '=anchor trusted' two
chmod 777 home/.config/portcullis/anchors.d/user
run 1 -v one
has err 'written by others' 'chmod go-w'
run 0 -d one
chmod 755 home/.config/portcullis/anchors.d/user
run 0 -v --check-expiration one
run 1 -v --check-revocation one
has err 'one: the signer is not trusted:' '.crl'

# --- Identities ---

cp home/.config/portcullis/identities/me.pem mine.pem
chmod 600 mine.pem
run 0 -f -s ./mine.pem one
run 0 -f -s mine.pem one
run 0 -v one
chmod 644 mine.pem
run 1 -f -s ./mine.pem one
has err 'mode must be 0600'
chmod 600 mine.pem
run 1 -f -s ./list one
run 1 -f -s ./nothing one
run 1 -f -s 'no name' one
if command -v openssl >/dev/null; then
	openssl pkcs12 -export -in mine.pem -out locked.p12 -passout pass:secret 2>openssl.err
	chmod 600 locked.p12
	run 1 -f -s ./locked.p12 one
	has err '--passphrase-file'
	run 2 -f -s ./locked.p12 --passphrase secret one
	has err 'could be read by everybody'
	echo secret >phrase
	chmod 600 phrase
	run 0 -f -s ./locked.p12 --passphrase-file phrase one
	chmod 644 phrase
	run 1 -f -s ./locked.p12 --passphrase-file phrase one
	PHRASE=secret run 0 -f -s ./locked.p12 --passphrase-env PHRASE one
	run 1 -f -s ./locked.p12 --passphrase-env NO_SUCH one
	PHRASE=wrong run 1 -f -s ./locked.p12 --passphrase-env PHRASE one
	"$codesign" -f -s ./locked.p12 --passphrase-fd 5 one 5<<<secret 2>err || fail 'a passphrase by descriptor'
	run 1 -f -s ./locked.p12 --passphrase-fd 77 one
	run 2 -f -s ./locked.p12 --passphrase-fd 5 --passphrase-env PHRASE one
	cp locked.p12 home/.config/portcullis/identities/locked.p12
	PHRASE=secret run 0 -f -s locked --passphrase-env PHRASE one
	run 0 -v one
	# The team is the unit of the signer.
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /OU=TEAM1/CN=x \
		-addext extendedKeyUsage=codeSigning -keyout team.key -out team.crt 2>openssl.err
	cat team.key team.crt >team.pem
	chmod 600 team.pem
	run 0 -f -s ./team.pem two
	run 0 -dv two
	has err 'TeamIdentifier=TEAM1'
	run 0 -v --any-signer -R '=certificate leaf[subject.OU] = TEAM1' two
	# Certificates can be taken out.
	run 0 -d --extract-certificates one
	openssl x509 -inform DER -in codesign0 -noout -subject >subject 2>openssl.err
	has subject me
	openssl x509 -inform DER -in codesign1 -noout -subject >subject 2>openssl.err
	has subject 'me test CA'
	run 0 -d --extract-certificates=cert- one
	same cert-0 codesign0
	openssl x509 -inform DER -in codesign1 -out stranger/ca.pem
	mkdir -p stranger/.config/portcullis/anchors.d/user
	cp stranger/ca.pem stranger/.config/portcullis/anchors.d/user
	HOME=$folder/stranger run 0 -v one
	# Certificates that have expired, and such as were revoked.
	mkdir ca
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=ca/index\nserial=ca/serial\ndefault_md=sha256\n' >ca/config
	: >ca/index
	echo 1000 >ca/serial
	echo extendedKeyUsage=codeSigning >ca/extensions
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=an authority' \
		-keyout ca/key -out ca/crt 2>openssl.err
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=a signer' \
		-keyout ca/signer.key -out ca/signer.csr 2>openssl.err
	for days in -1 30; do
		openssl x509 -req -in ca/signer.csr -CA ca/crt -CAkey ca/key -CAcreateserial -days "$days" \
			-extfile ca/extensions -out "ca/$days.crt" 2>openssl.err
		cat ca/signer.key "ca/$days.crt" >"ca/$days.pem"
		chmod 600 "ca/$days.pem"
	done
	cp ca/crt home/.config/portcullis/anchors.d/user/ca.pem
	run 0 -f -s ca/-1.pem two
	run 0 -vv two
	run 1 -v --check-expiration two
	has err 'two: the signer is not trusted:' 'expired'
	run 0 -v --check-expiration one
	run 0 -f -s ca/-1.pem -o expires two
	run 1 -v two
	has err 'expired'
	run 0 -f -s ca/30.pem -o expires two
	run 0 -v two
	openssl ca -gencrl -keyfile ca/key -cert ca/crt -crldays 1 -config ca/config 2>openssl.err \
		>home/.config/portcullis/anchors.d/user/ca.crl
	run 0 -v --check-revocation two
	openssl ca -revoke ca/30.crt -keyfile ca/key -cert ca/crt -config ca/config 2>openssl.err
	openssl ca -gencrl -keyfile ca/key -cert ca/crt -crldays 1 -config ca/config 2>openssl.err \
		>home/.config/portcullis/anchors.d/user/ca.crl
	run 1 -v --check-revocation two
	has err 'two: the signer is not trusted:' 'revoked'
	run 1 -v two
	has err 'two: the signer is not trusted:' 'revoked'
	rm home/.config/portcullis/anchors.d/user/ca.*
	run 1 -v two
fi

# --- Scripts and other files ---

printf '#!/bin/sh\necho works\n' >script
chmod 755 script
run 0 -s me script
is err "script: not an ELF file: its signature is in $(realpath script).codesig"$'\n'
run 0 -vv script
has err 'script: valid on disk'
run 0 -dv script
has err 'Format=script' 'location=beside the file'
is <(./script) $'works\n'
run 1 -s me script
has err 'Give -f'
run 0 -f -s me script
has err 'script: replacing existing signature'
echo '# more' >>script
run 1 -v script
has err 'bytes 21 to 27: something was added to what was signed'
run 0 -f -s me script
flip script 12
run 1 -v script
flip script 12
run 0 -v script
run 0 --remove-signature script
if [ ! -e script.codesig ]; then pass; else fail 'the signature is still there'; fi
run 1 --remove-signature script
: >empty
run 0 -s me empty
run 0 -v empty

# Detached: also of programs, which stay as they are.
program plain
run 0 -s me -D plain.signature plain
same plain /bin/ls
run 0 -v -D plain.signature plain
run 0 -dv -D plain.signature plain
has err 'location=detached'
run 1 -v plain
run 1 -s me --detached plain.signature plain
run 0 -f -s me --detached plain.signature plain
run 1 -v -D plain.signature one
run 1 -v -D nothing plain
has err 'the signature nothing: '
run 1 -v -D /bin/ls plain
run 2 -v -D plain.signature plain one

# An archive behind a program.
program archive
echo 'more than the program' >>archive
run 1 -s me archive
has err 'something behind the last section' '--detached FILE.codesig'
run 0 -s me -D archive.codesig archive
run 0 -v archive

# The database.
run 1 -s me --detached-database=base plain
has err 'there is no database of signatures' 'mkdir'
mkdir base
run 0 -s me --detached-database=base plain
same plain /bin/ls
run 1 -s me --detached-database=base plain
run 0 -f -s me --detached-database=base plain
cp plain renamed
run 0 -v --detached-database=base renamed
run 0 -dv --detached-database=base renamed
has err 'location=database'
run 1 -v renamed
echo x >>renamed
run 1 -v --detached-database=base renamed
chmod 777 base
run 1 -v --detached-database=base plain
has err 'the database of signatures could have been written to by others'
chmod 755 base
run 0 --remove-signature --detached-database=base plain
run 1 -v --detached-database=base plain
run 2 -s me -D x --detached-database=base plain

# --- What survives, and what is told ---

mkdir -p copies
cp one copies/one
run 0 -v copies/one
tar -cf - one | tar -xf - -C copies
run 0 -v copies/one
mv copies/one copies/another
run 0 -v copies/another
if command -v strip >/dev/null; then
	cp one stripped
	strip stripped 2>strip.err
	run 1 -v stripped
	has err 'stripped: invalid signature (code or signature have been modified):'
	run 1 -s me stripped
	has err 'Give -f to sign what the file is now'
	run 0 -f -s me stripped
	run 0 -v stripped
fi
size=$(stat -c %s one)
for offset in 0 4 16 40 1000 $((size / 2)) $((size - 3000)) $((size - 1000)) $((size - 33)) $((size - 32)) $((size - 1)); do
	cp one flipped
	flip flipped "$offset"
	run 1 -v flipped
	has err 'flipped: '
done
cp one longer
echo >>longer
run 1 -v longer
has err "byte $size: something was added"
head -c $((size - 1)) one >shorter
run 1 -v shorter

# --- A folder ---

mkdir -p tree/deep/deeper
cp one tree/one
cp one tree/deep/two
cp script tree/deep/deeper/script
run 0 -s me tree/deep/deeper/script
run 0 -v --deep tree
is err ''
run 0 -vv --deep tree/
has err 'tree/one: valid on disk' 'tree/deep/deeper/script: valid on disk' 'tree: 3 files: 3 valid'
lacks err script.codesig
run 1 -v tree
has err '--deep'
ln -s /etc/passwd tree/out
ln -s deep/two tree/in
ln -s . tree/loop
run 0 -v --deep tree
run 1 -v --deep --strict tree
has err 'tree/out: this symbolic link leads out of the folder'
lacks err tree/in
lacks err tree/loop
rm tree/out
run 0 -v --deep --strict tree
echo data >tree/deep/data
run 1 -v --deep tree
has err 'tree/deep/data: code object is not signed at all' 'tree: 4 files: 3 valid, 0 not satisfying a requirement, 1 not signed, 0 failed'
mv tree/deep/data tree/one.codesig
run 1 -v --deep tree
has err 'tree/one.codesig: code object is not signed at all'
rm tree/one.codesig
flip tree/one 5000
run 1 -v --deep tree
has err 'tree/one: invalid signature'
lacks err 'tree/deep/two:'
cp one tree/one
run 3 -v --deep -R '=identifier one' tree
run 1 -v --deep tree nothing
mkdir tree/none
run 1 -v --deep tree/none
has err 'there is no file in this folder'
run 0 -v --deep one

# --- Display ---

run 0 -d one
is err "Executable=$(realpath one)"$'\n'
run 0 -dv one
has err 'Identifier=one' 'Format=ELF' 'CodeDirectory v=20400 size=' 'location=embedded' 'Signature size=' \
	'Info.plist=not bound' 'TeamIdentifier=not set' 'Sealed Resources=none' 'Internal requirements'
lacks err 'Authority='
lacks err 'Hash type='
run 0 -dvv one
has err 'Authority=me' 'Trust=leads to an anchor' 'Signed Time=20'
run 0 -d --verbose=3 one
has err 'Hash type=sha256 size=32' 'CDHash=' 'CDHashFull='
run 0 -dv4 one
has err 'Executable Segment flags=0x1'
run 0 -dvvvvvv one
has err '    0='
is out ''
cdhash=$(sed -n 's/^CDHash=//p' err)
run 0 -v -R "=cdhash H\"$cdhash\"" one
run 0 -d -r- --verbose one
has out designated
has err 'Identifier=one'
if [ -w /dev/full ]; then
	"$codesign" -d -r- one >/dev/full 2>err && fail 'nothing said of a full disk'
	"$codesign" -d -r /dev/full one 2>err && fail 'nothing said of a full disk'
fi

# --- A wrong command line ---

run 2
has err 'usage: codesign'
run 2 -s me
run 2 -v
run 2 -d
run 2 -s
run 2 -s me -d one
has err 'one thing at a time'
run 2 -x one
run 2 -v --nonsense one
run 2 -v -i name one
has err '--identifier means nothing to verify'
run 2 -d --deep one
run 2 -s me -R '=true' one
run 2 -v ''
run 2 -v +1
has err 'running processes cannot be looked at yet'
run 2 -v 1234567
run 2 -h 1
has err 'hosting is not there yet'
run 2 -d5 one
run 2 --make-identity
run 2 --make-identity a b
run 1 --make-identity 'a/b'
run 2 -d --entitlements x one two
run 0 --help
has out 'usage: codesign'
run 0 --version
has out 'codesign '
cp one 1234
run 0 -v 1234

# --- Completion ---

complete_line() {
	COMP_WORDS=("$@")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_codesign
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' >out
}
# shellcheck source=/dev/null
. "$completion"
complete_line codesign --en
is out '--entitlements '
complete_line codesign -s m
is out 'me '
complete_line codesign -v tre
is out 'tree '
complete_line codesign -o run
is out 'runtime '
complete_line codesign --digest-algorithm sha3
is out 'sha384 '

finish
