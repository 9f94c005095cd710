/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A complete backend of wardend in one file, as a template for others. A container is a directory,
 * a job is a process of the daemon's user in it, without any isolation. <warden/backend.h>
 * documents when the daemon calls each operation, on which thread, and who owns what.
 *
 * Threads: the daemon's worker threads call the operations, one at a time for each container. This
 * backend has one thread of its own, which waits for the ends of jobs through pidfds. It must not
 * use SIGCHLD or wait for any child, as both belong to the daemon. One mutex guards all data that
 * the threads share. The host's functions are called without the mutex.
 *
 * The file has four parts: jobs, the thread that watches them, the containers' operations, and at
 * the end the table that the module exports.
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

/* The state of the backend; one for the daemon. */
struct template_backend {
	const struct warden_host *host; /* the daemon's functions */
	const char *shell;              /* option `shell`, or the default; valid until teardown */
	pthread_t thread;               /* runs template_watch_jobs */
	int epoll_fd;                   /* the thread waits on it for end_fd and all pidfds */
	int end_fd;                     /* an eventfd: readable when the thread is to end */
	pthread_mutex_t mutex;     /* guards all members below, and those of containers and jobs */
	struct template_job *jobs; /* the running jobs of all containers */
};

struct template_container {
	struct template_backend *backend;
	char id[32];
	int dir_fd;      /* the container's directory; the host's, valid until container_gone */
	unsigned n_jobs; /* running jobs */
	bool stopping;   /* container_empty is to be called when n_jobs is 0 */
	bool destroying; /* container_gone is to be called and this freed when n_jobs is 0 */
};

struct template_job {
	struct template_job *next;
	struct template_container *container;
	uint32_t id;
	pid_t pid; /* a session leader, so its process group has the same number */
	int pidfd; /* readable when the process has ended */
	struct timespec started;
};

/* A report to the host about the end of a job: filled in with the mutex locked, sent without.
 */
struct template_event {
	char container_id[32];
	uint32_t job_id;
	struct warden_job_end end;
	bool empty; /* call container_empty */
	bool gone;  /* call container_gone */
};

/* Allocates a job; its process is started by the caller. NULL if memory is short. */
static struct template_job *template_job_new(struct template_container *container, uint32_t id)
{
	struct template_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->container = container;
	job->id = id;
	clock_gettime(CLOCK_MONOTONIC, &job->started);
	return job;
}

/* Adds a job to the list. Called with the mutex locked. */
static void template_job_link(struct template_job *job)
{
	struct template_backend *backend = job->container->backend;

	job->next = backend->jobs;
	backend->jobs = job;
	job->container->n_jobs++;
}

/* Removes a job from the list and frees it. Called with the mutex locked. */
static void template_job_free(struct template_job *job)
{
	struct template_job **link = &job->container->backend->jobs;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	job->container->n_jobs--;
	close(job->pidfd); /* this also removes it from epoll */
	free(job);
}

/* Finds the job of a pidfd; NULL if an operation has already freed it. Called with the mutex
 * locked. */
static struct template_job *template_job_find(const struct template_backend *backend, int pidfd)
{
	struct template_job *job = backend->jobs;

	while (job && job->pidfd != pidfd)
		job = job->next;
	return job;
}

/* Microseconds from the start of the job until now. */
static uint64_t template_job_wall_us(const struct template_job *job)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - job->started.tv_sec) * 1000000 +
			  (now.tv_nsec - job->started.tv_nsec) / 1000);
}

/* Fills in how a job ended, from its wait status. */
static void template_job_set_status(struct warden_job_end *end, int status)
{
	end->size = sizeof(*end);
	end->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->reason = end->signal ? WARDEN_END_SIGNAL : WARDEN_END_EXITED;
}

/* Fills in what a job used. A figure that a backend cannot measure is WARDEN_UNKNOWN. */
static void template_job_set_usage(struct warden_job_end *end, const struct rusage *usage)
{
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
}

/* Sends a signal to the process group of each job of a container. A real backend must also reach
 * processes that have left the group, for example through a cgroup, a PID namespace or a subreaper.
 * Called with the mutex locked: listed jobs are not reaped yet, so their pids are not reused. */
