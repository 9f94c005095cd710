/* SPDX-License-Identifier: Apache-2.0 */
/* Moves a job's output from its pipe to its file; see output_store.h. */
#include <config.h>

#include "core/job/output_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/job/job.h"
#include "core/job/output_syslog.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/journal.h"
#include "lib/cleanup.h"
#include "lib/clock.h"

enum {
	TURN = 4 << 20, /* bytes per run of a worker, so that other work has its turn */
	CALL = 1 << 16, /* bytes per call, which keeps the job from writing to its pipe */
	FLOW = 65536, /* bytes of a run that are taken for much output: a pipe of the usual size */
	STAY_MS = 2,  /* length of a run that waits for more output, if much came */
	FILLING_US = 100,
	LARGE_PIPE = 1 << 20,
	LARGE_PIPES = 64, /* of a container, as many as the kernel lets an unprivileged user have */
	EXCESS = 65536,   /* bytes read over the limit, to detect that it is exceeded */
	RETRY_MS = 20,    /* until a store is tried again for which a resource was missing */
	PUNCH = 1 << 18,  /* bytes per hole: a call per run would cost more */
};

/* The name of a job's file for a stream, below the container's directory. */
#define OUTPUT_STORE_FILE "jobs/%u.%s"

static void output_store_watch(struct output_store *store);

const char *output_store_name(int index)
{
	return index == STORE_STDOUT ? "stdout" : "stderr";
}

static void output_store_file_name(const struct output_store *store, char *name, size_t size)
{
	snprintf(name, size, OUTPUT_STORE_FILE, store->job->id, output_store_name(store->index));
}

void output_store_init(struct output_store *store, struct job *job, int index)
{
	*store = (struct output_store){.job = job, .index = index, .pipe_fd = -1, .file_fd = -1};
}

static void output_store_free_poll(uv_handle_t *handle)
{
	free(handle);
}

void output_store_close(struct output_store *store)
{
	if (store->poll)
		uv_close((uv_handle_t *)store->poll, output_store_free_poll);
	store->poll = NULL;
	if (store->large)
		store->job->container->large_pipes--;
	store->large = false;
	if (store->pipe_fd >= 0)
		close(store->pipe_fd);
	if (store->file_fd >= 0)
		close(store->file_fd);
	store->pipe_fd = store->file_fd = -1;
}

/* Output is neither stored nor logged. */
static bool output_store_is_unused(const struct job *job)
{
	return job->discard && !job->log_tag;
}

/* All output is kept; at the limit the job is killed. */
static bool output_store_is_bounded(const struct job *job)
{
	return job->output_policy == OUTPUT_KILL && !job->discard;
}

/* The sizes of the beginning and the end that stay in the file. */
static void output_store_kept_sizes(const struct job *job, uint64_t *head, uint64_t *tail)
{
	*head = job->output_policy == OUTPUT_HEAD_TAIL && !job->discard ? job->output_limit / 2 : 0;
	/* Discarded output is logged first; half a line may still be needed. */
	*tail = job->discard ? EXCESS : job->output_limit - *head;
}

void output_store_kept(const struct output_store *store, struct store_range ranges[2])
{
	uint64_t head, tail;

	ranges[0] = (struct store_range){0, store->size};
	ranges[1] = (struct store_range){store->size, 0};
	if (output_store_is_bounded(store->job))
		return;
	if (store->job->discard) {
		ranges[0].length = 0;
		return;
	}
	output_store_kept_sizes(store->job, &head, &tail);
	if (store->size > head + tail) {
		ranges[0].length = head;
		ranges[1] = (struct store_range){store->size - tail, tail};
	}
}

bool output_store_next(const struct output_store *store, uint64_t from, struct store_range *range)
{
	struct store_range ranges[2];

	output_store_kept(store, ranges);
	for (int i = 0; i < 2; i++) {
		uint64_t end = ranges[i].offset + ranges[i].length;

		if (from >= end)
			continue;
		range->offset = from > ranges[i].offset ? from : ranges[i].offset;
		range->length = end - range->offset;
		return true;
	}
	return false;
}

