/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log; see log.h. A line is formatted on the caller's stack and written by one system
 * call, so lines of several threads do not mix and no lock is needed, which a fork could leave
 * locked. */
#include <config.h>

#include "core/log.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/config/config.h"
#include "core/syslog.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define LINE_SIZE 4096

/* Name and syslog priority of each level. */
static const struct {
	const char *name;
	int priority;
} levels[] = {
	[WARDEN_LOG_FATAL] = {"fatal", LOG_CRIT},    [WARDEN_LOG_ERROR] = {"error", LOG_ERR},
	[WARDEN_LOG_WARN] = {"warn", LOG_WARNING},   [WARDEN_LOG_INFO] = {"info", LOG_INFO},
	[WARDEN_LOG_DEBUG] = {"debug", LOG_DEBUG},   [WARDEN_LOG_DEBUG1] = {"debug1", LOG_DEBUG},
	[WARDEN_LOG_DEBUG2] = {"debug2", LOG_DEBUG},
};

/* The target of lines. Only log_open and log_close change it, while there is one thread, except the
 * level; reopening a file keeps its descriptor's number. */
static struct {
	atomic_int level;
	int fd, audit_fd; /* of the files; -1: none */
	char *path, *audit_path;
	struct syslog_client *syslog;
	char *tag; /* for syslog: IDENT[PID] */
} target = {.level = WARDEN_LOG_INFO, .fd = -1, .audit_fd = -1};

const char *log_level_name(enum warden_log_level level)
{
	return levels[level].name;
}

int log_level_parse(const char *name)
{
	if (strcmp(name, "off") == 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(name, levels[i].name) == 0)
			return (int)i;
	return -2;
}

/* O_NONBLOCK: a FIFO without a reader, or one that does not read, must not block the daemon. */
static int log_open_file(const char *path, struct warden_error *err)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0640);

	if (fd < 0)
		warden_error_errno(err, "open log file %s", path);
	return fd;
}

/* Fills `*syslog` and `*tag` from the configuration. */
static int log_open_syslog(const struct config *config, struct syslog_client **client, char **tag,
			   struct warden_error *err)
{
	*client = syslog_client_new(config->server.syslog_socket, err);
	if (!*client)
		return -1;
	if (asprintf(tag, "%s[%d]", config->logging.syslog, (int)getpid()) < 0) {
		*tag = NULL;
		syslog_client_free(*client);
		return warden_error_errno(err, "format the syslog tag");
	}
	return 0;
}

/* Opens a file that may be NULL, and keeps its path. */
static int log_open_configured(const char *configured, char **path, int *fd,
			       struct warden_error *err)
{
	if (!configured)
		return 0;
	*path = strdup(configured);
	if (!*path)
		return warden_error_errno(err, "open log file %s", configured);
	*fd = log_open_file(*path, err);
	return *fd < 0 ? -1 : 0;
}

int log_open(const struct config *config, struct warden_error *err)
{
	_cleanup_close_ int fd = -1, audit_fd = -1;
	_cleanup_free_ char *path = NULL, *audit_path = NULL, *tag = NULL;
	struct syslog_client *client = NULL;

	if (log_open_configured(config->logging.file, &path, &fd, err) < 0 ||
	    log_open_configured(config->logging.audit_file, &audit_path, &audit_fd, err) < 0)
		return -1;
	if (config->logging.syslog && log_open_syslog(config, &client, &tag, err) < 0)
		return -1;
	log_close();
	target.fd = take_fd(&fd);
	target.path = take_pointer(path);
	target.audit_fd = take_fd(&audit_fd);
	target.audit_path = take_pointer(audit_path);
	target.syslog = client;
	target.tag = take_pointer(tag);
	atomic_store(&target.level, config->logging.level);
	return 0;
}

void log_set_level(int level)
{
	atomic_store(&target.level, level);
}

static int log_reopen_file(const char *path, int old, struct warden_error *err)
{
	_cleanup_close_ int fd = -1;

	if (old < 0)
		return 0;
	fd = log_open_file(path, err);
	if (fd < 0)
		return -1;
	/* Atomic: a thread that writes meanwhile writes to the old file or the new one. */
	if (dup3(fd, old, O_CLOEXEC) < 0)
		return warden_error_errno(err, "open log file %s", path);
	return 0;
}

int log_reopen(struct warden_error *err)
{
	struct warden_error ignored;
	int result = log_reopen_file(target.path, target.fd, err);

	/* Both are tried; the first error is reported. */
	if (log_reopen_file(target.audit_path, target.audit_fd, result < 0 ? &ignored : err) < 0)
		result = -1;
	return result;
}

