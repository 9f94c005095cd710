/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes rules in messages; see rules.h. */
#include <config.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/rules/rules.h"
#include "core/wire/message_text.h"
#include "core/wire/request.h"
#include "lib/address.h"
#include "lib/cleanup.h"

enum { NETWORK_LENGTH = 39, PORT_RANGE_LENGTH = 15 };

static int rules_read_port(const char *field, uint32_t value, uint16_t *port,
			   struct warden_error *err)
{
	if (value < 1 || value > UINT16_MAX)
		return warden_error_set(err, "%s must be from 1 to 65535, not %" PRIu32, field,
					value);
	*port = (uint16_t)value;
	return 0;
}

int rules_read_in(const Warden__NetInRequest *asked, struct warden_in_rule *rule,
		  struct warden_error *err)
{
	int protocol = asked->has_protocol ? (int)asked->protocol : WARDEN_TCP;

	if (protocol != WARDEN_TCP && protocol != WARDEN_UDP)
		return warden_error_set(err, "protocol must be 0 (TCP) or 1 (UDP), not %d",
					protocol);
	*rule = (struct warden_in_rule){.protocol = (enum warden_protocol)protocol};
	if (asked->has_host_port &&
	    rules_read_port("host_port", asked->host_port, &rule->host_port, err) < 0)
		return -1;
	if (asked->has_container_port && rules_read_port("container_port", asked->container_port,
							 &rule->container_port, err) < 0)
		return -1;
	return 0;
}

static int rules_read_network(const ProtobufCBinaryData *bytes, struct warden_out_rule *rule,
			      struct warden_error *err)
{
	_cleanup_free_ char *text = request_text(bytes, "network", NETWORK_LENGTH, err);
	uint32_t first, last;

	if (!text)
		return -1;
	if (!address_parse_range(text, &first, &last))
		return warden_error_set(err, "network must be an address, CIDR or A-B, not '%s'",
					text);
	rule->first.s_addr = htonl(first);
	rule->last.s_addr = htonl(last);
	return 0;
}

/* Reads 1 to 5 digits, at most 65535, and moves `text` behind them. */
static bool rules_read_digits(const char **text, uint32_t *value)
{
	size_t length = strspn(*text, "0123456789");

	if (length < 1 || length > 5)
		return false;
	*value = (uint32_t)strtoul(*text, NULL, 10);
	*text += length;
	return *value <= UINT16_MAX;
}

static int rules_read_port_range(const ProtobufCBinaryData *bytes, struct warden_out_rule *rule,
				 struct warden_error *err)
{
	_cleanup_free_ char *text = request_text(bytes, "port_range", PORT_RANGE_LENGTH, err);
	const char *at = text;
	uint32_t first, last;

	if (!text)
		return -1;
	if (!rules_read_digits(&at, &first) || *at++ != ':' || !rules_read_digits(&at, &last) ||
	    *at)
		return warden_error_set(
			err, "port_range must be A:B with ports up to 65535, not '%s'", text);
	if (first >= last)
		return warden_error_set(err, "Port range maximum must be greater than minimum");
	rule->first_port = (uint16_t)first;
	rule->last_port = (uint16_t)last;
	return 0;
}

static int rules_read_ports(const Warden__NetOutRequest *asked, struct warden_out_rule *rule,
			    struct warden_error *err)
{
	static const char *const names[] = {"TCP", "UDP", "ICMP", "ALL"};
	bool has_range = asked->has_port_range && asked->port_range.len > 0;

	rule->first_port = 0;
	rule->last_port = UINT16_MAX;
	if (!asked->has_port && !has_range)
		return 0;
	if (rule->protocol != WARDEN_TCP && rule->protocol != WARDEN_UDP)
		return warden_error_set(err, "protocol %s takes no %s", names[rule->protocol],
					has_range ? "port_range" : "port");
	if (has_range)
		return rules_read_port_range(&asked->port_range, rule, err);
	if (rules_read_port("port", asked->port, &rule->first_port, err) < 0)
		return -1;
	rule->last_port = rule->first_port;
	return 0;
}

