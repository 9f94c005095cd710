/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a container for Info and for the last answer of link, run and stream. */
#ifndef CORE_CONTAINER_CONTAINER_INFO_H
#define CORE_CONTAINER_CONTAINER_INFO_H

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

struct info_answer {
	Warden__InfoResponse message;
	Warden__InfoResponse__MemoryStat memory;
	Warden__InfoResponse__CpuStat cpu;
	Warden__InfoResponse__DiskStat disk;
	Warden__InfoResponse__BandwidthStat bandwidth;
	Warden__InfoResponse__NetworkStat network;
	Warden__InfoResponse__Pressure cpu_some, memory_some, memory_full, io_some, io_full;
	Warden__Limits limits;
	ProtobufCBinaryData events[2];
	Warden__Property *properties;
	char host_ip[INET_ADDRSTRLEN], container_ip[INET_ADDRSTRLEN];
};

/* Fills `answer`, which refers to `container` and must not be copied. False: no memory.
 * container_info_answer_free frees it in either case. */
bool container_info_answer_init(struct info_answer *answer, const struct container *container,
				const struct warden_info *info);
void container_info_answer_free(struct info_answer *answer);

/* Asks the backend for the figures on a worker and calls `done` on the loop thread. If the backend
 * fails, the previous figures remain. False: no memory, and `done` is not called. */
bool container_info_ask(struct container *container, void (*done)(struct container *, void *),
			void *data);

#endif
