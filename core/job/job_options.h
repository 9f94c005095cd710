/* SPDX-License-Identifier: Apache-2.0 */
/* What a client asks of a job: the fields of SpawnRequest, checked, with texts of their own. */
#ifndef CORE_JOB_JOB_OPTIONS_H
#define CORE_JOB_JOB_OPTIONS_H

#include "proto/warden.pb-c.h"
#include "warden/backend.h"

/* What becomes of output over the limit; the numbers are the protocol's OutputPolicy. */
enum output_policy {
	OUTPUT_KILL = 0,
	OUTPUT_HEAD_TAIL = 1,
	OUTPUT_TAIL = 2,
};

struct job_options {
	/* A copy of the script, or NULL: argv. */
	uint8_t *script;
	size_t script_length;
	char **argv;                               /* ends in NULL; NULL: the script */
	char **env;                                /* NAME=VALUE, names unique, ends in NULL */
	char *working_dir, *user, *cpus, *log_tag; /* NULL where absent */
	bool privileged, discard_output, keep, lease_cpu, own_cgroup;
	bool input;    /* standard input comes by JobInput */
	bool terminal; /* with input */
	bool no_aslr, no_swap, stack_unlimited;
	uint16_t rows, columns;
	uint64_t wall_time_us, cpu_time_us, memory_limit, process_limit; /* 0: none */
	int nice;
	enum output_policy output_policy;
	uint64_t output_limit; /* bytes */
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
};

/* The defaults of a job: what the container, and the image that it is made of, say. */
struct job_defaults {
	char *const *env[2]; /* of the image, of the container; each ends in NULL, or is NULL */
	const char *working_dir, *user; /* of the image, for a command that says nothing; or NULL */
	const struct warden_rlimit *rlimits; /* WARDEN_RLIMITS of them */
	uint64_t output_limit;
};

/* Reads the request's fields. 0; or -1 and `err`, which names the field and its value, and nothing
 * to be freed. */
int job_options_read(struct job_options *options, const Warden__SpawnRequest *request,
		     const struct job_defaults *defaults, struct warden_error *err);

void job_options_free(struct job_options *options);

/* The beginning of the command for people: argv joined by blanks, or the script's first line.
 * malloc'd; NULL: no memory. */
char *job_options_command(const struct job_options *options);

#endif
