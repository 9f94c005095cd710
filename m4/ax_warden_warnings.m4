# AX_WARDEN_WARNINGS: sets WARN_CFLAGS to the warnings of the build, as far as the compiler knows them, and
# WERROR_CFLAGS to -Werror with --enable-werror. `make WERROR_CFLAGS=-Werror` does the same for one run of make.
AC_DEFUN([AX_WARDEN_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
		[], [enable_werror=no])
	WARN_CFLAGS=
	for flag in -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition \
		-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers; do
		AC_MSG_CHECKING([whether $CC takes $flag])
		save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$save_CFLAGS
	done
	WERROR_CFLAGS=
	AS_IF([test "x$enable_werror" = xyes], [WERROR_CFLAGS=-Werror])
	AC_SUBST([WARN_CFLAGS])
	AC_SUBST([WERROR_CFLAGS])
])
