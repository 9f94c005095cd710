/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in the snapshot; see rules.h. */
#include <config.h>

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/rules/rules.h"

static json_t *rules_in_to_json(const struct warden_in_rule *rule)
{
	return json_pack("{s:i, s:i, s:i}", "protocol", (int)rule->protocol, "host_port",
			 (int)rule->host_port, "container_port", (int)rule->container_port);
}

static json_t *rules_out_to_json(const struct warden_out_rule *rule)
{
	return json_pack("{s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:b}", "first",
			 (json_int_t)ntohl(rule->first.s_addr), "last",
			 (json_int_t)ntohl(rule->last.s_addr), "protocol", (int)rule->protocol,
			 "first_port", (int)rule->first_port, "last_port", (int)rule->last_port,
			 "icmp_type", rule->icmp_type, "icmp_code", rule->icmp_code, "log",
			 (int)rule->log);
}

json_t *rules_to_json(const struct rules *rules)
{
	json_t *in = json_array(), *out = json_array();
	bool whole = in && out;

	for (size_t i = 0; whole && i < rules->n_in; i++)
		whole = json_array_append_new(in, rules_in_to_json(&rules->in[i])) == 0;
	for (size_t i = 0; whole && i < rules->n_out; i++)
		whole = json_array_append_new(out, rules_out_to_json(&rules->out[i])) == 0;
	if (whole)
		return json_pack("{s:o, s:o}", "in", in, "out", out);
	json_decref(in);
	json_decref(out);
	return NULL;
}

static bool rules_json_is_within(json_int_t value, json_int_t first, json_int_t last)
{
	return value >= first && value <= last;
}

static bool rules_in_from_json(struct rules *rules, const json_t *json)
{
	struct warden_error err;
	int protocol, host_port, container_port;
	struct warden_in_rule rule;
	size_t index;

	if (json_unpack((json_t *)json, "{s:i, s:i, s:i}", "protocol", &protocol, "host_port",
			&host_port, "container_port", &container_port) < 0 ||
	    !rules_json_is_within(protocol, WARDEN_TCP, WARDEN_UDP) ||
	    !rules_json_is_within(host_port, 1, UINT16_MAX) ||
	    !rules_json_is_within(container_port, 1, UINT16_MAX))
		return false;
	rule = (struct warden_in_rule){.protocol = (enum warden_protocol)protocol,
				       .host_port = (uint16_t)host_port,
				       .container_port = (uint16_t)container_port};
	return rules_add_in(rules, &rule, &index, &err) == 0;
}

static bool rules_out_from_json(struct rules *rules, const json_t *json)
{
	struct warden_out_rule rule = {.protocol = WARDEN_TCP};
	struct warden_error err;
	json_int_t first, last;
	int protocol, first_port, last_port, log;

	if (json_unpack((json_t *)json, "{s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:b}", "first", &first,
			"last", &last, "protocol", &protocol, "first_port", &first_port,
			"last_port", &last_port, "icmp_type", &rule.icmp_type, "icmp_code",
			&rule.icmp_code, "log", &log) < 0 ||
	    !rules_json_is_within(first, 0, UINT32_MAX) ||
	    !rules_json_is_within(last, first, UINT32_MAX) ||
	    !rules_json_is_within(protocol, WARDEN_TCP, WARDEN_ALL) ||
	    !rules_json_is_within(first_port, 0, UINT16_MAX) ||
	    !rules_json_is_within(last_port, first_port, UINT16_MAX) ||
	    !rules_json_is_within(rule.icmp_type, -1, UINT8_MAX) ||
	    !rules_json_is_within(rule.icmp_code, -1, UINT8_MAX))
		return false;
	rule.first.s_addr = htonl((uint32_t)first);
	rule.last.s_addr = htonl((uint32_t)last);
	rule.protocol = (enum warden_protocol)protocol;
	rule.first_port = (uint16_t)first_port;
	rule.last_port = (uint16_t)last_port;
	rule.log = log;
	return rules_add_out(rules, &rule, false, &err) == 0;
}

void rules_in_from_damaged_json(struct rules *rules, const json_t *json)
{
	const json_t *in = json_object_get(json, "in");

	for (size_t i = 0; i < json_array_size(in); i++)
		(void)rules_in_from_json(rules, json_array_get(in, i)); /* false: damaged */
}

bool rules_from_json(struct rules *rules, const json_t *json)
{
	const json_t *in = json_object_get(json, "in"), *out = json_object_get(json, "out");

	for (size_t i = 0; i < json_array_size(in); i++)
		if (!rules_in_from_json(rules, json_array_get(in, i)))
			return false;
	for (size_t i = 0; i < json_array_size(out); i++)
		if (!rules_out_from_json(rules, json_array_get(out, i)))
			return false;
	return true;
}
