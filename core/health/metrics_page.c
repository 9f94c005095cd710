/* SPDX-License-Identifier: Apache-2.0 */
/* A page of metrics; see metrics_page.h. The daemon's part does not grow with the containers and is
 * kept as text; the containers' part is kept as numbers. The format wants all lines of a metric
 * together, so a reader walks the containers once per metric. */
#include <config.h>

#include "core/health/metrics_page.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/container/container.h"
#include "core/health/metrics_head.h"
#include "core/job/job.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum { HANDLE_MAX = 1024, LINE_MAX_BYTES = 256 + 2 * HANDLE_MAX };

/* The kernel reports 'no limit' as a number above this. */
#define LIMIT_MAX (UINT64_C(1) << 62)

/* Indices into memory[] of warden_info, which is in the protocol's order of MemoryStat. */
enum { MEMORY_CACHE = 0, MEMORY_RSS = 1, MEMORY_SWAP = 5, MEMORY_LIMIT = 13, MEMORY_TOTAL = 15 };

/* The figures of a container. */
enum figure {
	FIGURE_RSS,
	FIGURE_CACHE,
	FIGURE_SWAP,
	FIGURE_LIMIT,
	FIGURE_PEAK,
	FIGURE_OOM_KILLS,
	FIGURE_CPU,
	FIGURE_CPU_USER,
	FIGURE_CPU_SYSTEM,
	FIGURE_PROCESSES,
	FIGURE_JOBS,
	FIGURE_RX_BYTES,
	FIGURE_RX_PACKETS,
	FIGURE_TX_BYTES,
	FIGURE_TX_PACKETS,
	FIGURE_DISK_BYTES,
	FIGURE_DISK_INODES,
	FIGURES,
};

static const struct family {
	const char *name, *type, *help;
	bool seconds; /* the figure is in nanoseconds */
} families[FIGURES] = {
	[FIGURE_RSS] = {"warden_container_memory_rss_bytes", "gauge",
			"Anonymous memory of a container."},
	[FIGURE_CACHE] = {"warden_container_memory_cache_bytes", "gauge",
			  "Page cache of a container."},
	[FIGURE_SWAP] = {"warden_container_memory_swap_bytes", "gauge",
			 "Swap used by a container."},
	[FIGURE_LIMIT] = {"warden_container_memory_limit_bytes", "gauge",
			  "Memory limit of a container that has one."},
	[FIGURE_PEAK] = {"warden_container_memory_peak_bytes", "gauge",
			 "Maximum memory use of a container."},
	[FIGURE_OOM_KILLS] = {"warden_container_oom_kills_total", "counter",
			      "Processes of a container that the kernel killed because "
			      "memory ran out."},
	[FIGURE_CPU] = {"warden_container_cpu_seconds_total", "counter",
			"Processor time of a container.", true},
	[FIGURE_CPU_USER] = {"warden_container_cpu_user_seconds_total", "counter",
			     "Processor time of a container in user mode.", true},
	[FIGURE_CPU_SYSTEM] = {"warden_container_cpu_system_seconds_total", "counter",
			       "Processor time of a container in the kernel.", true},
	[FIGURE_PROCESSES] = {"warden_container_processes", "gauge",
			      "Processes and threads in a container."},
	[FIGURE_JOBS] = {"warden_container_jobs", "gauge",
			 "Jobs of a container that are not over."},
	[FIGURE_RX_BYTES] = {"warden_container_network_receive_bytes_total", "counter",
			     "Bytes that a container has received."},
	[FIGURE_RX_PACKETS] = {"warden_container_network_receive_packets_total", "counter",
			       "Packets that a container has received."},
	[FIGURE_TX_BYTES] = {"warden_container_network_transmit_bytes_total", "counter",
			     "Bytes that a container has sent."},
	[FIGURE_TX_PACKETS] = {"warden_container_network_transmit_packets_total", "counter",
			       "Packets that a container has sent."},
	[FIGURE_DISK_BYTES] = {"warden_container_disk_bytes", "gauge",
			       "Disk space used by a container's own files."},
	[FIGURE_DISK_INODES] = {"warden_container_disk_inodes", "gauge",
				"Number of a container's own files."},
};

