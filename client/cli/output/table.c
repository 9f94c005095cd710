/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people. libsmartcols aligns the columns by display width; this file escapes the cells
 * and wraps long ones between words, which libsmartcols cannot do. */
#include <config.h>

#include "client/cli/cli.h"
#include "lib/cleanup.h"
#include "lib/shared_library.h"

#include <libsmartcols.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

enum { COLUMNS_MAX = 16, GAP = 2, NARROWEST = 12 };

#define TABLE_FUNCTIONS(X)                                                                         \
	X(scols_cell_get_color)                                                                    \
	X(scols_cell_get_data)                                                                     \
	X(scols_cell_set_color)                                                                    \
	X(scols_column_get_flags)                                                                  \
	X(scols_column_set_flags)                                                                  \
	X(scols_column_set_wrapfunc)                                                               \
	X(scols_line_get_cell)                                                                     \
	X(scols_line_refer_data)                                                                   \
	X(scols_line_set_data)                                                                     \
	X(scols_new_table)                                                                         \
	X(scols_print_table)                                                                       \
	X(scols_table_enable_colors)                                                               \
	X(scols_table_enable_noencoding)                                                           \
	X(scols_table_enable_noheadings)                                                           \
	X(scols_table_enable_nowrap)                                                               \
	X(scols_table_get_column)                                                                  \
	X(scols_table_get_line)                                                                    \
	X(scols_table_get_ncols)                                                                   \
	X(scols_table_get_nlines)                                                                  \
	X(scols_table_new_column)                                                                  \
	X(scols_table_new_line)                                                                    \
	X(scols_table_set_column_separator)                                                        \
	X(scols_table_set_stream)                                                                  \
	X(scols_table_set_termforce)                                                               \
	X(scols_table_set_termwidth)                                                               \
	X(scols_unref_table)

/* Only tables need libsmartcols: it is loaded with the first. */
static struct {
	TABLE_FUNCTIONS(SHARED_LIBRARY_MEMBER)
} smartcols;

struct table {
	struct libscols_table *rows; /* the first one has the titles */
	struct libscols_line *row;   /* the last one */
	size_t n_cells;              /* of the last row */
	bool failed;                 /* out of memory */
};

/* Text is UTF-8 whatever the user's locale is. Returns the previous locale. */
static locale_t table_begin_utf8(void)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	return utf8 ? uselocale(utf8) : (locale_t)0;
}

static void table_end_utf8(locale_t previous)
{
	if (previous)
		freelocale(uselocale(previous));
}

/* Reads a character; returns its bytes and its columns on the screen. Bytes that are not UTF-8 and
 * characters that cannot be printed are single bytes of width 0: table_escape leaves none. */
static size_t table_read_character(const char *text, size_t *width)
{
	mbstate_t state = {0};
	wchar_t character;
	size_t length = mbrtowc(&character, text, strlen(text), &state);

	*width = 0;
	if (length == 0 || length > MB_LEN_MAX || !iswprint((wint_t)character))
		return 0;
	*width = (size_t)wcwidth(character);
	return length;
}

/* libsmartcols calls this for the width of a cell; its own count takes the \xNN of an escaped byte
 * for more than four characters. */
static size_t table_width(const struct libscols_column *column, const char *text, void *data)
{
	size_t width = 0, length, columns;

	(void)column;
	(void)data;
	for (; *text; text += length > 0 ? length : 1) {
		length = table_read_character(text, &columns);
		width += columns;
	}
	return width;
}

size_t table_columns(const char *text)
{
	locale_t previous = table_begin_utf8();
	size_t width = table_width(NULL, text, NULL);

	table_end_utf8(previous);
	return width;
}

/* A cell is never continued on a further line by libsmartcols. */
static char *table_next_chunk(const struct libscols_column *column, char *text, void *data)
{
	(void)column;
	(void)text;
	(void)data;
	return NULL;
}

char *table_escape(const char *text, size_t length)
{
	char *safe = NULL, *escaped = NULL;
	size_t size = 0, columns;
	FILE *file = open_memstream(&safe, &size);
	locale_t previous;

	if (file)
		text_safe(file, text, length, false);
	if (!file || fclose(file) != 0 || !(file = open_memstream(&escaped, &size))) {
		free(safe);
		return NULL;
	}
	previous = table_begin_utf8();
	for (const char *at = safe; *at;) {
		size_t bytes = table_read_character(at, &columns);

		if (bytes > 0)
			fwrite(at, 1, bytes, file);
		else
			fprintf(file, "\\x%02x", (unsigned char)*at);
		at += bytes > 0 ? bytes : 1;
	}
	table_end_utf8(previous);
	free(safe);
	if (fclose(file) == 0)
		return escaped;
	free(escaped);
	return NULL;
}

