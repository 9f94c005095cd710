/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and checks the options of a Create; see create_options.h. */
#include <config.h>

#include "core/container/create_options.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/wire/request.h"
#include "lib/address.h"
#include "lib/cleanup.h"
#include "lib/environment.h"
#include "lib/hostname.h"
#include "lib/text.h"

enum {
	LAYERS_MAX = 64,
	ENV_MAX = 1024,
	ENV_BYTES_MAX = 65536, /* in total */
	PROPERTIES_MAX = 256,
	PROPERTY_KEY_MAX = 256,
	PROPERTY_VALUE_MAX = 4096,
	PROPERTIES_BYTES_MAX = 65536, /* in total */
	HOSTS_MAX = 256,
	HOSTS_LINE_MAX = 1024,
	HOSTS_BYTES_MAX = 65536, /* in total */
	DNS_SERVERS_MAX = 16,
	SECCOMP_MAX = 64,
};

#define TMPFS_BYTES_MIN  UINT64_C(1048576) /* room for the container's own files */
#define TMPFS_INODES_MIN UINT64_C(64)
#define TMPFS_INODES_MAX UINT64_C(2147483647)
#define SHM_BYTES_MIN    UINT64_C(4096)
#define BYTES_MAX        UINT64_C(1125899906842624) /* 1 PiB */

/* A text of a client for an error message: escaped, one line, truncated. */
struct create_options_shown {
	char text[128];
};

static struct create_options_shown create_options_show(const char *text, size_t length)
{
	struct create_options_shown shown = {""};

	text_escape(shown.text, sizeof(shown.text), text, length);
	return shown;
}

char *create_take_path(const ProtobufCBinaryData *bytes, const char *field,
		       struct warden_error *err)
{
	char *path = request_text(bytes, field, PATH_MAX - 1, err);

	if (path && (*path != '/' || text_has_control(path, bytes->len))) {
		warden_error_set(err,
				 "%s must be an absolute path without control characters, not '%s'",
				 field, create_options_show(path, bytes->len).text);
		free(path);
		return NULL;
	}
	return path;
}

static int create_options_check_range(const char *field, uint64_t value, uint64_t min, uint64_t max,
				      struct warden_error *err)
{
	if (value >= min && value <= max)
		return 0;
	return warden_error_set(err, "%s must be from %" PRIu64 " to %" PRIu64 ", not %" PRIu64,
				field, min, max, value);
}

static int create_options_check_count(const char *field, size_t n, size_t max,
				      struct warden_error *err)
{
	if (n <= max)
		return 0;
	return warden_error_set(err, "%zu %s, at most %zu are allowed", n, field, max);
}

static int create_options_check_total(const char *field, size_t bytes, size_t max,
				      struct warden_error *err)
{
	if (bytes <= max)
		return 0;
	return warden_error_set(err, "%s: %zu bytes in all, at most %zu are allowed", field, bytes,
				max);
}

/* Reads a list of texts of at most `bytes_max` bytes each; the result ends in NULL. */
static int create_options_take_texts(const ProtobufCBinaryData *asked, size_t n, const char *field,
				     size_t bytes_max, char ***texts, struct warden_error *err)
{
	if (n == 0)
		return 0;
	*texts = calloc(n + 1, sizeof(**texts));
	if (!*texts)
		return warden_error_set(err, "no memory for %s", field);
	for (size_t i = 0; i < n; i++) {
		(*texts)[i] = request_text(&asked[i], field, bytes_max, err);
		if (!(*texts)[i])
			return -1;
	}
	return 0;
}

static int create_options_take_layers(struct create_options *options,
				      const Warden__CreateRequest *asked, struct warden_error *err)
{
	if (asked->n_layers == 0)
		return 0;
	if (asked->has_rootfs && asked->rootfs.len > 0)
		return warden_error_set(err, "layers and rootfs exclude each other");
	if (create_options_check_count("layers", asked->n_layers, LAYERS_MAX, err) < 0)
		return -1;
	options->layers = calloc(asked->n_layers + 1, sizeof(*options->layers));
	if (!options->layers)
		return warden_error_set(err, "no memory for layers");
	for (size_t i = 0; i < asked->n_layers; i++) {
		options->layers[i] = create_take_path(&asked->layers[i], "layers", err);
		if (!options->layers[i])
			return -1;
		options->n_layers++;
	}
	return 0;
}

