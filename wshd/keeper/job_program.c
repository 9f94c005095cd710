/* SPDX-License-Identifier: Apache-2.0 */
/* Explains errors of execve; see job_program.h. It runs as the job, so it reads only what the job
 * may. */
#include "wshd/keeper/job_program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	HEAD_SIZE = 256, /* the kernel reads as much of a script's first line */
	SEGMENTS_MAX = 64,
	WORD_MOST = 131072, /* with its NUL; 32 pages */
	/* The kernel takes this much from a stack without limit. */
	ARGUMENTS_MOST = 6 << 20,
	ARGUMENTS_LEAST = 131072,
};

/* Opens the program as execvp finds it; -1: it is not there, or may not be read. */
static int job_program_open(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char file[PATH_MAX];
	int fd = -1;

	if (strchr(name, '/') || !path)
		return open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	for (; fd < 0 && path; path = *end ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - path), path,
			 end > path ? "/" : "", name);
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	return fd;
}

/* The interpreter of a script: the first word behind #!. */
static bool job_program_read_script(char *head, char *interpreter, size_t size)
{
	char *begin, *end;

	if (strncmp(head, "#!", 2) != 0)
		return false;
	head[strcspn(head, "\n")] = '\0';
	begin = head + 2 + strspn(head + 2, " \t");
	end = begin + strcspn(begin, " \t");
	return snprintf(interpreter, size, "%.*s", (int)(end - begin), begin) > 0;
}

/* The loader of a dynamic program. */
static bool job_program_read_elf(int fd, const char *head, char *interpreter, size_t size)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	memcpy(&header, head, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)(header.e_phoff + i * sizeof(segment));
		ssize_t got;

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		got = pread(fd, interpreter, size - 1, (off_t)segment.p_offset);
		interpreter[got > 0 ? got : 0] = '\0';
		return got > 0;
	}
	return false;
}

/* A program that is there is "not found" if its interpreter is not. */
static bool job_program_explain_missing(const char *name, char *text, size_t size)
{
	char head[HEAD_SIZE + 1] = "", interpreter[HEAD_SIZE];
	int fd = job_program_open(name);
	ssize_t got = fd < 0 ? -1 : pread(fd, head, HEAD_SIZE, 0);
	bool found = got > 0 && (job_program_read_script(head, interpreter, sizeof(interpreter)) ||
				 job_program_read_elf(fd, head, interpreter, sizeof(interpreter)));
	size_t length = found ? strlen(interpreter) : 0;
	bool has_cr = length > 0 && interpreter[length - 1] == '\r';

	if (fd >= 0)
		close(fd);
	/* Else it is its own interpreter that is missing. */
	if (!found || access(interpreter, F_OK) == 0 || errno != ENOENT)
		return false;
	if (has_cr)
		interpreter[length - 1] = '\0';
	snprintf(text, size, "its interpreter %.80s%s", interpreter,
		 has_cr ? "\\r is not there: its first line ends in CR LF, not in LF"
			: " is not there");
	return true;
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
	return number == ENOENT && job_program_explain_missing(command->args[0], text, size);
}