static int rules_read_icmp(const char *field, bool has, int32_t value,
			   enum warden_protocol protocol, int *result, struct warden_error *err)
{
	*result = -1;
	if (!has || value == -1)
		return 0;
	if (value < -1 || value > UINT8_MAX)
		return warden_error_set(err, "%s must be from 0 to 255, or -1, not %" PRId32, field,
					value);
	if (protocol != WARDEN_ICMP)
		return warden_error_set(err, "%s %" PRId32 " is for protocol ICMP alone", field,
					value);
	*result = value;
	return 0;
}

int rules_read_out(const Warden__NetOutRequest *asked, struct warden_out_rule *rule,
		   struct warden_error *err)
{
	int protocol = asked->has_protocol ? (int)asked->protocol : WARDEN_TCP;
	bool has_network = asked->has_network && asked->network.len > 0;
	bool has_range = asked->has_port_range && asked->port_range.len > 0;

	if (!has_network && !asked->has_port && !has_range)
		return warden_error_set(err, "Please specify network, port, and/or port_range.");
	if (protocol < WARDEN_TCP || protocol > WARDEN_ALL)
		return warden_error_set(
			err, "protocol must be 0 (TCP), 1 (UDP), 2 (ICMP) or 3 (ALL), not %d",
			protocol);
	*rule = (struct warden_out_rule){.last.s_addr = UINT32_MAX,
					 .protocol = (enum warden_protocol)protocol,
					 .log = asked->has_log && asked->log};
	if ((has_network && rules_read_network(&asked->network, rule, err) < 0) ||
	    rules_read_ports(asked, rule, err) < 0 ||
	    rules_read_icmp("icmp_type", asked->has_icmp_type, asked->icmp_type, rule->protocol,
			    &rule->icmp_type, err) < 0)
		return -1;
	return rules_read_icmp("icmp_code", asked->has_icmp_code, asked->icmp_code, rule->protocol,
			       &rule->icmp_code, err);
}

void rules_write_in(Warden__NetInRequest *message, const struct warden_in_rule *rule)
{
	warden__net_in_request__init(message);
	message->has_host_port = message->has_container_port = message->has_protocol = true;
	message->host_port = rule->host_port;
	message->container_port = rule->container_port;
	message->protocol = (Warden__NetInRequest__Protocol)rule->protocol;
}

/* An address, or a CIDR if the range is one, else A-B. */
static void rules_write_network(char *text, size_t size, const struct warden_out_rule *rule)
{
	uint32_t first = ntohl(rule->first.s_addr), last = ntohl(rule->last.s_addr);
	uint32_t host = first ^ last;
	char address[INET_ADDRSTRLEN], end[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &rule->first, address, sizeof(address));
	inet_ntop(AF_INET, &rule->last, end, sizeof(end));
	if (first == last)
		snprintf(text, size, "%s", address);
	else if ((host & (host + 1)) == 0 && (first & host) == 0)
		snprintf(text, size, "%s/%d", address, __builtin_popcount(~host));
	else
		snprintf(text, size, "%s-%s", address, end);
}

void rules_write_out(Warden__NetOutRequest *message, struct rules_out_text *text,
		     const struct warden_out_rule *rule)
{
	warden__net_out_request__init(message);
	rules_write_network(text->network, sizeof(text->network), rule);
	message_set_text(&message->has_network, &message->network, text->network);
	message->has_protocol = true;
	message->protocol = (Warden__NetOutRequest__Protocol)rule->protocol;
	if (rule->first_port == rule->last_port) {
		message->has_port = true;
		message->port = rule->first_port;
	} else if (rule->first_port != 0 || rule->last_port != UINT16_MAX) {
		snprintf(text->port_range, sizeof(text->port_range), "%u:%u", rule->first_port,
			 rule->last_port);
		message_set_text(&message->has_port_range, &message->port_range, text->port_range);
	}
	message->has_icmp_type = rule->icmp_type >= 0;
	message->icmp_type = rule->icmp_type;
	message->has_icmp_code = rule->icmp_code >= 0;
	message->icmp_code = rule->icmp_code;
	message->has_log = message->log = rule->log;
}