static int create_options_take_sizes(struct create_options *options,
				     const Warden__CreateRequest *asked, struct warden_error *err)
{
	if (asked->has_tmpfs_bytes &&
	    create_options_check_range("tmpfs_bytes", asked->tmpfs_bytes, TMPFS_BYTES_MIN,
				       BYTES_MAX, err) < 0)
		return -1;
	if (asked->has_tmpfs_inodes && !asked->has_tmpfs_bytes)
		return warden_error_set(err, "tmpfs_inodes %" PRIu64 " without tmpfs_bytes",
					asked->tmpfs_inodes);
	if (asked->has_tmpfs_inodes &&
	    create_options_check_range("tmpfs_inodes", asked->tmpfs_inodes, TMPFS_INODES_MIN,
				       TMPFS_INODES_MAX, err) < 0)
		return -1;
	if (asked->has_shm_bytes && create_options_check_range("shm_bytes", asked->shm_bytes,
							       SHM_BYTES_MIN, BYTES_MAX, err) < 0)
		return -1;
	if (asked->has_ttl && create_options_check_range("ttl", asked->ttl, 1, UINT32_MAX, err) < 0)
		return -1;
	options->tmpfs_bytes = asked->has_tmpfs_bytes ? asked->tmpfs_bytes : 0;
	options->tmpfs_inodes = asked->has_tmpfs_inodes ? asked->tmpfs_inodes : 0;
	options->shm_bytes = asked->has_shm_bytes ? asked->shm_bytes : 0;
	options->ttl = asked->has_ttl ? asked->ttl : 0;
	return 0;
}

static int create_options_take_env(struct create_options *options,
				   const Warden__CreateRequest *asked, struct warden_error *err)
{
	size_t bytes = 0;

	if (create_options_check_count("env", asked->n_env, ENV_MAX, err) < 0 ||
	    create_options_take_texts(asked->env, asked->n_env, "env", ENV_BYTES_MAX, &options->env,
				      err) < 0)
		return -1;
	options->n_env = asked->n_env;
	for (size_t i = 0; i < asked->n_env; i++) {
		bytes += asked->env[i].len + 1;
		if (environment_check(options->env, i, "env", err) < 0)
			return -1;
	}
	return create_options_check_total("env", bytes, ENV_BYTES_MAX, err);
}

static int properties_take_one(struct property *taken, const Warden__Property *asked,
			       struct warden_error *err)
{
	taken->key = request_text(&asked->key, "properties.key", PROPERTY_KEY_MAX, err);
	if (!taken->key)
		return -1;
	if (!*taken->key || text_has_control(taken->key, asked->key.len))
		return warden_error_set(err, "properties.key must be text in one line, not '%s'",
					create_options_show(taken->key, asked->key.len).text);
	taken->value = request_text(&asked->value, "properties.value", PROPERTY_VALUE_MAX, err);
	return taken->value ? 0 : -1;
}

