/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend of wardend in one file, to be copied: containers are directories, jobs are processes of
 * the daemon's user in them, without any isolation. It shows who calls what and when; all rules are
 * told in <warden/backend.h>.
 *
 * Threads: operations come from worker threads of the daemon, one at a time for a container. One
 * thread of our own waits for the ends of jobs, by pidfds, as SIGCHLD and wait(2) for any child are
 * the daemon's. One mutex guards everything that both touch; the host is called without it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <warden/backend.h>

struct backend {
	const struct warden_host *host;
	const char *shell; /* the option's value; the host's, valid until teardown */
	pthread_t thread;
	int epoll_fd;
	int end_fd; /* an eventfd: the thread is to end */
	pthread_mutex_t mutex;
	struct job *jobs; /* of all containers */
};

struct container {
	struct backend *backend;
	char id[32];
	int dir_fd; /* the host's, valid until container_gone */
	unsigned n_jobs;
	bool stopping;   /* container_empty is to be told */
	bool destroying; /* container_gone is to be told; nobody but us knows it any more */
};

struct job {
	struct job *next;
	struct container *container;
	uint32_t id;
	pid_t pid; /* leads a session of its own */
	int pidfd;
	struct timespec started;
};

/* Sends a signal to the process group of each job. A real backend must catch those that left it,
 * too (by cgroup, PID namespace or subreaper). With the mutex held. */
static void signal_jobs(const struct container *container, int signal)
{
	for (const struct job *job = container->backend->jobs; job; job = job->next)
		if (job->container == container)
			kill(-job->pid, signal); /* not reaped yet, so the number is its own */
}

/* What the host is to be told when a job has ended: collected with the mutex held, told without. */
struct news {
	char id[32];
	uint32_t job_id;
	struct warden_job_end end;
	bool empty, gone;
};

static void fill_end(struct warden_job_end *end, const struct job *job, int status,
		     const struct rusage *usage)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	memset(end, 0, sizeof(*end));
	end->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->wall_us = (uint64_t)((now.tv_sec - job->started.tv_sec) * 1000000 +
				  (now.tv_nsec - job->started.tv_nsec) / 1000);
	end->user_us = (uint64_t)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
	end->system_us = (uint64_t)usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec;
	end->peak_memory = (uint64_t)usage->ru_maxrss * 1024;
	end->minor_faults = (uint64_t)usage->ru_minflt;
	end->major_faults = (uint64_t)usage->ru_majflt;
	end->voluntary_switches = (uint64_t)usage->ru_nvcsw;
	end->involuntary_switches = (uint64_t)usage->ru_nivcsw;
	end->read_bytes = (uint64_t)usage->ru_inblock * 512;
	end->written_bytes = (uint64_t)usage->ru_oublock * 512;
	end->peak_processes = WARDEN_UNKNOWN;
	end->reason = end->signal ? WARDEN_END_SIGNAL : WARDEN_END_EXITED;
}

/* Forgets a job. With the mutex held. */
static void job_free(struct job *job)
{
	struct job **link = &job->container->backend->jobs;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	job->container->n_jobs--;
	close(job->pidfd); /* which takes it out of epoll */
	free(job);
}

/* Finds the job whose pidfd became readable and takes its status. False where an operation was
 * faster and has forgotten it. With the mutex held. */
static bool job_reap(const struct backend *backend, int pidfd, struct news *news)
{
	struct job *job = backend->jobs;
	struct container *container;
	struct rusage usage;
	int status;

	while (job && job->pidfd != pidfd)
		job = job->next;
	if (!job || wait4(job->pid, &status, WNOHANG, &usage) != job->pid)
		return false;
	container = job->container;
	snprintf(news->id, sizeof(news->id), "%s", container->id);
	news->job_id = job->id;
	fill_end(&news->end, job, status, &usage);
	job_free(job);
	news->empty = container->n_jobs == 0 && container->stopping;
	news->gone = container->n_jobs == 0 && container->destroying;
	if (news->empty)
		container->stopping = false;
	if (news->gone)
		free(container);
	return true;
}

static void *watch_jobs(void *data)
{
	struct backend *backend = data;
	const struct warden_host *host = backend->host;

	for (;;) {
		struct epoll_event event;
		struct news news;
		bool found;

		if (epoll_wait(backend->epoll_fd, &event, 1, -1) < 1)
			continue; /* a debugger interrupted it */
		if (event.data.fd == backend->end_fd)
			return NULL;
		pthread_mutex_lock(&backend->mutex);
		found = job_reap(backend, event.data.fd, &news);
		pthread_mutex_unlock(&backend->mutex);
		if (!found)
			continue;
		host->job_ended(host, news.id, news.job_id, &news.end);
		if (news.empty)
			host->container_empty(host, news.id);
		if (news.gone)
			host->container_gone(host, news.id);
	}
}

