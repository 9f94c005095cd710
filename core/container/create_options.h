/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a Create, except those that concern the pools: read from the request, checked,
 * kept in the container and in its snapshot. Also the job defaults of the image. */
#ifndef CORE_CONTAINER_CREATE_OPTIONS_H
#define CORE_CONTAINER_CREATE_OPTIONS_H

#include <jansson.h>

#include "proto/warden.pb-c.h"
#include "warden/backend.h"

struct property {
	char *key, *value;
};

struct create_options {
	char **layers; /* topmost first; NULL: the rootfs alone */
	size_t n_layers;
	uint64_t tmpfs_bytes, tmpfs_inodes; /* 0: none */
	char **env;                         /* NAME=VALUE, ends in NULL; NULL: none */
	size_t n_env;
	struct property *properties;
	size_t n_properties;
	uint32_t ttl;                   /* seconds; 0: unlimited */
	char *hostname;                 /* NULL: the id */
	struct warden_host_name *hosts; /* owns its strings */
	size_t n_hosts;
	char **dns_servers; /* ends in NULL; NULL: the configured ones */
	size_t n_dns_servers;
	uint64_t shm_bytes; /* 0: the backend's default */
	char *seccomp;      /* NULL: the backend's default */
	/* Of every job. A container of a release before these options cannot have it, nor its jobs.
	 */
	bool no_new_privs, knows_no_new_privs;

	/* From the file beside the root file system; see image_defaults.h. */
	struct {
		char **env; /* ends in NULL; NULL: none */
		size_t n_env;
		char *working_dir, *user; /* NULL: none */
	} image;
};

/* Fills `options`, which is all zero, from a request. -1 and `err`: names the field and its value.
 * create_options_free frees what was filled in either case. */
int create_options_take(struct create_options *options, const Warden__CreateRequest *asked,
			struct warden_error *err);
void create_options_free(struct create_options *options);

/* For the snapshot. False: the snapshot is damaged. */
json_t *create_options_to_json(const struct create_options *options);
bool create_options_from_json(struct create_options *options, const json_t *json);

/* A path of a client: absolute, without control characters, since it is written into line-based
 * files. malloc'd; NULL and `err`. */
char *create_take_path(const ProtobufCBinaryData *bytes, const char *field,
		       struct warden_error *err);

/* Reads the properties of a request; keys must be unique. `*taken` is to be freed in either case.
 */
int properties_take(Warden__Property *const *asked, size_t n, struct property **taken,
		    size_t *n_taken, struct warden_error *err);
void properties_free(struct property *properties, size_t n);

/* Whether the options have all properties of `wanted`. */
bool properties_match(const struct create_options *options, const struct property *wanted,
		      size_t n);

#endif
