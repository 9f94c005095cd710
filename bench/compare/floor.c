/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel alone costs: the objects of a container's life without a daemon, a protocol, a
 * process that executes wshd, or a file that records anything. `floor ROOTFS DIRECTORY`, as root,
 * makes a life for each line of its input and answers with the milliseconds of its create, of
 * `true` in it and of its destroy, and with the processor time that it has used so far, children
 * included. It has a network namespace of its own.
 *
 * Links, firewall, control groups and mounts are made by the functions of the backend that make
 * system calls and nothing else; the processes are the fewest that can do it, and none of them
 * copies memory: all share that of this program.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/setup.h"
#include "backends/linux/create/user_namespace.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/net.h"
#include "backends/linux/root/dev.h"
#include "backends/linux/root/layers.h"
#include "backends/linux/root/root_mounts.h"
#include "backends/linux/root/union.h"
#include "lib/cleanup.h"
#include "lib/remove_tree.h"
#include "tests/linux/linux_host.h"

enum {
	FLOOR_IDS = 4096,    /* numbers of linux_host_identity, used in turn */
	FLOOR_REMOVALS = 64, /* of links that may be under way */
	FLOOR_STACK = 128 * 1024,
};

/* Host ids that no daemon has. */
#define FLOOR_FIRST_ID 0x50000000u

#define FLOOR_INIT_FLAGS                                                                           \
	(CLONE_VM | CLONE_PARENT | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |    \
	 CLONE_NEWUTS)

/* What the first process does. It shares the memory, and the thread's errno, of the program: it
 * makes system calls alone. */
enum floor_command { FLOOR_ENTER, FLOOR_TRUE, FLOOR_END };

struct floor {
	struct linux_backend backend;
	int directory_fd;
	const char *directory;
	unsigned n; /* lives */
	sem_t removals;
};

struct floor_life {
	struct floor *floor;
	struct warden_identity identity;
	char id[12];
	struct setup setup;
	struct setup_layer layer;
	struct cgroup *cgroup;
	int commands[2], answers[2]; /* pipes of the first process */
	sem_t network_exists;
	bool failed;
	struct warden_error err, network_err;
};

static char floor_setup_stack[FLOOR_STACK] __attribute__((aligned(16)));
static char floor_init_stack[FLOOR_STACK] __attribute__((aligned(16)));
static char floor_job_stack[FLOOR_STACK] __attribute__((aligned(16)));

