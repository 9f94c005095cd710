/* SPDX-License-Identifier: Apache-2.0 */
/* `warden top`: prints repeatedly what the containers use; on a terminal a live table until a
 * key ends it. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lib/units.h"

#define ALTERNATE_SCREEN "\033[?1049h\033[?25l"
#define NORMAL_SCREEN    "\033[?25h\033[?1049l"
#define CLEAR            "\033[H\033[2J"

enum { HEAD_ROWS = 4, CONTROL_C = 3 };

/* The effect of a key; the one that counts more is first. */
enum top_key { TOP_END, TOP_NEXT, TOP_SCROLL, TOP_NOTHING };

/* A container's figures at one time. */
struct top_sample {
	const char *handle; /* belongs to the answer */
	size_t length;
	const struct warden_message *info; /* NULL: it was destroyed */
	uint64_t cpu_ns;
	double cpu;   /* percent of a core since the previous table; negative: unknown */
	size_t entry; /* its index in the answer */
};

struct top_view {
	struct warden_message *answer;
	struct top_sample *samples;
	size_t n;
	uint64_t time_ns;
};

struct top {
	struct invocation *invocation;
	bool live;
	uint64_t left; /* tables left to print; 0: unlimited */
	int interval_ms;
	size_t first; /* the first container that is shown */
	int signal_fd;
	sigset_t old_signals;
	struct termios cooked;
	bool is_raw;
};

static uint64_t cmd_top_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void cmd_top_free_view(struct top_view *view)
{
	warden_message_free(view->answer);
	free(view->samples);
	memset(view, 0, sizeof(*view));
}

static const struct top_sample *cmd_top_find_sample(const struct top_view *view,
						    const struct top_sample *wanted)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->samples[i].length == wanted->length &&
		    memcmp(view->samples[i].handle, wanted->handle, wanted->length) == 0)
			return &view->samples[i];
	return NULL;
}

/* Cpu time since the previous table in percent of a core; -1: unknown. */
static double cmd_top_cpu_percent(const struct top_sample *sample, const struct top_view *now,
				  const struct top_view *before)
{
	const struct top_sample *old = cmd_top_find_sample(before, sample);

	if (!sample->info || warden_message_count(sample->info, "cpu_stat.usage") == 0 || !old ||
	    now->time_ns <= before->time_ns || sample->cpu_ns < old->cpu_ns)
		return -1;
	return 100.0 * (double)(sample->cpu_ns - old->cpu_ns) /
	       (double)(now->time_ns - before->time_ns);
}

static int cmd_top_compare_cpu(const void *one, const void *other)
{
	const struct top_sample *a = one, *b = other;

	return a->cpu < b->cpu ? 1 : a->cpu > b->cpu ? -1 : 0;
}

static int cmd_top_take_view(struct top *top, struct top_view *view, const struct top_view *before)
{
	struct invocation *invocation = top->invocation;

	view->answer = containers_get(invocation, invocation->requests[0]);
	if (!view->answer)
		return -1;
	view->time_ns = cmd_top_now_ns();
	view->n = warden_message_count(view->answer, "entries");
	view->samples = calloc(view->n + 1, sizeof(*view->samples));
	if (!view->samples) {
		complain(invocation, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < view->n; i++) {
		const struct warden_message *entry =
			warden_message_child(view->answer, "entries", i);
		struct top_sample *sample = &view->samples[i];

		sample->entry = i;
		sample->handle = warden_message_bytes(entry, "handle", 0, &sample->length);
		sample->info = warden_message_child(entry, "info", 0);
		sample->cpu_ns =
			sample->info ? warden_message_number(sample->info, "cpu_stat.usage", 0) : 0;
	}
	for (size_t i = 0; i < view->n; i++)
		view->samples[i].cpu = cmd_top_cpu_percent(&view->samples[i], view, before);
	if (before->answer)
		qsort(view->samples, view->n, sizeof(*view->samples), cmd_top_compare_cpu);
	return 0;
}

/* Adds a size, or a dash if it is absent. */
static void cmd_top_add_size(struct table *table, const struct warden_message *info,
			     const char *field)
{
	char text[32] = "-";

	if (warden_message_count(info, field))
		text_size(text, sizeof(text), warden_message_number(info, field, 0));
	table_addf(table, "%s", text);
}

static void cmd_top_add_number(struct table *table, const struct warden_message *info,
			       const char *field)
{
	if (warden_message_count(info, field))
		table_addf(table, "%" PRIu64, warden_message_number(info, field, 0));
	else
		table_addf(table, "-");
}

static void cmd_top_add_row(struct table *table, const struct top_sample *sample)
{
	const struct warden_message *info = sample->info;
	const char *state = warden_message_bytes(info, "state", 0, NULL);

	table_add(table, sample->handle, sample->length);
	if (warden_message_number(info, "paused", 0))
		state = "paused";
	table_addf(table, "%s", state ? state : "-");
	table_colour(table, state_colour(state ? state : ""));
	if (sample->cpu >= 0)
		table_addf(table, "%.1f", sample->cpu);
	else
		table_addf(table, "-");
	table_addf(table, "%.2f", (double)sample->cpu_ns / 1e9);
	cmd_top_add_size(table, info, "memory_stat.total_rss");
	cmd_top_add_size(table, info, "peak_memory");
	table_addf(table, "%zu", warden_message_count(info, "job_ids"));
	cmd_top_add_number(table, info, "processes");
	cmd_top_add_size(table, info, "network_stat.rx_bytes");
	cmd_top_add_size(table, info, "network_stat.tx_bytes");
	cmd_top_add_size(table, info, "disk_stat.bytes_used");
}

/* The rows of the screen for containers. */
static size_t cmd_top_rows(void)
{
	struct winsize size;

	/* The header, the titles, what is not shown, and the cursor's line. */
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row <= HEAD_ROWS)
		return 1;
	return size.ws_row - (size_t)HEAD_ROWS;
}

