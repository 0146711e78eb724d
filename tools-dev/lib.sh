# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What ./run, ./test and .ci/run have in common: say what happens, see to packages, configure build directories.
# Sourced by bash scripts that have set `top` to the root of the tree.

say() {
	printf '\n== %s\n' "$*"
}

complain() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# package_is_there KIND ARGUMENT...: the third column of tools-dev/packages
package_is_there() {
	local kind=$1
	shift
	case $kind in
	cmd) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] ;;
	header) printf '#include <%s>\n' "$1" | gcc -E -x c -o /dev/null - 2>/dev/null ;;
	pc) pkg-config --exists "$1" 2>/dev/null ;;
	file) [ -e "$1" ] ;;
	link) printf '#include <stdio.h>\nint main(void){return puts("")<0;}\n' | "$@" -x c -o /dev/null - 2>/dev/null ;;
	*) return 1 ;;
	esac
}

# packages_missing TAG...: prints the packages of these tags that are not there
packages_missing() {
	local package tag probe why wanted=" $* "
	while IFS='|' read -r package tag probe why; do
		case $package in '#'* | '') continue ;; esac
		package=${package// /}
		tag=${tag// /}
		case $wanted in *" $tag "*) ;; *) continue ;; esac
		# shellcheck disable=SC2086 # the probe is words
		package_is_there $probe || printf '%s\n' "$package"
	done <"$top/tools-dev/packages"
}

# need_packages TAG...: installs what is missing, or names it and fails
need_packages() {
	local missing sudo=
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if command -v apt-get >/dev/null; then
		if [ "$(id -u)" -ne 0 ]; then
			sudo="sudo -n"
			$sudo true 2>/dev/null || sudo=none
		fi
		if [ "$sudo" != none ]; then
			say "installing: $missing"
			# shellcheck disable=SC2086 # lists of words
			{
				$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
					$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
						install --no-install-recommends $missing
			} </dev/null || true
			hash -r
			missing=$(packages_missing "$@" | tr '\n' ' ')
			[ -n "$missing" ] || return 0
		fi
	fi
	complain "missing packages (Debian names; tools-dev/packages says what each is for):"
	printf '  %s\n' "$missing" >&2
	return 1
}

# need_build_dir: ./build, where everything that is built is kept
need_build_dir() {
	mkdir -p "$top/build" 2>/dev/null && [ -w "$top/build" ] && return 0
	complain "$top/build cannot be written by $(id -un 2>/dev/null || id -u)"
	return 1
}

# configure DIRECTORY OPTION...: sets up build/DIRECTORY, again if the options are not those of last time
configure() {
	local dir=$top/build/$1
	shift
	local wish="CC=${CC-} $*"
	if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.wish" 2>/dev/null)" = "$wish" ]; then
		return 0
	fi
	rm -rf "$dir"
	meson setup "$@" "$dir" "$top" || return 1
	printf '%s' "$wish" >"$dir/.wish"
}
