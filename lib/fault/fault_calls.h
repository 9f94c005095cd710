/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that fault injection can make fail: C(type, name, parameters, arguments, errno,
 * result). errno 0: the call does not fail, but a process can be killed there. configure reads the
 * names. A write of 8 bytes is one to an eventfd. */
#pragma once

#define FAULT_LIBC_CALLS(C)                                                                        \
	C(int, accept4, (int f, struct sockaddr *a, socklen_t *l, int g), (f, a, l, g), EMFILE,    \
	  -1)                                                                                      \
	C(int, access, (const char *p, int m), (p, m), ENOMEM, -1)                                 \
	C(int, bind, (int f, const struct sockaddr *a, socklen_t l), (f, a, l), ENOMEM, -1)        \
	C(void *, calloc, (size_t n, size_t s), (n, s), ENOMEM, NULL)                              \
	C(int, chdir, (const char *p), (p), ENOMEM, -1)                                            \
	C(int, chmod, (const char *p, mode_t m), (p, m), EIO, -1)                                  \
	C(int, close, (int f), (f), 0, -1)                                                         \
	C(int, closedir, (DIR * d), (d), 0, -1)                                                    \
	C(int, connect, (int f, const struct sockaddr *a, socklen_t l), (f, a, l), EAGAIN, -1)     \
	C(ssize_t, copy_file_range, (int i, off_t *o, int t, off_t *p, size_t n, unsigned g),      \
	  (i, o, t, p, n, g), EIO, -1)                                                             \
	C(int, dup2, (int f, int t), (f, t), EMFILE, -1)                                           \
	C(int, dup3, (int f, int t, int g), (f, t, g), EMFILE, -1)                                 \
	C(int, epoll_create1, (int g), (g), EMFILE, -1)                                            \
	C(int, epoll_wait, (int f, struct epoll_event *e, int n, int t), (f, e, n, t), EINTR, -1)  \
	C(int, eventfd, (unsigned n, int g), (n, g), EMFILE, -1)                                   \
	C(int, faccessat, (int f, const char *p, int m, int g), (f, p, m, g), ENOMEM, -1)          \
	C(int, fallocate, (int f, int m, off_t o, off_t l), (f, m, o, l), ENOSPC, -1)              \
	C(int, fchdir, (int f), (f), ENOMEM, -1)                                                   \
	C(int, fchmod, (int f, mode_t m), (f, m), EIO, -1)                                         \
	C(int, fchmodat, (int f, const char *p, mode_t m, int g), (f, p, m, g), EIO, -1)           \
	C(int, fchown, (int f, uid_t u, gid_t g), (f, u, g), EIO, -1)                              \
	C(int, fchownat, (int f, const char *p, uid_t u, gid_t g, int h), (f, p, u, g, h), EIO,    \
	  -1)                                                                                      \
	C(FILE *, fdopen, (int f, const char *m), (f, m), ENOMEM, NULL)                            \
	C(DIR *, fdopendir, (int f), (f), ENOMEM, NULL)                                            \
	C(int, fexecve, (int f, char *const *a, char *const *e), (f, a, e), ENOMEM, -1)            \
	C(int, fflush, (FILE * f), (f), ENOSPC, EOF)                                               \
	C(ssize_t, fgetxattr, (int f, const char *n, void *v, size_t s), (f, n, v, s), EIO, -1)    \
	C(int, flock, (int f, int o), (f, o), ENOLCK, -1)                                          \
	C(pid_t, fork, (void), (), EAGAIN, -1)                                                     \
	C(FILE *, fopen, (const char *p, const char *m), (p, m), EMFILE, NULL)                     \
	C(int, fsconfig, (int f, unsigned c, const char *k, const void *v, int x),                 \
	  (f, c, k, v, x), ENOMEM, -1)                                                             \
	C(int, fsmount, (int f, unsigned g, unsigned a), (f, g, a), ENOMEM, -1)                    \
	C(int, fsopen, (const char *n, unsigned g), (n, g), EMFILE, -1)                            \
	C(int, fstat, (int f, struct stat *s), (f, s), ENOMEM, -1)                                 \
	C(int, fstatat, (int f, const char *p, struct stat *s, int g), (f, p, s, g), ENOMEM, -1)   \
	C(int, fstatfs, (int f, struct statfs *s), (f, s), EIO, -1)                                \
	C(int, ftruncate, (int f, off_t l), (f, l), EIO, -1)                                       \
	C(int, futimens, (int f, const struct timespec *t), (f, t), EIO, -1)                       \
	C(ssize_t, getdents64, (int f, void *b, size_t n), (f, b, n), EIO, -1)                     \
	C(int, getsockopt, (int f, int l, int o, void *v, socklen_t *n), (f, l, o, v, n), ENOBUFS, \
	  -1)                                                                                      \
	C(int, inotify_add_watch, (int f, const char *p, uint32_t m), (f, p, m), ENOSPC, -1)       \
	C(int, inotify_init1, (int g), (g), EMFILE, -1)                                            \
	C(int, kill, (pid_t p, int s), (p, s), 0, -1)                                              \
	C(int, linkat, (int f, const char *p, int t, const char *q, int g), (f, p, t, q, g),       \
	  ENOSPC, -1)                                                                              \
	C(int, listen, (int f, int n), (f, n), EADDRINUSE, -1)                                     \
	C(off_t, lseek, (int f, off_t o, int w), (f, o, w), 0, -1)                                 \
	C(int, lstat, (const char *p, struct stat *s), (p, s), ENOMEM, -1)                         \
	C(void *, malloc, (size_t n), (n), ENOMEM, NULL)                                           \
	C(int, memfd_create, (const char *n, unsigned g), (n, g), ENOMEM, -1)                      \
	C(int, mkdir, (const char *p, mode_t m), (p, m), ENOSPC, -1)                               \
	C(int, mkdirat, (int f, const char *p, mode_t m), (f, p, m), ENOSPC, -1)                   \
	C(int, mknodat, (int f, const char *p, mode_t m, dev_t d), (f, p, m, d), ENOSPC, -1)       \
	C(void *, mmap, (void *a, size_t n, int p, int g, int f, off_t o), (a, n, p, g, f, o),     \
	  ENOMEM, MAP_FAILED)                                                                      \
	C(int, mount,                                                                              \
	  (const char *s, const char *t, const char *k, unsigned long g, const void *d),           \
	  (s, t, k, g, d), ENOMEM, -1)                                                             \
	C(int, mount_setattr, (int f, const char *p, unsigned g, void *a, size_t n),               \
	  (f, p, g, a, n), ENOMEM, -1)                                                             \
	C(int, move_mount, (int f, const char *p, int t, const char *q, unsigned g),               \
	  (f, p, t, q, g), ENOMEM, -1)                                                             \
	C(FILE *, open_memstream, (char **p, size_t *n), (p, n), ENOMEM, NULL)                     \
	C(int, open_tree, (int f, const char *p, unsigned g), (f, p, g), ENOMEM, -1)               \
	C(DIR *, opendir, (const char *p), (p), EMFILE, NULL)                                      \
	C(int, pidfd_open, (pid_t p, unsigned g), (p, g), EMFILE, -1)                              \
	C(int, pidfd_send_signal, (int f, int s, siginfo_t *i, unsigned g), (f, s, i, g), 0, -1)   \
	C(int, pipe2, (int *f, int g), (f, g), EMFILE, -1)                                         \
	C(int, poll, (struct pollfd * f, nfds_t n, int t), (f, n, t), EINTR, -1)                   \
	C(int, ppoll, (struct pollfd * f, nfds_t n, const struct timespec *t, const sigset_t *s),  \
	  (f, n, t, s), EINTR, -1)                                                                 \
	C(ssize_t, pread, (int f, void *b, size_t n, off_t o), (f, b, n, o), EIO, -1)              \
	C(ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), (f, b, n, o), ENOSPC, -1)    \
	C(ssize_t, read, (int f, void *b, size_t n), (f, b, n), EIO, -1)                           \
	C(ssize_t, readlink, (const char *p, char *b, size_t n), (p, b, n), ENOMEM, -1)            \
	C(ssize_t, readlinkat, (int f, const char *p, char *b, size_t n), (f, p, b, n), ENOMEM,    \
	  -1)                                                                                      \
	C(void *, realloc, (void *m, size_t n), (m, n), ENOMEM, NULL)                              \
	C(void *, reallocarray, (void *m, size_t n, size_t s), (m, n, s), ENOMEM, NULL)            \
	C(char *, realpath, (const char *p, char *r), (p, r), ENOMEM, NULL)                        \
	C(ssize_t, recv, (int f, void *b, size_t n, int g), (f, b, n, g), ENOMEM, -1)              \
	C(ssize_t, recvfrom, (int f, void *b, size_t n, int g, struct sockaddr *a, socklen_t *l),  \
	  (f, b, n, g, a, l), ENOMEM, -1)                                                          \
	C(ssize_t, recvmsg, (int f, struct msghdr *m, int g), (f, m, g), ENOMEM, -1)               \
	C(int, renameat, (int f, const char *p, int t, const char *q), (f, p, t, q), ENOSPC, -1)   \
	C(int, renameat2, (int f, const char *p, int t, const char *q, unsigned g),                \
	  (f, p, t, q, g), ENOSPC, -1)                                                             \
	C(ssize_t, send, (int f, const void *b, size_t n, int g), (f, b, n, g), ENOBUFS, -1)       \
	C(ssize_t, sendfile, (int t, int f, off_t *o, size_t n), (t, f, o, n), ENOMEM, -1)         \
	C(ssize_t, sendmsg, (int f, const struct msghdr *m, int g), (f, m, g), ENOBUFS, -1)        \
	C(int, setgroups, (size_t n, const gid_t *g), (n, g), ENOMEM, -1)                          \
	C(int, sethostname, (const char *n, size_t l), (n, l), ENOMEM, -1)                         \
	C(int, setns, (int f, int k), (f, k), ENOMEM, -1)                                          \
	C(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s), EAGAIN, -1)                      \
	C(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), EAGAIN, -1)                      \
	C(pid_t, setsid, (void), (), 0, -1)                                                        \
	C(int, setsockopt, (int f, int l, int o, const void *v, socklen_t n), (f, l, o, v, n),     \
	  ENOMEM, -1)                                                                              \
	C(int, shutdown, (int f, int h), (f, h), 0, -1)                                            \
	C(int, socket, (int d, int t, int p), (d, t, p), EMFILE, -1)                               \
	C(int, socketpair, (int d, int t, int p, int *f), (d, t, p, f), EMFILE, -1)                \
	C(ssize_t, splice, (int f, off_t *o, int t, off_t *p, size_t n, unsigned g),               \
	  (f, o, t, p, n, g), ENOMEM, -1)                                                          \
	C(int, stat, (const char *p, struct stat *s), (p, s), ENOMEM, -1)                          \
	C(int, statx, (int f, const char *p, int g, unsigned m, void *s), (f, p, g, m, s), ENOMEM, \
	  -1)                                                                                      \
	C(char *, strdup, (const char *s), (s), ENOMEM, NULL)                                      \
	C(char *, strndup, (const char *s, size_t n), (s, n), ENOMEM, NULL)                        \
	C(int, symlinkat, (const char *s, int f, const char *p), (s, f, p), ENOSPC, -1)            \
	C(int, timerfd_create, (int c, int g), (c, g), EMFILE, -1)                                 \
	C(int, timerfd_settime, (int f, int g, const struct itimerspec *n, struct itimerspec *o),  \
	  (f, g, n, o), ENOMEM, -1)                                                                \
	C(int, umount2, (const char *p, int g), (p, g), EBUSY, -1)                                 \
	C(int, unlink, (const char *p), (p), EIO, -1)                                              \
	C(int, unlinkat, (int f, const char *p, int g), (f, p, g), EIO, -1)                        \
	C(int, unshare, (int g), (g), ENOSPC, -1)                                                  \
	C(int, vasprintf, (char **t, const char *f, va_list a), (t, f, a), ENOMEM, -1)             \
	C(int, waitid, (idtype_t k, id_t p, siginfo_t * i, int o), (k, p, i, o), EINTR, -1)        \
	C(pid_t, waitpid, (pid_t p, int *s, int o), (p, s, o), EINTR, -1)                          \
	C(ssize_t, write, (int f, const void *b, size_t n), (f, b, n), n == 8 ? 0 : ENOSPC, -1)

