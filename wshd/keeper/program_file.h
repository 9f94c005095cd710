/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel needs to execute a file: the interpreter of a script, the loader of a dynamic
 * program, a machine. The file is untrusted: reads are bounded, and no offset in it is relied on.
 */
#ifndef WSHD_KEEPER_PROGRAM_FILE_H
#define WSHD_KEEPER_PROGRAM_FILE_H

#include <limits.h>

struct program_file {
	enum {
		PROGRAM_UNREAD, /* it is not there, no regular file, or may not be read */
		PROGRAM_UNKNOWN,
		PROGRAM_SCRIPT,
		PROGRAM_ELF,
	} kind;
	char interpreter[PATH_MAX]; /* empty: it has none */
	unsigned bits;              /* of an ELF file: 32 or 64 */
	unsigned machine;           /* EM_* of <elf.h> */
};

void program_file_read(const char *path, struct program_file *file);

/* The name of the machine of an ELF file, or NULL. */
const char *program_file_machine(const struct program_file *file);

#endif
