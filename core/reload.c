/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the configuration again; see reload.h. */
#include <config.h>

#include "core/reload.h"

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/server.h"
#include "core/wire/connection.h"

struct reload {
	uv_work_t work;
	struct server *server;
	struct config *fresh; /* NULL: `err` */
	struct warden_error err;
};

/* The backend replaces the allowed networks first, so that nothing is taken over if it fails. The
 * loop thread does not change the configuration meanwhile. */
static int reload_allow_networks(struct reload *reload)
{
	const struct server *server = reload->server;

	if (!server->container_klass->allow_networks ||
	    !config_networks_differ(server->config, reload->fresh))
		return 0;
	return BACKEND_CALL(server->container_klass, NULL, allow_networks, &reload->err,
			    server->backend,
			    (const char *const *)reload->fresh->network.allow_networks);
}

static void reload_on_worker(uv_work_t *work)
{
	struct reload *reload = work->data;
	const struct server *server = reload->server;

	reload->fresh = config_load(server->config->file, &reload->err);
	if (reload->fresh &&
	    (config_check_backend(reload->fresh, server->container_klass, &reload->err) < 0 ||
	     reload_allow_networks(reload) < 0)) {
		config_free(reload->fresh);
		reload->fresh = NULL;
	}
}

/* Returns the result as a line for the service manager. */
static void reload_apply(struct reload *reload, char *line, size_t size)
{
	struct server *server = reload->server;
	struct config_changes changes;

	if (!reload->fresh) {
		snprintf(line, size, "settings not reloaded: %s", reload->err.message);
		log_write(WARDEN_LOG_ERROR, "%s", line);
		return;
	}
	/* First, so that a level that rises does not hide the changes. */
	if (reload->fresh->logging.level > server->config->logging.level)
		log_set_level(reload->fresh->logging.level);
	config_take_changes(server->config, reload->fresh, server->container_klass->allow_networks,
			    &changes);
	access_review(server);
	prepared_renew(server);
	server->settings.allow_networks =
		(const char *const *)server->config->network.allow_networks;
	snprintf(line, size, "settings reloaded: %u changed, %u need a restart", changes.taken,
		 changes.refused);
	log_write(WARDEN_LOG_INFO, "%s", line);
	log_set_level(server->config->logging.level);
}

static void reload_end(struct server *server, const char *line)
{
	struct warden_error err;

	server->reloading = false;
	if (!server->draining && notify_ready(&err, "%s", line) < 0)
		log_write(WARDEN_LOG_WARN, "%s", err.message);
	if (server->reload_again)
		reload_begin(server);
}

static void reload_after_worker(uv_work_t *work, int status)
{
	struct reload *reload = work->data;
	struct server *server = reload->server;
	char line[sizeof(reload->err.message) + 64];

	(void)status; /* never cancelled */
	reload_apply(reload, line, sizeof(line));
	config_free(reload->fresh);
	free(reload);
	reload_end(server, line);
}

void reload_begin(struct server *server)
{
	struct reload *reload;
	struct warden_error err;

	if (log_reopen(&err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s", err.message);
	server->reload_again = server->reloading;
	if (server->reloading || server->draining || !server->serving)
		return;
	server->reloading = true;
	if (notify_reloading(&err) < 0)
		log_write(WARDEN_LOG_WARN, "%s", err.message);
	reload = calloc(1, sizeof(*reload));
	if (!reload) {
		log_write(WARDEN_LOG_ERROR, "settings not reloaded: no memory");
		reload_end(server, "settings not reloaded: no memory");
		return;
	}
	reload->work.data = reload;
	reload->server = server;
	if (uv_queue_work(&server->loop, &reload->work, reload_on_worker, reload_after_worker) < 0)
		abort(); /* fails only without a callback */
}
