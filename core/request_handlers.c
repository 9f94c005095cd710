/* SPDX-License-Identifier: Apache-2.0 */
/* The table of requests; see request.h. */
#include <config.h>

#include "core/wire/request.h"

/* In the order of their numbers. */
/* clang-format off */
static const struct request_handler *const handlers[] = {
	&create_request,
	&stop_request,
	&destroy_request,
	&info_request,
	&spawn_request,
	&link_request,
	&run_request,
	&stream_request,
	&net_in_request,
	&net_out_request,
	&copy_in_request,
	&copy_out_request,
	&limit_memory_request,
	&limit_disk_request,
	&limit_bandwidth_request,
	&limit_cpu_request,
	&ping_request,
	&list_request,
	&echo_request,
	&net_list_request,
	&net_remove_request,
	&net_replace_request,
	&limit_request,
	&pause_request,
	&resume_request,
	&info_many_request,
	&tar_in_request,
	&tar_data_request,
	&tar_out_request,
	&file_read_request,
	&file_write_request,
	&file_list_request,
	&file_remove_request,
	&file_watch_request,
	&job_input_request,
	&job_signal_request,
	&job_resize_request,
	&attach_request,
	&jobs_request,
	&spawn_pair_request,
	&collect_request,
	&events_request,
	&status_request,
};
/* clang-format on */

const struct request_handler *const *request_handlers(size_t *n)
{
	*n = sizeof(handlers) / sizeof(handlers[0]);
	return handlers;
}
