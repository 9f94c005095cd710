/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the ids of a clean and decides about each; see clean_subject.h. */
#include "backends/linux/clean/clean_subject.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/net/net.h"
#include "lib/cleanup.h"
#include "lib/pid_record.h"

/* How long process 1 may take to end, in milliseconds. */
#define END_MS 5000

struct clean_subject *clean_subject_get(struct linux_clean *clean, const char *id)
{
	struct clean_subject *grown;

	for (size_t i = 0; i < clean->n; i++)
		if (strcmp(clean->subjects[i].id, id) == 0)
			return &clean->subjects[i];
	grown = reallocarray(clean->subjects, clean->n + 1, sizeof(*grown));
	if (!grown) {
		clean->failed = true;
		return NULL;
	}
	clean->subjects = grown;
	grown[clean->n] = (struct clean_subject){0};
	snprintf(grown[clean->n].id, sizeof(grown->id), "%s", id);
	return &grown[clean->n++];
}

struct warden_clean_container *clean_container(const struct warden_clean *to, size_t i)
{
	return (struct warden_clean_container *)((char *)to->containers + to->container_size * i);
}

/* A mark of this depot outweighs another: the depot may have been moved and its containers be
 * marked in part. */
static void clean_subject_note_mark(struct linux_clean *clean, struct clean_subject *subject,
				    const char *mark)
{
	enum depot_mark_match match = depot_mark_compare(clean->mark, mark);

	if (match > subject->mark)
		subject->mark = match;
}

static void clean_subject_on_group(void *data, const char *id, const char *path, const char *mark,
				   bool has_processes)
{
	struct linux_clean *clean = data;
	struct clean_subject *subject = clean_subject_get(clean, id);
	char **grown =
		subject ? reallocarray(subject->groups, subject->n_groups + 1, sizeof(*grown))
			: NULL;
	char *copy = grown ? strdup(path) : NULL;

	if (grown)
		subject->groups = grown;
	if (!copy) {
		clean->failed = true;
		return;
	}
	subject->groups[subject->n_groups++] = copy;
	subject->lives = subject->lives || has_processes;
	clean_subject_note_mark(clean, subject, mark);
}

static void clean_subject_on_link(void *data, const char *id, int end, const char *mark)
{
	struct linux_clean *clean = data;
	struct clean_subject *subject = clean_subject_get(clean, id);

	if (!subject)
		return;
	subject->links[end] = true;
	clean_subject_note_mark(clean, subject, mark);
}

/* The id of the container that a process is in, from the name of its control group. */
static void clean_container_find_id(pid_t pid, char id[12])
{
	static const char name[] = "/warden/instance-";
	_cleanup_free_ char *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	char path[64];
	size_t size = 0;

	id[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	file = fopen(path, "re");
	while (file && !*id && getline(&line, &size, file) > 0) {
		const char *at = strstr(line, name);

		if (at && strlen(at) >= sizeof(name) - 1 + 11)
			snprintf(id, 12, "%s", at + sizeof(name) - 1);
	}
}

/* Whether the recorded process 1 lives. If that cannot be told it does. */
static bool clean_container_lives(const struct warden_clean_container *container, pid_t *pid)
{
	struct warden_error err;
	_cleanup_close_ int pidfd = pid_record_open(container->dir_fd, pid, &err);

	return pidfd >= 0 || err.number != ESRCH;
}

static void clean_subject_add_directory(struct linux_clean *clean,
					struct warden_clean_container *container)
{
	struct clean_subject *subject;
	char id[12];
	pid_t pid = 0;

	container->lives = clean_container_lives(container, &pid);
	snprintf(id, sizeof(id), "%s", container->id);
	if (!*id && pid > 0)
		clean_container_find_id(pid, id);
	if (!*id)
		return;
	subject = clean_subject_get(clean, id);
	if (!subject)
		return;
	subject->in_depot = true;
	subject->lives = subject->lives || container->lives;
}

int clean_container_end(const struct warden_clean_container *container, struct warden_error *err)
{
	pid_t pid;
	_cleanup_close_ int pidfd = pid_record_open(container->dir_fd, &pid, err);
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	/* Of a damaged record the processes in the groups have ended, and there is no other. */
	if (pidfd < 0)
		return err->number == ESRCH || err->number == EBADMSG ? 0 : -1;
	if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return warden_error_errno(err, "kill process %d", pid);
	if (poll(&poll_fd, 1, END_MS) == 1)
		return 0;
	return warden_error_set(err, "process %d does not end", pid);
}

int clean_subjects_find(struct linux_clean *clean, struct warden_error *err)
{
	for (size_t i = 0; i < clean->to->n_containers; i++)
		clean_subject_add_directory(clean, clean_container(clean->to, i));
	if (cgroup_clean_find(clean_subject_on_group, clean, err) < 0 ||
	    net_clean_find(clean_subject_on_link, clean, err) < 0)
		return -1;
	return clean->failed ? warden_error_set(err, "no memory") : 0;
}

static void clean_subject_set(struct clean_subject *subject, enum clean_decision decision,
			      const char *reason)
{
	subject->decision = decision;
	subject->reason = reason;
}

static void clean_subject_decide(const struct linux_clean *clean, struct clean_subject *subject)
{
	bool force = clean->to->force;

	if (subject->in_depot && subject->mark == DEPOT_MARK_OTHER)
		clean_subject_set(subject, CLEAN_KEEP, "it is marked as another depot's");
	else if (subject->mark == DEPOT_MARK_OTHER ||
		 (subject->in_depot && subject->lives && !force))
		clean_subject_set(subject, CLEAN_LEAVE, NULL);
	else if (subject->in_depot || subject->mark == DEPOT_MARK_SAME)
		clean_subject_set(subject, CLEAN_REMOVE, NULL);
	else if (subject->mark == DEPOT_MARK_PATH && subject->lives && !force)
		clean_subject_set(subject, CLEAN_KEEP,
				  "it lives, and was made in another directory with the depot's "
				  "path");
	else if (subject->mark == DEPOT_MARK_PATH)
		clean_subject_set(subject, CLEAN_REMOVE, NULL);
	else if (subject->n_groups > 0 || subject->links[0] || subject->links[2])
		clean_subject_set(subject, CLEAN_KEEP, "it is not marked as this depot's");
	else /* an element without a link is no container's */
		clean_subject_set(subject, CLEAN_REMOVE, NULL);
}

void clean_subjects_decide(struct linux_clean *clean)
{
	for (size_t i = 0; i < clean->n; i++)
		clean_subject_decide(clean, &clean->subjects[i]);
}

void clean_subjects_free(struct linux_clean *clean)
{
	for (size_t i = 0; i < clean->n; i++) {
		for (size_t k = 0; k < clean->subjects[i].n_groups; k++)
			free(clean->subjects[i].groups[k]);
		free(clean->subjects[i].groups);
	}
	free(clean->subjects);
}
