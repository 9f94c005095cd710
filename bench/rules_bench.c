/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of other containers cost one: the time of a change of its rules, and of a packet's
 * way through the firewall, with 1 to 1,000 containers that have six rules each. Runs as root in a
 * network namespace of its own; the container is another one, what is outside is a link that
 * swallows everything.
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

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

/* UDP to everywhere, so that packets pass, and rules that no other container has. */
static void set_rules(struct firewall *firewall, unsigned number, unsigned variant)
{
	const struct warden_identity identity = linux_host_identity(number);
	struct warden_out_rule out[OUT_RULES];
	struct warden_in_rule in[IN_RULES];
	const struct warden_rules rules = {in, IN_RULES, out, OUT_RULES};
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

static double measure_changes(struct firewall *firewall)
{
	double times[CHANGES];

	for (unsigned i = 0; i < CHANGES; i++) {
		double begin = now_us();

		set_rules(firewall, MEASURED, i + 1);
		times[i] = now_us() - begin;
	}
	return median(times, CHANGES);
}

/* In the container: each packet to another port is the first of a connection. */
static double send_packets(bool same)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begin;

	inet_pton(AF_INET, OUTSIDE, &to.sin_addr);
	begin = now_us();
	for (int i = 0; i < PACKETS; i++) {
		to.sin_port = htons(same ? 9 : (uint16_t)(1 + i));
		if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			return -1;
	}
	begin = now_us() - begin;
	close(fd);
	return begin / PACKETS;
}

/* A process in the container's namespace, which sends when it is told to. */
struct sender {
	pid_t pid;
	int ask_fd, answer_fd, netns_fd, rtnl_fd;
};

static void sender_run(int ask_fd, int answer_fd)
{
	char same;

	while (read(ask_fd, &same, 1) == 1) {
		double time = send_packets(same == 's');

		if (write(answer_fd, &time, sizeof(time)) != sizeof(time))
			break;
	}
	_exit(0);
}

static struct sender sender_start(void)
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
		sender_run(ask[0], answer[1]);
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

static double measure_packets(const struct sender *sender, const struct in_addr *address, char how)
{
	struct warden_error error;
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		if (conntrack_forget(address, 1, &error) < 0)
			errx(1, "%s", error.message);
		if (write(sender->ask_fd, &how, 1) != 1 ||
		    read(sender->answer_fd, &times[i], sizeof(*times)) != sizeof(*times) ||
		    times[i] < 0)
			errx(1, "a packet is not let through");
	}
	return median(times, ROUNDS);
}

static void run(const char *command)
{
	if (system(command) != 0)
		errx(1, "%s", command);
}

static void leave_the_host(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		err(1, "leave the host's network (this needs root)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		err(1, "mount /sys");
	run("ip link set lo up && ip link add out0 type ifb && "
	    "ip address add 192.0.2.1/24 dev out0 && ip link set out0 up && "
	    "ip neighbour add " OUTSIDE " lladdr 02:00:00:00:00:02 nud permanent dev out0");
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

	leave_the_host();
	if (net_setup(&linux_host, &net, &error) < 0 ||
	    firewall_setup(&linux_host, &firewall, &error) < 0)
		errx(1, "%s", error.message);
	sender = sender_start();
	if (net_make(net, &measured, sender.netns_fd, sender.rtnl_fd, &error) < 0)
		errx(1, "%s", error.message);
	printf("%-12s %16s %16s %16s\n", "containers", "change of rules", "first packet",
	       "later packet");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (; n < steps[i]; n++) {
			const struct warden_identity identity = linux_host_identity(n);

			if (firewall_add(firewall, &identity, &error) < 0)
				errx(1, "%s", error.message);
			set_rules(firewall, n, 0);
		}
		printf("%-12u %13.1f us %13.2f us %13.2f us\n", n, measure_changes(firewall),
		       measure_packets(&sender, &measured.container_ip, 'n'),
		       measure_packets(&sender, &measured.container_ip, 's'));
	}
	close(sender.ask_fd);
	waitpid(sender.pid, NULL, 0);
	return 0;
}
