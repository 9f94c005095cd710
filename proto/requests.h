/* SPDX-License-Identifier: Apache-2.0 */
/* The list of requests, in the order of their numbers. The daemon makes its dispatch table from it
 * (core/request_handlers.c), the client library its table of messages (client/lib/message_types.c).
 *
 * To add a request, say FileCopy:
 * 1. proto/warden.proto: `FileCopy = NUMBER` in Message.Type (at most METRICS_TYPES - 1, see
 *    core/health/metrics.h), messages FileCopyRequest and FileCopyResponse;
 * 2. here: a line `REQUEST(FileCopy, file_copy)`;
 * 3. core/requests/file_copy.c, which ends in the definition of `file_copy_request` (struct
 *    request_handler, core/wire/request.h), and its line in core/local.mk;
 * 4. doc/protocol.md: what it does. */
#ifndef PROTO_REQUESTS_H
#define PROTO_REQUESTS_H

/* Expands REQUEST(Type, name) for each request. Type is its value in Message.Type; name is its name
 * in commands, logs and metrics, the prefix of its protobuf-c messages (warden__NAME_request) and
 * of its handler (NAME_request). */
/* clang-format off */
#define REQUESTS(REQUEST) \
	REQUEST(Create, create) \
	REQUEST(Stop, stop) \
	REQUEST(Destroy, destroy) \
	REQUEST(Info, info) \
	REQUEST(Spawn, spawn) \
	REQUEST(Link, link) \
	REQUEST(Run, run) \
	REQUEST(Stream, stream) \
	REQUEST(NetIn, net_in) \
	REQUEST(NetOut, net_out) \
	REQUEST(CopyIn, copy_in) \
	REQUEST(CopyOut, copy_out) \
	REQUEST(LimitMemory, limit_memory) \
	REQUEST(LimitDisk, limit_disk) \
	REQUEST(LimitBandwidth, limit_bandwidth) \
	REQUEST(LimitCpu, limit_cpu) \
	REQUEST(Ping, ping) \
	REQUEST(List, list) \
	REQUEST(Echo, echo) \
	REQUEST(NetList, net_list) \
	REQUEST(NetRemove, net_remove) \
	REQUEST(NetReplace, net_replace) \
	REQUEST(Limit, limit) \
	REQUEST(Pause, pause) \
	REQUEST(Resume, resume) \
	REQUEST(InfoMany, info_many) \
	REQUEST(TarIn, tar_in) \
	REQUEST(TarData, tar_data) \
	REQUEST(TarOut, tar_out) \
	REQUEST(FileRead, file_read) \
	REQUEST(FileWrite, file_write) \
	REQUEST(FileList, file_list) \
	REQUEST(FileRemove, file_remove) \
	REQUEST(FileWatch, file_watch) \
	REQUEST(JobInput, job_input) \
	REQUEST(JobSignal, job_signal) \
	REQUEST(JobResize, job_resize) \
	REQUEST(Attach, attach) \
	REQUEST(Jobs, jobs) \
	REQUEST(SpawnPair, spawn_pair) \
	REQUEST(Collect, collect) \
	REQUEST(Events, events) \
	REQUEST(Status, status)
/* clang-format on */

#endif