/* Adds a cell with a text that is escaped; NULL: there was no memory for it. */
static void table_add_cell(struct table *table, const char *text, const char *colour)
{
	if (table->failed)
		return;
	if (!table->row || table->n_cells == smartcols.scols_table_get_ncols(table->rows)) {
		table->row = smartcols.scols_table_new_line(table->rows, NULL);
		table->n_cells = 0;
	}
	table->failed = !text || !table->row ||
			smartcols.scols_line_set_data(table->row, table->n_cells++, text) != 0;
	if (!table->failed && colour)
		table_colour(table, colour);
}

/* False, and says why: there is no library. */
static bool table_load_library(void)
{
	static const char *const sonames[] = {"libsmartcols.so.1", NULL};
	const struct shared_library_function functions[] = {
#define X(name) {#name, (void **)&smartcols.name},
		TABLE_FUNCTIONS(X)
#undef X
	};
	struct warden_error err;

	if (smartcols.scols_new_table ||
	    shared_library_load(sonames, functions, ARRAY_SIZE(functions), &err) == 0)
		return true;
	fprintf(stderr, "warden: tables need libsmartcols: %s\n", err.message);
	return false;
}

static struct table *table_alloc(void)
{
	struct table *table = table_load_library() ? calloc(1, sizeof(*table)) : NULL;

	if (!table)
		return NULL;
	table->rows = smartcols.scols_new_table();
	/* The titles are a row, because without one libsmartcols does not print them. */
	if (table->rows && smartcols.scols_table_set_column_separator(table->rows, "  ") == 0 &&
	    smartcols.scols_table_enable_noheadings(table->rows, 1) == 0 &&
	    smartcols.scols_table_enable_noencoding(table->rows, 1) == 0)
		return table;
	table_free(table);
	return NULL;
}

static void table_add_column(struct table *table, int flags)
{
	struct libscols_column *column =
		smartcols.scols_table_new_column(table->rows, NULL, 0, flags | SCOLS_FL_WRAP);

	if (!column ||
	    smartcols.scols_column_set_wrapfunc(column, table_width, table_next_chunk, NULL) != 0)
		table->failed = true;
}

struct table *table_new(const char *const *titles)
{
	struct table *table = table_alloc();

	for (size_t i = 0; table && titles[i]; i++)
		table_add_column(table, titles[i][0] == '>' ? SCOLS_FL_RIGHT : 0);
	for (size_t i = 0; table && titles[i]; i++)
		table_add_cell(table, titles[i] + (titles[i][0] == '>'), NULL);
	return table;
}

void table_add(struct table *table, const char *text, size_t length)
{
	char *escaped;

	if (!table)
		return;
	escaped = table_escape(text, length);
	table_add_cell(table, escaped, NULL);
	free(escaped);
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
	if (table && !table->failed && table->n_cells > 0)
		table->failed =
			smartcols.scols_cell_set_color(
				smartcols.scols_line_get_cell(table->row, table->n_cells - 1),
				code) != 0;
}

void table_free(struct table *table)
{
	if (table)
		smartcols.scols_unref_table(table->rows);
	free(table);
}

/* Prints the table. No line is longer than `width`, except if it is 0. */
static void table_output(struct table *table, FILE *file, size_t width)
{
	int result = table->failed ? -1 : 0;

	if (result == 0) {
		smartcols.scols_table_set_stream(table->rows, file);
		smartcols.scols_table_enable_colors(table->rows, text_colours(file));
		smartcols.scols_table_enable_nowrap(table->rows, width > 0);
		smartcols.scols_table_set_termforce(table->rows, width > 0 ? SCOLS_TERMFORCE_ALWAYS
									   : SCOLS_TERMFORCE_NEVER);
		smartcols.scols_table_set_termwidth(table->rows, width);
		result = smartcols.scols_print_table(table->rows);
	}
	if (result != 0)
		fprintf(stderr, "warden: out of memory: the table is incomplete\n");
}

static const char *table_cell_text(const struct table *table, size_t row, size_t column)
{
	const char *text = smartcols.scols_cell_get_data(smartcols.scols_line_get_cell(
		smartcols.scols_table_get_line(table->rows, row), column));

	return text ? text : "";
}

/* Measures the columns and narrows the widest ones until a line fits. */
static void table_fit(const struct table *table, size_t *columns, size_t width)
{
	const size_t n = smartcols.scols_table_get_ncols(table->rows);

	for (size_t row = 0; row < smartcols.scols_table_get_nlines(table->rows); row++)
		for (size_t i = 0; i < n; i++) {
			size_t cell = table_width(NULL, table_cell_text(table, row, i), NULL);

			columns[i] = cell > columns[i] ? cell : columns[i];
		}
	for (;;) {
		size_t total = (n - 1) * GAP, widest = 0;

		for (size_t i = 0; i < n; i++) {
			total += columns[i];
			if (columns[i] > columns[widest])
				widest = i;
		}
		if (total <= width || columns[widest] <= NARROWEST)
			return;
		columns[widest]--;
	}
}

/* Returns the length of the text's beginning that fits into `width`, up to a blank if there is one,
 * and moves `*text` behind it. */
