/* SPDX-License-Identifier: Apache-2.0 */
/* The mark of a depot on what the kernel has of its containers: an attribute of control groups and
 * the alias of links. A clean tells by it whether an object without a container is of its depot. */
#ifndef BACKENDS_LINUX_HOST_DEPOT_MARK_H
#define BACKENDS_LINUX_HOST_DEPOT_MARK_H

/* Fits into the alias of a link. */
#define DEPOT_MARK_SIZE 256

/* The extended attribute of a control group. */
#define DEPOT_MARK_ATTRIBUTE "trusted.warden.depot"

/* The mark of a depot: device and inode of the directory, and its path. It is empty, which is no
 * mark, if the path is too long or the directory cannot be read. */
void depot_mark_fill(const char *depot_path, char mark[DEPOT_MARK_SIZE]);

enum depot_mark_match {
	DEPOT_MARK_NONE,  /* no mark */
	DEPOT_MARK_OTHER, /* of a depot with another path */
	DEPOT_MARK_PATH,  /* of another directory that had this path */
	DEPOT_MARK_SAME,
};

enum depot_mark_match depot_mark_compare(const char *own, const char *found);

#endif
