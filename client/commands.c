/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the command: every request, every field and the option that sets it. */
#include <config.h>

#include "client/command.h"

#include <string.h>

const struct option global_options[] = {
	{.name = "socket",
	 .argument = "PATH",
	 .set = set_global,
	 .help = "the daemon's socket (default: $WARDEN_SOCKET, else " WARDEN_DEFAULT_SOCKET ")"},
	{.name = "json", .set = set_global, .help = "print the answer as one JSON object a line"},
	{.name = "help", .letter = 'h', .set = set_global, .help = "print what a command takes"},
	{.name = "version", .set = set_global, .help = "print the version"},
	{0},
};

static const struct option handle_option[] = {
	{.name = "handle",
	 .field = "handle",
	 .argument = "HANDLE",
	 .positional = true,
	 .required = true,
	 .help = "the container"},
	{0},
};

static const struct option create_options[] = {
	{.name = "handle",
	 .field = "handle",
	 .argument = "HANDLE",
	 .positional = true,
	 .help = "name of the new container (default: its id)"},
	{.name = "bind-mount",
	 .field = "bind_mounts",
	 .argument = "SRC:DST[:ro]",
	 .set = set_bind_mount,
	 .help = "show SRC of the host at DST, writable unless :ro; may be given again"},
	{.name = "grace-time",
	 .field = "grace_time",
	 .argument = "SECONDS",
	 .set = set_grace_time,
	 .help = "how long it outlives its last connection; `never` for ever"},
	{.name = "network",
	 .field = "network",
	 .argument = "ADDRESS",
	 .help = "take the /30 network that this address lies in"},
	{.name = "rootfs",
	 .field = "rootfs",
	 .argument = "DIR",
	 .set = set_path,
	 .help = "root file system instead of the configured one"},
	{0},
};

static const struct option job_options[] = {
	{.name = "privileged", .field = "privileged", .help = "run as root of the container"},
	{.name = "rlimit",
	 .field = "rlimits",
	 .argument = "NAME=N",
	 .set = set_rlimit,
	 .help = "limit a resource as in getrlimit(2), such as nofile=1024 or core=unlimited; may "
		 "be given again"},
	{.name = "discard-output",
	 .field = "discard_output",
	 .help = "drop the output instead of keeping it"},
	{.name = "log-tag",
	 .field = "log_tag",
	 .argument = "TAG",
	 .help = "send each line of output to syslog as warden.TAG, too"},
	{.name = "script",
	 .field = "script",
	 .argument = "TEXT",
	 .set = set_script,
	 .help = "the script to run"},
	{.name = "script-file",
	 .field = "script",
	 .argument = "FILE",
	 .set = set_script_file,
	 .help = "a file with the script; `-` is standard input"},
	{0},
};

static const struct option link_options[] = {
	{.name = "handle",
	 .field = "handle",
	 .argument = "HANDLE",
	 .positional = true,
	 .required = true,
	 .help = "the container"},
	{.name = "job-id",
	 .field = "job_id",
	 .argument = "JOB",
	 .positional = true,
	 .required = true,
	 .help = "number of the job, as spawn printed it"},
	{0},
};

static const struct option stop_options[] = {
	{.name = "background", .field = "background", .help = "do not wait for the end"},
	{.name = "kill", .field = "kill", .help = "kill at once instead of asking first"},
	{0},
};

static const struct option list_options[] = {
	{.name = "long",
	 .letter = 'l',
	 .set = set_global,
	 .help = "a table with state and figures"},
	{0},
};

static const struct option echo_options[] = {
	{.name = "message",
	 .field = "message",
	 .argument = "TEXT",
	 .positional = true,
	 .required = true,
	 .help = "what the daemon sends back"},
	{0},
};

static const struct option shell_options[] = {
	{.name = "user",
	 .argument = "USER",
	 .set = set_global,
	 .help = "whose shell (default: root)"},
	{0},
};

#define JOB_SCRIPT                                                                                 \
	"What runs is given by one of --script, --script-file, a command line behind `--`, or "    \
	"`-` "                                                                                     \
	"for a script on standard input.\n"

