/* SPDX-License-Identifier: Apache-2.0 */
/* Disk quota of containers: by project if the depot's file system supports it, else by vcap's uid,
 * which does not limit root of a container. */
#ifndef BACKENDS_LINUX_RUN_DISK_QUOTA_H
#define BACKENDS_LINUX_RUN_DISK_QUOTA_H

#include "warden/backend.h"

struct disk_quota {
	int fd;       /* of the depot; -1: not open */
	int type;     /* of quotactl(2): PRJQUOTA or USRQUOTA; -1: none */
	uint32_t one; /* project of the first slot */
};

/* Returns the quota type that the file system at `fd` enforces: PRJQUOTA, USRQUOTA, or -1. */
int disk_quota_type(int fd);

/* Opens the depot and finds its quota type; without quota only disk_quota_set fails. */
int disk_quota_setup(const struct warden_host *host, struct disk_quota *quota,
		     struct warden_error *err);
void disk_quota_free(struct disk_quota *quota);

/* The project of a new container's files; 0 without project quota. */
uint32_t disk_quota_project(const struct disk_quota *quota, const struct warden_identity *identity);

/* Assigns a directory, and files made in it later, to a project. */
int disk_quota_mark(int directory_fd, const char *name, uint32_t project, struct warden_error *err);

/* The project or uid whose quota limits a container; 0 if none does. */
uint32_t disk_quota_find_id(const struct disk_quota *quota, const struct warden_identity *identity);

/* Clears limits of a previous container with the same id; call it before the new one has files. */
int disk_quota_reset(const struct disk_quota *quota, const struct warden_identity *identity,
		     struct warden_error *err);

/* Sets or reads limits in blocks of 1 KiB and in inodes; disk_quota_set leaves those that are
 * WARDEN_UNKNOWN. */
int disk_quota_set(const struct disk_quota *quota, uint32_t id, const struct warden_limits *limits,
		   struct warden_error *err);
void disk_quota_get(const struct disk_quota *quota, uint32_t id, struct warden_limits *limits);

/* Fills in the bytes and inodes in use. */
void disk_quota_info(const struct disk_quota *quota, uint32_t id, struct warden_info *info);

#endif
