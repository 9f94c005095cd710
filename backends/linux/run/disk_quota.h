/* SPDX-License-Identifier: Apache-2.0 */
/* Disk quota of containers: by project, where the depot's file system has that, else by vcap's uid,
 * which root of a container does not have. */
#ifndef BACKENDS_LINUX_RUN_DISK_QUOTA_H
#define BACKENDS_LINUX_RUN_DISK_QUOTA_H

#include "warden/backend.h"

struct disk_quota {
	int fd;       /* of the depot; -1: not open */
	int type;     /* of quotactl(2): PRJQUOTA or USRQUOTA; -1: none */
	uint32_t one; /* project of the first slot */
};

/* What the file system at `fd` enforces: PRJQUOTA, USRQUOTA, or -1. */
int disk_quota_type(int fd);

/* Looks at the depot; without quota everything works but disk_quota_set. */
int disk_quota_setup(const struct warden_host *host, struct disk_quota *quota,
		     struct warden_error *err);
void disk_quota_free(struct disk_quota *quota);

/* The project of a new container's files; 0: there are no projects. */
uint32_t disk_quota_project(const struct disk_quota *quota, const struct warden_identity *identity);

/* Gives a directory of a container's, and all that is made in it, to a project. */
int disk_quota_mark(int directory_fd, const char *name, uint32_t project, struct warden_error *err);

/* Whose quota binds a container; 0: nobody's, its files are elsewhere. */
uint32_t disk_quota_find_id(const struct disk_quota *quota, const struct warden_identity *identity);

/* Forgets limits of an earlier container with the same number; before the new one has files. */
int disk_quota_reset(const struct disk_quota *quota, const struct warden_identity *identity,
		     struct warden_error *err);

/* Limits in blocks of 1 KiB and in inodes, those that `limits` holds. */
int disk_quota_set(const struct disk_quota *quota, uint32_t id, const struct warden_limits *limits,
		   struct warden_error *err);
void disk_quota_get(const struct disk_quota *quota, uint32_t id, struct warden_limits *limits);

/* What is used. */
void disk_quota_info(const struct disk_quota *quota, uint32_t id, struct warden_info *info);

#endif