uint64_t output_store_dropped(const struct output_store *store)
{
	struct store_range ranges[2];

	output_store_kept(store, ranges);
	return store->size - ranges[0].length - ranges[1].length;
}

/* Any thread. Opens /dev/null if output is not stored. */
static int output_store_open_file(struct output_store *store)
{
	int dir_fd = store->job->container->dir_fd;
	char name[48];

	if (store->file_fd >= 0)
		return 0;
	if (output_store_is_unused(store->job)) {
		store->file_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		return store->file_fd < 0 ? -1 : 0;
	}
	if (mkdirat(dir_fd, "jobs", 0700) < 0 && errno != EEXIST)
		return -1;
	output_store_file_name(store, name, sizeof(name));
	store->file_fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (store->file_fd < 0)
		return -1;
	/* Not O_APPEND, which splice(2) refuses. */
	return lseek(store->file_fd, 0, SEEK_END) < 0 ? -1 : 0;
}

/* Worker thread: frees the blocks of dropped output. */
static int output_store_punch_hole(struct output_store *store, uint64_t size)
{
	uint64_t head, tail, from;

	if (output_store_is_unused(store->job) || output_store_is_bounded(store->job))
		return 0;
	output_store_kept_sizes(store->job, &head, &tail);
	from = store->punched > head ? store->punched : head;
	if (size < tail || size - tail < from + PUNCH)
		return 0;
	if (fallocate(store->file_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		      (off_t)(size - tail - from)) < 0)
		return -1;
	store->punched = size - tail;
	return 0;
}

/* Worker thread. The output stays in the pipe while the daemon has no memory or descriptor for it:
 * the next run tries again, after a pause, since the pipe is readable all the time. */
static void output_store_note_error(struct output_store *store, int number)
{
	if (number == EMFILE || number == ENFILE || number == ENOMEM)
		poll(NULL, 0, RETRY_MS);
	else
		store->number = number;
}

/* Worker thread. After much output more is likely to come soon: waiting for it here is cheaper than
 * a turn of the loop for each filling of the pipe. A large pipe gets time to fill, so that a job
 * which writes little at a time does not wake this thread each time. */
static bool output_store_more_comes(const struct output_store *store, uint64_t sum, uint64_t end_us)
{
	const struct timespec filling = {.tv_nsec = FILLING_US * 1000};
	struct pollfd state = {.fd = store->pipe_fd, .events = POLLIN};

	if (sum < FLOW || clock_monotonic_us() >= end_us ||
	    workers_are_wanted(store->job->container->server->output_workers))
		return false;
	if (store->roomy)
		nanosleep(&filling, NULL); /* a signal may shorten it */
	return poll(&state, 1, STAY_MS) == 1;
}

