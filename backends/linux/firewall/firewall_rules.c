/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles rules into elements of sets; see firewall_rules.h. */
#include "backends/linux/firewall/firewall_rules.h"

#include <stdlib.h>

#include "lib/cleanup.h"

/* Maximum per container. Only rules that overlap each other in both dimensions need so many. */
#define ELEMENTS_MAX ((size_t)32768)

/* Bytes per part of a key, as in the registers of nf_tables. */
#define PART ((size_t)4)

/* A range of ports of a protocol (of ICMP: type * 256 + code) in one of the sets. */
struct rule_piece {
	uint8_t set, protocol;
	uint16_t first, last;
};

struct rule_pieces {
	struct rule_piece *list;
	size_t n, size;
};

/* The permissions of some segments of the address space. */
struct rule_class {
	size_t first, n; /* of the compiler's `pieces` */
};

struct rule_compiler {
	const struct warden_rules *rules;
	struct in_addr container;
	uint64_t *cuts; /* addresses where a rule begins or has just ended; ascending */
	size_t n_cuts;
	/* For the segment between two cuts: */
	const struct warden_out_rule **active; /* in the order of the rules */
	size_t n_active;
	struct rule_pieces logged, found;
	/* For all segments: */
	struct rule_pieces pieces;
	struct rule_class *classes;
	size_t n_classes;
	struct firewall_elements elements;
	size_t size;
};

static int firewall_rules_no_memory(struct warden_error *err)
{
	return warden_error_set(err, "no memory for firewall rules");
}

/* Returns the list with room for one more entry of `size` bytes; NULL and `err` on failure. */
static void *firewall_rules_grow(void *list, size_t n, size_t *room, size_t size,
				 struct warden_error *err)
{
	void *grown;

	if (n < *room)
		return list;
	if (n >= ELEMENTS_MAX) {
		warden_error_set(err,
				 "the rules overlap too much: they need more than %zu entries in "
				 "the firewall",
				 ELEMENTS_MAX);
		return NULL;
	}
	grown = reallocarray(list, 2 * n + 16, size);
	if (grown)
		*room = 2 * n + 16;
	else
		firewall_rules_no_memory(err);
	return grown;
}

static int firewall_rules_put_piece(struct rule_pieces *pieces, enum firewall_rule_set set,
				    uint8_t protocol, uint32_t first, uint32_t last,
				    struct warden_error *err)
{
	struct rule_piece *list = firewall_rules_grow(pieces->list, pieces->n, &pieces->size,
						      sizeof(*pieces->list), err);

	if (!list)
		return -1;
	pieces->list = list;
	list[pieces->n++] = (struct rule_piece){.set = (uint8_t)set,
						.protocol = protocol,
						.first = (uint16_t)first,
						.last = (uint16_t)last};
	return 0;
}

static int firewall_rules_put_element(struct rule_compiler *compiler,
				      const struct firewall_element *element,
				      struct warden_error *err)
{
	struct firewall_elements *elements = &compiler->elements;
	struct firewall_element *list = firewall_rules_grow(
		elements->list, elements->n, &compiler->size, sizeof(*elements->list), err);

	if (!list)
		return -1;
	elements->list = list;
	list[elements->n++] = *element;
	return 0;
}

static void firewall_rules_put_address(uint8_t *part, uint32_t address)
{
	address = htonl(address);
	memcpy(part, &address, sizeof(address));
}

static void firewall_rules_put_port(uint8_t *part, uint16_t port)
{
	port = htons(port);
	memcpy(part, &port, sizeof(port));
}

static int firewall_rules_put_forward(struct rule_compiler *compiler,
				      const struct warden_in_rule *rule, struct warden_error *err)
{
	struct firewall_element element = {.set = FIREWALL_FORWARDS};

	element.first[0] = rule->protocol == WARDEN_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	firewall_rules_put_port(element.first + PART, rule->host_port);
	memcpy(element.data, &compiler->container, sizeof(compiler->container));
	firewall_rules_put_port(element.data + PART, rule->container_port);
	return firewall_rules_put_element(compiler, &element, err);
}