int properties_take(Warden__Property *const *asked, size_t n, struct property **taken,
		    size_t *n_taken, struct warden_error *err)
{
	size_t bytes = 0;

	if (n == 0)
		return 0;
	if (create_options_check_count("properties", n, PROPERTIES_MAX, err) < 0)
		return -1;
	*taken = calloc(n, sizeof(**taken));
	if (!*taken)
		return warden_error_set(err, "no memory for properties");
	for (size_t i = 0; i < n; i++) {
		struct property *property = &(*taken)[(*n_taken)++];

		if (properties_take_one(property, asked[i], err) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (strcmp((*taken)[k].key, property->key) == 0)
				return warden_error_set(
					err, "properties: key '%s' is set twice",
					create_options_show(property->key, strlen(property->key))
						.text);
		bytes += asked[i]->key.len + asked[i]->value.len;
	}
	return create_options_check_total("properties", bytes, PROPERTIES_BYTES_MAX, err);
}

static int create_options_take_hostname(struct create_options *options,
					const Warden__CreateRequest *asked,
					struct warden_error *err)
{
	if (!asked->has_hostname || asked->hostname.len == 0)
		return 0;
	options->hostname = request_text(&asked->hostname, "hostname", HOSTNAME_MAX, err);
	if (!options->hostname)
		return -1;
	if (!hostname_is_valid(options->hostname))
		return warden_error_set(
			err,
			"hostname must be labels of at most 63 letters, digits and inner hyphens, "
			"separated by dots, not '%s'",
			create_options_show(options->hostname, asked->hostname.len).text);
	return 0;
}

/* The backend knows the names. */
static int create_options_take_seccomp(struct create_options *options,
				       const Warden__CreateRequest *asked, struct warden_error *err)
{
	if (!asked->has_seccomp || asked->seccomp.len == 0)
		return 0;
	options->seccomp = request_text(&asked->seccomp, "seccomp", SECCOMP_MAX, err);
	return options->seccomp ? 0 : -1;
}

static int create_options_take_host(struct warden_host_name *host, const ProtobufCBinaryData *asked,
				    struct warden_error *err)
{
	char *names, *line = request_text(asked, "hosts", HOSTS_LINE_MAX, err);

	if (!line)
		return -1;
	if (!hostname_split_hosts_line(line, &names)) {
		free(line);
		return warden_error_set(
			err,
			"hosts must be an IPv4 or IPv6 address and names of hosts, "
			"not '%s'",
			create_options_show((const char *)asked->data, asked->len).text);
	}
	host->address = line;
	host->names = strdup(names);
	return host->names ? 0 : warden_error_set(err, "no memory for hosts");
}

static int create_options_take_hosts(struct create_options *options,
				     const Warden__CreateRequest *asked, struct warden_error *err)
{
	size_t bytes = 0;

	if (create_options_check_count("hosts", asked->n_hosts, HOSTS_MAX, err) < 0)
		return -1;
	options->hosts = calloc(asked->n_hosts + 1, sizeof(*options->hosts));
	if (!options->hosts)
		return warden_error_set(err, "no memory for hosts");
	for (size_t i = 0; i < asked->n_hosts; i++) {
		bytes += asked->hosts[i].len + 1;
		if (create_options_take_host(&options->hosts[options->n_hosts++], &asked->hosts[i],
					     err) < 0)
			return -1;
	}
	return create_options_check_total("hosts", bytes, HOSTS_BYTES_MAX, err);
}

static int create_options_take_dns_servers(struct create_options *options,
					   const Warden__CreateRequest *asked,
					   struct warden_error *err)
{
	size_t n = asked->n_dns_servers;

	if (create_options_check_count("dns_servers", n, DNS_SERVERS_MAX, err) < 0 ||
	    create_options_take_texts(asked->dns_servers, n, "dns_servers", HOSTS_LINE_MAX,
				      &options->dns_servers, err) < 0)
		return -1;
	options->n_dns_servers = n;
	for (size_t i = 0; i < n; i++)
		if (!address_is_ip(options->dns_servers[i]))
			return warden_error_set(
				err, "dns_servers must be IPv4 or IPv6 addresses, not '%s'",
				create_options_show(options->dns_servers[i],
						    asked->dns_servers[i].len)
					.text);
	return 0;
}

int create_options_take(struct create_options *options, const Warden__CreateRequest *asked,
			struct warden_error *err)
{
	if (create_options_take_layers(options, asked, err) < 0 ||
	    create_options_take_sizes(options, asked, err) < 0 ||
	    create_options_take_env(options, asked, err) < 0 ||
	    create_options_take_hostname(options, asked, err) < 0 ||
	    create_options_take_seccomp(options, asked, err) < 0 ||
	    create_options_take_hosts(options, asked, err) < 0 ||
	    create_options_take_dns_servers(options, asked, err) < 0)
		return -1;
	return properties_take(asked->properties, asked->n_properties, &options->properties,
			       &options->n_properties, err);
}

static void create_options_free_texts(char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

static bool properties_have(const struct create_options *options, const struct property *wanted)
{
	for (size_t i = 0; i < options->n_properties; i++)
		if (strcmp(options->properties[i].key, wanted->key) == 0)
			return strcmp(options->properties[i].value, wanted->value) == 0;
	return false;
}

bool properties_match(const struct create_options *options, const struct property *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!properties_have(options, &wanted[i]))
			return false;
	return true;
}

void properties_free(struct property *properties, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(properties[i].key);
		free(properties[i].value);
	}
	free(properties);
}

void create_options_free(struct create_options *options)
{
	create_options_free_texts(options->layers);
	create_options_free_texts(options->env);
	create_options_free_texts(options->dns_servers);
	create_options_free_texts(options->image.env);
	properties_free(options->properties, options->n_properties);
	for (size_t i = 0; i < options->n_hosts; i++) {
		free((char *)options->hosts[i].address);
		free((char *)options->hosts[i].names);
	}
	free(options->hosts);
	free(options->hostname);
	free(options->seccomp);
	free(options->image.working_dir);
	free(options->image.user);
	*options = (struct create_options){0};
}

static void create_options_release(struct container *c)
{
	create_options_free(&c->options);
}

const struct container_subject create_options_subject = {
	.release = create_options_release,
};
