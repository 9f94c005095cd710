/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that read or write bytes: files of a container and the standard input of a job. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_CHUNK = 4 << 20,  /* of file-read */
	WRITE_CHUNK = 8 << 20, /* of file-write; far below the daemon's limit of a frame */
	INPUT_CHUNK = 256 << 10,
};

/* Prints a piece; returns its length, or -1. */
static ssize_t cmd_files_print_piece(const struct invocation *invocation,
				     const struct warden_message *answer)
{
	size_t length;
	const char *bytes = warden_message_bytes(answer, "data", 0, &length);

	if (write_all(STDOUT_FILENO, bytes, length) == 0)
		return (ssize_t)length;
	complain(invocation, "write the file: %s", strerror(errno));
	return -1;
}

/* Reads a file of any size piece by piece. */
static int cmd_files_read_pieces(struct invocation *invocation, uint64_t offset, uint64_t left)
{
	struct warden_message *request = invocation->requests[0];

	while (left > 0) {
		struct warden_message *answer = NULL;
		ssize_t printed;

		if (warden_message_set_number(request, "offset", offset) == 0 &&
		    warden_message_set_number(request, "length",
					      left < READ_CHUNK ? left : READ_CHUNK) == 0)
			answer = warden_client_call(invocation->client, request);
		if (!answer)
			return client_failed(invocation);
		printed = cmd_files_print_piece(invocation, answer);
		warden_message_free(answer);
		if (printed < 0)
			return STATUS_FAILED;
		if (printed == 0)
			return 0;
		offset += (uint64_t)printed;
		left -= (uint64_t)printed;
	}
	return 0;
}

int cmd_file_read(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	int status;

	if (invocation->json || invocation->format)
		return cmd_call(invocation);
	status = client_open(invocation);
	if (status != 0)
		return status;
	return cmd_files_read_pieces(invocation, warden_message_number(request, "offset", 0),
				     warden_message_count(request, "length")
					     ? warden_message_number(request, "length", 0)
					     : UINT64_MAX);
}

/* Opens the source of the bytes; -1 after an error message. */
static int cmd_files_open_source(const struct invocation *invocation)
{
	const char *file = invocation->file;
	int fd;

	if (!file || strcmp(file, "-") == 0)
		return STDIN_FILENO;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		complain(invocation, "open %s: %s", file, strerror(errno));
	return fd;
}

/* Reads until the buffer is full or the input ends; if not `whole`, once. Returns the bytes; -1
 * after an error message. */
static ssize_t cmd_files_read_full(const struct invocation *invocation, int fd, char *buffer,
				   size_t size, bool whole)
{
	size_t length = 0;

	do {
		ssize_t got = read(fd, buffer + length, size - length);

		if (got == 0)
			break;
		if (got > 0) {
			length += (size_t)got;
		} else if (errno != EINTR) {
			complain(invocation, "read %s: %s",
				 invocation->file ? invocation->file : "standard input",
				 strerror(errno));
			return -1;
		}
	} while (whole ? length < size : length == 0);
	return (ssize_t)length;
}

/* Sends the request with these bytes; prints the answer to the last one. */
static int cmd_files_send_bytes(struct invocation *invocation, const char *bytes, size_t length,
				bool last)
{
	struct warden_message *answer = NULL;
	int status = 0;

	if (warden_message_set_bytes(invocation->requests[0], "data", bytes, length) < 0) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	if (!answer)
		return client_failed(invocation);
	if (last)
		status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}

/* The first piece replaces the file, unless --offset was given; the others follow it. */
static int cmd_files_write_pieces(struct invocation *invocation, int fd, char *buffer)
{
	struct warden_message *request = invocation->requests[0];
	uint64_t offset = warden_message_number(request, "offset", 0);
	ssize_t got;

	do {
		int status;

		got = cmd_files_read_full(invocation, fd, buffer, WRITE_CHUNK, true);
		if (got < 0)
			return STATUS_FAILED;
		if (got == 0 && offset > 0)
			return 0;
		status = cmd_files_send_bytes(invocation, buffer, (size_t)got, got < WRITE_CHUNK);
		if (status != 0)
			return status;
		offset += (uint64_t)got;
		if (warden_message_set_number(request, "offset", offset) < 0) {
			complain(invocation, "out of memory");
			return STATUS_FAILED;
		}
	} while (got == WRITE_CHUNK);
	return 0;
}

/* warden_message_count does not help: a required field always counts as present. */
static bool cmd_files_has_data(const struct invocation *invocation)
{
	const struct option *option;

	for (size_t i = 0; (option = command_option(invocation->command, i)) != NULL; i++)
		if (strcmp(option->name, "data") == 0)
			return invocation->seen[i];
	return false;
}

/* Calls `write` with the opened source, or with --data sends the request as it is. */
static int cmd_files_write(struct invocation *invocation, size_t size,
			   int (*write)(struct invocation *invocation, int fd, char *buffer))
{
	char *buffer;
	int fd, status;

	if (cmd_files_has_data(invocation)) {
		if (invocation->file)
			return usage_error(invocation, "there can be one of --data and --file");
		return cmd_call(invocation);
	}
	fd = cmd_files_open_source(invocation);
	if (fd < 0)
		return STATUS_FAILED;
	buffer = malloc(size);
	if (!buffer)
		complain(invocation, "out of memory");
	status = buffer ? client_open(invocation) : STATUS_FAILED;
	if (status == 0)
		status = write(invocation, fd, buffer);
	free(buffer);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

int cmd_file_write(struct invocation *invocation)
{
	return cmd_files_write(invocation, WRITE_CHUNK, cmd_files_write_pieces);
}

/* Sends input as soon as it is read; with `--end` closes the job's input at the end. */
static int cmd_files_input_pieces(struct invocation *invocation, int fd, char *buffer)
{
	struct warden_message *request = invocation->requests[0];
	bool ends = warden_message_number(request, "end", 0) != 0;
	bool asked = false;
	ssize_t got;

	if (warden_message_set_number(request, "end", 0) < 0) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	while ((got = cmd_files_read_full(invocation, fd, buffer, INPUT_CHUNK, false)) > 0) {
		int status = cmd_files_send_bytes(invocation, buffer, (size_t)got, false);

		if (status != 0)
			return status;
		asked = true;
	}
	if (got < 0)
		return STATUS_FAILED;
	if (!ends) /* an unknown job is reported even if there is nothing to write */
		return asked ? 0 : cmd_files_send_bytes(invocation, buffer, 0, true);
	if (warden_message_set_number(request, "end", 1) < 0) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	return cmd_files_send_bytes(invocation, buffer, 0, true);
}

int cmd_job_input(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];

	/* --end alone, without input: close the job's input. */
	if (warden_message_number(request, "end", 0) && !invocation->file && isatty(STDIN_FILENO))
		return cmd_call(invocation);
	return cmd_files_write(invocation, INPUT_CHUNK, cmd_files_input_pieces);
}
