/* SPDX-License-Identifier: Apache-2.0 */
/* The subjects that keep fields in struct container: jobs, limits, rules and so on. Each defines
 * its struct container_subject beside its own code; container.c reaches them through the server's
 * table only. To add a subject: its struct, a declaration here, a line in
 * core/container_subjects.c. */
#ifndef CORE_CONTAINER_CONTAINER_SUBJECT_H
#define CORE_CONTAINER_CONTAINER_SUBJECT_H

struct container;

struct container_subject {
	/* Optional. Initialises the subject's fields of a zeroed container. It cannot fail and
	 * calls no other subject. */
	void (*init)(struct container *container);
	/* Optional. Frees the subject's fields right before the container is freed. Called exactly
	 * once, also if the create failed. */
	void (*release)(struct container *container);
};

/* In the order of release; ends in NULL. */
extern const struct container_subject *const container_subjects[];

extern const struct container_subject create_mounts_subject;
extern const struct container_subject create_options_subject;
extern const struct container_subject destroy_subject;
extern const struct container_subject grace_subject;
extern const struct container_subject idempotence_subject;
extern const struct container_subject info_subject;
extern const struct container_subject job_log_subject;
extern const struct container_subject jobs_subject;
extern const struct container_subject journal_subject;
extern const struct container_subject limits_subject;
extern const struct container_subject pools_subject;
extern const struct container_subject prepared_subject;
extern const struct container_subject recovery_subject;
extern const struct container_subject rules_subject;
extern const struct container_subject stop_subject;
extern const struct container_subject transfers_subject;
extern const struct container_subject ttl_subject;

#endif
