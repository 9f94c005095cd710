/* SPDX-License-Identifier: Apache-2.0 */
/* Explains errors of execve; see job_program.h. It runs as the job, so it reads only what the job
 * may. */
#include "wshd/keeper/job_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "wshd/keeper/program_file.h"

enum {
	SCRIPTS_MOST = 5, /* of which each is the interpreter of the one before */
	SHOWN_SIZE = 64,
	WORD_MOST = 131072, /* with its NUL; 32 pages */
	/* The kernel takes this much from a stack without limit. */
	ARGUMENTS_MOST = 6 << 20,
	ARGUMENTS_LEAST = 131072,
};

/* The file that execvp executes. False: there is none. */
static bool job_program_find(const char *name, char file[PATH_MAX])
{
	const char *path = strchr(name, '/') ? "" : getenv("PATH"), *end;
	struct stat status;

	for (; path; path = *end ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		if (snprintf(file, PATH_MAX, "%.*s%s%s", (int)(end - path), path,
			     end > path ? "/" : "", name) < PATH_MAX &&
		    stat(file, &status) == 0 && S_ISREG(status.st_mode))
			return true;
	}
	return false;
}

/* The interpreters from a program on, up to the file at which execve has failed. */
struct job_program_chain {
	int length;               /* how many interpreters there are */
	char path[PATH_MAX];      /* the last file */
	char of[PATH_MAX];        /* the file whose interpreter it is */
	int number;               /* errno: it is not there, or may not be executed; else 0 */
	struct program_file file; /* what it is, if `number` is 0 */
};

static void job_program_follow(struct job_program_chain *chain, int number)
{
	bool is_loader = false;

	while (access(chain->path, X_OK) == 0) {
		program_file_read(chain->path, &chain->file);
		/* A loader needs none itself, and the kernel reads none from a program for another
		 * machine. */
		if (!*chain->file.interpreter || is_loader || chain->length > SCRIPTS_MOST ||
		    (chain->file.kind == PROGRAM_ELF && number == ENOEXEC))
			return;
		is_loader = chain->file.kind == PROGRAM_ELF;
		memcpy(chain->of, chain->path, PATH_MAX);
		memcpy(chain->path, chain->file.interpreter, PATH_MAX);
		chain->length++;
	}
	chain->number = errno;
}

/* Writes a name that comes from a container: no byte of it controls a terminal. */
static void job_program_show(const char *path, char shown[SHOWN_SIZE])
{
	size_t used = 0;

	for (; *path && used + 2 < SHOWN_SIZE; path++) {
		bool is_control = (unsigned char)*path < ' ' || *path == 0x7f;

		if (*path == '\r')
			shown[used++] = '\\';
		shown[used++] = *path == '\r' ? 'r' : is_control ? '?' : *path;
	}
	shown[used] = '\0';
}

/* Names the last file by what it is of the program. */
static void job_program_name_last(const struct job_program_chain *chain, char *text, size_t size)
{
	char name[SHOWN_SIZE], of[SHOWN_SIZE];

	job_program_show(chain->path, name);
	job_program_show(chain->of, of);
	if (chain->length == 1)
		snprintf(text, size, "its interpreter %s", name);
	else
		snprintf(text, size, "%s (the interpreter of %s)", name, of);
}

static void job_program_explain_format(const struct program_file *file, char *text, size_t size)
{
	const char *machine = program_file_machine(file);
	struct utsname here = {0};

	uname(&here); /* cannot fail */
	if (file->kind == PROGRAM_SCRIPT)
		snprintf(text, size, "no interpreter stands behind #!");
	else if (file->kind != PROGRAM_ELF)
		snprintf(text, size, "it is no program, and does not begin with #!");
	else if (!machine)
		snprintf(text, size, "it is for machine %u of ELF, this is %.20s", file->machine,
			 here.machine);
	else if (file->bits == 64 && strcmp(machine, here.machine) == 0)
		snprintf(text, size, "it is damaged, or no program");
	else
		snprintf(text, size, "it is for %u-bit %s, this is %.20s", file->bits, machine,
			 here.machine);
}

