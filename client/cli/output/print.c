/* SPDX-License-Identifier: Apache-2.0 */
/* Prints answers for people. Scripts use --json. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void print_field_bytes(const struct warden_message *message, const char *field, size_t index)
{
	size_t length;
	const char *bytes = warden_message_bytes(message, field, index, &length);

	text_safe(stdout, bytes, length, false);
}

static void print_field_line(const struct warden_message *answer, const char *field, size_t index)
{
	print_field_bytes(answer, field, index);
	putchar('\n');
}

void print_handle(const struct warden_message *answer)
{
	print_field_line(answer, "handle", 0);
}

void print_handles(const struct warden_message *answer)
{
	for (size_t i = 0; i < warden_message_count(answer, "handles"); i++)
		print_field_line(answer, "handles", i);
}

void print_job_id(const struct warden_message *answer)
{
	printf("%" PRIu64 "\n", warden_message_number(answer, "job_id", 0));
}

void print_pong(const struct warden_message *answer)
{
	(void)answer; /* has no fields */
	printf("pong\n");
}

/* Prints exactly the bytes received, and a line end. */
void print_echo(const struct warden_message *answer)
{
	size_t length;
	const char *bytes = warden_message_bytes(answer, "message", 0, &length);

	fwrite(bytes, 1, length, stdout); /* main checks the stream's error */
	putchar('\n');
}

/* The unit of a figure. */
enum unit {
	UNIT_TEXT,
	UNIT_STATE,
	UNIT_PROPERTY,
	UNIT_SWITCH,
	UNIT_BYTES,
	UNIT_LIMIT, /* bytes; INT64_MAX / 2 or more: unlimited */
	UNIT_RATE,  /* bytes a second; 4294967295: unlimited */
	UNIT_BURST, /* bytes; likewise */
	UNIT_NANOSECONDS,
	UNIT_TICKS,
	UNIT_SECONDS,
	UNIT_TIME, /* microseconds since 1970 */
	UNIT_PERCENT,
	UNIT_HUNDREDTHS, /* of a percent */
	UNIT_COUNT,
};

struct info_row {
	const char *label, *field;
	enum unit unit;
	bool if_any; /* no line if the value is 0 or empty: nothing was set, or nothing happened */
	const char *empty; /* printed instead of 0 or an empty text; NULL: the value is */
};

static const struct info_row info_rows[] = {
	{"state", "state", UNIT_STATE},
	{"reason", "state_reason", UNIT_TEXT, .if_any = true},
	{"hostname", "hostname", UNIT_TEXT},
	{"properties", "properties", UNIT_PROPERTY},
	{"created", "created_us", UNIT_TIME},
	{"time left", "ttl_left", UNIT_SECONDS},
	{"host ip", "host_ip", UNIT_TEXT},
	{"container ip", "container_ip", UNIT_TEXT},
	{"path", "container_path", UNIT_TEXT},
	{"rootfs", "rootfs", UNIT_TEXT, .if_any = true},
	{"destroy waits for", "destroy_waits_for", UNIT_TEXT, .if_any = true},
	{"nested", "nested", UNIT_SWITCH, .if_any = true},
	{"seccomp", "seccomp", UNIT_TEXT, .if_any = true},
	{"environment", "env", UNIT_TEXT},
	{"events", "events", UNIT_TEXT},
	{"jobs", "job_ids", UNIT_COUNT},
	{"processes", "processes", UNIT_COUNT},
	{"process limit", "limits.processes", UNIT_COUNT, .if_any = true},
	{"memory limit", "memory_stat.hierarchical_memory_limit", UNIT_LIMIT},
	{"memory bound", "memory_bound", UNIT_BYTES, .if_any = true},
	{"memory rss", "memory_stat.total_rss", UNIT_BYTES},
	{"memory cache", "memory_stat.total_cache", UNIT_BYTES},
	{"memory peak", "peak_memory", UNIT_BYTES},
	{"shm size", "shm_bytes", UNIT_BYTES, .if_any = true},
	{"terminal limit", "terminals", UNIT_COUNT, .if_any = true},
	{"open file limit", "open_files", UNIT_COUNT, .if_any = true},
	{"inode bound", "inode_bound", UNIT_COUNT, .if_any = true},
	{"output limit", "output_limit", UNIT_BYTES, .if_any = true},
	{"swap off", "limits.swap_off", UNIT_SWITCH, .if_any = true},
	{"oom kills", "oom_kills", UNIT_COUNT, .if_any = true},
	{"cpu", "cpu_stat.usage", UNIT_NANOSECONDS},
	{"cpu user", "cpu_stat.user", UNIT_TICKS},
	{"cpu system", "cpu_stat.system", UNIT_TICKS},
	{"cpu shares", "limits.cpu_shares", UNIT_COUNT, .if_any = true},
	{"cpu quota", "limits.cpu_quota", UNIT_PERCENT, .if_any = true},
	{"cpus", "limits.cpus", UNIT_TEXT, .if_any = true},
	{"disk", "disk_stat.bytes_used", UNIT_BYTES},
	{"disk limit", "limits.disk_bytes", UNIT_BYTES, .if_any = true},
	{"disk inodes", "disk_stat.inodes_used", UNIT_COUNT},
	{"inode limit", "limits.disk_inodes", UNIT_COUNT, .if_any = true},
	{"io weight", "limits.io_weight", UNIT_COUNT, .if_any = true},
	{"io read rate", "limits.io_read_rate", UNIT_RATE, .if_any = true},
	{"io write rate", "limits.io_write_rate", UNIT_RATE, .if_any = true},
	{"bandwidth rate", "limits.bandwidth_rate", UNIT_RATE},
	{"bandwidth burst", "limits.bandwidth_burst", UNIT_BURST},
	{"received", "network_stat.rx_bytes", UNIT_BYTES},
	{"sent", "network_stat.tx_bytes", UNIT_BYTES},
	{"cpu stalls", "cpu_some.avg10", UNIT_HUNDREDTHS, .if_any = true},
	{"memory stalls", "memory_some.avg10", UNIT_HUNDREDTHS, .if_any = true},
	{"io stalls", "io_some.avg10", UNIT_HUNDREDTHS, .if_any = true},
};

