/* SPDX-License-Identifier: Apache-2.0 */
/* A list of facts; see facts.h. */
#include <config.h>

#include "core/backend/facts.h"

#include <stdlib.h>

#include "core/backend/backend_struct.h"

static void facts_free_fact(struct fact_copy *fact)
{
	free(fact->name);
	free(fact->value);
	free(fact->effect);
	free(fact->remedy);
}

/* Copies an optional text; false if there is no memory. */
static bool facts_copy_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return *to || !text;
}

void facts_add(void *data, const struct warden_fact *given)
{
	struct facts *facts = data;
	struct warden_fact fact = {0};
	struct fact_copy copy, *grown;
	bool copied;

	backend_struct_read(&fact, sizeof(fact), given, given->size);
	copy = (struct fact_copy){.good = fact.good};
	copied = fact.name && fact.value && facts_copy_text(&copy.name, fact.name);
	copied = facts_copy_text(&copy.value, fact.value) && copied;
	copied = facts_copy_text(&copy.effect, fact.effect) && copied;
	copied = facts_copy_text(&copy.remedy, fact.remedy) && copied;
	grown = copied ? reallocarray(facts->facts, facts->n + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		facts_free_fact(&copy);
		facts->failed = true;
		return;
	}
	facts->facts = grown;
	facts->facts[facts->n++] = copy;
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		facts_free_fact(&facts->facts[i]);
	free(facts->facts);
	memset(facts, 0, sizeof(*facts));
}
