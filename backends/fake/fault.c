/* SPDX-License-Identifier: Apache-2.0 */
/* What users of the fake backend want to see their programs cope with: requests that fail and
 * requests that take long. */
#include <time.h>

#include "backends/fake/fake.h"

/* The requests that concern a backend, by their names in the protocol. */
static const char *const requests[] = {
	"create",     "spawn",       "run",          "link",       "stream",
	"stop",       "destroy",     "info",         "net_in",     "net_out",
	"copy_in",    "copy_out",    "limit_memory", "limit_disk", "limit_bandwidth",
	"limit_cpu",  "tar_in",      "tar_out",      "file_read",  "file_write",
	"file_list",  "file_remove", "limit",        "pause",      "resume",
	"file_watch",
};

static bool is_request(const char *name)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i], name) == 0)
			return true;
	return false;
}

int fault_check_options(const struct fake_backend *backend, struct warden_error *err)
{
	const char *const *names = backend->host->option_strings(backend->host, "fail");

	for (; *names; names++)
		if (!is_request(*names))
			return warden_error_set(err,
						"option fail of group fake: there is no request "
						"`%s` of containers",
						*names);
	return 0;
}

static void pause_ms(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

int fake_admit(void *data, void *container, const char *request, struct warden_error *err)
{
	const struct fake_backend *backend = data;
	const char *const *names = backend->host->option_strings(backend->host, "fail");

	(void)container; /* all alike */
	pause_ms(backend->host->option_integer(backend->host, "delay_ms"));
	for (; *names; names++)
		if (strcmp(*names, request) == 0)
			return warden_error_set(err, "fake: %s fails as configured", request);
	return 0;
}
