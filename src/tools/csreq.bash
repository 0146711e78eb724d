# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of csreq's command line for bash.

_csreq() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

	case $before in
	-r | -b)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W '-r -t -b -v -h' -- "$word")
		;;
	esac
}

complete -F _csreq csreq
