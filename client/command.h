/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the `warden` command. `commands` is the one table of what it can do: arguments are
 * read by it, help is written from it. An option that names a field of a request needs nothing but
 * its line in the table.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include "warden/client.h"

#include <stdio.h>

enum {
	STATUS_FAILED = 1, /* what the daemon or the system refused */
	STATUS_USAGE = 2,
};

struct invocation;
struct option;

/* Takes the text of an option into the invocation; 0, or a status after telling why. */
typedef int (*option_set)(struct invocation *invocation, const struct option *option,
			  const char *text);

struct option {
	const char *name;     /* without its dashes */
	const char *field;    /* of the request; NULL: the command's own */
	const char *argument; /* what help calls its value; NULL: a switch */
	const char *help;
	option_set set;  /* NULL: the field is set to the text */
	bool positional; /* may be given without its name */
	bool required;
	char letter; /* short form, or 0 */
};

/* Options whose fields belong to one request. */
struct option_group {
	const char *request;          /* NULL: the options are the command's own */
	const struct option *options; /* ends with a name of NULL */
};

enum { MAX_GROUPS = 3, MAX_REQUESTS = 2 };

/* What becomes of words that are neither options nor positional. */
enum words {
	WORDS_NONE,
	WORDS_COMMAND,      /* the first one begins a command line */
	WORDS_COMMAND_ONLY, /* likewise, and nothing is positional */
	WORDS_HANDLE_FIRST, /* likewise, once the handle is known */
};

struct command {
	const char *name;
	const char *usage; /* behind the name */
	const char *summary;
	const char *details; /* further sentences for its help, or NULL */
	struct option_group groups[MAX_GROUPS];
	enum words words;
	bool waits; /* the answer may take as long as a job does */
	int (*run)(struct invocation *invocation);
	/* Prints an answer for people; NULL: there is nothing to say. */
	void (*print)(const struct warden_message *answer);
};

/* A command line that was understood. */
struct invocation {
	const struct command *command;
	const char *socket_path; /* NULL: the library's choice */
	bool json;
	bool help;
	bool version;
	bool detailed;                                 /* list --long */
	const char *user;                              /* shell --user */
	struct warden_message *requests[MAX_REQUESTS]; /* in the order of the groups */
	uint64_t seen;                                 /* a bit for each option that was given */
	bool has_script;
	char **words; /* the command line inside, ends in NULL */
	size_t n_words;
	struct warden_client *client;
};

extern const struct command commands[]; /* ends with a name of NULL */
extern const struct option global_options[];

const struct command *command_find(const char *name);

/* arguments.c: reads the command line. 0, or a status after telling what is wrong. */
int arguments_parse(struct invocation *invocation, int argc, char **argv);
/* Returns STATUS_USAGE. */
int usage_error(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The request whose field an option sets; NULL for an option that is the command's own. */
struct warden_message *option_request(const struct invocation *invocation,
				      const struct option *option);

/* options.c: options whose text is not what their field holds. */
int set_field(struct invocation *invocation, const struct option *option, const char *text);
int set_bind_mount(struct invocation *invocation, const struct option *option, const char *text);
int set_grace_time(struct invocation *invocation, const struct option *option, const char *text);
int set_path(struct invocation *invocation, const struct option *option, const char *text);
int set_rlimit(struct invocation *invocation, const struct option *option, const char *text);
int set_global(struct invocation *invocation, const struct option *option, const char *text);

/* script.c: where a job's script comes from. */
int set_script(struct invocation *invocation, const struct option *option, const char *text);
int set_script_file(struct invocation *invocation, const struct option *option, const char *text);
/* Takes the command line; a usage error where there is neither one nor a script. */
int set_script_words(struct invocation *invocation, struct warden_message *request);

/* near.c: which of the names is meant, or NULL when none is near. */
struct near {
	const char *word;
	const char *best;
	size_t distance;
};
void near_begin(struct near *near, const char *word);
void near_consider(struct near *near, const char *name);

/* help.c */
void help_print(FILE *file, const struct command *command);
int help_run(struct invocation *invocation);

/* call.c: what most commands do. */
int client_open(struct invocation *invocation);
int client_failed(const struct invocation *invocation);
int print_answer(struct invocation *invocation, const struct warden_message *answer);
/* Completes the request and connects. */
int call_prepare(struct invocation *invocation);
int call_run(struct invocation *invocation);

/* list.c */
int list_run(struct invocation *invocation);

/* jobs.c: commands whose result is a job's. */
int job_run(struct invocation *invocation);
int stream_run(struct invocation *invocation);
int job_status(const struct warden_message *answer);
int job_output(void *data, const char *name, const void *bytes, size_t length);

/* exec.c, shell.c */
int exec_run(struct invocation *invocation);
int shell_run(struct invocation *invocation);

/* quote.c: a script that runs a command line, word for word. From malloc; NULL: no memory. */
char *quote_words(char *const *words, size_t n, size_t *length);

/* print.c: text for people. */
void print_handle(const struct warden_message *answer);
void print_handles(const struct warden_message *answer);
void print_job_id(const struct warden_message *answer);
void print_info(const struct warden_message *answer);
void print_echo(const struct warden_message *answer);
void print_pong(const struct warden_message *answer);
void print_state(const char *state, int width);

/* text.c: how text and numbers are written. */
bool text_colours(FILE *file);
const char *text_colour(FILE *file, const char *code);
void text_safe(FILE *file, const char *bytes, size_t length, bool lines);
void text_size(char *buffer, size_t size, uint64_t bytes);
int write_all(int fd, const void *bytes, size_t length);

/* json.c: one line. 0, or -1 when there is no memory. */
int json_print(FILE *file, const struct warden_message *answer);
int json_print_with_handle(FILE *file, const struct warden_message *answer, const char *handle);

/* The command's name in front, for standard error. */
void complain(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