void log_close(void)
{
	if (target.fd >= 0)
		close(target.fd); /* each line was handed to the kernel when it was written */
	target.fd = -1;
	free(target.path);
	target.path = NULL;
	if (target.audit_fd >= 0)
		close(target.audit_fd); /* likewise */
	target.audit_fd = -1;
	free(target.audit_path);
	target.audit_path = NULL;
	syslog_client_free(target.syslog);
	target.syslog = NULL;
	free(target.tag);
	target.tag = NULL;
}

bool log_enabled(enum warden_log_level level)
{
	return (int)level <= atomic_load_explicit(&target.level, memory_order_relaxed);
}

size_t log_format_header(char *out, size_t size, const char *level)
{
	struct timespec now = {0};
	struct tm tm = {.tm_mday = 1};
	int length;

	clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	gmtime_r(&now.tv_sec, &tm);
	length = snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %s ", tm.tm_year + 1900,
			  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			  now.tv_nsec / 1000, level);
	return (size_t)length < size ? (size_t)length : size - 1;
}

/* Writes a line; false on failure. After a partial write it writes the rest, so that the next line
 * starts on a new line. */
static bool log_write_line(int fd, const char *line, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, line, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		line += written;
		length -= (size_t)written;
	}
	return true;
}

/* Sends the texts of lines that all have a header of this length. False: syslog takes none. */
static bool log_send_audit(const char *lines, size_t length, size_t header)
{
	const char *end;
	bool done = false;

	for (; (end = memchr(lines, '\n', length));
	     length -= (size_t)(end + 1 - lines), lines = end + 1)
		done |= syslog_client_send(target.syslog, LOG_DAEMON | LOG_NOTICE, target.tag,
					   lines + header, (size_t)(end - lines) - header) == 0;
	return done;
}

void log_write_audit(const char *lines, size_t length)
{
	char header[64];
	bool done = false;

	if (target.audit_fd >= 0) {
		done = log_write_line(target.audit_fd, lines, length);
	} else {
		if (target.fd >= 0)
			done = log_write_line(target.fd, lines, length);
		if (target.syslog)
			done |= log_send_audit(lines, length,
					       log_format_header(header, sizeof(header), "audit"));
	}
	if (!done)
		(void)log_write_line(STDERR_FILENO, lines, length); /* no other target is left */
}

/* Writes a line to its targets, to stderr if all fail. `line` ends in a newline; the text begins at
 * offset `text`. */
static void log_deliver(enum warden_log_level level, const char *line, size_t length, size_t text)
{
	bool done = false;

	if (target.fd >= 0)
		done = log_write_line(target.fd, line, length);
	if (target.syslog)
		done |= syslog_client_send(target.syslog, LOG_DAEMON | levels[level].priority,
					   target.tag, line + text, length - text - 1) == 0;
	if (!done)
		(void)log_write_line(STDERR_FILENO, line, length); /* no other target is left */
}

/* Formats subject and text without escapes. Returns the length; a text that does not fit is cut
 * between two characters. */
static size_t __attribute__((format(printf, 4, 0)))
log_format_text(char *out, size_t size, const char *subject, const char *format, va_list args)
{
	int head = subject ? snprintf(out, size, "%s: ", subject) : 0;
	int body;
	size_t length;

	if (head < 0 || (size_t)head >= size)
		head = 0;
	body = vsnprintf(out + head, size - (size_t)head, format, args);
	if (body < 0)
		return (size_t)head;
	length = (size_t)head + (size_t)body;
	if (length < size)
		return length;
	length = size - 1;
	while (length > 0 && ((unsigned char)out[length - 1] & 0xc0) == 0x80)
		length--;
	return length > 0 && (unsigned char)out[length - 1] >= 0xc0 ? length - 1 : length;
}

void log_vwrite(enum warden_log_level level, const char *subject, const char *format, va_list args)
{
	int saved = errno;
	char raw[LINE_SIZE], line[LINE_SIZE + 1];
	size_t header, length;

	if (!log_enabled(level))
		return;
	header = log_format_header(line, LINE_SIZE / 2, levels[level].name);
	length = log_format_text(raw, sizeof(raw), subject, format, args);
	length = header + text_escape(line + header, LINE_SIZE - header, raw, length);
	line[length++] = '\n';
	log_deliver(level, line, length, header);
	errno = saved;
}

void log_write(enum warden_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vwrite(level, NULL, format, args);
	va_end(args);
}

void log_write_raw(const char *line, size_t length)
{
	if (target.fd >= 0)
		(void)log_write_line(target.fd, line, length); /* stderr has it too */
	(void)log_write_line(STDERR_FILENO, line, length);     /* no other target is left */
}
