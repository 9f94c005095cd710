/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people: columns as wide as what is in them. */
#include <config.h>

#include "client/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 16, GAP = 2 };

struct cell {
	char *text;
	size_t width; /* characters that it shows */
	const char *colour;
};

struct table {
	size_t n_columns, n_cells, capacity;
	bool is_number[COLUMNS_MAX];
	struct cell *cells; /* row by row, the titles first */
	bool failed;        /* there was no memory */
};

/* Characters of a text that is UTF-8. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void add_cell(struct table *table, char *text)
{
	if (text && table->n_cells == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 64;
		struct cell *grown = reallocarray(table->cells, capacity, sizeof(*grown));

		if (grown) {
			table->cells = grown;
			table->capacity = capacity;
		}
	}
	if (!text || table->n_cells == table->capacity) {
		free(text);
		table->failed = true;
		return;
	}
	table->cells[table->n_cells++] = (struct cell){text, width_of(text), NULL};
}

struct table *table_new(const char *const *titles)
{
	struct table *table = calloc(1, sizeof(*table));

	for (size_t i = 0; table && titles[i] && i < COLUMNS_MAX; i++) {
		table->is_number[i] = titles[i][0] == '>';
		add_cell(table, strdup(titles[i] + table->is_number[i]));
		table->n_columns++;
	}
	return table;
}

void table_add(struct table *table, const char *text, size_t length)
{
	char *safe = NULL;
	size_t size = 0;
	FILE *file;

	if (!table)
		return;
	file = open_memstream(&safe, &size);
	if (file) {
		text_safe(file, text, length, false);
		if (fclose(file) != 0) {
			free(safe);
			safe = NULL;
		}
	}
	add_cell(table, safe);
}

void table_addf(struct table *table, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (table && text)
		table_add(table, text, strlen(text));
	else if (table)
		table->failed = true;
	free(text);
}

void table_colour(struct table *table, const char *code)
{
	if (table && table->n_cells > 0)
		table->cells[table->n_cells - 1].colour = code;
}

/* Prints a cell in a column, cut to what is left of the line; how wide it was. */
static size_t print_cell(FILE *file, const struct cell *cell, bool is_number, size_t column,
			 size_t left)
{
	size_t before = is_number && cell->width < column ? column - cell->width : 0;
	size_t shown =
		cell->width + before <= left ? cell->width : left - (before < left ? before : left);
	const char *end = cell->text;

	if (before > left)
		before = left;
	for (size_t i = 0; i < shown || ((unsigned char)*end & 0xc0) == 0x80;) {
		if (!*end)
			break;
		i += ((unsigned char)*end & 0xc0) != 0x80;
		end++;
	}
	fprintf(file, "%*s%s%.*s%s", (int)before, "",
		cell->colour ? text_colour(file, cell->colour) : "", (int)(end - cell->text),
		cell->text, cell->colour ? text_colour(file, PLAIN) : "");
	return before + shown;
}

static void print_row(const struct table *table, FILE *file, const struct cell *row,
		      const size_t *columns, size_t width)
{
	size_t left = width ? width : SIZE_MAX;

	for (size_t i = 0; i < table->n_columns && left > 0; i++) {
		size_t wide = print_cell(file, &row[i], table->is_number[i], columns[i], left);
		size_t gap = columns[i] + GAP - (wide < columns[i] ? wide : columns[i]);

		left -= wide;
		if (i + 1 == table->n_columns || left <= gap)
			break;
		fprintf(file, "%*s", (int)gap, "");
		left -= gap;
	}
	putc('\n', file);
}

/* What of a text fits into a line: up to a blank, if there is one. `*text` goes on behind it. */
static size_t take_line(const char **text, size_t width)
{
	const char *at = *text, *blank = NULL;
	size_t shown = 0, length;

	while (*at && shown < width) {
		if (*at == ' ')
			blank = at;
		do
			at++;
		while (((unsigned char)*at & 0xc0) == 0x80);
		shown++;
	}
	if (*at && *at != ' ' && blank)
		at = blank;
	length = (size_t)(at - *text);
	*text = at + strspn(at, " ");
	return length;
}

/* A row on as many lines as its cells need. */
static void print_wrapped_row(const struct table *table, FILE *file, const struct cell *row,
			      const size_t *columns)
{
	const char *rest[COLUMNS_MAX];
	bool more = true;

	for (size_t i = 0; i < table->n_columns; i++)
		rest[i] = row[i].text;
	while (more) {
		more = false;
		for (size_t i = 0; i < table->n_columns; i++) {
			const char *begin = rest[i];
			size_t length = take_line(&rest[i], columns[i]);
			const char *colour = length > 0 ? row[i].colour : NULL;
			struct cell part = {strndup(begin, length), 0, NULL};

			if (!part.text)
				return;
			part.width = width_of(part.text);
			fprintf(file, "%s%s%s%*s", colour ? text_colour(file, colour) : "",
				part.text, colour ? text_colour(file, PLAIN) : "",
				i + 1 < table->n_columns ? (int)(columns[i] - part.width + GAP) : 0,
				"");
			free(part.text);
			more = more || *rest[i];
		}
		putc('\n', file);
	}
}

/* Makes the widest columns narrower until a line fits. */
static void fit(const struct table *table, size_t *columns, size_t width)
{
	for (;;) {
		size_t total = (table->n_columns - 1) * GAP, widest = 0;

		for (size_t i = 0; i < table->n_columns; i++) {
			total += columns[i];
			if (columns[i] > columns[widest])
				widest = i;
		}
		if (total <= width || columns[widest] <= 12)
			return;
		columns[widest]--;
	}
}

static void measure(const struct table *table, size_t *columns)
{
	for (size_t i = 0; i < table->n_cells; i++)
		if (table->cells[i].width > columns[i % table->n_columns])
			columns[i % table->n_columns] = table->cells[i].width;
}

void table_print_wrapped(struct table *table, FILE *file, size_t width)
{
	size_t columns[COLUMNS_MAX] = {0};

	if (!table || table->failed || width == 0) {
		table_print(table, file, 0);
		return;
	}
	measure(table, columns);
	fit(table, columns, width);
	for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
		print_wrapped_row(table, file, &table->cells[i], columns);
	table_free(table);
}

void table_free(struct table *table)
{
	for (size_t i = 0; table && i < table->n_cells; i++)
		free(table->cells[i].text);
	if (table)
		free(table->cells);
	free(table);
}

void table_print(struct table *table, FILE *file, size_t width)
{
	size_t columns[COLUMNS_MAX] = {0};

	if (!table)
		return;
	measure(table, columns);
	if (table->failed)
		fprintf(stderr, "warden: out of memory: the table is not whole\n");
	else
		for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
			print_row(table, file, &table->cells[i], columns, width);
	table_free(table);
}