/* Worker thread. One call; the pipe's O_NONBLOCK may be shared with the container. */
static ssize_t output_store_splice(const struct output_store *store, uint64_t sum)
{
	uint64_t left = store->most - sum;

	return splice(store->pipe_fd, NULL, store->file_fd, NULL, left < CALL ? (size_t)left : CALL,
		      SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

/* Worker thread. */
static void output_store_splice_run(struct work *work)
{
	struct output_store *store = work->data;
	const uint64_t end_us = clock_monotonic_us() + STAY_MS * 1000;
	uint64_t sum = 0;
	ssize_t got;
	int number;

	store->number = 0;
	store->taken = -1;
	if (output_store_open_file(store) < 0) {
		output_store_note_error(store, errno);
		return;
	}
	/* If it fails, for example since the daemon is not root and its user has too many, the pipe
	 * keeps its size. */
	if (store->enlarge)
		store->roomy = fcntl(store->pipe_fd, F_SETPIPE_SZ, LARGE_PIPE) >= LARGE_PIPE;
	store->enlarge = false;
	do {
		got = output_store_splice(store, sum);
		number = got < 0 ? errno : 0;
		if (got > 0)
			sum += (uint64_t)got;
	} while (sum < store->most &&
		 (got > 0 || number == EINTR ||
		  (number == EAGAIN && output_store_more_comes(store, sum, end_us))));
	if (number != 0 && number != EAGAIN)
		output_store_note_error(store, number);
	store->taken = (sum > 0 || got < 0) ? (ssize_t)sum : 0;
	if (sum == 0 && got < 0)
		store->taken = -1; /* no data, but not the end either */
	if (store->job->log_tag)
		output_syslog_send(store, store->size + sum, got == 0);
	if (output_store_punch_hole(store, store->size + sum) < 0)
		store->number = errno;
}

/* Marks the job. The caller must call job_step, which sends the kill and may free the job. */
static void output_store_kill_job(struct job *job)
{
	struct container *c = job->container;

	if (job->over_limit)
		return;
	job->over_limit = true;
	job_log_put(job);
	container_save_jobs(c);
	container_event(c, "command exceeded maximum output");
	journal_job(job, WARDEN__EVENTS_RESPONSE__KIND__LIMIT_REACHED, "output");
}

static const char *const store_events[] = {
	"output cannot be stored: No space left on device",
	"output cannot be stored: Disk quota exceeded",
	"output cannot be stored",
};

const char *output_store_event(int number)
{
	if (number == ENOSPC)
		return store_events[0];
	return store_events[number == EDQUOT ? 1 : 2];
}

const char *output_store_known_event(const char *text)
{
	for (size_t i = 0; i < sizeof(store_events) / sizeof(store_events[0]); i++)
		if (strcmp(store_events[i], text) == 0)
			return store_events[i];
	return NULL;
}

void output_store_explain(struct job *job)
{
	struct warden_job_end *end = &job->end;

	if (job->ended && job->store_error != 0 && !*end->start_error)
		snprintf(end->start_error, sizeof(end->start_error),
			 "its output cannot be stored: %s", strerror(job->store_error));
}

/* Output cannot be stored, for example on a full disk: kills the job, since its output would be
 * incomplete. */
static void output_store_fail(struct output_store *store)
{
	struct job *job = store->job;

	log_write_limited(&job->container->log_limit, job->container->id, WARDEN_LOG_ERROR,
			  "job %u: store its %s: %s", job->id, output_store_name(store->index),
			  strerror(store->number));
	if (!job->over_limit) {
		job->over_limit = true;
		job->store_error = store->number;
		output_store_explain(job);
		container_event(job->container, output_store_event(store->number));
	}
	output_store_close(store);
	job_step(job);
}

/* A job with much output needs fewer turns with a large pipe. What is in it counts against the
 * memory of the container. */
static void output_store_enlarge_pipe(struct output_store *store)
{
	struct container *c = store->job->container;

	if (store->large || store->taken < FLOW || c->large_pipes >= LARGE_PIPES)
		return;
	c->large_pipes++;
	store->large = store->enlarge = true;
}

static void output_store_splice_done(struct work *work)
{
	struct output_store *store = work->data;
	struct job *job = store->job;

	store->working = false;
	if (store->taken > 0 && !output_store_is_unused(job))
		store->size += (uint64_t)store->taken;
	if (store->number != 0) {
		output_store_fail(store);
		return;
	}
	output_store_enlarge_pipe(store);
	if (store->taken == 0)
		output_store_close(store);
	else
		output_store_watch(store);
	if (output_store_is_bounded(job) &&
	    job->stores[STORE_STDOUT].size + job->stores[STORE_STDERR].size > job->output_limit)
		output_store_kill_job(job);
	job_step(job);
}

/* The number of bytes to read, so that both stores together stay within limit and excess: half of
 * the room that remains beside what the other store is reading. */
static uint64_t output_store_share_of_room(const struct output_store *store)
{
	const struct job *job = store->job;
	const struct output_store *other = &job->stores[1 - store->index];
	uint64_t room = job->output_limit + EXCESS;
	uint64_t taken = store->size + other->size + (other->working ? other->most : 0);
	uint64_t share = taken < room ? (room - taken + 1) / 2 : 0;

	return !output_store_is_bounded(job) || share > TURN ? TURN : share;
}

static void output_store_start_worker(struct output_store *store)
{
	const struct job *job = store->job;

	if (job->over_limit) {
		/* The job is being killed; more output would only grow the file. */
		output_store_close(store);
		job_step(store->job);
		return;
	}
	store->most = output_store_share_of_room(store);
	if (store->most == 0) {
		output_store_watch(store); /* the other store uses all room at the moment */
		return;
	}
	store->working = true;
	store->work = (struct work){
		.data = store, .run = output_store_splice_run, .done = output_store_splice_done};
	workers_queue(job->container->server->output_workers, &store->work);
}

static void output_store_on_readable(uv_poll_t *poll_handle, int status, int events)
{
	struct output_store *store = poll_handle->data;
	int bytes = 1;

	(void)events;
	uv_poll_stop(poll_handle); /* cannot fail for an open handle */
	if (store->job->container->server->stopped)
		return;
	/* An empty pipe at its end needs no worker, unless half a line may remain for syslog. */
	if (status == 0 && !store->job->log_tag && ioctl(store->pipe_fd, FIONREAD, &bytes) == 0 &&
	    bytes == 0) {
		struct pollfd state = {.fd = store->pipe_fd, .events = POLLIN};

		if (poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLIN)) == POLLHUP) {
			output_store_close(store);
			job_step(store->job);
			return;
		}
	}
	output_store_start_worker(store);
}

