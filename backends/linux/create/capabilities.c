/* SPDX-License-Identifier: Apache-2.0 */
/* See capabilities.h. */
#include "backends/linux/create/capabilities.h"

#include <stdbool.h>

#include "backends/linux/linux.h"

/* What programs of a distribution live with: Docker's default without audit_write and mknod, which
 * a user namespace makes useless. */
#define CAPABILITIES_DEFAULT                                                                       \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER) |           \
	 CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_KILL) | CAPABILITY(CAP_NET_BIND_SERVICE) |        \
	 CAPABILITY(CAP_NET_RAW) | CAPABILITY(CAP_SETFCAP) | CAPABILITY(CAP_SETGID) |              \
	 CAPABILITY(CAP_SETPCAP) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SYS_CHROOT))

/* Adds a word of the option to the set. */
static int capabilities_add(const struct warden_host *host, const char *word, uint64_t *set,
			    struct warden_error *err)
{
	cap_value_t value;
	char name[64];

	if (strcmp(word, "default") == 0)
		*set |= CAPABILITIES_DEFAULT;
	if (strcmp(word, "default") == 0 || strcmp(word, "none") == 0)
		return 0;
	snprintf(name, sizeof(name), "cap_%s", word);
	if (cap_from_name(name, &value) < 0 || value >= 64)
		return warden_error_set(err, "linux.capabilities: libcap does not know %s", word);
	/* A user namespace begins with all capabilities, over what belongs to it. */
	if (!linux_user_namespace(host->settings) && cap_get_bound(value) <= 0)
		return warden_error_set(err,
					"linux.capabilities: %s: the daemon gives it up, so "
					"containers without a user namespace cannot have it",
					word);
	if (!(CAPABILITIES_DEFAULT & CAPABILITY(value)))
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "linux.capabilities: root in containers has %s, which the default lacks",
			  word);
	*set |= CAPABILITY(value);
	return 0;
}

int capabilities_read(const struct warden_host *host, uint64_t *set, struct warden_error *err)
{
	const char *const *words = host->option_strings(host, "capabilities");

	*set = words[0] ? 0 : CAPABILITIES_DEFAULT;
	for (size_t i = 0; words[i]; i++)
		if (capabilities_add(host, words[i], set, err) < 0)
			return -1;
	return 0;
}

static void capabilities_cleanup(cap_t *caps)
{
	if (*caps)
		cap_free(*caps); /* fails only if it is not a cap_t */
}

/* Copies a permitted capability to `to`. */
static int capabilities_copy(cap_t to, cap_value_t value, bool effective)
{
	if (cap_set_flag(to, CAP_PERMITTED, 1, &value, CAP_SET) < 0)
		return -1;
	return effective ? cap_set_flag(to, CAP_EFFECTIVE, 1, &value, CAP_SET) : 0;
}

static int capabilities_set(uint64_t keep, uint64_t except)
{
	__attribute__((cleanup(capabilities_cleanup))) cap_t now = cap_get_proc();
	__attribute__((cleanup(capabilities_cleanup))) cap_t then = cap_init();
	cap_value_t count = cap_max_bits();

	if (!now || !then)
		return -1;
	for (cap_value_t value = 0; value < count && value < 64; value++) {
		cap_flag_value_t held;

		if (cap_get_flag(now, value, CAP_PERMITTED, &held) < 0)
			return -1;
		if (held == CAP_SET && (keep & CAPABILITY(value)) &&
		    capabilities_copy(then, value, !(except & CAPABILITY(value))) < 0)
			return -1;
	}
	return cap_set_proc(then);
}

int capabilities_use(uint64_t except)
{
	return capabilities_set(UINT64_MAX, except);
}

int capabilities_keep(uint64_t keep)
{
	return capabilities_set(keep, 0);
}
