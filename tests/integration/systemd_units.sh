#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: systemd_units.sh FOLDER LAUNCHD
# Whether systemd takes the units for the machine and for users that the build has left in FOLDER.
units=$1 launchd=$2
command -v systemd-analyze >/dev/null || {
	echo "SKIP: there is no systemd-analyze"
	exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0
for kind in system user; do
	mkdir -p "$work/$kind" "$work/runtime" && chmod 700 "$work/runtime" || exit 1
	for type in socket service; do
		# It looks whether the program is there, too.
		sed "s|^ExecStart=[^ ]*|ExecStart=$launchd|" "$units/$kind-portcullis-launchd.$type" \
			>"$work/$kind/portcullis-launchd.$type" || exit 1
	done
	for type in socket service; do
		n=$((n + 1))
		if HOME=$work XDG_RUNTIME_DIR=$work/runtime systemd-analyze "--$kind" --man=no --recursive-errors=no \
			verify "$work/$kind/portcullis-launchd.$type" >"$work/said" 2>&1 && [ ! -s "$work/said" ]; then
			echo "ok $n ${kind}_$type"
		else
			echo "FAIL ${kind}_$type"
			cat "$work/said"
			failed=1
		fi
	done
	# What the unit says about the socket is what launchd makes of it by itself.
	grep -q "^ListenSequentialPacket=%t/portcullis/bootstrap$" "$work/$kind/portcullis-launchd.socket" || failed=1
done
exit $failed
