/* SPDX-License-Identifier: Apache-2.0 */
/* Stocks of prepared containers; see prepared.h. How one is made and handed out is in
 * core/requests/create.c and create_adopt.c. */
#include <config.h>

#include "core/container/prepared.h"

#include <stdlib.h>

#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/container/prepared_room.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/server.h"

enum {
	STOCKS_MAX = 8,
	SHAPE_MAX = 4096,       /* bytes of a shape; a longer one has no stock */
	REPEATED = 2,           /* how often a shape is asked for until it has a stock */
	UNUSED_MS = 300 * 1000, /* after which a stock that nobody asked for is forgotten */
	RETRY_MS = 1000,        /* after a container could not be made; doubled each time */
	RETRY_MAX_MS = 60 * 1000,
	PAUSE_MS = 8, /* for what the client does with the one that it was given */
	/* No stock is filled from the last 1/FREE_PART of a pool or of the descriptors. */
	FREE_PART = 4,
};

/* Containers of one shape. */
struct stock {
	TAILQ_ENTRY(stock) link;
	struct server *server;
	uint8_t *shape; /* a packed CreateRequest */
	size_t length;
	uid_t uid; /* of the client, if the shape names a path of the client's; else 0 */
	gid_t gid;
	uid_t owner;                      /* the client who first asked for it */
	bool usual;                       /* the shape has no field: it is filled from the start */
	struct container_list containers; /* linked by `listed` */
	unsigned n;
	bool making;
	bool stale;        /* what is being made was begun before prepared_renew */
	uint64_t asked;    /* how often it was asked for */
	uint64_t last_ms;  /* and when */
	unsigned failures; /* since the last that was made */
	uint64_t retry_ms; /* not before */
};

/* The operator's programs expect to run when a client asks for a container. */
static bool prepared_has_hooks(const struct warden_hooks *hooks)
{
	return hooks->parent_before_clone || hooks->parent_after_clone ||
	       hooks->child_before_pivot || hooks->child_after_pivot;
}

bool prepared_is_on(const struct server *server)
{
	return server->config->server.prepared > 0 && server->container_klass->adopt &&
	       !server->draining && !prepared_has_hooks(&server->hooks);
}

static bool stock_names_client_paths(const Warden__CreateRequest *shape)
{
	return shape->has_rootfs || shape->n_layers > 0;
}

/* Removes from a shallow copy of a request what can be set when the container is handed out. What
 * stays is the shape: a field that is not known here makes a shape of its own. */
static void stock_strip(Warden__CreateRequest *shape)
{
	shape->has_grace_time = shape->has_handle = shape->has_network = false;
	shape->n_env = shape->n_properties = 0;
	shape->has_ttl = shape->has_hostname = shape->has_request_id = false;
	shape->n_hosts = shape->n_dns_servers = 0;
	shape->limits = NULL;
	shape->has_rootfs = shape->has_rootfs && shape->rootfs.len > 0;
}

static void stock_free(struct stock *stock)
{
	struct prepared *prepared = &stock->server->prepared;

	TAILQ_REMOVE(&prepared->stocks, stock, link);
	prepared->n_stocks--;
	free(stock->shape);
	free(stock);
}

static struct stock *stock_new(struct server *server, const uint8_t *shape, size_t length)
{
	struct stock *stock = calloc(1, sizeof(*stock));

	if (stock)
		stock->shape = malloc(length + 1);
	if (!stock || !stock->shape) {
		free(stock);
		return NULL;
	}
	memcpy(stock->shape, shape, length);
	stock->length = length;
	stock->usual = length == 0;
	stock->server = server;
	stock->last_ms = uv_now(&server->loop);
	TAILQ_INIT(&stock->containers);
	TAILQ_INSERT_HEAD(&server->prepared.stocks, stock, link);
	server->prepared.n_stocks++;
	return stock;
}

/* Takes a container out of its stock. */
static void stock_take(struct stock *stock, struct container *c)
{
	TAILQ_REMOVE(&stock->containers, c, listed);
	stock->n--;
	stock->server->prepared.n--;
	c->stock = NULL;
}

static void stock_empty(struct stock *stock)
{
	struct container *c;

	while ((c = TAILQ_FIRST(&stock->containers))) {
		stock_take(stock, c);
		prepared_discard(c);
	}
}

static void stock_forget(struct stock *stock)
{
	stock_empty(stock);
	stock_free(stock);
}

/* How many stocks a client has, and would have with one more if it is `asking`. */
static unsigned stock_count_of(const struct prepared *prepared, uid_t owner, uid_t asking)
{
	unsigned n = owner == asking ? 1 : 0;
	const struct stock *stock;

	TAILQ_FOREACH(stock, &prepared->stocks, link)
		n += !stock->usual && stock->owner == owner;
	return n;
}

/* Makes room for another stock, of a client: of whoever has the most, the one that was not asked
 * for the longest goes. */
