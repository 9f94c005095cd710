/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the name that is most similar to a mistyped one. */
#include <config.h>

#include "client/cli/cli.h"

#include <string.h>

enum { LONGEST = 40 };

static size_t near_smallest(size_t a, size_t b, size_t c)
{
	size_t two = a < b ? a : b;

	return two < c ? two : c;
}

/* The number of letters to insert, remove, change or swap with their neighbour. */
static size_t near_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t length = strlen(b);

	if (length > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= length; j++)
		last[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			row[j] = near_smallest(last[j] + 1, row[j - 1] + 1,
					       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = near_smallest(row[j], before[j - 2] + 1, row[j]);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[length];
}

void near_begin(struct near *near, const char *word)
{
	near->word = word;
	near->best = NULL;
	/* A larger distance is no typing error; in a word of three letters two wrong ones are
	 * too many. */
	near->distance = strlen(word) < 4 ? 2 : strlen(word) / 3 + 2;
}

void near_consider(struct near *near, const char *name)
{
	size_t length = strlen(near->word);
	size_t distance = near_distance(near->word, name);

	if (length >= 2 && strncmp(near->word, name, length) == 0)
		distance = 1; /* an abbreviation */
	if (distance < near->distance) {
		near->distance = distance;
		near->best = name;
	}
}
