/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared containers: made before a create asks for them, so that it only has to name one. They
 * are not listed, have no handle, and their directories are in the depot's tmp, so that the next
 * daemon removes those that a dead one has left. Nothing has run in them, and what ran a job is
 * never prepared again.
 *
 * A stock holds containers of one shape: the fields of the request that cannot be set later, and
 * the client. Stocks are filled while no create runs, one container after the other. The stock of
 * creates without any option is filled from the start, others once they were asked for repeatedly.
 * One that nobody asks for any more is forgotten. Who has the most stocks gives one up for the
 * stock of another.
 *
 * All functions run on the loop thread.
 */
#ifndef CORE_CONTAINER_PREPARED_H
#define CORE_CONTAINER_PREPARED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "proto/warden.pb-c.h"

struct container;
struct creation;
struct server;
struct stock;
struct warden_error;

TAILQ_HEAD(stock_list, stock);
TAILQ_HEAD(creation_list, creation);

/* A member of struct server. */
struct prepared {
	struct stock_list stocks; /* the one asked for last comes first */
	unsigned n_stocks;
	struct creation_list waiting; /* creates that wait until one is removed */
	unsigned n_waiting;
	uv_timer_t timer; /* of the next look at the stocks */
	bool started;
	unsigned n;            /* containers in all stocks */
	unsigned making;       /* that are being made */
	unsigned leaving;      /* that are being removed */
	uint64_t removed;      /* that were */
	uint64_t hits, misses; /* creates that a stock could serve, and that it could not */
	uint64_t made, failed;
	uint64_t made_ns; /* time that it took to make those */
};

/* Whether the settings and the backend allow for prepared containers. */
bool prepared_is_on(const struct server *server);

/* Fills the stock of creates without options, after recovery. */
void prepared_start(struct server *server);

/* Takes a container of the shape of the request out of its stock and notes that the shape was asked
 * for. NULL: there is none. The caller owns it. */
struct container *prepared_take(struct server *server, const Warden__CreateRequest *asked,
				uid_t uid, gid_t gid);

/* A create has ended, or something is free again: a stock may be filled now, and creates that wait
 * go on. */
void prepared_fill_soon(struct server *server);

/* Removes what nobody asks for any more. Called now and then. */
void prepared_tidy(struct server *server);

/* The end of what prepared_fill began: the container, which is made, or NULL and `err`. `began` is
 * in uv_hrtime. */
void prepared_made(struct stock *stock, struct container *container, uint64_t began,
		   const struct warden_error *err);

/* Removes a container that was taken or made and cannot be used. */
void prepared_discard(struct container *container);

/* Nobody waits any more for the removal of what may be a prepared container: it is done, or stuck.
 */
void prepared_set_gone(struct container *container);

/* The first process of a prepared container has ended. */
void prepared_died(struct container *container);

/* Makes room for a create that lacks something: removes one container, of the user's own stocks
 * first, or the one that holds `network` (host byte order). False: there is none, also none that is
 * being made or removed. */
bool prepared_give_way(struct server *server, uid_t uid);
bool prepared_give_network(struct server *server, uint32_t network);

/* Whether one is being removed, or is being made and will be removed. */
bool prepared_will_free(const struct server *server);

/* Removes all, also those that are being made, since the settings have changed, or since the daemon
 * ends and makes none any more. */
void prepared_renew(struct server *server);

/* Frees the stocks, which are empty. */
void prepared_free(struct server *server);

#endif
