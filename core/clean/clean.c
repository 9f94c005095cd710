/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a clean; see clean.h. */
#include <config.h>

#include "core/clean/clean.h"

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/clean/clean_private.h"
#include "core/server.h"
#include "lib/cleanup.h"

/* Lets the backend end and remove what the kernel has; then the directories of containers that do
 * not live are removed. */
static int clean_all(const struct server *server, const struct clean_options *options,
		     const struct clean_depot *depot, struct clean_report *report,
		     struct warden_error *err)
{
	_cleanup_free_ struct warden_clean_container *containers =
		calloc(depot->n + 1, sizeof(*containers));
	struct warden_clean clean = {
		.size = sizeof(clean),
		.dry_run = options->dry_run,
		.force = options->force,
		.containers = containers,
		.container_size = sizeof(*containers),
		.report = clean_report_add,
		.data = report,
	};

	if (!containers)
		return warden_error_set(err, "no memory");
	for (size_t i = 0; i < depot->n; i++)
		if (depot->entries[i].fd >= 0)
			containers[clean.n_containers++] = (struct warden_clean_container){
				.id = depot->entries[i].id, .dir_fd = depot->entries[i].fd};
	if (BACKEND_CALL(server->container_klass, NULL, clean, err, &server->host, &clean) < 0)
		return -1;
	for (size_t i = 0, k = 0; i < depot->n; i++) {
		const struct clean_entry *entry = &depot->entries[i];

		if (entry->fd < 0 || !containers[k++].lives)
			clean_depot_remove(entry, options->dry_run, report);
		else
			clean_report_add(report, WARDEN_CLEAN_KEPT, "directory", entry->path,
					 entry->id, "its processes live");
	}
	return 0;
}

int clean_run(struct config *config, const struct warden_container_klass *container_klass,
	      const struct clean_options *options, FILE *to, struct warden_error *err)
{
	_cleanup_free_ struct server *server = calloc(1, sizeof(*server));
	struct clean_report report = {.to = to};
	struct clean_depot depot;
	int result;

	if (!server)
		return warden_error_set(err, "no memory");
	if (!container_klass->clean)
		return warden_error_set(err, "backend %s cannot clean", container_klass->name);
	server->config = config;
	server->container_klass = container_klass;
	backend_host_init(server);
	report.objects = options->json ? json_array() : NULL;
	if (options->json && !report.objects)
		return warden_error_set(err, "no memory");
	result = clean_depot_open(&depot, server->settings.depot_path, err);
	if (result == 0)
		result = clean_all(server, options, &depot, &report, err);
	if (result == 0)
		result = clean_report_finish(&report, err);
	json_decref(report.objects);
	clean_depot_close(&depot);
	return result;
}
