/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the operator's profiles of system calls: backends/linux/seccomp/seccomp_oci.c, and the
 * program that is made of what it takes. Input: a file of JSON. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backends/linux/seccomp/seccomp_oci.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_seccomp_run(const uint8_t *data, size_t size)
{
	struct seccomp_program program = {NULL, 0};
	struct warden_error err = {.message = ""};
	int fd = fuzz_fresh_directory("seccomp");
	char path[512];

	snprintf(path, sizeof(path), "%s/seccomp/profile.json", fuzz_directory());
	fuzz_write_file(fd, "profile.json", data, size);
	close(fd);
	if (seccomp_oci_append(&program, path, &err) == 0) {
		seccomp_program_finish(&program);
		FUZZ_CHECK(program.length > 0 && program.length <= BPF_MAXINSNS);
	} else {
		FUZZ_CHECK(err.message[0] != '\0');
	}
	seccomp_program_free(&program);
}

const struct fuzz_target fuzz_target = {.name = "seccomp", .run = fuzz_seccomp_run};
