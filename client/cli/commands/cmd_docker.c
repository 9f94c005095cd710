/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of docker and podman that are, by what is given, one or another of warden's: each is
 * rewritten to that one before it runs. */
#include <config.h>

#include "client/cli/cli.h"

#include <string.h>
#include <strings.h>

int set_ps_property(struct invocation *invocation, const struct option *option, const char *text)
{
	if (invocation->property)
		return usage_error(invocation,
				   "--%s: one alone; `warden list --long` takes several",
				   option->name);
	invocation->property = text;
	return 0;
}

static int cmd_docker_reject_selection(const struct invocation *invocation)
{
	return usage_error(
		invocation,
		"--quiet and --property are for the table of containers, without HANDLE");
}

/* Containers, or the jobs of one. */
int rewrite_ps(const struct invocation *invocation, const char **words)
{
	if (invocation->handle) {
		if (invocation->quiet || invocation->property)
			return cmd_docker_reject_selection(invocation);
		words[0] = "jobs";
		words[1] = "--";
		words[2] = invocation->handle;
		return 0;
	}
	words[0] = "list";
	words[1] = invocation->quiet ? "--quiet" : "--long";
	if (invocation->property) {
		words[2] = "--property";
		words[3] = invocation->property;
	}
	return 0;
}

/* Files of a container, or containers. */
int rewrite_ls(const struct invocation *invocation, const char **words)
{
	if (!invocation->handle)
		return rewrite_ps(invocation, words);
	if (invocation->quiet || invocation->property)
		return cmd_docker_reject_selection(invocation);
	words[0] = "file-list";
	words[1] = "--";
	words[2] = invocation->handle;
	words[3] = invocation->source ? invocation->source : ".";
	return 0;
}

static bool cmd_docker_is_signal(const char *text, const char *name)
{
	return strcasecmp(text, name) == 0 ||
	       (strncasecmp(text, "SIG", 3) == 0 && strcasecmp(text + 3, name) == 0);
}

/* The n-th positional word of kill; NULL: there are fewer. */
static const char *cmd_docker_kill_word(const struct invocation *invocation, size_t n)
{
	return warden_message_bytes(invocation->requests[0], "handles", n, NULL);
}

static bool cmd_docker_is_number(const char *text)
{
	return text && *text && text[strspn(text, "0123456789")] == '\0';
}

/* HANDLE JOB [SIGNAL], where --job-id and --signal may stand for the words. */
static int cmd_docker_signal_job(const struct invocation *invocation, const char **words)
{
	size_t at = 1;
	const char *job = invocation->job ?: cmd_docker_kill_word(invocation, at++);
	const char *signal = invocation->signal ?: cmd_docker_kill_word(invocation, at++);
	const char *further = cmd_docker_kill_word(invocation, at);
	const char *const kill[] = {"job-signal", "--", cmd_docker_kill_word(invocation, 0), job,
				    signal};

	if (further)
		return usage_error(invocation, "unexpected argument '%s'", further);
	memcpy(words, kill, sizeof(kill));
	return 0;
}

/* A signal to a job; or the end of every process of containers. */
int rewrite_kill(const struct invocation *invocation, const char **words)
{
	const char *signal = invocation->signal, *handle;

	if (invocation->job || cmd_docker_is_number(cmd_docker_kill_word(invocation, 1)))
		return cmd_docker_signal_job(invocation, words);
	*words++ = "stop";
	if (!signal || cmd_docker_is_signal(signal, "KILL") || strcmp(signal, "9") == 0)
		*words++ = "--kill";
	else if (!cmd_docker_is_signal(signal, "TERM") && strcmp(signal, "15") != 0)
		return usage_error(invocation,
				   "a container gets TERM and KILL alone; `warden kill HANDLE JOB "
				   "%s` sends it to a job",
				   signal);
	*words++ = "--";
	for (size_t i = 0; (handle = cmd_docker_kill_word(invocation, i)) != NULL; i++)
		*words++ = handle;
	return 0;
}

/* The path behind the handle of HANDLE:PATH; NULL: a path of the host. As with docker a path with a
 * colon is told by a slash before that. */
static const char *cmd_docker_container_path(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon > text && memchr(text, '/', (size_t)(colon - text)) == NULL &&
			       text[0] != '.'
		       ? colon + 1
		       : NULL;
}

int rewrite_cp(const struct invocation *invocation, const char **words)
{
	const char *source = invocation->source, *target = invocation->target;
	const char *from = cmd_docker_container_path(source);
	const char *to = cmd_docker_container_path(target);
	const char *handle = from ? source : target;

	if (!from == !to)
		return usage_error(invocation, "one of the two is HANDLE:PATH, not %s",
				   from ? "both" : "none");
	((char *)handle)[(from ? from : to) - handle - 1] = '\0';
	words[0] = from ? "copy-out" : "copy-in";
	words[1] = "--";
	words[2] = handle;
	words[3] = from ? from : source;
	words[4] = from ? target : to;
	return 0;
}
