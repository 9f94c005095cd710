/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of tar streams, made by hand in the variants of old and new writers. The functional cases
 * read and write whole streams of other programs. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/files/tar_entry.h"
#include "backends/files/tar_format.h"
#include "tests/unit/unit.h"

static struct tar_stream stream;
static struct tar_entry entry;
static struct warden_error error;

/* Begins a case with a stream of these bytes. */
static void tar_case_begin(const void *data, size_t size)
{
	stream.fd = memfd_create("stream", MFD_CLOEXEC);
	stream.at = stream.begin = stream.end = 0;
	unit_true(stream.fd >= 0 && write(stream.fd, data, size) == (ssize_t)size &&
		  lseek(stream.fd, 0, SEEK_SET) == 0);
}

static void tar_case_end(void)
{
	tar_entry_free(&entry);
	close(stream.fd);
}

static int tar_case_next(void)
{
	tar_entry_free(&entry);
	error = (struct warden_error){0};
	return tar_entry_next(&stream, &entry, &error);
}

static struct tar_header tar_case_header(const char *name, char type, const char *size)
{
	struct tar_header made = {.type = type};

	snprintf(made.name, sizeof(made.name), "%s", name);
	memcpy(made.mode, "0000640", 8);
	memcpy(made.mtime, "00000000017", 12);
	memcpy(made.size, size, strlen(size));
	return made;
}

static void tar_case_set_checksum(struct tar_header *made)
{
	char text[12];

	snprintf(text, sizeof(text), "%06o", tar_checksum(made));
	memcpy(made->checksum, text, 7);
	made->checksum[7] = ' ';
}

/* Reads a stream that begins with this header. */
static int tar_case_read_header(struct tar_header made)
{
	tar_case_set_checksum(&made);
	tar_case_begin(&made, sizeof(made));
	return tar_case_next();
}

static void an_old_header_without_magic_is_read(void)
{
	unit_integer(tar_case_read_header(tar_case_header("f", TAR_FILE_OLD, "00000000012")), 1);
	unit_string(entry.name, "f");
	unit_string(entry.link, "");
	unit_integer(entry.type, TAR_FILE);
	unit_unsigned(entry.size, 10);
	unit_unsigned(entry.mode, 0640);
	unit_integer(entry.mtime, 15);
	tar_case_end();
}

static void an_old_name_with_a_slash_is_a_directory(void)
{
	unit_integer(tar_case_read_header(tar_case_header("d/", TAR_FILE_OLD, "00000000012")), 1);
	unit_integer(entry.type, TAR_DIRECTORY);
	unit_unsigned(entry.size, 0);
	tar_case_end();
}

static void only_ustar_has_names_of_two_parts(void)
{
	struct tar_header made = tar_case_header("name", TAR_FILE, "0");

	memcpy(made.prefix, "prefix/of", 9);
	unit_integer(tar_case_read_header(made), 1);
	unit_string(entry.name, "name");
	tar_case_end();
	memcpy(made.magic, "ustar", 6);
	unit_integer(tar_case_read_header(made), 1);
	unit_string(entry.name, "prefix/of/name");
	tar_case_end();
}

static void a_name_that_fills_its_field_has_no_nul(void)
{
	struct tar_header made = tar_case_header("", TAR_FILE, "0");

	memset(made.name, 'n', sizeof(made.name));
	memset(made.link, 'l', sizeof(made.link));
	unit_integer(tar_case_read_header(made), 1);
	unit_unsigned(strlen(entry.name), 100);
	unit_unsigned(strlen(entry.link), 100);
	tar_case_end();
}

static void a_binary_size_is_read(void)
{
	struct tar_header made = tar_case_header("big", TAR_FILE, "");

	made.size[0] = (char)0x80;
	made.size[6] = 4; /* 4 << 40 */
	unit_integer(tar_case_read_header(made), 1);
	unit_unsigned(entry.size, UINT64_C(4) << 40);
	tar_case_end();
	made.size[2] = 1;
	unit_integer(tar_case_read_header(made), -1);
	unit_contains(error.message, "the size is no number");
	tar_case_end();
}