/* Explains a failure of the program itself. */
static bool job_program_explain_own(const struct job_program_chain *chain, int number, char *text,
				    size_t size)
{
	char format[80];

	if (chain->number == 0 && number == ENOENT && chain->file.kind == PROGRAM_UNREAD) {
		snprintf(text, size, "its interpreter is not there");
		return true;
	}
	if (chain->number != 0 || number != ENOEXEC || chain->file.kind == PROGRAM_UNREAD)
		return false;
	job_program_explain_format(&chain->file, format, sizeof(format));
	snprintf(text, size, "%s: %s", strerror(ENOEXEC), format);
	return true;
}

/* Explains a failure of the last file of a chain. */
static bool job_program_explain_last(const struct job_program_chain *chain, int number, char *text,
				     size_t size)
{
	const bool has_cr = chain->path[strlen(chain->path) - 1] == '\r';
	char last[2 * SHOWN_SIZE + 24], format[80] = "";

	job_program_name_last(chain, last, sizeof(last));
	if (number == ELOOP && chain->length > SCRIPTS_MOST)
		snprintf(text, size, "more than %d scripts, each the interpreter of the one before",
			 SCRIPTS_MOST);
	else if (chain->number == ENOENT)
		snprintf(text, size, "%s is not there%s", last,
			 has_cr ? ": its first line ends in CR LF, not in LF" : "");
	else if (chain->number != 0)
		snprintf(text, size, "%s: %s", last, strerror(chain->number));
	else if (number == ENOENT && chain->file.kind == PROGRAM_UNREAD)
		snprintf(text, size, "the interpreter of %s is not there", last);
	else if (number == EACCES && chain->file.kind == PROGRAM_UNREAD)
		snprintf(text, size, "%s: %s", last, strerror(number));
	else if (number == ENOEXEC && chain->file.kind != PROGRAM_UNREAD) {
		job_program_explain_format(&chain->file, format, sizeof(format));
		snprintf(text, size, "%s: %s: %s", last, strerror(number), format);
	} else
		return false;
	return true;
}

static bool job_program_explain_file(const char *name, int number, char *text, size_t size)
{
	struct job_program_chain chain = {0};

	if (!job_program_find(name, chain.path))
		return false;
	job_program_follow(&chain, number);
	if (chain.length == 0)
		return job_program_explain_own(&chain, number, text, size);
	return job_program_explain_last(&chain, number, text, size);
}

static void job_program_count(char *const *texts, size_t *bytes, size_t *longest)
{
	for (; *texts; texts++) {
		size_t length = strlen(*texts) + 1;

		*bytes += length + sizeof(char *);
		*longest = length > *longest ? length : *longest;
	}
}

static bool job_program_explain_size(const struct job_command *command, char *text, size_t size)
{
	size_t bytes = 0, longest = 0, most = ARGUMENTS_MOST;
	struct rlimit stack;

	job_program_count(command->args, &bytes, &longest);
	job_program_count(command->env, &bytes, &longest);
	if (longest > WORD_MOST) {
		snprintf(text, size, "a word or variable has %zu bytes, at most %d are allowed",
			 longest - 1, WORD_MOST - 1);
		return true;
	}
	if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur / 4 < most)
		most = stack.rlim_cur / 4 > ARGUMENTS_LEAST ? stack.rlim_cur / 4 : ARGUMENTS_LEAST;
	snprintf(text, size,
		 "words and environment have %zu bytes with 8 for each, at most %zu are allowed: a "
		 "quarter of the stack's limit",
		 bytes, most);
	return true;
}

bool job_program_explain(const struct job_command *command, int number, char *text, size_t size)
{
	if (number == E2BIG)
		return job_program_explain_size(command, text, size);
	return (number == ENOENT || number == ENOTDIR || number == EACCES || number == ELOOP ||
		number == ENOEXEC) &&
	       job_program_explain_file(command->args[0], number, text, size);
}
