# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scripts that build the tree: its configuration, and the user that builds. The default build tree is build/,
# shared by quickstart, check and developers; it is configured without -Werror, as a newer compiler may warn.

# build_as_owner DIR COMMAND...: runs COMMAND as the user who owns DIR, so that this user can run make there later
# without sudo. The caller is the owner or root.
build_as_owner()
{
	local owner group

	read -r owner group <<<"$(stat -c '%u %g' -- "$1")"
	shift
	if [ "$EUID" != 0 ] || [ "$owner" = 0 ]; then
		"$@"
	else
		setpriv --reuid="$owner" --regid="$group" --clear-groups "$@"
	fi
}

# build_configure SOURCE BUILD ARGUMENT...: configures BUILD unless it is configured already. make regenerates
# configure and Makefile by itself when their sources change.
build_configure()
{
	local source=$1 build=$2

	shift 2
	if [ ! -x "$source/configure" ]; then
		(cd "$source" && build_as_owner "$source" autoreconf -i) || return
	fi
	build_as_owner "$source" mkdir -p "$build" || return
	if [ ! -e "$build/Makefile" ]; then
		(cd "$build" && build_as_owner "$source" "$source/configure" "$@")
	fi
}
