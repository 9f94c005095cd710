/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the network rules of a container, and the networks that all may reach (the operations
 * set_rules and allow_networks). */
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/linux_container.h"

int linux_set_rules(void *data, const struct warden_rules *rules, struct warden_error *err)
{
	struct linux_container *container = data;
	struct linux_backend *backend = container->backend;

	if (rules->n_in > 0 && net_open_loopback(backend->net, &container->identity, err) < 0)
		return -1;
	return firewall_set_rules(backend->firewall, &container->identity, rules, err);
}

int linux_allow_networks(void *data, const char *const *networks, struct warden_error *err)
{
	struct linux_backend *backend = data;

	return firewall_allow_networks(backend->firewall, networks, err);
}
