/* SPDX-License-Identifier: Apache-2.0 */
/* Who may talk to the daemon, and that each request says what it needs. */
#include <config.h>

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/access.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

enum { ALICE = 3001, BOB = 3002, TEAM = 4001, GUESTS = 4002 };

static const uint32_t alice = ALICE, team = TEAM;

static const struct config no_lists = {
	.user = {.pool_start_uid = 10000, .pool_size = 100, .range_start = 1000000},
};

/* The class of a peer that is in one further group, which may be 0. */
static enum access_class test_access_class(const struct config *config, uid_t uid, gid_t gid,
					   gid_t group, struct warden_error *err)
{
	struct access_peer peer = {.uid = uid, .gid = gid, .groups = &group, .n_groups = 1};

	*err = (struct warden_error){0};
	return access_class_of(config, &peer, err);
}

static void without_lists_all_but_the_containers_may_talk(void)
{
	static const uid_t inside[] = {10000, 10099, 1000000, 1000000 + CONFIG_HOST_IDS - 1,
				       (uid_t)-1};
	static const uid_t outside[] = {0, ALICE, 9999, 10100, 999999, 1000000 + CONFIG_HOST_IDS};
	struct warden_error err;

	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		unit_integer(test_access_class(&no_lists, inside[i], GUESTS, 0, &err), ACCESS_NONE);
		unit_contains(err.message, "access denied: ");
	}
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		unit_integer(test_access_class(&no_lists, outside[i], GUESTS, 0, &err),
			     ACCESS_FULL);
}

static void a_list_lets_in_its_users_and_groups_alone(void)
{
	struct config config = no_lists;
	struct warden_error err;

	config.clients.user_ids = (struct config_ids){(uint32_t *)&alice, 1};
	config.clients.group_ids = (struct config_ids){(uint32_t *)&team, 1};
	unit_integer(test_access_class(&config, ALICE, GUESTS, 0, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, BOB, TEAM, 0, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, BOB, GUESTS, TEAM, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, 0, GUESTS, 0, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, geteuid(), GUESTS, 0, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, BOB, GUESTS, 0, &err), ACCESS_NONE);
	unit_contains(err.message,
		      "neither uid 3002 nor a group of the client is in clients.users");
}

static void a_list_of_readers_takes_nothing_from_others(void)
{
	struct config config = no_lists;
	struct warden_error err;

	config.clients.read_only_user_ids = (struct config_ids){(uint32_t *)&alice, 1};
	config.clients.read_only_group_ids = (struct config_ids){(uint32_t *)&team, 1};
	unit_integer(test_access_class(&config, ALICE, GUESTS, 0, &err), ACCESS_READ);
	unit_integer(test_access_class(&config, BOB, GUESTS, TEAM, &err), ACCESS_READ);
	unit_integer(test_access_class(&config, BOB, GUESTS, 0, &err), ACCESS_FULL);
	config.clients.user_ids = config.clients.read_only_user_ids;
	unit_integer(test_access_class(&config, ALICE, GUESTS, 0, &err), ACCESS_FULL);
	unit_integer(test_access_class(&config, BOB, GUESTS, TEAM, &err), ACCESS_READ);
	unit_integer(test_access_class(&config, BOB, GUESTS, 0, &err), ACCESS_NONE);
}

static void no_list_lets_a_container_in(void)
{
	const uint32_t inside = 1000000;
	struct config config = no_lists;
	struct warden_error err;

	config.clients.user_ids = (struct config_ids){(uint32_t *)&inside, 1};
	unit_integer(test_access_class(&config, inside, GUESTS, 0, &err), ACCESS_NONE);
}

static void the_peer_of_a_socket_is_read(void)
{
	struct access_peer peer;
	int fds[2];

	if (!unit_true(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0))
		return;
	access_read_peer(fds[0], true, &peer);
	unit_unsigned(peer.uid, geteuid());
	unit_unsigned(peer.gid, getegid());
	unit_integer(peer.pid, getpid());
	unit_integer((int64_t)peer.n_groups, getgroups(0, NULL));
	free(peer.groups);
	close(fds[0]);
	close(fds[1]);
	access_read_peer(fds[0], true, &peer);
	unit_unsigned(peer.uid, (uid_t)-1);
}

/* The reading requests are listed here as well, so that none becomes one by mistake. */
static void every_request_says_what_it_needs(void)
{
	static const char *const readers[] = {"info",      "ping", "list",   "echo",  "net_list",
					      "info_many", "jobs", "events", "status"};
	size_t n, n_readers = 0;
	const struct request_handler *const *handlers = request_handlers(&n);

	for (size_t i = 0; i < n; i++) {
		bool is_reader = false;

		for (size_t j = 0; j < ARRAY_SIZE(readers); j++)
			is_reader |= strcmp(readers[j], handlers[i]->name) == 0;
		if (!unit_integer(handlers[i]->needs, is_reader ? ACCESS_READ : ACCESS_FULL))
			unit_fail(handlers[i]->name);
		n_readers += is_reader;
	}
	unit_unsigned(n_readers, ARRAY_SIZE(readers));
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(without_lists_all_but_the_containers_may_talk),
		UNIT_TEST(a_list_lets_in_its_users_and_groups_alone),
		UNIT_TEST(a_list_of_readers_takes_nothing_from_others),
		UNIT_TEST(no_list_lets_a_container_in),
		UNIT_TEST(the_peer_of_a_socket_is_read),
		UNIT_TEST(every_request_says_what_it_needs),
	};

	return unit_main(argc, argv, "access", tests, ARRAY_SIZE(tests));
}