/* Types and codes of ICMP; any type with one code needs a piece per type. */
static int firewall_rules_put_icmp(struct rule_pieces *found, const struct warden_out_rule *rule,
				   struct warden_error *err)
{
	int first = rule->icmp_type < 0 ? 0 : rule->icmp_type;
	int last = rule->icmp_type < 0 ? UINT8_MAX : rule->icmp_type;

	if (rule->icmp_code < 0)
		return firewall_rules_put_piece(found, FIREWALL_OUT_PORTS, IPPROTO_ICMP,
						(uint32_t)first << 8,
						(uint32_t)last << 8 | UINT8_MAX, err);
	for (int type = first; type <= last; type++) {
		uint32_t value = (uint32_t)type << 8 | (uint32_t)rule->icmp_code;

		if (firewall_rules_put_piece(found, FIREWALL_OUT_PORTS, IPPROTO_ICMP, value, value,
					     err) < 0)
			return -1;
	}
	return 0;
}

static int firewall_rules_put_allowed(struct rule_pieces *found, const struct warden_out_rule *rule,
				      struct warden_error *err)
{
	switch (rule->protocol) {
	case WARDEN_ICMP:
		return firewall_rules_put_icmp(found, rule, err);
	case WARDEN_ALL:
		return firewall_rules_put_piece(found, FIREWALL_OUT_ALL, 0, 0, 0, err);
	default:
		return firewall_rules_put_piece(found, FIREWALL_OUT_PORTS,
						rule->protocol == WARDEN_UDP ? IPPROTO_UDP
									     : IPPROTO_TCP,
						rule->first_port, rule->last_port, err);
	}
}

/* Removes a range from the pieces that are logged. */
static int firewall_rules_cut_logged(struct rule_pieces *logged, uint16_t first, uint16_t last,
				     struct warden_error *err)
{
	size_t n = logged->n, kept = 0;
	struct rule_piece rest[2];

	for (size_t i = 0; i < n; i++) {
		struct rule_piece piece = logged->list[i];

		if (piece.first >= first && piece.last <= last)
			continue;
		if (piece.first < first && piece.last > last) {
			/* The range splits this piece; pieces are disjoint, so no other one
			 * overlaps. */
			rest[0] = rest[1] = piece;
			rest[0].last = (uint16_t)(first - 1);
			rest[1].first = (uint16_t)(last + 1);
			logged->list[i] = rest[0];
			return firewall_rules_put_piece(logged, FIREWALL_OUT_LOGGED, IPPROTO_TCP,
							rest[1].first, rest[1].last, err);
		}
		if (piece.first < first && piece.last >= first)
			piece.last = (uint16_t)(first - 1);
		else if (piece.last > last && piece.first <= last)
			piece.first = (uint16_t)(last + 1);
		logged->list[kept++] = piece;
	}
	logged->n = kept;
	return 0;
}

/* The first matching rule decides whether a new TCP connection is logged, so apply the rules from
 * last to first. */
static int firewall_rules_find_logged(struct rule_compiler *compiler, struct warden_error *err)
{
	struct rule_pieces *logged = &compiler->logged;

	logged->n = 0;
	for (size_t i = compiler->n_active; i-- > 0;) {
		const struct warden_out_rule *rule = compiler->active[i];

		if (rule->protocol != WARDEN_TCP && rule->protocol != WARDEN_ALL)
			continue;
		if (firewall_rules_cut_logged(logged, rule->first_port, rule->last_port, err) < 0 ||
		    (rule->log &&
		     firewall_rules_put_piece(logged, FIREWALL_OUT_LOGGED, IPPROTO_TCP,
					      rule->first_port, rule->last_port, err) < 0))
			return -1;
	}
	return 0;
}

