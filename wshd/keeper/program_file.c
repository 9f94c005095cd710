/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the head of a program as the kernel does; see program_file.h. */
#include "wshd/keeper/program_file.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_SIZE = 256, /* the kernel reads as much of a script's first line */
	SEGMENTS_MAX = 64,
};

/* The first word behind #!. The kernel refuses one that does not end within the head. */
static void program_file_read_script(const char *head, struct program_file *file)
{
	const char *begin = head + 2 + strspn(head + 2, " \t");
	size_t length = strcspn(begin, " \t\n");

	file->kind = PROGRAM_SCRIPT;
	if (begin + length < head + HEAD_SIZE)
		memcpy(file->interpreter, begin, length);
}

/* The name of the loader, which ends in NUL as the kernel demands, or nothing. */
static void program_file_read_loader(int fd, uint64_t at, uint64_t size, struct program_file *file)
{
	if (size < 2 || size > sizeof(file->interpreter) ||
	    pread(fd, file->interpreter, (size_t)size, (off_t)at) != (ssize_t)size ||
	    file->interpreter[size - 1] != '\0')
		file->interpreter[0] = '\0';
}

static void program_file_read_segments64(int fd, const char *head, struct program_file *file)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	memcpy(&header, head, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)(header.e_phoff + i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
			return;
		if (segment.p_type == PT_INTERP) {
			program_file_read_loader(fd, segment.p_offset, segment.p_filesz, file);
			return;
		}
	}
}

static void program_file_read_segments32(int fd, const char *head, struct program_file *file)
{
	Elf32_Ehdr header;
	Elf32_Phdr segment;

	memcpy(&header, head, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)((uint64_t)header.e_phoff + i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
			return;
		if (segment.p_type == PT_INTERP) {
			program_file_read_loader(fd, segment.p_offset, segment.p_filesz, file);
			return;
		}
	}
}

static void program_file_read_elf(int fd, const char *head, struct program_file *file)
{
	const unsigned char *machine =
		(const unsigned char *)head + offsetof(Elf64_Ehdr, e_machine);
	bool little = head[EI_DATA] == ELFDATA2LSB;

	file->kind = PROGRAM_ELF;
	file->bits = head[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	file->machine = little ? machine[0] | (unsigned)machine[1] << 8
			       : machine[1] | (unsigned)machine[0] << 8;
	/* The kernel reads nothing else of a program with the other order of bytes. */
	if (little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__))
		return;
	if (file->bits == 64)
		program_file_read_segments64(fd, head, file);
	else
		program_file_read_segments32(fd, head, file);
}

void program_file_read(const char *path, struct program_file *file)
{
	/* O_NONBLOCK: a pipe without a writer must not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[HEAD_SIZE + 1] = "";
	struct stat status;

	*file = (struct program_file){.kind = PROGRAM_UNREAD};
	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    pread(fd, head, HEAD_SIZE, 0) >= 0)
		file->kind = PROGRAM_UNKNOWN;
	if (memcmp(head, "#!", 2) == 0)
		program_file_read_script(head, file);
	else if (memcmp(head, ELFMAG, SELFMAG) == 0)
		program_file_read_elf(fd, head, file);
	close(fd);
}

const char *program_file_machine(const struct program_file *file)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
		{EM_386, "i686"},        {EM_X86_64, "x86_64"}, {EM_ARM, "arm"},
		{EM_AARCH64, "aarch64"}, {EM_PPC, "ppc"},       {EM_PPC64, "ppc64"},
		{EM_S390, "s390x"},      {EM_RISCV, "riscv"},   {EM_MIPS, "mips"},
		{EM_SPARCV9, "sparc64"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == file->machine)
			return names[i].name;
	return NULL;
}
