/* SPDX-License-Identifier: Apache-2.0 */
/* The table of subjects that keep fields in a container; see container_subject.h. */
#include <config.h>

#include <stddef.h>

#include "core/container/container_subject.h"

/* In the order of release, which matters. Transfers and jobs come first, since ending them answers
 * requests and may use all that follows; network, uid, slot and ports return to their pools next,
 * before a create that waits for them goes on; the options come last, since the other subjects may
 * read them. The order of init does not matter. */
const struct container_subject *const container_subjects[] = {
	&transfers_subject,      &jobs_subject,     &job_log_subject,
	&grace_subject,          &recovery_subject, &ttl_subject,
	&stop_subject,           &destroy_subject,  &limits_subject,
	&idempotence_subject,    &pools_subject,    &prepared_subject,
	&rules_subject,          &info_subject,     &create_mounts_subject,
	&create_options_subject, &journal_subject,  NULL,
};
