#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the functional cases of the fake backend for `make check` in this build tree. The environment variable
# WARDEN_FUNCTIONAL has patterns that select cases; `no` skips all.
if [ "${WARDEN_FUNCTIONAL-}" = no ]; then
	echo 'skipped: WARDEN_FUNCTIONAL is no'
	exit 77
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
	echo 'skipped: needs python3, 3.9 or later'
	exit 77
fi
# Each word is a pattern.
# shellcheck disable=SC2086
exec "${srcdir:-.}/tests/run" --build . --backend fake ${WARDEN_FUNCTIONAL-}