/* A container. */
struct row {
	char *handle; /* escaped */
	uint64_t figures[FIGURES];
};

struct metrics_page {
	uint64_t number;
	unsigned references;
	char *head;
	size_t head_length;
	struct row *rows;
	size_t n_rows;
	bool known[FIGURES]; /* whether any container has the figure */
};

struct metrics_reader {
	struct metrics_page *page;
	size_t head_at;
	int family;
	size_t row; /* 0: the family's description; i + 1: container i */
	char line[LINE_MAX_BYTES];
	size_t length, at; /* of the line; bytes of it already read */
};

char *metrics_escape(const char *text)
{
	char *escaped = malloc(2 * strlen(text) + 1), *out = escaped;

	for (; escaped && *text; text++) {
		if (strchr("\\\"\n", *text))
			*out++ = '\\';
		*out++ = *text;
		if (*text == '\n')
			out[-1] = 'n';
	}
	if (escaped)
		*out = '\0';
	return escaped;
}

/* Returns the figure including child cgroups if known, else that of the cgroup alone. */
static uint64_t metrics_page_get_memory(const struct warden_info *info, int total, int own)
{
	return info->memory[total] != WARDEN_UNKNOWN ? info->memory[total] : info->memory[own];
}

uint64_t metrics_page_rss(const struct warden_info *info)
{
	return metrics_page_get_memory(info, MEMORY_TOTAL + MEMORY_RSS, MEMORY_RSS);
}

