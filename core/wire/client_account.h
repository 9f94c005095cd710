/* SPDX-License-Identifier: Apache-2.0 */
/* What all connections of one uid hold together, and the bounds of that: connections, requests in
 * flight, and bytes of unfinished frames, of requests and of answers that are not read. */
#ifndef CORE_WIRE_CLIENT_ACCOUNT_H
#define CORE_WIRE_CLIENT_ACCOUNT_H

#include <sys/queue.h>
#include <sys/types.h>

#include "core/config/config.h"
#include "core/log_limit.h"

enum {
	/* Root and the daemon's own user may have so many times as much. */
	CLIENT_ACCOUNT_ROOT_FACTOR = 16,
	/* Bytes of a connection's input that are not counted: what one read takes. */
	CLIENT_ACCOUNT_FREE = 16384,
};

struct server;

struct client_account {
	LIST_ENTRY(client_account) link;
	char name[24]; /* for the log: client (uid N) */
	uid_t uid;
	uint32_t connections, requests;
	uint64_t bytes;
	uint64_t send_buffers; /* bytes of the larger ones; see client_account_take_send_buffer */
	struct log_limit log_limit; /* of lines that its clients cause */
};

LIST_HEAD(client_account_list, client_account);

/* The account of a uid, made if there is none. It lives while it is used, and until the next
 * client_accounts_tidy. */
struct client_account *client_account_get(struct server *server, uid_t uid);

/* Each fails with the setting that would allow more. client_account_check_bytes: whether `own`
 * bytes of one connection and its request, which are part of the account's, and `more` are allowed.
 * What one connection holds alone is only bounded by server.frame_limit. */
int client_account_check_connections(const struct config *config,
				     const struct client_account *account,
				     struct warden_error *err);
int client_account_check_requests(const struct config *config, const struct client_account *account,
				  struct warden_error *err);
int client_account_check_bytes(const struct config *config, const struct client_account *account,
			       uint64_t own, uint64_t more, struct warden_error *err);

/* Whether one more connection of the account may have a send buffer of so many bytes. Such buffers
 * may take half of clients.buffer_limit, beside what it bounds itself. Given back by subtraction.
 */
bool client_account_take_send_buffer(const struct config *config, struct client_account *account,
				     uint64_t bytes);

/* Frees the accounts that are not used, and logs how many lines were suppressed. */
void client_accounts_tidy(struct server *server);
void client_accounts_free(struct server *server);

/* The bounds, and which user is nearest to the first of them, for `warden doctor`. */
void client_accounts_describe(const struct server *server, char *text, size_t size);

#endif
