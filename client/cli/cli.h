/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the `warden` command. `commands` is the table of all commands: arguments are
 * parsed by it, and help, the manual page and completion are generated from it. An option that
 * sets a field of a request needs only its line in the table.
 */
#ifndef CLIENT_CLI_CLI_H
#define CLIENT_CLI_CLI_H

#include "lib/start_status.h"
#include "warden/client.h"

#include <stdio.h>

enum {
	STATUS_USAGE = 2,
	/* The daemon or the system reported an error. No exit status: exit_status makes it 1, or
	 * STATUS_REFUSED for a command that exits with the status of a job. */
	STATUS_FAILED = 256,
};

struct invocation;
struct option;

/* Stores the text of an option in the invocation. Returns 0, or a status after an error message. */
typedef int (*option_set)(struct invocation *invocation, const struct option *option,
			  const char *text);

struct option {
	const char *name;  /* without the dashes */
	const char *alias; /* docker's name of it, or NULL */
	const char *field; /* of the request; NULL: an option of the command itself */
	/* The value's name in the help; NULL: a switch without value. Choices are written
	 * `one|another`. HANDLE, JOB, FILE, DIR and COMMAND are completed. */
	const char *argument;
	const char *help;
	option_set set;  /* NULL: set_field */
	size_t into;     /* offset of the invocation's member that set_own sets */
	bool positional; /* may be given without the option's name */
	bool required;
	bool repeated; /* takes all further positional words */
	bool filled;   /* an empty value is an error; it often comes from an unset variable */
	char letter;   /* short form, or 0 */
};

/* Options that set fields of the same message. */
struct option_group {
	const char *request;          /* NULL: options of the command itself */
	const struct option *options; /* ends with a NULL name */
	const char *inner; /* the request's field with that message; NULL: the request itself */
};

/* Between the two jobs of spawn-pair. */
#define PAIR_DIVIDER ":::"

enum { REWRITE_WORDS = 5 };

enum { MAX_GROUPS = 5, MAX_REQUESTS = 3, MAX_OPTIONS = 128 };

/* How words that are neither options nor positional are used. */
enum words {
	WORDS_NONE,
	WORDS_COMMAND,      /* they are a command line */
	WORDS_COMMAND_ONLY, /* they are a command line, and no option is positional */
	WORDS_HANDLE_FIRST, /* they are a command line behind the positional handle */
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
	const char *usage; /* printed behind the name */
	const char *summary;
	const char *details; /* further sentences of the help, or NULL */
	struct option_group groups[MAX_GROUPS];
	enum words words;
	bool waits;  /* the answer may take as long as a job does */
	bool job;    /* exits with a job's status */
	bool hidden; /* for programs; not listed in help and completion */
	int (*run)(struct invocation *invocation);
	/* Instead of `run`: writes the words of the command that does it, at most REWRITE_WORDS and
	 * one for each word of the command line. Returns 0, or a status after an error message. */
	int (*rewrite)(const struct invocation *invocation, const char **words);
	/* Prints an answer for people; NULL: print_fields. */
	void (*print)(const struct warden_message *answer);
	/* The request whose answers --format prints; NULL: that of the first group. */
	const char *answers;
	/* The list whose elements --format prints, one a line; NULL: one line for the answer. */
	const char *elements;
};

/* A parsed command line. */
struct invocation {
	const struct cli_command *command;
	const char *socket_path; /* NULL: the library's default */
	const char *format;      /* NULL: none */
	int reconnect;           /* milliseconds; -1: the default */
	bool json;
	bool help;
	bool version;
	bool exit_on_error;
	/* Options of single commands that are not fields of a request. */
	bool detailed, all, follow, manual, attach_input, attach_terminal, quiet, detach, force;
	const char *user, *iterations, *interval, *wardend, *settings, *file;
	const char *handle, *job, *signal, *property, *source, *target, *tail;
	struct warden_message *requests[MAX_REQUESTS]; /* in the order of the groups */
	bool seen[MAX_OPTIONS];                        /* options that were given */
	bool has_script;
	bool second;  /* spawn-pair: further options and words are the second job's */
	char **words; /* the command line for the container, ends in NULL */
	size_t n_words;
	bool has_dashes; /* `--` stood before it */
	struct warden_client *client;
	struct warden_client *kept; /* an existing connection to use instead of a new one */
};

