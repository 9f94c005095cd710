/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pid of a container's first process, recorded so that a later daemon finds the process again.
 *
 * A pid alone proves nothing: the process may have ended and another may have its number, in this
 * boot or a later one. Two text files below the container's directory identify the process:
 *
 *     run/wshd.pid    PID
 *     run/wshd.start  TICKS BOOT [INODE]
 *
 *     TICKS  when the process started, in clock ticks since the boot (field 22 of /proc/PID/stat)
 *     BOOT   /proc/sys/kernel/random/boot_id at that time
 *     INODE  of a pidfd of the process. Recorded only if pidfds lie on pidfs (Linux 6.9 and later),
 *            which gives no two processes of a boot the same inode. A record without it is
 *            compared by TICKS and BOOT alone.
 *
 * Each file is replaced atomically; run/wshd.pid is written last, so the record is complete if that
 * file exists.
 */
#ifndef LIB_PID_RECORD_H
#define LIB_PID_RECORD_H

#include <sys/types.h>

#include "warden/error.h"

/* Records the process `pid`, whose pidfd is `pidfd`, below `directory_fd`. Returns 0, or -1 and
 * `err`, also if the process has ended. */
int pid_record_write(int directory_fd, pid_t pid, int pidfd, struct warden_error *err);

/* Removes the record; a missing one is no error. */
void pid_record_remove(int directory_fd);

/* Returns a pidfd of the recorded process and its pid in `*pid`, or -1, 0 and `err`. err->number is
 * ESRCH if there is no complete record or the process has ended; any other number means that this
 * cannot be told now (EBADMSG: the record is damaged). The caller closes the pidfd. */
int pid_record_open(int directory_fd, pid_t *pid, struct warden_error *err);

#endif
