/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles of system call filters; see seccomp.h. */
#include "backends/linux/seccomp/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/linux/linux.h"
#include "backends/linux/seccomp/seccomp_builtin.h"
#include "backends/linux/seccomp/seccomp_oci.h"
#include "lib/cleanup.h"
#include "lib/write_whole.h"

#define UNCONFINED "unconfined"

enum { PROFILES_MAX = 32, PROFILE_NAME_MAX = 64 };

/* When jobs may make setuid and setgid files, in the order of the option's words. */
enum seccomp_setid { SETID_ALWAYS, SETID_NEVER, SETID_WITHOUT_BINDS, SETID_CHOICES };

static const char *const setid_words[SETID_CHOICES] = {"always", "never", "without_binds"};

struct seccomp_profile {
	char *name;
	/* Sealed memfds: as it is, and without setuid and setgid modes; -1: no filter. */
	int fds[2];
	uint32_t lengths[2];
};

struct seccomp {
	char off[160]; /* "off: " and the reason; empty: they are on */
	bool log;
	enum seccomp_setid setid;
	const struct seccomp_profile *usual; /* the configured default */
	struct seccomp_profile profiles[PROFILES_MAX];
	size_t n;
	struct seccomp_program wshd;
};

/* Why this machine cannot filter; NULL if it can. */
static const char *seccomp_probe(const struct warden_settings *settings)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	if (settings->allow_nested_warden)
		return "server.allow_nested_warden";
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return "this kernel has no system call filters (CONFIG_SECCOMP_FILTER)";
	return NULL;
}

/* Makes a memfd of a program, which containers may read but not change. */
static int seccomp_seal(const struct seccomp_program *program, struct warden_error *err)
{
	_cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write_whole(fd, program->code, program->length * sizeof(*program->code)) < 0)
		return warden_error_errno(err, "store a system call filter");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return warden_error_errno(err, "seal a system call filter");
	return take_fd(&fd);
}

/* Stores the program of a profile, in one of its two forms. */
static int seccomp_store(struct seccomp_profile *profile, int i, struct seccomp_program *program,
			 struct warden_error *err)
{
	seccomp_program_finish(program);
	profile->lengths[i] = (uint32_t)program->length;
	profile->fds[i] = seccomp_seal(program, err);
	return profile->fds[i] < 0 ? -1 : 0;
}

static struct seccomp_profile *seccomp_add_name(struct seccomp *seccomp, const char *name,
						struct warden_error *err)
{
	struct seccomp_profile *profile = &seccomp->profiles[seccomp->n++];

	profile->fds[0] = profile->fds[1] = -1;
	profile->name = strdup(name);
	if (profile->name)
		return profile;
	warden_error_errno(err, "store a system call filter");
	return NULL;
}

static int seccomp_add_builtin(struct seccomp *seccomp, enum seccomp_builtin builtin,
			       struct warden_error *err)
{
	struct seccomp_profile *profile =
		seccomp_add_name(seccomp, seccomp_builtin_name(builtin), err);
	int result = profile ? 0 : -1;

	for (int i = 0; result == 0 && i < 2; i++) {
		struct seccomp_program program = {NULL, 0};

		result = seccomp_builtin_append(&program, builtin, i == 1, err);
		if (result == 0)
			result = seccomp_store(profile, i, &program, err);
		seccomp_program_free(&program);
	}
	return result;
}

/* Adds a profile of the operator in both forms. */
static int seccomp_add_file(struct seccomp *seccomp, const char *name, const char *path,
			    struct warden_error *err)
{
	struct seccomp_profile *profile = seccomp_add_name(seccomp, name, err);
	int result = profile ? 0 : -1;

	for (int i = 0; result == 0 && i < 2; i++) {
		struct seccomp_program program = {NULL, 0};

		if (i == 1)
			result = seccomp_builtin_append_setid(&program, err);
		if (result == 0)
			result = seccomp_oci_append(&program, path, err);
		if (result == 0)
			result = seccomp_store(profile, i, &program, err);
		seccomp_program_free(&program);
	}
	return result;
}

/* Adds what linux.seccomp_profiles lists. */
static int seccomp_add_configured(struct seccomp *seccomp, const struct warden_host *host,
				  struct warden_error *err)
{
	const char *const *all = host->option_strings(host, "seccomp_profiles");
	struct warden_error reason;
	char name[PROFILE_NAME_MAX];

	for (size_t i = 0; all[i]; i++) {
		size_t length = strcspn(all[i], "=");

		snprintf(name, sizeof(name), "%.*s", (int)length, all[i]);
		if (all[i][length] != '=' || all[i][length + 1] != '/' || length == 0 ||
		    length >= sizeof(name))
			return warden_error_set(
				err, "linux.seccomp_profiles: '%.128s' is not NAME=/FILE", all[i]);
		if (seccomp->n == PROFILES_MAX || seccomp_find(seccomp, name, &reason))
			return warden_error_set(err, "linux.seccomp_profiles: %s: %s", name,
						seccomp->n == PROFILES_MAX
							? "there are too many profiles"
							: "there is such a profile already");
		if (seccomp_add_file(seccomp, name, all[i] + length + 1, &reason) < 0)
			return warden_error_set(err, "linux.seccomp_profiles: %s: %s", name,
						reason.message);
	}
	return 0;
}

