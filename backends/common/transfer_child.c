/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a transfer; see transfer.h. It is forked for one request and ends with it, so
 * nothing is freed. */
#include "backends/common/transfer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "backends/common/message.h"

static struct copy_progress progress;
static int connection; /* to the daemon */

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
	struct transfer_reply reply = {.event = TRANSFER_NOTE};

	(void)data;
	warden_error_set(&reply.error, "%s", text);
	message_send(connection, &reply, sizeof(reply), NULL, 0); /* the log lacks a line then */
}

static int copy_in(const struct transfer_request *request, int root_fd, struct warden_error *err)
{
	const struct copy_request copy = {
		.source = {AT_FDCWD, request->host_path, COPY_LINKS_FOLLOW, request->client},
		.target = {root_fd, request->path, COPY_LINKS_IN_ROOT, request->inside},
		.progress = &progress,
		.warn = note,
	};

	return copy_tree(&copy, err);
}

/* An earlier copy may have brought links that lead anywhere on the host: none is followed. */
static int copy_out(const struct transfer_request *request, int root_fd, struct warden_error *err)
{
	const struct copy_request copy = {
		.source = {root_fd, request->path, COPY_LINKS_IN_ROOT, {.set = false}},
		.target = {AT_FDCWD, request->host_path, COPY_LINKS_REFUSE, request->client},
		.owner = request->owner,
		.strip_privileges = true,
		.progress = &progress,
		.warn = note,
	};

	return copy_tree(&copy, err);
}

static int (*const kinds[])(const struct transfer_request *request, int root_fd,
			    struct warden_error *err) = {
	[WARDEN_COPY_IN] = copy_in,
	[WARDEN_COPY_OUT] = copy_out,
};

static int run(int root_fd, struct warden_error *err)
{
	static struct transfer_request request;
	ssize_t came = message_receive(connection, &request, sizeof(request), NULL, 0);

	if (came != sizeof(request))
		return warden_error_set(err, "no request came");
	if (heed_connection(err) < 0)
		return -1;
	return kinds[request.kind](&request, root_fd, err);
}

void transfer_child_run(int socket, int root_fd)
{
	static struct transfer_reply reply;

	prctl(PR_SET_NAME, "warden-transfer"); /* for ps alone */
	signal(SIGPIPE, SIG_IGN);
	connection = socket;
	reply.event = run(root_fd, &reply.error) == 0 ? TRANSFER_DONE : TRANSFER_FAILED;
	message_send(socket, &reply, sizeof(reply), NULL, 0); /* nobody else could be told */
	_exit(0);
}
