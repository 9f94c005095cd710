/* SPDX-License-Identifier: Apache-2.0 */
/* Writes elements of rules to the kernel and reads them back; the chains that log. See
 * firewall_private.h. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Elements per message; a range is two elements for the kernel. */
#define ELEMENTS_IN_MESSAGE (NFT_ELEMENTS_MAX / 2)

/* Maximum size of an element and of a message header. */
#define ELEMENT_SIZE ((size_t)96)
#define HEADER_SIZE  ((size_t)128)

/* Elements of one set that are being put into a message. */
struct element_writer {
	struct nft *nft;
	bool remove;
	const struct nft_set *set;
	struct nftnl_set *elements; /* NULL: no message was begun */
	size_t n;
};

static void firewall_elements_flush(struct element_writer *writer)
{
	if (writer->elements)
		nft_put_elements(writer->nft, writer->elements, writer->remove, writer->set->name);
	writer->elements = NULL;
	writer->n = 0;
}

static void firewall_elements_write(struct element_writer *writer,
				    const struct firewall_element *element)
{
	const struct nft_set *set =
		firewall_rule_set((enum firewall_rule_set)element->set,
				  firewall_shard_of(firewall_element_container(element)));
	struct nft *nft = writer->nft;

	if (writer->elements && (writer->set != set || writer->n == ELEMENTS_IN_MESSAGE))
		firewall_elements_flush(writer);
	if (!writer->elements)
		writer->elements = nft_elements(nft, set->name);
	writer->set = set;
	writer->n++;
	if (set->data_type && !writer->remove)
		nft_map_element(nft, writer->elements, element->first, set->key_length,
				element->data, set->data_length);
	else
		nft_element(nft, writer->elements, element->first, set->key_length, false);
	if (set->interval)
		nft_element(nft, writer->elements, element->beyond, set->key_length, true);
}

void firewall_elements_put(struct nft *nft, const struct firewall_elements *elements, bool remove)
{
	struct element_writer writer = {.nft = nft, .remove = remove};

	for (size_t i = 0; i < elements->n; i++)
		firewall_elements_write(&writer, &elements->list[i]);
	firewall_elements_flush(&writer);
}

size_t firewall_elements_size(const struct firewall_elements *elements)
{
	/* Elements of different shards need separate messages. */
	return elements->n * (ELEMENT_SIZE + HEADER_SIZE);
}

/* Puts the elements of `list` that `other` does not have; both are ascending. */
static size_t firewall_elements_put_difference(struct element_writer *writer,
					       const struct firewall_elements *list,
					       const struct firewall_elements *other)
{
	size_t at = 0, n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct firewall_element *element = &list->list[i];

		while (at < other->n && firewall_element_compare(&other->list[at], element) < 0)
			at++;
		if (at < other->n && firewall_element_compare(&other->list[at], element) == 0)
			continue;
		firewall_elements_write(writer, element);
		n++;
	}
	firewall_elements_flush(writer);
	return n;
}

size_t firewall_elements_change(struct nft *nft, const struct firewall_elements *before,
				const struct firewall_elements *after)
{
	struct element_writer remover = {.nft = nft, .remove = true}, adder = {.nft = nft};
	size_t removed = firewall_elements_put_difference(&remover, before, after);

	return removed + firewall_elements_put_difference(&adder, after, before);
}

/* An element as the kernel stores it: the beginning or the end of a range. */
struct element_node {
	struct firewall_element element;
	bool end;
};

struct element_nodes {
	enum firewall_rule_set kind;
	const struct nft_set *set;
	struct element_node *list;
	size_t n, size;
};

static struct element_node *firewall_elements_add_node(struct element_nodes *nodes)
{
	if (nodes->n == nodes->size) {
		size_t size = 2 * nodes->size + 64;
		struct element_node *grown = reallocarray(nodes->list, size, sizeof(*grown));

		if (!grown)
			return NULL;
		nodes->list = grown;
		nodes->size = size;
	}
	memset(&nodes->list[nodes->n], 0, sizeof(*nodes->list));
	return &nodes->list[nodes->n++];
}

static void firewall_elements_copy_part(struct nftnl_set_elem *from, uint16_t attribute, void *to,
					size_t length)
{
	uint32_t got = 0;
	const void *bytes = nftnl_set_elem_get(from, attribute, &got);

	if (bytes)
		memcpy(to, bytes, got < length ? got : length);
}

static int firewall_elements_read_node(struct nftnl_set_elem *from, void *data)
{
	struct element_nodes *nodes = data;
	struct element_node *node = firewall_elements_add_node(nodes);

	if (!node)
		return -1;
	node->element.set = (uint8_t)nodes->kind;
	firewall_elements_copy_part(from, NFTNL_SET_ELEM_KEY, node->element.first,
				    sizeof(node->element.first));
	firewall_elements_copy_part(from, NFTNL_SET_ELEM_DATA, node->element.data,
				    sizeof(node->element.data));
	node->end =
		nftnl_set_elem_is_set(from, NFTNL_SET_ELEM_FLAGS) &&
		(nftnl_set_elem_get_u32(from, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END);
	return 0;
}

static int firewall_elements_read_message(const struct nlmsghdr *nlh, void *data)
{
	return nft_read_elements(nlh, firewall_elements_read_node, data);
}

void firewall_elements_put_dump(struct netlink_batch *batch, const char *set)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_DUMP, set);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->nfgen_family = NFPROTO_INET;
	header->version = NFNETLINK_V0;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, FIREWALL_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
}