static uint64_t metrics_page_ticks_to_ns(uint64_t ticks)
{
	return ticks == WARDEN_UNKNOWN ? WARDEN_UNKNOWN
				       : ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void metrics_page_fill_figures(uint64_t *figures, const struct container *c)
{
	const struct warden_info *info = &c->info;
	uint64_t limit = info->memory[MEMORY_LIMIT];

	figures[FIGURE_RSS] = metrics_page_rss(info);
	figures[FIGURE_CACHE] =
		metrics_page_get_memory(info, MEMORY_TOTAL + MEMORY_CACHE, MEMORY_CACHE);
	figures[FIGURE_SWAP] =
		metrics_page_get_memory(info, MEMORY_TOTAL + MEMORY_SWAP, MEMORY_SWAP);
	figures[FIGURE_LIMIT] = limit < LIMIT_MAX ? limit : WARDEN_UNKNOWN;
	figures[FIGURE_PEAK] = info->peak_memory;
	figures[FIGURE_OOM_KILLS] = info->oom_kills;
	figures[FIGURE_CPU] = info->cpu_usage_ns;
	figures[FIGURE_CPU_USER] = metrics_page_ticks_to_ns(info->cpu_user_ticks);
	figures[FIGURE_CPU_SYSTEM] = metrics_page_ticks_to_ns(info->cpu_system_ticks);
	figures[FIGURE_PROCESSES] = info->processes;
	figures[FIGURE_JOBS] = jobs_count(c);
	figures[FIGURE_RX_BYTES] = info->rx_bytes;
	figures[FIGURE_RX_PACKETS] = info->rx_packets;
	figures[FIGURE_TX_BYTES] = info->tx_bytes;
	figures[FIGURE_TX_PACKETS] = info->tx_packets;
	figures[FIGURE_DISK_BYTES] = info->disk_bytes;
	figures[FIGURE_DISK_INODES] = info->disk_inodes;
}

static bool metrics_page_add_row(struct metrics_page *page, const struct container *c)
{
	struct row *row = &page->rows[page->n_rows];

	row->handle = metrics_escape(c->handle);
	if (!row->handle)
		return false;
	page->n_rows++;
	metrics_page_fill_figures(row->figures, c);
	for (int i = 0; i < FIGURES; i++)
		page->known[i] |= row->figures[i] != WARDEN_UNKNOWN;
	return true;
}

static bool metrics_page_add_rows(struct metrics_page *page, const struct server *server)
{
	const struct container *c;

	if (!server->config->health_check_server.container_metrics || server->registry.n == 0)
		return true;
	page->rows = calloc(server->registry.n, sizeof(*page->rows));
	if (!page->rows)
		return false;
	TAILQ_FOREACH(c, &server->registry.listed, listed)
		/* A line must hold the handle; Create accepts no longer one. */
		if (strlen(c->handle) <= HANDLE_MAX && !metrics_page_add_row(page, c))
			return false;
	return true;
}

static bool metrics_page_write_head(struct metrics_page *page, struct server *server,
				    const struct process_figures *process)
{
	FILE *out = open_memstream(&page->head, &page->head_length);

	if (!out)
		return false;
	metrics_head_write(out, server, process);
	return fclose(out) == 0;
}

struct metrics_page *metrics_page_new(struct server *server, const struct process_figures *process)
{
	static uint64_t last_number;
	struct metrics_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->number = ++last_number;
	page->references = 1;
	if (!metrics_page_write_head(page, server, process) ||
	    !metrics_page_add_rows(page, server)) {
		metrics_page_unref(page);
		return NULL;
	}
	return page;
}

uint64_t metrics_page_number(const struct metrics_page *page)
{
	return page->number;
}

void metrics_page_unref(struct metrics_page *page)
{
	if (!page || --page->references > 0)
		return;
	for (size_t i = 0; i < page->n_rows; i++)
		free(page->rows[i].handle);
	free(page->rows);
	free(page->head);
	free(page);
}

struct metrics_reader *metrics_reader_new(struct metrics_page *page)
{
	struct metrics_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->page = page;
	page->references++;
	return reader;
}

void metrics_reader_free(struct metrics_reader *reader)
{
	metrics_page_unref(reader->page);
	free(reader);
}

static int metrics_reader_write_value(char *out, size_t size, const struct family *family,
				      const struct row *row, uint64_t value)
{
	if (family->seconds)
		return snprintf(out, size, "%s{handle=\"%s\"} %" PRIu64 ".%09" PRIu64 "\n",
				family->name, row->handle, value / 1000000000, value % 1000000000);
	return snprintf(out, size, "%s{handle=\"%s\"} %" PRIu64 "\n", family->name, row->handle,
			value);
}

/* Formats the next line of the family; 0 if the container lacks the figure. */
static int metrics_reader_write_line(struct metrics_reader *reader)
{
	const struct family *family = &families[reader->family];
	const struct row *row;

	if (reader->row == 0)
		return snprintf(reader->line, sizeof(reader->line), "# HELP %s %s\n# TYPE %s %s\n",
				family->name, family->help, family->name, family->type);
	row = &reader->page->rows[reader->row - 1];
	if (row->figures[reader->family] == WARDEN_UNKNOWN)
		return 0;
	return metrics_reader_write_value(reader->line, sizeof(reader->line), family, row,
					  row->figures[reader->family]);
}

/* Formats the next line; false at the end. It always fits: HANDLE_MAX bounds the handle. */
static bool metrics_reader_next_line(struct metrics_reader *reader)
{
	const struct metrics_page *page = reader->page;

	reader->length = reader->at = 0;
	while (reader->length == 0 && reader->family < FIGURES) {
		if (page->known[reader->family] && reader->row <= page->n_rows) {
			reader->length = (size_t)metrics_reader_write_line(reader);
			reader->row++;
		} else {
			reader->family++;
			reader->row = 0;
		}
	}
	return reader->length > 0;
}

/* Copies as much of `text` from `*at` on as fits, and advances `*at`. Returns the bytes copied. */
static size_t metrics_reader_copy_text(char *out, size_t size, const char *text, size_t length,
				       size_t *at)
{
	size_t n = length - *at < size ? length - *at : size;

	memcpy(out, text + *at, n);
	*at += n;
	return n;
}

size_t metrics_reader_read(struct metrics_reader *reader, char *out, size_t size)
{
	const struct metrics_page *page = reader->page;
	size_t n = metrics_reader_copy_text(out, size, page->head, page->head_length,
					    &reader->head_at);

	while (n < size && (reader->at < reader->length || metrics_reader_next_line(reader)))
		n += metrics_reader_copy_text(out + n, size - n, reader->line, reader->length,
					      &reader->at);
	return n;
}