static int seccomp_build(struct seccomp *seccomp, const struct warden_host *host,
			 struct warden_error *err)
{
	for (int i = 0; i < SECCOMP_BUILTINS; i++)
		if (seccomp_add_builtin(seccomp, (enum seccomp_builtin)i, err) < 0)
			return -1;
	if (!seccomp_add_name(seccomp, UNCONFINED, err) ||
	    seccomp_add_configured(seccomp, host, err) < 0)
		return -1;
	return seccomp_builtin_append_wshd(&seccomp->wshd, err);
}

static int seccomp_read_setid(struct seccomp *seccomp, const struct warden_host *host,
			      struct warden_error *err)
{
	const char *word = host->option_string(host, "setuid_modes");

	for (int i = 0; i < SETID_CHOICES; i++)
		if (strcmp(word, setid_words[i]) == 0) {
			seccomp->setid = (enum seccomp_setid)i;
			return 0;
		}
	return warden_error_set(err,
				"linux.setuid_modes must be \"always\", \"never\" or "
				"\"without_binds\", not \"%s\"",
				word);
}

/* Finds the configured default among the profiles. */
static int seccomp_find_usual(struct seccomp *seccomp, const struct warden_host *host,
			      struct warden_error *err)
{
	const char *name = host->option_string(host, "seccomp_default");
	struct warden_error reason;

	seccomp->usual = seccomp_find(seccomp, name, &reason);
	return seccomp->usual ? 0
			      : warden_error_set(err, "linux.seccomp_default: %s", reason.message);
}

int seccomp_setup(const struct warden_host *host, struct seccomp **result, struct warden_error *err)
{
	struct seccomp *seccomp = calloc(1, sizeof(*seccomp));
	const char *off;

	if (!seccomp)
		return warden_error_errno(err, "make the system call filters");
	*result = seccomp;
	seccomp->log = host->option_bool(host, "seccomp_log");
	if (seccomp_read_setid(seccomp, host, err) < 0)
		return -1;
	off = seccomp_probe(host->settings);
	if (!off)
		return seccomp_build(seccomp, host, err) < 0
			       ? -1
			       : seccomp_find_usual(seccomp, host, err);
	snprintf(seccomp->off, sizeof(seccomp->off), "off: %s", off);
	host->log(host, WARDEN_LOG_WARN, NULL, "system calls of jobs are not filtered: %s", off);
	return 0;
}

void seccomp_free(struct seccomp *seccomp)
{
	if (!seccomp)
		return;
	for (size_t i = 0; i < seccomp->n; i++) {
		cleanup_close(&seccomp->profiles[i].fds[0]);
		cleanup_close(&seccomp->profiles[i].fds[1]);
		free(seccomp->profiles[i].name);
	}
	seccomp_program_free(&seccomp->wshd);
	free(seccomp);
}

/* Fills `err` with the names that there are. */
static void seccomp_refuse(const struct seccomp *seccomp, const char *name,
			   struct warden_error *err)
{
	char names[sizeof(err->message) / 2] = "";
	size_t length = 0;

	if (*seccomp->off) {
		warden_error_set(err, "seccomp: profile %.64s: filters are %s", name, seccomp->off);
		return;
	}
	for (size_t i = 0; i < seccomp->n && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i > 0 ? ", " : "", seccomp->profiles[i].name);
	warden_error_set(err, "seccomp: there is no profile %.64s, but there are: %s", name, names);
}

const struct seccomp_profile *seccomp_find(const struct seccomp *seccomp, const char *name,
					   struct warden_error *err)
{
	static const struct seccomp_profile none = {.fds = {-1, -1}};

	if (*seccomp->off && (!name || strcmp(name, UNCONFINED) == 0))
		return &none;
	if (!name)
		return seccomp->usual;
	for (size_t i = 0; i < seccomp->n; i++)
		if (strcmp(seccomp->profiles[i].name, name) == 0)
			return &seccomp->profiles[i];
	seccomp_refuse(seccomp, name, err);
	return NULL;
}

struct wshd_program seccomp_get_program(const struct seccomp *seccomp,
					const struct seccomp_profile *profile, bool writable_mounts)
{
	bool may = seccomp->setid == SETID_ALWAYS ||
		   (seccomp->setid == SETID_WITHOUT_BINDS && !writable_mounts);

	if (!profile)
		return (struct wshd_program){-1, 0, false};
	return (struct wshd_program){profile->fds[!may], profile->lengths[!may], seccomp->log};
}

const char *seccomp_tell(const struct seccomp *seccomp, const struct seccomp_profile *profile)
{
	if (*seccomp->off)
		return seccomp->off;
	return profile ? profile->name : NULL;
}

int seccomp_load_wshd(const struct seccomp *seccomp, struct warden_error *err)
{
	const struct sock_fprog program = {
		.len = (unsigned short)seccomp->wshd.length,
		.filter = seccomp->wshd.code,
	};

	if (!*seccomp->off && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return warden_error_errno(err, "load the system call filter of wshd");
	return 0;
}

void seccomp_describe(const struct seccomp *seccomp, const struct host_report *to)
{
	const char *off = seccomp_probe(to->host->settings);
	char value[128];

	snprintf(value, sizeof(value), "in force, default profile %s",
		 seccomp && seccomp->usual ? seccomp->usual->name : "as configured");
	if (!off)
		host_report_fact(to, "system call filters", value, NULL, NULL);
	else
		host_report_fact(to, "system call filters", off,
				 "off: a job may use every system call of the kernel",
				 to->host->settings->allow_nested_warden
					 ? "server.allow_nested_warden = false"
					 : "a kernel with CONFIG_SECCOMP_FILTER");
}