static void stock_drop_for(struct prepared *prepared, uid_t asking)
{
	struct stock *stock, *found = NULL;
	unsigned n, most = 0;

	if (prepared->n_stocks < STOCKS_MAX)
		return;
	TAILQ_FOREACH_REVERSE(stock, &prepared->stocks, stock_list, link) {
		if (stock->usual || stock->making)
			continue;
		n = stock_count_of(prepared, stock->owner, asking);
		if (n > most) {
			most = n;
			found = stock;
		}
	}
	if (found)
		stock_forget(found);
}

/* The stock of a request's shape, which is the first then; made if there is none. NULL: no memory
 * or no room, or a shape that has none. */
static struct stock *stock_find(struct server *server, const Warden__CreateRequest *asked,
				uid_t uid, gid_t gid)
{
	struct prepared *prepared = &server->prepared;
	Warden__CreateRequest shape = *asked;
	const uid_t owner = uid;
	struct stock *stock = NULL;
	size_t length;
	uint8_t *packed;

	stock_strip(&shape);
	if (!stock_names_client_paths(&shape))
		uid = gid = 0;
	length = warden__create_request__get_packed_size(&shape);
	packed = length > SHAPE_MAX || shape.base.n_unknown_fields > 0 ? NULL : malloc(length + 1);
	if (!packed)
		return NULL;
	warden__create_request__pack(&shape, packed);
	TAILQ_FOREACH(stock, &prepared->stocks, link)
		if (stock->length == length && stock->uid == uid && stock->gid == gid &&
		    memcmp(stock->shape, packed, length) == 0)
			break;
	if (stock) {
		TAILQ_REMOVE(&prepared->stocks, stock, link);
		TAILQ_INSERT_HEAD(&prepared->stocks, stock, link);
	} else {
		stock_drop_for(prepared, owner);
		if (prepared->n_stocks < STOCKS_MAX)
			stock = stock_new(server, packed, length);
		if (stock) {
			stock->uid = uid;
			stock->gid = gid;
			stock->owner = owner;
		}
	}
	free(packed);
	return stock;
}

struct container *prepared_take(struct server *server, const Warden__CreateRequest *asked,
				uid_t uid, gid_t gid)
{
	struct container *c = NULL;
	struct stock *stock = NULL;

	if (!prepared_is_on(server))
		return NULL;
	/* Its files in /etc are written when it is handed out: through a bind mount, into the
	 * client's. */
	if (asked->n_bind_mounts == 0)
		stock = stock_find(server, asked, uid, gid);
	if (stock) {
		stock->asked++;
		stock->last_ms = uv_now(&server->loop);
		/* One that holds the network that is asked for gives it away instead. */
		if (!asked->has_network || asked->network.len == 0)
			c = TAILQ_FIRST(&stock->containers);
	}
	if (c)
		stock_take(stock, c);
	else
		server->prepared.misses++;
	return c;
}

static bool prepared_pool_has_room(struct server *server, struct pool *pool)
{
	return pool_available(pool, uv_now(&server->loop)) > pool_size(pool) / FREE_PART;
}

static bool stock_wants(struct stock *stock)
{
	struct server *server = stock->server;
	uint64_t now = uv_now(&server->loop);

	return !stock->making && stock->n < (uint64_t)server->config->server.prepared &&
	       now >= stock->retry_ms &&
	       (stock->usual || (stock->asked >= REPEATED && now < stock->last_ms + UNUSED_MS)) &&
	       prepared_pool_has_room(server, server->networks) &&
	       prepared_pool_has_room(server, server->uids) &&
	       prepared_pool_has_room(server, server->slots) && prepared_room_is_ample(FREE_PART);
}

static void stock_fail(struct stock *stock, const struct warden_error *err)
{
	uint64_t delay = RETRY_MS;

	for (unsigned i = 0; i < stock->failures && delay < RETRY_MAX_MS; i++)
		delay *= 2;
	stock->failures++;
	stock->retry_ms = uv_now(&stock->server->loop) + delay;
	stock->server->prepared.failed++;
	log_write(WARDEN_LOG_WARN, "prepare a container: %s", err->message);
}

static void stock_fill(struct stock *stock)
{
	struct server *server = stock->server;
	Warden__CreateRequest *shape =
		warden__create_request__unpack(NULL, stock->length, stock->shape);
	struct warden_error err = {0};

	if (!shape)
		warden_error_set(&err, "no memory");
	if (shape && create_prepare(server, stock, shape, stock->uid, stock->gid, &err) == 0) {
		stock->making = true;
		server->prepared.making++;
	} else {
		stock_fail(stock, &err);
	}
	if (shape)
		warden__create_request__free_unpacked(shape, NULL);
}

/* Begins to make one container, if a stock wants one and no create runs. */
static void prepared_fill(struct server *server)
{
	struct stock *stock;

	if (!prepared_is_on(server) || server->creating > 0 ||
	    !TAILQ_EMPTY(&server->prepared.waiting))
		return;
	TAILQ_FOREACH(stock, &server->prepared.stocks, link)
		if (stock_wants(stock)) {
			stock_fill(stock);
			return;
		}
}

static void prepared_on_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;

	create_resume(server);
	prepared_fill(server);
}

