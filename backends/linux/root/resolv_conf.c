/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a container's /etc/resolv.conf; see resolv_conf.h. */
#include "backends/linux/root/resolv_conf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* The files in which local stubs keep their upstream servers. */
static const char *const stub_files[] = {
	"run/systemd/resolve/resolv.conf",
	"run/NetworkManager/no-stub-resolv.conf",
};

/* The name servers of a resolv.conf, counted. */
struct resolv_servers {
	size_t n, local;
	size_t others; /* lines that are neither empty nor a comment nor a server */
	char first[64];
};

static void resolv_conf_parse_line(struct resolv_servers *servers, const char *line, size_t length)
{
	char text[128];
	char word[16], value[64];
	int words;

	snprintf(text, sizeof(text), "%.*s", (int)(length < 127 ? length : 127), line);
	words = sscanf(text, " %15s %63s", word, value);
	if (words < 1 || word[0] == '#' || word[0] == ';')
		return;
	if (words < 2 || strcmp(word, "nameserver") != 0) {
		servers->others++;
		return;
	}
	if (servers->n++ == 0)
		snprintf(servers->first, sizeof(servers->first), "%s", value);
	if (strncmp(value, "127.", 4) == 0 || strcmp(value, "::1") == 0)
		servers->local++;
}

static struct resolv_servers resolv_conf_parse(const struct text *text)
{
	struct resolv_servers servers = {.n = 0};
	size_t at = 0;

	while (at < text->length) {
		const char *line = text->bytes + at;
		const char *end = memchr(line, '\n', text->length - at);
		size_t length = end ? (size_t)(end - line) : text->length - at;

		resolv_conf_parse_line(&servers, line, length);
		at += length + 1;
	}
	return servers;
}

/* Prints a nameserver line for each server. */
static int resolv_conf_print_servers(const char *const *servers, struct text *text,
				     struct warden_error *err)
{
	FILE *stream = open_memstream(&text->bytes, &text->length);

	if (!stream)
		return warden_error_errno(err, "make resolv.conf");
	for (; *servers; servers++)
		fprintf(stream, "nameserver %s\n", *servers);
	if (fclose(stream) != 0)
		return warden_error_errno(err, "make resolv.conf");
	return 0;
}

/* Reads the upstream servers of the host's local stub: inside a container, a loopback address is
 * the container's own. */
static int resolv_conf_read_stub(struct setup *setup, int root, struct text *text,
				 struct warden_error *err)
{
	struct warden_error note;

	for (size_t i = 0; i < ARRAY_SIZE(stub_files); i++) {
		struct text found;
		struct resolv_servers servers;

		if (root_files_read(root, "the host", stub_files[i], &found, err) < 0)
			return -1;
		servers = resolv_conf_parse(&found);
		if (servers.n > servers.local) {
			free(text->bytes);
			*text = found;
			return 0;
		}
		free(found.bytes);
	}
	warden_error_set(&note, "the host's resolv.conf names a local server, which containers "
				"cannot reach; set network.dns_servers");
	setup_note(setup, &note);
	return 0;
}

int resolv_conf_make(struct setup *setup, struct text *text, struct warden_error *err)
{
	const char *const *configured = setup->backend->host->settings->dns_servers;
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char address[INET_ADDRSTRLEN];
	const char *host[] = {address, NULL};
	struct resolv_servers servers;

	if (configured && configured[0])
		return resolv_conf_print_servers(configured, text, err);
	if (root < 0)
		return warden_error_errno(err, "open /");
	if (root_files_read(root, "the host", "etc/resolv.conf", text, err) < 0)
		return -1;
	servers = resolv_conf_parse(text);
	if (servers.n == 0 || servers.local < servers.n)
		return 0;
	if (servers.n == 1 && servers.others == 0 && strcmp(servers.first, "127.0.0.1") == 0) {
		free(text->bytes);
		inet_ntop(AF_INET, &setup->parameters.host_ip, address, sizeof(address));
		return resolv_conf_print_servers(host, text, err);
	}
	return resolv_conf_read_stub(setup, root, text, err);
}

void resolv_conf_check(const struct warden_host *host)
{
	const char *const *servers = host->settings->dns_servers;
	struct in6_addr address; /* room for either */

	for (; servers && *servers; servers++)
		if (inet_pton(AF_INET, *servers, &address) != 1 &&
		    inet_pton(AF_INET6, *servers, &address) != 1)
			host->log(host, WARDEN_LOG_WARN, NULL,
				  "network.dns_servers: %s is no address: programs in containers "
				  "ignore it",
				  *servers);
}
