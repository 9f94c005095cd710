/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what the kernel has of containers of a depot that have ended or have no directory: ends
 * their processes, then removes the firewall's elements, links, control groups and limits of disk
 * space. A network namespace ends with its last process. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/clean/clean_subject.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/host/host_claim.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/disk_quota.h"
#include "lib/cleanup.h"

/* Reports an object that was removed with this result; in a dry run it would be. */
static void linux_clean_report(const struct linux_clean *clean, int result, const char *kind,
			       const char *name, const char *id, const struct warden_error *err)
{
	const struct warden_clean *to = clean->to;

	to->report(to->data,
		   result < 0    ? WARDEN_CLEAN_FAILED
		   : to->dry_run ? WARDEN_CLEAN_FOUND
				 : WARDEN_CLEAN_REMOVED,
		   kind, name, id, result < 0 ? err->message : NULL);
}

static void linux_clean_report_kept(const struct linux_clean *clean,
				    const struct clean_subject *subject, const char *kind,
				    const char *name)
{
	clean->to->report(clean->to->data, WARDEN_CLEAN_KEPT, kind, name, subject->id,
			  subject->reason);
}

/* Ends every process of a container. Process 1 takes those of its pid namespace with it. */
static int linux_clean_kill(const struct clean_subject *subject, struct warden_error *err)
{
	for (size_t i = 0; i < subject->n_groups; i++)
		cgroup_clean_thaw(subject->groups[i]);
	for (size_t i = 0; i < subject->n_groups; i++)
		if (cgroup_clean_kill(subject->groups[i], err) < 0)
			return -1;
	return 0;
}

static void linux_clean_end_processes(struct linux_clean *clean, struct clean_subject *subject)
{
	struct warden_error err = {0};
	int result = clean->to->dry_run ? 0 : linux_clean_kill(subject, &err);

	linux_clean_report(clean, result, "processes", subject->id, subject->id, &err);
	if (result == 0)
		return;
	subject->decision = CLEAN_KEEP;
	subject->reason = "its processes do not end";
}

/* Ends what is recorded in the directories but is in no group that was found, and settles which
 * directories the core keeps. */
static void linux_clean_settle_directory(struct linux_clean *clean,
					 struct warden_clean_container *container)
{
	struct warden_error err = {0};
	const struct clean_subject *subject =
		*container->id ? clean_subject_get(clean, container->id) : NULL;
	bool kept = subject && subject->decision != CLEAN_REMOVE && subject->lives;
	int result = 0;

	if (!kept && container->lives && clean->to->force && !clean->to->dry_run) {
		result = clean_container_end(container, &err);
		if (result < 0)
			linux_clean_report(clean, result, "processes", container->id, container->id,
					   &err);
	}
	container->lives = kept || result < 0 || (container->lives && !clean->to->force);
}

static void linux_clean_end_all(struct linux_clean *clean)
{
	for (size_t i = 0; i < clean->n; i++)
		if (clean->subjects[i].decision == CLEAN_REMOVE && clean->subjects[i].lives)
			linux_clean_end_processes(clean, &clean->subjects[i]);
	for (size_t i = 0; i < clean->to->n_containers; i++)
		linux_clean_settle_directory(clean, clean_container(clean->to, i));
}

static void linux_clean_links(struct linux_clean *clean, const struct clean_subject *subject)
{
	struct warden_error err = {0};
	char name[32];

	for (int end = 0; end < 3; end++) {
		if (!subject->links[end] || subject->decision == CLEAN_LEAVE)
			continue;
		snprintf(name, sizeof(name), "w-%s-%d", subject->id, end);
		if (subject->decision == CLEAN_KEEP)
			linux_clean_report_kept(clean, subject, "link", name);
		else
			linux_clean_report(
				clean,
				clean->to->dry_run ? 0 : net_clean_remove(subject->id, end, &err),
				"link", name, subject->id, &err);
	}
}

static void linux_clean_groups(struct linux_clean *clean, const struct clean_subject *subject)
{
	struct warden_error err = {0};

	for (size_t i = 0; i < subject->n_groups && subject->decision != CLEAN_LEAVE; i++) {
		const char *path = subject->groups[i];

		if (subject->decision == CLEAN_KEEP)
			linux_clean_report_kept(clean, subject, "control group", path);
		else
			linux_clean_report(clean,
					   clean->to->dry_run ? 0 : cgroup_clean_remove(path, &err),
					   "control group", path, subject->id, &err);
	}
}

/* Chooses the elements to remove: those of containers that go, or without a link. Returns whether
 * the table itself is of no use any more: nothing is left in it, and no link that it guards. */
static bool linux_clean_choose_elements(struct linux_clean *clean, struct firewall_clean *table)
{
	bool whole = true;
	int end;

	for (size_t i = 0; i < table->n; i++) {
		struct firewall_clean_member *member = &table->members[i];
		struct clean_subject *subject;
		char id[12];

		subject = net_clean_parse_name(member->link, id, &end)
				  ? clean_subject_get(clean, id)
				  : NULL;
		if (subject && subject->decision == CLEAN_LEAVE && !subject->in_depot &&
		    subject->mark == DEPOT_MARK_NONE && subject->n_groups == 0 &&
		    !subject->links[0] && !subject->links[2])
			subject->decision = CLEAN_REMOVE; /* it was known to the table alone */
		member->remove = subject && subject->decision == CLEAN_REMOVE;
		whole = whole && member->remove;
	}
	for (size_t i = 0; i < clean->n; i++)
		if (clean->subjects[i].links[0] && clean->subjects[i].decision != CLEAN_REMOVE)
			whole = false;
	return whole;
}