const struct command commands[] = {
	{.name = "create",
	 .usage = "[OPTIONS] [HANDLE]",
	 .summary = "make a container and print its handle",
	 .groups = {{"create", create_options}},
	 .run = call_run,
	 .print = print_handle},
	{.name = "run",
	 .usage = "[OPTIONS] HANDLE (--script TEXT | --script-file FILE | - | -- COMMAND...)",
	 .summary = "run a script, print its output and exit with its status",
	 .details =
		 JOB_SCRIPT "The output is printed when the job is over; `spawn` and `stream`, or "
			    "`exec`, show it as it comes.\n",
	 .groups = {{"run", handle_option}, {"run", job_options}},
	 .words = WORDS_HANDLE_FIRST,
	 .waits = true,
	 .run = job_run},
	{.name = "spawn",
	 .usage = "[OPTIONS] HANDLE (--script TEXT | --script-file FILE | - | -- COMMAND...)",
	 .summary = "start a script and print the number of its job",
	 .details = JOB_SCRIPT,
	 .groups = {{"spawn", handle_option}, {"spawn", job_options}},
	 .words = WORDS_HANDLE_FIRST,
	 .run = call_run,
	 .print = print_job_id},
	{.name = "link",
	 .usage = "HANDLE JOB",
	 .summary = "wait for a job, print its output and exit with its status",
	 .groups = {{"link", link_options}},
	 .waits = true,
	 .run = job_run},
	{.name = "stream",
	 .usage = "HANDLE JOB",
	 .summary = "print a job's output as it comes and exit with its status",
	 .groups = {{"stream", link_options}},
	 .waits = true,
	 .run = stream_run},
	{.name = "stop",
	 .usage = "[OPTIONS] HANDLE",
	 .summary = "end every process of a container",
	 .details = "Processes get TERM, and KILL where they are still there ten seconds later.\n",
	 .groups = {{"stop", handle_option}, {"stop", stop_options}},
	 .waits = true,
	 .run = call_run},
	{.name = "destroy",
	 .usage = "HANDLE",
	 .summary = "remove a container and everything in it",
	 .groups = {{"destroy", handle_option}},
	 .run = call_run},
	{.name = "info",
	 .usage = "HANDLE",
	 .summary = "show state, addresses, jobs and figures of a container",
	 .details = "The most telling figures; --json prints all.\n",
	 .groups = {{"info", handle_option}},
	 .run = call_run,
	 .print = print_info},
	{.name = "list",
	 .usage = "[--long]",
	 .summary = "print the handles of all containers",
	 .details = "One a line, oldest first; control characters are written as \\xNN.\n",
	 .groups = {{"list", list_options}},
	 .run = list_run,
	 .print = print_handles},
	{.name = "ping",
	 .usage = "",
	 .summary = "ask whether the daemon answers",
	 .groups = {{"ping", NULL}},
	 .run = call_run,
	 .print = print_pong},
	{.name = "echo",
	 .usage = "TEXT",
	 .summary = "let the daemon send a text back",
	 .groups = {{"echo", echo_options}},
	 .run = call_run,
	 .print = print_echo},
	{.name = "exec",
	 .usage = "[OPTIONS] [--] COMMAND...",
	 .summary = "run a command in a container of its own, which is destroyed afterwards",
	 .details =
		 "Takes the options of create and run. The output is printed as it comes, and the "
		 "status is the command's.\nAn interrupt destroys the container first; a second "
		 "one "
		 "gives up waiting for that.\n",
	 .groups = {{"create", create_options}, {"spawn", job_options}},
	 .words = WORDS_COMMAND_ONLY,
	 .waits = true,
	 .run = exec_run},
	{.name = "shell",
	 .usage = "[--user USER] HANDLE [COMMAND...]",
	 .summary = "open a shell in a container, with a terminal",
	 .details = "Needs the rights of the daemon's user, which is root as a rule.\n",
	 .groups = {{"info", handle_option}, {NULL, shell_options}},
	 .words = WORDS_HANDLE_FIRST,
	 .run = shell_run},
	{.name = "help",
	 .usage = "[COMMAND]",
	 .summary = "tell what a command takes",
	 .words = WORDS_COMMAND,
	 .run = help_run},
	{0},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}
