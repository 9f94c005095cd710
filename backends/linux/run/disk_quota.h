/* SPDX-License-Identifier: Apache-2.0 */
/* Disk quota of containers: by project if the depot's file system has project quota, else by the
 * uid of vcap, which does not limit root of a container. */
#ifndef BACKENDS_LINUX_RUN_DISK_QUOTA_H
#define BACKENDS_LINUX_RUN_DISK_QUOTA_H

#include "warden/backend.h"

struct disk_quota {
	int fd;               /* of the depot directory; -1: not open */
	int type;             /* as in quotactl(2): PRJQUOTA or USRQUOTA; -1: none */
	uint32_t one;         /* project id of slot 0 */
	uint64_t inode_bound; /* of a container without a limit of inodes; 0: none */
};

#define OPTION_INODES "inode_bound"
#define DISK_QUOTA_OPTION                                                                          \
	{                                                                                          \
		.name = OPTION_INODES, .type = WARDEN_OPTION_INTEGER, .min = 0, .max = INT64_MAX,  \
		.number = 1000000,                                                                 \
		.meaning = "the most files of a container that has no limit of inodes, where the " \
			   "depot's file system has project quota; 0: no bound",                   \
	}

/* Returns the kind of quota that the file system at `fd` enforces: PRJQUOTA, USRQUOTA, or -1 for
 * none. */
int disk_quota_type(int fd);

/* Opens the depot and determines its quota. Without quota everything works except disk_quota_set.
 */
int disk_quota_setup(const struct warden_host *host, struct disk_quota *quota,
		     struct warden_error *err);
void disk_quota_free(struct disk_quota *quota);

/* The project id for a new container's files; 0 without project quota. */
uint32_t disk_quota_project(const struct disk_quota *quota, const struct warden_identity *identity);

/* Assigns a directory of a container, and all files made in it later, to a project. */
int disk_quota_mark(int directory_fd, const char *name, uint32_t project, struct warden_error *err);

/* Sets `id` to the id (project or uid) whose quota limits a container; 0 if none does. -1 if that
 * cannot be read. */
int disk_quota_find_id(const struct disk_quota *quota, const struct warden_identity *identity,
		       uint32_t *id, struct warden_error *err);

/* Replaces the limits of a previous container with the same id by the bound. Call it before the new
 * container has files. */
int disk_quota_reset(const struct disk_quota *quota, const struct warden_identity *identity,
		     struct warden_error *err);

/* Sets the disk limits that `limits` holds, in blocks of 1 KiB and in inodes, of which 0 is the
 * bound; disk_quota_get reads them. If they cannot be read disk_quota_get leaves `limits`
 * unchanged. */
int disk_quota_set(const struct disk_quota *quota, uint32_t id, const struct warden_limits *limits,
		   struct warden_error *err);
void disk_quota_get(const struct disk_quota *quota, uint32_t id, struct warden_limits *limits);

/* Reads the used bytes and inodes, and the bound of inodes in force. If they cannot be read `info`
 * stays unchanged. */
void disk_quota_info(const struct disk_quota *quota, uint32_t id, struct warden_info *info);

/* For a clean: removes the limits of the project of a container's directory; and of all projects of
 * slots that have limits but no files. `done` is called for each. */
typedef void disk_quota_cleaned(void *data, uint32_t project, int result,
				const struct warden_error *err);
void disk_quota_clean_directory(const struct disk_quota *quota, int directory_fd, bool dry_run,
				disk_quota_cleaned *done, void *data);
void disk_quota_clean_unused(const struct disk_quota *quota, bool dry_run, disk_quota_cleaned *done,
			     void *data);

#endif