/* Prints the header, which says what does not fit on the screen; returns the rows that are shown.
 */
static size_t cmd_top_print_head(struct top *top, size_t n)
{
	size_t rows = cmd_top_rows();

	if (top->first + rows > n)
		top->first = n > rows ? n - rows : 0;
	fputs(CLEAR, stdout);
	printf("%s%zu containers%s", text_colour(stdout, BOLD), n, text_colour(stdout, PLAIN));
	if (n > rows)
		printf(", %zu to %zu are shown: arrows scroll", top->first + 1, top->first + rows);
	putchar('\n');
	return rows;
}

static void cmd_top_print_table(struct top *top, const struct top_view *view)
{
	static const char *const titles[] = {"HANDLE",    "STATE", ">CPU%", ">CPU s",
					     ">MEMORY",   ">PEAK", ">JOBS", ">PROCS",
					     ">RECEIVED", ">SENT", ">DISK", NULL};
	size_t rows = top->live ? cmd_top_print_head(top, view->n) : view->n;
	struct table *table = table_new(titles);

	for (size_t i = top->first; i < view->n && i - top->first < rows; i++)
		if (view->samples[i].info)
			cmd_top_add_row(table, &view->samples[i]);
	table_print(table, stdout, top->live ? terminal_width(stdout) : 0);
}

/* The answer, and in each entry with a known one the table's share of the cpu. */
static int cmd_top_print_json(const struct top_view *view)
{
	json_t *object = json_of_answer(view->answer);
	json_t *entries = json_object_get(object, "entries");
	int result = object ? 0 : -1;

	for (size_t i = 0; result == 0 && i < view->n; i++)
		if (view->samples[i].cpu >= 0)
			result =
				json_object_set_new(json_array_get(entries, view->samples[i].entry),
						    "cpu_percent", json_real(view->samples[i].cpu));
	if (result == 0)
		result = json_write(stdout, object);
	json_decref(object);
	putchar('\n');
	return result;
}

static int cmd_top_print_view(struct top *top, const struct top_view *view)
{
	struct invocation *invocation = top->invocation;

	if (invocation->format)
		return print_answer_now(invocation, view->answer);
	if (!invocation->json) {
		cmd_top_print_table(top, view);
	} else if (cmd_top_print_json(view) < 0) {
		complain(invocation, "the answer cannot be written as JSON");
		return STATUS_FAILED;
	}
	if (fflush(stdout) == 0)
		return 0;
	complain(invocation, "write the %s: %s", invocation->json ? "answer" : "table",
		 strerror(errno));
	return STATUS_FAILED;
}

/* Takes the key at `*keys` and moves that behind it. */
static enum top_key cmd_top_take_key(struct top *top, const char **keys)
{
	static const struct {
		const char *keys;
		int rows, pages;
	} scrolls[] = {
		{"\033[B", 1, 0},  {"\033OB", 1, 0}, {"j", 1, 0},       {"\033[A", -1, 0},
		{"\033OA", -1, 0}, {"k", -1, 0},     {"\033[6~", 0, 1}, {"\033[5~", 0, -1},
	};
	size_t rows = cmd_top_rows();
	char key;

	for (size_t i = 0; i < sizeof(scrolls) / sizeof(scrolls[0]); i++) {
		size_t by = scrolls[i].pages != 0 ? rows : 1;
		size_t length = strlen(scrolls[i].keys);

		if (strncmp(*keys, scrolls[i].keys, length) != 0)
			continue;
		*keys += length;
		if (scrolls[i].rows + scrolls[i].pages > 0)
			top->first += by; /* the table limits it */
		else
			top->first -= top->first < by ? top->first : by;
		return TOP_SCROLL;
	}
	key = *(*keys)++;
	if (key == 'q' || key == CONTROL_C)
		return TOP_END;
	return key == ' ' ? TOP_NEXT : TOP_NOTHING;
}

