/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file, a link or a tree between a container and its host with the semantics of
 * `rsync -r -p --links`: permissions and symbolic links are kept, links are not followed, hard
 * links become files, times are not kept.
 *
 * It runs in a process of its own, single-threaded and short-lived: copy_tree sets the umask and
 * the file system identity, reads what a container may change, hide or block at any time, and may
 * wait as long as a file system does. Whoever wants it to end sets `progress->cancel` (in memory
 * that both processes share) and, when that is not seen in time, sends SIGKILL.
 *
 * What it promises. Below the two paths of the request no symbolic link is ever followed, whoever
 * swaps names and whenever. A file appears under its name complete and with its final mode, or not
 * at all, also when the process is killed. (A kill can leave a whole file named `.warden-copy-...`
 * at the instant in which it replaces another, and a half one where the file system has no
 * O_TMPFILE.) What cannot be copied is told and counted, and the rest goes on; a full disk or quota
 * ends the copy.
 */
#ifndef BACKENDS_FILES_COPY_H
#define BACKENDS_FILES_COPY_H

#include "warden/backend.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What symbolic links in the path of a side do. Magic links of /proc are always refused. */
enum copy_links {
	COPY_LINKS_IN_ROOT, /* stay below root_fd, as after chroot: the container's side */
	COPY_LINKS_FOLLOW,  /* lead wherever they lead: the host's side */
	COPY_LINKS_REFUSE,  /* fail the copy: the host's side where an earlier copy may have left
			       some */
};

/* A user and a group; not `set`: whoever the process is. */
struct copy_identity {
	bool set;
	uid_t uid;
	gid_t gid;
};

/* Bounds what is read, where the process could read more than the container's root may. */
struct copy_guard {
	bool set;
	uint32_t first, count;           /* the container's ids */
	struct copy_identity root, user; /* as whom mounts other than its root file system are
					    passed through: the one or the other must be let in */
};

struct copy_side {
	/* The directory from which `path` is resolved: the container's root, or AT_FDCWD. */
	int root_fd;
	const char *path;
	enum copy_links links;
	/* Whose permissions decide on this side, and who owns what is made there. Another than the
	 * process itself needs CAP_SETUID and CAP_SETGID and no supplementary groups; the
	 * capabilities that override permissions work only while the user is 0. */
	struct copy_identity as;
	struct copy_guard guard; /* of a source that is a container */
};

/* Figures that another process may read while the copy runs. Zeroed by the caller. */
struct copy_progress {
	_Atomic uint64_t directories, files, links; /* copied */
	_Atomic uint64_t bytes;                     /* of files, holes included */
	_Atomic uint64_t skipped;                   /* fifos, sockets, devices */
	_Atomic uint64_t vanished; /* gone, or become another thing, between list and copy */
	_Atomic uint64_t failed;   /* could not be copied */
	_Atomic bool cancel; /* set by the caller: end, with ECANCELED, leaving nothing half */
};

struct copy_request {
	/* A source that ends in `/` (or is `.` or `..` there) stands for its content. The last
	 * component of the target is made when it is missing. */
	struct copy_side source, target;
	struct copy_identity owner;     /* given everything that is made; needs CAP_CHOWN */
	bool strip_privileges;          /* drop setuid and setgid bits */
	struct copy_progress *progress; /* or NULL */
	/* Told, for the log, what was skipped or failed (the first of them), a line each. Or NULL.
	 */
	void (*warn)(void *data, const char *text);
	void *warn_data;
	/* Called when `progress` has changed: often. Or NULL. */
	void (*changed)(void *data);
	void *changed_data;
};

/* Runs a copy. 0: everything is there but what was skipped or vanished. -1: `err` names the first
 * thing that could not be copied, and what was done to it. */
int copy_tree(const struct copy_request *request, struct warden_error *err);

#endif
