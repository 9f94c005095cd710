/* SPDX-License-Identifier: Apache-2.0 */
/* See subjects.h. bench/run names the programs by BENCH_FLOOR, BENCH_ROOTFS, BENCH_WORK. */
#include <config.h>

#include "bench/compare/subjects.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SUBJECTS_PATH = 512 };

/* A setting of bench/run; "" if it is not set. */
static const char *subjects_setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static void subjects_add(struct subjects *subjects, const char *name, enum rival_kind kind,
			 const char *const *argv)
{
	struct subject *subject = &subjects->all[subjects->n];

	if (access(argv[0], X_OK) < 0)
		return;
	*subject = (struct subject){.name = name, .kind = kind, .argv = argv};
	rival_start(&subject->rivals[0], name, kind, argv);
	if (rival_run(&subject->rivals[0]) >= 0) {
		subjects->n++;
		return;
	}
	fprintf(stderr, "bench: %s is left out, as it fails on this machine\n", argv[0]);
	rival_end(&subject->rivals[0]);
}

/* The programs' command lines: each runs `true` in the same root file system. */
static void subjects_add_programs(struct subjects *subjects)
{
	static char bundle[SUBJECTS_PATH], state[SUBJECTS_PATH], lives[SUBJECTS_PATH];
	static const char *floor[] = {NULL, NULL, lives, NULL};
	static const char *bwrap[] = {BENCH_BWRAP, "--unshare-all", "--ro-bind", NULL,
				      "/",         "true",          NULL};
	static const char *crun[] = {"/usr/bin/crun", "--root", state,    "run",
				     "--bundle",      bundle,   RIVAL_ID, NULL};
	static const char *nsjail[] = {"/usr/bin/nsjail", "-Mo", "-Q", "--chroot", NULL, "--",
				       "/bin/true",       NULL};

	floor[0] = subjects_setting("BENCH_FLOOR");
	floor[1] = bwrap[3] = nsjail[4] = subjects_setting("BENCH_ROOTFS");
	snprintf(lives, sizeof(lives), "%s/lives", subjects_setting("BENCH_WORK"));
	snprintf(bundle, sizeof(bundle), "%s/bundle", subjects_setting("BENCH_WORK"));
	snprintf(state, sizeof(state), "%s/crun", subjects_setting("BENCH_WORK"));
	subjects_add(subjects, "floor", RIVAL_SERVICE, floor);
	subjects_add(subjects, "bwrap", RIVAL_VFORK, bwrap);
	if (access(bundle, F_OK) == 0)
		subjects_add(subjects, "crun", RIVAL_VFORK, crun);
	subjects_add(subjects, "nsjail", RIVAL_VFORK, nsjail);
}

void subjects_start(struct subjects *subjects, const struct bench *bench)
{
	*subjects = (struct subjects){0};
	for (size_t i = 0; i < bench->n_targets; i++)
		subjects->all[subjects->n++] = (struct subject){.name = bench->targets[i].name,
								.target = &bench->targets[i]};
	if (geteuid() == 0)
		subjects_add_programs(subjects);
}

void subjects_end(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->n; i++)
		if (!subjects->all[i].target)
			rival_end(&subjects->all[i].rivals[0]);
}

void subject_start_more(struct subject *subject, size_t n)
{
	for (size_t i = 1; !subject->target && i < n; i++)
		rival_start(&subject->rivals[i], subject->name, subject->kind, subject->argv);
}

void subject_end_more(struct subject *subject, size_t n)
{
	for (size_t i = 1; !subject->target && i < n; i++)
		rival_end(&subject->rivals[i]);
}

struct subject_life subject_live(const struct subject *subject)
{
	struct warden_client *client = subject->target ? subject->target->client : NULL;
	struct subject_life life = {0};

	if (!client) {
		life.sum = rival_run(&subject->rivals[0]);
		if (life.sum < 0)
			bench_die("%s fails", subject->name);
		return life;
	}
	life.create = bench_call_create(client, "life");
	life.run = life.create < 0 ? -1 : bench_call_run_program(client, "life");
	life.destroy = life.run < 0 ? -1 : bench_call_destroy(client, "life");
	if (life.destroy < 0)
		bench_die("%s: %s", subject->name, warden_client_error(client));
	life.sum = life.create + life.run + life.destroy;
	return life;
}
