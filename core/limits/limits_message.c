/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in messages; an invalid value is refused with the name of its field. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "core/job/cpu_lease.h"
#include "core/limits/limits.h"
#include "core/server.h"
#include "core/wire/request.h"

enum {
	BLOCK = 1024, /* bytes, of a quota */
	CPUS_MAX = 255,
	QUOTA_MAX = 1000000, /* percent: 10,000 cpus */
	PROCESSES_MAX = 4194304,
	IO_WEIGHT_MAX = 10000,
};

static int limits_refuse_number(struct warden_error *err, const char *field, uint64_t value,
				const char *why)
{
	return warden_error_set(err, "%s: %" PRIu64 " %s", field, value, why);
}

static int limits_check_most(uint64_t value, uint64_t most, const char *field,
			     struct warden_error *err)
{
	if (value <= most)
		return 0;
	return warden_error_set(err, "%s: %" PRIu64 " is more than %" PRIu64, field, value, most);
}

/* Returns the nearest value that a queue can have. */
static uint64_t limits_clamp(uint64_t value)
{
	if (value == 0)
		return 1;
	return value > LIMITS_NO_RATE ? LIMITS_NO_RATE : value;
}

void limits_take_bandwidth(struct warden_limits *limits, uint64_t rate, uint64_t burst)
{
	limits->bandwidth_rate = limits_clamp(rate);
	limits->bandwidth_burst = limits_clamp(burst);
}

static int limits_take_bandwidth_fields(struct warden_limits *limits, const Warden__Limits *message,
					struct warden_error *err)
{
	if (message->has_bandwidth_rate != message->has_bandwidth_burst)
		return warden_error_set(err, "bandwidth_%s: is missing, bandwidth_%s requires it",
					message->has_bandwidth_rate ? "burst" : "rate",
					message->has_bandwidth_rate ? "rate" : "burst");
	if (message->has_bandwidth_rate)
		limits_take_bandwidth(limits, message->bandwidth_rate, message->bandwidth_burst);
	return 0;
}

uint64_t limits_blocks(uint64_t bytes)
{
	return bytes / BLOCK + (bytes % BLOCK != 0);
}

static int limits_take_disk(struct warden_limits *limits, const struct server *server,
			    const Warden__Limits *message, struct warden_error *err)
{
	if (!message->has_disk_bytes && !message->has_disk_inodes)
		return 0;
	if (!server->settings.disk_quota_enabled)
		return warden_error_set(err,
					"%s: server.quota.disk_quota_enabled is false in the "
					"daemon's configuration",
					message->has_disk_bytes ? "disk_bytes" : "disk_inodes");
	if (message->has_disk_bytes)
		limits->disk_block_hard = limits_blocks(message->disk_bytes);
	if (message->has_disk_inodes)
		limits->disk_inode_hard = limits_number(message->disk_inodes);
	return 0;
}

static int limits_take_cpus(struct warden_limits *limits, const Warden__Limits *message,
			    struct warden_error *err)
{
	if (!message->has_cpus)
		return 0;
	limits->cpus = request_text(&message->cpus, "cpus", CPUS_MAX, err);
	if (!limits->cpus)
		return -1;
	if (*limits->cpus && !cpu_list_read(limits->cpus, NULL, 0))
		return warden_error_set(err, "cpus: '%s' is not a list of cpus such as 0-2,4",
					limits->cpus);
	return 0;
}

static int limits_take_numbers(struct warden_limits *limits, const Warden__Limits *message,
			       struct warden_error *err)
{
	if (message->has_memory_bytes)
		limits->memory_bytes = limits_number(message->memory_bytes);
	if (message->has_swap_off)
		limits->swap_off = message->swap_off;
	if (message->has_cpu_shares)
		limits->cpu_shares = limits_number(message->cpu_shares);
	if (message->has_cpu_quota)
		limits->cpu_quota = message->cpu_quota;
	if (message->has_processes)
		limits->processes = message->processes;
	if (message->has_io_weight)
		limits->io_weight = message->io_weight;
	if (message->has_io_read_rate)
		limits->io_read_rate = limits_number(message->io_read_rate);
	if (message->has_io_write_rate)
		limits->io_write_rate = limits_number(message->io_write_rate);
	if (limits_check_most(message->cpu_quota, QUOTA_MAX, "cpu_quota", err) < 0 ||
	    limits_check_most(message->processes, PROCESSES_MAX, "processes", err) < 0)
		return -1;
	if (message->has_io_weight && message->io_weight == 0)
		return limits_refuse_number(err, "io_weight", 0, "is less than 1");
	return limits_check_most(message->io_weight, IO_WEIGHT_MAX, "io_weight", err);
}

int limits_from_message(struct warden_limits *limits, const struct server *server,
			const Warden__Limits *message, struct warden_error *err)
{
	warden_limits_init(limits);
	if (!message)
		return 0;
	if (limits_take_numbers(limits, message, err) == 0 &&
	    limits_take_disk(limits, server, message, err) == 0 &&
	    limits_take_bandwidth_fields(limits, message, err) == 0 &&
	    limits_take_cpus(limits, message, err) == 0)
		return 0;
	limits_free(limits);
	return -1;
}

/* Sets a field of the message if the value is known. */
#define SET_IF_KNOWN(field, value)                                                                 \
	do {                                                                                       \
		if ((value) != WARDEN_UNKNOWN) {                                                   \
			message->has_##field = true;                                               \
			message->field = (value);                                                  \
		}                                                                                  \
	} while (0)

uint64_t limits_bytes(uint64_t blocks)
{
	return blocks > UINT64_MAX / BLOCK ? UINT64_MAX : blocks * BLOCK;
}

void limits_to_message(Warden__Limits *message, const struct warden_limits *limits)
{
	warden__limits__init(message);
	SET_IF_KNOWN(memory_bytes, limits->memory_bytes);
	SET_IF_KNOWN(cpu_shares, limits->cpu_shares);
	SET_IF_KNOWN(cpu_quota, limits->cpu_quota);
	SET_IF_KNOWN(processes, limits->processes);
	SET_IF_KNOWN(disk_bytes, limits_bytes(limits->disk_block_hard));
	SET_IF_KNOWN(disk_inodes, limits->disk_inode_hard);
	SET_IF_KNOWN(bandwidth_rate, limits->bandwidth_rate);
	SET_IF_KNOWN(bandwidth_burst, limits->bandwidth_burst);
	SET_IF_KNOWN(io_weight, limits->io_weight);
	SET_IF_KNOWN(io_read_rate, limits->io_read_rate);
	SET_IF_KNOWN(io_write_rate, limits->io_write_rate);
	if (limits->swap_off >= 0) {
		message->has_swap_off = true;
		message->swap_off = limits->swap_off;
	}
	if (limits->cpus) {
		message->has_cpus = true;
		message->cpus.data = (uint8_t *)limits->cpus;
		message->cpus.len = strlen(limits->cpus);
	}
}
