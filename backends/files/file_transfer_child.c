/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a transfer; see file_transfer.h. It is forked for one request and exits after it,
 * so nothing is freed. */
#include "backends/files/file_transfer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backends/files/file_ops.h"
#include "backends/files/tar.h"
#include "lib/fd_message.h"

/* Between two progress reports, in milliseconds. */
enum { PROGRESS_MS = 200 };

static struct copy_progress progress;
static int connection;     /* to the daemon */
static uint64_t file_size; /* of the file that was read */

static bool transfer_child_is_hung_up(void)
{
	struct pollfd poll_fd = {.fd = connection, .events = POLLRDHUP};

	return poll(&poll_fd, 1, 0) != 0;
}

/* SIGIO: the state of the connection changed. If the process does not see `cancel` in time, because
 * a file system blocks it, SIGALRM ends it. */
static void transfer_child_on_hangup(int signal)
{
	int saved = errno;

	(void)signal;
	if (transfer_child_is_hung_up()) {
		atomic_store(&progress.cancel, true);
		alarm(TRANSFER_PATIENCE_S);
	}
	errno = saved;
}

/* Makes the end of the connection interrupt the current operation. */
static int transfer_child_watch_connection(struct warden_error *err)
{
	struct sigaction action = {.sa_handler = transfer_child_on_hangup};

	signal(SIGALRM, SIG_DFL);
	if (sigaction(SIGIO, &action, NULL) < 0 || fcntl(connection, F_SETOWN, getpid()) < 0 ||
	    fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) | O_ASYNC) < 0)
		return warden_error_errno(err, "watch the connection to the daemon");
	if (transfer_child_is_hung_up()) {
		errno = ECANCELED;
		return warden_error_errno(err, "begin");
	}
	return 0;
}

static void transfer_child_send_note(void *data, const char *text)
{
	struct file_transfer_reply reply = {.event = TRANSFER_NOTE};

	(void)data;
	warden_error_set(&reply.error, "%s", text);
	/* If this fails the log lacks a line. */
	fd_message_send(connection, &reply, sizeof(reply), NULL, 0);
}

/* The descriptors of a transfer. */
struct transfer_fds {
	int root_fd, data_fd;
};

/* Appends a text with its NUL. False: it is too long. */
static bool transfer_child_add_text(struct file_transfer_report *report, size_t *used,
				    const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > sizeof(report->text) - *used)
		return false;
	memcpy(report->text + *used, text, size);
	*used += size;
	return true;
}