static double floor_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double floor_rusage_ms(int who)
{
	struct rusage usage;

	getrusage(who, &usage); /* cannot fail with these arguments */
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static int floor_execute_true(void *data)
{
	static const char *const argv[] = {"true", NULL}, *const environment[] = {NULL};

	(void)data;
	syscall(SYS_execve, "/bin/true", argv, environment);
	syscall(SYS_exit, 127);
	return 127;
}

static bool floor_run_true(void)
{
	int status = -1;
	pid_t pid = clone(floor_execute_true, floor_job_stack + FLOOR_STACK,
			  CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	return pid > 0 && syscall(SYS_wait4, pid, &status, 0, NULL) == pid && status == 0;
}

static bool floor_enter(const struct floor_life *life)
{
	const char *id = life->identity.id;

	return syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0 &&
	       syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	       syscall(SYS_unshare, CLONE_NEWNS | CLONE_NEWCGROUP) == 0 &&
	       syscall(SYS_chdir, "/") == 0 && syscall(SYS_sethostname, id, strlen(id)) == 0 &&
	       syscall(SYS_setsid) > 0;
}

static int floor_run_init(void *data)
{
	const struct floor_life *life = data;
	char command = FLOOR_END, ok;

	while (syscall(SYS_read, life->commands[0], &command, 1) == 1 && command != FLOOR_END) {
		ok = command == FLOOR_ENTER ? floor_enter(life) : floor_run_true();
		syscall(SYS_write, life->answers[1], &ok, 1);
	}
	syscall(SYS_exit, 0);
	return 0;
}

/* Makes the first process, its namespaces and their maps. */
static int floor_start_init(struct floor_life *life, struct warden_error *err)
{
	struct setup *setup = &life->setup;
	const struct user_map map = {setup->parameters.base, ID_RANGE, 0, 0};

	setup->init_pid =
		clone(floor_run_init, floor_init_stack + FLOOR_STACK, FLOOR_INIT_FLAGS, life);
	if (setup->init_pid < 0)
		return warden_error_errno(err, "make the namespaces");
	if (user_write_maps(setup->init_pid, &map, &map, err) < 0)
		return -1;
	setup->namespace_fd = user_open_namespace(setup->init_pid, err);
	setup->init_pidfd = pidfd_open(setup->init_pid, 0);
	if (setup->namespace_fd < 0)
		return -1;
	if (setup->init_pidfd < 0 || setns(setup->init_pidfd, CLONE_NEWNET) < 0)
		return warden_error_errno(err, "enter the network namespace");
	setup->netns_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setup->netns_fd < 0)
		return warden_error_errno(err, "open the network namespace");
	if (net_open_inside(&setup->rtnl_fd, err) < 0)
		return -1;
	sem_post(&life->network_exists);
	return 0;
}

static int floor_make_mounts(struct setup *setup, struct warden_error *err)
{
	if (layers_open(setup, err) < 0 || root_mounts_make(setup, err) < 0 ||
	    dev_make(setup, err) < 0 || proc_mounts_make(setup, err) < 0 ||
	    net_configure_inside(setup->proc_fd, setup->parameters.base, err) < 0 ||
	    proc_mounts_attach(setup, err) < 0 || dev_attach_parts(setup, err) < 0)
		return -1;
	return root_mounts_pivot(setup, err);
}

/* The set-up: a process of its own, since it changes its namespaces and ids. */
static int floor_run_setup(void *data)
{
	struct floor_life *life = data;

	umask(0);
	life->failed = root_mounts_private(&life->setup, &life->err) < 0 ||
		       floor_start_init(life, &life->err) < 0 ||
		       floor_make_mounts(&life->setup, &life->err) < 0;
	if (life->failed)
		sem_post(&life->network_exists);
	syscall(SYS_exit, 0);
	return 0;
}

/* Makes links and elements of the firewall while the set-up makes the mounts. */
static void *floor_run_network(void *data)
{
	struct floor_life *life = data;
	const struct setup *setup = &life->setup;
	const struct linux_backend *backend = &life->floor->backend;

	while (sem_wait(&life->network_exists) < 0)
		; /* a signal */
	if (life->failed ||
	    (net_make(backend->net, &life->identity, setup->netns_fd, setup->rtnl_fd,
		      &life->network_err) == 0 &&
	     firewall_add(backend->firewall, &life->identity, &life->network_err) == 0))
		return NULL;
	return life;
}

static void floor_check(const struct floor_life *life, bool failed, const struct warden_error *err)
{
	if (failed)
		errx(1, "%s: %s", life->identity.id, err->message);
}

static void floor_tell(const struct floor_life *life, enum floor_command command)
{
	char byte = (char)command, ok = 0;

	if (write(life->commands[1], &byte, 1) != 1 ||
	    (command != FLOOR_END && (read(life->answers[0], &ok, 1) != 1 || !ok)))
		errx(1, "%s: the first process fails", life->identity.id);
}

static void floor_make_pipes(struct floor_life *life)
{
	if (pipe2(life->commands, O_CLOEXEC) < 0 || pipe2(life->answers, O_CLOEXEC) < 0)
		err(1, "make pipes");
}

static void floor_begin(struct floor *floor, struct floor_life *life)
{
	struct setup_parameters *p = &life->setup.parameters;

	life->floor = floor;
	life->identity = linux_host_identity(floor->n++ % FLOOR_IDS);
	/* Several of these programs may run side by side. */
	snprintf(life->id, sizeof(life->id), "%x-%x", (unsigned)getpid() & 0xffffff,
		 life->identity.slot);
	life->identity.id = life->id;
	life->setup.backend = &floor->backend;
	life->setup.layers = &life->layer;
	snprintf(life->layer.path, sizeof(life->layer.path), "%s", linux_settings.rootfs_path);
	snprintf(p->path, sizeof(p->path), "%s/%s", floor->directory, life->identity.id);
	p->n_layers = 1;
	p->base = linux_base(&linux_settings, life->identity.slot);
	if (mkdirat(floor->directory_fd, life->identity.id, 0700) < 0)
		err(1, "make %s", p->path);
	life->setup.directory_fd =
		openat(floor->directory_fd, life->identity.id, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (life->setup.directory_fd < 0)
		err(1, "open %s", p->path);
	sem_init(&life->network_exists, 0, 0); /* cannot fail with these arguments */
	floor_make_pipes(life);
}

static void floor_create(struct floor_life *life)
{
	struct floor *floor = life->floor;
	pthread_t network;
	void *failed;
	pid_t pid;

	floor_check(life,
		    cgroup_make(floor->backend.cgroups, life->identity.id, &life->cgroup,
				&life->err) < 0,
		    &life->err);
	if (pthread_create(&network, NULL, floor_run_network, life) != 0)
		errx(1, "a thread cannot be started");
	pid = clone(floor_run_setup, floor_setup_stack + FLOOR_STACK,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, life);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		err(1, "fork the set-up");
	pthread_join(network, &failed); /* cannot fail for a thread that was started */
	floor_check(life, life->failed, &life->err);
	floor_check(life, failed, &life->network_err);
	floor_check(life, cgroup_attach(life->cgroup, life->setup.init_pid, &life->err) < 0,
		    &life->err);
	floor_tell(life, FLOOR_ENTER);
}

/* The set-up shares this program's descriptors. */
static void floor_close(struct floor_life *life)
{
	const struct setup *setup = &life->setup;
	const int fds[] = {
		setup->directory_fd, setup->layer_fds[0], setup->namespace_fd, setup->init_pidfd,
		setup->netns_fd,     setup->rtnl_fd,      setup->root_fd,      setup->dev_fd,
		setup->proc_fd,      setup->sys_fd,       life->commands[0],   life->commands[1],
		life->answers[0],    life->answers[1],
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	sem_destroy(&life->network_exists);
}

static void floor_on_removed(void *data)
{
	struct floor *floor = data;

	sem_post(&floor->removals);
}

/* The kernel empties a group a moment after the end of its last process. */
static void floor_remove_cgroup(struct floor_life *life)
{
	const struct timespec pause = {.tv_nsec = 100000};
	int tries = 0;

	while (cgroup_remove(life->cgroup, &life->err) < 0) {
		floor_check(life, life->err.number != EBUSY || ++tries > 10000, &life->err);
		nanosleep(&pause, NULL); /* a signal makes it shorter */
	}
	cgroup_free(life->cgroup);
}

static void floor_destroy(struct floor_life *life)
{
	struct floor *floor = life->floor;
	const struct linux_backend *backend = &floor->backend;

	floor_tell(life, FLOOR_END);
	floor_close(life);
	if (waitpid(life->setup.init_pid, NULL, __WALL) != life->setup.init_pid)
		err(1, "wait for the first process");
	floor_remove_cgroup(life);
	floor_check(life, firewall_remove(backend->firewall, &life->identity, &life->err) < 0,
		    &life->err);
	while (sem_wait(&floor->removals) < 0)
		; /* a signal */
	floor_check(life,
		    net_remove(backend->net, &life->identity, floor_on_removed, floor, &life->err) <
			    0,
		    &life->err);
	floor_check(life, remove_tree(floor->directory_fd, life->identity.id, &life->err) < 0,
		    &life->err);
}

static void floor_live(struct floor *floor)
{
	static struct floor_life life;
	double start = floor_now_ms(), created, ran, destroyed;

	life = (struct floor_life){0};
	floor_begin(floor, &life);
	floor_create(&life);
	created = floor_now_ms();
	floor_tell(&life, FLOOR_TRUE);
	ran = floor_now_ms();
	floor_destroy(&life);
	destroyed = floor_now_ms();
	printf("%.3f %.3f %.3f %.3f\n", created - start, ran - created, destroyed - ran,
	       floor_rusage_ms(RUSAGE_SELF) + floor_rusage_ms(RUSAGE_CHILDREN));
}

static int64_t floor_get_integer(const struct warden_host *host, const char *name)
{
	(void)host;
	(void)name;
	return 1280;
}

static const char *floor_get_string(const struct warden_host *host, const char *name)
{
	(void)host;
	(void)name;
	return "none"; /* of memory bounds */
}

static void floor_set_up(struct floor *floor)
{
	struct linux_backend *backend = &floor->backend;
	struct warden_error error;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "make a network namespace");
	linux_host.option_integer = floor_get_integer;
	linux_host.option_string = floor_get_string;
	backend->host = &linux_host;
	backend->union_kind = UNION_OVERLAY;
	backend->terminals = 1024;
	backend->shm_bytes = 64 << 20;
	if (cgroups_setup(&linux_host, &backend->cgroups, &error) < 0 ||
	    net_setup(&linux_host, &backend->net, &error) < 0 ||
	    firewall_setup(&linux_host, NULL, &backend->firewall, &error) < 0)
		errx(1, "%s", error.message);
	sem_init(&floor->removals, 0, FLOOR_REMOVALS); /* cannot fail with these arguments */
}

static void floor_end(struct floor *floor)
{
	for (int i = 0; i < FLOOR_REMOVALS; i++)
		while (sem_wait(&floor->removals) < 0)
			; /* a signal */
	firewall_free(floor->backend.firewall);
	net_free(floor->backend.net);
	cgroups_free(floor->backend.cgroups);
	close(floor->directory_fd);
}

int main(int argc, char **argv)
{
	static struct floor floor;
	char line[64];

	if (argc != 3)
		errx(2, "takes ROOTFS DIRECTORY");
	linux_settings.rootfs_path = argv[1];
	linux_settings.range_start = FLOOR_FIRST_ID;
	floor.directory = argv[2];
	floor.directory_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (floor.directory_fd < 0)
		err(1, "open %s", argv[2]);
	floor_set_up(&floor);
	setlinebuf(stdout);
	while (fgets(line, sizeof(line), stdin))
		floor_live(&floor);
	floor_end(&floor);
	return fflush(stdout) == 0 ? 0 : 1;
}
