/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the start of a job: one message, with the texts in a memfd; see proto/wshd_protocol.h. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/write_whole.h"
#include "proto/packet.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

_Static_assert((int)WSHD_RLIMITS == (int)WARDEN_RLIMITS, "the wire has all limits");

/* A command block in memory. */
struct wshd_spawn_block {
	char *text;
	size_t size, room;
};

static int wshd_spawn_add_text(struct wshd_spawn_block *block, const char *text)
{
	size_t size = strlen(text) + 1;

	if (block->size + size > WSHD_COMMAND_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (block->size + size > block->room) {
		size_t room = 2 * (block->size + size) + 256;
		char *grown = realloc(block->text, room);

		if (!grown)
			return -1;
		block->text = grown;
		block->room = room;
	}
	memcpy(block->text + block->size, text, size);
	block->size += size;
	return 0;
}

static int wshd_spawn_add_texts(struct wshd_spawn_block *block, const char *const *texts,
				uint32_t *n)
{
	for (*n = 0; texts && texts[*n]; (*n)++)
		if (wshd_spawn_add_text(block, texts[*n]) < 0)
			return -1;
	return 0;
}

/* Only wshd and the job's keeper receive it, so it needs no seals. -1 with errno. */
static int wshd_spawn_make_memfd(const struct wshd_spawn_block *block)
{
	_cleanup_close_ int fd = memfd_create("command", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
		fd = memfd_create("command", MFD_CLOEXEC);
	if (fd < 0 || write_whole(fd, block->text, block->size) < 0)
		return -1;
	return take_fd(&fd);
}

static const char *wshd_spawn_or_empty(const char *text)
{
	return text ? text : "";
}

static bool wshd_spawn_needs_block(const struct warden_spawn *spawn)
{
	return spawn->argv || (spawn->env && spawn->env[0]) || spawn->working_dir || spawn->user ||
	       spawn->cpus;
}

/* Builds the command block and returns its descriptor; -1 with errno. */
static int wshd_spawn_make_block(const struct warden_spawn *spawn, struct wshd_command *command)
{
	struct wshd_spawn_block block = {NULL, 0, 0};
	int fd = -1;

	if (wshd_spawn_add_text(&block, wshd_spawn_or_empty(spawn->user)) == 0 &&
	    wshd_spawn_add_text(&block, wshd_spawn_or_empty(spawn->working_dir)) == 0 &&
	    wshd_spawn_add_text(&block, wshd_spawn_or_empty(spawn->cpus)) == 0 &&
	    wshd_spawn_add_texts(&block, spawn->argv, &command->n_args) == 0 &&
	    wshd_spawn_add_texts(&block, spawn->env, &command->n_env) == 0)
		fd = wshd_spawn_make_memfd(&block);
	free(block.text);
	return fd;
}

static void wshd_spawn_fill_rlimits(struct wshd_spawn *message, const struct warden_spawn *spawn)
{
	for (size_t i = 0; i < WSHD_RLIMITS; i++) {
		message->rlimits[i] =
			i < spawn->n_rlimits ? spawn->rlimits[i].value : WARDEN_RLIMIT_INFINITY;
		if (i < spawn->n_rlimits && spawn->rlimits[i].requested)
			message->requested |= UINT32_C(1) << i;
	}
	if (spawn->stack_unlimited) {
		message->rlimits[WARDEN_RLIMIT_STACK] = WARDEN_RLIMIT_INFINITY;
		message->requested |= UINT32_C(1) << WARDEN_RLIMIT_STACK;
	}
}

void wshd_group_init(struct wshd_group *group)
{
	memset(group, 0xff, sizeof(*group)); /* -1: none */
}

void wshd_group_close(struct wshd_group *group)
{
	cleanup_close(&group->cpu_fd);
	cleanup_close(&group->group_fd);
	for (size_t i = 0; i < WSHD_TASKS; i++)
		cleanup_close(&group->tasks_fds[i]);
	wshd_group_init(group);
}

int wshd_send_spawn(struct wshd_queue *queue, const struct warden_spawn *spawn,
		    const struct wshd_group *group, uint32_t filter, struct warden_error *err)
{
	struct wshd_spawn message = {
		.header = {.type = WSHD_SPAWN, .job_id = spawn->job_id},
		.flags = (spawn->privileged ? WSHD_PRIVILEGED : 0) |
			 (spawn->no_aslr ? WSHD_NO_ASLR : 0) |
			 (spawn->terminal ? WSHD_ON_TERMINAL : 0) |
			 (spawn->no_new_privs ? WSHD_NO_NEW_PRIVS : 0) | filter,
		.nice = spawn->nice,
		.wall_time_us = spawn->wall_time_us,
		.cpu_time_us = spawn->cpu_time_us,
		.window = {spawn->rows, spawn->columns},
	};
	_cleanup_close_ int block = -1;
	int all[WSHD_SPAWN_FDS], fds[WSHD_SPAWN_FDS];
	size_t n;

	if (wshd_spawn_needs_block(spawn)) {
		block = wshd_spawn_make_block(spawn, &message.command);
		if (block < 0)
			return warden_error_errno(err, "pass argv, env and the like of job %u",
						  spawn->job_id);
	}
	memset(all, 0xff, sizeof(all)); /* -1: none */
	all[WSHD_FD_BLOCK] = block;
	all[WSHD_FD_SCRIPT] = spawn->script_fd;
	all[WSHD_FD_STDIN_READ] = spawn->stdin_read_fd;
	all[WSHD_FD_STDIN_WRITE] = spawn->stdin_write_fd;
	all[WSHD_FD_STDOUT_WRITE] = spawn->stdout_write_fd;
	all[WSHD_FD_STDERR_WRITE] = spawn->stderr_write_fd;
	all[WSHD_FD_STDOUT_READ] = spawn->stdout_read_fd;
	all[WSHD_FD_STDERR_READ] = spawn->stderr_read_fd;
	all[WSHD_FD_CPU] = group->cpu_fd;
	all[WSHD_FD_GROUP] = group->group_fd;
	memcpy(all + WSHD_FD_TASKS, group->tasks_fds, sizeof(group->tasks_fds));
	wshd_spawn_fill_rlimits(&message, spawn);
	n = packet_gather_fds(all, fds, &message.present);
	return wshd_queue_send(queue, &message, sizeof(message), fds, n, "start the job", err);
}
