/* SPDX-License-Identifier: Apache-2.0 */
/* Who may talk to the daemon; see access.h. */
#include <config.h>

#include "core/wire/access.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"

enum { GROUPS_MAX = 65536 }; /* the kernel's own limit */

void access_read_peer(int fd, bool with_groups, struct access_peer *peer)
{
	struct ucred credentials = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t length = sizeof(credentials);
	_cleanup_free_ gid_t *groups = NULL;

	*peer = (struct access_peer){.uid = (uid_t)-1, .gid = (gid_t)-1};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return;
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	peer->pid = credentials.pid;
	length = 0;
	/* Fails with the needed length if there are any. */
	if (!with_groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0 ||
	    errno != ERANGE || length > GROUPS_MAX * sizeof(gid_t))
		return;
	groups = malloc(length);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		return;
	peer->groups = take_pointer(groups);
	peer->n_groups = length / sizeof(gid_t);
}

static bool access_has_id(const struct config_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->ids[i] == id)
			return true;
	return false;
}

static bool access_is_listed(const struct config_ids *users, const struct config_ids *groups,
			     const struct access_peer *peer)
{
	if (access_has_id(users, peer->uid) || access_has_id(groups, peer->gid))
		return true;
	for (size_t i = 0; i < peer->n_groups; i++)
		if (access_has_id(groups, peer->groups[i]))
			return true;
	return false;
}

/* Whether the uid is one of the containers', with or without user namespaces: a socket that is
 * bound into a container must not work from inside. */
static bool access_is_containers(const struct config *config, uid_t uid)
{
	return (uid >= config->user.range_start &&
		uid - config->user.range_start < CONFIG_HOST_IDS) ||
	       (uid >= config->user.pool_start_uid &&
		uid - config->user.pool_start_uid < config->user.pool_size);
}

bool access_needs_groups(const struct config *config)
{
	return config->clients.group_ids.n > 0 || config->clients.read_only_group_ids.n > 0;
}

enum access_class access_class_of(const struct config *config, const struct access_peer *peer,
				  struct warden_error *err)
{
	const struct config_ids *users = &config->clients.user_ids;
	const struct config_ids *groups = &config->clients.group_ids;

	if (peer->uid == 0 || peer->uid == geteuid())
		return ACCESS_FULL;
	if (peer->uid == (uid_t)-1) {
		warden_error_set(err, "access denied: the kernel does not tell the client's uid");
		return ACCESS_NONE;
	}
	if (access_is_containers(config, peer->uid)) {
		warden_error_set(
			err,
			"access denied: uid %u belongs to the containers (user.range_start, "
			"user.pool_start_uid), which no setting lets in",
			(unsigned)peer->uid);
		return ACCESS_NONE;
	}
	if (access_is_listed(users, groups, peer))
		return ACCESS_FULL;
	if (access_is_listed(&config->clients.read_only_user_ids,
			     &config->clients.read_only_group_ids, peer))
		return ACCESS_READ;
	if (users->n == 0 && groups->n == 0)
		return ACCESS_FULL;
	warden_error_set(err,
			 "access denied: neither uid %u nor a group of the client is in "
			 "clients.users, clients.groups, clients.read_only_users or "
			 "clients.read_only_groups of the daemon's settings",
			 (unsigned)peer->uid);
	return ACCESS_NONE;
}
