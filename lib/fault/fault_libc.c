/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapped functions of the C library whose arguments are passed on as they are; see fault.h. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fault/fault.h"
#include "lib/fault/fault_calls.h"

FAULT_LIBC_CALLS(FAULT_DEFINE)
