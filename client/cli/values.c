/* SPDX-License-Identifier: Apache-2.0 */
/* Parses numbers, times, sizes, names and pairs as people write them. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/units.h"

static int values_set_number(struct invocation *invocation, const struct option *option,
			     const char *text, uint64_t number)
{
	struct warden_message *request = option_request(invocation, option);

	if (request && warden_message_set_number(request, option->field, number) == 0)
		return 0;
	return value_error(invocation, option, text);
}

/* Parses a duration of less than `most`. Returns 0, or -1 with errno. */
static int values_read_time(const char *text, enum units_time part, uint64_t most, uint64_t *time)
{
	if (units_read_time(text, part, time) < 0)
		return -1;
	errno = ERANGE;
	return *time < most ? 0 : -1;
}

/* The field has whole seconds: fractions are rounded up. `never` is -1 as in the configuration. */
int set_seconds(struct invocation *invocation, const struct option *option, const char *text)
{
	bool can_be_never = strcmp(option->field, "grace_time") == 0;
	uint64_t seconds;

	if (can_be_never && (strcmp(text, "never") == 0 || strcmp(text, "-1") == 0))
		return values_set_number(invocation, option, text, UINT32_MAX);
	if (values_read_time(text, UNITS_SECOND, UINT32_MAX, &seconds) < 0)
		return value_error(invocation, option, text);
	return values_set_number(invocation, option, text, seconds);
}

int set_reconnect(struct invocation *invocation, const struct option *option, const char *text)
{
	uint64_t milliseconds;

	if (values_read_time(text, UNITS_MILLISECOND, INT_MAX, &milliseconds) < 0)
		return value_error(invocation, option, text);
	invocation->reconnect = (int)milliseconds;
	return 0;
}

/* A million million seconds. */
#define VALUES_MAX_MICROSECONDS UINT64_C(1000000000000000000)

int set_microseconds(struct invocation *invocation, const struct option *option, const char *text)
{
	uint64_t microseconds;

	if (values_read_time(text, UNITS_MICROSECOND, VALUES_MAX_MICROSECONDS, &microseconds) < 0)
		return value_error(invocation, option, text);
	return values_set_number(invocation, option, text, microseconds);
}

/* docker's --network: `none` is the default here, as nothing is reachable without a rule. */
int set_network(struct invocation *invocation, const struct option *option, const char *text)
{
	if (strcmp(text, "none") == 0)
		return 0;
	if (strcmp(text, "host") == 0)
		return usage_error(invocation,
				   "--network host: a container never has the host's network; "
				   "-p forwards a port to it, net-out allows it connections");
	if (strcmp(text, "bridge") == 0)
		return usage_error(invocation,
				   "--network bridge: each container has its own network; `warden "
				   "net-out` allows it connections");
	return set_field(invocation, option, text);
}

/* docker's --cpus: a number of cpus, with a fraction. A list of them is --cpuset. */
int set_cpus(struct invocation *invocation, const struct option *option, const char *text)
{
	uint64_t percent;

	if (strpbrk(text, "-,"))
		return usage_error(invocation,
				   "--cpus: '%s' is not a valid N; --cpuset takes a list of cpus",
				   text);
	if (units_read_percent(text, &percent) < 0)
		return value_error(invocation, option, text);
	errno = ERANGE;
	if (percent >= UINT32_MAX)
		return value_error(invocation, option, text);
	if (warden_message_set_number(option_request(invocation, option), "cpu_quota", percent) ==
	    0)
		return 0;
	return value_error(invocation, option, text);
}

#define UNLIMITED_MEMORY UINT64_C(9223372036854771712)

/* A number of bytes, or of anything that is counted. */
int set_size(struct invocation *invocation, const struct option *option, const char *text)
{
	uint64_t size;

	if (strcmp(text, "unlimited") == 0)
		return values_set_number(invocation, option, text, UNLIMITED_MEMORY);
	if (units_read_size(text, &size) < 0)
		return value_error(invocation, option, text);
	return values_set_number(invocation, option, text, size);
}

int set_property(struct invocation *invocation, const struct option *option, const char *text)
{
	const char *value = strchr(text, '=');
	struct warden_message *property;

	if (!value || value == text)
		return usage_error(invocation, "--%s: '%s' is not a valid %s", option->name, text,
				   option->argument);
	property = warden_message_add(option_request(invocation, option), option->field);
	if (property &&
	    warden_message_set_bytes(property, "key", text, (size_t)(value - text)) == 0 &&
	    warden_message_set(property, "value", value + 1) == 0)
		return 0;
	return value_error(invocation, option, text);
}