extern const struct cli_command commands[]; /* ends with a NULL name */
extern const struct option global_options[];

/* The option groups of the table; see option_table.c. */
extern const struct option handle_option[], create_options[], limit_options[], job_options[],
	link_options[], stream_options[], attach_options[], attach_own_options[], handles_options[],
	stop_options[], stop_own_options[], list_options[], list_own_options[], ps_options[],
	publish_options[], destroy_own_options[], run_own_options[], exec_own_options[],
	ls_options[], kill_handle_options[], kill_options[], cp_options[], logs_options[],
	info_many_options[], echo_options[], shell_options[], net_in_options[], net_out_options[],
	rule_options[], limit_memory_options[], limit_cpu_options[], limit_disk_options[],
	limit_bandwidth_options[], copy_in_options[], copy_out_options[], file_options[],
	file_read_options[], file_write_options[], file_write_own_options[], file_remove_options[],
	job_input_options[], job_input_own_options[], job_signal_options[], job_resize_options[],
	events_options[], top_options[], doctor_options[], help_options[];

const struct cli_command *command_find(const char *name);
/* Finds an option by its name, or by its letter if the length is 1; NULL: unknown. */
const struct option *command_find_option(const struct cli_command *command, const char *name,
					 size_t length, size_t *index);

/* The options of a command by index: first its own, then the global ones, each name once; NULL
 * past the last. If `command` is NULL only the global ones. */
const struct option *command_option(const struct cli_command *command, size_t index);

