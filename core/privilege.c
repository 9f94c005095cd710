/* SPDX-License-Identifier: Apache-2.0 */
/* Drops capabilities that the daemon does not use, from the bounding set too: otherwise a program
 * that root executes would regain them. A container with its own user namespace gets a full set
 * within it anyway; one without is bound by the remaining set. */
#include <config.h>

#include "core/privilege.h"

#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "lib/cleanup.h"

static bool privilege_mask_has(uint64_t mask, cap_value_t value)
{
	return value < 64 && (mask >> value & 1);
}

static void privilege_cleanup_caps(cap_t *caps)
{
	if (*caps)
		cap_free(*caps); /* fails only if it is not a cap_t */
}

/* Drops all capabilities but those to keep from the bounding set. Without CAP_SETPCAP it does
 * nothing: the process was limited by another one then. */
static int privilege_reduce_bounding(uint64_t keep, cap_value_t count, struct warden_error *err)
{
	for (cap_value_t value = 0; value < count; value++) {
		if (privilege_mask_has(keep, value) || cap_get_bound(value) <= 0)
			continue;
		if (cap_drop_bound(value) < 0) {
			if (errno == EPERM)
				return 0;
			return warden_error_errno(err, "drop capability %d from the bounding set",
						  (int)value);
		}
	}
	return 0;
}

/* Reduces permitted and effective to those that are held and to keep. */
static int privilege_reduce_process(uint64_t keep, cap_value_t count, uint64_t *missing,
				    struct warden_error *err)
{
	__attribute__((cleanup(privilege_cleanup_caps))) cap_t now = cap_get_proc();
	__attribute__((cleanup(privilege_cleanup_caps))) cap_t then = cap_init();

	if (!now || !then)
		return warden_error_errno(err, "read the daemon's capabilities");
	*missing = 0;
	for (cap_value_t value = 0; value < count; value++) {
		cap_flag_value_t held = CAP_CLEAR;

		if (!privilege_mask_has(keep, value))
			continue;
		if (cap_get_flag(now, value, CAP_PERMITTED, &held) < 0)
			return warden_error_errno(err, "read capability %d", (int)value);
		if (held == CAP_CLEAR) {
			*missing |= UINT64_C(1) << value;
			continue;
		}
		if (cap_set_flag(then, CAP_PERMITTED, 1, &value, CAP_SET) < 0 ||
		    cap_set_flag(then, CAP_EFFECTIVE, 1, &value, CAP_SET) < 0)
			return warden_error_errno(err, "keep capability %d", (int)value);
	}
	if (cap_set_proc(then) < 0)
		return warden_error_errno(err, "drop capabilities");
	return 0;
}

int privilege_reduce(uint64_t keep, uint64_t *missing, struct warden_error *err)
{
	cap_value_t count = cap_max_bits();

	if (privilege_reduce_bounding(keep, count, err) < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return warden_error_errno(err, "clear the ambient capabilities");
	return privilege_reduce_process(keep, count, missing, err);
}

int privilege_missing(uint64_t keep, uint64_t *missing, struct warden_error *err)
{
	__attribute__((cleanup(privilege_cleanup_caps))) cap_t now = cap_get_proc();
	cap_value_t count = cap_max_bits();

	if (!now)
		return warden_error_errno(err, "read the process's capabilities");
	*missing = 0;
	for (cap_value_t value = 0; value < count; value++) {
		cap_flag_value_t held = CAP_CLEAR;

		if (!privilege_mask_has(keep, value))
			continue;
		if (cap_get_flag(now, value, CAP_PERMITTED, &held) < 0)
			return warden_error_errno(err, "read capability %d", (int)value);
		if (held == CAP_CLEAR)
			*missing |= UINT64_C(1) << value;
	}
	return 0;
}

void privilege_names(uint64_t mask, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (cap_value_t value = 0; value < 64 && at < size; value++) {
		char *name = privilege_mask_has(mask, value) ? cap_to_name(value) : NULL;

		if (!name)
			continue;
		at += (size_t)snprintf(out + at, size - at, "%s%s", at ? " " : "", name);
		cap_free(name);
	}
}
