/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as text, which a function that fails returns to its caller. */
#ifndef WARDEN_ERROR_H
#define WARDEN_ERROR_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An error as a sentence for the client or the log. */
struct warden_error {
	int number;         /* errno, or 0 where there is none */
	char message[1024]; /* a longer text ends in "..." */
};

/* Fills `err`; always returns -1, so that `return warden_error_set(err, ...)` is how a function
 * fails. */
static inline int __attribute__((format(printf, 2, 3)))
warden_error_set(struct warden_error *err, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	if (length >= (int)sizeof(err->message))
		memcpy(err->message + sizeof(err->message) - 4, "...", 4);
	err->number = 0;
	return -1;
}

/* As warden_error_set, with ": " and the text of errno behind it. */
static inline int __attribute__((format(printf, 2, 3)))
warden_error_errno(struct warden_error *err, const char *format, ...)
{
	int number = errno;
	char text[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format,
		  args); /* a text that is cut is marked by warden_error_set */
	va_end(args);
	warden_error_set(err, "%s: %s", text, strerror(number));
	err->number = number;
	return -1;
}

#ifdef __cplusplus
}
#endif

#endif
