/* SPDX-License-Identifier: Apache-2.0 */
/* Host names and lines of /etc/hosts. */
#ifndef LIB_HOSTNAME_H
#define LIB_HOSTNAME_H

#include <stdbool.h>

/* The maximum length of a host name in the kernel. */
enum { HOSTNAME_MAX = 64 };

/* Checks a name by RFC 1123: labels of letters, digits and hyphens (not first or last), at most 63
 * bytes each, separated by dots, at most 253 bytes in total. */
bool hostname_is_valid(const char *text);

/* Splits a line "ADDRESS NAME...", separated by blanks and tabs: an IPv4 or IPv6 address and names
 * as above, which may contain underscores. Writes a NUL after the address and one blank between
 * names; `*names` points to the first name. Returns false if the line is invalid; its text may have
 * changed then. */
bool hostname_split_hosts_line(char *line, char **names);

#endif
