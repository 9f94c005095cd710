/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and checks the fields of SpawnRequest; see job_options.h. */
#include <config.h>

#include "core/job/job_options.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "core/job/cpu_lease.h"
#include "lib/cleanup.h"
#include "lib/environment.h"
#include "lib/text.h"

enum {
	/* What execve(2) takes: of a word, without its NUL; and in all with a stack without limit.
	 * How much it takes of a job is known when it starts. */
	WORD_MAX = 131071,
	TEXTS_MAX = 6 << 20,
	WORDS_MAX = 1 << 18,
	USER_MAX = 256,
	CPUS_MAX = 1024,
	LOG_TAG_MAX = 64,
	SECCOMP_MAX = 64,
	ROWS = 24,
	COLUMNS = 80,
	COMMAND_MAX = 256,
};

/* About thirty years: more is a mistake of units. */
#define TIME_MAX_US UINT64_C(1000000000000000)
#define OUTPUT_MAX  (UINT64_C(1) << 40)

static int job_options_fail_memory(struct warden_error *err)
{
	return warden_error_set(err, "no memory for a job");
}

/* The value is escaped, since it may hold any bytes. */
static int job_options_refuse(struct warden_error *err, const char *field, const char *value,
			      size_t length, const char *why)
{
	char shown[128];

	text_escape(shown, sizeof(shown), value, length);
	return warden_error_set(err, "%s: \"%s\" %s", field, shown, why);
}

static int job_options_refuse_number(struct warden_error *err, const char *field, uint64_t value,
				     uint64_t min, uint64_t max)
{
	return warden_error_set(
		err, "%s: %" PRIu64 " is out of range, %" PRIu64 " to %" PRIu64 " are allowed",
		field, value, min, max);
}

static int job_options_take_number(uint64_t *number, const char *field, bool has, uint64_t value,
				   uint64_t min, uint64_t max, struct warden_error *err)
{
	if (!has)
		return 0;
	if (value < min || value > max)
		return job_options_refuse_number(err, field, value, min, max);
	*number = value;
	return 0;
}

/* An argument, a path or a name: any bytes except NUL. */
static char *job_options_take_bytes(const ProtobufCBinaryData *bytes, const char *field, size_t max,
				    struct warden_error *err)
{
	char *copy;

	if (bytes->len > max) {
		warden_error_set(err, "%s has %zu bytes, at most %zu are allowed", field,
				 bytes->len, max);
		return NULL;
	}
	if (bytes->len > 0 && memchr(bytes->data, '\0', bytes->len)) {
		job_options_refuse(err, field, (const char *)bytes->data, bytes->len,
				   "holds a NUL byte");
		return NULL;
	}
	copy = strndup(bytes->len > 0 ? (const char *)bytes->data : "", bytes->len);
	if (!copy)
		job_options_fail_memory(err);
	return copy;
}

static int job_options_take_argv(struct job_options *options, const Warden__SpawnRequest *request,
				 struct warden_error *err)
{
	size_t bytes = 0;

	if (request->n_argv > WORDS_MAX)
		return warden_error_set(err, "argv has %zu words, at most %d are allowed",
					request->n_argv, WORDS_MAX);
	if (request->argv[0].len == 0)
		return warden_error_set(err, "argv: the first word is empty, it names the program");
	options->argv = calloc(request->n_argv + 1, sizeof(*options->argv));
	if (!options->argv)
		return job_options_fail_memory(err);
	for (size_t i = 0; i < request->n_argv; i++) {
		if (request->argv[i].len > WORD_MAX)
			return warden_error_set(
				err, "argv: a word has %zu bytes, at most %d are allowed",
				request->argv[i].len, WORD_MAX);
		options->argv[i] = job_options_take_bytes(&request->argv[i], "argv", WORD_MAX, err);
		if (!options->argv[i])
			return -1;
		bytes += request->argv[i].len;
	}
	if (bytes > TEXTS_MAX)
		return warden_error_set(err, "argv has %zu bytes, at most %d are allowed", bytes,
					TEXTS_MAX);
	return 0;
}

