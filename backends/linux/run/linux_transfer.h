/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a file transfer; see backends/files/file_transfer.h. */
#ifndef BACKENDS_LINUX_RUN_LINUX_TRANSFER_H
#define BACKENDS_LINUX_RUN_LINUX_TRANSFER_H

#include "backends/linux/linux.h"

/* The main function of the process that the spawner forks for a transfer; never returns. */
void linux_transfer_run(const struct linux_backend *backend, int socket, int root_fd, int data_fd)
	__attribute__((noreturn));

#endif
