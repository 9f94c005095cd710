/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the daemon's core with requests of several clients, from the socket to the answers: the
 * dispatcher and every handler, with a backend that only says yes. A container `h` exists. Input:
 * steps, each a byte and what it takes. Its lower 2 bits are the client; the others a request's
 * position in proto/requests.h, followed by a length of two bytes and the request. After a position
 * behind the last one, which begins anew, the next step does not wait for the workers. Higher
 * values: bytes instead of a request, and a client that leaves. */
#include <config.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/container/container_subject.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/journal.h"
#include "core/syslog.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"
#include "tests/fuzz/fuzz.h"

enum {
	CLIENTS = 4,
	STEPS_MAX = 64,
	PAYLOAD_MAX = 4096,
	TURNS = 4,
	WAITS_MAX = 20000,
	JOBS_MAX = 8
};

/* The kinds of steps, from the upper bits. */
enum { STEP_LEAVE = 60, STEP_BYTES = 56 };

struct fuzz_container {
	const struct warden_host *host;
	char id[12];
	uint32_t jobs[JOBS_MAX]; /* that run; 0: free */
};

static struct config config;
static struct server server;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int clients[CLIENTS];

static int fuzz_daemon_create(void *backend, const struct warden_create *create, void **container,
			      struct warden_error *err)
{
	struct fuzz_container *made = calloc(1, sizeof(*made));

	(void)backend;
	if (!made)
		return warden_error_errno(err, "make a container");
	made->host = &server.host;
	snprintf(made->id, sizeof(made->id), "%s", create->identity->id);
	*container = made;
	return 0;
}

static void fuzz_daemon_end_job(const struct fuzz_container *made, uint32_t job_id)
{
	const struct warden_job_end end = {.size = sizeof(end), .reason = WARDEN_END_EXITED};

	made->host->job_ended(made->host, made->id, job_id, &end);
}

/* Jobs print something. One with a standard input runs until a signal. */
static int fuzz_daemon_spawn(void *container, const struct warden_spawn *spawn,
			     struct warden_error *err)
{
	struct fuzz_container *made = container;
	size_t i = 0;

	if (write(spawn->stdout_write_fd, "out\n", 4) != 4)
		return warden_error_errno(err, "write to the pipe");
	while (i < JOBS_MAX && made->jobs[i] != 0)
		i++;
	if (spawn->stdin_read_fd >= 0 && i < JOBS_MAX)
		made->jobs[i] = spawn->job_id;
	else
		fuzz_daemon_end_job(made, spawn->job_id);
	return 0;
}

/* `job_id` 0: all jobs. */
static void fuzz_daemon_end_jobs(struct fuzz_container *made, uint32_t job_id)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (made->jobs[i] != 0 && (job_id == 0 || made->jobs[i] == job_id)) {
			fuzz_daemon_end_job(made, made->jobs[i]);
			made->jobs[i] = 0;
		}
}

static int fuzz_daemon_signal(void *container, uint32_t job_id, int signal,
			      struct warden_error *err)
{
	(void)signal;
	(void)err;
	fuzz_daemon_end_jobs(container, job_id);
	return 0;
}

static int fuzz_daemon_stop(void *container, int signal, struct warden_error *err)
{
	struct fuzz_container *made = container;

	(void)signal;
	(void)err;
	fuzz_daemon_end_jobs(made, 0);
	made->host->container_empty(made->host, made->id);
	return 0;
}

static void fuzz_daemon_destroy(void *container)
{
	struct fuzz_container *made = container;
	const struct warden_host *host = made->host;
	char id[sizeof(made->id)];

	memcpy(id, made->id, sizeof(id));
	free(made);
	host->container_gone(host, id);
}

static int fuzz_daemon_set_rules(void *container, const struct warden_rules *rules,
				 struct warden_error *err)
{
	(void)container;
	(void)rules;
	(void)err;
	return 0;
}

static int fuzz_daemon_set_limits(void *container, const struct warden_limits *limits,
				  struct warden_limits *in_force, struct warden_error *err)
{
	(void)container;
	(void)limits;
	(void)in_force;
	(void)err;
	return 0;
}

static int fuzz_daemon_pause(void *container, bool paused, struct warden_error *err)
{
	(void)container;
	(void)paused;
	(void)err;
	return 0;
}

static int fuzz_daemon_close_input(void *container, uint32_t job_id, struct warden_error *err)
{
	(void)container;
	(void)job_id;
	(void)err;
	return 0;
}

static int fuzz_daemon_resize(void *container, uint32_t job_id, uint16_t rows, uint16_t columns,
			      struct warden_error *err)
{
	(void)container;
	(void)job_id;
	(void)rows;
	(void)columns;
	(void)err;
	return 0;
}

static void fuzz_daemon_transfer_cancel(void *container, uint64_t transfer_id)
{
	const struct fuzz_container *made = container;
	const struct warden_transfer_end end = {.size = sizeof(end), .error = "cancelled"};

	made->host->transfer_ended(made->host, made->id, transfer_id, &end);
}

