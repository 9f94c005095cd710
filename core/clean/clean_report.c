/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a clean: a line for each object, or one JSON object; see clean_private.h. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "core/clean/clean_private.h"
#include "lib/text.h"

static const char *const clean_report_results[] = {
	[WARDEN_CLEAN_FOUND] = "found",
	[WARDEN_CLEAN_REMOVED] = "removed",
	[WARDEN_CLEAN_KEPT] = "kept",
	[WARDEN_CLEAN_FAILED] = "failed",
};

/* The escaped text, or null. */
static json_t *clean_report_text(const char *text)
{
	char escaped[8192];

	if (!text || !*text)
		return json_null();
	text_escape(escaped, sizeof(escaped), text, strlen(text));
	return json_string(escaped);
}

static void clean_report_print(const struct clean_report *report, const char *result,
			       const char *kind, const char *name, const char *reason)
{
	char text[8192], why[4096];

	text_escape(text, sizeof(text), name, strlen(name));
	text_escape(why, sizeof(why), reason ? reason : "", reason ? strlen(reason) : 0);
	fprintf(report->to, "%s %s %s%s%s\n", result, kind, text, *why ? ": " : "", why);
}

void clean_report_add(void *data, enum warden_clean_result result, const char *kind,
		      const char *name, const char *id, const char *reason)
{
	struct clean_report *report = data;
	json_t *object;

	report->n++;
	report->failed += result == WARDEN_CLEAN_FAILED;
	if (!report->objects) {
		clean_report_print(report, clean_report_results[result], kind, name, reason);
		return;
	}
	object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "result", clean_report_results[result],
			   "kind", kind, "name", clean_report_text(name), "id",
			   clean_report_text(id), "reason", clean_report_text(reason));
	if (!object || json_array_append_new(report->objects, object) < 0)
		report->incomplete = true;
}

int clean_report_finish(struct clean_report *report, struct warden_error *err)
{
	if (report->incomplete)
		return warden_error_set(err, "no memory for the report");
	if (report->objects && (json_dumpf(report->objects, report->to, JSON_COMPACT) < 0 ||
				putc('\n', report->to) == EOF || fflush(report->to) != 0))
		return warden_error_errno(err, "print what was found");
	if (report->failed > 0)
		return warden_error_set(err, "%zu of %zu objects could not be removed",
					report->failed, report->n);
	return 0;
}
