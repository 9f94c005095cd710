/* SPDX-License-Identifier: Apache-2.0 */
/* What the connections of one uid hold together; see client_account.h. */
#include <config.h>

#include "core/wire/client_account.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/server.h"
#include "lib/patient.h"

static uint64_t client_account_bound(const struct client_account *account, uint64_t configured)
{
	bool is_root = account->uid == 0 || account->uid == geteuid();

	return is_root ? configured * CLIENT_ACCOUNT_ROOT_FACTOR : configured;
}

struct client_account *client_account_get(struct server *server, uid_t uid)
{
	struct client_account *account;

	LIST_FOREACH(account, &server->accounts, link)
		if (account->uid == uid)
			return account;
	account = patient_calloc(sizeof(*account));
	account->uid = uid;
	snprintf(account->name, sizeof(account->name), "client (uid %u)", (unsigned)uid);
	LIST_INSERT_HEAD(&server->accounts, account, link);
	return account;
}

int client_account_check_connections(const struct config *config,
				     const struct client_account *account, struct warden_error *err)
{
	uint64_t bound = client_account_bound(account, config->clients.connection_limit);

	if (account->connections <= bound)
		return 0;
	return warden_error_set(err,
				"too many connections: uid %u has %" PRIu64
				", more than clients.connection_limit allows",
				(unsigned)account->uid, bound);
}

int client_account_check_requests(const struct config *config, const struct client_account *account,
				  struct warden_error *err)
{
	uint64_t bound = client_account_bound(account, config->clients.request_limit);

	if (account->requests <= bound)
		return 0;
	return warden_error_set(err,
				"too many requests: uid %u has %" PRIu64
				" in progress, more than clients.request_limit allows",
				(unsigned)account->uid, bound);
}

int client_account_check_bytes(const struct config *config, const struct client_account *account,
			       uint64_t own, uint64_t more, struct warden_error *err)
{
	uint64_t bound = client_account_bound(account, config->clients.buffer_limit);

	if (account->bytes + more <= bound || account->bytes <= own)
		return 0;
	return warden_error_set(
		err,
		"too many bytes: requests and unread answers of uid %u take %" PRIu64
		" bytes, more than clients.buffer_limit allows",
		(unsigned)account->uid, account->bytes + more);
}

bool client_account_take_send_buffer(const struct config *config, struct client_account *account,
				     uint64_t bytes)
{
	uint64_t bound = client_account_bound(account, config->clients.buffer_limit) / 2;

	if (account->send_buffers + bytes > bound)
		return false;
	account->send_buffers += bytes;
	return true;
}

static void client_account_free(struct client_account *account)
{
	log_limit_flush(&account->log_limit, account->name);
	LIST_REMOVE(account, link);
	free(account);
}

void client_accounts_tidy(struct server *server)
{
	struct client_account *account, *next;

	for (account = LIST_FIRST(&server->accounts); account; account = next) {
		next = LIST_NEXT(account, link);
		log_limit_flush(&account->log_limit, account->name);
		if (account->connections == 0 && account->requests == 0)
			client_account_free(account);
	}
}

void client_accounts_free(struct server *server)
{
	while (!LIST_EMPTY(&server->accounts))
		client_account_free(LIST_FIRST(&server->accounts));
}

void client_accounts_describe(const struct server *server, char *text, size_t size)
{
	const struct client_account *account, *most = NULL;
	const struct config *config = server->config;
	int length;

	LIST_FOREACH(account, &server->accounts, link)
		if (!most || account->bytes > most->bytes ||
		    (account->bytes == most->bytes && account->connections > most->connections))
			most = account;
	length = snprintf(text, size,
			  "%" PRIu32 " connections, %" PRIu32 " requests, %" PRIu64
			  " MiB of each user, root %d times as much",
			  config->clients.connection_limit, config->clients.request_limit,
			  config->clients.buffer_limit >> 20, CLIENT_ACCOUNT_ROOT_FACTOR);
	if (most && length > 0 && (size_t)length < size)
		snprintf(text + length, size - (size_t)length,
			 "; uid %u has %" PRIu32 ", %" PRIu32 " and %" PRIu64, (unsigned)most->uid,
			 most->connections, most->requests, most->bytes >> 20);
}