static void linux_clean_report_table(const struct linux_clean *clean,
				     const struct firewall_clean *table, bool whole, int result,
				     const struct warden_error *err)
{
	char address[INET_ADDRSTRLEN], name[64], id[12];
	int end;

	for (size_t i = 0; i < table->n; i++) {
		if (!table->members[i].remove ||
		    !net_clean_parse_name(table->members[i].link, id, &end))
			continue;
		inet_ntop(AF_INET, &table->members[i].address, address, sizeof(address));
		snprintf(name, sizeof(name), "%s %s", table->members[i].link, address);
		linux_clean_report(clean, result, "firewall element", name, id, err);
	}
	snprintf(name, sizeof(name), "%zu of no container", table->n_rules);
	if (table->n_rules > 0)
		linux_clean_report(clean, result, "firewall rules", name, NULL, err);
	if (whole)
		linux_clean_report(clean, result, "table", "inet warden", NULL, err);
}

/* Returns whether no table is left, and so no container of any depot. */
static bool linux_clean_table(struct linux_clean *clean)
{
	struct firewall_clean table = {0};
	struct warden_error err = {0};
	int result = firewall_clean_find(&table, &err);
	bool whole = true, any = table.n_rules > 0;

	if (result < 0) {
		linux_clean_report(clean, result, "table", "inet warden", NULL, &err);
	} else if (table.exists) {
		whole = linux_clean_choose_elements(clean, &table);
		for (size_t i = 0; i < table.n; i++)
			any = any || table.members[i].remove;
		if ((whole || any) && !clean->to->dry_run)
			result = firewall_clean_remove(&table, clean->host, whole, &err);
		linux_clean_report_table(clean, &table, whole, result, &err);
	}
	firewall_clean_free(&table);
	return result == 0 && whole;
}

/* Nothing of this depot forwards packets any more; other software may have come to rely on the
 * setting, so that a clean of what is left alone keeps it. */
static void linux_clean_forwarding(const struct linux_clean *clean)
{
	struct warden_error err = {0};
	int result = net_forwarding_is_ours(clean->host, &err);

	if (result == 0)
		return;
	if (result > 0)
		result = clean->to->dry_run ? 0 : net_forwarding_disable(clean->host, &err);
	linux_clean_report(clean, result, "setting", "net.ipv4.ip_forward", NULL, &err);
}

/* Table and setting are of this network namespace's daemon: if there is one, they are not touched.
 */
static void linux_clean_firewall(struct linux_clean *clean)
{
	struct host_claim claim = {.fd = -1};
	struct warden_error err;

	if (host_claim_take(&claim, clean->host, &err) < 0)
		clean->to->report(clean->to->data, WARDEN_CLEAN_KEPT, "table", "inet warden", NULL,
				  err.message);
	else if (linux_clean_table(clean) && clean->to->force)
		linux_clean_forwarding(clean);
	host_claim_release(&claim);
}

static void linux_clean_on_quota(void *data, uint32_t project, int result,
				 const struct warden_error *err)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", project);
	linux_clean_report(data, result, "project", name, NULL, err);
}

/* Limits of disk space of ids that have no files, or whose container goes. */
static void linux_clean_quota(struct linux_clean *clean)
{
	struct disk_quota quota = {.fd = -1};
	struct warden_error err;

	if (disk_quota_setup(clean->host, &quota, &err) < 0) {
		linux_clean_report(clean, -1, "project", "all", NULL, &err);
		return;
	}
	for (size_t i = 0; i < clean->to->n_containers; i++) {
		const struct warden_clean_container *container = clean_container(clean->to, i);

		if (!container->lives)
			disk_quota_clean_directory(&quota, container->dir_fd, clean->to->dry_run,
						   linux_clean_on_quota, clean);
	}
	disk_quota_clean_unused(&quota, clean->to->dry_run, linux_clean_on_quota, clean);
	disk_quota_free(&quota);
}

int linux_clean(const struct warden_host *host, const struct warden_clean *to,
		struct warden_error *err)
{
	struct linux_clean clean = {.host = host, .to = to};
	int result;

	depot_mark_fill(host->settings->depot_path, clean.mark);
	result = clean_subjects_find(&clean, err);
	if (result == 0) {
		clean_subjects_decide(&clean);
		linux_clean_end_all(&clean);
		linux_clean_firewall(&clean);
		for (size_t i = 0; i < clean.n; i++)
			linux_clean_links(&clean, &clean.subjects[i]);
		for (size_t i = 0; i < clean.n; i++)
			linux_clean_groups(&clean, &clean.subjects[i]);
		linux_clean_quota(&clean);
	}
	clean_subjects_free(&clean);
	return result;
}
