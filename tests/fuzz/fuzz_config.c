/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the configuration: core/config, with files that it includes and a backend's options.
 * Input: warden.conf, then after each line `=== NAME` another file. */
#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "core/config/config.h"
#include "tests/fuzz/fuzz.h"

static const struct warden_option options[] = {
	{.name = "loud", .type = WARDEN_OPTION_BOOL, .number = 1},
	{.name = "width", .type = WARDEN_OPTION_INTEGER, .min = -1, .max = 1L << 40, .number = 5},
	{.name = "motto", .type = WARDEN_OPTION_STRING},
	{.name = "days", .type = WARDEN_OPTION_STRINGS, .text = "sun mon tue"},
	{.name = NULL},
};

static const struct warden_container_klass container_klass = {.name = "mine", .options = options};

static void fuzz_config_run(const uint8_t *data, size_t size)
{
	struct warden_error err;
	int fd = fuzz_fresh_directory("config");
	struct config *config;
	char path[512];

	snprintf(path, sizeof(path), "%s/config/warden.conf", fuzz_directory());
	fuzz_write_files(fd, "warden.conf", data, size);
	close(fd);
	config = config_load(path, &err);
	if (!config)
		return;
	/* Changes nothing: the paths belong to the host of the test. */
	(void)config_check_backend(config, &container_klass, &err);
	config_forget_lines(config);
	config_free(config);
}

const struct fuzz_target fuzz_target = {.name = "config", .run = fuzz_config_run};
