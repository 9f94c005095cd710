/* SPDX-License-Identifier: Apache-2.0 */
/* Builds wshd's command line; see wshd_client.h. */
#include "backends/wshd/wshd_client.h"

#include <inttypes.h>

/* The free parts of the buffer and of argv. */
struct wshd_arguments_room {
	struct wshd_arguments *arguments;
	size_t used, n;
	bool fits;
};

static void __attribute__((format(printf, 2, 3)))
wshd_arguments_add(struct wshd_arguments_room *room, const char *format, ...)
{
	struct wshd_arguments *arguments = room->arguments;
	size_t free_bytes = sizeof(arguments->text) - room->used;
	va_list args;
	int length;

	if (!room->fits)
		return;
	va_start(args, format);
	length = vsnprintf(arguments->text + room->used, free_bytes, format, args);
	va_end(args);
	/* The last entry stays NULL. */
	if (length < 0 || (size_t)length >= free_bytes ||
	    room->n + 1 >= sizeof(arguments->argv) / sizeof(arguments->argv[0])) {
		room->fits = false;
		return;
	}
	arguments->argv[room->n++] = arguments->text + room->used;
	room->used += (size_t)length + 1;
}

int wshd_arguments_fill(struct wshd_arguments *arguments, const struct wshd_start *start,
			struct warden_error *err)
{
	struct wshd_arguments_room room = {.arguments = arguments, .fits = true};

	memset(arguments->argv, 0, sizeof(arguments->argv));
	wshd_arguments_add(&room, "wshd");
	wshd_arguments_add(&room, "--fd");
	wshd_arguments_add(&room, "%d", start->listen_fd);
	wshd_arguments_add(&room, "--title");
	wshd_arguments_add(&room, "wshd: %s", start->id);
	if (start->fake_dir) {
		wshd_arguments_add(&room, "--fake");
		wshd_arguments_add(&room, "%s", start->fake_dir);
	} else {
		wshd_arguments_add(&room, "--uid");
		wshd_arguments_add(&room, "%" PRIu32, start->uid);
		wshd_arguments_add(&room, "--bounding");
		wshd_arguments_add(&room, "%" PRIx64, start->bounding);
	}
	if (start->nice != 0) {
		wshd_arguments_add(&room, "--nice");
		wshd_arguments_add(&room, "%d", start->nice);
	}
	if (start->lang) {
		wshd_arguments_add(&room, "--lang");
		wshd_arguments_add(&room, "%s", start->lang);
	}
	if (start->subreaper)
		wshd_arguments_add(&room, "--subreaper");
	if (start->no_new_privs)
		wshd_arguments_add(&room, "--no-new-privs");
	if (start->score_fd > 0) {
		wshd_arguments_add(&room, "--score-fd");
		wshd_arguments_add(&room, "%d", start->score_fd);
		wshd_arguments_add(&room, "--job-score");
		wshd_arguments_add(&room, "%d", start->job_score);
	}
	if (!room.fits)
		return warden_error_set(err, "the command line of wshd is too long");
	return 0;
}
