/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall's table taken over, removed by another program, and overridden by another tool's
 * chain, in the world of world.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/linux/firewall/firewall_private.h"
#include "tests/linux/world.h"

static bool test_firewall_wait_logged(const char *text)
{
	for (int64_t end = linux_host_now_ms() + 5000; linux_host_now_ms() < end; usleep(2000))
		if (linux_host_logged(text))
			return true;
	return false;
}

/* A logged line may still be about the flush of an earlier case. */
static void test_firewall_wait_refused(void)
{
	int64_t end = linux_host_now_ms() + 5000;

	while (!world_is_refused(world_containers[0].netns_fd, WORLD_NOT_LISTED) &&
	       linux_host_now_ms() < end)
		usleep(10000);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_NOT_LISTED));
}

/* Connects until it works: the table may just be being restored. */
static void test_firewall_wait_connected(void)
{
	int64_t end = linux_host_now_ms() + 5000;

	while (world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST) != 0 &&
	       linux_host_now_ms() < end)
		usleep(10000);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
}

/* Deletes the table from another socket, like `nft flush ruleset`. */
static int test_firewall_delete_table(void)
{
	_cleanup_nft_ struct nft nft;
	int fd = netlink_open(NETLINK_NETFILTER, &world_error), result;

	if (fd < 0 || nft_begin(&nft, FIREWALL_TABLE, 65536, &world_error) < 0)
		return -1;
	nft_delete_table(&nft);
	result = nft_commit(&nft, fd, &world_error);
	close(fd);
	return result;
}

static void a_deleted_table_is_restored(void)
{
	linux_host_forget();
	unit_integer(test_firewall_delete_table(), 0);
	unit_true(test_firewall_wait_logged("restored"));
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_integer(world_connect(world_containers[1].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_NOT_LISTED));
}

static void a_container_can_be_added_right_after_a_flush(void)
{
	struct warden_identity identity = linux_host_identity(5);

	linux_host_forget();
	unit_integer(test_firewall_delete_table(), 0);
	if (!unit_integer(firewall_add(world_firewall, &identity, &world_error), 0))
		unit_fail(world_error.message);
	unit_integer(firewall_remove(world_firewall, &identity, &world_error), 0);
	unit_integer(firewall_remove(world_firewall, &identity, &world_error), 0);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_true(test_firewall_wait_logged(
		"restored")); /* or the next case would see this line as its own */
}

static void a_flushed_rule_is_restored(void)
{
	linux_host_forget();
	world_shell("nft flush chain inet warden from_container");
	unit_true(test_firewall_wait_logged("restored"));
	test_firewall_wait_refused();
}

/* A daemon that starts after another was killed takes over the table, with other settings and the
 * existing members. */
static void allow_host_access_opens_only_the_host(void)
{
	struct warden_settings settings = linux_settings;
	struct warden_host host = linux_host;
	struct firewall *later = NULL;
	pid_t server = linux_host_start_in(-1, world_serve, NULL);

	firewall_watch_end(world_firewall); /* the killed daemon restores nothing */
	settings.allow_host_access = true;
	host.settings = &settings;
	unit_integer(firewall_setup(&host, NULL, &later, &world_error), 0);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_HOST, NULL), 0);
	unit_integer(world_connect(world_containers[0].netns_fd, "10.254.0.1", NULL), 0);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_OUTSIDE));
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	firewall_free(later); /* it has no containers, so it removes the table */
	unit_integer(firewall_table_make(world_firewall, &world_error), 0);
	unit_integer(firewall_watch_start(world_firewall, &world_error), 0);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_HOST));
	linux_host_kill(server);
}

/* Another version's set has the same name and another type. */
static void a_table_of_another_shape_is_replaced(void)
{
	linux_host_forget();
	world_shell("printf 'delete table inet warden\nadd table inet warden\n"
		    "add set inet warden containers { type ipv4_addr; }\n' | nft -f -");
	unit_true(test_firewall_wait_logged("restored"));
	test_firewall_wait_connected();
}

