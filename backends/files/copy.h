/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file, a link or a tree between a container and its host with the semantics of `rsync -r
 * -p --links`: permissions and symbolic links are kept, links are not followed, hard links become
 * files, times are not kept.
 *
 * The caller is a single-threaded, short-lived process: copy_tree sets the umask and the file
 * system identity, reads files that a container may change, hide or block at any time, and may wait
 * as long as a file system does. To end it, set `progress->cancel` (in memory that both processes
 * share) and, if that has no effect in time, send SIGKILL.
 *
 * Guarantees. Below the two paths of the request no symbolic link is ever followed, even if names
 * are swapped during the copy. A file appears under its name complete and with its final mode, or
 * not at all, also if the process is killed. (A kill can leave a complete file named
 * `.warden-copy-...` at the instant in which it replaces another, and an incomplete one if the file
 * system has no O_TMPFILE.) An entry that cannot be copied is reported and counted, and the copy
 * goes on; a full disk or quota ends it.
 */
#ifndef BACKENDS_FILES_COPY_H
#define BACKENDS_FILES_COPY_H

#include "warden/backend.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How symbolic links in the path of a side are resolved. Magic links of /proc are always refused.
 */
enum copy_links {
	COPY_LINKS_IN_ROOT, /* stay below root_fd, as after chroot: the container's side */
	COPY_LINKS_TRUSTED, /* are followed where lib/trusted_path.h does: a source on the host */
	COPY_LINKS_REFUSE,  /* fail the copy: a host side to which a copy may have written links */
};

/* A user and a group; not `set`: those of the process. */
struct copy_identity {
	bool set;
	uid_t uid;
	gid_t gid;
};

/* Limits what is read if the process may read more than the container's root. */
struct copy_guard {
	bool set;
	uint32_t first, count;           /* the container's ids */
	struct copy_identity root, user; /* with which other mounts than its root file system are
					    entered: one of the two must have access */
};

struct copy_side {
	/* The directory from which `path` is resolved: the container's root, or AT_FDCWD. */
	int root_fd;
	const char *path;
	enum copy_links links;
	/* The identity whose permissions decide on this side, and which owns what is made there. An
	 * identity other than the process's needs CAP_SETUID and CAP_SETGID and no supplementary
	 * groups; the capabilities that override permissions work only while the user is 0. */
	struct copy_identity as;
	struct copy_guard guard; /* if the source is a container */
};

/* Figures that another process may read during the copy. Zeroed by the caller. */
struct copy_progress {
	_Atomic uint64_t directories, files, links; /* copied */
	_Atomic uint64_t bytes;                     /* of files, holes included */
	_Atomic uint64_t skipped;  /* fifos, sockets, devices, file systems of the kernel */
	_Atomic uint64_t vanished; /* gone, or changed type, between listing and copy */
	_Atomic uint64_t failed;   /* could not be copied */
	_Atomic bool cancel; /* set by the caller: end with ECANCELED, without partial files */
};

struct copy_request {
	/* A source that ends in `/` (or is `.` or `..` there) stands for its content. The last
	 * component of the target is made if it is missing. */
	struct copy_side source, target;
	struct copy_identity owner;     /* owns everything that is made; needs CAP_CHOWN */
	bool strip_privileges;          /* drop setuid and setgid bits */
	struct copy_progress *progress; /* or NULL */
	/* Receives a line for the log for each of the first entries that are skipped or fail. Or
	 * NULL. */
	void (*warn)(void *data, const char *text);
	void *warn_data;
	/* Called whenever `progress` has changed, which is often. Or NULL. */
	void (*changed)(void *data);
	void *changed_data;
};

/* Runs a copy. Returns 0 if everything is copied except entries that were skipped or vanished, or
 * -1; `err` then names the first entry that could not be copied, and the operation. */
int copy_tree(const struct copy_request *request, struct warden_error *err);

#endif
