/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign chains (of other tools) that drop forwarded packets: a drop in any chain overrides our
 * accept, so they are reported to the operator. They are not changed. */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* A foreign base chain that forwarded IPv4 packets pass. */
struct foreign_chain {
	uint32_t family;
	char table[64], name[64];
	bool drops;   /* its policy is to drop */
	bool refuses; /* its last rule drops or rejects every packet */
};

struct foreign_chains {
	struct foreign_chain chains[FIREWALL_FOREIGN_MAX];
	size_t n;
};

static bool firewall_foreign_forwards_ipv4(const struct nftnl_chain *chain)
{
	uint32_t family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

	return (family == NFPROTO_INET || family == NFPROTO_IPV4) &&
	       nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD;
}

static bool firewall_foreign_is_own(uint32_t family, const char *table)
{
	return family == NFPROTO_INET && strcmp(table, FIREWALL_TABLE) == 0;
}

static void firewall_foreign_add_chain(struct foreign_chains *foreign,
				       const struct nftnl_chain *found)
{
	struct foreign_chain *chain = &foreign->chains[foreign->n];
	const char *table = nftnl_chain_get_str(found, NFTNL_CHAIN_TABLE);

	chain->family = nftnl_chain_get_u32(found, NFTNL_CHAIN_FAMILY);
	if (!table || firewall_foreign_is_own(chain->family, table))
		return;
	snprintf(chain->table, sizeof(chain->table), "%s", table);
	snprintf(chain->name, sizeof(chain->name), "%s",
		 nftnl_chain_get_str(found, NFTNL_CHAIN_NAME));
	chain->drops = nftnl_chain_is_set(found, NFTNL_CHAIN_POLICY) &&
		       nftnl_chain_get_u32(found, NFTNL_CHAIN_POLICY) == NF_DROP;
	foreign->n++;
}

static int firewall_foreign_read_chain(const struct nlmsghdr *nlh, void *data)
{
	struct foreign_chains *foreign = data;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain)
		return MNL_CB_ERROR;
	if (foreign->n < FIREWALL_FOREIGN_MAX && nftnl_chain_nlmsg_parse(nlh, chain) == 0 &&
	    firewall_foreign_forwards_ipv4(chain))
		firewall_foreign_add_chain(foreign, chain);
	nftnl_chain_free(chain);
	return MNL_CB_OK;
}

/* The effect of a rule's expressions, as far as it matters here. */
struct rule_effect {
	bool matches; /* it has a condition: the rule does not apply to every packet */
	bool refuses;
};

static int firewall_foreign_read_expr(struct nftnl_expr *expr, void *data)
{
	struct rule_effect *effect = data;
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);

	if (strcmp(name, "reject") == 0)
		effect->refuses = true;
	else if (strcmp(name, "immediate") == 0 && nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT))
		effect->refuses =
			nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT) == (uint32_t)NF_DROP;
	else if (strcmp(name, "counter") != 0 && strcmp(name, "log") != 0)
		effect->matches = true;
	return 0;
}

/* Rules are dumped in order, so the last one read of a chain is its last. */
static void firewall_foreign_add_rule(struct foreign_chains *foreign, struct nftnl_rule *rule)
{
	uint32_t family = nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY);
	const char *table = nftnl_rule_get_str(rule, NFTNL_RULE_TABLE);
	const char *name = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	struct rule_effect effect = {0};

	for (size_t i = 0; i < foreign->n && table && name; i++) {
		struct foreign_chain *chain = &foreign->chains[i];

		if (chain->family != family || strcmp(chain->table, table) != 0 ||
		    strcmp(chain->name, name) != 0)
			continue;
		nftnl_expr_foreach(rule, firewall_foreign_read_expr, &effect);
		chain->refuses = effect.refuses && !effect.matches;
	}
}

static int firewall_foreign_read_rule(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(nlh, rule) == 0)
		firewall_foreign_add_rule(data, rule);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int firewall_foreign_dump(uint16_t type, const char *name, mnl_cb_t found,
				 struct foreign_chains *foreign, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct nfgenmsg *header;

	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	header = mnl_nlmsg_put_extra_header(
		netlink_add(&batch, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP, name),
		sizeof(*header));
	header->nfgen_family = NFPROTO_UNSPEC;
	header->version = NFNETLINK_V0;
	return netlink_ask(fd, &batch, found, foreign, err);
}

/* Formats the name of a chain and its table. */
static void firewall_foreign_chain_text(const struct foreign_chain *chain, char *text, size_t size)
{
	snprintf(text, size, "chain %s of table %s %s", chain->name,
		 chain->family == NFPROTO_INET ? "inet" : "ip", chain->table);
}

