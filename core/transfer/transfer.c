/* SPDX-License-Identifier: Apache-2.0 */
/* File transfers, from the request to the backend and back; see transfer.h. */
#include <config.h>

#include "core/transfer/transfer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/server.h"
#include "core/transfer/transfer_reports.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"
#include "lib/owner.h"

/* A path may contain any byte but NUL: file names need not be UTF-8. */
static char *transfer_take_path(const ProtobufCBinaryData *bytes, const char *field,
				struct warden_error *err)
{
	char *path;

	if (bytes->len == 0 || bytes->len >= PATH_MAX || memchr(bytes->data, '\0', bytes->len)) {
		warden_error_set(err, "%s must be a path of 1 to %d bytes without NUL", field,
				 PATH_MAX - 1);
		return NULL;
	}
	path = strndup((const char *)bytes->data, bytes->len);
	if (!path)
		warden_error_set(err, "no memory for %s", field);
	return path;
}

static char *transfer_take_host_path(const ProtobufCBinaryData *bytes, const char *field,
				     struct warden_error *err)
{
	char *path = transfer_take_path(bytes, field, err);

	if (path && *path != '/') {
		warden_error_set(err, "%s must be an absolute path", field);
		free(path);
		return NULL;
	}
	return path;
}

static struct transfer *transfer_alloc(struct request *request, enum warden_transfer_kind kind)
{
	const struct connection *connection = request->connection;
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return NULL;
	transfer->container = request->container;
	transfer->request = request;
	transfer->parameters = (struct warden_transfer){
		.size = sizeof(transfer->parameters),
		.id = ++request->server->last_transfer_id,
		.kind = kind,
		.client_uid = connection->uid,
		.client_gid = connection->gid,
		.owner_uid = connection->uid,
		.owner_gid = connection->gid,
		.data_fd = -1,
	};
	LIST_INSERT_HEAD(&request->container->transfers, transfer, link);
	return transfer;
}

struct transfer *transfer_new(struct request *request, enum warden_transfer_kind kind,
			      const ProtobufCBinaryData *path, const char *path_field,
			      const ProtobufCBinaryData *host_path, const char *host_path_field,
			      struct warden_error *err)
{
	struct transfer *transfer;

	if (!request->server->container_klass->transfer) {
		warden_error_set(err, "backend %s cannot transfer files",
				 request->server->container_klass->name);
		return NULL;
	}
	if (!request->connection) {
		warden_error_set(err, "the client has left");
		return NULL;
	}
	transfer = transfer_alloc(request, kind);
	if (!transfer) {
		warden_error_set(err, "no memory for a transfer");
		return NULL;
	}
	transfer->parameters.path = transfer_take_path(path, path_field, err);
	if (transfer->parameters.path && host_path)
		transfer->parameters.host_path =
			transfer_take_host_path(host_path, host_path_field, err);
	if (transfer->parameters.path && (!host_path || transfer->parameters.host_path))
		return transfer;
	transfer_free(transfer);
	return NULL;
}

int transfer_open_pipe(struct transfer *transfer, struct warden_error *err)
{
	struct server *server = transfer->container->server;
	int pair[2];

	transfer->pipe = malloc(sizeof(*transfer->pipe));
	if (!transfer->pipe)
		return warden_error_set(err, "no memory for a stream");
	uv_pipe_init(&server->loop, transfer->pipe, 0); /* cannot fail */
	transfer->pipe->data = transfer;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	transfer->parameters.data_fd = pair[1];
	if (uv_pipe_open(transfer->pipe, pair[0]) == 0)
		return 0;
	close(pair[0]);
	return warden_error_set(err, "open a socket pair");
}

static void transfer_on_pipe_closed(uv_handle_t *handle)
{
	free(handle);
}

void transfer_close_pipe(struct transfer *transfer)
{
	if (transfer->pipe)
		uv_close((uv_handle_t *)transfer->pipe, transfer_on_pipe_closed);
	transfer->pipe = NULL;
}

int transfer_open_box(struct transfer *transfer, struct warden_error *err)
{
	transfer->box = report_box_open(&transfer->container->server->transfer_reports,
					&transfer->parameters);
	return transfer->box ? 0 : warden_error_set(err, "no memory for the reports of a transfer");
}

void transfer_free(struct transfer *transfer)
{
	transfer_close_pipe(transfer);
	report_box_close(transfer->box);
	LIST_REMOVE(transfer, link);
	free((char *)transfer->parameters.path);
	free((char *)transfer->parameters.host_path);
	free(transfer->owner);
	if (transfer->parameters.data_fd >= 0)
		close(transfer->parameters.data_fd);
	free(transfer);
}

/* Resolves `owner`. Only root may give files to another user. */
static int transfer_find_owner(struct transfer *transfer, struct warden_error *err)
{
	struct warden_transfer *p = &transfer->parameters;

	if (!transfer->owner)
		return 0;
	if (owner_find(transfer->owner, &p->owner_uid, &p->owner_gid, err) < 0)
		return -1;
	if (p->client_uid == 0 || (p->owner_uid == p->client_uid && p->owner_gid == p->client_gid))
		return 0;
	return warden_error_set(err, "owner %s: user %u may not give files to other users",
				transfer->owner, (unsigned)p->client_uid);
}

