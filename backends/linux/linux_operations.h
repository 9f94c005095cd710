/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of warden_container_klass, each in the file of its name; include/warden/backend.h
 * documents them. */
#ifndef BACKENDS_LINUX_LINUX_OPERATIONS_H
#define BACKENDS_LINUX_LINUX_OPERATIONS_H

#include "warden/backend.h"

int linux_create(void *backend, const struct warden_create *create, void **container,
		 struct warden_error *err);
int linux_adopt(void *container, const struct warden_create *create, struct warden_error *err);
int linux_restore(void *backend, const struct warden_identity *identity,
		  enum warden_restore_state state, void **container,
		  struct warden_restored *restored, struct warden_error *err);
int linux_reconnect(void *container, struct warden_restored *restored, struct warden_error *err);
int linux_spawn(void *container, const struct warden_spawn *spawn, struct warden_error *err);
int linux_job_close_input(void *container, uint32_t job_id, struct warden_error *err);
int linux_job_resize(void *container, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err);
int linux_job_signal(void *container, uint32_t job_id, int signal, struct warden_error *err);
void linux_job_forget(void *container, uint32_t job_id);
int linux_transfer(void *container, const struct warden_transfer *transfer,
		   struct warden_error *err);
void linux_transfer_cancel(void *container, uint64_t transfer_id);
int linux_stop(void *container, int signal, struct warden_error *err);
void linux_destroy(void *container);
void linux_detach(void *container);
int linux_set_rules(void *container, const struct warden_rules *rules, struct warden_error *err);
int linux_set_limits(void *container, const struct warden_limits *limits,
		     struct warden_limits *in_force, struct warden_error *err);
int linux_pause(void *container, bool paused, struct warden_error *err);
int linux_info(void *container, struct warden_info *info, struct warden_error *err);
int linux_describe(void *backend, const struct warden_host *host, warden_fact_function report,
		   void *report_data, struct warden_error *err);
int linux_allow_networks(void *backend, const char *const *networks, struct warden_error *err);
int linux_clean(const struct warden_host *host, const struct warden_clean *to,
		struct warden_error *err);

#endif