/* libuv's functions answer with the negative errno. */
#define FAULT_CORE_CALLS(C)                                                                        \
	C(int, json_array_append_new, (json_t * a, json_t * v), (a, v), ENOMEM,                    \
	  (json_decref(v), -1))                                                                    \
	C(json_t *, json_array, (void), (), ENOMEM, NULL)                                          \
	C(char *, json_dumps, (const json_t *j, size_t g), (j, g), ENOMEM, NULL)                   \
	C(json_t *, json_integer, (json_int_t n), (n), ENOMEM, NULL)                               \
	C(json_t *, json_object, (void), (), ENOMEM, NULL)                                         \
	C(int, json_object_set_new, (json_t * o, const char *k, json_t *v), (o, k, v), ENOMEM,     \
	  (json_decref(v), -1))                                                                    \
	C(json_t *, json_string, (const char *s), (s), ENOMEM, NULL)                               \
	C(json_t *, json_stringn_nocheck, (const char *s, size_t n), (s, n), ENOMEM, NULL)         \
	C(int, uv_fs_read,                                                                         \
	  (uv_loop_t * l, uv_fs_t * r, uv_file f, const uv_buf_t *b, unsigned n, int64_t o,        \
	   uv_fs_cb c),                                                                            \
	  (l, r, f, b, n, o, c), ENOMEM, -ENOMEM)                                                  \
	C(int, uv_pipe_open, (uv_pipe_t * p, uv_file f), (p, f), EMFILE, -EMFILE)                  \
	C(int, uv_poll_init, (uv_loop_t * l, uv_poll_t * p, int f), (l, p, f), ENOMEM, -ENOMEM)    \
	C(int, uv_try_write, (uv_stream_t * s, const uv_buf_t *b, unsigned n), (s, b, n), EAGAIN,  \
	  -EAGAIN)                                                                                 \
	C(int, uv_write,                                                                           \
	  (uv_write_t * r, uv_stream_t * s, const uv_buf_t *b, unsigned n, uv_write_cb c),         \
	  (r, s, b, n, c), ENOMEM, -ENOMEM)

/* fault_special.c has these: they have variable arguments, or do more. The list is for configure.
 */
#define FAULT_SPECIAL_CALLS(C)                                                                     \
	C(int, asprintf)                                                                           \
	C(int, clone)                                                                              \
	C(int, close_range)                                                                        \
	C(int, dprintf)                                                                            \
	C(int, epoll_ctl)                                                                          \
	C(int, fclose)                                                                             \
	C(int, fcntl)                                                                              \
	C(int, ioctl)                                                                              \
	C(int, open)                                                                               \
	C(int, openat)                                                                             \
	C(int, posix_spawn)                                                                        \
	C(int, pthread_create)                                                                     \
	C(int, readdir)                                                                            \
	C(int, syscall)