static bool firewall_foreign_is_iptables(const struct foreign_chain *chain)
{
	return chain->family == NFPROTO_IPV4 && strcmp(chain->table, "filter") == 0;
}

static bool firewall_foreign_was_logged(const struct firewall_foreign *before, const char *text)
{
	for (size_t i = 0; i < before->n; i++)
		if (strcmp(before->logged[i], text) == 0)
			return true;
	return false;
}

/* Logs the new chains, and records all of them. The mutex is held. */
static void firewall_foreign_log_new(struct firewall *firewall, const struct foreign_chains *found)
{
	const struct warden_host *host = firewall->host;
	const struct firewall_foreign before = firewall->foreign;
	struct firewall_foreign *now = &firewall->foreign;

	now->n = 0;
	for (size_t i = 0; i < found->n; i++) {
		const struct foreign_chain *chain = &found->chains[i];
		char *text = now->logged[now->n];

		if (!chain->drops && !chain->refuses)
			continue;
		firewall_foreign_chain_text(chain, text, sizeof(now->logged[0]));
		now->n++;
		if (!firewall_foreign_was_logged(&before, text))
			host->log(host, WARDEN_LOG_WARN, NULL,
				  "firewall: %s drops all packets that it does not accept itself: "
				  "containers have no connection to the outside unless it accepts "
				  "packets from and to interfaces w-*%s",
				  text,
				  firewall_foreign_is_iptables(chain) ? FIREWALL_IPTABLES_HINT
								      : "");
	}
}

static int firewall_foreign_find(struct foreign_chains *foreign, struct warden_error *err)
{
	int result = -1;

	for (int i = 0; i < FIREWALL_READ_TRIES; i++) {
		foreign->n = 0;
		result = firewall_foreign_dump(NFT_MSG_GETCHAIN, "list chains",
					       firewall_foreign_read_chain, foreign, err);
		if (result == 0)
			result = firewall_foreign_dump(NFT_MSG_GETRULE, "list rules",
						       firewall_foreign_read_rule, foreign, err);
		if (result == 0 || err->number != EINTR)
			break;
	}
	return result;
}

void firewall_foreign_log(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	struct foreign_chains foreign = {.n = 0};
	struct warden_error err;

	if (firewall_foreign_find(&foreign, &err) < 0) {
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: cannot read the chains of other tools: %s", err.message);
		return;
	}
	pthread_mutex_lock(&firewall->foreign.mutex);
	firewall_foreign_log_new(firewall, &foreign);
	pthread_mutex_unlock(&firewall->foreign.mutex);
}

/* The kernel sends no notification when legacy iptables changes. */
void firewall_legacy_log(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;

	if (firewall_legacy_drops())
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: chain FORWARD of iptables (legacy) drops all packets that it "
			  "does not accept itself: containers have no connection to the outside "
			  "unless it accepts theirs" FIREWALL_IPTABLES_HINT);
}

#define DROPS_EFFECT "it drops forwarded packets: containers have no connection to the outside"

static size_t firewall_foreign_describe_chains(const struct foreign_chains *foreign,
					       const struct host_report *to)
{
	size_t n = 0;
	char text[192];

	for (size_t i = 0; i < foreign->n; i++) {
		const struct foreign_chain *chain = &foreign->chains[i];

		if (!chain->drops && !chain->refuses)
			continue;
		firewall_foreign_chain_text(chain, text, sizeof(text));
		host_report_fact(to, "other firewall", text, DROPS_EFFECT,
				 firewall_foreign_is_iptables(chain)
					 ? FIREWALL_IPTABLES_REMEDY
					 : "let it accept packets from and to interfaces w-*");
		n++;
	}
	return n;
}

void firewall_describe(const struct host_report *to)
{
	struct foreign_chains foreign = {.n = 0};
	struct firewall_features features;
	struct warden_error err;
	size_t dropping;

	if (firewall_foreign_find(&foreign, &err) < 0) {
		host_report_fact(to, "nf_tables", err.message, "no network for containers",
				 "root, CAP_NET_ADMIN, and the kernel's nf_tables");
		return;
	}
	host_report_fact(to, "nf_tables", "usable", NULL, NULL);
	if (firewall_features_find(&features, &err) == 0)
		firewall_features_describe(&features, to);
	firewall_guard_describe(to);
	dropping = firewall_foreign_describe_chains(&foreign, to);
	if (firewall_legacy_drops())
		host_report_fact(to, "other firewall", "chain FORWARD of iptables (legacy)",
				 DROPS_EFFECT, FIREWALL_IPTABLES_REMEDY);
	else if (dropping == 0)
		host_report_fact(to, "other firewall", "none drops forwarded packets", NULL, NULL);
}
