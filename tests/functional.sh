#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make check` runs of the functional cases: those of the fake backend, in this build tree.
# WARDEN_FUNCTIONAL in the environment names a part of them, or none: `no`.
if [ "${WARDEN_FUNCTIONAL-}" = no ]; then
	echo 'skipped: WARDEN_FUNCTIONAL is no'
	exit 77
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
	echo 'skipped: needs python3, 3.9 or later'
	exit 77
fi
# A word a pattern.
# shellcheck disable=SC2086
exec "${srcdir:-.}/tests/run" --build . --backend fake ${WARDEN_FUNCTIONAL-}