void prepared_start(struct server *server)
{
	struct prepared *prepared = &server->prepared;

	uv_timer_init(&server->loop, &prepared->timer); /* it and the start cannot fail */
	prepared->timer.data = server;
	uv_unref((uv_handle_t *)&prepared->timer);
	prepared->started = true;
	prepared_renew(server);
}

void prepared_fill_soon(struct server *server)
{
	struct prepared *prepared = &server->prepared;

	if (prepared->started && !server->stopped &&
	    (!uv_is_active((uv_handle_t *)&prepared->timer) || !TAILQ_EMPTY(&prepared->waiting)))
		uv_timer_start(&prepared->timer, prepared_on_timer,
			       TAILQ_EMPTY(&prepared->waiting) ? PAUSE_MS : 0, 0);
}

void prepared_tidy(struct server *server)
{
	uint64_t now = uv_now(&server->loop);
	struct stock *stock, *next;
	bool scarce = server->prepared.n > 0 && prepared_room_is_scarce();

	for (stock = TAILQ_FIRST(&server->prepared.stocks); stock; stock = next) {
		next = TAILQ_NEXT(stock, link);
		if (!stock->usual && !stock->making && now >= stock->last_ms + UNUSED_MS)
			stock_forget(stock);
		else if (scarce)
			stock_empty(stock);
	}
	prepared_fill_soon(server);
}

void prepared_made(struct stock *stock, struct container *c, uint64_t began,
		   const struct warden_error *err)
{
	struct server *server = stock->server;
	struct prepared *prepared = &server->prepared;
	bool stale = stock->stale;

	stock->making = stock->stale = false;
	prepared->making--;
	if (!c) {
		stock_fail(stock, err);
	} else if (stale || !prepared_is_on(server) || !TAILQ_EMPTY(&prepared->waiting) ||
		   prepared_room_is_scarce()) {
		prepared_discard(c);
	} else {
		prepared->made++;
		prepared->made_ns += uv_hrtime() - began;
		stock->failures = 0;
		TAILQ_INSERT_TAIL(&stock->containers, c, listed);
		c->stock = stock;
		stock->n++;
		prepared->n++;
		log_write(WARDEN_LOG_DEBUG, "%s: prepared", c->id);
	}
	prepared_fill_soon(server);
}

void prepared_discard(struct container *c)
{
	c->server->prepared.leaving++;
	c->is_leaving_stock = true;
	/* Its directory is where a destroy would move it. */
	c->destroy.moved = c->destroy.renamed = true;
	container_discard(c);
}

void prepared_died(struct container *c)
{
	if (!c->stock)
		return; /* it is being removed */
	log_write(WARDEN_LOG_WARN, "%s: the first process of a prepared container has ended",
		  c->id);
	stock_take(c->stock, c);
	prepared_discard(c);
}

bool prepared_will_free(const struct server *server)
{
	return server->prepared.leaving > 0 || server->prepared.making > 0;
}

bool prepared_give_way(struct server *server, uid_t uid)
{
	struct stock *stock, *found = NULL;
	struct container *c;

	TAILQ_FOREACH_REVERSE(stock, &server->prepared.stocks, stock_list, link) {
		bool own = !stock->usual && stock->owner == uid;

		if (stock->n == 0 || (found && !own))
			continue;
		found = stock;
		if (own)
			break;
	}
	if (!found)
		return prepared_will_free(server);
	c = TAILQ_FIRST(&found->containers);
	stock_take(found, c);
	prepared_discard(c);
	return true;
}

bool prepared_give_network(struct server *server, uint32_t network)
{
	struct stock *stock;
	struct container *c;

	TAILQ_FOREACH(stock, &server->prepared.stocks, link)
		TAILQ_FOREACH(c, &stock->containers, listed)
			if (ntohl(c->identity.network.s_addr) == network) {
				stock_take(stock, c);
				prepared_discard(c);
				return true;
			}
	return prepared_will_free(server);
}

void prepared_renew(struct server *server)
{
	bool has_usual = false;
	struct stock *stock;

	TAILQ_FOREACH(stock, &server->prepared.stocks, link) {
		stock_empty(stock);
		stock->stale = stock->making;
		has_usual |= stock->usual;
	}
	if (!has_usual && prepared_is_on(server) && !stock_new(server, (const uint8_t *)"", 0))
		log_write(WARDEN_LOG_WARN, "prepare containers: no memory");
	prepared_fill_soon(server);
}

void prepared_free(struct server *server)
{
	struct stock *stock;

	while ((stock = TAILQ_FIRST(&server->prepared.stocks)))
		stock_free(stock);
}

void prepared_set_gone(struct container *c)
{
	if (!c->is_leaving_stock)
		return;
	c->is_leaving_stock = false;
	c->server->prepared.leaving--;
	c->server->prepared.removed++;
	prepared_fill_soon(c->server);
}

/* A create may wait for what it had; its network, uid and slot are free by now. */
static void prepared_release(struct container *c)
{
	free(c->sources);
	prepared_set_gone(c);
}

const struct container_subject prepared_subject = {
	.release = prepared_release,
};
