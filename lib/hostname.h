/* SPDX-License-Identifier: Apache-2.0 */
/* Names of hosts, and lines of /etc/hosts. */
#ifndef LIB_HOSTNAME_H
#define LIB_HOSTNAME_H

#include <stdbool.h>

/* What the kernel keeps as a host's name. */
enum { HOSTNAME_MAX = 64 };

/* RFC 1123: labels of letters, digits and hyphens (not first, not last), 63 bytes at most each,
 * with dots between; 253 bytes in all. */
bool hostname_is_valid(const char *text);

/* "ADDRESS NAME...", parted by blanks and tabs: an IPv4 or IPv6 address and names as above, which
 * may have underscores too. Writes a NUL behind the address and one blank between names; `*names`
 * is where they begin. False: it is none, and the text may have changed. */
bool hostname_split_hosts_line(char *line, char **names);

#endif