/* Signals are the daemon's main thread's, so all are blocked in ours. */
static int start_thread(struct backend *backend)
{
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t all, saved;

	backend->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	backend->end_fd = event.data.fd = eventfd(0, EFD_CLOEXEC);
	if (epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, backend->end_fd, &event) < 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	errno = pthread_create(&backend->thread, NULL, watch_jobs, backend);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return errno == 0 ? 0 : -1;
}

static void backend_free(struct backend *backend)
{
	close(backend->epoll_fd);
	close(backend->end_fd);
	pthread_mutex_destroy(&backend->mutex);
	free(backend);
}

/* Called once, before there are threads: the place to look whether the machine has what is needed.
 */
static int template_setup(const struct warden_host *host, void **data, struct warden_error *err)
{
	struct backend *backend = calloc(1, sizeof(*backend));

	if (!backend)
		return warden_error_errno(err, "set up the template");
	backend->host = host;
	backend->shell = host->option_string(host, "shell");
	backend->epoll_fd = backend->end_fd = -1;
	pthread_mutex_init(&backend->mutex, NULL);
	*data = backend;
	if (access(backend->shell, X_OK) < 0)
		warden_error_errno(err, "%s (option shell of group template)", backend->shell);
	else if (start_thread(backend) < 0)
		warden_error_errno(err, "start a thread");
	else
		return 0;
	backend_free(backend);
	return -1;
}