/* arguments.c: parses the command line. Returns 0, or a status after an error message. */
int arguments_parse(struct invocation *invocation, int argc, char **argv);
/* Prints an error message and returns STATUS_USAGE. */
int usage_error(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Frees the requests and the connection, unless it is `kept`. */
void invocation_clear(struct invocation *invocation);
/* The exit status of the process for a status. */
int exit_status(const struct invocation *invocation, int status);
/* Runs the parsed command; returns its status. */
int invocation_run(struct invocation *invocation);

/* The message whose field an option sets; NULL for an option of the command itself, or if there
 * is no memory. */
struct warden_message *option_request(const struct invocation *invocation,
				      const struct option *option);

/* options.c, values.c: set the field of an option from its text; see option_set. */
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
int set_network(struct invocation *invocation, const struct option *option, const char *text);
int set_cpus(struct invocation *invocation, const struct option *option, const char *text);
int set_publish(struct invocation *invocation, const struct option *option, const char *text);
int set_ps_property(struct invocation *invocation, const struct option *option, const char *text);
int set_own(struct invocation *invocation, const struct option *option, const char *text);
int set_reconnect(struct invocation *invocation, const struct option *option, const char *text);
/* Reports why a value was rejected, by errno; returns a status. */
int value_error(const struct invocation *invocation, const struct option *option, const char *text);

/* script.c: the script of a job. */
int set_script(struct invocation *invocation, const struct option *option, const char *text);
int set_script_file(struct invocation *invocation, const struct option *option, const char *text);
/* Sets the command line; a usage error if there is neither a command line nor a script. */
int set_script_words(struct invocation *invocation, struct warden_message *request);
/* Reads a descriptor to its end, into memory from malloc; NULL with errno. */
char *read_whole(int fd, size_t *length);

/* habits.c: what docker's users type. habits_read_command returns false for an unknown word; else
 * the invocation's command is set, or the status after an answer to the word. */
bool habits_read_command(struct invocation *invocation, const char *word, int *status);
/* The text to type instead of an option that the command does not have; NULL: unknown. */
const char *habits_option_answer(const struct cli_command *command, const char *name,
				 size_t length);

/* near.c: finds the name that is most similar to a mistyped word. `best` is NULL if none is
 * similar. */
struct near {
	const char *word;
	const char *best;
	size_t distance;
};
void near_begin(struct near *near, const char *word);
void near_consider(struct near *near, const char *name);

/* help.c, manual.c, completion.c: texts generated from the table. */
void help_print(FILE *file, const struct cli_command *command);
int cmd_help(struct invocation *invocation);
void manual_print(FILE *file);
int cmd_completion(struct invocation *invocation);

/* complete.c: candidates for the last word of a command line. */
typedef void (*complete_function)(void *data, const char *text, const char *description);
enum complete_files { COMPLETE_NO_FILES, COMPLETE_FILES, COMPLETE_DIRECTORIES };
/* Calls the function with each candidate for the last of the words (those behind `warden`).
 * Returns whether names of files are candidates as well. */
enum complete_files complete_words(char *const *words, size_t n, complete_function function,
				   void *data);
int cmd_complete(struct invocation *invocation);

/* repl.c: reads commands from a terminal or a pipe. */
int repl_run(const struct invocation *global);

/* call.c: functions that most commands share. client_open connects and returns a status. */
int client_open(struct invocation *invocation);
/* Opens a further connection, which the caller frees even if this failed. */
int client_open_another(struct invocation *invocation, struct warden_client **client);
int client_failed(const struct invocation *invocation);
int print_answer(struct invocation *invocation, const struct warden_message *answer);
/* The same for one of several answers; flushes standard output. */
int print_answer_now(struct invocation *invocation, const struct warden_message *answer);
/* Fills in defaults of the request and connects. */
int call_prepare(struct invocation *invocation);
int cmd_call(struct invocation *invocation);
/* The answer to list, which the caller frees; NULL: as warden_client_call. */
struct warden_message *call_list(const struct invocation *invocation);
bool list_has(const struct warden_message *list, const char *handle);
/* Gives a request an id of its own, so that it can be repeated when the daemon restarts, unless it
 * has one or nothing is repeated. -1 after an error message. */
int request_set_id(const struct invocation *invocation, struct warden_message *request);
/* Creates a request with a handle; NULL after an error message. */
struct warden_message *request_with_handle(const struct invocation *invocation, const char *name,
					   const char *handle, size_t length);
/* The handle that the first request names. */
const char *invocation_handle(const struct invocation *invocation, size_t *length);

/* cmd_containers.c: commands for many containers. */
int cmd_list(struct invocation *invocation);
int cmd_info(struct invocation *invocation);
/* A request of this name for the containers that the properties of `from` select; NULL after an
 * error message. */
struct warden_message *containers_select(const struct invocation *invocation,
					 const struct warden_message *from, const char *name);
/* Sends an info_many request and returns its answer; NULL after an error message. */
struct warden_message *containers_get(struct invocation *invocation,
				      const struct warden_message *request);
void print_containers(const struct warden_message *answer);

/* cmd_each.c, cmd_create.c, cmd_logs.c */
int cmd_destroy(struct invocation *invocation);
int cmd_stop(struct invocation *invocation);
int cmd_create(struct invocation *invocation);
/* Sets the handle of the rules of --publish; returns a status. */
int publish_prepare(const struct invocation *invocation, struct warden_message *rules,
		    const char *handle, size_t length);
int cmd_logs(struct invocation *invocation);

/* cmd_docker.c: commands that are rewritten; see the member of struct cli_command. */
int rewrite_ps(const struct invocation *invocation, const char **words);
int rewrite_ls(const struct invocation *invocation, const char **words);
int rewrite_kill(const struct invocation *invocation, const char **words);
int rewrite_cp(const struct invocation *invocation, const char **words);

/* cmd_top.c */
int cmd_top(struct invocation *invocation);

/* cmd_jobs.c: commands that end with a job's output and status. */
int cmd_run(struct invocation *invocation);
int cmd_link(struct invocation *invocation);
int cmd_stream(struct invocation *invocation);
int cmd_attach(struct invocation *invocation);
int cmd_spawn_pair(struct invocation *invocation);
int job_status(const struct warden_message *answer);
/* Prints the output of a link's answer, why the job ended, and returns the job's status. */
int job_print_result(const struct invocation *invocation, const struct warden_message *answer);
int job_output(void *data, const char *name, const void *bytes, size_t length);
/* Reports on stderr why the job ended and how much output was dropped. Returns false if there
 * was nothing to report, or if the container's events have the cause. */
bool job_report_end(const struct invocation *invocation, const struct warden_message *answer);

/* job_streams.c: connects a job's streams to those of this process. */
struct session_options {
	const char *request; /* "stream", "attach", or "link" for the whole output at the end */
	bool input, terminal, replay;
	bool has_until;   /* the session ends with 0 at the offsets of `until` */
	uint64_t from[2]; /* the offsets in stdout and stderr at which output begins */
	uint64_t until[2];
	int signal_fd; /* ends the session when readable; -1: none */
	/* Called when signal_fd is readable; true: the session goes on. NULL: it ends. */
	bool (*interrupted)(void *data);
	/* Takes a piece of output, `offset` bytes behind the beginning of the stream; NULL: it is
	 * printed. */
	void (*output)(void *data, const char *name, const char *bytes, size_t length,
		       uint64_t offset);
	/* Prints the last answer and returns the status; NULL: the default. */
	int (*finish)(void *data, const struct warden_message *answer);
	void *data;
};
/* Follows a job to its end and returns its status. `*woken`: signal_fd ended the session. */
int job_streams_run(struct invocation *invocation, const char *handle, size_t length, uint64_t job,
		    const struct session_options *options, bool *woken);
/* A usage error if the keys of a terminal that is asked for cannot be read. */
int job_streams_check_terminal(const struct invocation *invocation,
			       const struct session_options *options);
/* Sets rows and columns of a request to those of this process's terminal, unless they are set. */
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

/* print.c, print_lists.c: print answers for people. */
void print_handle(const struct warden_message *answer);
void print_handles(const struct warden_message *answer);
void print_job_id(const struct warden_message *answer);
void print_job_ids(const struct warden_message *answer);
void print_info(const struct warden_message *answer);
void print_limits(const struct warden_message *answer);
void print_memory_limit(const struct warden_message *answer);
void print_cpu_limit(const struct warden_message *answer);
void print_disk_limits(const struct warden_message *answer);
void print_bandwidth_limits(const struct warden_message *answer);
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
/* Formats a time in local time: the time of day, or date and time if it is not today. */
void text_time(char *buffer, size_t size, uint64_t microseconds);

/* table.c: aligned columns. Lack of memory is reported when the table is printed. */
struct table;
/* Titles end in NULL; `>` at the beginning aligns the column to the right. */
struct table *table_new(const char *const *titles);
/* Adds a cell to the last row, or to a new one if that is full. */
void table_add(struct table *table, const char *text, size_t length);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets the colour of the last cell. */
void table_colour(struct table *table, const char *code);
void table_free(struct table *table);
/* The text of a cell: everything is escaped that is unsafe or has no known width; from malloc. And
 * how many columns such a text takes. */
char *table_escape(const char *text, size_t length);
size_t table_columns(const char *text);
/* Prints and frees the table. If `width` is not 0 cells are cut and the last columns left out so
 * that lines fit; a line at the end names these. */
void table_print(struct table *table, FILE *file, size_t width);
/* The same, but cells that do not fit continue on further lines. */
void table_print_wrapped(struct table *table, FILE *file, size_t width);

/* print_text.c: writes text, numbers and colours. */
bool text_colours(FILE *file);
const char *text_colour(FILE *file, const char *code);
void text_safe(FILE *file, const char *bytes, size_t length, bool lines);
void text_size(char *buffer, size_t size, uint64_t bytes);
int write_all(int fd, const void *bytes, size_t length);
size_t terminal_width(FILE *file); /* in columns; 0: no terminal */

#define DIM    "\033[2m"
#define BOLD   "\033[1m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define PLAIN  "\033[0m"

/* json.c: prints one line (inline: without the line end). Returns 0, or -1 if there is no
 * memory. */
struct json_t;
struct json_t *json_of_answer(
	const struct warden_message
		*answer); /* a jansson object that the caller owns; NULL: no memory */
int json_write(FILE *file, const struct json_t *object);
int json_print_inline(FILE *file, const struct warden_message *message);
int json_print(FILE *file, const struct warden_message *answer);
int json_print_with_handle(FILE *file, const struct warden_message *answer, const char *handle);
/* Writes the name of a choice in lower case, as it is printed. */
void choice_text(char *buffer, size_t size, const char *name);

/* format.c: --format. format_check returns a usage error if the template does not suit the
 * command's answers. */
int format_check(const struct invocation *invocation);
void format_print(const struct invocation *invocation, const struct warden_message *answer);

/* Prints an error message on standard error, with the command's name in front. */
void complain(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