/* Reads all that was typed; returns what counts most of it. */
static enum top_key cmd_top_read_keys(struct top *top)
{
	char keys[64];
	const char *at = keys;
	ssize_t got = read(STDIN_FILENO, keys, sizeof(keys) - 1);
	enum top_key result = TOP_NOTHING;

	if (got <= 0)
		return TOP_END; /* a failed read ends it, too */
	keys[got] = '\0';
	while (at < keys + got) {
		enum top_key key = cmd_top_take_key(top, &at);

		if (key < result)
			result = key;
	}
	return result;
}

/* Waits for the next table, and prints this one again when it is scrolled; true: a key or a signal
 * ends the command. */
static bool cmd_top_wait_for_end(struct top *top, const struct top_view *view)
{
	struct pollfd fds[] = {{.fd = top->signal_fd, .events = POLLIN},
			       {.fd = top->live ? STDIN_FILENO : -1, .events = POLLIN}};
	uint64_t end = cmd_top_now_ns() + (uint64_t)top->interval_ms * 1000000;

	for (;;) {
		uint64_t now = cmd_top_now_ns();
		int n = now < end ? poll(fds, 2, (int)((end - now) / 1000000) + 1) : 0;
		enum top_key key;

		if (n == 0)
			return false;
		if (n < 0 || fds[0].revents)
			return true;
		key = cmd_top_read_keys(top);
		if (key == TOP_END || key == TOP_NEXT)
			return key == TOP_END;
		if (key == TOP_SCROLL && cmd_top_print_view(top, view) != 0)
			return true;
	}
}

static int cmd_top_block_signals(struct top *top)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, &top->old_signals) < 0)
		return -1;
	top->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return top->signal_fd < 0 ? -1 : 0;
}

static void cmd_top_begin_screen(struct top *top)
{
	struct termios raw;

	if (!top->live)
		return;
	if (tcgetattr(STDIN_FILENO, &top->cooked) == 0) {
		raw = top->cooked;
		raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
		top->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	fputs(ALTERNATE_SCREEN, stdout);
}

static void cmd_top_end_screen(struct top *top)
{
	if (top->live)
		fputs(NORMAL_SCREEN, stdout);
	if (top->is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &top->cooked); /* a failure has no remedy */
	fflush(stdout);                                         /* main checks the stream's error */
}

static int cmd_top_print_views(struct top *top)
{
	struct top_view before = {0}, now = {0};
	int status = 0;

	for (;;) {
		if (cmd_top_take_view(top, &now, &before) < 0) {
			status = STATUS_FAILED;
			break;
		}
		status = cmd_top_print_view(top, &now);
		cmd_top_free_view(&before);
		before = now;
		memset(&now, 0, sizeof(now));
		if (status != 0 || (top->left > 0 && --top->left == 0) ||
		    cmd_top_wait_for_end(top, &before))
			break;
	}
	cmd_top_free_view(&before);
	cmd_top_free_view(&now);
	return status;
}

/* Reads -n and -d. */
static int cmd_top_read_options(struct top *top)
{
	const struct invocation *invocation = top->invocation;
	uint64_t interval = 1000;
	char *end;

	top->left = top->live ? 0 : 1;
	if (invocation->iterations) {
		top->left = strtoull(invocation->iterations, &end, 10);
		if (*invocation->iterations < '1' || *invocation->iterations > '9' || *end)
			return usage_error(invocation, "--iterations: '%s' is not a valid N",
					   invocation->iterations);
	}
	if (invocation->interval) {
		if (units_read_time(invocation->interval, UNITS_MILLISECOND, &interval) < 0 ||
		    interval < 50 || interval > 86400000)
			return usage_error(invocation,
					   "--interval: '%s' is not a TIME from 50ms to 1d",
					   invocation->interval);
	}
	top->interval_ms = (int)interval;
	return 0;
}

int cmd_top(struct invocation *invocation)
{
	struct top top = {.invocation = invocation, .signal_fd = -1};
	int status;

	top.live = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && !invocation->json &&
		   !invocation->format && text_colours(stdout);
	status = cmd_top_read_options(&top);
	if (status == 0)
		status = client_open(invocation);
	if (status != 0)
		return status;
	if (cmd_top_block_signals(&top) < 0) {
		complain(invocation, "take over signals: %s", strerror(errno));
		return STATUS_FAILED;
	}
	cmd_top_begin_screen(&top);
	status = cmd_top_print_views(&top);
	cmd_top_end_screen(&top);
	close(top.signal_fd);
	sigprocmask(SIG_SETMASK, &top.old_signals, NULL); /* cannot fail with a saved mask */
	return status;
}
