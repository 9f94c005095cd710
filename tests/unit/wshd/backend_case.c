/* SPDX-License-Identifier: Apache-2.0 */
/* A backend's host for tests; see backend_case.h. */
#include <config.h>

#include "tests/unit/wshd/backend_case.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { PATIENCE_S = 10, OPTIONS = 8, EVENTS_MAX = 256 };

struct backend_case_event {
	enum backend_event kind;
	char id[32];
	uint32_t job_id;
	struct warden_job_end end;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct backend_case_event events[EVENTS_MAX];
static size_t n_events;

static struct {
	const char *name, *text;
	int64_t number;
	const char *const *texts;
} options[OPTIONS];

static void __attribute__((noreturn)) backend_case_die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void backend_case_add_event(enum backend_event kind, const char *id, uint32_t job_id,
				   const struct warden_job_end *end)
{
	pthread_mutex_lock(&mutex);
	if (n_events < EVENTS_MAX) {
		struct backend_case_event *one = &events[n_events++];

		*one = (struct backend_case_event){.kind = kind, .job_id = job_id};
		snprintf(one->id, sizeof(one->id), "%s", id);
		if (end)
			one->end = *end;
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void backend_case_job_ended(const struct warden_host *host, const char *id, uint32_t job_id,
				   const struct warden_job_end *end)
{
	(void)host;
	backend_case_add_event(EVENT_JOB_ENDED, id, job_id, end);
}

static void backend_case_container_empty(const struct warden_host *host, const char *id)
{
	(void)host;
	backend_case_add_event(EVENT_CONTAINER_EMPTY, id, 0, NULL);
}

static void backend_case_oom(const struct warden_host *host, const char *id)
{
	(void)host;
	backend_case_add_event(EVENT_OOM, id, 0, NULL);
}

static void backend_case_init_died(const struct warden_host *host, const char *id)
{
	(void)host;
	backend_case_add_event(EVENT_INIT_DIED, id, 0, NULL);
}

/* The events that no case waits for. */
static void backend_case_processes_ended(const struct warden_host *host, const char *id)
{
	(void)host;
	(void)id;
}

static void backend_case_waits_for(const struct warden_host *host, const char *id, const char *text)
{
	(void)host;
	(void)id;
	(void)text;
}

static void backend_case_container_gone(const struct warden_host *host, const char *id)
{
	(void)host;
	backend_case_add_event(EVENT_CONTAINER_GONE, id, 0, NULL);
}

static void __attribute__((format(printf, 4, 5)))
backend_case_log(const struct warden_host *host, enum warden_log_level level, const char *id,
		 const char *format, ...)
{
	va_list args;

	(void)host;
	fprintf(stderr, "    log %d %s: ", level, id ? id : "-");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static size_t backend_case_find_option(const char *name)
{
	size_t i = 0;

	while (i < OPTIONS && options[i].name && strcmp(options[i].name, name) != 0)
		i++;
	if (i == OPTIONS)
		backend_case_die(name);
	options[i].name = name;
	return i;
}

void backend_case_set_text(const char *name, const char *value)
{
	options[backend_case_find_option(name)].text = value;
}

void backend_case_set_number(const char *name, int64_t value)
{
	options[backend_case_find_option(name)].number = value;
}

void backend_case_set_texts(const char *name, const char *const *values)
{
	options[backend_case_find_option(name)].texts = values;
}

static bool backend_case_option_bool(const struct warden_host *host, const char *name)
{
	(void)host;
	return options[backend_case_find_option(name)].number != 0;
}

static int64_t backend_case_option_integer(const struct warden_host *host, const char *name)
{
	(void)host;
	return options[backend_case_find_option(name)].number;
}

static const char *backend_case_option_string(const struct warden_host *host, const char *name)
{
	(void)host;
	return options[backend_case_find_option(name)].text;
}

static const char *const *backend_case_option_strings(const struct warden_host *host,
						      const char *name)
{
	static const char *const none[] = {NULL};
	const char *const *texts = options[backend_case_find_option(name)].texts;

	(void)host;
	return texts ? texts : none;
}

static const struct warden_settings settings;
static const struct warden_host host = {
	.size = sizeof(host),
	.settings = &settings,
	.log = backend_case_log,
	.option_bool = backend_case_option_bool,
	.option_integer = backend_case_option_integer,
	.option_string = backend_case_option_string,
	.option_strings = backend_case_option_strings,
	.job_ended = backend_case_job_ended,
	.container_empty = backend_case_container_empty,
	.oom = backend_case_oom,
	.init_died = backend_case_init_died,
	.container_gone = backend_case_container_gone,
	.processes_ended = backend_case_processes_ended,
	.waits_for = backend_case_waits_for,
};

struct backend_case backend_case_begin(const char *path)
{
	struct backend_case backend = {NULL, NULL};
	struct warden_error err = {0};
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* stays loaded: it may have threads */

	if (!module) {
		fprintf(stderr, "%s\n", dlerror());
		exit(EXIT_FAILURE);
	}
	backend.container_klass = dlsym(module, WARDEN_BACKEND_SYMBOL);
	if (!backend.container_klass ||
	    backend.container_klass->setup(&host, &backend.backend, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(EXIT_FAILURE);
	}
	n_events = 0;
	return backend;
}

void backend_case_end(struct backend_case *backend)
{
	backend->container_klass->teardown(backend->backend);
}

struct warden_identity backend_case_make_identity(const char *id)
{
	struct warden_identity identity = {.size = sizeof(identity), .id = id};
	char path[64];
	int parent = open(unit_directory(), O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0 || mkdirat(parent, id, 0700) < 0)
		backend_case_die("make a container's directory");
	identity.dir_fd = openat(parent, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (identity.dir_fd < 0 || mkdirat(identity.dir_fd, "run", 0700) < 0 ||
	    mkdirat(identity.dir_fd, "etc", 0700) < 0)
		backend_case_die("make a container's directory");
	close(parent);
	/* Good enough as long as the descriptor is open. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", identity.dir_fd);
	identity.path = strdup(path);
	return identity;
}

struct warden_spawn backend_case_start_job(const struct backend_case *backend, void *container,
					   uint32_t id, const char *script)
{
	struct warden_spawn spawn = {
		.size = sizeof(spawn), .job_id = id, .stdin_read_fd = -1, .stdin_write_fd = -1};
	struct warden_error err = {0};
	int out[2], err_pipe[2];

	spawn.script_fd = memfd_create("script", MFD_CLOEXEC);
	if (spawn.script_fd < 0 ||
	    write(spawn.script_fd, script, strlen(script)) != (ssize_t)strlen(script) ||
	    lseek(spawn.script_fd, 0, SEEK_SET) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(err_pipe, O_CLOEXEC) < 0)
		backend_case_die("make a job");
	spawn.stdout_read_fd = out[0];
	spawn.stdout_write_fd = out[1];
	spawn.stderr_read_fd = err_pipe[0];
	spawn.stderr_write_fd = err_pipe[1];
	if (!unit_integer(backend->container_klass->spawn(container, &spawn, &err), 0))
		unit_fail(err.message);
	close(spawn.script_fd);
	close(out[1]);
	close(err_pipe[1]);
	return spawn;
}

const char *backend_case_read(int fd)
{
	static char text[65536];
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(fd);
	return text;
}

static bool backend_case_take_event(enum backend_event kind, const char *id, uint32_t job_id,
				    struct warden_job_end *end)
{
	for (size_t i = 0; i < n_events; i++) {
		if (events[i].kind != kind || events[i].job_id != job_id ||
		    strcmp(events[i].id, id) != 0)
			continue;
		if (end)
			*end = events[i].end;
		memmove(&events[i], &events[i + 1], (n_events - i - 1) * sizeof(events[0]));
		n_events--;
		return true;
	}
	return false;
}

bool backend_case_receives(enum backend_event kind, const char *id, uint32_t job_id,
			   struct warden_job_end *end)
{
	struct timespec until;
	bool found;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&mutex);
	while (!(found = backend_case_take_event(kind, id, job_id, end)))
		if (pthread_cond_timedwait(&changed, &mutex, &until) != 0)
			break;
	pthread_mutex_unlock(&mutex);
	return found;
}

bool backend_case_has_no_events(void)
{
	bool none;

	pthread_mutex_lock(&mutex);
	none = n_events == 0;
	pthread_mutex_unlock(&mutex);
	return none;
}
