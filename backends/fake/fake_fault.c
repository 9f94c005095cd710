/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that fail or take long, by configuration: users of the fake backend test with them how
 * their programs cope. */
#include <time.h>

#include "backends/fake/fake.h"

static void fake_fault_pause(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

int fake_fault_admit(void *data, void *container, const char *request, struct warden_error *err)
{
	const struct fake_backend *backend = data;
	const char *const *names = backend->host->option_strings(backend->host, "fail");

	(void)container; /* the same for all */
	fake_fault_pause(backend->host->option_integer(backend->host, "delay_ms"));
	for (; *names; names++)
		if (strcmp(*names, request) == 0)
			return warden_error_set(err, "fake: %s fails as configured", request);
	return 0;
}