/* Nothing may call the host when it has returned. */
static void template_teardown(void *data)
{
	struct backend *backend = data;
	uint64_t one = 1;

	if (write(backend->end_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(backend->thread, NULL);
	backend_free(backend);
}

static struct container *container_new(struct backend *backend,
				       const struct warden_identity *identity,
				       struct warden_error *err)
{
	struct container *container = calloc(1, sizeof(*container));

	if (!container) {
		warden_error_errno(err, "make container %s", identity->id);
		return NULL;
	}
	container->backend = backend;
	container->dir_fd = identity->dir_fd;
	snprintf(container->id, sizeof(container->id), "%s", identity->id);
	return container;
}

/* What fails must leave nothing behind. */
static int template_create(void *backend, const struct warden_create *create, void **container,
			   struct warden_error *err)
{
	const struct warden_identity *identity = &create->identity;

	if (mkdirat(identity->dir_fd, "work", 0755) < 0)
		return warden_error_errno(err, "make directory work of container %s", identity->id);
	*container = container_new(backend, identity, err);
	if (*container)
		return 0;
	unlinkat(identity->dir_fd, "work", AT_REMOVEDIR);
	return -1;
}

/* Jobs are children of the daemon, so with the daemon that started them they are lost. A backend
 * whose containers live on looks for them here (see `restored`). */
static int template_restore(void *backend, const struct warden_identity *identity,
			    const char *state, void **container, struct warden_restored *restored,
			    struct warden_error *err)
{
	(void)state;
	memset(restored, 0, sizeof(*restored)); /* not alive: the core destroys it */
	*container = container_new(backend, identity, err);
	return *container ? 0 : -1;
}

/* What is not done for a job is refused: nobody is to believe in a limit that does not hold. */
static int check_spawn(const struct warden_spawn *spawn, struct warden_error *err)
{
	const struct {
		const char *name;
		bool asked;
	} fields[] = {
		{"working_dir", spawn->working_dir != NULL},
		{"user", spawn->user != NULL},
		{"wall_time_us", spawn->wall_time_us > 0},
		{"cpu_time_us", spawn->cpu_time_us > 0},
		{"nice", spawn->nice != 0},
		{"cpus", spawn->cpus != NULL},
		{"memory_limit", spawn->memory_limit > 0},
		{"process_limit", spawn->process_limit > 0},
		{"no_aslr", spawn->no_aslr},
		{"no_swap", spawn->no_swap},
		{"stack_unlimited", spawn->stack_unlimited},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].asked)
			return warden_error_set(err, "%s: the backend template has none",
						fields[i].name);
	return 0;
}

/* Where the standard input of a job comes from: a script, the other job of a pair, or nowhere. */
static void add_input(posix_spawn_file_actions_t *actions, const struct warden_spawn *spawn)
{
	int fd = spawn->script_fd >= 0 ? spawn->script_fd : spawn->stdin_read_fd;

	if (fd >= 0)
		posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

/* Executes the command, whose name is looked up in the daemon's PATH, or the shell with the script
 * as standard input. posix_spawn(3), because in a process with
 * threads a fork may do almost nothing before exec. All descriptors of the daemon are
 * close-on-exec, and none of those that are passed is 0, 1 or 2. */
static int start_process(const struct container *container, const struct warden_spawn *spawn,
			 pid_t *pid)
{
	char *shell[] = {(char *)container->backend->shell, NULL}, *nothing[] = {NULL};
	char *const *arguments = spawn->argv ? (char *const *)spawn->argv : shell;
	char *const *environment = spawn->env ? (char *const *)spawn->env : nothing;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int result, dir_fd = openat(container->dir_fd, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return errno;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addfchdir_np(&actions, dir_fd);
	add_input(&actions, spawn);
	posix_spawn_file_actions_adddup2(&actions, spawn->stdout_write_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, spawn->stderr_write_fd, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	result = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(dir_fd);
	return result;
}

/* From here on the end of the job comes as an event; where that fails the job is forgotten. */
static int job_watch(struct job *job)
{
	struct backend *backend = job->container->backend;
	struct epoll_event event = {.events = EPOLLIN};
	int result;

	job->pidfd = event.data.fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0) {
		free(job);
		return -1;
	}
	pthread_mutex_lock(&backend->mutex);
	job->next = backend->jobs;
	backend->jobs = job;
	job->container->n_jobs++;
	result = epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, job->pidfd, &event);
	if (result < 0)
		job_free(job);
	pthread_mutex_unlock(&backend->mutex);
	return result;
}

static struct job *job_new(struct container *container, uint32_t id)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->container = container;
	job->id = id;
	clock_gettime(CLOCK_MONOTONIC, &job->started);
	return job;
}

/* Starts a job and does not wait for it. The limits in spawn->rlimits are for a backend that has a
 * process of its own between the daemon and the job. */
static int template_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct container *container = data;
	struct job *job;
	pid_t pid = 0;

	if (check_spawn(spawn, err) < 0)
		return -1;
	job = job_new(container, spawn->job_id);
	if (!job)
		return warden_error_errno(err, "start a job");
	errno = start_process(container, spawn, &pid);
	if (errno != 0) {
		warden_error_errno(err, "start %s",
				   spawn->argv ? spawn->argv[0] : container->backend->shell);
		free(job);
		return -1;
	}
	job->pid = pid;
	if (job_watch(job) == 0)
		return 0; /* it may have ended already: do not touch it */
	warden_error_errno(err, "watch a job");
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

/* Only signals; that no process is left is told by an event, at once or later. */
static int template_stop(void *data, int signal, struct warden_error *err)
{
	struct container *container = data;
	const struct warden_host *host = container->backend->host;
	bool empty;

	(void)err;
	pthread_mutex_lock(&container->backend->mutex);
	signal_jobs(container, signal);
	empty = container->n_jobs == 0;
	container->stopping = !empty;
	pthread_mutex_unlock(&container->backend->mutex);
	if (empty)
		host->container_empty(host, container->id);
	return 0;
}

/* Begins to remove the container and cannot fail. Its directory is the core's to remove. */
static void template_destroy(void *data)
{
	struct container *container = data;
	struct backend *backend = container->backend;
	char id[sizeof(container->id)];
	bool gone;

	memcpy(id, container->id, sizeof(id));
	pthread_mutex_lock(&backend->mutex);
	signal_jobs(container, SIGKILL);
	gone = container->n_jobs == 0;
	container->destroying = true;
	pthread_mutex_unlock(&backend->mutex);
	if (!gone)
		return; /* the thread finishes it, perhaps already has */
	free(container);
	backend->host->container_gone(backend->host, id);
}

/* The daemon ends, containers live on: here, their processes do, but nobody will know them. */
static void template_detach(void *data)
{
	struct container *container = data;
	struct backend *backend = container->backend;

	pthread_mutex_lock(&backend->mutex);
	for (struct job *job = backend->jobs, *next; job; job = next) {
		next = job->next;
		if (job->container == container)
			job_free(job);
	}
	pthread_mutex_unlock(&backend->mutex);
	free(container);
}

/* The keys of the group `template` in warden.conf. */
static const struct warden_option options[] = {
	{
		.name = "shell",
		.type = WARDEN_OPTION_STRING,
		.text = "/bin/sh",
		.meaning = "what executes the scripts of jobs",
	},
	{.name = NULL},
};

/* What the module exports. Operations that are not named are NULL: the core answers that this
 * backend cannot do it. */
const struct warden_container_klass warden_container_klass = {
	.size = sizeof(struct warden_container_klass),
	.abi = WARDEN_BACKEND_ABI,
	.name = "template",
	.description = "an example: directories and processes, no isolation",
	.options = options,
	.setup = template_setup,
	.teardown = template_teardown,
	.create = template_create,
	.restore = template_restore,
	.spawn = template_spawn,
	.stop = template_stop,
	.destroy = template_destroy,
	.detach = template_detach,
};
