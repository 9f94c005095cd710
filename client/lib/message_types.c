/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the protocol: numbers, names and message descriptors. */
#include <config.h>

#include "client/lib/message.h"

#include "proto/warden.pb-c.h"

#include <string.h>

#define TYPE(Camel, snake)                                                                         \
	{                                                                                          \
		WARDEN__MESSAGE__TYPE__##Camel, #snake, &warden__##snake##_request__descriptor,    \
			&warden__##snake##_response__descriptor                                    \
	}

static const struct message_type types[] = {
	TYPE(Create, create),
	TYPE(Stop, stop),
	TYPE(Destroy, destroy),
	TYPE(Info, info),
	TYPE(Spawn, spawn),
	TYPE(Link, link),
	TYPE(Run, run),
	TYPE(Stream, stream),
	TYPE(NetIn, net_in),
	TYPE(NetOut, net_out),
	TYPE(CopyIn, copy_in),
	TYPE(CopyOut, copy_out),
	TYPE(LimitMemory, limit_memory),
	TYPE(LimitDisk, limit_disk),
	TYPE(LimitBandwidth, limit_bandwidth),
	TYPE(LimitCpu, limit_cpu),
	TYPE(Ping, ping),
	TYPE(List, list),
	TYPE(Echo, echo),
	TYPE(NetList, net_list),
	TYPE(NetRemove, net_remove),
	TYPE(NetReplace, net_replace),
	TYPE(Limit, limit),
	TYPE(Pause, pause),
	TYPE(Resume, resume),
	TYPE(InfoMany, info_many),
	TYPE(TarIn, tar_in),
	TYPE(TarData, tar_data),
	TYPE(TarOut, tar_out),
	TYPE(FileRead, file_read),
	TYPE(FileWrite, file_write),
	TYPE(FileList, file_list),
	TYPE(FileRemove, file_remove),
	TYPE(FileWatch, file_watch),
	TYPE(JobInput, job_input),
	TYPE(JobSignal, job_signal),
	TYPE(JobResize, job_resize),
	TYPE(Attach, attach),
	TYPE(Jobs, jobs),
	TYPE(SpawnPair, spawn_pair),
	TYPE(Collect, collect),
	TYPE(Events, events),
	TYPE(Status, status),
};

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

const struct message_type *message_type_of_request(const struct warden_message *request)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].request == message_base(request)->descriptor)
			return &types[i];
	return NULL;
}

const struct message_type *message_type_of_number(int number)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].number == number)
			return &types[i];
	return NULL;
}

const struct message_type *message_type_of_name(const char *name)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const char *warden_request_name(size_t index)
{
	return index < N_TYPES ? types[index].name : NULL;
}
