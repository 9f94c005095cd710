/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what is kept for a container; see container_subject.h. */
#include <config.h>

#include <stddef.h>

#include "core/container/container_subject.h"

/* In the order of release. Transfers come first: ending one may answer a request and still use all
 * the rest. Jobs come before the network, the uid and the slot go back to the pools, and these
 * before the ports of the rules. The options are last, since all the others may read them. */
const struct container_subject *const container_subjects[] = {
	&transfers_subject,
	&jobs_subject,
	&grace_subject,
	&ttl_subject,
	&stop_subject,
	&destroy_subject,
	&limits_subject,
	&idempotence_subject,
	&pools_subject,
	&rules_subject,
	&info_subject,
	&create_mounts_subject,
	&create_options_subject,
	&journal_subject,
	NULL,
};
