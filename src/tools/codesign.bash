# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of codesign's command line for bash.

_codesign_identities() {
	local path name

	for path in "$HOME"/.config/portcullis/identities/*.{pem,p12}; do
		[ -e "$path" ] || continue
		name=${path##*/}
		printf '%s\n' "${name%.*}"
	done
}

_codesign() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local -r options='-s --sign -i --identifier -o --options -r --requirements --entitlements --prefix
		--timestamp=none -P --pagesize --digest-algorithm --runtime-version -f --force -n --dryrun
		--preserve-metadata --preserve-times --passphrase-file --passphrase-fd --passphrase-env -D --detached
		--detached-database --remove-signature --make-identity -v --verify --verbose -R --test-requirement
		--deep --strict --any-signer --check-expiration --check-revocation -d --display --xml --der
		--extract-certificates --continue --help --version'

	case $before in
	-s | --sign)
		mapfile -t COMPREPLY < <(compgen -W "$(_codesign_identities) -" -- "$word")
		[ ${#COMPREPLY[@]} -gt 0 ] && return
		;;
	-o | --options)
		mapfile -t COMPREPLY < <(compgen -W 'host hard kill expires restrict enforcement
			library-validation runtime linker-signed' -- "$word")
		return
		;;
	-P | --pagesize)
		mapfile -t COMPREPLY < <(compgen -W '0 4096 16384 65536' -- "$word")
		return
		;;
	--digest-algorithm)
		mapfile -t COMPREPLY < <(compgen -W 'sha256 sha384' -- "$word")
		return
		;;
	--preserve-metadata)
		mapfile -t COMPREPLY < <(compgen -W 'identifier requirements entitlements flags runtime' -- "$word")
		return
		;;
	-i | --identifier | --prefix | --make-identity | --runtime-version | --passphrase-fd | --passphrase-env)
		return
		;;
	esac
	case $word in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
		;;
	esac
}

complete -F _codesign codesign