static size_t table_take_line(const char **text, size_t width)
{
	const char *at = *text, *blank = NULL;
	size_t used = 0, length;

	while (*at) {
		size_t columns, bytes = table_read_character(at, &columns);

		if (used + columns > width && at > *text)
			break;
		if (*at == ' ')
			blank = at;
		at += bytes > 0 ? bytes : 1;
		used += columns;
	}
	if (*at && *at != ' ' && blank)
		at = blank;
	length = (size_t)(at - *text);
	*text = at + strspn(at, " ");
	return length;
}

/* Cuts a cell that is wider than its column; the last column of it is an ellipsis. */
static void table_cut_cell(struct table *table, size_t row, size_t column, size_t width)
{
	const char *text = table_cell_text(table, row, column), *at = text;
	size_t used = 0, columns, bytes;
	char *cut = NULL;

	if (table_width(NULL, text, NULL) <= width)
		return;
	while ((bytes = table_read_character(at, &columns)) > 0 && used + columns < width) {
		at += bytes;
		used += columns;
	}
	if (asprintf(&cut, "%.*s\u2026", (int)(at - text), text) < 0 ||
	    smartcols.scols_line_refer_data(smartcols.scols_table_get_line(table->rows, row),
					    column, cut) != 0)
		table->failed = true;
}

/* Cuts cells and hides the last columns so that lines have at most this width. Returns the number
 * of columns that are left. */
static size_t table_cut(struct table *table, size_t width)
{
	const size_t n = smartcols.scols_table_get_ncols(table->rows);
	size_t columns[COLUMNS_MAX] = {0}, total = 0, shown = 0;

	table_fit(table, columns, width);
	while (shown < n && total + columns[shown] + (shown > 0 ? GAP : 0) <= width) {
		total += columns[shown] + (shown > 0 ? GAP : 0);
		shown++;
	}
	for (size_t i = 0; i < n; i++) {
		struct libscols_column *column = smartcols.scols_table_get_column(table->rows, i);

		for (size_t row = 0; row < smartcols.scols_table_get_nlines(table->rows); row++)
			table_cut_cell(table, row, i, columns[i]);
		if (i >= shown && shown > 0 &&
		    smartcols.scols_column_set_flags(column,
						     smartcols.scols_column_get_flags(column) |
							     SCOLS_FL_HIDDEN) != 0)
			table->failed = true;
	}
	return shown > 0 ? shown : n;
}

void table_print(struct table *table, FILE *file, size_t width)
{
	locale_t previous;
	size_t n = table ? smartcols.scols_table_get_ncols(table->rows) : 0, shown = n;

	if (!table)
		return;
	previous = table_begin_utf8();
	if (width > 0 && !table->failed && n <= COLUMNS_MAX)
		shown = table_cut(table, width);
	table_output(table, file, width);
	if (shown < n) {
		fprintf(file, "%snot shown:", text_colour(file, DIM));
		for (size_t i = shown; i < n; i++)
			fprintf(file, " %s", table_cell_text(table, 0, i));
		fprintf(file, "%s\n", text_colour(file, PLAIN));
	}
	table_end_utf8(previous);
	table_free(table);
}

/* Appends a row to another table, on as many lines as its cells need. */
static void table_wrap_row(const struct table *from, size_t row, const size_t *columns,
			   struct table *to)
{
	struct libscols_line *line = smartcols.scols_table_get_line(from->rows, row);
	const size_t n = smartcols.scols_table_get_ncols(from->rows);
	const char *rest[COLUMNS_MAX];
	bool more = true;

	for (size_t i = 0; i < n; i++)
		rest[i] = table_cell_text(from, row, i);
	while (more && !to->failed) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			const char *begin = rest[i];
			size_t length = table_take_line(&rest[i], columns[i]);
			char *part = strndup(begin, length);

			table_add_cell(to, part,
				       length > 0 ? smartcols.scols_cell_get_color(
							    smartcols.scols_line_get_cell(line, i))
						  : NULL);
			free(part);
			more = more || *rest[i];
		}
	}
}

void table_print_wrapped(struct table *table, FILE *file, size_t width)
{
	size_t columns[COLUMNS_MAX] = {0};
	struct table *wrapped;
	locale_t previous;

	if (!table || table->failed || width == 0 ||
	    smartcols.scols_table_get_ncols(table->rows) > COLUMNS_MAX) {
		table_print(table, file, 0);
		return;
	}
	wrapped = table_alloc();
	previous = table_begin_utf8();
	table_fit(table, columns, width);
	for (size_t i = 0; wrapped && i < smartcols.scols_table_get_ncols(table->rows); i++)
		table_add_column(wrapped, 0);
	for (size_t i = 0; wrapped && i < smartcols.scols_table_get_nlines(table->rows); i++)
		table_wrap_row(table, i, columns, wrapped);
	if (wrapped)
		table_output(wrapped, file, 0);
	table_end_utf8(previous);
	table_free(wrapped);
	table_free(table);
}
