/* SPDX-License-Identifier: Apache-2.0 */
/* Reports changes in a directory or of a file by inotify(7) until the watched path is gone; see
 * file_ops.h. */
#include <config.h>

#include "backends/files/file_ops.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

#define WATCHED                                                                                    \
	(IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB |             \
	 IN_DELETE_SELF | IN_MOVE_SELF)

/* The pause after each event, made once for all that were read together: a container that causes
 * changes without end loads the daemon with 25,000 a second at most. The kernel merges equal
 * changes meanwhile, and drops those beyond its limit, which is reported. */
enum { EVENT_PAUSE_US = 40 };

static const struct {
	uint32_t mask;
	enum warden_change_kind kind;
} changes[] = {
	{IN_CREATE | IN_MOVED_TO, WARDEN_CHANGE_CREATED},
	{IN_MODIFY, WARDEN_CHANGE_MODIFIED},
	{IN_DELETE | IN_MOVED_FROM, WARDEN_CHANGE_REMOVED},
	{IN_ATTRIB, WARDEN_CHANGE_ATTRIBUTES},
	{IN_Q_OVERFLOW, WARDEN_CHANGE_MISSED},
};

static int inotify_watch_fail(struct copy_state *copy, const char *what)
{
	copy_failed_source(copy, what, NULL);
	return -1;
}

/* Makes an instance that is charged to the container's root: the limit of host root is low. -1 with
 * errno. */
static int inotify_watch_make_instance(const struct copy_guard *guard)
{
	int fd, saved;

	if (guard->set && seteuid(guard->root.uid) < 0)
		return -1;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	saved = errno;
	if (guard->set && seteuid(0) < 0)
		return -1;
	errno = saved;
	return fd;
}

/* Adds a watch. The file must not stay open, or its removal would not be reported. -1 with errno.
 */
static int inotify_watch_add(struct copy_state *copy, int instance)
{
	const struct copy_side *side = &copy->request->source;
	_cleanup_close_ int fd = copy_source_open(copy, side->path, O_RDONLY);
	char path[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || copy_guard_check(side, fd, &st) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(instance, path, WATCHED) < 0 ? -1 : 0;
}

/* Reports a change; an empty name is that of the watched path itself. -1 with errno. */
static int inotify_watch_report_change(file_change_fn *report, enum warden_change_kind kind,
				       const char *name)
{
	const struct warden_file_change change = {
		.size = sizeof(change), .kind = kind, .name = *name ? name : NULL};

	return report(&change);
}

/* Whether an event is about a file without a name (O_TMPFILE, as a copy begins), which inotify
 * reports as '#' and its inode number. Such events are dropped. A real file may have such a name,
 * so check the directory. */
static bool inotify_watch_is_nameless(struct copy_state *copy, const struct inotify_event *event)
{
	const char *name = event->len > 0 ? event->name : "";
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!(event->mask & (IN_MODIFY | IN_ATTRIB)) || *name != '#' || !name[1] ||
	    name[1 + strspn(name + 1, "0123456789")])
		return false;
	fd = copy_source_open(copy, copy->request->source.path, O_PATH | O_DIRECTORY);
	return fd >= 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Returns 1 if the watched path is gone, 0, or -1 with errno. */
static int inotify_watch_report_event(struct copy_state *copy, file_change_fn *report,
				      const struct inotify_event *event)
{
	if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
		return 1;
	if (inotify_watch_is_nameless(copy, event))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if ((event->mask & changes[i].mask) &&
		    inotify_watch_report_change(report, changes[i].kind,
						event->len > 0 ? event->name : "") < 0)
			return -1;
	return 0;
}

/* A signal ends the pause early; the caller checks for a cancel. */
static void inotify_watch_pause(unsigned n_events)
{
	const struct timespec pause = {.tv_nsec = 1000L * EVENT_PAUSE_US * n_events};

	nanosleep(&pause, NULL);
}

static int inotify_watch_report_events(struct copy_state *copy, int instance,
				       file_change_fn *report)
{
	unsigned n_events = 0;
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t size = read(instance, buffer, sizeof(buffer));
	int result = 0;

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	for (ssize_t at = 0; at < size && result == 0;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		result = inotify_watch_report_event(copy, report, event);
		at += (ssize_t)sizeof(*event) + event->len;
		n_events++;
	}
	inotify_watch_pause(n_events);
	return result;
}

/* SIGIO reports that the client is gone or that the watch is cancelled. It is blocked between the
 * check and the wait, so that the wait does not miss it. While changes are reported it is not: a
 * send that misses it is ended by SIGALRM, as any other operation of a transfer. */
static int inotify_watch_wait(struct copy_state *copy, int instance, file_change_fn *report)
{
	struct pollfd poll_fd = {.fd = instance, .events = POLLIN};
	sigset_t none, io;
	int result;

	sigemptyset(&none);
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	result = inotify_watch_report_change(report, WARDEN_CHANGE_WATCHING, "");
	while (result == 0) {
		sigprocmask(SIG_BLOCK, &io, NULL);
		if (copy_is_cancelled(copy)) {
			errno = ECANCELED;
			return -1;
		}
		if (ppoll(&poll_fd, 1, NULL, &none) < 0 && errno != EINTR)
			return -1;
		sigprocmask(SIG_UNBLOCK, &io, NULL);
		result = inotify_watch_report_events(copy, instance, report);
	}
	return result < 0 ? -1 : 0;
}

static int inotify_watch_run(struct copy_state *copy, void *data)
{
	_cleanup_close_ int instance = inotify_watch_make_instance(&copy->request->source.guard);

	if (instance < 0)
		return inotify_watch_fail(copy, "make an inotify instance for");
	if (copy_as_source(copy) < 0)
		return -1;
	if (inotify_watch_add(copy, instance) < 0)
		return inotify_watch_fail(copy, "watch");
	if (inotify_watch_wait(copy, instance, *(file_change_fn *const *)data) < 0)
		return inotify_watch_fail(copy, "watch");
	return 0;
}

int file_watch(const struct copy_request *request, file_change_fn *report, struct warden_error *err)
{
	return copy_run(request, inotify_watch_run, &report, err);
}