static int firewall_elements_dump_set(int fd, struct element_nodes *nodes, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch = {0};

	nodes->n = 0;
	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	firewall_elements_put_dump(&batch, nodes->set->name);
	return netlink_ask(fd, &batch, firewall_elements_read_message, nodes, err);
}

/* After a failure the rest of a reply may still arrive, so a new socket replaces the old one. */
static int firewall_elements_read_set(int *fd, struct element_nodes *nodes,
				      struct warden_error *err)
{
	struct warden_error failure;

	for (int i = 0; i < FIREWALL_READ_TRIES; i++) {
		if (firewall_elements_dump_set(*fd, nodes, err) == 0)
			return 0;
		close(*fd);
		*fd = netlink_open(NETLINK_NETFILTER, &failure);
		if (*fd < 0 || err->number != EINTR)
			return -1;
	}
	return -1;
}

/* If one range ends where another begins, the end is first. */
static int firewall_elements_compare_nodes(const void *a, const void *b)
{
	const struct element_node *one = a, *other = b;
	int order = memcmp(one->element.first, other->element.first, FIREWALL_RULE_KEY_MAX);

	return order ? order : other->end - one->end;
}

static int firewall_elements_add(struct firewall_elements *elements,
				 const struct firewall_element *element, struct warden_error *err)
{
	struct firewall_element *grown =
		reallocarray(elements->list, elements->n + 1, sizeof(*grown));

	if (!grown)
		return warden_error_errno(err, "allocate firewall rules");
	elements->list = grown;
	grown[elements->n++] = *element;
	return 0;
}

/* Joins beginnings and ends to ranges. */
static int firewall_elements_join_nodes(struct element_nodes *nodes,
					struct firewall_elements *elements,
					struct warden_error *err)
{
	bool interval = nodes->set->interval;
	struct firewall_element *open = NULL;

	if (nodes->n > 0)
		qsort(nodes->list, nodes->n, sizeof(*nodes->list), firewall_elements_compare_nodes);
	for (size_t i = 0; i < nodes->n; i++) {
		struct element_node *node = &nodes->list[i];

		if (interval && !node->end) {
			open = &node->element;
			continue;
		}
		if (interval && !open)
			continue;
		if (interval)
			memcpy(open->beyond, node->element.first, sizeof(open->beyond));
		if (firewall_elements_add(elements, interval ? open : &node->element, err) < 0)
			return -1;
		open = NULL;
	}
	return 0;
}

/* A missing set is no failure: the table is of an older version, or there is none. */
static int firewall_elements_read_kind(int *fd, enum firewall_rule_set kind,
				       struct firewall_elements *elements, struct warden_error *err)
{
	unsigned n = firewall_rule_set(kind, 0)->interval ? FIREWALL_SHARDS : 1;
	int result = 0;

	for (unsigned i = 0; result == 0 && i < n; i++) {
		struct element_nodes nodes = {.kind = kind, .set = firewall_rule_set(kind, i)};

		result = firewall_elements_read_set(fd, &nodes, err);
		if (result == 0)
			result = firewall_elements_join_nodes(&nodes, elements, err);
		free(nodes.list);
	}
	return result < 0 && err->number == ENOENT ? 0 : result;
}

int firewall_elements_read(struct firewall_elements *elements, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	int result = fd < 0 ? -1 : 0;

	for (int kind = 0; result == 0 && kind < FIREWALL_RULE_SETS; kind++)
		result = firewall_elements_read_kind(&fd, (enum firewall_rule_set)kind, elements,
						     err);
	if (elements->n > 0)
		qsort(elements->list, elements->n, sizeof(*elements->list),
		      firewall_element_compare);
	return result;
}

/* The name of a container's chain. It holds the address, because the found rules of an earlier
 * daemon contain only that. */
#define LOGGER_PREFIX "log-"

static void firewall_logger_name(char name[32], const struct firewall_member *member)
{
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &member->address, address, sizeof(address));
	snprintf(name, 32, LOGGER_PREFIX "%s", address);
}

bool firewall_is_logger(const char *chain)
{
	return strncmp(chain, LOGGER_PREFIX, strlen(LOGGER_PREFIX)) == 0;
}

static void firewall_logger_put_element(struct nft *nft, const struct firewall_member *member,
					const char *chain, bool remove)
{
	struct nftnl_set *elements = nft_elements(nft, FIREWALL_LOGGERS);

	nft_jump_element(nft, elements, &member->address, sizeof(member->address), chain);
	nft_put_elements(nft, elements, remove, FIREWALL_LOGGERS);
}

void firewall_logger_put(struct nft *nft, const struct firewall_member *member)
{
	/* "w-ID-0" without "-0". */
	int length = (int)strlen(member->link) - 2;
	char name[32], prefix[64];
	struct nftnl_rule *rule;

	firewall_logger_name(name, member);
	snprintf(prefix, sizeof(prefix), "warden-i-%.*s ", length - 2, member->link + 2);
	nft_add_chain(nft, name, NULL);
	nft_flush_chain(nft, name);
	rule = nft_rule(nft, name);
	nft_log(nft, rule, prefix);
	nft_put_rule(nft, rule);
	firewall_logger_put_element(nft, member, name, false);
}

void firewall_logger_remove(struct nft *nft, const struct firewall_member *member)
{
	char name[32];

	firewall_logger_name(name, member);
	firewall_logger_put_element(nft, member, name, true);
	nft_flush_chain(nft, name);
	nft_delete_chain(nft, name);
}