static void a_binary_time_before_1970_is_read(void)
{
	struct tar_header made = tar_case_header("f", TAR_FILE, "0");

	memset(made.mtime, 0xff, sizeof(made.mtime));
	unit_integer(tar_case_read_header(made), 1);
	unit_integer(entry.mtime, -1);
	tar_case_end();
}

static void a_negative_size_is_refused(void)
{
	struct tar_header made = tar_case_header("f", TAR_FILE, "0");

	memset(made.size, 0xff, sizeof(made.size));
	unit_integer(tar_case_read_header(made), -1);
	unit_contains(error.message, "the size is no number");
	tar_case_end();
}

static void a_size_that_is_not_a_number_is_refused(void)
{
	unit_integer(tar_case_read_header(tar_case_header("f", TAR_FILE, "12x")), -1);
	unit_contains(error.message, "the size is no number");
	tar_case_end();
}

static void a_sum_of_signed_bytes_is_accepted(void)
{
	struct tar_header made = tar_case_header("\xc3\xa4", TAR_FILE, "0");
	char text[12];

	tar_case_set_checksum(&made);
	snprintf(text, sizeof(text), "%06o", tar_checksum(&made) - 512);
	memcpy(made.checksum, text, 7);
	tar_case_begin(&made, sizeof(made));
	unit_integer(tar_case_next(), 1);
	tar_case_end();
}

static void a_wrong_sum_is_refused(void)
{
	struct tar_header made = tar_case_header("f", TAR_FILE, "0");

	tar_case_set_checksum(&made);
	made.name[0]++;
	tar_case_begin(&made, sizeof(made));
	unit_integer(tar_case_next(), -1);
	unit_contains(error.message, "no tar header at byte 0 of the stream");
	tar_case_end();
}

/* Reads a stream of a pax header with these records and an entry. */
static int tar_case_read_pax(const char *records, size_t length)
{
	char data[3 * TAR_BLOCK] = {0}, size[24];
	struct tar_header pax, made = tar_case_header("short", TAR_FILE, "00000000001");

	snprintf(size, sizeof(size), "%011zo", length);
	pax = tar_case_header("pax", TAR_PAX, size);
	tar_case_set_checksum(&pax);
	tar_case_set_checksum(&made);
	memcpy(data, &pax, sizeof(pax));
	memcpy(data + TAR_BLOCK, records, length);
	memcpy(data + 2 * sizeof(pax), &made, sizeof(made));
	tar_case_begin(data, sizeof(data));
	return tar_case_next();
}

static int tar_case_read_records(const char *records)
{
	return tar_case_read_pax(records, strlen(records));
}

static void pax_records_win_over_the_header(void)
{
	unit_integer(tar_case_read_records("18 path=long/name\n20 size=99999999999\n"
					   "22 mtime=1234567890.5\n14 linkpath=l\n"),
		     1);
	unit_string(entry.name, "long/name");
	unit_string(entry.link, "l");
	unit_unsigned(entry.size, UINT64_C(99999999999));
	unit_integer(entry.mtime, 1234567890);
	unit_unsigned(entry.mtime_ns, 500000000);
	tar_case_end();
}

static void a_pax_time_before_1970_is_read(void)
{
	unit_integer(tar_case_read_records("14 mtime=-1.5\n"), 1);
	unit_integer(entry.mtime, -2);
	unit_unsigned(entry.mtime_ns, 500000000);
	tar_case_end();
}

static void unknown_pax_records_are_skipped(void)
{
	unit_integer(tar_case_read_records("17 comment=a=b=c\n21 SCHILY.xattr.a=xx\n"), 1);
	unit_string(entry.name, "short");
	tar_case_end();
}