/* After the daemon has stopped, output stays in the pipe for the next one. */
static void output_store_watch(struct output_store *store)
{
	if (store->job->container->server->stopped)
		return;
	uv_poll_start(store->poll, UV_READABLE | UV_DISCONNECT, output_store_on_readable);
}

void output_store_read(struct output_store *store, int pipe_fd)
{
	if (pipe_fd < 0)
		return;
	store->pipe_fd = pipe_fd;
	store->poll = malloc(sizeof(*store->poll));
	if (!store->poll ||
	    uv_poll_init(&store->job->container->server->loop, store->poll, pipe_fd) < 0) {
		free(store->poll);
		store->poll = NULL;
		store->number = ENOMEM;
		output_store_fail(store);
		return;
	}
	store->poll->data = store;
	output_store_watch(store);
}

int output_store_open(const struct output_store *store)
{
	char name[48];

	output_store_file_name(store, name, sizeof(name));
	return openat(store->job->container->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

void output_store_restore(struct output_store *store)
{
	struct stat status;
	char name[48];

	output_store_file_name(store, name, sizeof(name));
	if (fstatat(store->job->container->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(status.st_mode))
		store->size = (uint64_t)status.st_size;
}

void output_store_remove_strays(const struct container *c)
{
	int fd = openat(c->dir_fd, "jobs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd); /* they go with the container */
	while (dir && (entry = readdir(dir))) {
		char *end;
		unsigned long id = strtoul(entry->d_name, &end, 10);

		if (*end == '.' && end > entry->d_name && !job_find(c, (uint32_t)id))
			unlinkat(fd, entry->d_name, 0); /* likewise */
	}
}

void output_store_unlink(int dir_fd, const struct job_files *files)
{
	char name[48];

	for (int index = 0; index < STORES; index++) {
		snprintf(name, sizeof(name), OUTPUT_STORE_FILE, files->job_id,
			 output_store_name(index));
		if (files->written[index])
			unlinkat(dir_fd, name, 0); /* at the latest removed with the container */
		if (files->logged)
			output_syslog_unlink(dir_fd, files->job_id, index);
	}
}
