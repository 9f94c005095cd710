/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --format: a line of text for scripts. `{FIELD}` stands for a field of the answer, or of a
 * nested message (`{memory_stat.rss}`). If the answer is a list the line is printed for each
 * element. A field that the element does not have is searched in its `info`, its `end`, and the
 * request.
 */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 128 };

/* The messages in which names are searched, in this order; NULL: absent. */
struct format_places {
	const struct warden_message *messages[4];
};

/* Whether the message's type has a field of this name, which may have dots; the field may be
 * unset. */
static bool format_has_field(const struct warden_message *message, const char *name)
{
	size_t length = strcspn(name, ".");
	struct warden_field field;

	for (size_t i = 0; warden_message_field(message, i, &field); i++) {
		struct warden_message *empty;

		if (strlen(field.name) != length || memcmp(field.name, name, length) != 0)
			continue;
		if (name[length] == '\0')
			return true;
		if (field.kind != WARDEN_KIND_MESSAGE)
			return false;
		/* Templates are checked with empty messages only, so adding a field does no
		 * harm. */
		empty = warden_message_add((struct warden_message *)message, field.name);
		return empty && format_has_field(empty, name + length + 1);
	}
	return false;
}

static void format_consider_all(const struct warden_message *message, struct near *near)
{
	struct warden_field field;

	for (size_t i = 0; warden_message_field(message, i, &field); i++)
		near_consider(near, field.name);
}

/* A piece of a template: a text, or the name between braces. */
struct format_piece {
	const char *text;
	size_t length;
	bool is_name;
};

static bool format_next_piece(const char **at, struct format_piece *piece)
{
	if (**at == '\0')
		return false;
	piece->text = *at;
	piece->is_name = **at == '{' && (*at)[1] != '{';
	if (piece->is_name) {
		piece->text++;
		piece->length = strcspn(piece->text, "}");
		*at = piece->text + piece->length + (piece->text[piece->length] == '}');
		return true;
	}
	if (**at == '{' || **at == '}' || **at == '\\') {
		/* A doubled brace or an escape stands for one character. */
		piece->length = 1;
		*at += **at != '}' && (*at)[1] ? 2 : 1;
		if (piece->text[0] == '}' && **at == '}')
			(*at)++;
		return true;
	}
	piece->length = strcspn(*at, "{}\\");
	*at += piece->length;
	return true;
}

static int format_check_name(const struct invocation *invocation,
			     const struct format_places *places, const struct format_piece *piece)
{
	char name[NAME_MAX_LENGTH];
	struct near near;

	if (piece->text[piece->length] != '}' || piece->length == 0 ||
	    piece->length >= sizeof(name))
		return usage_error(invocation, "--format: '{%.*s' is not a valid {FIELD}",
				   (int)piece->length, piece->text);
	memcpy(name, piece->text, piece->length);
	name[piece->length] = '\0';
	near_begin(&near, name);
	for (size_t i = 0; i < 4; i++) {
		if (!places->messages[i])
			continue;
		/* A name with dots would add a field to the request. */
		if ((i < 3 || !strchr(name, '.')) && format_has_field(places->messages[i], name))
			return 0;
		format_consider_all(places->messages[i], &near);
	}
	if (near.best)
		return usage_error(invocation, "--format: there is no field %s; did you mean %s?",
				   name, near.best);
	return usage_error(invocation, "--format: there is no field %s", name);
}

static const char *format_answers_of(const struct cli_command *command)
{
	return command->answers ? command->answers : command->groups[0].request;
}

/* Returns a nested message, which is created if it is absent; NULL: no such field. */
static struct warden_message *format_add_inner(struct warden_message *message, const char *field)
{
	return message ? warden_message_add(message, field) : NULL;
}

int format_check(const struct invocation *invocation)
{
	const struct cli_command *command = invocation->command;
	const char *request = format_answers_of(command), *at = invocation->format;
	struct warden_message *answer = request ? warden_message_new_answer(request) : NULL;
	struct warden_message *element =
		command->elements ? format_add_inner(answer, command->elements) : answer;
	const struct format_places places = {{element, format_add_inner(element, "info"),
					      format_add_inner(element, "end"),
					      invocation->requests[0]}};
	struct format_piece piece;
	int status = 0;

	if (!answer)
		return usage_error(invocation, "--format: this command has no answer to print");
	while (status == 0 && format_next_piece(&at, &piece))
		if (piece.is_name)
			status = format_check_name(invocation, &places, &piece);
	warden_message_free(answer);
	return status;
}