/* A name without a value takes the value of this process's variable. */
int set_env(struct invocation *invocation, const struct option *option, const char *text)
{
	const char *value = strchr(text, '=') ? NULL : getenv(text);
	char *pair = NULL;
	int status;

	if (*text == '=' || *text == '\0')
		return usage_error(invocation, "--%s: '%s' is not a valid %s", option->name, text,
				   option->argument);
	if (strchr(text, '='))
		return set_field(invocation, option, text);
	if (!value) /* as with docker: an unset variable is not passed */
		return 0;
	if (asprintf(&pair, "%s=%s", text, value) < 0)
		return value_error(invocation, option, text);
	status = set_field(invocation, option, pair);
	free(pair);
	return status;
}

/* Names of choices have dashes on the command line. */
int set_choice(struct invocation *invocation, const struct option *option, const char *text)
{
	char *name = strdup(text);
	int status;

	if (!name)
		return value_error(invocation, option, text);
	for (char *at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	status = warden_message_set(option_request(invocation, option), option->field, name);
	free(name);
	if (status == 0)
		return 0;
	return usage_error(invocation, "--%s: '%s' is none of %s", option->name, text,
			   option->argument);
}

/* A number, or a name with or without SIG. */
int set_signal(struct invocation *invocation, const struct option *option, const char *text)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

	if (*text >= '0' && *text <= '9')
		return set_field(invocation, option, text);
	for (int number = 1; number < NSIG; number++) {
		const char *known = sigabbrev_np(number);

		if (known && strcasecmp(known, name) == 0)
			return values_set_number(invocation, option, text, (uint64_t)number);
	}
	return usage_error(invocation, "--%s: '%s' is not a signal", option->name, text);
}

int set_mode(struct invocation *invocation, const struct option *option, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' || mode > 07777)
		return usage_error(invocation, "--%s: '%s' is not a valid %s in octal",
				   option->name, text, option->argument);
	return values_set_number(invocation, option, text, mode);
}

/* HOST:CONTAINER[/PROTOCOL], as docker's -p. */
static int values_set_forward(struct warden_message *rule, char *text, const char *single)
{
	char *protocol = strchr(text, '/'), *container = strchr(text, ':');

	if (protocol)
		*protocol++ = '\0';
	if (container)
		*container++ = '\0';
	if (warden_message_set(rule, container ? "host_port" : single, text) < 0 ||
	    (container && warden_message_set(rule, "container_port", container) < 0))
		return -1;
	return protocol ? warden_message_set(rule, "protocol", protocol) : 0;
}

/* Parses FIELD=VALUE,...; a switch needs no value. */
static int values_set_members(struct warden_message *rule, char *text)
{
	char *save = NULL;

	for (char *part = strtok_r(text, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char *value = strchr(part, '=');

		if (value)
			*value++ = '\0';
		for (char *at = part; *at; at++)
			if (*at == '-')
				*at = '_';
		if (warden_message_set(rule, part, value ? value : "true") < 0)
			return -1;
	}
	return 0;
}

/* Adds a rule: fields, or a forward in which a port alone is the field `single`. The `handle`
 * fields of the rules are not set. */
static int values_set_rule(struct invocation *invocation, const struct option *option,
			   const char *text, const char *single)
{
	struct warden_message *rule =
		warden_message_add(option_request(invocation, option), option->field);
	char *copy = strdup(text);
	int result = -1, number;

	if (rule && copy)
		result = single ? values_set_forward(rule, copy, single)
				: values_set_members(rule, copy);
	number = errno;
	free(copy);
	if (result == 0)
		return 0;
	errno = number;
	return value_error(invocation, option, text);
}

int set_rule(struct invocation *invocation, const struct option *option, const char *text)
{
	bool is_forward = !strchr(text, '=') && strcmp(option->field, "in") == 0;

	return values_set_rule(invocation, option, text, is_forward ? "host_port" : NULL);
}

/* A single port is the container's. */
int set_publish(struct invocation *invocation, const struct option *option, const char *text)
{
	return values_set_rule(invocation, option, text, "container_port");
}
