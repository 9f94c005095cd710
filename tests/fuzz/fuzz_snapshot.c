/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what the daemon reads of a container's directory at its start: snapshot.json and
 * etc/config, by core/state/snapshot.c and identity.c. Input: snapshot.json, then after each line
 * `=== NAME` another file. */
#include <config.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/container/container_subject.h"
#include "core/job/cpu_lease.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/pools/ports.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "tests/fuzz/fuzz.h"

enum { OTHERS_PORT = 80 };

static struct config config;
static struct server server;

static void fuzz_snapshot_open(void)
{
	struct warden_error err;

	config.logging.level = -1;
	config.server.job_output_limit = 1000;
	config.server.container_depot_path = (char *)fuzz_directory();
	config.server.container_rootfs_path = (char *)"/";
	config.network.pool_network.s_addr = htonl(0x0afe0000);
	config.network.pool_size = 16;
	config.user.pool_start_uid = 10000;
	config.user.pool_size = 16;
	FUZZ_CHECK(log_open(&config, &err) == 0);
	server.config = &config;
	server.subjects = container_subjects;
	TAILQ_INIT(&server.connections);
	TAILQ_INIT(&server.idle);
	uv_loop_init(&server.loop);
	server.journal = journal_new();
	server.ports = ports_new(20000, 1000);
	FUZZ_CHECK(server.journal && server.ports && registry_open(&server.registry));
	/* Another container has this one. */
	FUZZ_CHECK(ports_take_value(server.ports, 0, OTHERS_PORT) == 0);
}

/* A snapshot that is read can be written, as the next change of the container does it. */
static void fuzz_snapshot_read(struct container *c)
{
	struct warden_identity identity = {.size = sizeof(identity)};
	struct snapshot_claims claims;
	struct warden_error err;
	char id[12];

	snapshot_read_claims(c->dir_fd, &claims);
	rules_free(&claims.rules);
	if (identity_read(c->dir_fd, id, &identity, &err) == 0)
		FUZZ_CHECK(identity_is_id(id));
	if (snapshot_read(c, &err) == 0) {
		char *text;

		rules_recover_ports(c);
		text = snapshot_text(c);
		FUZZ_CHECK(text);
		free(text);
	}
}

static void fuzz_snapshot_run(const uint8_t *data, size_t size)
{
	struct container *c = container_new(&server, "0123456789a", NULL);
	int fd = fuzz_next_fd();

	FUZZ_CHECK(c);
	c->dir_fd = fuzz_fresh_directory("container");
	c->path = strdup("container");
	fuzz_write_files(c->dir_fd, "snapshot.json", data, size);
	fuzz_snapshot_read(c);
	container_free(c);
	cpu_lease_free(&server);
	server.leases = NULL;
	FUZZ_CHECK(ports_take_value(server.ports, 0, OTHERS_PORT) < 0);
	FUZZ_CHECK(fuzz_next_fd() == fd);
}

const struct fuzz_target fuzz_target = {
	.name = "snapshot",
	.open = fuzz_snapshot_open,
	.run = fuzz_snapshot_run,
};
