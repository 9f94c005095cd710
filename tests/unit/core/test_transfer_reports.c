/* SPDX-License-Identifier: Apache-2.0 */
/* The boxes for the reports of transfers: bounded, in order, and separate for each transfer. */
#include <config.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transfer/transfer_reports.h"
#include "lib/cleanup.h"
#include "proto/warden.pb-c.h"

enum { ID = 7, BOX_MAX = 64 * 1024 };

static struct transfer_reports reports;

static struct report_box *test_transfer_reports_open(enum warden_transfer_kind kind,
						     uint64_t length)
{
	const struct warden_transfer transfer = {.id = ID, .kind = kind, .length = length};
	struct report_box *box;

	transfer_reports_init(&reports);
	box = report_box_open(&reports, &transfer);
	if (!unit_true(box != NULL))
		exit(EXIT_FAILURE);
	return box;
}

/* Returns whether the loop is to be woken. */
static bool test_transfer_reports_change(enum warden_change_kind kind, const char *name)
{
	const struct warden_file_change change = {
		.size = sizeof(change), .kind = kind, .name = name};

	return transfer_reports_add_change(&reports, ID, &change);
}

/* Takes all changes that fit, as "KIND NAME;" each. */
static const char *test_transfer_reports_take(struct report_box *box, size_t room)
{
	static uint8_t data[BOX_MAX];
	static char text[2 * BOX_MAX];
	size_t size = report_box_take(box, data, room), length = 0;
	struct change_record change;

	text[0] = '\0';
	for (size_t at = 0; at < size; at += sizeof(change) + change.name_length) {
		memcpy(&change, data + at, sizeof(change));
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%u %.*s;",
					   (unsigned)change.kind, (int)change.name_length,
					   (const char *)data + at + sizeof(change));
	}
	return text;
}

static void changes_come_in_order_and_wake_the_loop_once(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);

	unit_true(test_transfer_reports_change(WARDEN_CHANGE_WATCHING, NULL));
	unit_false(test_transfer_reports_change(WARDEN_CHANGE_CREATED, "a"));
	unit_false(test_transfer_reports_change(WARDEN_CHANGE_REMOVED, "a"));
	unit_string(test_transfer_reports_take(box, BOX_MAX), "7 ;1 a;3 a;");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "");
	unit_true(test_transfer_reports_change(WARDEN_CHANGE_CREATED, "b"));
	report_box_close(box);
}

static void equal_changes_in_a_row_are_one(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);

	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "a");
	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "a");
	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "b");
	test_transfer_reports_change(WARDEN_CHANGE_ATTRIBUTES, "b");
	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "b");
	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "b");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "2 a;2 b;4 b;2 b;");
	test_transfer_reports_change(WARDEN_CHANGE_MODIFIED, "b");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "2 b;");
	report_box_close(box);
}

static void whole_records_are_taken_alone(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);
	const size_t record = sizeof(struct change_record);

	test_transfer_reports_change(WARDEN_CHANGE_CREATED, "one");
	test_transfer_reports_change(WARDEN_CHANGE_CREATED, "two");
	unit_string(test_transfer_reports_take(box, record + 2), "");
	unit_string(test_transfer_reports_take(box, 2 * record + 5), "1 one;");
	test_transfer_reports_change(WARDEN_CHANGE_CREATED, "two");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "1 two;");
	report_box_close(box);
}

static void changes_without_end_are_missed_up_to_the_last(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);
	const char *seen;
	char name[200];

	test_transfer_reports_change(WARDEN_CHANGE_WATCHING, "");
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%0150d", i);
		test_transfer_reports_change(WARDEN_CHANGE_CREATED, name);
	}
	seen = test_transfer_reports_take(box, BOX_MAX);
	unit_integer(strncmp(seen, "7 ;5 ;1 ", 8), 0);
	unit_contains(seen, "00099999;");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "");
	report_box_close(box);
}

static void what_no_client_may_see_is_a_missed_change(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);
	char name[NAME_MAX + 2];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	test_transfer_reports_change(WARDEN_CHANGE_CREATED, name);
	test_transfer_reports_change(WARDEN_CHANGE_CREATED, "a");
	test_transfer_reports_change((enum warden_change_kind)6, "b");
	unit_string(test_transfer_reports_take(box, BOX_MAX), "5 ;1 a;5 ;");
	report_box_close(box);
}