static void template_signal_jobs(const struct template_container *container, int signal)
{
	for (const struct template_job *job = container->backend->jobs; job; job = job->next)
		if (job->container == container)
			kill(-job->pid, signal);
}

/* A job was freed: notes in the event whether its container is now empty or gone, and frees a
 * container that is gone. Called with the mutex locked. */
static void template_update_container(struct template_container *container,
				      struct template_event *event)
{
	event->empty = container->n_jobs == 0 && container->stopping;
	event->gone = container->n_jobs == 0 && container->destroying;
	if (event->empty)
		container->stopping = false; /* container_empty is called once for each stop */
	if (event->gone)
		free(container);
}

/* Reaps the job of a readable pidfd and fills in the event. False if an operation has freed the job
 * before. Called with the mutex locked. */
static bool template_reap_job(const struct template_backend *backend, int pidfd,
			      struct template_event *event)
{
	struct template_job *job = template_job_find(backend, pidfd);
	struct template_container *container;
	struct rusage usage;
	int status;

	if (!job || wait4(job->pid, &status, WNOHANG, &usage) != job->pid)
		return false;
	memset(event, 0, sizeof(*event));
	container = job->container;
	snprintf(event->container_id, sizeof(event->container_id), "%s", container->id);
	event->job_id = job->id;
	event->end.wall_us = template_job_wall_us(job);
	template_job_set_status(&event->end, status);
	template_job_set_usage(&event->end, &usage);
	template_job_free(job);
	template_update_container(container, event);
	return true;
}

/* Tells the host what happened, in this order: the job's end, then the container's state. */
static void template_report_event(const struct warden_host *host,
				  const struct template_event *event)
{
	host->job_ended(host, event->container_id, event->job_id, &event->end);
	if (event->empty)
		host->container_empty(host, event->container_id);
	if (event->gone)
		host->container_gone(host, event->container_id);
}

/* The thread's function: waits for a pidfd or end_fd, one event at a time. */
static void *template_watch_jobs(void *data)
{
	struct template_backend *backend = data;

	for (;;) {
		struct epoll_event ready;
		struct template_event event;
		bool reaped;

		if (epoll_wait(backend->epoll_fd, &ready, 1, -1) < 1)
			continue; /* EINTR, for example after a debugger has stopped the process */
		if (ready.data.fd == backend->end_fd)
			return NULL;
		pthread_mutex_lock(&backend->mutex);
		reaped = template_reap_job(backend, ready.data.fd, &event);
		pthread_mutex_unlock(&backend->mutex);
		if (reaped)
			template_report_event(backend->host, &event);
	}
}

/* Makes the descriptors that the thread waits for. -1 and errno on failure; the caller closes them.
 */
static int template_open_events(struct template_backend *backend)
{
	struct epoll_event event = {.events = EPOLLIN};

	backend->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	backend->end_fd = event.data.fd = eventfd(0, EFD_CLOEXEC);
	return epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, backend->end_fd, &event);
}

/* Starts the thread with all signals blocked: they belong to the daemon's main thread. -1 and
 * errno. */
static int template_start_thread(struct template_backend *backend)
{
	sigset_t all, saved;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	errno = pthread_create(&backend->thread, NULL, template_watch_jobs, backend);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return errno == 0 ? 0 : -1;
}

static void template_backend_free(struct template_backend *backend)
{
	if (backend->epoll_fd >= 0)
		close(backend->epoll_fd);
	if (backend->end_fd >= 0)
		close(backend->end_fd);
	pthread_mutex_destroy(&backend->mutex);
	free(backend);
}

static struct template_backend *template_backend_new(const struct warden_host *host)
{
	struct template_backend *backend = calloc(1, sizeof(*backend));

	if (!backend)
		return NULL;
	backend->host = host;
	backend->shell = host->option_string(host, "shell");
	if (!backend->shell)
		backend->shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	backend->epoll_fd = backend->end_fd = -1;
	pthread_mutex_init(&backend->mutex, NULL);
	return backend;
}

/* Called once, before the daemon has threads. Checks that the machine has what the backend needs.
 * `*data` is passed to create, restore and teardown. */
