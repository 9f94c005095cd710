/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures how the firewall scales: the time to change the rules of one container, and the time of
 * a packet through the firewall, with 1 to 1,000 containers that have six rules each. Runs as root
 * in its own network namespace. The container is another namespace; the outside is an ifb link that
 * drops all packets.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/conntrack.h"
#include "backends/linux/net/net.h"
#include "lib/cleanup.h"
#include "tests/linux/linux_host.h"

enum { CHANGES = 201, PACKETS = 20000, ROUNDS = 5, OUT_RULES = 4, IN_RULES = 2 };

/* The container whose packets are measured is the first. */
#define MEASURED 0

#define OUTSIDE "192.0.2.2"

static double rules_bench_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int rules_bench_compare(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

static double rules_bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), rules_bench_compare);
	return values[n / 2];
}

/* Allows UDP to all addresses, so that packets pass; the other rules are unique to the container.
 */
static void rules_bench_set_rules(struct firewall *firewall, unsigned number, unsigned variant)
{
	const struct warden_identity identity = linux_host_identity(number);
	struct warden_out_rule out[OUT_RULES];
	struct warden_in_rule in[IN_RULES];
	const struct warden_rules rules = {.size = sizeof(rules),
					   .in = in,
					   .n_in = IN_RULES,
					   .in_size = sizeof(in[0]),
					   .out = out,
					   .n_out = OUT_RULES,
					   .out_size = sizeof(out[0])};
	struct warden_error error;

	for (unsigned i = 0; i < OUT_RULES; i++)
		out[i] = (struct warden_out_rule){
			.first.s_addr = htonl(0x08000000 + number * 65536 + i * 256),
			.last.s_addr = htonl(0x08000000 + number * 65536 + i * 256 + 99),
			.first_port = (uint16_t)(1000 + variant),
			.last_port = (uint16_t)(2000 + variant + i),
			.icmp_type = -1,
			.icmp_code = -1,
		};
	out[0] = (struct warden_out_rule){.last.s_addr = UINT32_MAX,
					  .protocol = WARDEN_UDP,
					  .last_port = UINT16_MAX,
					  .icmp_type = -1,
					  .icmp_code = -1};
	for (unsigned i = 0; i < IN_RULES; i++)
		in[i] = (struct warden_in_rule){
			.host_port = (uint16_t)(10000 + number * IN_RULES + i),
			.container_port = (uint16_t)(8000 + variant),
		};
	if (firewall_set_rules(firewall, &identity, &rules, &error) < 0)
		errx(1, "rules of container %u: %s", number, error.message);
}

static double rules_bench_measure_changes(struct firewall *firewall)
{
	double times[CHANGES];

	for (unsigned i = 0; i < CHANGES; i++) {
		double begin = rules_bench_now_us();

		rules_bench_set_rules(firewall, MEASURED, i + 1);
		times[i] = rules_bench_now_us() - begin;
	}
	return rules_bench_median(times, CHANGES);
}

/* Runs in the container. Unless `same`, each packet has a new port, so it is the first of a
 * connection. Returns microseconds per packet, or -1. */
static double rules_bench_send_packets(bool same)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begin;

	inet_pton(AF_INET, OUTSIDE, &to.sin_addr);
	begin = rules_bench_now_us();
	for (int i = 0; i < PACKETS; i++) {
		to.sin_port = htons(same ? 9 : (uint16_t)(1 + i));
		if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			return -1;
	}
	begin = rules_bench_now_us() - begin;
	close(fd);
	return begin / PACKETS;
}

/* A process in the container's namespace that sends packets on request. */
struct sender {
	pid_t pid;
	int ask_fd, answer_fd, netns_fd, rtnl_fd;
};

static void rules_bench_sender_run(int ask_fd, int answer_fd)
{
	char same;

	while (read(ask_fd, &same, 1) == 1) {
		double time = rules_bench_send_packets(same == 's');

		if (write(answer_fd, &time, sizeof(time)) != sizeof(time))
			break;
	}
	_exit(0);
}

static struct sender rules_bench_sender_start(void)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ask[2], answer[2];
	struct sender sender = {0};
	struct warden_error error;

	if (own < 0 || pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0 ||
	    unshare(CLONE_NEWNET) < 0)
		err(1, "make the container's namespace");
	sender.netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (net_open_inside(&sender.rtnl_fd, &error) < 0)
		errx(1, "%s", error.message);
	sender.pid = fork();
	if (sender.pid == 0) {
		close(ask[1]);
		rules_bench_sender_run(ask[0], answer[1]);
	}
	if (sender.pid < 0 || setns(own, CLONE_NEWNET) < 0)
		err(1, "return to the host's namespace");
	close(own);
	close(ask[0]);
	close(answer[1]);
	sender.ask_fd = ask[1];
	sender.answer_fd = answer[0];
	return sender;
}

static double rules_bench_measure_packets(const struct sender *sender,
					  const struct in_addr *address, char how)
{
	struct warden_error error;
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		if (conntrack_forget(address, 1, &error) < 0)
			errx(1, "%s", error.message);
		if (write(sender->ask_fd, &how, 1) != 1 ||
		    read(sender->answer_fd, &times[i], sizeof(*times)) != sizeof(*times) ||
		    times[i] < 0)
			errx(1, "the firewall drops a packet");
	}
	return rules_bench_median(times, ROUNDS);
}

static void rules_bench_run(const char *command)
{
	if (system(command) != 0)
		errx(1, "%s", command);
}

static void rules_bench_unshare(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		err(1, "leave the host's network (this needs root)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		err(1, "mount /sys");
	rules_bench_run("ip link set lo up && ip link add out0 type ifb && "
			"ip address add 192.0.2.1/24 dev out0 && ip link set out0 up && "
			"ip neighbour add " OUTSIDE
			" lladdr 02:00:00:00:00:02 nud permanent dev out0");
}

int main(void)
{
	static const unsigned steps[] = {1, 10, 100, 1000};
	const struct warden_identity measured = linux_host_identity(MEASURED);
	struct warden_error error;
	struct firewall *firewall;
	struct net *net;
	struct sender sender;
	unsigned n = 0;

	rules_bench_unshare();
	if (net_setup(&linux_host, &net, &error) < 0 ||
	    firewall_setup(&linux_host, NULL, &firewall, &error) < 0)
		errx(1, "%s", error.message);
	sender = rules_bench_sender_start();
	if (net_make(net, &measured, sender.netns_fd, sender.rtnl_fd, &error) < 0)
		errx(1, "%s", error.message);
	printf("%-12s %16s %16s %16s\n", "containers", "change of rules", "first packet",
	       "later packet");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (; n < steps[i]; n++) {
			const struct warden_identity identity = linux_host_identity(n);

			if (firewall_add(firewall, &identity, &error) < 0)
				errx(1, "%s", error.message);
			rules_bench_set_rules(firewall, n, 0);
		}
		printf("%-12u %13.1f us %13.2f us %13.2f us\n", n,
		       rules_bench_measure_changes(firewall),
		       rules_bench_measure_packets(&sender, &measured.container_ip, 'n'),
		       rules_bench_measure_packets(&sender, &measured.container_ip, 's'));
	}
	close(sender.ask_fd);
	waitpid(sender.pid, NULL, 0);
	return 0;
}
