/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, generated from the table: `warden help --manual` prints doc/warden.1. */
#include <config.h>

#include "client/cli/cli.h"

#include <ctype.h>
#include <string.h>

static void manual_put_text(FILE *file, const char *text)
{
	for (bool first = true; *text; text++) {
		if (first && (*text == '.' || *text == '\''))
			fputs("\\&", file);
		first = *text == '\n';
		if (*text == '\\')
			fputs("\\e", file);
		else if (*text == '-')
			fputs("\\-", file);
		else if (*text == '`')
			fputs("\\(ga", file);
		else
			putc(*text, file);
	}
}

static void manual_put_sentence(FILE *file, const char *text)
{
	putc(toupper((unsigned char)*text), file);
	manual_put_text(file, text + 1);
	fputs(".\n", file);
}

static void manual_put_option(FILE *file, const struct option *option)
{
	fputs(".TP\n", file);
	if (option->letter)
		fprintf(file, "\\fB\\-%c\\fR, ", option->letter);
	fputs("\\fB\\-\\-", file);
	manual_put_text(file, option->name);
	fputs("\\fR", file);
	if (option->argument) {
		fputs(" \\fI", file);
		manual_put_text(file, option->argument);
		fputs("\\fR", file);
	}
	putc('\n', file);
	manual_put_sentence(file, option->help);
	if (option->alias) {
		fputs("Its other name is \\fB\\-\\-", file);
		manual_put_text(file, option->alias);
		fputs("\\fR.\n", file);
	}
}

static bool manual_is_global(const struct option *option)
{
	for (const struct option *o = global_options; o->name; o++)
		if (o == option)
			return true;
	return false;
}

static void manual_put_command(FILE *file, const struct cli_command *command)
{
	const struct option *option;

	fputs(".SS \"warden ", file);
	manual_put_text(file, command->name);
	fputs("\"\n.B warden ", file);
	manual_put_text(file, command->name);
	if (*command->usage) {
		putc(' ', file);
		manual_put_text(file, command->usage);
	}
	fputs("\n.PP\n", file);
	manual_put_sentence(file, command->summary);
	if (command->details)
		manual_put_text(file, command->details);
	if (command->alias) {
		fputs("Its other name is \\fB", file);
		manual_put_text(file, command->alias);
		fputs("\\fR.\n", file);
	}
	for (size_t i = 0; (option = command_option(command, i)) != NULL; i++)
		if (!manual_is_global(option))
			manual_put_option(file, option);
}

static const char head[] =
	".\\\" SPDX-License-Identifier: Apache-2.0\n"
	".\\\" Written by `warden help --manual` from the table of commands.\n"
	".TH WARDEN 1 \"\" \"warden\" \"User Commands\"\n"
	".SH NAME\n"
	"warden \\- make containers through wardend and run programs in them\n"
	".SH SYNOPSIS\n"
	".B warden\n"
	"[\\fB\\-\\-socket\\fR \\fIFILE\\fR] [\\fB\\-\\-json\\fR | "
	"\\fB\\-\\-format\\fR \\fITEMPLATE\\fR] "
	"\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
	".PP\n"
	".B warden\n"
	"[\\fB\\-\\-exit\\-on\\-error\\fR]\n"
	".SH DESCRIPTION\n"
	"Sends one request to\n"
	".BR wardend (8)\n"
	"and prints its answer.\n"
	"Options may stand anywhere before a command line that is to run in a "
	"container; a switch may be\n"
	"given as \\fB\\-\\-switch=false\\fR. Required values may be "
	"given without the name of their\n"
	"option, in the order of the options below.\n"
	".PP\n"
	"A \\fISIZE\\fR is a number of bytes, or has a unit: 64k, 1.5G and 10MiB are powers "
	"of two. A \\fITIME\\fR\n"
	"is a number of seconds, or has units: 500ms, 1.5s, 2m, 1h30m and 7d.\n"
	".PP\n"
	"Without a command, commands are read, one a line: on a terminal with "
	"a prompt, history and completion,\n"
	"else from a pipe or a file. Words are quoted as in a shell; a line that "
	"begins with # is a comment;\n"
	"\\fBquit\\fR ends the input. All of them use one connection, which keeps containers alive "
	"that "
	"have no other\n"
	"connection. The status is 0, or with \\fB\\-\\-exit\\-on\\-error\\fR that of "
	"the first command that failed.\n"
	".SS \"A daemon that restarts\"\n"
	"\\fBrun\\fR, \\fBexec\\fR, \\fBlink\\fR, \\fBstream\\fR and \\fBattach\\fR go on over "
	"a restart of the daemon: they\n"
	"connect again, for at most the time of \\fB\\-\\-reconnect\\fR, and ask for the same "
	"job from the byte at\n"
	"which the output broke. Each byte is printed once, and a job is started once. "
	"\\fBevents\\fR goes on behind\n"
	"the last event that it has printed. Other commands fail when the connection breaks.\n"
	".PP\n"
	"Standard input goes on, too, if the daemon is stopped. If it is killed, input that it "
	"has not confirmed\n"
	"may have reached the job or not. The command then ends with an error, and the job goes "
	"on; on a terminal\n"
	"these keys are dropped, and the command goes on.\n"
	".PP\n"
	"A command that is refused when it connects tries for five seconds, or for the time "
	"of\n"
	"\\fB\\-\\-reconnect\\fR if that is given; then the socket may be missing, too.\n"
	".SS Formats\n"
	"\\fB\\-\\-json\\fR prints an answer as one JSON object in a line, with "
	"the fields of the protocol's\n"
	"answer; choices are in lower case. The end of a job is in the same "
	"object as its output: \\fIreason\\fR is one\n"
	"of exited, signal, wall_time, cpu_time, memory, output, stopped, "
	"start_failed. Bytes that are not UTF\\-8\n"
	"are in base64, in a field whose name ends in _base64.\n"
	".PP\n"
	"\\fB\\-\\-format\\fR \\fITEMPLATE\\fR prints a line for the answer, "
	"or, if the answer is a list, for\n"
	"each element of it. \\fB{field}\\fR stands for a field, "
	"\\fB{memory_stat.rss}\\fR for a field inside another;\n"
	"an absent field is empty, repeated values have commas between them. Names are searched in "
	"the element, its\n"
	"info, the end of its job, and the request. \\fB\\et\\fR and "
	"\\fB\\en\\fR are a tab and a line\n"
	"end, \\fB{{\\fR and \\fB}}\\fR braces. Control characters are written "
	"as \\exNN, except in output.\n"
	".SH OPTIONS\n"
	"These apply to every command:\n";

