/* SPDX-License-Identifier: Apache-2.0 */
/* The ratios that the daemon should reach, from the series of one run. The target `linux` prepares
 * nothing, `prepared` does. */
#include <config.h>

#include "bench/compare/results.h"

#include <math.h>
#include <stdio.h>

#include "bench/bench.h"

static const char cold[] = "linux", prepared[] = "prepared";

static double goal_get(const char *what, const char *subject, size_t standing, size_t clients)
{
	const struct results_key key = {NULL, what, subject, NULL, standing, clients};

	return results_median(&key);
}

static double goal_of_life(const char *what, const char *subject, const char *other)
{
	return goal_get(what, subject, 0, 1) / goal_get(what, other, 0, 1);
}

static double goal_of_unit(const char *what, const char *subject, const char *unit)
{
	return goal_get(what, subject, 0, 1) / goal_get("static true", unit, 0, 1);
}

static void goal_lives(void)
{
	results_goal("life with a prepared part / bwrap --unshare-all true",
		     goal_of_life("life", prepared, "bwrap"), "x", 0.4, false);
	results_goal("life cold / bwrap --unshare-all true", goal_of_life("life", cold, "bwrap"),
		     "x", 0.9, false);
	results_goal("life cold / the floor", goal_of_life("life", cold, "floor"), "x", NAN, false);
	results_goal("life cold, cpu / the floor's", goal_of_life("life, cpu", cold, "floor"), "x",
		     0.9, false);
	results_goal("life cold, cpu / bwrap's", goal_of_life("life, cpu", cold, "bwrap"), "x", NAN,
		     false);
	results_goal("life with a prepared part, cpu with the refill / the floor's",
		     goal_of_life("life, cpu", prepared, "floor"), "x", NAN, false);
	results_goal("life with a prepared part / crun run", goal_of_life("life", prepared, "crun"),
		     "x", NAN, false);
	results_goal("life with a prepared part / nsjail", goal_of_life("life", prepared, "nsjail"),
		     "x", NAN, false);
}

static void goal_requests(void)
{
	results_goal("create from the pool / fork+exec of a static true",
		     goal_of_unit("create from rest", prepared, "fork+exec"), "x", 0.4, false);
	results_goal("run of true in a container / vfork+exec of a static true",
		     goal_of_unit("run of a program", cold, "vfork+exec"), "x", 1.8, false);
	results_goal("destroy answered / vfork+exec of a static true",
		     goal_of_unit("destroy of an idle one", cold, "vfork+exec"), "x", 0.5, false);
}

static void goal_parallel(const char *daemon)
{
	char text[80];

	snprintf(text, sizeof(text), "lives a second, 4 clients, %s / bwrap's", daemon);
	results_goal(text, goal_get("lives", daemon, 0, 4) / goal_get("lives", "bwrap", 0, 4), "x",
		     1.0, true);
	snprintf(text, sizeof(text), "jobs a second, 4 clients, %s / fork+exec's", daemon);
	results_goal(text, goal_get("jobs", daemon, 0, 4) / goal_get("jobs", "programs", 0, 4), "x",
		     0.5, true);
}

/* The kernel's own growth is the floor's. */
static void goal_standing(const char *daemon, const char *what, size_t standing)
{
	double own = goal_get(what, daemon, standing, 1) / goal_get(what, daemon, 0, 1);
	double kernel = goal_get("life", "floor", standing, 1) / goal_get("life", "floor", 0, 1);
	char text[80];

	snprintf(text, sizeof(text), "%s with %zu standing, %s, beside the floor's growth", what,
		 standing, daemon);
	results_goal(text, own / kernel, "x", 1.25, false);
}

void bench_goals(const struct bench *bench)
{
	static const char *const parts[] = {"life", "create", "run", "destroy"};

	printf("\n%-62s %8s     goal\n", "", "");
	goal_lives();
	goal_requests();
	goal_parallel(cold);
	goal_parallel(prepared);
	results_goal("output to one client / sendfile of as many bytes",
		     goal_of_life("output", cold, "sendfile"), "x", 0.7, true);
	results_goal("warden exec -- true / bwrap --unshare-all true, as commands",
		     goal_of_life("command", prepared, "bwrap"), "x", 0.8, false);
	results_goal("memory of the daemon, a container", goal_get("memory", cold, 0, 1), "KB", 8,
		     false);
	results_goal("PSS of a container's processes", goal_get("PSS of a container", cold, 0, 1),
		     "KB", 40, false);
	results_goal("PSS of a prepared container's", goal_get("PSS of a spare", prepared, 0, 1),
		     "KB", NAN, false);
	for (size_t i = 0; i < bench->n_standing; i++)
		for (size_t part = 0; bench->standing[i] > 0 && part < 4; part++) {
			goal_standing(cold, parts[part], bench->standing[i]);
			goal_standing(prepared, parts[part], bench->standing[i]);
		}
}
