/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of other tools that drop what the host forwards: a drop anywhere beats our accept, so the
 * operator must hear of it. Nothing of theirs is changed. */
#include "backends/linux/firewall/firewall_private.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* A base chain of somebody's where forwarded IPv4 packets pass. */
struct foreign_chain {
	uint32_t family;
	char table[64], name[64];
	bool drops;   /* by its policy */
	bool refuses; /* its last rule drops or rejects whatever comes there */
};

struct foreign_chains {
	struct foreign_chain chains[FIREWALL_OTHERS_MAX];
	size_t n;
};

static bool firewall_others_forwards_ipv4(const struct nftnl_chain *chain)
{
	uint32_t family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

	return (family == NFPROTO_INET || family == NFPROTO_IPV4) &&
	       nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD;
}

static bool firewall_others_is_own(uint32_t family, const char *table)
{
	return family == NFPROTO_INET && strcmp(table, FIREWALL_TABLE) == 0;
}

static void firewall_others_add_chain(struct foreign_chains *others,
				      const struct nftnl_chain *found)
{
	struct foreign_chain *chain = &others->chains[others->n];
	const char *table = nftnl_chain_get_str(found, NFTNL_CHAIN_TABLE);

	chain->family = nftnl_chain_get_u32(found, NFTNL_CHAIN_FAMILY);
	if (!table || firewall_others_is_own(chain->family, table))
		return;
	snprintf(chain->table, sizeof(chain->table), "%s", table);
	snprintf(chain->name, sizeof(chain->name), "%s",
		 nftnl_chain_get_str(found, NFTNL_CHAIN_NAME));
	chain->drops = nftnl_chain_is_set(found, NFTNL_CHAIN_POLICY) &&
		       nftnl_chain_get_u32(found, NFTNL_CHAIN_POLICY) == NF_DROP;
	others->n++;
}

static int firewall_others_read_chain(const struct nlmsghdr *nlh, void *data)
{
	struct foreign_chains *others = data;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain)
		return MNL_CB_ERROR;
	if (others->n < FIREWALL_OTHERS_MAX && nftnl_chain_nlmsg_parse(nlh, chain) == 0 &&
	    firewall_others_forwards_ipv4(chain))
		firewall_others_add_chain(others, chain);
	nftnl_chain_free(chain);
	return MNL_CB_OK;
}

/* What an expression of a rule does, as far as it matters here. */
struct rule_effect {
	bool matches; /* asks something: the rule is not for every packet */
	bool refuses;
};

static int firewall_others_read_expr(struct nftnl_expr *expr, void *data)
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

/* Rules come in their order, so the last one that is seen of a chain is its last. */
static void firewall_others_add_rule(struct foreign_chains *others, struct nftnl_rule *rule)
{
	uint32_t family = nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY);
	const char *table = nftnl_rule_get_str(rule, NFTNL_RULE_TABLE);
	const char *name = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	struct rule_effect effect = {0};

	for (size_t i = 0; i < others->n && table && name; i++) {
		struct foreign_chain *chain = &others->chains[i];

		if (chain->family != family || strcmp(chain->table, table) != 0 ||
		    strcmp(chain->name, name) != 0)
			continue;
		nftnl_expr_foreach(rule, firewall_others_read_expr, &effect);
		chain->refuses = effect.refuses && !effect.matches;
	}
}

static int firewall_others_read_rule(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(nlh, rule) == 0)
		firewall_others_add_rule(data, rule);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int firewall_others_dump(uint16_t type, const char *name, mnl_cb_t found,
				struct foreign_chains *others, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct nfgenmsg *header;

	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) != 0)
		return -1;
	header = mnl_nlmsg_put_extra_header(
		netlink_add(&batch, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP, name),
		sizeof(*header));
	header->nfgen_family = NFPROTO_UNSPEC;
	header->version = NFNETLINK_V0;
	return netlink_ask(fd, &batch, found, others, err);
}

/* Writes whose chain it is. */
static void firewall_others_chain_text(const struct foreign_chain *chain, char *text, size_t size)
{
	snprintf(text, size, "chain %s of table %s %s", chain->name,
		 chain->family == NFPROTO_INET ? "inet" : "ip", chain->table);
}