static int job_options_take_script(struct job_options *options, const Warden__SpawnRequest *request,
				   struct warden_error *err)
{
	options->script = malloc(request->script.len + 1);
	if (!options->script)
		return job_options_fail_memory(err);
	if (request->script.len > 0)
		memcpy(options->script, request->script.data, request->script.len);
	options->script_length = request->script.len;
	return 0;
}

/* Exactly one of argv and script. */
static int job_options_take_command(struct job_options *options,
				    const Warden__SpawnRequest *request, struct warden_error *err)
{
	if (request->n_argv > 0 && request->has_script)
		return warden_error_set(err, "Please specify either script or argv.");
	if (request->n_argv > 0)
		return job_options_take_argv(options, request, err);
	if (!request->has_script)
		return warden_error_set(err, "Please specify script or argv.");
	return job_options_take_script(options, request, err);
}

static int job_options_take_env(struct job_options *options, const Warden__SpawnRequest *request,
				const struct job_defaults *defaults, struct warden_error *err)
{
	_cleanup_environment_ char **own = NULL;

	if (environment_read(&own, request->env, request->n_env, err) < 0)
		return -1;
	options->env = environment_merge(
		(char *const *const[]){defaults->env[0], defaults->env[1], own}, 3);
	return options->env ? 0 : job_options_fail_memory(err);
}

static int job_options_take_working_dir(struct job_options *options,
					const Warden__SpawnRequest *request,
					const struct job_defaults *defaults,
					struct warden_error *err)
{
	if (!request->has_working_dir || request->working_dir.len == 0) {
		if (!defaults->working_dir)
			return 0;
		options->working_dir = strdup(defaults->working_dir);
		return options->working_dir ? 0 : job_options_fail_memory(err);
	}
	options->working_dir =
		job_options_take_bytes(&request->working_dir, "working_dir", PATH_MAX - 1, err);
	if (!options->working_dir)
		return -1;
	if (*options->working_dir != '/')
		return job_options_refuse(err, "working_dir", options->working_dir,
					  strlen(options->working_dir), "is not an absolute path");
	return 0;
}

static int job_options_take_user(struct job_options *options, const Warden__SpawnRequest *request,
				 const struct job_defaults *defaults, struct warden_error *err)
{
	if (!request->has_user || request->user.len == 0) {
		if (options->privileged || !defaults->user)
			return 0;
		options->user = strdup(defaults->user);
		return options->user ? 0 : job_options_fail_memory(err);
	}
	if (options->privileged)
		return warden_error_set(err, "user: privileged already means root");
	options->user = job_options_take_bytes(&request->user, "user", USER_MAX, err);
	if (!options->user)
		return -1;
	if (text_has_control(options->user, strlen(options->user)) || *options->user == ':' ||
	    strchr(options->user, '/'))
		return job_options_refuse(err, "user", options->user, strlen(options->user),
					  "is not a USER or USER:GROUP");
	return 0;
}

/* The backend knows the names. */
static int job_options_take_seccomp(struct job_options *options,
				    const Warden__SpawnRequest *request, struct warden_error *err)
{
	if (!request->has_seccomp || request->seccomp.len == 0)
		return 0;
	options->seccomp = job_options_take_bytes(&request->seccomp, "seccomp", SECCOMP_MAX, err);
	return options->seccomp ? 0 : -1;
}

static int job_options_take_cpus(struct job_options *options, const Warden__SpawnRequest *request,
				 struct warden_error *err)
{
	if (!request->has_cpus)
		return 0;
	options->cpus = job_options_take_bytes(&request->cpus, "cpus", CPUS_MAX, err);
	if (!options->cpus)
		return -1;
	if (!cpu_list_read(options->cpus, NULL, 0))
		return job_options_refuse(err, "cpus", options->cpus, strlen(options->cpus),
					  "is not a list of cpus such as 0-2,4");
	return 0;
}

