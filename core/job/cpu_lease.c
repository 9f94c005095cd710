/* SPDX-License-Identifier: Apache-2.0 */
/* Leases of cpus; see cpu_lease.h. */
#include <config.h>

#include "core/job/cpu_lease.h"

#include <sched.h>
#include <stdlib.h>

#include "core/server.h"

enum { CPUS = CPU_SETSIZE };

struct cpu_leases {
	bool usable[CPUS]; /* the daemon's affinity includes it */
	bool taken[CPUS];
};

static struct cpu_leases *cpu_lease_open(struct server *server)
{
	cpu_set_t affinity;

	if (server->leases)
		return server->leases;
	CPU_ZERO(&affinity);
	if (sched_getaffinity(0, sizeof(affinity), &affinity) < 0)
		return NULL; /* more cpus than CPU_SETSIZE */
	server->leases = calloc(1, sizeof(*server->leases));
	for (int i = 0; server->leases && i < CPUS; i++)
		server->leases->usable[i] = CPU_ISSET(i, &affinity);
	return server->leases;
}

int cpu_lease_take(struct server *server, const char *cpus, struct warden_error *err)
{
	struct cpu_leases *leases = cpu_lease_open(server);
	bool wanted[CPUS] = {false};

	if (!leases)
		return warden_error_errno(err, "lease_cpu: read the cpu affinity");
	if (cpus)
		cpu_list_read(cpus, wanted, CPUS); /* checked when it was read */
	for (int i = 0; i < CPUS; i++)
		if (leases->usable[i] && !leases->taken[i] && (!cpus || wanted[i])) {
			leases->taken[i] = true;
			return i;
		}
	return warden_error_set(err, "lease_cpu: no cpu is free%s%s", cpus ? " of " : "",
				cpus ? cpus : "");
}

bool cpu_lease_take_cpu(struct server *server, int cpu)
{
	struct cpu_leases *leases = cpu_lease_open(server);

	if (!leases || cpu < 0 || cpu >= CPUS || !leases->usable[cpu] || leases->taken[cpu])
		return false;
	leases->taken[cpu] = true;
	return true;
}

void cpu_lease_give(struct server *server, int cpu)
{
	if (cpu >= 0 && server->leases)
		server->leases->taken[cpu] = false;
}

void cpu_lease_free(struct server *server)
{
	free(server->leases);
	server->leases = NULL;
}

static bool cpu_list_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool cpu_list_read(const char *text, bool *flags, unsigned n_flags)
{
	enum { CPU_MAX = 8191 }; /* CONFIG_NR_CPUS of the largest kernels is 8192 */

	do {
		unsigned long first, last;
		char *end;

		if (!cpu_list_is_digit(*text))
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			text = end + 1;
			if (!cpu_list_is_digit(*text))
				return false;
			last = strtoul(text, &end, 10);
		}
		if (first > last || last > CPU_MAX)
			return false;
		for (unsigned long i = first; flags && i <= last && i < n_flags; i++)
			flags[i] = true;
		text = end;
	} while (*text++ == ',');
	return text[-1] == '\0';
}
