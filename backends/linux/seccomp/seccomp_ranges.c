/* SPDX-License-Identifier: Apache-2.0 */
/* Allows ranges of calls; see seccomp_ranges.h. */
#include "backends/linux/seccomp/seccomp_ranges.h"

#include <errno.h>
#include <stdlib.h>

#include "backends/linux/linux.h"

/* The instructions before a search, and the two behind it: the call is in a range, or in none. */
enum { HEAD = 4, TAIL = 2 };

/* A binary search for the number of a call among the bounds of ranges. */
struct seccomp_search {
	struct sock_filter code[HEAD + SECCOMP_CALLS_MAX + TAIL];
	size_t length;
	uint32_t bounds[SECCOMP_CALLS_MAX]; /* where a range of calls begins or ends */
	size_t n;
	bool fits; /* jumps are not too long */
};

void seccomp_ranges_begin(struct seccomp_calls *calls)
{
	memset(calls, 0, sizeof(*calls));
	for (int i = 0; i < 2; i++)
		for (int k = 0;
		     seccomp_program_arch(i) != SCMP_ARCH_NATIVE && k < SECCOMP_CALLS_MAX; k++)
			calls->names[i][k] =
				seccomp_syscall_resolve_num_arch(seccomp_program_arch(i), k);
}

void seccomp_ranges_free(struct seccomp_calls *calls)
{
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < SECCOMP_CALLS_MAX; k++)
			free(calls->names[i][k]);
}

/* Not by libseccomp's search for names: on 32-bit x86 that prefers ipc and socketcall to the direct
 * calls. */
void seccomp_ranges_add(struct seccomp_calls *calls, const char *name)
{
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < SECCOMP_CALLS_MAX; k++)
			if (calls->names[i][k] && strcmp(calls->names[i][k], name) == 0)
				calls->allowed[i][k] = true;
}

/* Calls from bound 0 on are allowed up to bound 1, and so on. */
static void seccomp_search_find_bounds(struct seccomp_search *search, const bool *allowed)
{
	bool inside = false;

	for (uint32_t i = 0; i < SECCOMP_CALLS_MAX; i++) {
		if (allowed[i] != inside && search->n < ARRAY_SIZE(search->bounds))
			search->bounds[search->n++] = i;
		inside = allowed[i];
	}
}

/* The jump from instruction `at` to the search among the bounds from `first` up to, but without,
 * `end`, which is the next to be added, or to the result: behind an odd number of bounds a call is
 * in a range. */
static uint8_t seccomp_search_jump(struct seccomp_search *search, size_t at, size_t first,
				   size_t end)
{
	size_t to = first < end ? search->length : HEAD + search->n + (first % 2 ? 0 : 1);

	search->fits = search->fits && to - at - 1 <= UINT8_MAX;
	return (uint8_t)(to - at - 1);
}

/* Adds the search among these bounds, of which there are some. */
static void seccomp_search_add(struct seccomp_search *search, size_t first, size_t end)
{
	size_t middle = first + (end - first) / 2, at = search->length++;
	uint8_t below = seccomp_search_jump(search, at, first, middle), above;

	if (first < middle)
		seccomp_search_add(search, first, middle);
	above = seccomp_search_jump(search, at, middle + 1, end);
	search->code[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
							search->bounds[middle], above, below);
	if (middle + 1 < end)
		seccomp_search_add(search, middle + 1, end);
}

static int seccomp_ranges_append_arch(struct seccomp_program *program, uint32_t arch,
				      const bool *allowed, struct warden_error *err)
{
	struct seccomp_search *search = calloc(1, sizeof(*search));
	struct seccomp_program part = {NULL, 0};
	int result;

	if (!search)
		return warden_error_errno(err, "make a system call filter");
	search->fits = true;
	seccomp_search_find_bounds(search, allowed); /* some: every profile allows exit */
	search->code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						       offsetof(struct seccomp_data, arch));
	search->code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
	search->code[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	search->code[3] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						       offsetof(struct seccomp_data, nr));
	search->length = HEAD;
	seccomp_search_add(search, 0, search->n);
	search->code[search->length++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_PROGRAM_DONE);
	search->code[search->length++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	part = (struct seccomp_program){search->code, search->length};
	result = search->fits ? seccomp_program_append_copy(program, &part, err)
			      : warden_error_set(err, "a system call filter has too many ranges");
	free(search);
	return result;
}

int seccomp_ranges_append(struct seccomp_program *program, const struct seccomp_calls *calls,
			  struct warden_error *err)
{
	for (int i = 0; i < 2; i++) {
		uint32_t arch = seccomp_program_arch(i);

		if (arch != SCMP_ARCH_NATIVE &&
		    seccomp_ranges_append_arch(program, arch, calls->allowed[i], err) < 0)
			return -1;
	}
	return 0;
}