static int job_options_take_log_tag(struct job_options *options,
				    const Warden__SpawnRequest *request, struct warden_error *err)
{
	if (!request->has_log_tag || request->log_tag.len == 0)
		return 0;
	options->log_tag = job_options_take_bytes(&request->log_tag, "log_tag", LOG_TAG_MAX, err);
	if (!options->log_tag)
		return -1;
	if (!text_is_utf8(options->log_tag, strlen(options->log_tag)) ||
	    text_has_control(options->log_tag, strlen(options->log_tag)) ||
	    strpbrk(options->log_tag, " :[]"))
		return job_options_refuse(
			err, "log_tag", options->log_tag, strlen(options->log_tag),
			"is not a tag: blanks, colons and brackets are not allowed");
	return 0;
}

static int job_options_take_terminal(struct job_options *options,
				     const Warden__SpawnRequest *request, struct warden_error *err)
{
	uint64_t rows = ROWS, columns = COLUMNS;

	options->terminal = request->terminal;
	options->input = request->stdin || request->terminal;
	if (options->input && !options->argv)
		return warden_error_set(err, "%s: a script is its job's standard input, use argv",
					options->terminal ? "terminal" : "stdin");
	if (job_options_take_number(&rows, "rows", request->has_rows, request->rows, 1, UINT16_MAX,
				    err) < 0 ||
	    job_options_take_number(&columns, "columns", request->has_columns, request->columns, 1,
				    UINT16_MAX, err) < 0)
		return -1;
	options->rows = (uint16_t)rows;
	options->columns = (uint16_t)columns;
	return 0;
}

static int job_options_take_output(struct job_options *options, const Warden__SpawnRequest *request,
				   const struct job_defaults *defaults, struct warden_error *err)
{
	uint64_t policy = OUTPUT_KILL;

	options->discard_output = request->discard_output;
	options->output_limit = defaults->output_limit;
	if (job_options_take_number(&policy, "output_policy", request->has_output_policy,
				    (uint64_t)request->output_policy, OUTPUT_KILL, OUTPUT_TAIL,
				    err) < 0 ||
	    job_options_take_number(&options->output_limit, "output_limit",
				    request->has_output_limit, request->output_limit, 1, OUTPUT_MAX,
				    err) < 0)
		return -1;
	options->output_policy = (enum output_policy)policy;
	return 0;
}

static int job_options_take_limits(struct job_options *options, const Warden__SpawnRequest *request,
				   struct warden_error *err)
{
	if (job_options_take_number(&options->wall_time_us, "wall_time_us",
				    request->has_wall_time_us, request->wall_time_us, 0,
				    TIME_MAX_US, err) < 0 ||
	    job_options_take_number(&options->cpu_time_us, "cpu_time_us", request->has_cpu_time_us,
				    request->cpu_time_us, 0, TIME_MAX_US, err) < 0 ||
	    job_options_take_number(&options->memory_limit, "memory_limit",
				    request->has_memory_limit, request->memory_limit, 0, INT64_MAX,
				    err) < 0 ||
	    job_options_take_number(&options->process_limit, "process_limit",
				    request->has_process_limit, request->process_limit, 0,
				    INT32_MAX, err) < 0)
		return -1;
	if (request->has_nice && (request->nice < -20 || request->nice > 19))
		return warden_error_set(err, "nice: %d is out of range, -20 to 19 are allowed",
					request->nice);
	options->nice = request->has_nice ? request->nice : 0;
	options->lease_cpu = request->lease_cpu;
	options->own_cgroup =
		request->own_cgroup || options->memory_limit > 0 || options->process_limit > 0;
	options->no_aslr = request->no_aslr;
	options->no_swap = request->no_swap;
	options->stack_unlimited = request->stack_unlimited;
	return 0;
}

static int job_options_take_no_new_privs(struct job_options *options,
					 const Warden__SpawnRequest *request,
					 const struct job_defaults *defaults,
					 struct warden_error *err)
{
	options->no_new_privs = defaults->no_new_privs;
	if (!request->has_no_new_privs || request->no_new_privs == defaults->no_new_privs)
		return 0;
	if (!request->no_new_privs)
		return warden_error_set(err, "no_new_privs: false is not possible, as the "
					     "container was created with it");
	if (!defaults->knows_no_new_privs)
		return warden_error_set(err, "no_new_privs: the container was created by an "
					     "earlier release, which does not have it");
	options->no_new_privs = true;
	return 0;
}

