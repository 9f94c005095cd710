/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The share of the pools that a create takes: a network, a uid and a slot. Prepared containers
 * (prepared.h) have such shares too, and processes, descriptors and memory of the host. They give
 * way before a create fails for want of one: for each create that waits one of them is removed, and
 * those that wait go on in the order in which they came.
 */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/container/prepared.h"
#include "core/descriptors.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/requests/creation.h"
#include "core/server.h"
#include "core/state/snapshot.h"
#include "lib/address.h"
#include "lib/cleanup.h"

enum { NETWORK_MAX = 1024 };

/* A text that is no address fails as an address that the pool does not have: clients know that
 * error. Its value is that of its numbers. */
static int create_room_refuse_network(const char *text, struct warden_error *err)
{
	char name[INET_ADDRSTRLEN];
	struct in_addr address;
	uint32_t value = 0;

	for (const char *part = text; part; part = strchr(part, '.')) {
		part += *part == '.';
		value = value * 256 + (uint32_t)strtoul(part, NULL, 10);
	}
	address.s_addr = htonl(value & ~3U);
	inet_ntop(AF_INET, &address, name, sizeof(name));
	return warden_error_set(err, "Could not acquire network: %s", name);
}

/* Reads the network that a request names, in host byte order. */
static bool create_room_read_network(const Warden__CreateRequest *asked, uint32_t *network,
				     struct warden_error *err)
{
	char *text = request_text(&asked->network, "network", NETWORK_MAX, err);
	bool valid = text && address_parse(text, network);

	if (text && !valid)
		create_room_refuse_network(text, err);
	free(text);
	*network &= ~3U;
	return valid;
}

static int create_room_take_network(struct container *c, const Warden__CreateRequest *asked,
				    struct warden_error *err)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);
	char name[INET_ADDRSTRLEN];
	struct in_addr address;
	uint32_t network = 0;

	if (!asked->has_network || asked->network.len == 0) {
		if (pool_take(server->networks, now, &network) < 0)
			return warden_error_set(err, "Could not acquire network");
	} else if (!create_room_read_network(asked, &network, err)) {
		return -1;
	}
	address.s_addr = htonl(network);
	if (asked->has_network && asked->network.len > 0 &&
	    pool_take_value(server->networks, now, network) < 0) {
		inet_ntop(AF_INET, &address, name, sizeof(name));
		return warden_error_set(err, "Could not acquire network: %s", name);
	}
	c->owns_network = true;
	identity_set_network(&c->identity, address);
	return 0;
}

static int create_room_take_ids(struct container *c, struct warden_error *err)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	if (!c->owns_uid && pool_take(server->uids, now, &c->identity.uid) < 0)
		return warden_error_set(err, "no uid available");
	c->owns_uid = true;
	if (!c->owns_slot && pool_take(server->slots, now, &c->identity.slot) < 0)
		return warden_error_set(err, "no uid available");
	c->owns_slot = true;
	return 0;
}

/* What a container that cannot be read yet has must not be given to another. Each create that is
 * not answered may still need its descriptors. */
static int create_room_check(const struct server *server, struct warden_error *err)
{
	if (server->unidentified > 0)
		return warden_error_set(err,
					"the networks of %u containers cannot be read yet: see the "
					"reasons in their info",
					server->unidentified);
	return descriptors_check(DESCRIPTORS_CONTAINER * server->creating, 0, err);
}

int create_room_take(struct container *c, const Warden__CreateRequest *asked,
		     struct warden_error *err)
{
	if (create_room_check(c->server, err) < 0 ||
	    (!c->owns_network && create_room_take_network(c, asked, err) < 0))
		return -1;
	return create_room_take_ids(c, err);
}

static bool create_room_names_network(const Warden__CreateRequest *asked)
{
	return asked->has_network && asked->network.len > 0;
}

/* Has a prepared container removed for the create: the one that has the network that it names, or
 * one of its own user. False: none is there, and none will be. */
static bool create_room_free_one(struct creation *creation)
{
	const Warden__CreateRequest *asked = (const void *)creation->request->message;
	struct container *c = creation->operation.container;
	uint32_t network;

	if (c->owns_network || !create_room_names_network(asked))
		return prepared_give_way(c->server, c->client_uid);
	return create_room_read_network(asked, &network, &(struct warden_error){0}) &&
	       prepared_give_network(c->server, network);
}

/* One removal is awaited for each create that waits. */
static bool create_room_await(struct creation *creation)
{
	struct prepared *prepared = &creation->operation.container->server->prepared;

	if (!create_room_free_one(creation))
		return false;
	creation->room_needed = prepared->removed + prepared->n_waiting + 1;
	TAILQ_INSERT_TAIL(&prepared->waiting, creation, waiting);
	prepared->n_waiting++;
	return true;
}

int create_room_begin(struct creation *creation, struct warden_error *err)
{
	const Warden__CreateRequest *asked = (const void *)creation->request->message;
	struct container *c = creation->operation.container;
	bool behind = !TAILQ_EMPTY(&c->server->prepared.waiting);

	if (behind && create_room_await(creation))
		return 0;
	if (create_room_take(c, asked, err) == 0)
		create_begin(creation);
	else if (behind || !create_room_await(creation))
		return -1;
	return 0;
}

/* Of the host; a client's own limits have other numbers, or do not come from the backend's create.
 */
static bool create_room_is_lacking(const struct warden_error *err)
{
	static const int numbers[] = {ENOMEM, ENOSPC, EMFILE, ENFILE, EAGAIN, EUSERS};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (err->number == numbers[i])
			return true;
	return false;
}

bool create_room_retry(struct creation *creation, const struct warden_error *err)
{
	struct container *c = creation->operation.container;

	if (creation->stock || creation->gave_way || c->backend || creation->left ||
	    !create_room_is_lacking(err))
		return false;
	creation->gave_way = true;
	if (!create_room_await(creation))
		return false;
	log_write(WARDEN_LOG_INFO, "%s: waits for the removal of a prepared container: %s", c->id,
		  err->message);
	create_reset(creation);
	return true;
}

/* A create that waits goes on when as many removals are done as creates waited before it, or when
 * no other will come. What is free by then may be more than it needs, or taken by no one. */
void create_resume(struct server *server)
{
	struct prepared *prepared = &server->prepared;
	struct warden_error err = {0};
	struct creation *creation;

	while ((creation = TAILQ_FIRST(&prepared->waiting)) &&
	       (prepared->removed >= creation->room_needed || !prepared_will_free(server))) {
		struct container *c = creation->operation.container;

		TAILQ_REMOVE(&prepared->waiting, creation, waiting);
		prepared->n_waiting--;
		if (create_room_take(c, (const void *)creation->request->message, &err) == 0)
			create_begin(creation);
		else if (!create_room_await(creation))
			create_end(creation, -1, &err);
	}
}
