# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of launchctl's command line for bash. What can be asked of launchd is asked; no answer, no words.

_launchctl_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_launchctl_files() {
	local file
	while IFS= read -r file; do
		[[ -d $file ]] && file+=/
		[[ $file == */ || $file == *.plist ]] && COMPREPLY+=("$file")
	done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	compopt -o nospace -o filenames 2>/dev/null
}

_launchctl_labels() {
	launchctl list 2>/dev/null | tail -n +2 | cut -f 3
}

_launchctl_namespaces() {
	launchctl bstree 2>/dev/null | sed -n 's/^ *\(.*\) ([A-Z][A-Za-z -]*)\/$/\1/p'
}

_launchctl_domains() {
	_launchctl_words "system user/$UID session"
}

_launchctl_services() {
	local cur=${COMP_WORDS[COMP_CWORD]} prefix
	if [[ $cur =~ ^(system|session|user/[0-9]+)/ ]]; then
		prefix=${BASH_REMATCH[0]}
		_launchctl_words "$(_launchctl_labels | sed "s|^|$prefix|")"
	else
		_launchctl_words "system/ user/$UID/ session/"
		compopt -o nospace 2>/dev/null
	fi
}

_launchctl() {
	local commands="bootstrap bootout load unload submit plist enable disable kickstart kill start stop remove
		list print print-disabled blame bslist bstree bsexec getenv setenv unsetenv managerpid manageruid
		managername procinfo error version help"
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_launchctl_words "$commands"
		return
	fi
	case ${COMP_WORDS[1]}:$COMP_CWORD in
	help:2) _launchctl_words "$commands" ;;
	load:* | unload:* | plist:*) _launchctl_files ;;
	bootstrap:2 | print-disabled:2) _launchctl_domains ;;
	bootstrap:*) _launchctl_files ;;
	bootout:2 | enable:2 | disable:2 | blame:2 | print:* | kickstart:*) _launchctl_services ;;
	bootout:*) _launchctl_files ;;
	kill:2) _launchctl_words "$(compgen -A signal SIG)" ;;
	kill:3) _launchctl_services ;;
	start:2 | stop:2 | remove:2 | list:2) _launchctl_words "$(_launchctl_labels)" ;;
	bslist:2 | bsexec:2) _launchctl_words ".. $(_launchctl_namespaces)" ;;
	bslist:3 | bstree:2) _launchctl_words "-j" ;;
	bsexec:3) mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}") ;;
	error:2) _launchctl_words "posix mach bootstrap" ;;
	esac
}

complete -F _launchctl launchctl