/* Finds the kind of a field of the message; the name may have dots. False: no such field. */
static bool format_find_kind(const struct warden_message *message, const char *name,
			     enum warden_kind *kind)
{
	size_t length = strcspn(name, ".");
	struct warden_field field;

	for (size_t i = 0; warden_message_field(message, i, &field); i++) {
		const struct warden_message *child;

		if (strlen(field.name) != length || memcmp(field.name, name, length) != 0)
			continue;
		*kind = field.kind;
		if (name[length] == '\0')
			return true;
		child = warden_message_child(message, field.name, 0);
		return child && format_find_kind(child, name + length + 1, kind);
	}
	return false;
}

/* Output is printed unchanged; other bytes are escaped, so that a line stays one line. */
static bool format_is_output(const char *name)
{
	static const char *const outputs[] = {"stdout", "stderr", "data", "message"};

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		if (strcmp(name, outputs[i]) == 0)
			return true;
	return false;
}

static void format_print_element(const struct warden_message *message, const char *name,
				 enum warden_kind kind, size_t index)
{
	char text[64];
	const char *bytes;
	size_t length;

	switch (kind) {
	case WARDEN_KIND_BYTES:
		bytes = warden_message_bytes(message, name, index, &length);
		if (format_is_output(name))
			fwrite(bytes, 1, length, stdout); /* main checks the stream's error */
		else
			text_safe(stdout, bytes, length, false);
		break;
	case WARDEN_KIND_CHOICE:
		choice_text(text, sizeof(text), warden_message_choice(message, name, index));
		fputs(text, stdout);
		break;
	case WARDEN_KIND_BOOL:
		fputs(warden_message_number(message, name, index) ? "true" : "false", stdout);
		break;
	case WARDEN_KIND_SIGNED:
		printf("%" PRId64, (int64_t)warden_message_number(message, name, index));
		break;
	case WARDEN_KIND_MESSAGE:
		(void)json_print_inline(stdout, warden_message_child(message, name, index));
		break;
	default:
		printf("%" PRIu64, warden_message_number(message, name, index));
	}
}

static void format_print_name(const struct format_places *places, const struct format_piece *piece)
{
	char name[NAME_MAX_LENGTH];

	memcpy(name, piece->text, piece->length); /* format_check has checked the length */
	name[piece->length] = '\0';
	for (size_t i = 0; i < 4; i++) {
		const struct warden_message *message = places->messages[i];
		size_t count = message ? warden_message_count(message, name) : 0;
		enum warden_kind kind;

		if (count == 0 || !format_find_kind(message, name, &kind))
			continue;
		for (size_t j = 0; j < count; j++) {
			fputs(j > 0 ? "," : "", stdout);
			format_print_element(message, name, kind, j);
		}
		return;
	}
}

static void format_print_text(const struct format_piece *piece, const char *behind)
{
	if (piece->text[0] != '\\' || piece->length != 1 || behind == piece->text + 1) {
		printf("%.*s", (int)piece->length, piece->text);
		return;
	}
	switch (piece->text[1]) {
	case 'n':
		putchar('\n');
		break;
	case 't':
		putchar('\t');
		break;
	default:
		putchar(piece->text[1]);
	}
}

static void format_print_line(const char *template, const struct format_places *places)
{
	const char *at = template;
	struct format_piece piece;

	while (format_next_piece(&at, &piece)) {
		if (piece.is_name)
			format_print_name(places, &piece);
		else
			format_print_text(&piece, at);
	}
	putchar('\n');
}

static void format_print_one(const struct invocation *invocation,
			     const struct warden_message *message)
{
	const struct format_places places = {{message, warden_message_child(message, "info", 0),
					      warden_message_child(message, "end", 0),
					      invocation->requests[0]}};

	format_print_line(invocation->format, &places);
}

void format_print(const struct invocation *invocation, const struct warden_message *answer)
{
	const char *elements = invocation->command->elements;
	enum warden_kind kind;

	if (!elements || !format_find_kind(answer, elements, &kind)) {
		format_print_one(invocation, answer);
		return;
	}
	for (size_t i = 0; i < warden_message_count(answer, elements); i++)
		format_print_one(invocation, warden_message_child(answer, elements, i));
}