static bool firewall_others_is_iptables(const struct foreign_chain *chain)
{
	return chain->family == NFPROTO_IPV4 && strcmp(chain->table, "filter") == 0;
}

static bool firewall_others_was_logged(const struct firewall_others *before, const char *text)
{
	for (size_t i = 0; i < before->n; i++)
		if (strcmp(before->said[i], text) == 0)
			return true;
	return false;
}

/* Logs what has come, and notes what is there. The mutex is held. */
static void firewall_others_log_new(struct firewall *firewall, const struct foreign_chains *found)
{
	const struct warden_host *host = firewall->host;
	const struct firewall_others before = firewall->others;
	struct firewall_others *now = &firewall->others;

	now->n = 0;
	for (size_t i = 0; i < found->n; i++) {
		const struct foreign_chain *chain = &found->chains[i];
		char *text = now->said[now->n];

		if (!chain->drops && !chain->refuses)
			continue;
		firewall_others_chain_text(chain, text, sizeof(now->said[0]));
		now->n++;
		if (!firewall_others_was_logged(&before, text))
			host->log(host, WARDEN_LOG_WARN, NULL,
				  "firewall: %s drops what it does not accept itself: "
				  "containers reach nothing outside unless it accepts what comes "
				  "from and goes to interfaces w-*%s",
				  text,
				  firewall_others_is_iptables(chain) ? FIREWALL_IPTABLES_HINT : "");
	}
}

static int firewall_others_find(struct foreign_chains *others, struct warden_error *err)
{
	if (firewall_others_dump(NFT_MSG_GETCHAIN, "list chains", firewall_others_read_chain,
				 others, err) != 0)
		return -1;
	return firewall_others_dump(NFT_MSG_GETRULE, "list rules", firewall_others_read_rule,
				    others, err);
}

void firewall_others_log(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	struct foreign_chains others = {.n = 0};
	struct warden_error err;

	if (firewall_others_find(&others, &err) != 0) {
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: other tools' chains cannot be looked at: %s", err.message);
		return;
	}
	pthread_mutex_lock(&firewall->others.mutex);
	firewall_others_log_new(firewall, &others);
	pthread_mutex_unlock(&firewall->others.mutex);
}

/* That of the kernel's older interface tells nobody when it changes. */
void firewall_legacy_log(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;

	if (firewall_legacy_drops())
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: chain FORWARD of iptables (legacy) drops what it does not "
			  "accept "
			  "itself: containers reach nothing outside until it accepts "
			  "them" FIREWALL_IPTABLES_HINT);
}

#define DROPS_EFFECT "it drops what we forward: containers reach nothing outside"

static size_t firewall_others_describe_chains(const struct foreign_chains *others,
					      const struct description *to)
{
	size_t n = 0;
	char text[192];

	for (size_t i = 0; i < others->n; i++) {
		const struct foreign_chain *chain = &others->chains[i];

		if (!chain->drops && !chain->refuses)
			continue;
		firewall_others_chain_text(chain, text, sizeof(text));
		host_report_fact(
			to, "other firewall", text, DROPS_EFFECT,
			firewall_others_is_iptables(chain)
				? FIREWALL_IPTABLES_REMEDY
				: "let it accept what comes from and goes to interfaces w-*");
		n++;
	}
	return n;
}

void firewall_describe(const struct description *to)
{
	struct foreign_chains others = {.n = 0};
	struct warden_error err;
	size_t dropping;

	if (firewall_others_find(&others, &err) != 0) {
		host_report_fact(to, "nf_tables", err.message, "no network for containers",
				 "root, CAP_NET_ADMIN, and the kernel's nf_tables");
		return;
	}
	host_report_fact(to, "nf_tables", "usable", NULL, NULL);
	dropping = firewall_others_describe_chains(&others, to);
	if (firewall_legacy_drops())
		host_report_fact(to, "other firewall", "chain FORWARD of iptables (legacy)",
				 DROPS_EFFECT, FIREWALL_IPTABLES_REMEDY);
	else if (dropping == 0)
		host_report_fact(to, "other firewall", "none drops what we forward", NULL, NULL);
}
