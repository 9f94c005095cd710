/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for people. Scripts read --json. */
#include <config.h>

#include "client/command.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void print_line(const struct warden_message *answer, const char *field, size_t index)
{
	size_t length;
	const char *bytes = warden_message_bytes(answer, field, index, &length);

	text_safe(stdout, bytes, length, false);
	putchar('\n');
}

void print_handle(const struct warden_message *answer)
{
	print_line(answer, "handle", 0);
}

void print_handles(const struct warden_message *answer)
{
	for (size_t i = 0; i < warden_message_count(answer, "handles"); i++)
		print_line(answer, "handles", i);
}

void print_job_id(const struct warden_message *answer)
{
	printf("%" PRIu64 "\n", warden_message_number(answer, "job_id", 0));
}

void print_pong(const struct warden_message *answer)
{
	(void)answer; /* says nothing but that it came */
	printf("pong\n");
}

/* Exactly the bytes that came back, and the end of the line that an argument does not have. */
void print_echo(const struct warden_message *answer)
{
	size_t length;
	const char *bytes = warden_message_bytes(answer, "message", 0, &length);

	fwrite(bytes, 1, length, stdout); /* main looks at the stream's error flag */
	putchar('\n');
}

/* What a figure counts. */
enum unit {
	UNIT_TEXT,
	UNIT_STATE,
	UNIT_NUMBERS,
	UNIT_BYTES,
	UNIT_LIMIT, /* bytes; beyond all memory: unlimited */
	UNIT_RATE,  /* bytes a second; 4294967295: unlimited */
	UNIT_NANOSECONDS,
	UNIT_TICKS,
	UNIT_COUNT,
};

struct row {
	const char *label, *field;
	enum unit unit;
};

static const struct row info_rows[] = {
	{"state", "state", UNIT_STATE},
	{"host ip", "host_ip", UNIT_TEXT},
	{"container ip", "container_ip", UNIT_TEXT},
	{"path", "container_path", UNIT_TEXT},
	{"events", "events", UNIT_TEXT},
	{"jobs", "job_ids", UNIT_NUMBERS},
	{"memory limit", "memory_stat.hierarchical_memory_limit", UNIT_LIMIT},
	{"memory rss", "memory_stat.total_rss", UNIT_BYTES},
	{"memory cache", "memory_stat.total_cache", UNIT_BYTES},
	{"cpu", "cpu_stat.usage", UNIT_NANOSECONDS},
	{"cpu user", "cpu_stat.user", UNIT_TICKS},
	{"cpu system", "cpu_stat.system", UNIT_TICKS},
	{"disk", "disk_stat.bytes_used", UNIT_BYTES},
	{"disk inodes", "disk_stat.inodes_used", UNIT_COUNT},
	{"rate in", "bandwidth_stat.in_rate", UNIT_RATE},
	{"rate out", "bandwidth_stat.out_rate", UNIT_RATE},
};

static void print_number(uint64_t number, enum unit unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	if (unit == UNIT_BYTES || unit == UNIT_LIMIT || unit == UNIT_RATE)
		text_size(text, sizeof(text), number);
	if ((unit == UNIT_LIMIT && number >= INT64_MAX / 2) ||
	    (unit == UNIT_RATE && number == UINT32_MAX))
		snprintf(text, sizeof(text), "unlimited");
	else if (unit == UNIT_RATE)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "/s");
	else if (unit == UNIT_NANOSECONDS)
		snprintf(text, sizeof(text), "%.3f s", (double)number / 1e9);
	else if (unit == UNIT_TICKS)
		snprintf(text, sizeof(text), "%.2f s",
			 (double)number / (double)sysconf(_SC_CLK_TCK));
	fputs(text, stdout);
}

static void print_value(const struct warden_message *answer, const struct row *row, size_t index)
{
	size_t length;
	const char *bytes = warden_message_bytes(answer, row->field, index, &length);

	if (row->unit == UNIT_STATE)
		printf("%s%s%s", text_colour(stdout, state_colour(bytes)), bytes,
		       text_colour(stdout, PLAIN));
	else if (row->unit == UNIT_TEXT)
		text_safe(stdout, bytes, length, false);
	else
		print_number(warden_message_number(answer, row->field, index), row->unit);
}

void print_info(const struct warden_message *answer)
{
	const char *dim = text_colour(stdout, DIM), *plain = text_colour(stdout, PLAIN);

	for (size_t i = 0; i < sizeof(info_rows) / sizeof(info_rows[0]); i++) {
		const struct row *row = &info_rows[i];
		size_t count = warden_message_count(answer, row->field);

		if (count == 0)
			continue;
		printf("%s%-14s%s", dim, row->label, plain);
		for (size_t j = 0; j < count; j++) {
			fputs(j > 0 ? ", " : "", stdout);
			print_value(answer, row, j);
		}
		putchar('\n');
	}
}
