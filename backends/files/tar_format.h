/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a tar stream: POSIX.1-1988 (ustar), as it lies in the stream. */
#ifndef BACKENDS_FILES_TAR_FORMAT_H
#define BACKENDS_FILES_TAR_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { TAR_BLOCK = 512 };

/* Types of entries. */
enum {
	TAR_FILE = '0',
	TAR_FILE_OLD = '\0',
	TAR_HARD_LINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHARACTER_DEVICE = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
	TAR_CONTIGUOUS = '7',
	TAR_PAX = 'x',
	TAR_PAX_GLOBAL = 'g',
	TAR_GNU_LONG_NAME = 'L',
	TAR_GNU_LONG_LINK = 'K',
	TAR_GNU_SPARSE = 'S',
	TAR_GNU_VOLUME_LABEL = 'V',
	TAR_GNU_DUMP_DIRECTORY = 'D', /* its data list the names in it */
	TAR_GNU_CONTINUED = 'M',      /* the rest of a file that began in another archive */
	TAR_SOLARIS_PAX = 'X',
	TAR_SOLARIS_ACL = 'A',
};

struct tar_header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char device_major[8], device_minor[8];
	char prefix[155];
	char unused[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is a block");

/* The sum of all bytes, with those of the checksum field taken as blanks. */
static inline uint32_t tar_checksum(const struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t from = offsetof(struct tar_header, checksum);
	uint32_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= from && i < from + sizeof(header->checksum) ? ' ' : bytes[i];
	return sum;
}

#endif
