/* SPDX-License-Identifier: Apache-2.0 */
/* Removes links on a thread of its own: each removal waits for RCU grace periods of the kernel, and
 * many at once wait for the same ones. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "backends/linux/net/conntrack.h"
#include "backends/linux/net/net_private.h"
#include "lib/cleanup.h"
#include "lib/clock.h"

/* How long the first removal of a batch waits for further ones. While the kernel removes links no
 * other link can be made, for a few milliseconds. */
#define GATHER_MS 50

/* Delay before a retry after a failure. */
#define RETRY_MS 1000

/* Removals in one batch, with two messages each; and those whose connections are forgotten at once.
 */
#define REMOVALS_MAX ((size_t)128)

/* The kernel's table of connections is walked as a whole, all of its buckets. For each part of that
 * time the thread rests this many, at most so long. */
#define FORGET_RESTS    19
#define FORGET_REST_MAX ((uint64_t)1000000)

struct net_removal {
	struct net_removal *next;
	char id[16];
	struct in_addr address;
	void (*removed)(void *data);
	void *data;
};

static void link_removal_put_links(struct netlink_batch *batch, const char *id)
{
	char name[IF_NAMESIZE];

	net_link_name(name, id, NET_HOST_END);
	net_put_group(batch, name, NET_GROUP_REMOVING);
	net_link_name(name, id, NET_IFB);
	net_put_group(batch, name, NET_GROUP_REMOVING);
}

/* Sends the batch, ended by the removal of the whole group. A missing link or an empty group is no
 * failure. */
static int link_removal_send(struct netlink_pool *sockets, struct netlink_batch *batch,
			     struct warden_error *err)
{
	net_put_remove_group(batch, NET_GROUP_REMOVING);
	batch->ignored = ENODEV;
	return netlink_pool_send(sockets, batch, err);
}

int link_removal_remove(struct netlink_pool *sockets, const char *id, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	link_removal_put_links(&batch, id);
	return link_removal_send(sockets, &batch, err);
}

static int link_removal_remove_list(struct link_removal *remover, const struct net_removal *list,
				    struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	/* Messages are small, but the batch needs room for a large one at its end. */
	size_t size = REMOVALS_MAX * 2 * 128 + 2 * NETLINK_MESSAGE_MAX;

	if (netlink_batch_init(&batch, size, err) < 0)
		return -1;
	for (const struct net_removal *removal = list; removal; removal = removal->next)
		link_removal_put_links(&batch, removal->id);
	return link_removal_send(remover->sockets, &batch, err);
}

static void link_removal_sleep(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

/* Takes the first `n` removals, or all, off the queue, which is not empty. */
static struct net_removal *link_removal_dequeue(struct link_removal *remover, size_t n)
{
	struct net_removal *list = remover->first, *at = list;

	for (size_t i = 1; i < n && at->next; i++)
		at = at->next;
	remover->first = at->next;
	if (!remover->first)
		remover->last = &remover->first;
	at->next = NULL;
	return list;
}

static void link_removal_report(struct net_removal *list)
{
	while (list) {
		struct net_removal *removal = list;

		list = removal->next;
		removal->removed(removal->data);
		free(removal);
	}
}

/* Containers whose links are removed, so that no packet can arrive any more, and whose connections
 * are still to be forgotten. */
struct link_removal_gone {
	struct net_removal *list;
	size_t n;
	uint64_t due_us; /* CLOCK_MONOTONIC: before it the table is not walked again */
};

static void link_removal_keep(struct link_removal_gone *gone, struct net_removal *list)
{
	while (list) {
		struct net_removal *removal = list;

		list = removal->next;
		removal->next = gone->list;
		gone->list = removal;
		gone->n++;
	}
}

/* If it fails, the next container with the address is let through on connections of this one, so
 * each failure is logged. */
static void link_removal_forget_connections(struct link_removal *remover,
					    struct link_removal_gone *gone)
{
	uint64_t begun_us = clock_monotonic_us(), now_us, rest_us;
	struct in_addr addresses[REMOVALS_MAX];
	struct warden_error err;
	size_t n = 0;

	for (const struct net_removal *at = gone->list; at; at = at->next)
		addresses[n++] = at->address;
	if (conntrack_forget(addresses, n, &err) < 0)
		remover->host->log(
			remover->host, WARDEN_LOG_WARN, NULL,
			"cannot delete the tracked connections of removed containers: %s",
			err.message);
	now_us = clock_monotonic_us();
	rest_us = (now_us - begun_us) * FORGET_RESTS;
	link_removal_report(gone->list);
	*gone = (struct link_removal_gone){
		.due_us = now_us + (rest_us < FORGET_REST_MAX ? rest_us : FORGET_REST_MAX),
	};
}

/* Retries until it works, because nothing else would remove these links. While the daemon ends it
 * stops after one failure. */
static void link_removal_remove_until_done(struct link_removal *remover,
					   const struct net_removal *list)
{
	struct warden_error err;
	bool ending;

	while (link_removal_remove_list(remover, list, &err) < 0) {
		for (const struct net_removal *at = list; at; at = at->next)
			remover->host->waits_for(remover->host, at->id, err.message);
		pthread_mutex_lock(&remover->mutex);
		ending = remover->ending;
		pthread_mutex_unlock(&remover->mutex);
		if (ending)
			break;
		link_removal_sleep(RETRY_MS);
	}
}

/* Waits for further removals, unless the daemon ends. The mutex is held. */
static void link_removal_gather(struct link_removal *remover)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_MS * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!remover->ending && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&remover->changed, &remover->mutex, &until);
}