/* Opens an unnamed file in the depot's tmp, outside of any container's quota. */
static int transfer_open_unnamed(const struct server *server)
{
	char name[48];
	int fd = openat(server->tmp_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	/* O_TMPFILE is not supported. If the daemon dies before unlinkat the next one removes the
	 * file. */
	snprintf(name, sizeof(name), "transfer-%d-%d", (int)getpid(), (int)gettid());
	fd = openat(server->tmp_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(server->tmp_fd, name, 0);
	return fd;
}

/* Worker thread. Makes data_fd for a transfer with `uses_file`, and writes `data` to it. */
static int transfer_make_file(struct transfer *transfer, struct warden_error *err)
{
	const struct server *server = transfer->container->server;
	int fd;

	if (!transfer->uses_file)
		return 0;
	fd = transfer_open_unnamed(server);
	if (fd < 0)
		return warden_error_errno(err, "make a file in %s/tmp",
					  server->settings.depot_path);
	transfer->parameters.data_fd = fd;
	for (size_t done = 0; transfer->data && done < transfer->data->len;) {
		ssize_t n = pwrite(fd, transfer->data->data + done, transfer->data->len - done,
				   (off_t)done);

		if (n < 0 && errno != EINTR)
			return warden_error_errno(err, "write a file in %s/tmp",
						  server->settings.depot_path);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Worker thread. */
static int transfer_start_run(struct operation *operation, struct warden_error *err)
{
	struct transfer *transfer = operation->data;
	struct container *c = transfer->container;

	if (!c->alive)
		return warden_error_set(err, "the container is dead");
	if (transfer_find_owner(transfer, err) < 0 || transfer_make_file(transfer, err) < 0)
		return -1;
	return BACKEND_CALL(c->server->container_klass, c->id, transfer, err, c->backend,
			    &transfer->parameters);
}

/* Ends the transfer when its operation is done and it has finished. The backend's event may arrive
 * before the operation is done. */
static void transfer_end_if_over(struct transfer *transfer)
{
	const struct container *c = transfer->container;

	if (!transfer->started || !transfer->finished)
		return;
	if (transfer->failed && transfer->cancelled && c->destroy.started)
		warden_error_set(&transfer->err, "the container was destroyed");
	transfer->ended(transfer);
}

static void transfer_start_done(struct operation *operation, int result, struct warden_error *err)
{
	struct transfer *transfer = operation->data;

	transfer->started = true;
	/* So that the stream ends when the backend closes its descriptor. */
	if (transfer->pipe && transfer->parameters.data_fd >= 0) {
		close(transfer->parameters.data_fd);
		transfer->parameters.data_fd = -1;
	}
	if (result < 0) {
		transfer->finished = transfer->failed = true;
		transfer->err = *err;
	} else if (transfer->cancelled) {
		transfer->cancelled = false;
		transfer_cancel(transfer);
	} else if (transfer->begun) {
		transfer->begun(transfer);
	}
	transfer_end_if_over(transfer);
}

void transfer_start(struct transfer *transfer, void (*ended)(struct transfer *transfer))
{
	transfer->ended = ended;
	transfer->operation.run = transfer_start_run;
	transfer->operation.done = transfer_start_done;
	transfer->operation.data = transfer;
	container_queue(transfer->container, &transfer->operation);
}

void transfer_cancel(struct transfer *transfer)
{
	const struct container *c = transfer->container;

	/* A destroy that has begun also ends the transfer. */
	if (transfer->started && !transfer->finished && !transfer->cancelled && c->backend &&
	    !c->destroy.ending)
		BACKEND_CALL_VOID(c->server->container_klass, c->id, transfer_cancel, c->backend,
				  transfer->parameters.id);
	transfer->cancelled = true;
}

void transfers_cancel(const struct container *c)
{
	struct transfer *transfer;

	LIST_FOREACH(transfer, &c->transfers, link)
		transfer_cancel(transfer);
}

void transfers_abandon(struct container *c)
{
	struct transfer *transfer;

	while ((transfer = LIST_FIRST(&c->transfers))) {
		transfer->failed = transfer->abandoned = true;
		warden_error_set(&transfer->err, c->destroy.started ? "the container was destroyed"
								    : "the daemon is about to end");
		transfer->ended(transfer);
	}
}

static struct transfer *transfer_find(const struct container *c, uint64_t id)
{
	struct transfer *transfer;

	LIST_FOREACH(transfer, &c->transfers, link)
		if (transfer->parameters.id == id)
			break;
	return transfer;
}

void transfer_reported(struct container *c, uint64_t id)
{
	struct transfer *transfer = transfer_find(c, id);

	if (transfer && transfer->reported)
		transfer->reported(transfer);
}

void transfer_event(struct container *c, uint64_t id, const char *error,
		    const struct warden_transfer_end *end)
{
	struct transfer *transfer = transfer_find(c, id);

	if (!transfer || transfer->finished)
		return;
	transfer->finished = true;
	transfer->failed = error != NULL;
	transfer->end = *end;
	if (error)
		warden_error_set(&transfer->err, "%s", error);
	transfer_end_if_over(transfer);
}

void transfer_answer(struct transfer *transfer)
{
	struct request *request = transfer->request;
	struct warden_error err = transfer->err;
	bool failed = transfer->failed;

	request->data = NULL;
	transfer_free(transfer);
	if (failed)
		request_fail(request, &err);
	else
		request_answer_empty(request);
}

/* Cancels the transfer; its answer is discarded. */
bool transfer_request_cancel(struct request *request)
{
	struct transfer *transfer = request->data;

	if (transfer)
		transfer_cancel(transfer);
	return false;
}

static void transfers_init(struct container *c)
{
	LIST_INIT(&c->transfers);
}

const struct container_subject transfers_subject = {
	.init = transfers_init,
	.release = transfers_abandon,
};
