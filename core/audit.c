/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log; see audit.h. */
#include <config.h>

#include "core/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "lib/text.h"

enum {
	AUDIT_TEXT = 512, /* longest handle and result in a line; a longer one is cut */
	AUDIT_LINE = 6 * AUDIT_TEXT,
	AUDIT_LOST = 128, /* longest line that says how many are lost */
};

struct audit {
	uv_work_t work;
	uv_loop_t *loop;
	void (*write)(const char *lines, size_t length);
	bool busy;             /* the worker has `written` */
	char *added, *written; /* each AUDIT_BUFFER bytes */
	size_t added_length, written_length;
	uint64_t lost; /* lines that did not fit since the last that did */
};

struct audit *audit_new(uv_loop_t *loop, void (*write)(const char *lines, size_t length))
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return NULL;
	audit->work.data = audit;
	audit->loop = loop;
	audit->write = write;
	audit->added = malloc(AUDIT_BUFFER);
	audit->written = malloc(AUDIT_BUFFER);
	if (audit->added && audit->written)
		return audit;
	audit_free(audit);
	return NULL;
}

static void audit_on_worker(uv_work_t *work)
{
	struct audit *audit = work->data;

	audit->write(audit->written, audit->written_length);
}

static void audit_hand_over(struct audit *audit);

static void audit_after_worker(uv_work_t *work, int status)
{
	struct audit *audit = work->data;

	(void)status; /* it is never cancelled */
	audit->busy = false;
	audit_hand_over(audit);
}

/* Swaps the buffers and lets a worker write. */
static void audit_hand_over(struct audit *audit)
{
	char *empty = audit->written;

	if (audit->busy || audit->added_length == 0)
		return;
	audit->written = audit->added;
	audit->written_length = audit->added_length;
	audit->added = empty;
	audit->added_length = 0;
	audit->busy = true;
	if (uv_queue_work(audit->loop, &audit->work, audit_on_worker, audit_after_worker) < 0)
		abort(); /* fails only without a callback */
}

static void audit_append(struct audit *audit, const char *line, size_t length)
{
	memcpy(audit->added + audit->added_length, line, length);
	audit->added_length += length;
}

/* Says how many lines are missing here; there is always room for this. */
static void audit_append_lost(struct audit *audit)
{
	char line[AUDIT_LOST];
	size_t length;

	if (audit->lost == 0)
		return;
	length = log_format_header(line, sizeof(line), "audit");
	length += (size_t)snprintf(line + length, sizeof(line) - length, "lost=%" PRIu64 "\n",
				   audit->lost);
	audit_append(audit, line, length);
	audit->lost = 0;
}

/* ` NAME="TEXT"`, with the text escaped, so that it cannot end before its end. */
static size_t audit_format_text(char *out, const char *name, const char *text, size_t length)
{
	char escaped[AUDIT_TEXT];
	char *at = out + sprintf(out, " %s=\"", name);

	text_escape(escaped, sizeof(escaped), text, length);
	for (const char *from = escaped; *from; from++) {
		if (*from == '"')
			*at++ = '\\';
		*at++ = *from;
	}
	*at++ = '"';
	return (size_t)(at - out);
}

void audit_add(struct audit *audit, const struct audit_entry *entry)
{
	char line[AUDIT_LINE];
	size_t length;

	if (!audit)
		return;
	length = log_format_header(line, sizeof(line), "audit");
	length += (size_t)snprintf(line + length, sizeof(line) - length, "uid=%u pid=%d request=%s",
				   (unsigned)entry->uid, (int)entry->pid, entry->request);
	length += audit_format_text(line + length, "handle", entry->handle, entry->handle_length);
	length += audit_format_text(line + length, "result", entry->result, strlen(entry->result));
	line[length++] = '\n';
	/* Twice: before this line, and at the end. */
	if (AUDIT_BUFFER - audit->added_length < length + 2 * AUDIT_LOST) {
		audit->lost++;
		return;
	}
	audit_append_lost(audit);
	audit_append(audit, line, length);
	audit_hand_over(audit);
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	if (audit->added && audit->written)
		audit_append_lost(audit);
	if (audit->added_length > 0)
		audit->write(audit->added, audit->added_length);
	free(audit->added);
	free(audit->written);
	free(audit);
}
