/* SPDX-License-Identifier: Apache-2.0 */
/* The arrays of a container's rules; see rules.h. */
#include <config.h>

#include "core/rules/rules.h"

#include <stdlib.h>

void rules_free(struct rules *rules)
{
	free(rules->in);
	free(rules->out);
	*rules = (struct rules){0};
}

bool rules_copy(struct rules *copy, const struct rules *rules)
{
	*copy = (struct rules){0};
	copy->in = calloc(rules->n_in + 1, sizeof(*copy->in));
	copy->out = calloc(rules->n_out + 1, sizeof(*copy->out));
	if (!copy->in || !copy->out) {
		rules_free(copy);
		return false;
	}
	if (rules->n_in > 0)
		memcpy(copy->in, rules->in, rules->n_in * sizeof(*copy->in));
	if (rules->n_out > 0)
		memcpy(copy->out, rules->out, rules->n_out * sizeof(*copy->out));
	copy->n_in = rules->n_in;
	copy->n_out = rules->n_out;
	return true;
}

/* The array with room for one more element, or NULL and `err`. */
static void *rules_grow_array(void *array, size_t n, size_t size, struct warden_error *err)
{
	void *grown = NULL;

	if (n >= RULES_MAX)
		warden_error_set(err, "at most %d rules are allowed for a container", RULES_MAX);
	else if (!(grown = reallocarray(array, n + 1, size)))
		warden_error_set(err, "no memory for a rule");
	return grown;
}

static const char *rules_protocol_name(enum warden_protocol protocol)
{
	return protocol == WARDEN_UDP ? "UDP" : "TCP";
}

/* The index of the rule with the same host port and protocol, or n_in. */
static size_t rules_find_in(const struct rules *rules, const struct warden_in_rule *rule)
{
	size_t i = 0;

	while (i < rules->n_in && (rules->in[i].host_port != rule->host_port ||
				   rules->in[i].protocol != rule->protocol))
		i++;
	return i;
}

/* The port in the container. */
static uint16_t rules_target_port(const struct warden_in_rule *rule)
{
	return rule->container_port ? rule->container_port : rule->host_port;
}

int rules_add_in(struct rules *rules, const struct warden_in_rule *rule, size_t *index,
		 struct warden_error *err)
{
	struct warden_in_rule *in;

	*index = rule->host_port ? rules_find_in(rules, rule) : rules->n_in;
	if (*index < rules->n_in) {
		uint16_t other = rules_target_port(&rules->in[*index]);

		if (other == rules_target_port(rule))
			return 0;
		return warden_error_set(err, "host_port %u (%s) goes to container_port %u already",
					rule->host_port, rules_protocol_name(rule->protocol),
					other);
	}
	in = rules_grow_array(rules->in, rules->n_in, sizeof(*in), err);
	if (!in)
		return -1;
	rules->in = in;
	in[rules->n_in++] = *rule;
	return 0;
}

/* Compares members, since padding may differ. */
static bool rules_out_is_same(const struct warden_out_rule *a, const struct warden_out_rule *b)
{
	return a->first.s_addr == b->first.s_addr && a->last.s_addr == b->last.s_addr &&
	       a->protocol == b->protocol && a->first_port == b->first_port &&
	       a->last_port == b->last_port && a->icmp_type == b->icmp_type &&
	       a->icmp_code == b->icmp_code && a->log == b->log;
}

static size_t rules_find_out(const struct rules *rules, const struct warden_out_rule *rule)
{
	size_t i = 0;

	while (i < rules->n_out && !rules_out_is_same(&rules->out[i], rule))
		i++;
	return i;
}

static void rules_cut_out(struct rules *rules, size_t i)
{
	memmove(&rules->out[i], &rules->out[i + 1], (--rules->n_out - i) * sizeof(*rules->out));
}

int rules_add_out(struct rules *rules, const struct warden_out_rule *rule, bool first,
		  struct warden_error *err)
{
	struct warden_out_rule *out;
	size_t i = rules_find_out(rules, rule);

	if (i < rules->n_out && !first)
		return 0;
	if (i < rules->n_out)
		rules_cut_out(rules, i);
	out = rules_grow_array(rules->out, rules->n_out, sizeof(*out), err);
	if (!out)
		return -1;
	rules->out = out;
	if (first && rules->n_out > 0)
		memmove(&out[1], &out[0], rules->n_out * sizeof(*out));
	out[first ? 0 : rules->n_out] = *rule;
	rules->n_out++;
	return 0;
}

int rules_remove_in(struct rules *rules, const struct warden_in_rule *rule,
		    struct warden_error *err)
{
	size_t i = rules_find_in(rules, rule);

	if (i < rules->n_in &&
	    (!rule->container_port || rules->in[i].container_port == rule->container_port)) {
		memmove(&rules->in[i], &rules->in[i + 1], (--rules->n_in - i) * sizeof(*rules->in));
		return 0;
	}
	return warden_error_set(err, "no such rule: host_port %u (%s)", rule->host_port,
				rules_protocol_name(rule->protocol));
}

int rules_remove_out(struct rules *rules, const struct warden_out_rule *rule,
		     struct warden_error *err)
{
	size_t i = rules_find_out(rules, rule);

	if (i == rules->n_out)
		return warden_error_set(err, "no such rule");
	rules_cut_out(rules, i);
	return 0;
}

struct warden_rules rules_for_backend(const struct rules *rules)
{
	return (struct warden_rules){
		.size = sizeof(struct warden_rules),
		.in = rules->in,
		.n_in = rules->n_in,
		.in_size = sizeof(*rules->in),
		.out = rules->out,
		.n_out = rules->n_out,
		.out_size = sizeof(*rules->out),
	};
}
