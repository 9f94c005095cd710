/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a transfer; see file_transfer.h. It is forked for one request and ends with it, so
 * nothing is freed. */
#include "backends/files/file_transfer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backends/files/file_ops.h"
#include "backends/files/tar.h"
#include "lib/fd_message.h"

/* Between two words about a copy. */
enum { TELL_MS = 200 };

static struct copy_progress progress;
static int connection;     /* to the daemon */
static uint64_t file_size; /* that was read from */

static bool is_hung_up(void)
{
	struct pollfd poll_fd = {.fd = connection, .events = POLLRDHUP};

	return poll(&poll_fd, 1, 0) != 0;
}

/* SIGIO: something happened to the connection. What does not see `cancel` in time, because a file
 * system lets it wait, is ended by SIGALRM. */
static void on_connection(int signal)
{
	int saved = errno;

	(void)signal;
	if (is_hung_up()) {
		atomic_store(&progress.cancel, true);
		alarm(TRANSFER_PATIENCE_S);
	}
	errno = saved;
}

/* From now on the end of the connection interrupts whatever is being done. */
static int heed_connection(struct warden_error *err)
{
	struct sigaction action = {.sa_handler = on_connection};

	signal(SIGALRM, SIG_DFL);
	if (sigaction(SIGIO, &action, NULL) < 0 || fcntl(connection, F_SETOWN, getpid()) < 0 ||
	    fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) | O_ASYNC) < 0)
		return warden_error_errno(err, "heed the daemon");
	if (is_hung_up()) {
		errno = ECANCELED;
		return warden_error_errno(err, "begin");
	}
	return 0;
}

static void note(void *data, const char *text)
{
	struct file_transfer_reply reply = {.event = TRANSFER_NOTE};

	(void)data;
	warden_error_set(&reply.error, "%s", text);
	fd_message_send(connection, &reply, sizeof(reply), NULL, 0); /* the log lacks a line then */
}

/* The descriptors of a transfer. */
struct place {
	int root_fd, data_fd;
};

static void tell_copied(const struct place *place)
{
	const struct warden_copied copied = {
		.files = atomic_load(&progress.files) + atomic_load(&progress.links),
		.bytes = atomic_load(&progress.bytes),
	};

	/* A copy does not wait for whoever wants to know how far it is. */
	send(place->data_fd, &copied, sizeof(copied), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_changed(void *data)
{
	static uint64_t last_ms;
	struct timespec now;
	uint64_t now_ms;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail with this clock */
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (now_ms - last_ms < TELL_MS)
		return;
	last_ms = now_ms;
	tell_copied(data);
}

/* Runs a copy and tells how far it is, where somebody wants to know. */
static int copy_telling(struct copy_request *copy, const struct place *place,
			struct warden_error *err)
{
	int result;

	copy->progress = &progress;
	copy->warn = note;
	copy->changed = place->data_fd >= 0 ? on_changed : NULL;
	copy->changed_data = (void *)place;
	result = copy_tree(copy, err);
	if (copy->changed)
		tell_copied(place);
	return result;
}

/* The container as what is read from. */
static struct copy_side inside_source(const struct file_transfer_request *request,
				      const struct place *place)
{
	return (struct copy_side){
		.root_fd = place->root_fd,
		.path = request->path,
		.links = COPY_LINKS_IN_ROOT,
		.guard = request->guard,
	};
}

/* The container as what is written to. */
static struct copy_side inside_target(const struct file_transfer_request *request,
				      const struct place *place)
{
	return (struct copy_side){
		.root_fd = place->root_fd,
		.path = request->path,
		.links = COPY_LINKS_IN_ROOT,
		.as = request->inside,
	};
}

static int copy_in(const struct file_transfer_request *request, const struct place *place,
		   struct warden_error *err)
{
	struct copy_request copy = {
		.source = {.root_fd = AT_FDCWD,
			   .path = request->host_path,
			   .links = COPY_LINKS_FOLLOW,
			   .as = request->client},
		.target = inside_target(request, place),
	};

	return copy_telling(&copy, place, err);
}

/* An earlier copy may have brought links that lead anywhere on the host: none is followed. */
static int copy_out(const struct file_transfer_request *request, const struct place *place,
		    struct warden_error *err)
{
	struct copy_request copy = {
		.source = inside_source(request, place),
		.target = {.root_fd = AT_FDCWD,
			   .path = request->host_path,
			   .links = COPY_LINKS_REFUSE,
			   .as = request->client},
		.owner = request->owner,
		.strip_privileges = true,
	};

	return copy_telling(&copy, place, err);
}

/* What is done to a single path; both sides are the container. */
static struct copy_request at_path(const struct file_transfer_request *request,
				   const struct place *place)
{
	return (struct copy_request){
		.source = inside_source(request, place),
		.target = inside_target(request, place),
		.progress = &progress,
		.warn = note,
	};
}

static int read_file(const struct file_transfer_request *request, const struct place *place,
		     struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return file_read(&copy, place->data_fd, request->offset, request->length, &file_size, err);
}

static int write_file(const struct file_transfer_request *request, const struct place *place,
		      struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return file_write(&copy, place->data_fd, request->offset, request->mode, err);
}

static int list_file(const struct file_transfer_request *request, const struct place *place,
		     struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return file_list(&copy, place->data_fd, request->length, err);
}

static int remove_file(const struct file_transfer_request *request, const struct place *place,
		       struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return file_remove(&copy, request->recursive, err);
}

static int watch_file(const struct file_transfer_request *request, const struct place *place,
		      struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return file_watch(&copy, place->data_fd, err);
}

static int read_tar(const struct file_transfer_request *request, const struct place *place,
		    struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return tar_read(&copy, place->data_fd, err);
}

static int write_tar(const struct file_transfer_request *request, const struct place *place,
		     struct warden_error *err)
{
	const struct copy_request copy = at_path(request, place);

	return tar_write(&copy, place->data_fd, err);
}

/* clang-format off */
static int (*const kinds[])(const struct file_transfer_request *request, const struct place *place,
			    struct warden_error *err) = {
	[WARDEN_COPY_IN] = copy_in,
	[WARDEN_COPY_OUT] = copy_out,
	[WARDEN_TAR_IN] = read_tar,
	[WARDEN_TAR_OUT] = write_tar,
	[WARDEN_FILE_READ] = read_file,
	[WARDEN_FILE_WRITE] = write_file,
	[WARDEN_FILE_LIST] = list_file,
	[WARDEN_FILE_REMOVE] = remove_file,
	[WARDEN_FILE_WATCH] = watch_file,
};
/* clang-format on */

static int run(const struct place *place, struct warden_error *err)
{
	static struct file_transfer_request request;
	ssize_t came = fd_message_receive(connection, &request, sizeof(request), NULL, 0);

	if (came != sizeof(request))
		return warden_error_set(err, "no request came");
	if (heed_connection(err) < 0)
		return -1;
	return kinds[request.kind](&request, place, err);
}

void transfer_child_run(int socket, int root_fd, int data_fd)
{
	const struct place place = {root_fd, data_fd};
	static struct file_transfer_reply reply;

	prctl(PR_SET_NAME, "warden-transfer"); /* for ps alone */
	signal(SIGPIPE, SIG_IGN);
	connection = socket;
	reply.event = run(&place, &reply.error) == 0 ? TRANSFER_DONE : TRANSFER_FAILED;
	reply.size = file_size;
	fd_message_send(socket, &reply, sizeof(reply), NULL, 0); /* nobody else could be told */
	_exit(0);
}
