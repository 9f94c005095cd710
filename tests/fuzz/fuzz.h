/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the fuzz targets. A target is one C file that ends in the definition of `fuzz_target`.
 * Built by clang with --enable-fuzzing it is a program of libFuzzer; built otherwise it runs the
 * files of tests/fuzz/corpus/NAME, or those of its command line, once each. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name;   /* of the program, without `fuzz_`, and of its directory in corpus/ */
	void (*open)(void); /* optional: called once, before the first input */
	void (*run)(const uint8_t *data, size_t size);
};

extern const struct fuzz_target fuzz_target;

/* The rest of an input, which a target takes apart. After its end there are zeros. */
struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

uint8_t fuzz_take_byte(struct fuzz_input *input);
uint16_t fuzz_take_short(struct fuzz_input *input);
/* Fills `size` bytes. */
void fuzz_take(struct fuzz_input *input, void *bytes, size_t size);

/* Ends the program, so that the input is reported, unless the condition holds. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
void fuzz_fail(const char *condition, const char *file, int line) __attribute__((noreturn));

/* The program's directory of scratch files, which is removed at its end, and a descriptor of it.
 * The process has no other directory to write to: root becomes nobody. */
const char *fuzz_directory(void);
int fuzz_directory_fd(void);
/* Makes the directory NAME in it anew, and returns a descriptor of it. */
int fuzz_fresh_directory(const char *name);
/* Writes the files of an input: `first`, and one for each line `=== NAME`, which begins it. */
void fuzz_write_files(int dir_fd, const char *first, const uint8_t *data, size_t size);
void fuzz_write_file(int dir_fd, const char *name, const void *data, size_t size);
/* A memfd with these bytes, at its beginning. */
int fuzz_memfd(const void *data, size_t size);

/* Makes the directory `outside` anew, beside that of a target that must not leave its own, and
 * checks that it is as it was made. */
void fuzz_make_outside(void);
void fuzz_check_outside(void);

/* The lowest free descriptor: equal before and after what must not keep one. */
int fuzz_next_fd(void);

/* Called by libFuzzer, or by replay.c. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