static void only_the_latest_progress_counts(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_COPY_IN, 0);
	struct warden_copy_progress progress = {.size = sizeof(progress), .files = 1, .bytes = 10};
	struct progress_record seen[2];

	unit_true(transfer_reports_add_progress(&reports, ID, &progress));
	progress.files = 2;
	progress.bytes = 30;
	unit_false(transfer_reports_add_progress(&reports, ID, &progress));
	unit_unsigned(report_box_take(box, (uint8_t *)seen, sizeof(seen)), sizeof(seen[0]));
	unit_unsigned(seen[0].files, 2);
	unit_unsigned(seen[0].bytes, 30);
	report_box_close(box);
}

static void reports_of_another_transfer_or_kind_are_ignored(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_WATCH, 0);
	const struct warden_copy_progress progress = {.size = sizeof(progress)};
	const struct warden_file_change change = {.size = sizeof(change),
						  .kind = WARDEN_CHANGE_CREATED};

	unit_false(transfer_reports_add_change(&reports, ID + 1, &change));
	unit_false(transfer_reports_add_progress(&reports, ID, &progress));
	unit_string(test_transfer_reports_take(box, BOX_MAX), "");
	report_box_close(box);
	unit_false(transfer_reports_add_change(&reports, ID, &change));
}

static void test_transfer_reports_entry(const char *name, const char *target)
{
	const struct warden_file_entry entry = {.size = sizeof(entry),
						.name = name,
						.type = target ? WARDEN_FILE_TYPE_SYMLINK
							       : WARDEN_FILE_TYPE_FILE,
						.mode = 0100644,
						.bytes = 1 << 20,
						.modified_us = -1,
						.uid = UINT32_MAX,
						.gid = 5,
						.target = target};

	transfer_reports_add_entry(&reports, ID, &entry);
}

static void a_list_is_the_encoded_answer(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_LIST, BOX_MAX);
	Warden__FileListResponse *list;
	struct warden_error err = {0};
	uint8_t *answer = NULL;
	size_t size = 0;

	test_transfer_reports_entry("a", NULL);
	test_transfer_reports_entry("b", "/etc/hosts");
	unit_integer(report_box_take_list(box, &answer, &size, &err), 0);
	list = warden__file_list_response__unpack(NULL, size, answer);
	if (unit_true(list != NULL) && unit_unsigned(list->n_entries, 2)) {
		const Warden__FileListResponse__Entry *link = list->entries[1];

		unit_bytes(list->entries[0]->name.data, list->entries[0]->name.len, "a", 1);
		unit_false(list->entries[0]->has_target);
		unit_bytes(link->target.data, link->target.len, "/etc/hosts", 10);
		unit_unsigned(link->mode, 0644);
		unit_unsigned(link->size, 1 << 20);
		unit_integer(link->modified_us, -1);
		unit_unsigned(link->uid, UINT32_MAX);
		unit_unsigned(link->gid, 5);
	}
	if (list)
		warden__file_list_response__free_unpacked(list, NULL);
	free(answer);
	report_box_close(box);
}

static void a_list_beyond_its_length_fails(void)
{
	struct report_box *box = test_transfer_reports_open(WARDEN_FILE_LIST, 2 * (64 + 1));
	struct warden_error err = {0};
	uint8_t *answer = NULL;
	size_t size = 0;

	test_transfer_reports_entry("a", NULL);
	test_transfer_reports_entry("bc", NULL);
	test_transfer_reports_entry("d", NULL); /* would fit, but the list has failed */
	unit_integer(report_box_take_list(box, &answer, &size, &err), -1);
	unit_contains(err.message, strerror(EFBIG));
	unit_true(answer == NULL);
	report_box_close(box);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(changes_come_in_order_and_wake_the_loop_once),
		UNIT_TEST(equal_changes_in_a_row_are_one),
		UNIT_TEST(whole_records_are_taken_alone),
		UNIT_TEST(changes_without_end_are_missed_up_to_the_last),
		UNIT_TEST(what_no_client_may_see_is_a_missed_change),
		UNIT_TEST(only_the_latest_progress_counts),
		UNIT_TEST(reports_of_another_transfer_or_kind_are_ignored),
		UNIT_TEST(a_list_is_the_encoded_answer),
		UNIT_TEST(a_list_beyond_its_length_fails),
	};

	return unit_main(argc, argv, "transfer_reports", tests, ARRAY_SIZE(tests));
}