static int firewall_rules_compare_pieces(const void *a, const void *b)
{
	const struct rule_piece *one = a, *other = b;

	if (one->set != other->set)
		return one->set - other->set;
	if (one->protocol != other->protocol)
		return one->protocol - other->protocol;
	return one->first - other->first;
}

/* Joins adjacent and overlapping pieces. */
static void firewall_rules_join_pieces(struct rule_pieces *pieces)
{
	size_t last = 0;

	qsort(pieces->list, pieces->n, sizeof(*pieces->list), firewall_rules_compare_pieces);
	for (size_t i = 1; i < pieces->n; i++) {
		struct rule_piece *before = &pieces->list[last];
		const struct rule_piece *piece = &pieces->list[i];

		if (piece->set != before->set || piece->protocol != before->protocol ||
		    piece->first > before->last + 1)
			pieces->list[++last] = *piece;
		else if (piece->last > before->last)
			before->last = piece->last;
	}
	pieces->n = last + 1;
}

/* Computes the permissions of the current segment. */
static int firewall_rules_find_pieces(struct rule_compiler *compiler, struct warden_error *err)
{
	struct rule_pieces *found = &compiler->found;

	found->n = 0;
	if (firewall_rules_find_logged(compiler, err) < 0)
		return -1;
	for (size_t i = 0; i < compiler->logged.n; i++)
		if (firewall_rules_put_piece(found, FIREWALL_OUT_LOGGED, IPPROTO_TCP,
					     compiler->logged.list[i].first,
					     compiler->logged.list[i].last, err) < 0)
			return -1;
	for (size_t i = 0; i < compiler->n_active; i++)
		if (firewall_rules_put_allowed(found, compiler->active[i], err) < 0)
			return -1;
	firewall_rules_join_pieces(found);
	return 0;
}

/* Puts container and class into a key; the class is in host byte order, like the packet's priority.
 */
static void firewall_rules_put_class(const struct rule_compiler *compiler, uint8_t *key,
				     uint32_t class)
{
	memcpy(key, &compiler->container, sizeof(compiler->container));
	memcpy(key + PART, &class, sizeof(class));
}

static int firewall_rules_put_class_piece(struct rule_compiler *compiler, uint32_t class,
					  const struct rule_piece *piece, struct warden_error *err)
{
	struct firewall_element element = {.set = piece->set};

	firewall_rules_put_class(compiler, element.first, class);
	if (piece->set != FIREWALL_OUT_ALL) {
		element.first[2 * PART] = piece->protocol;
		firewall_rules_put_port(element.first + 3 * PART, piece->first);
		memcpy(element.beyond, element.first, sizeof(element.beyond));
		if (piece->last < UINT16_MAX) {
			firewall_rules_put_port(element.beyond + 3 * PART,
						(uint16_t)(piece->last + 1));
		} else { /* no packet has a key between this one and the next protocol */
			firewall_rules_put_port(element.beyond + 3 * PART, UINT16_MAX);
			element.beyond[4 * PART - 1] = 1;
		}
	}
	return firewall_rules_put_element(compiler, &element, err);
}

/* Finds the class with the permissions in `found`; adds it if there is none. */
static int firewall_rules_find_class(struct rule_compiler *compiler, uint32_t *class,
				     struct warden_error *err)
{
	const struct rule_pieces *found = &compiler->found;
	struct rule_pieces *all = &compiler->pieces;
	struct rule_class *new = &compiler->classes[compiler->n_classes];

