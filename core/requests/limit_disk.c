/* SPDX-License-Identifier: Apache-2.0 */
/* LimitDisk: blocks and inodes, by any of their field names; answers the values in force. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

/* Of several fields for one limit the last one applies. */
struct limit_disk_field {
	bool given;
	uint64_t value;
};

static uint64_t limit_disk_last_value(const struct limit_disk_field *names, size_t n)
{
	uint64_t value = WARDEN_UNKNOWN;

	for (size_t i = 0; i < n; i++)
		if (names[i].given)
			value = limits_number(names[i].value);
	return value;
}

static void limit_disk_take(struct warden_limits *asked, const Warden__LimitDiskRequest *from)
{
	const struct limit_disk_field block_hard[] = {
		{from->has_byte_limit, limits_blocks(from->byte_limit)},
		{from->has_byte, limits_blocks(from->byte)},
		{from->has_byte_hard, limits_blocks(from->byte_hard)},
		{from->has_block_limit, from->block_limit},
		{from->has_block, from->block},
		{from->has_block_hard, from->block_hard},
	};
	const struct limit_disk_field block_soft[] = {
		{from->has_byte_soft, limits_blocks(from->byte_soft)},
		{from->has_block_soft, from->block_soft},
	};
	const struct limit_disk_field inode_hard[] = {
		{from->has_inode_limit, from->inode_limit},
		{from->has_inode, from->inode},
		{from->has_inode_hard, from->inode_hard},
	};
	const struct limit_disk_field inode_soft[] = {{from->has_inode_soft, from->inode_soft}};

	asked->disk_block_hard = limit_disk_last_value(block_hard, ARRAY_SIZE(block_hard));
	asked->disk_block_soft = limit_disk_last_value(block_soft, ARRAY_SIZE(block_soft));
	asked->disk_inode_hard = limit_disk_last_value(inode_hard, ARRAY_SIZE(inode_hard));
	asked->disk_inode_soft = limit_disk_last_value(inode_soft, ARRAY_SIZE(inode_soft));
}

/* Sets a field of the answer if the value is known. */
#define SET_IF_KNOWN(field, value_)                                                                \
	do {                                                                                       \
		if ((value_) != WARDEN_UNKNOWN) {                                                  \
			answer.has_##field = true;                                                 \
			answer.field = (value_);                                                   \
		}                                                                                  \
	} while (0)

static void limit_disk_answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitDiskResponse answer = WARDEN__LIMIT_DISK_RESPONSE__INIT;

	SET_IF_KNOWN(block_limit, in_force->disk_block_hard);
	SET_IF_KNOWN(block, in_force->disk_block_hard);
	SET_IF_KNOWN(block_hard, in_force->disk_block_hard);
	SET_IF_KNOWN(block_soft, in_force->disk_block_soft);
	SET_IF_KNOWN(inode_limit, in_force->disk_inode_hard);
	SET_IF_KNOWN(inode, in_force->disk_inode_hard);
	SET_IF_KNOWN(inode_hard, in_force->disk_inode_hard);
	SET_IF_KNOWN(inode_soft, in_force->disk_inode_soft);
	SET_IF_KNOWN(byte_limit, limits_bytes(in_force->disk_block_hard));
	SET_IF_KNOWN(byte, limits_bytes(in_force->disk_block_hard));
	SET_IF_KNOWN(byte_hard, limits_bytes(in_force->disk_block_hard));
	SET_IF_KNOWN(byte_soft, limits_bytes(in_force->disk_block_soft));
	request_answer(request, &answer.base);
}

static int limit_disk_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitDiskRequest *message = (const void *)request->message;
	struct warden_limits asked;

	if (!request->server->settings.disk_quota_enabled) {
		request_answer_empty(request);
		return 0;
	}
	warden_limits_init(&asked);
	limit_disk_take(&asked, message);
	return limits_request(request, &asked, "", limit_disk_answer, err);
}

const struct request_handler limit_disk_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitDisk,
	.name = "limit_disk",
	.message = &warden__limit_disk_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_disk_run,
};
