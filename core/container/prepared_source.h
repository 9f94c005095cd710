/* SPDX-License-Identifier: Apache-2.0 */
/* The layers that a prepared container was made from. If they are not the same any more when a
 * create asks for the container, or the client may not reach them any more, it is not used. Worker
 * threads.
 */
#ifndef CORE_CONTAINER_PREPARED_SOURCE_H
#define CORE_CONTAINER_PREPARED_SOURCE_H

#include "warden/error.h"

struct container;
struct prepared_source;

/* Notes the layers and their accounts, as the client finds them. The caller frees `*sources`. */
int prepared_sources_read(const struct container *container, struct prepared_source **sources,
			  struct warden_error *err);

/* Fails if what `container` names, which is of the shape of `prepared`, has changed since that was
 * made. */
int prepared_sources_compare(const struct container *container, const struct container *prepared,
			     struct warden_error *err);

#endif
