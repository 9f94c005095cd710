/* SPDX-License-Identifier: Apache-2.0 */
/* Sends output lines to syslog; see output_syslog.h. */
#include <config.h>

#include "core/job/output_syslog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/job/job.h"
#include "core/log.h"
#include "core/server.h"
#include "core/syslog.h"
#include "lib/cleanup.h"

enum {
	LINE_MAX_BYTES = 8192,
	TRIES = 100, /* of a millisecond each */
};

#define OUTPUT_SYSLOG_FILE "jobs/%u.%s.logged"

static void output_syslog_file_name(const struct output_store *store, char *name, size_t size)
{
	snprintf(name, size, OUTPUT_SYSLOG_FILE, store->job->id, output_store_name(store->index));
}

/* Retries while syslog's queue is full. False: syslog does not accept the line. */
static bool output_syslog_send_line(const struct output_store *store, const char *text,
				    size_t length)
{
	const struct job *job = store->job;
	const struct timespec pause = {.tv_nsec = 1000000};
	int level = store->index == STORE_STDOUT ? LOG_INFO : LOG_ERR;
	char tag[128];

	snprintf(tag, sizeof(tag), "warden.%s", job->log_tag);
	for (int i = 0; i < TRIES; i++) {
		if (syslog_client_send(job->container->server->syslog, LOG_USER | level, tag, text,
				       length) == 0)
			return true;
		if (errno != EAGAIN && errno != ENOBUFS)
			break;
		nanosleep(&pause, NULL); /* a short sleep does no harm */
	}
	log_write_limited(&job->container->log_limit, job->container->id, WARDEN_LOG_WARN,
			  "job %u: syslog does not take its lines: %s", job->id, strerror(errno));
	return false;
}

/* The length of the first line including its newline; 0: it is incomplete. */
static size_t output_syslog_line_length(const char *text, size_t length, bool at_end)
{
	const char *end = memchr(text, '\n', length);

	if (end)
		return (size_t)(end - text) + 1;
	return at_end || length == LINE_MAX_BYTES ? length : 0;
}

static void output_syslog_store_position(const struct output_store *store)
{
	char name[48];
	_cleanup_close_ int fd = -1;

	output_syslog_file_name(store, name, sizeof(name));
	fd = openat(store->job->container->dir_fd, name,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, &store->logged, sizeof(store->logged), 0) < 0)
		log_write(WARDEN_LOG_WARN, "%s: write %s: %s", store->job->container->id, name,
			  strerror(errno));
}

void output_syslog_send(struct output_store *store, uint64_t size, bool at_end)
{
	uint64_t before = store->logged;
	char text[LINE_MAX_BYTES];
	bool taken = true;

	while (store->logged < size) {
		size_t most = size - store->logged < sizeof(text) ? (size_t)(size - store->logged)
								  : sizeof(text);
		ssize_t got = pread(store->file_fd, text, most, (off_t)store->logged);
		size_t length = got > 0 ? output_syslog_line_length(text, (size_t)got, at_end) : 0;

		if (length == 0)
			break;
		/* A line that syslog does not accept is skipped, so that the job is not blocked. */
		taken = taken &&
			output_syslog_send_line(store, text, length - (text[length - 1] == '\n'));
		store->logged += length;
	}
	if (store->logged != before)
		output_syslog_store_position(store);
}

void output_syslog_restore(struct output_store *store)
{
	char name[48];
	_cleanup_close_ int fd = -1;
	uint64_t logged;

	output_syslog_file_name(store, name, sizeof(name));
	fd = openat(store->job->container->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && pread(fd, &logged, sizeof(logged), 0) == sizeof(logged) &&
	    logged <= store->size)
		store->logged = logged;
}

void output_syslog_unlink(int dir_fd, uint32_t job_id, int index)
{
	char name[48];

	snprintf(name, sizeof(name), OUTPUT_SYSLOG_FILE, job_id, output_store_name(index));
	unlinkat(dir_fd, name, 0); /* at the latest removed with the container */
}