	for (size_t i = 0; i < compiler->n_classes; i++)
		if (compiler->classes[i].n == found->n &&
		    memcmp(&all->list[compiler->classes[i].first], found->list,
			   found->n * sizeof(*found->list)) == 0) {
			*class = (uint32_t)i + 1;
			return 0;
		}
	*new = (struct rule_class){.first = all->n, .n = found->n};
	*class = (uint32_t)++compiler->n_classes;
	for (size_t i = 0; i < found->n; i++) {
		const struct rule_piece *piece = &found->list[i];

		if (firewall_rules_put_piece(all, (enum firewall_rule_set)piece->set,
					     piece->protocol, piece->first, piece->last, err) < 0 ||
		    firewall_rules_put_class_piece(compiler, *class, piece, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether a rule applies to the whole segment between two cuts. */
static bool firewall_rules_is_active(const struct warden_out_rule *rule, uint64_t first,
				     uint64_t beyond)
{
	uint32_t begin = ntohl(rule->first.s_addr), last = ntohl(rule->last.s_addr);

	if (begin > first || last + UINT64_C(1) < beyond)
		return false;
	return first < FIREWALL_LINK_LOCAL_FIRST || first > FIREWALL_LINK_LOCAL_LAST ||
	       (begin >= FIREWALL_LINK_LOCAL_FIRST && last <= FIREWALL_LINK_LOCAL_LAST);
}

bool firewall_rules_is_everywhere(const struct warden_out_rule *rule)
{
	return rule->first.s_addr == 0 && rule->last.s_addr == INADDR_NONE;
}

static void firewall_rules_find_active(struct rule_compiler *compiler, uint64_t first,
				       uint64_t beyond)
{
	const struct warden_rules *rules = compiler->rules;

	compiler->n_active = 0;
	for (size_t i = 0; i < rules->n_out; i++) {
		const struct warden_out_rule *rule = WARDEN_ELEMENT(rules->out, rules->out_size, i);

		if (firewall_rules_is_active(rule, first, beyond))
			compiler->active[compiler->n_active++] = rule;
	}
}

static void firewall_rules_keep_named(struct rule_compiler *compiler)
{
	size_t n = 0;

	for (size_t i = 0; i < compiler->n_active; i++)
		if (!firewall_rules_is_everywhere(compiler->active[i]))
			compiler->active[n++] = compiler->active[i];
	compiler->n_active = n;
}

/* Finds the class of the active rules; 0 if there is none. */
static int firewall_rules_find_active_class(struct rule_compiler *compiler, uint32_t *class,
					    struct warden_error *err)
{
	*class = 0;
	if (compiler->n_active == 0)
		return 0;
	if (firewall_rules_find_pieces(compiler, err) < 0)
		return -1;
	return firewall_rules_find_class(compiler, class, err);
}

/* Finds both classes of a segment. */
static int firewall_rules_find_classes(struct rule_compiler *compiler, uint64_t first,
				       uint64_t beyond, uint32_t *classes, struct warden_error *err)
{
	uint32_t outside, inside;
	size_t n;

	firewall_rules_find_active(compiler, first, beyond);
	n = compiler->n_active;
	if (firewall_rules_find_active_class(compiler, &outside, err) < 0)
		return -1;
	inside = outside;
	firewall_rules_keep_named(compiler);
	if (compiler->n_active < n && firewall_rules_find_active_class(compiler, &inside, err) < 0)
		return -1;
	*classes = inside << FIREWALL_CLASS_BITS | outside;
	return 0;
}

/* The key after the last address is that of the next container. */
static void firewall_rules_put_beyond(struct firewall_element *element,
				      const struct rule_compiler *compiler, uint64_t beyond)
{
	uint32_t container = ntohl(compiler->container.s_addr);

	firewall_rules_put_address(element->beyond,
				   beyond > UINT32_MAX ? container + 1 : container);
	firewall_rules_put_address(element->beyond + PART, (uint32_t)beyond);
}

static int firewall_rules_put_network(struct rule_compiler *compiler, uint64_t first,
				      uint64_t beyond, uint32_t classes, struct warden_error *err)
{
	struct firewall_element element = {.set = FIREWALL_OUT_NETWORKS};

	memcpy(element.first, &compiler->container, sizeof(compiler->container));
	firewall_rules_put_address(element.first + PART, (uint32_t)first);
	firewall_rules_put_beyond(&element, compiler, beyond);
	memcpy(element.data, &classes, sizeof(classes));
	return firewall_rules_put_element(compiler, &element, err);
}

static int firewall_rules_compare_cuts(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

static void firewall_rules_find_cuts(struct rule_compiler *compiler)
{
	const struct warden_rules *rules = compiler->rules;
	size_t n = 0;

	compiler->cuts[n++] = FIREWALL_LINK_LOCAL_FIRST;
	compiler->cuts[n++] = FIREWALL_LINK_LOCAL_LAST + UINT64_C(1);
	for (size_t i = 0; i < rules->n_out; i++) {
		const struct warden_out_rule *rule = WARDEN_ELEMENT(rules->out, rules->out_size, i);

		compiler->cuts[n++] = ntohl(rule->first.s_addr);
		compiler->cuts[n++] = ntohl(rule->last.s_addr) + UINT64_C(1);
	}
	qsort(compiler->cuts, n, sizeof(*compiler->cuts), firewall_rules_compare_cuts);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || compiler->cuts[i] != compiler->cuts[i - 1])
			compiler->cuts[compiler->n_cuts++] = compiler->cuts[i];
}

/* Adjacent segments of the same classes become one element. */
static int firewall_rules_put_outbound(struct rule_compiler *compiler, struct warden_error *err)
{
	uint64_t begin = 0;
	uint32_t classes, before = 0;

	firewall_rules_find_cuts(compiler);
	for (size_t i = 0; i + 1 < compiler->n_cuts; i++) {
		if (firewall_rules_find_classes(compiler, compiler->cuts[i], compiler->cuts[i + 1],
						&classes, err) < 0)
			return -1;
		if (classes != before) {
			if (before && firewall_rules_put_network(compiler, begin, compiler->cuts[i],
								 before, err) < 0)
				return -1;
			begin = compiler->cuts[i];
			before = classes;
		}
	}
	if (!before)
		return 0;
	return firewall_rules_put_network(compiler, begin, compiler->cuts[compiler->n_cuts - 1],
					  before, err);
}

static int firewall_rules_compile_all(struct rule_compiler *compiler, struct warden_error *err)
{
	const struct warden_rules *rules = compiler->rules;

	compiler->active = calloc(rules->n_out + 1, sizeof(const struct warden_out_rule *));
	compiler->cuts = calloc(2 * rules->n_out + 2, sizeof(*compiler->cuts));
	compiler->classes = calloc(4 * rules->n_out + 4, sizeof(*compiler->classes));
	if (!compiler->active || !compiler->cuts || !compiler->classes)
		return firewall_rules_no_memory(err);
	for (size_t i = 0; i < rules->n_in; i++)
		if (firewall_rules_put_forward(
			    compiler, WARDEN_ELEMENT(rules->in, rules->in_size, i), err) < 0)
			return -1;
	return firewall_rules_put_outbound(compiler, err);
}

int firewall_rules_compile(const struct warden_rules *rules, struct in_addr container,
			   struct firewall_elements *elements, struct warden_error *err)
{
	struct rule_compiler compiler = {.rules = rules, .container = container};
	int result = firewall_rules_compile_all(&compiler, err);

	free(compiler.active);
	free(compiler.cuts);
	free(compiler.classes);
	free(compiler.logged.list);
	free(compiler.found.list);
	free(compiler.pieces.list);
	if (result < 0) {
		free(compiler.elements.list);
		return -1;
	}
	if (compiler.elements.n > 0)
		qsort(compiler.elements.list, compiler.elements.n, sizeof(*compiler.elements.list),
		      firewall_element_compare);
	*elements = compiler.elements;
	return 0;
}

int firewall_element_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct firewall_element));
}

struct in_addr firewall_element_container(const struct firewall_element *element)
{
	struct in_addr address;

	memcpy(&address, element->set == FIREWALL_FORWARDS ? element->data : element->first,
	       sizeof(address));
	return address;
}