static void a_foreign_chain_that_drops_is_named_in_the_log(void)
{
	linux_host_forget();
	firewall_foreign_log(world_firewall);
	unit_false(linux_host_logged("drops"));
	world_shell("nft add table ip filter; nft add chain ip filter FORWARD "
		    "'{ type filter hook forward priority filter; policy drop; }'");
	firewall_foreign_log(world_firewall);
	unit_true(linux_host_logged("chain FORWARD of table ip filter drops"));
	world_shell("nft delete table ip filter");
}

static void a_chain_that_ends_in_a_reject_is_named_too(void)
{
	linux_host_forget();
	world_shell("nft add table inet fw; nft add chain inet fw forwarded "
		    "'{ type filter hook forward priority filter; policy accept; }'; "
		    "nft add rule inet fw forwarded tcp dport 25 reject");
	firewall_foreign_log(world_firewall);
	unit_false(linux_host_logged("drops"));
	world_shell("nft add rule inet fw forwarded counter reject with icmpx admin-prohibited");
	firewall_foreign_log(world_firewall);
	unit_true(linux_host_logged("chain forwarded of table inet fw drops"));
	world_shell("nft delete table inet fw");
}

static void other_tables_are_unchanged(void)
{
	struct firewall *later = NULL;

	world_shell("nft add table inet other; nft add chain inet other c "
		    "'{ type filter hook forward priority filter; policy accept; }'; "
		    "nft add rule inet other c tcp dport 25 drop");
	world_shell("nft list table inet other >/dev/null");
	unit_integer(firewall_setup(&linux_host, NULL, &later, &world_error), 0);
	firewall_free(later);
	world_shell("test $(nft list table inet other | grep -c 'dport 25 drop') = 1");
	world_shell("nft delete table inet other");
}

static void ranges_are_sorted_joined_and_spare_link_local_addresses(void)
{
	static const char *const texts[] = {"10.0.0.5-10.0.0.9", "10.0.0.0/30", "10.0.0.4",
					    "169.0.0.0/8",       "1.2.3.4",     NULL};
	static const char *const named[] = {"169.254.169.254", "169.254.0.0/24", NULL};
	struct firewall_range *ranges;
	size_t n;

	unit_integer(firewall_ranges_read(texts, &ranges, &n, &world_error), 0);
	if (unit_integer((int64_t)n, 4)) {
		unit_unsigned(ranges[0].first, 0x01020304);
		unit_unsigned(ranges[0].last, 0x01020304);
		unit_unsigned(ranges[1].first, 0x0a000000);
		unit_unsigned(ranges[1].last, 0x0a000009);
		unit_unsigned(ranges[2].last, 0xa9fdffff);
		unit_unsigned(ranges[3].first, 0xa9ff0000);
	}
	free(ranges);
	unit_integer(firewall_ranges_read(named, &ranges, &n, &world_error), 0);
	unit_integer((int64_t)n, 2);
	free(ranges);
}

static void invalid_ranges_are_refused_by_name(void)
{
	static const char *const wrong[] = {
		"",         "1.2.3",           "1.2.3.4/33", "1.2.3.4/",   "1.2.3.4/a",
		"1.2.3.4-", "2.0.0.0-1.0.0.0", "1.2.3.4-5",  "1.2.3.4/+1", "::1"};
	struct firewall_range *ranges;
	size_t n;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *const texts[] = {wrong[i], NULL};

		unit_integer(firewall_ranges_read(texts, &ranges, &n, &world_error), -1);
		unit_contains(world_error.message, wrong[i]);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_deleted_table_is_restored),
	UNIT_TEST(a_container_can_be_added_right_after_a_flush),
	UNIT_TEST(a_flushed_rule_is_restored),
	UNIT_TEST(allow_host_access_opens_only_the_host),
	UNIT_TEST(a_table_of_another_shape_is_replaced),
	UNIT_TEST(a_foreign_chain_that_drops_is_named_in_the_log),
	UNIT_TEST(a_chain_that_ends_in_a_reject_is_named_too),
	UNIT_TEST(other_tables_are_unchanged),
	UNIT_TEST(ranges_are_sorted_joined_and_spare_link_local_addresses),
	UNIT_TEST(invalid_ranges_are_refused_by_name),
};

int main(int argc, char **argv)
{
	return world_main(argc, argv, "firewall", tests, sizeof(tests) / sizeof(tests[0]));
}