/* The limits in force, in the words of info. */
static const struct info_row limit_rows[] = {
	{"memory limit", "limits.memory_bytes", UNIT_LIMIT},
	{"swap off", "limits.swap_off", UNIT_SWITCH},
	{"cpu shares", "limits.cpu_shares", UNIT_COUNT},
	{"cpu quota", "limits.cpu_quota", UNIT_PERCENT, .empty = "none"},
	{"cpus", "limits.cpus", UNIT_TEXT, .empty = "all"},
	{"process limit", "limits.processes", UNIT_COUNT, .empty = "none"},
	{"disk limit", "limits.disk_bytes", UNIT_BYTES, .empty = "none"},
	{"inode limit", "limits.disk_inodes", UNIT_COUNT, .empty = "none"},
	{"bandwidth rate", "limits.bandwidth_rate", UNIT_RATE},
	{"bandwidth burst", "limits.bandwidth_burst", UNIT_BURST},
	{"io weight", "limits.io_weight", UNIT_COUNT},
	{"io read rate", "limits.io_read_rate", UNIT_RATE, .empty = "none"},
	{"io write rate", "limits.io_write_rate", UNIT_RATE, .empty = "none"},
};

/* The same of the answers of limit-memory, limit-cpu, limit-disk and limit-bandwidth. */
static const struct info_row memory_limit_rows[] = {
	{"memory limit", "limit_in_bytes", UNIT_LIMIT},
};

static const struct info_row cpu_limit_rows[] = {
	{"cpu shares", "limit_in_shares", UNIT_COUNT},
};

static const struct info_row disk_limit_rows[] = {
	{"disk limit", "byte_hard", UNIT_BYTES, .empty = "none"},
	{"disk soft limit", "byte_soft", UNIT_BYTES, .if_any = true},
	{"inode limit", "inode_hard", UNIT_COUNT, .empty = "none"},
	{"inode soft limit", "inode_soft", UNIT_COUNT, .if_any = true},
};

static const struct info_row bandwidth_limit_rows[] = {
	{"bandwidth rate", "rate", UNIT_RATE},
	{"bandwidth burst", "burst", UNIT_BURST},
};

