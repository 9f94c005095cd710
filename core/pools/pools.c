/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the depot and the pools of which each container has a share. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/pools/pool.h"
#include "core/pools/ports.h"
#include "core/server.h"
#include "core/state/depot_lock.h"
#include "core/state/depot_spread.h"
#include "core/state/set_aside.h"

enum { SLOTS = 4096 };

static int pools_open_depot(struct server *server, struct warden_error *err)
{
	const char *path = server->settings.depot_path;

	server->depot_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (server->depot_fd < 0)
		return warden_error_errno(err, "open depot %s", path);
	if (depot_lock(server->depot_fd, path, err) < 0)
		return -1;
	if (mkdirat(server->depot_fd, "tmp", 0700) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make %s/tmp", path);
	server->tmp_fd =
		openat(server->depot_fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (server->tmp_fd < 0)
		return warden_error_errno(err, "open %s/tmp", path);
	depot_spread(server->depot_fd);
	depot_spread(server->tmp_fd);
	return 0;
}

int pools_open(struct server *server, struct warden_error *err)
{
	const struct config *config = server->config;

	server->depot_fd = server->tmp_fd = -1;
	server->networks =
		pool_new(ntohl(config->network.pool_network.s_addr), config->network.pool_size, 4,
			 (uint64_t)config->network.release_delay * 1000);
	server->uids = pool_new(config->user.pool_start_uid, config->user.pool_size, 1, 0);
	server->slots = pool_new(0, SLOTS, 1, 0);
	server->ports = ports_new((uint16_t)config->port.pool_start_port, config->port.pool_size);
	if (!server->networks || !server->uids || !server->slots || !server->ports ||
	    !registry_open(&server->registry))
		return warden_error_set(err, "no memory for the pools");
	return pools_open_depot(server, err);
}

void pools_close(struct server *server)
{
	pool_free(server->networks);
	pool_free(server->uids);
	pool_free(server->slots);
	ports_free(server->ports);
	registry_close(&server->registry);
	set_aside_free(server);
	if (server->tmp_fd >= 0)
		close(server->tmp_fd);
	if (server->depot_fd >= 0)
		close(server->depot_fd);
}

static void pools_release(struct container *c)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	if (c->owns_network && c->is_leaving_stock)
		pool_put_back(server->networks, ntohl(c->identity.network.s_addr));
	else if (c->owns_network)
		pool_release(server->networks, now, ntohl(c->identity.network.s_addr));
	if (c->owns_uid)
		pool_release(server->uids, now, c->identity.uid);
	if (c->owns_slot)
		pool_release(server->slots, now, c->identity.slot);
}

const struct container_subject pools_subject = {
	.release = pools_release,
};
