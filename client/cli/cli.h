/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the `warden` command. `commands` is the one table of what it can do: arguments are
 * read by it, and help, the manual page and completion are written from it. An option that names a
 * field of a request needs nothing but its line in the table.
 */
#ifndef CLIENT_CLI_CLI_H
#define CLIENT_CLI_CLI_H

#include "warden/client.h"

#include <stdio.h>

enum {
	STATUS_FAILED = 1, /* what the daemon or the system refused */
	STATUS_USAGE = 2,
	STATUS_NOT_STARTED = 127, /* a command line that could not be executed, as of a shell */
	STATUS_UNKNOWN = 255,     /* the protocol's for a job that has none */
};

struct invocation;
struct option;

/* Takes the text of an option into the invocation; 0, or a status after telling why. */
typedef int (*option_set)(struct invocation *invocation, const struct option *option,
			  const char *text);

struct option {
	const char *name;  /* without its dashes */
	const char *field; /* of the request; NULL: the command's own */
	/* What help calls its value; NULL: a switch. Choices are written `one|another`. HANDLE,
	 * JOB, FILE, DIR and COMMAND are completed. */
	const char *argument;
	const char *help;
	option_set set;  /* NULL: the field is set to the text */
	size_t into;     /* of an own option: the member of the invocation that set_own sets */
	bool positional; /* may be given without its name */
	bool required;
	bool repeated; /* every further word is one of these, too */
	bool filled;   /* an empty value, such as that of a variable that is not set, is an error */
	char letter;   /* short form, or 0 */
};

/* Options whose fields belong to one message of a request. */
struct option_group {
	const char *request;          /* NULL: the options are the command's own */
	const struct option *options; /* ends with a name of NULL */
	const char *inner;            /* the field with the message that they belong to; NULL: the
					 request itself */
};

/* Between the two jobs of spawn-pair. */
#define PAIR_DIVIDER ":::"

enum { MAX_GROUPS = 4, MAX_REQUESTS = 2, MAX_OPTIONS = 128 };

/* What becomes of words that are neither options nor positional. */
enum words {
	WORDS_NONE,
	WORDS_COMMAND,      /* the first one begins a command line */
	WORDS_COMMAND_ONLY, /* likewise, and nothing is positional */
	WORDS_HANDLE_FIRST, /* likewise, once the handle is known */
};

enum section {
	SECTION_CONTAINERS,
	SECTION_JOBS,
	SECTION_NETWORK,
	SECTION_LIMITS,
	SECTION_FILES,
	SECTION_DAEMON,
	SECTIONS,
};

extern const char *const section_titles[SECTIONS];

struct cli_command {
	const char *name;
	const char *alias; /* or NULL */
	enum section section;
	const char *usage; /* behind the name */
	const char *summary;
	const char *details; /* further sentences for its help, or NULL */
	struct option_group groups[MAX_GROUPS];
	enum words words;
	bool waits;  /* the answer may take as long as a job does */
	bool hidden; /* for programs: in no list */
	int (*run)(struct invocation *invocation);
	/* Prints an answer for people; NULL: its fields, a line each. */
	void (*print)(const struct warden_message *answer);
	/* The request whose answers --format is for; NULL: that of the first group. */
	const char *answers;
	/* The field with the elements that --format prints a line of each; NULL: the answer is one.
	 */
	const char *elements;
};

/* A command line that was understood. */
struct invocation {
	const struct cli_command *command;
	const char *socket_path; /* NULL: the library's choice */
	const char *format;      /* NULL: none */
	bool json;
	bool help;
	bool version;
	bool exit_on_error;
	/* What single commands have beside their requests. */
	bool detailed, all, follow, manual, attach_input, attach_terminal;
	const char *user, *iterations, *interval, *wardend, *settings, *file;
	struct warden_message *requests[MAX_REQUESTS]; /* in the order of the groups */
	bool seen[MAX_OPTIONS];                        /* options that were given */
	bool has_script;
	bool second;  /* of spawn-pair: what comes is the second job's */
	char **words; /* the command line inside, ends in NULL */
	size_t n_words;
	struct warden_client *client;
	struct warden_client *kept; /* a connection that is to be used, instead of a new one */
};

extern const struct cli_command commands[]; /* ends with a name of NULL */
extern const struct option global_options[];

/* The option groups of the table; see option_table.c. */
extern const struct option handle_option[], create_options[], limit_options[], job_options[],
	link_options[], attach_options[], attach_own_options[], stop_options[], list_options[],
	list_own_options[], info_many_options[], echo_options[], shell_options[], net_in_options[],
	net_out_options[], rule_options[], limit_memory_options[], limit_cpu_options[],
	limit_disk_options[], limit_bandwidth_options[], copy_in_options[], copy_out_options[],
	file_options[], file_read_options[], file_write_options[], file_write_own_options[],
	file_remove_options[], job_input_options[], job_input_own_options[], job_signal_options[],
	job_resize_options[], events_options[], top_options[], doctor_options[], help_options[];