static void print_number(uint64_t number, enum unit unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	if (unit == UNIT_BYTES || unit == UNIT_LIMIT || unit == UNIT_RATE || unit == UNIT_BURST)
		text_size(text, sizeof(text), number);
	if ((unit == UNIT_LIMIT && number >= INT64_MAX / 2) ||
	    ((unit == UNIT_RATE || unit == UNIT_BURST) && number == UINT32_MAX))
		snprintf(text, sizeof(text), "unlimited");
	else if (unit == UNIT_RATE)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "/s");
	else if (unit == UNIT_NANOSECONDS)
		snprintf(text, sizeof(text), "%.3f s", (double)number / 1e9);
	else if (unit == UNIT_TICKS)
		snprintf(text, sizeof(text), "%.2f s",
			 (double)number / (double)sysconf(_SC_CLK_TCK));
	else if (unit == UNIT_SECONDS)
		snprintf(text, sizeof(text), "%" PRIu64 " s", number);
	else if (unit == UNIT_TIME)
		text_time(text, sizeof(text), number);
	else if (unit == UNIT_PERCENT)
		snprintf(text, sizeof(text), "%" PRIu64 " %%", number);
	else if (unit == UNIT_HUNDREDTHS)
		snprintf(text, sizeof(text), "%.2f %%", (double)number / 100);
	else if (unit == UNIT_SWITCH)
		snprintf(text, sizeof(text), "%s", number ? "yes" : "no");
	fputs(text, stdout);
}

static void print_state(const struct warden_message *answer, const char *field)
{
	const char *state = warden_message_number(answer, "paused", 0)
				    ? "paused"
				    : warden_message_bytes(answer, field, 0, NULL);

	printf("%s%s%s", text_colour(stdout, state_colour(state)), state,
	       text_colour(stdout, PLAIN));
}

static void print_property(const struct warden_message *property)
{
	print_field_bytes(property, "key", 0);
	putchar('=');
	print_field_bytes(property, "value", 0);
}

static void print_info_value(const struct warden_message *answer, const struct info_row *row,
			     size_t index)
{
	switch (row->unit) {
	case UNIT_STATE:
		print_state(answer, row->field);
		break;
	case UNIT_TEXT:
		print_field_bytes(answer, row->field, index);
		break;
	case UNIT_PROPERTY:
		print_property(warden_message_child(answer, row->field, index));
		break;
	default:
		print_number(warden_message_number(answer, row->field, index), row->unit);
	}
}

static bool print_is_empty(const struct warden_message *answer, const struct info_row *row)
{
	size_t length = 0;

	if (row->unit == UNIT_TEXT)
		warden_message_bytes(answer, row->field, 0, &length);
	return length == 0 && warden_message_number(answer, row->field, 0) == 0;
}

/* The number of values in the field's line; 0: no line. */
static size_t print_count_values(const struct warden_message *answer, const struct info_row *row)
{
	size_t count = warden_message_count(answer, row->field);

	return row->if_any && print_is_empty(answer, row) ? 0 : count;
}

static void print_rows(const struct warden_message *answer, const struct info_row *rows, size_t n)
{
	const char *dim = text_colour(stdout, DIM), *plain = text_colour(stdout, PLAIN);

	for (size_t i = 0; i < n; i++) {
		const struct info_row *row = &rows[i];
		size_t count = print_count_values(answer, row);

		if (count == 0)
			continue;
		printf("%s%-17s%s ", dim, row->label, plain);
		if (row->empty && print_is_empty(answer, row)) {
			fputs(row->empty, stdout);
			count = 0;
		}
		for (size_t j = 0; j < count; j++) {
			fputs(j > 0 ? ", " : "", stdout);
			print_info_value(answer, row, j);
		}
		putchar('\n');
	}
}

#define PRINT_ROWS(answer, rows) print_rows((answer), (rows), sizeof(rows) / sizeof((rows)[0]))

void print_info(const struct warden_message *answer)
{
	PRINT_ROWS(answer, info_rows);
}

void print_limits(const struct warden_message *answer)
{
	PRINT_ROWS(answer, limit_rows);
}

void print_memory_limit(const struct warden_message *answer)
{
	PRINT_ROWS(answer, memory_limit_rows);
}

void print_cpu_limit(const struct warden_message *answer)
{
	PRINT_ROWS(answer, cpu_limit_rows);
}

void print_disk_limits(const struct warden_message *answer)
{
	PRINT_ROWS(answer, disk_limit_rows);
}

void print_bandwidth_limits(const struct warden_message *answer)
{
	PRINT_ROWS(answer, bandwidth_limit_rows);
}