static int template_setup(const struct warden_host *host, void **data, struct warden_error *err)
{
	struct template_backend *backend = template_backend_new(host);

	if (!backend)
		return warden_error_errno(err, "set up the template");
	if (access(backend->shell, X_OK) < 0)
		warden_error_errno(err, "%s (option shell of group template)", backend->shell);
	else if (template_open_events(backend) < 0 || template_start_thread(backend) < 0)
		warden_error_errno(err, "start a thread");
	else {
		*data = backend;
		return 0;
	}
	template_backend_free(backend);
	return -1;
}

/* Called once, at the end, when no operation runs. After it has returned, no thread of the backend
 * may call the host any more. */
static void template_teardown(void *data)
{
	struct template_backend *backend = data;
	uint64_t one = 1;

	if (write(backend->end_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(backend->thread, NULL);
	template_backend_free(backend);
}

static struct template_container *template_container_new(struct template_backend *backend,
							 const struct warden_identity *identity,
							 struct warden_error *err)
{
	struct template_container *container = calloc(1, sizeof(*container));

	if (!container) {
		warden_error_errno(err, "make container %s", identity->id);
		return NULL;
	}
	container->backend = backend;
	container->dir_fd = identity->dir_fd;
	snprintf(container->id, sizeof(container->id), "%s", identity->id);
	return container;
}

/* An option of a request that a backend may not implement. */
struct template_option {
	const char *name; /* its field in the protocol */
	bool requested;
};

/* Refuses the first of the options that is requested: a client must not rely on what is not done.
 * warden-backend-test(1) knows this text and skips its cases of the option. */
static int template_refuse_options(const struct template_option *options, size_t n,
				   struct warden_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (options[i].requested)
			return warden_error_set(err, "%s: the backend template has none",
						options[i].name);
	return 0;
}

static int template_check_create(const struct warden_create *create, struct warden_error *err)
{
	const struct template_option options[] = {
		{"layers", create->n_layers > 0},
		{"tmpfs_bytes", create->tmpfs_bytes > 0},
		{"hostname", create->hostname != NULL},
		{"hosts", create->n_hosts > 0},
		{"dns_servers", create->dns_servers != NULL},
		{"shm_bytes", create->shm_bytes > 0},
		{"no_new_privs", WARDEN_HAS(create, no_new_privs) && create->no_new_privs},
		{"bind_mounts", create->n_bind_mounts > 0},
		{"seccomp", create->identity->seccomp != NULL},
	};

	return template_refuse_options(options, sizeof(options) / sizeof(options[0]), err);
}

/* Makes a container: here, a directory in which its jobs run. The host has made the directory of
 * the container itself. An operation that fails must undo what it has done. `*container` is passed
 * to all later operations of the container. */
static int template_create(void *backend, const struct warden_create *create, void **container,
			   struct warden_error *err)
{
	const struct warden_identity *identity = create->identity;

	if (template_check_create(create, err) < 0)
		return -1;
	if (mkdirat(identity->dir_fd, "work", 0755) < 0)
		return warden_error_errno(err, "make directory work of container %s", identity->id);
	*container = template_container_new(backend, identity, err);
	if (*container)
		return 0;
	unlinkat(identity->dir_fd, "work", AT_REMOVEDIR);
	return -1;
}

/* Called for each container of a previous daemon. Jobs of this backend are children of the daemon,
 * so they are lost when it ends: `restored` stays zero, which means that the container is not
 * alive, and the daemon destroys it. A backend whose containers live on finds them here and fills
 * in `restored`. */
static int template_restore(void *backend, const struct warden_identity *identity,
			    enum warden_restore_state state, void **container,
			    struct warden_restored *restored, struct warden_error *err)
{
	(void)state;
	(void)restored; /* `alive` is false */
	*container = template_container_new(backend, identity, err);
	return *container ? 0 : -1;
}

/* Sends a signal to all processes of the container and does not wait for their end. The host waits
 * for container_empty, which is called here if there are no jobs, else by the thread. */
static int template_stop(void *data, int signal, struct warden_error *err)
{
	struct template_container *container = data;
	const struct warden_host *host = container->backend->host;
	bool empty;

	(void)err;
	pthread_mutex_lock(&container->backend->mutex);
	template_signal_jobs(container, signal);
	empty = container->n_jobs == 0;
	container->stopping = !empty;
	pthread_mutex_unlock(&container->backend->mutex);
	if (empty)
		host->container_empty(host, container->id);
	return 0;
}

/* Starts the removal of the container; cannot fail. The host waits for container_gone and then
 * removes the container's directory. If jobs still run, the thread frees the container after the
 * last one. */
static void template_destroy(void *data)
{
	struct template_container *container = data;
	struct template_backend *backend = container->backend;
	char id[sizeof(container->id)];
	bool gone;

	memcpy(id, container->id, sizeof(id));
	pthread_mutex_lock(&backend->mutex);
	template_signal_jobs(container, SIGKILL);
	gone = container->n_jobs == 0;
	container->destroying = true;
	pthread_mutex_unlock(&backend->mutex);
	/* If it is not gone, the thread may have freed it by now. */
	if (!gone)
		return;
	free(container);
	backend->host->container_gone(backend->host, id);
}

/* The daemon ends and its containers live on: frees the memory, but leaves processes and files
 * alone. A backend whose containers survive finds them again in restore. */
static void template_detach(void *data)
{
	struct template_container *container = data;
	struct template_backend *backend = container->backend;

	pthread_mutex_lock(&backend->mutex);
	for (struct template_job *job = backend->jobs, *next; job; job = next) {
		next = job->next;
		if (job->container == container)
			template_job_free(job);
	}
	pthread_mutex_unlock(&backend->mutex);
	free(container);
}

/* Whether the client asks for a resource limit; the daemon's defaults do not count. */
static bool template_requests_rlimit(const struct warden_spawn *spawn)
{
	for (size_t i = 0; i < spawn->n_rlimits; i++)
		if (spawn->rlimits[i].requested)
			return true;
	return false;
}

static int template_check_spawn(const struct warden_spawn *spawn, struct warden_error *err)
{
	const struct template_option options[] = {
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
		{"no_new_privs", WARDEN_HAS(spawn, no_new_privs) && spawn->no_new_privs},
		{"rlimits", template_requests_rlimit(spawn)},
		{"seccomp", spawn->seccomp != NULL},
	};

	return template_refuse_options(options, sizeof(options) / sizeof(options[0]), err);
}

/* Finds a program in the PATH of the job's environment. The caller frees the result; NULL and
 * errno: there is none. */
static char *template_find_program(const char *name, const char *const *env)
{
	const char *path = "/usr/local/bin:/usr/bin:/bin";
	char *file;

	if (strchr(name, '/'))
		return strdup(name);
	for (; env && *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			path = *env + 5;
	for (size_t length; *path; path += length + (path[length] == ':')) {
		length = strcspn(path, ":");
		if (asprintf(&file, "%.*s/%s", (int)length, path, name) < 0)
			return NULL;
		if (access(file, X_OK) == 0)
			return file;
		free(file);
	}
	errno = ENOENT;
	return NULL;
}

/* Sets the child's working directory and streams. Standard input is a script, a pipe or /dev/null.
 * No descriptor of `spawn` is 0, 1 or 2, and all descriptors of the daemon are close-on-exec. */
static void template_set_files(posix_spawn_file_actions_t *actions, int dir_fd,
			       const struct warden_spawn *spawn)
{
	int input = spawn->script_fd >= 0 ? spawn->script_fd : spawn->stdin_read_fd;

	posix_spawn_file_actions_addfchdir_np(actions, dir_fd);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(actions, spawn->stdout_write_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, spawn->stderr_write_fd, STDERR_FILENO);
}

/* Makes the child a session leader with default signal handlers and no blocked signals. */
static void template_set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
}

/* Executes the command in the directory, or without a command the shell, which reads its script
 * from standard input. Uses posix_spawn(3), as a fork of a process with threads may do little
 * before exec. Returns 0 or an errno. */
static int template_execute(const struct template_container *container, int dir_fd,
			    const struct warden_spawn *spawn, pid_t *pid)
{
	char *shell[] = {(char *)container->backend->shell, NULL}, *empty[] = {NULL};
	char *const *argv = spawn->argv ? (char *const *)spawn->argv : shell;
	char *const *env = spawn->env ? (char *const *)spawn->env : empty;
	char *file = template_find_program(argv[0], spawn->env);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	if (!file)
		return errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	template_set_files(&actions, dir_fd, spawn);
	template_set_attributes(&attributes);
	result = posix_spawn(pid, file, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(file);
	return result;
}

/* Starts the job's process in the container's directory. Returns 0 or an errno. */
static int template_start_process(const struct template_container *container,
				  const struct warden_spawn *spawn, pid_t *pid)
{
	int dir_fd = openat(container->dir_fd, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (dir_fd < 0)
		return errno;
	result = template_execute(container, dir_fd, spawn, pid);
	close(dir_fd);
	return result;
}

/* Adds a started job to the list and its pidfd to epoll. From then on the thread may reap and free
 * it at any time. On failure frees the job; -1 and errno. */
static int template_watch_job(struct template_job *job)
{
	struct template_backend *backend = job->container->backend;
	struct epoll_event event = {.events = EPOLLIN};
	int result;

	job->pidfd = event.data.fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0) {
		free(job);
		return -1;
	}
	pthread_mutex_lock(&backend->mutex);
	template_job_link(job);
	result = epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, job->pidfd, &event);
	if (result < 0)
		template_job_free(job);
	pthread_mutex_unlock(&backend->mutex);
	return result;
}

/* Reports a job whose program cannot be executed. */
static void template_report_failure(const struct template_container *container,
				    const struct warden_spawn *spawn, int number)
{
	const struct warden_host *host = container->backend->host;
	struct warden_job_end end;

	memset(&end, 0xff, sizeof(end)); /* WARDEN_UNKNOWN */
	end.size = sizeof(end);
	end.reason = WARDEN_END_START_FAILED;
	end.exit_status = -1;
	end.signal = 0;
	end.own_cgroup = false;
	snprintf(end.start_error, sizeof(end.start_error), "%s %s: %s",
		 spawn->argv ? "argv" : "shell",
		 spawn->argv ? spawn->argv[0] : container->backend->shell, strerror(number));
	host->job_ended(host, container->id, spawn->job_id, &end);
}

/* Starts a job and does not wait for its end. The resource limits in spawn->rlimits are for a
 * backend with its own process between the daemon and the job; posix_spawn cannot set them. */
static int template_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct template_container *container = data;
	struct template_job *job;
	pid_t pid = 0;
	int result;

	if (template_check_spawn(spawn, err) < 0)
		return -1;
	job = template_job_new(container, spawn->job_id);
	if (!job)
		return warden_error_errno(err, "start a job");
	result = template_start_process(container, spawn, &pid);
	if (result != 0) {
		template_report_failure(container, spawn, result);
		free(job);
		return 0;
	}
	job->pid = pid;
	if (template_watch_job(job) == 0)
		return 0; /* the thread may have freed the job by now */
	warden_error_errno(err, "watch a job");
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

/* The keys of the group `template` in warden.conf. */
static const struct warden_option template_options[] = {
	{
		.name = "shell",
		.type = WARDEN_OPTION_STRING,
		.meaning = "what executes the scripts of jobs (default: /bin/bash, else /bin/sh)",
	},
};

/* The daemon looks this name up. An operation that is NULL is one that the backend does not have:
 * the daemon answers such requests with an error. */
const struct warden_container_klass warden_container_klass = {
	.size = sizeof(struct warden_container_klass),
	.abi = WARDEN_BACKEND_ABI,
	.name = "template",
	.description = "an example: directories and processes, no isolation",
	.options = template_options,
	.n_options = sizeof(template_options) / sizeof(template_options[0]),
	.option_size = sizeof(template_options[0]),
	.setup = template_setup,
	.teardown = template_teardown,
	.create = template_create,
	.restore = template_restore,
	.spawn = template_spawn,
	.stop = template_stop,
	.destroy = template_destroy,
	.detach = template_detach,
};