/* A list has an entry, with a name that is no text; a watch goes on until it is cancelled. */
static int fuzz_daemon_transfer(void *container, const struct warden_transfer *transfer,
				struct warden_error *err)
{
	const struct fuzz_container *made = container;
	const struct warden_transfer_end end = {.size = sizeof(end)};
	const struct warden_file_entry entry = {
		.size = sizeof(entry), .name = "\xff\n", .target = "\xfe"};
	const struct warden_file_change changes[] = {
		{.size = sizeof(changes[0]), .kind = WARDEN_CHANGE_WATCHING},
		{.size = sizeof(changes[0]), .kind = WARDEN_CHANGE_MODIFIED, .name = "\xff"},
	};

	(void)err;
	if (transfer->kind == WARDEN_FILE_LIST)
		made->host->file_entry(made->host, made->id, transfer->id, &entry);
	if (transfer->kind != WARDEN_FILE_WATCH) {
		made->host->transfer_ended(made->host, made->id, transfer->id, &end);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		made->host->file_change(made->host, made->id, transfer->id, &changes[i]);
	return 0;
}

static const struct warden_container_klass container_klass = {
	.size = sizeof(container_klass),
	.abi = WARDEN_BACKEND_ABI,
	.name = "fuzz",
	.create = fuzz_daemon_create,
	.spawn = fuzz_daemon_spawn,
	.job_signal = fuzz_daemon_signal,
	.job_close_input = fuzz_daemon_close_input,
	.job_resize = fuzz_daemon_resize,
	.stop = fuzz_daemon_stop,
	.destroy = fuzz_daemon_destroy,
	.set_rules = fuzz_daemon_set_rules,
	.set_limits = fuzz_daemon_set_limits,
	.pause = fuzz_daemon_pause,
	.transfer = fuzz_daemon_transfer,
	.transfer_cancel = fuzz_daemon_transfer_cancel,
};

static void fuzz_daemon_configure(void)
{
	static char depot[512], *nobody[] = {NULL};

	close(fuzz_fresh_directory("depot"));
	snprintf(depot, sizeof(depot), "%s/depot", fuzz_directory());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", fuzz_directory());
	config.logging.level = -1;
	config.server.job_output_limit = 1000;
	config.server.disk_quota_enabled = true;
	config.server.frame_limit = 1 << 16;
	config.server.container_grace_time = 300;
	config.server.container_depot_path = depot;
	config.server.container_rootfs_path = (char *)"/";
	config.server.unix_domain_path = address.sun_path;
	config.server.unix_domain_permissions = 0600;
	config.server.unix_domain_uid = config.server.unix_domain_gid = UINT32_MAX;
	config.clients.users = config.clients.groups = nobody;
	config.clients.read_only_users = config.clients.read_only_groups = nobody;
	config.clients.connection_limit = config.clients.request_limit = 64;
	config.clients.buffer_limit = 1 << 20;
	config.network.pool_network.s_addr = htonl(0x0afe0000);
	config.network.pool_size = 256;
	config.network.mtu = 1500;
	config.user.pool_start_uid = 10000;
	config.user.pool_size = 256;
	config.port.pool_start_port = 20000;
	config.port.pool_size = 256;
}

static void fuzz_daemon_open(void)
{
	struct warden_error err = {0};

	fuzz_daemon_configure();
	memset(clients, 0xff, sizeof(clients)); /* -1: not connected */
	server.config = &config;
	server.container_klass = &container_klass;
	server.subjects = container_subjects;
	server.handlers = request_handlers(&server.n_handlers);
	server.drain_step = server_drain_step;
	TAILQ_INIT(&server.connections);
	TAILQ_INIT(&server.idle);
	metrics_init(&server.metrics);
	backend_host_init(&server);
	uv_loop_init(&server.loop);
	server.journal = journal_new();
	server.syslog = syslog_client_new(NULL, &err);
	FUZZ_CHECK(server.journal && log_open(&config, &err) == 0);
	FUZZ_CHECK(pools_open(&server, &err) == 0);
	FUZZ_CHECK(backend_events_open(&server.events, &server.loop, backend_host_handle_events,
				       &err) == 0);
	server.events.wakeup.data = &server;
	server.operation_workers = workers_new(&server.loop, "operation", 2, 0, &err);
	server.output_workers = workers_new(&server.loop, "output", 1, 0, &err);
	server.send_workers = workers_new(&server.loop, "send", 1, 0, &err);
	server.remove_workers = workers_new(&server.loop, "remove", 1, 0, &err);
	FUZZ_CHECK(server.operation_workers && server.output_workers && server.send_workers &&
		   server.remove_workers);
	FUZZ_CHECK(listener_open(&server, &err) == 0);
}

/* Reads what the daemon has answered. */
static void fuzz_daemon_read(int client)
{
	char answer[4096];

	while (client >= 0 && read(client, answer, sizeof(answer)) > 0)
		;
}

static bool fuzz_daemon_is_busy(void)
{
	const struct container *c;

	TAILQ_FOREACH(c, &server.registry.listed, listed)
		if (c->running || !TAILQ_EMPTY(&c->operations))
			return true;
	return server.creating > 0;
}

/* Until all workers are idle: each wakes the loop when it is done. */
static void fuzz_daemon_settle(void)
{
	for (int i = 0; i < WAITS_MAX && fuzz_daemon_is_busy(); i++)
		uv_run(&server.loop, UV_RUN_ONCE);
}

static void fuzz_daemon_turn(void)
{
	for (int i = 0; i < TURNS; i++)
		uv_run(&server.loop, UV_RUN_NOWAIT);
	for (int i = 0; i < CLIENTS; i++)
		fuzz_daemon_read(clients[i]);
}

static int fuzz_daemon_client(int *client)
{
	if (*client >= 0)
		return *client;
	*client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FUZZ_CHECK(*client >= 0);
	FUZZ_CHECK(connect(*client, (struct sockaddr *)&address, sizeof(address)) == 0);
	return *client;
}

static void fuzz_daemon_leave(int *client)
{
	if (*client >= 0)
		close(*client);
	*client = -1;
}

/* The daemon may have closed the connection, or read no more of it. */
static void fuzz_daemon_send(int *client, const void *data, size_t size)
{
	if (send(fuzz_daemon_client(client), data, size, MSG_NOSIGNAL) < 0)
		fuzz_daemon_leave(client);
}

static void fuzz_daemon_request(int *client, int type, uint8_t *payload, size_t size)
{
	Warden__Message message = WARDEN__MESSAGE__INIT;
	uint8_t frame[2 * PAYLOAD_MAX];
	size_t length, packed;

	message.type = (Warden__Message__Type)type;
	message.payload = (ProtobufCBinaryData){size, payload};
	packed = warden__message__get_packed_size(&message);
	length = (size_t)snprintf((char *)frame, sizeof(frame), "%zu\r\n", packed);
	length += warden__message__pack(&message, frame + length);
	memcpy(frame + length, "\r\n", 2);
	fuzz_daemon_send(client, frame, length + 2);
}

static void fuzz_daemon_step(struct fuzz_input *input)
{
	uint8_t step = fuzz_take_byte(input), what = step >> 2, payload[PAYLOAD_MAX];
	int *client = &clients[step % CLIENTS];
	size_t size;

	if (what >= STEP_LEAVE) {
		fuzz_daemon_leave(client);
		fuzz_daemon_turn();
		return;
	}
	size = fuzz_take_short(input) % PAYLOAD_MAX;
	size = size < input->left ? size : input->left;
	fuzz_take(input, payload, size);
	if (what >= STEP_BYTES)
		fuzz_daemon_send(client, payload, size);
	else
		fuzz_daemon_request(client, server.handlers[what % server.n_handlers]->type,
				    payload, size);
	fuzz_daemon_turn();
	if (what < server.n_handlers)
		fuzz_daemon_settle();
}

static void fuzz_daemon_destroy_all(void)
{
	struct container *c, *next;

	for (c = TAILQ_FIRST(&server.registry.listed); c; c = next) {
		next = TAILQ_NEXT(c, listed);
		if (!c->destroy.started)
			container_destroy(c, NULL);
	}
}

/* All clients leave and all containers are destroyed; then nothing is left. */
static void fuzz_daemon_end(void)
{
	int waits = 0;

	for (int i = 0; i < CLIENTS; i++)
		fuzz_daemon_leave(&clients[i]);
	do {
		uv_run(&server.loop, UV_RUN_NOWAIT);
		fuzz_daemon_destroy_all();
		FUZZ_CHECK(waits++ < WAITS_MAX);
		poll(NULL, 0, waits > TURNS);
	} while (server.registry.n > 0 || !TAILQ_EMPTY(&server.connections) || server.leaving > 0 ||
		 server.creating > 0);
	FUZZ_CHECK(TAILQ_EMPTY(&server.idle));
}

static void fuzz_daemon_run(const uint8_t *data, size_t size)
{
	static uint8_t create[] = {0x1a, 1, 'h'}; /* field 3, the handle */
	struct fuzz_input input = {data, size};

	server.last_job_id = 0; /* so that inputs can name jobs */
	fuzz_daemon_request(&clients[0], WARDEN__MESSAGE__TYPE__Create, create, sizeof(create));
	for (int i = 0; i < WAITS_MAX && TAILQ_EMPTY(&server.registry.listed); i++)
		uv_run(&server.loop, UV_RUN_ONCE);
	fuzz_daemon_turn();
	for (int i = 0; i < STEPS_MAX && input.left > 0; i++)
		fuzz_daemon_step(&input);
	fuzz_daemon_end();
}

const struct fuzz_target fuzz_target = {
	.name = "daemon",
	.open = fuzz_daemon_open,
	.run = fuzz_daemon_run,
};