static void job_options_take_rlimits(struct warden_rlimit *limits,
				     const Warden__ResourceLimits *asked)
{
	const struct {
		bool has;
		uint64_t value;
	} fields[WARDEN_RLIMITS] = {
		[WARDEN_RLIMIT_AS] = {asked->has_as, asked->as},
		[WARDEN_RLIMIT_CORE] = {asked->has_core, asked->core},
		[WARDEN_RLIMIT_CPU] = {asked->has_cpu, asked->cpu},
		[WARDEN_RLIMIT_DATA] = {asked->has_data, asked->data},
		[WARDEN_RLIMIT_FSIZE] = {asked->has_fsize, asked->fsize},
		[WARDEN_RLIMIT_LOCKS] = {asked->has_locks, asked->locks},
		[WARDEN_RLIMIT_MEMLOCK] = {asked->has_memlock, asked->memlock},
		[WARDEN_RLIMIT_MSGQUEUE] = {asked->has_msgqueue, asked->msgqueue},
		[WARDEN_RLIMIT_NICE] = {asked->has_nice, asked->nice},
		[WARDEN_RLIMIT_NOFILE] = {asked->has_nofile, asked->nofile},
		[WARDEN_RLIMIT_NPROC] = {asked->has_nproc, asked->nproc},
		[WARDEN_RLIMIT_RSS] = {asked->has_rss, asked->rss},
		[WARDEN_RLIMIT_RTPRIO] = {asked->has_rtprio, asked->rtprio},
		[WARDEN_RLIMIT_SIGPENDING] = {asked->has_sigpending, asked->sigpending},
		[WARDEN_RLIMIT_STACK] = {asked->has_stack, asked->stack},
	};

	for (size_t i = 0; i < WARDEN_RLIMITS; i++)
		if (fields[i].has)
			limits[i] = (struct warden_rlimit){fields[i].value, true};
}

int job_options_read(struct job_options *options, const Warden__SpawnRequest *request,
		     const struct job_defaults *defaults, struct warden_error *err)
{
	*options = (struct job_options){.privileged = request->privileged, .keep = request->keep};
	memcpy(options->rlimits, defaults->rlimits, sizeof(options->rlimits));
	if (request->rlimits)
		job_options_take_rlimits(options->rlimits, request->rlimits);
	if (job_options_take_command(options, request, err) < 0 ||
	    job_options_take_env(options, request, defaults, err) < 0 ||
	    job_options_take_working_dir(options, request, defaults, err) < 0 ||
	    job_options_take_user(options, request, defaults, err) < 0 ||
	    job_options_take_cpus(options, request, err) < 0 ||
	    job_options_take_seccomp(options, request, err) < 0 ||
	    job_options_take_log_tag(options, request, err) < 0 ||
	    job_options_take_terminal(options, request, err) < 0 ||
	    job_options_take_output(options, request, defaults, err) < 0 ||
	    job_options_take_limits(options, request, err) < 0 ||
	    job_options_take_no_new_privs(options, request, defaults, err) < 0) {
		job_options_free(options);
		return -1;
	}
	return 0;
}

void job_options_free(struct job_options *options)
{
	free(options->script);
	environment_free(options->argv);
	environment_free(options->env);
	free(options->working_dir);
	free(options->user);
	free(options->cpus);
	free(options->log_tag);
	free(options->seccomp);
	*options = (struct job_options){0};
}

char *job_options_command(const struct job_options *options)
{
	char *command = malloc(COMMAND_MAX);
	char joined[COMMAND_MAX];
	const char *text = (const char *)options->script, *end;
	size_t length = options->script_length;

	if (!command)
		return NULL;
	if (options->argv) {
		length = 0;
		for (size_t i = 0; options->argv[i] && length < sizeof(joined); i++)
			length += (size_t)snprintf(joined + length, sizeof(joined) - length, "%s%s",
						   i > 0 ? " " : "", options->argv[i]);
		if (length >= sizeof(joined))
			length = sizeof(joined) - 1;
		text = joined;
	} else {
		end = memchr(text, '\n', length);
		length = end ? (size_t)(end - text) : length;
	}
	text_escape(command, COMMAND_MAX, text, length);
	return command;
}
