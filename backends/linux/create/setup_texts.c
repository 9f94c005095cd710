/* SPDX-License-Identifier: Apache-2.0 */
/* See setup_texts.h. */
#include "backends/linux/create/setup_texts.h"

#include <stdio.h>
#include <stdlib.h>

static void setup_texts_print_hosts(FILE *stream, const struct warden_create *create)
{
	for (size_t i = 0; i < create->n_hosts; i++) {
		const struct warden_host_name *host =
			WARDEN_ELEMENT(create->hosts, create->host_size, i);

		fprintf(stream, "%s %s\n", host->address, host->names);
	}
}

static void setup_texts_print_resolv(FILE *stream, const struct warden_create *create)
{
	for (size_t i = 0; create->dns_servers && create->dns_servers[i]; i++)
		fprintf(stream, "nameserver %s\n", create->dns_servers[i]);
}

static int setup_texts_make_one(const struct warden_create *create, char **text, size_t *length,
				void (*print)(FILE *, const struct warden_create *),
				struct warden_error *err)
{
	FILE *stream = open_memstream(text, length);

	if (!stream)
		return warden_error_errno(err, "format a text");
	print(stream, create);
	if (fclose(stream) != 0)
		return warden_error_errno(err, "format a text");
	return 0;
}

int setup_texts_make(struct setup_texts *texts, const struct warden_create *create,
		     struct warden_error *err)
{
	*texts = (struct setup_texts){.hosts = NULL};
	if (setup_texts_make_one(create, &texts->hosts, &texts->hosts_length,
				 setup_texts_print_hosts, err) < 0)
		return -1;
	return setup_texts_make_one(create, &texts->resolv, &texts->resolv_length,
				    setup_texts_print_resolv, err);
}

void setup_texts_free(struct setup_texts *texts)
{
	free(texts->hosts);
	free(texts->resolv);
}