const struct cli_command *command_find(const char *name);

/* The options that a command takes, its own before those of every command, each name once; NULL
 * past the last. `command` may be NULL. */
const struct option *command_option(const struct cli_command *command, size_t index);

/* arguments.c: reads the command line. 0, or a status after telling what is wrong. */
int arguments_parse(struct invocation *invocation, int argc, char **argv);
/* Returns STATUS_USAGE. */
int usage_error(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Frees what the invocation holds. */
void invocation_clear(struct invocation *invocation);
/* Runs what was parsed; a status. */
int invocation_run(struct invocation *invocation);

/* The message whose field an option sets; NULL for an option that is the command's own, and where
 * there is no memory. */
struct warden_message *option_request(const struct invocation *invocation,
				      const struct option *option);

/* options.c, values.c: options whose text is not what their field holds. */
int set_field(struct invocation *invocation, const struct option *option, const char *text);
int set_bind_mount(struct invocation *invocation, const struct option *option, const char *text);
int set_seconds(struct invocation *invocation, const struct option *option, const char *text);
int set_microseconds(struct invocation *invocation, const struct option *option, const char *text);
int set_size(struct invocation *invocation, const struct option *option, const char *text);
int set_path(struct invocation *invocation, const struct option *option, const char *text);
int set_rlimit(struct invocation *invocation, const struct option *option, const char *text);
int set_property(struct invocation *invocation, const struct option *option, const char *text);
int set_env(struct invocation *invocation, const struct option *option, const char *text);
int set_choice(struct invocation *invocation, const struct option *option, const char *text);
int set_signal(struct invocation *invocation, const struct option *option, const char *text);
int set_mode(struct invocation *invocation, const struct option *option, const char *text);
int set_rule(struct invocation *invocation, const struct option *option, const char *text);
int set_own(struct invocation *invocation, const struct option *option, const char *text);
/* Tells in words why a value was not taken, by errno; a status. */
int value_error(const struct invocation *invocation, const struct option *option, const char *text);

/* script.c: where a job's script comes from. */
int set_script(struct invocation *invocation, const struct option *option, const char *text);
int set_script_file(struct invocation *invocation, const struct option *option, const char *text);
/* Takes the command line; a usage error where there is neither one nor a script. */
int set_script_words(struct invocation *invocation, struct warden_message *request);
/* Reads a descriptor to its end. From malloc; NULL with errno. */
char *read_whole(int fd, size_t *length);

/* near.c: which of the names is meant, or NULL when none is near. */
struct near {
	const char *word;
	const char *best;
	size_t distance;
};
void near_begin(struct near *near, const char *word);
void near_consider(struct near *near, const char *name);

/* help.c, manual.c, completion.c: what is written from the table. */
void help_print(FILE *file, const struct cli_command *command);
int cmd_help(struct invocation *invocation);
void manual_print(FILE *file);
int cmd_completion(struct invocation *invocation);

/* complete.c: what may come next. */
typedef void (*complete_function)(void *data, const char *text, const char *description);
enum complete_files { COMPLETE_NO_FILES, COMPLETE_FILES, COMPLETE_DIRECTORIES };
/* Calls the function with each candidate for the last of the words (those behind `warden`); tells
 * whether names of files may stand there as well. */
enum complete_files complete_words(char *const *words, size_t n, complete_function function,
				   void *data);
int cmd_complete(struct invocation *invocation);

/* repl.c: commands from a terminal or a pipe. */
int repl_run(const struct invocation *global);

/* call.c: what most commands do. */
int client_open(struct invocation *invocation);
/* A further connection, which the caller frees also where that failed. */
int client_open_another(struct invocation *invocation, struct warden_client **client);
int client_failed(const struct invocation *invocation);
int print_answer(struct invocation *invocation, const struct warden_message *answer);
/* The same for an answer of those that come one by one: what is printed is seen at once. */
int print_answer_now(struct invocation *invocation, const struct warden_message *answer);
/* Completes the request and connects. */
int call_prepare(struct invocation *invocation);
int cmd_call(struct invocation *invocation);
/* A new request with a handle; NULL after complaining. */
struct warden_message *request_with_handle(const struct invocation *invocation, const char *name,
					   const char *handle, size_t length);
/* The handle that the first request names. */
const char *invocation_handle(const struct invocation *invocation, size_t *length);

/* cmd_containers.c: commands about many containers. */
int cmd_list(struct invocation *invocation);
int cmd_info(struct invocation *invocation);
/* The answer to info_many for all of these requests' conditions; NULL after complaining. */
struct warden_message *containers_get(struct invocation *invocation,
				      const struct warden_message *request);
void print_containers(const struct warden_message *answer);

/* cmd_top.c */
int cmd_top(struct invocation *invocation);

/* cmd_jobs.c: commands whose result is a job's. */
int cmd_job(struct invocation *invocation);
int cmd_stream(struct invocation *invocation);
int cmd_attach(struct invocation *invocation);
int cmd_spawn_pair(struct invocation *invocation);
int job_status(const struct invocation *invocation, const struct warden_message *answer);
int job_output(void *data, const char *name, const void *bytes, size_t length);
/* Tells on stderr what the status does not say; whether that was the cause of the end. */
bool job_report_end(const struct invocation *invocation, const struct warden_message *answer);

/* job_streams.c: a job's streams are those of this process. */
struct session_options {
	const char *request; /* "stream", "attach", or "link" where the output is wanted in one */
	bool input, terminal, replay;
	int signal_fd; /* ends it; -1: none */
	/* Prints the last answer instead, and tells the status; NULL: none. */
	int (*finish)(void *data, const struct warden_message *answer);
	void *data;
};
/* Follows a job to its end; its status. `*woken`: a signal came first. */
int job_streams_run(struct invocation *invocation, const char *handle, size_t length, uint64_t job,
		    const struct session_options *options, bool *woken);
/* Sets the size of this process's terminal in a request, unless it was given. */
void job_streams_set_size(struct warden_message *request);

/* cmd_exec.c, cmd_shell.c */
int cmd_exec(struct invocation *invocation);
int cmd_shell(struct invocation *invocation);

/* cmd_copy.c, cmd_files.c, events.c, cmd_doctor.c */
int cmd_copy_in(struct invocation *invocation);
int cmd_copy_out(struct invocation *invocation);
int cmd_file_read(struct invocation *invocation);
int cmd_file_write(struct invocation *invocation);
int cmd_job_input(struct invocation *invocation);
int cmd_follow(struct invocation *invocation);
int cmd_doctor(struct invocation *invocation);

/* print.c, print_lists.c: text for people. */
void print_handle(const struct warden_message *answer);
void print_handles(const struct warden_message *answer);
void print_job_id(const struct warden_message *answer);
void print_job_ids(const struct warden_message *answer);
void print_info(const struct warden_message *answer);
void print_echo(const struct warden_message *answer);
void print_pong(const struct warden_message *answer);
void print_jobs(const struct warden_message *answer);
void print_files(const struct warden_message *answer);
void print_rules(const struct warden_message *answer);
void print_forwards(const struct warden_message *answer);
void print_event(const struct warden_message *answer);
void print_change(const struct warden_message *answer);
void print_status(const struct warden_message *answer);
void print_nothing(const struct warden_message *answer);
void print_fields(const struct warden_message *answer);
const char *state_colour(const char *state);
/* A time of day, or with its date where that is another day; in local time. */
void text_time(char *buffer, size_t size, uint64_t microseconds);

/* table.c: columns as wide as what is in them. */
struct table;
/* Titles end in NULL; one that begins with `>` is that of a column of numbers. */
struct table *table_new(const char *const *titles);
/* Adds a cell to the last row, or to a new one where that is full. */
void table_add(struct table *table, const char *text, size_t length);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The last cell is written in this colour. */
void table_colour(struct table *table, const char *code);
void table_free(struct table *table);
/* Prints it, no line longer than `width` (0: as long as it is), and frees it. */
void table_print(struct table *table, FILE *file, size_t width);
/* The same, but what does not fit goes on in further lines. */
void table_print_wrapped(struct table *table, FILE *file, size_t width);

/* print_text.c: how text and numbers are written. */
bool text_colours(FILE *file);
const char *text_colour(FILE *file, const char *code);
void text_safe(FILE *file, const char *bytes, size_t length, bool lines);
void text_size(char *buffer, size_t size, uint64_t bytes);
int write_all(int fd, const void *bytes, size_t length);
size_t terminal_width(FILE *file); /* 0: it is none */

#define DIM    "\033[2m"
#define BOLD   "\033[1m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define PLAIN  "\033[0m"

/* json.c: one line (inline: without its end). 0, or -1 when there is no memory. */
struct json_t;
struct json_t *json_of_answer(const struct warden_message *answer); /* jansson's; NULL: no memory */
int json_print_inline(FILE *file, const struct warden_message *message);
int json_print(FILE *file, const struct warden_message *answer);
int json_print_with_handle(FILE *file, const struct warden_message *answer, const char *handle);
/* The name of a choice as it is printed, in lower case. */
void choice_text(char *buffer, size_t size, const char *name);

/* format.c: --format. A usage error when the template cannot be for answers to the command. */
int format_check(const struct invocation *invocation);
void format_print(const struct invocation *invocation, const struct warden_message *answer);

/* The command's name in front, for standard error. */
void complain(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