static const char foot[] =
	".SH EXIT STATUS\n"
	"\\fBrun\\fR, \\fBlink\\fR, \\fBstream\\fR, \\fBattach\\fR, "
	"\\fBexec\\fR and \\fBshell\\fR exit with the status of\n"
	"the job, or with:\n"
	".TP\n125\nThe daemon or the system refused, with a line on standard error: "
	"for instance there is no such\ncontainer, or no daemon.\n"
	".TP\n126\nThe program cannot be executed: it is no program, it may not be, or "
	"its interpreter is missing.\n"
	".TP\n127\nThe program is not there.\n"
	".TP\n128+\\fIn\\fR\nThe signal \\fIn\\fR ended the job: 137 for KILL, which "
	"limits send, too.\n"
	".TP\n255\nThe job has no status: the daemon lost it.\n"
	".PP\n"
	"With \\fB\\-\\-json\\fR and \\fB\\-\\-format\\fR they exit with 0. Other "
	"commands exit with 0, or with 1 if the daemon\nor the system refused. 2: the "
	"command line is wrong.\n"
	".PP\n"
	"If the reader of their output ends, as in \\fBrun\\fR ... | head, SIGPIPE ends the "
	"command. The "
	"job\ngoes on; \\fBexec\\fR destroys its container.\n"
	".SH ENVIRONMENT\n"
	".TP\n"
	".B WARDEN_SOCKET\n"
	"The daemon's socket.\n"
	".TP\n"
	".B NO_COLOR\n"
	"If it is set and not empty, nothing is coloured.\n"
	".SH FILES\n"
	".TP\n"
	".I ~/.warden_history\n"
	"The history of the prompt.\n"
	".SH EXAMPLES\n"
	".nf\n"
	"warden exec \\-\\- sh \\-c 'id \\-un; hostname'\n"
	"warden exec \\-it \\-\\-tmpfs\\-size 64m \\-\\- bash\n"
	"warden create web \\-\\-property tier=front \\-\\-memory 256m\n"
	"warden run web \\-e LANG=C \\-u nobody \\-w /tmp \\-\\-timeout 2.5 "
	"\\-\\-json \\-\\- make test\n"
	"warden list \\-\\-format '{handle} {state} {memory_stat.total_rss}'\n"
	"tar c src | warden copy\\-in web \\- /home/vcap\n"
	"warden events \\-\\-property tier=front \\-\\-json\n"
	".fi\n"
	".SH SEE ALSO\n"
	".BR wardend (8),\n"
	".BR warden.conf (5),\n"
	".BR warden\\-rootfs (1),\n"
	".BR wsh (1)\n";

void manual_print(FILE *file)
{
	fputs(head, file);
	for (const struct option *option = global_options; option->name; option++)
		manual_put_option(file, option);
	for (int section = 0; section < SECTIONS; section++) {
		fputs(".SH \"", file);
		for (const char *at = section_titles[section]; *at; at++)
			putc(toupper((unsigned char)*at), file);
		fputs("\"\n", file);
		for (const struct cli_command *command = commands; command->name; command++)
			if ((int)command->section == section && !command->hidden)
				manual_put_command(file, command);
	}
	fputs(foot, file);
}