/* Sends a report; `name` and `target` may be NULL. -1 with errno. */
static int transfer_child_send_report(struct file_transfer_report *report, const char *name,
				      const char *target)
{
	size_t used = 0;

	report->has_name = name != NULL;
	report->has_target = target != NULL;
	if ((name && !transfer_child_add_text(report, &used, name)) ||
	    (target && !transfer_child_add_text(report, &used, target))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while (send(connection, report, offsetof(struct file_transfer_report, text) + used,
		    MSG_NOSIGNAL) < 0) {
		if (atomic_load(&progress.cancel))
			errno = ECANCELED;
		if (errno != EINTR)
			return -1;
	}
	return 0;
}

static int transfer_child_send_entry(const struct warden_file_entry *entry)
{
	static struct file_transfer_report report = {.event = TRANSFER_ENTRY};

	report.entry = *entry;
	return transfer_child_send_report(&report, entry->name, entry->target);
}

static int transfer_child_send_change(const struct warden_file_change *change)
{
	static struct file_transfer_report report = {.event = TRANSFER_CHANGE};

	report.change = *change;
	return transfer_child_send_report(&report, change->name, NULL);
}

static void transfer_child_send_progress(void)
{
	static struct file_transfer_report report = {.event = TRANSFER_PROGRESS};

	report.progress = (struct warden_copy_progress){
		.size = sizeof(report.progress),
		.files = atomic_load(&progress.files) + atomic_load(&progress.links),
		.bytes = atomic_load(&progress.bytes),
	};
	/* If this fails the client lacks a report. */
	transfer_child_send_report(&report, NULL, NULL);
}

static void transfer_child_on_progress(void *data)
{
	static uint64_t last_ms;
	struct timespec now;
	uint64_t now_ms;

	(void)data;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail with this clock */
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (now_ms - last_ms < PROGRESS_MS)
		return;
	last_ms = now_ms;
	transfer_child_send_progress();
}

/* Runs a copy and reports its progress if the client asked for that. */
static int transfer_child_copy_with_progress(struct copy_request *copy, bool report_progress,
					     struct warden_error *err)
{
	int result;

	copy->progress = &progress;
	copy->warn = transfer_child_send_note;
	copy->changed = report_progress ? transfer_child_on_progress : NULL;
	result = copy_tree(copy, err);
	if (copy->changed)
		transfer_child_send_progress();
	return result;
}

/* The container as the source. */
static struct copy_side transfer_child_source_side(const struct file_transfer_request *request,
						   const struct transfer_fds *fds)
{
	return (struct copy_side){
		.root_fd = fds->root_fd,
		.path = request->path,
		.links = COPY_LINKS_IN_ROOT,
		.guard = request->guard,
	};
}

/* The container as the target. */
static struct copy_side transfer_child_target_side(const struct file_transfer_request *request,
						   const struct transfer_fds *fds)
{
	return (struct copy_side){
		.root_fd = fds->root_fd,
		.path = request->path,
		.links = COPY_LINKS_IN_ROOT,
		.as = request->inside,
	};
}

static int transfer_child_copy_in(const struct file_transfer_request *request,
				  const struct transfer_fds *fds, struct warden_error *err)
{
	struct copy_request copy = {
		.source = {.root_fd = AT_FDCWD,
			   .path = request->host_path,
			   .links = COPY_LINKS_TRUSTED,
			   .as = request->client},
		.target = transfer_child_target_side(request, fds),
	};

	return transfer_child_copy_with_progress(&copy, request->report_progress, err);
}

/* An earlier copy may have left links to anywhere on the host: none is followed. */
static int transfer_child_copy_out(const struct file_transfer_request *request,
				   const struct transfer_fds *fds, struct warden_error *err)
{
	struct copy_request copy = {
		.source = transfer_child_source_side(request, fds),
		.target = {.root_fd = AT_FDCWD,
			   .path = request->host_path,
			   .links = COPY_LINKS_REFUSE,
			   .as = request->client},
		.owner = request->owner,
		.strip_privileges = !request->keep_modes,
	};

	return transfer_child_copy_with_progress(&copy, request->report_progress, err);
}

/* A request for an operation on a single path: both sides are the container. */
static struct copy_request transfer_child_request_at_path(
	const struct file_transfer_request *request, const struct transfer_fds *fds)
{
	return (struct copy_request){
		.source = transfer_child_source_side(request, fds),
		.target = transfer_child_target_side(request, fds),
		.progress = &progress,
		.warn = transfer_child_send_note,
	};
}

static int transfer_child_read(const struct file_transfer_request *request,
			       const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return file_read(&copy, fds->data_fd, request->offset, request->length, &file_size, err);
}

static int transfer_child_write(const struct file_transfer_request *request,
				const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return file_write(&copy, fds->data_fd, request->offset, request->mode, err);
}

static int transfer_child_list(const struct file_transfer_request *request,
			       const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return file_list(&copy, request->length, transfer_child_send_entry, err);
}

static int transfer_child_remove(const struct file_transfer_request *request,
				 const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return file_remove(&copy, request->recursive, err);
}

static int transfer_child_watch(const struct file_transfer_request *request,
				const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return file_watch(&copy, transfer_child_send_change, err);
}

static int transfer_child_read_tar(const struct file_transfer_request *request,
				   const struct transfer_fds *fds, struct warden_error *err)
{
	const struct copy_request copy = transfer_child_request_at_path(request, fds);

	return tar_read(&copy, fds->data_fd, err);
}

static int transfer_child_write_tar(const struct file_transfer_request *request,
				    const struct transfer_fds *fds, struct warden_error *err)
{
	struct copy_request copy = transfer_child_request_at_path(request, fds);

	copy.strip_privileges = !request->keep_modes;
	return tar_write(&copy, fds->data_fd, err);
}

/* clang-format off */
static int (*const kinds[])(const struct file_transfer_request *request, const struct transfer_fds *fds,
			    struct warden_error *err) = {
	[WARDEN_COPY_IN] = transfer_child_copy_in,
	[WARDEN_COPY_OUT] = transfer_child_copy_out,
	[WARDEN_TAR_IN] = transfer_child_read_tar,
	[WARDEN_TAR_OUT] = transfer_child_write_tar,
	[WARDEN_FILE_READ] = transfer_child_read,
	[WARDEN_FILE_WRITE] = transfer_child_write,
	[WARDEN_FILE_LIST] = transfer_child_list,
	[WARDEN_FILE_REMOVE] = transfer_child_remove,
	[WARDEN_FILE_WATCH] = transfer_child_watch,
};
/* clang-format on */

static int transfer_child_serve(const struct transfer_fds *fds, struct warden_error *err)
{
	static struct file_transfer_request request;
	ssize_t came = fd_message_receive(connection, &request, sizeof(request), NULL, 0);

	if (came != sizeof(request))
		return warden_error_set(err, "receive the request: the daemon sent none");
	if (transfer_child_watch_connection(err) < 0)
		return -1;
	return kinds[request.kind](&request, fds, err);
}

void file_transfer_child_run(int socket, int root_fd, int data_fd)
{
	const struct transfer_fds fds = {root_fd, data_fd};
	static struct file_transfer_reply reply;

	prctl(PR_SET_NAME, "warden-transfer"); /* shown by ps */
	signal(SIGPIPE, SIG_IGN);
	connection = socket;
	reply.event =
		transfer_child_serve(&fds, &reply.error) == 0 ? TRANSFER_DONE : TRANSFER_FAILED;
	reply.size = file_size;
	reply.skipped = atomic_load(&progress.skipped);
	reply.vanished = atomic_load(&progress.vanished);
	/* This fails only if the daemon has closed its end. */
	fd_message_send(socket, &reply, sizeof(reply), NULL, 0);
	_exit(0);
}