/* Waits until there are links to remove or connections to forget. False: the daemon ends, and all
 * is done. The mutex is held. */
static bool link_removal_await(struct link_removal *remover, const struct link_removal_gone *gone)
{
	const struct timespec due = {
		.tv_sec = (time_t)(gone->due_us / 1000000),
		.tv_nsec = (long)(gone->due_us % 1000000) * 1000,
	};
	int result = 0;

	while (!remover->first && !remover->ending && result != ETIMEDOUT)
		result = gone->n > 0
				 ? pthread_cond_timedwait(&remover->changed, &remover->mutex, &due)
				 : pthread_cond_wait(&remover->changed, &remover->mutex);
	return remover->first || gone->n > 0;
}

static void *link_removal_run(void *data)
{
	struct link_removal *remover = data;
	struct link_removal_gone gone = {0};

	pthread_mutex_lock(&remover->mutex);
	while (link_removal_await(remover, &gone)) {
		struct net_removal *list = NULL;
		bool ending = remover->ending;

		if (remover->first) {
			link_removal_gather(remover);
			list = link_removal_dequeue(remover, REMOVALS_MAX - gone.n);
		}
		pthread_mutex_unlock(&remover->mutex);
		if (list)
			link_removal_remove_until_done(remover, list);
		link_removal_keep(&gone, list);
		if (ending || gone.n == REMOVALS_MAX || clock_monotonic_us() >= gone.due_us)
			link_removal_forget_connections(remover, &gone);
		pthread_mutex_lock(&remover->mutex);
	}
	pthread_mutex_unlock(&remover->mutex);
	return NULL;
}

/* Starts the thread with the first removal. Signals belong to the daemon's own threads. */
static bool link_removal_start(struct link_removal *remover)
{
	sigset_t all, before;

	if (remover->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	remover->started = pthread_create(&remover->thread, NULL, link_removal_run, remover) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return remover->started;
}

static bool link_removal_enqueue(struct link_removal *remover, struct net_removal *removal)
{
	bool queued;

	pthread_mutex_lock(&remover->mutex);
	queued = link_removal_start(remover);
	if (queued) {
		*remover->last = removal;
		remover->last = &removal->next;
		pthread_cond_signal(&remover->changed);
	}
	pthread_mutex_unlock(&remover->mutex);
	return queued;
}

int net_remove(struct net *net, const struct warden_identity *identity, void (*removed)(void *data),
	       void *data, struct warden_error *err)
{
	struct net_removal *removal = calloc(1, sizeof(*removal));

	if (removal) {
		snprintf(removal->id, sizeof(removal->id), "%s", identity->id);
		removal->address = identity->container_ip;
		removal->removed = removed;
		removal->data = data;
		if (link_removal_enqueue(&net->remover, removal))
			return 0;
		free(removal);
	}
	/* Without memory or a thread the removal is synchronous. */
	if (link_removal_remove(&net->sockets, identity->id, err) < 0 ||
	    conntrack_forget(&identity->container_ip, 1, err) < 0)
		return -1;
	removed(data);
	return 0;
}

void link_removal_init(struct link_removal *remover, const struct warden_host *host,
		       struct netlink_pool *sockets)
{
	pthread_condattr_t attributes;

	remover->host = host;
	remover->sockets = sockets;
	remover->last = &remover->first;
	pthread_mutex_init(&remover->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&remover->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

void link_removal_free(struct link_removal *remover)
{
	pthread_mutex_lock(&remover->mutex);
	remover->ending = true;
	pthread_cond_signal(&remover->changed);
	pthread_mutex_unlock(&remover->mutex);
	if (remover->started)
		pthread_join(remover->thread, NULL);
	pthread_cond_destroy(&remover->changed);
	pthread_mutex_destroy(&remover->mutex);
}
