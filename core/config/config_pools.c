/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the pools of networks, ports and uids: their sizes, and conflicts with this host. */
#include <config.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

#include "core/config/config_private.h"
#include "lib/address.h"
#include "lib/cleanup.h"

#define PORTS_NEEDED    1000
#define LAST_POOL_PORT  65000
#define LOOPBACK        UINT32_C(0x7f000000)
#define FIRST_MULTICAST UINT32_C(0xe0000000)

/* Checks and stores the network pool; `key` is the key that sets it. */
static int config_pools_set_networks(struct config *config, const char *key, uint32_t first,
				     uint64_t count, struct warden_error *err)
{
	uint64_t end = first + count * 4;

	if (first % 4 != 0)
		return config_fail(config, key, err,
				   "%s must be the first address of a /30 (a multiple of 4)", key);
	if (first < 0x01000000 || end > FIRST_MULTICAST ||
	    (end > LOOPBACK && first < LOOPBACK + 0x01000000))
		return config_fail(config, key, err,
				   "%s: the networks must be between 1.0.0.0 and 223.255.255.255 "
				   "and outside 127.0.0.0/8",
				   key);
	config->network.pool_network.s_addr = htonl(first);
	config->network.pool_size = (uint32_t)count;
	return 0;
}

/* Takes the network pool from CIDR form. */
static int config_pools_take_cidr(struct config *config, const char *text, struct warden_error *err)
{
	static const char key[] = "network.pool_network";
	uint32_t network;
	unsigned prefix;

	if (!address_parse_cidr(text, &network, &prefix)) /* config_key_is_cidr has checked it */
		return config_fail(config, key, err, "%s: %s is not a network", key, text);
	if (prefix < 8 || prefix > 30)
		return config_fail(config, key, err,
				   "%s must have a prefix from /8 to /30, not /%u", key, prefix);
	return config_pools_set_networks(config, key, network, UINT64_C(1) << (30 - prefix), err);
}

int config_take_networks(struct config *config, struct warden_error *err)
{
	static const char start_key[] = "network.pool_start_address";
	static const char size_key[] = "network.pool_size", cidr_key[] = "network.pool_network";
	config_setting_t *start = config_setting_at(config, start_key);
	config_setting_t *size = config_setting_at(config, size_key);
	config_setting_t *cidr = config_setting_at(config, cidr_key);
	uint32_t first;

	if (!start && !size)
		return config_pools_take_cidr(config,
					      cidr ? config_setting_get_string(cidr)
						   : config_key_find(cidr_key)->text,
					      err);
	if (cidr)
		return config_fail_at(config, start ? start : size, err,
				      "%s and network.pool_network exclude each other: set either "
				      "pool_network, or pool_start_address and pool_size",
				      start ? start_key : size_key);
	if (!start || !size)
		return config_fail_at(config, start ? start : size, err, "%s also needs %s",
				      start ? start_key : size_key, start ? size_key : start_key);
	if (!address_parse(config_setting_get_string(start),
			   &first)) /* config_key_is_address has checked it */
		return config_fail_at(config, start, err, "%s is not an address", start_key);
	return config_pools_set_networks(config, start_key, first,
					 (uint64_t)config_value_number(size), err);
}

/* Reads the last ephemeral port of the kernel. */
static int config_pools_read_ephemeral_end(const char *range_file, uint32_t *end,
					   struct warden_error *err)
{
	FILE *file = fopen(range_file, "re");
	unsigned first, last;
	int read;

	if (!file)
		return warden_error_errno(err, "open %s", range_file);
	read = fscanf(file, "%5u %5u", &first, &last);
	fclose(file); /* nothing was written to it */
	if (read != 2 || last > 65535)
		return warden_error_set(err, "%s: expected two port numbers", range_file);
	*end = last;
	return 0;
}

int config_check_ports(struct config *config, const char *range_file, struct warden_error *err)
{
	static const char start_key[] = "port.pool_start_port", size_key[] = "port.pool_size";
	uint32_t start = config->port.pool_start_port, size = config->port.pool_size, end = 0;

	if (!start) {
		if (config_pools_read_ephemeral_end(range_file, &end, err) < 0)
			return -1;
		start = end + 1;
	}
	if (!size)
		size = start <= LAST_POOL_PORT ? LAST_POOL_PORT + 1 - start : 0;
	if (size < PORTS_NEEDED)
		return config_fail(config, config->port.pool_size ? size_key : start_key, err,
				   "Insufficient non-ephemeral ports available (expected >= %d, "
				   "got: %" PRIu32 ")",
				   PORTS_NEEDED, size);
	if (start + size > 65536)
		return config_fail(config, config->port.pool_size ? size_key : start_key, err,
				   "%s: the last of %" PRIu32 " ports from %" PRIu32
				   " on must be at most 65535",
				   size_key, size, start);
	config->port.pool_start_port = start;
	config->port.pool_size = size;
	return 0;
}

/* Checks that an id of a user of the host is none of the containers' host ids; `what` the id is in
 * the error. */
static int config_pools_check_id(const struct config *config, uint32_t id, const char *what,
				 const struct passwd *user, struct warden_error *err)
{
	uint32_t range = config->user.range_start;

	if (id - range >= CONFIG_HOST_IDS)
		return 0;
	return config_fail(config, "user.range_start", err,
			   "the containers' host ids, %" PRIu32 " to %" PRIu32
			   ", overlap with %s in /etc/passwd: %s (%u)",
			   range, (uint32_t)(range + CONFIG_HOST_IDS - 1), what, user->pw_name, id);
}

/* Checks that a user of the host has no uid of the containers. */
static int config_pools_check_user(const struct config *config, const struct passwd *user,
				   struct warden_error *err)
{
	uint32_t first = config->user.pool_start_uid;

	if (user->pw_uid >= first && user->pw_uid - first < config->user.pool_size)
		return config_fail(config, "user.pool_start_uid", err,
				   "UID in user pool overlaps with user in /etc/passwd: %s (%u)",
				   user->pw_name, (unsigned)user->pw_uid);
	if (config_pools_check_id(config, user->pw_uid, "a user", user, err) < 0)
		return -1;
	return config_pools_check_id(config, user->pw_gid, "the group of a user", user, err);
}

/* Reads the file, not getpwent, which could query a directory service for every user of an
 * organisation. */
int config_check_users(const struct config *config, const char *passwd_file,
		       struct warden_error *err)
{
	_cleanup_fclose_ FILE *file = fopen(passwd_file, "re");
	struct passwd *user;

	if (!file && errno == ENOENT)
		return 0; /* a host without the file has no users */
	if (!file)
		return warden_error_errno(err, "open %s", passwd_file);
	for (errno = 0; (user = fgetpwent(file)); errno = 0)
		if (config_pools_check_user(config, user, err) < 0)
			return -1;
	if (errno != 0 && errno != ENOENT)
		return warden_error_errno(err, "read %s", passwd_file);
	return 0;
}