static void damaged_pax_records_are_refused(void)
{
	static const char *const damaged[] = {
		"99 path=x\n", "0 path=x\n",
		"path=x\n",    "9 path=xx\n",
		"8 pathx\n",   "11 size=-1a\n",
		"9 size=x\n",  "4 \n\n",
		"3 \n",        "10 mtime=x\n",
		"-8 path=x\n", " 9 path=x\n",
		"2 \n",        "26 size=9999999999999999999\n",
	};

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		if (!unit_integer(tar_case_read_records(damaged[i]), -1))
			unit_fail(damaged[i]);
		tar_case_end();
	}
	unit_integer(tar_case_read_pax("11 path=a\0b\n", 11), -1);
	tar_case_end();
}

static void a_header_that_describes_nothing_is_refused(void)
{
	struct tar_header made = tar_case_header("", TAR_GNU_LONG_NAME, "00000000004");
	char data[2 * TAR_BLOCK] = {0};

	tar_case_set_checksum(&made);
	memcpy(data, &made, sizeof(made));
	memcpy(data + TAR_BLOCK, "name", 4);
	tar_case_begin(data, sizeof(data));
	unit_integer(tar_case_next(), -1);
	unit_contains(error.message, "ends after a header");
	tar_case_end();
}

static void a_stream_that_ends_before_the_text_of_a_header_is_refused(void)
{
	unit_integer(tar_case_read_header(tar_case_header("pax", TAR_PAX, "00000000144")), -1);
	unit_string(error.message, "the tar stream ends within a header");
	tar_case_end();
}

static void a_pax_time_before_the_lowest_is_refused(void)
{
	unit_integer(tar_case_read_records("30 mtime=-9223372036854775808\n"), 1);
	unit_integer(entry.mtime, INT64_MIN);
	tar_case_end();
	unit_integer(tar_case_read_records("32 mtime=-9223372036854775808.5\n"), -1);
	unit_contains(error.message, "mtime in the tar stream is no number");
	tar_case_end();
}

static void a_header_of_gigabytes_is_refused(void)
{
	unit_integer(tar_case_read_header(tar_case_header("pax", TAR_PAX, "77777777777")), -1);
	unit_contains(error.message, "are allowed");
	tar_case_end();
	unit_integer(tar_case_read_header(tar_case_header("", TAR_GNU_LONG_LINK, "77777777777")),
		     -1);
	unit_contains(error.message, "are allowed");
	tar_case_end();
}

static void a_stream_without_its_end_ends_where_it_stops(void)
{
	tar_case_begin("", 0);
	unit_integer(tar_case_next(), 0);
	tar_case_end();
}

static const struct unit_test tests[] = {
	UNIT_TEST(an_old_header_without_magic_is_read),
	UNIT_TEST(an_old_name_with_a_slash_is_a_directory),
	UNIT_TEST(only_ustar_has_names_of_two_parts),
	UNIT_TEST(a_name_that_fills_its_field_has_no_nul),
	UNIT_TEST(a_binary_size_is_read),
	UNIT_TEST(a_binary_time_before_1970_is_read),
	UNIT_TEST(a_negative_size_is_refused),
	UNIT_TEST(a_size_that_is_not_a_number_is_refused),
	UNIT_TEST(a_sum_of_signed_bytes_is_accepted),
	UNIT_TEST(a_wrong_sum_is_refused),
	UNIT_TEST(pax_records_win_over_the_header),
	UNIT_TEST(a_pax_time_before_1970_is_read),
	UNIT_TEST(unknown_pax_records_are_skipped),
	UNIT_TEST(damaged_pax_records_are_refused),
	UNIT_TEST(a_header_that_describes_nothing_is_refused),
	UNIT_TEST(a_stream_that_ends_before_the_text_of_a_header_is_refused),
	UNIT_TEST(a_pax_time_before_the_lowest_is_refused),
	UNIT_TEST(a_header_of_gigabytes_is_refused),
	UNIT_TEST(a_stream_without_its_end_ends_where_it_stops),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "tar", tests, sizeof(tests) / sizeof(tests[0]));
}
