/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for the small objects without which an event or a client would be lost without a word. */
#pragma once

#include <stddef.h>

/* calloc(1, size) that waits while there is no memory; after 10 seconds it ends the process, whose
 * next one recovers. */
void *patient_calloc(size_t size);
