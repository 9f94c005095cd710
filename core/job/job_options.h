/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a job: the fields of SpawnRequest, checked and copied. */
#ifndef CORE_JOB_JOB_OPTIONS_H
#define CORE_JOB_JOB_OPTIONS_H

#include "proto/warden.pb-c.h"
#include "warden/backend.h"

/* How output over the limit is handled; the values are those of the protocol's OutputPolicy. */
enum output_policy {
	OUTPUT_KILL = 0,
	OUTPUT_HEAD_TAIL = 1,
	OUTPUT_TAIL = 2,
};

struct job_options {
	/* A copy of the script; NULL: argv is used. */
	uint8_t *script;
	size_t script_length;
	char **argv; /* ends in NULL; NULL: the script is used */
	char **env;  /* NAME=VALUE, names unique, ends in NULL */
	char *working_dir, *user, *cpus, *log_tag, *seccomp; /* NULL if absent */
	bool privileged, discard_output, keep, lease_cpu, own_cgroup;
	bool input;    /* JobInput writes standard input */
	bool terminal; /* implies `input` */
	bool no_aslr, no_swap, stack_unlimited, no_new_privs;
	uint16_t rows, columns;
	uint64_t wall_time_us, cpu_time_us, memory_limit, process_limit; /* 0: none */
	int nice;
	enum output_policy output_policy;
	uint64_t output_limit; /* bytes */
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
};

/* The defaults of a job, from the container and its image. */
struct job_defaults {
	char *const *env[2]; /* of the image, of the container; each ends in NULL or is NULL */
	const char *working_dir, *user;      /* of the image, without these fields; or NULL */
	const struct warden_rlimit *rlimits; /* WARDEN_RLIMITS of them */
	uint64_t output_limit;
	bool no_new_privs;       /* of the container: a job cannot do without */
	bool knows_no_new_privs; /* the container can have it */
};

/* Reads the fields of the request. -1 and `err`, which names the field and its value; then nothing
 * is to be freed. */
int job_options_read(struct job_options *options, const Warden__SpawnRequest *request,
		     const struct job_defaults *defaults, struct warden_error *err);

void job_options_free(struct job_options *options);

/* The beginning of the command for display: argv joined by blanks, or the first line of the script.
 * malloc'd; NULL: no memory. */
char *job_options_command(const struct job_options *options);

#endif
