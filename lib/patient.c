/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that waits; see patient.h. */
#include "lib/patient.h"

#include <stdlib.h>
#include <unistd.h>

enum { PATIENT_TRIES = 1000, PATIENT_PAUSE_US = 10000 };

void *patient_calloc(size_t size)
{
	for (int i = 0; i < PATIENT_TRIES; i++) {
		void *memory = calloc(1, size);

		if (memory)
			return memory;
		usleep(PATIENT_PAUSE_US);
	}
	abort();
}
