/* SPDX-License-Identifier: Apache-2.0 */
/* wardend(8): the command line and the order of the daemon's start. Everything here runs while
 * there is one thread. */
#include <config.h>

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/activation.h"
#include "core/backend/backend_call.h"
#include "core/backend/backend_load.h"
#include "core/backend/check_host.h"
#include "core/clean/clean.h"
#include "core/config/config.h"
#include "core/health/http.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/privilege.h"
#include "core/server.h"
#include "lib/text.h"

#define DEFAULT_FILE SYSCONFDIR "/warden/warden.conf"
#define EXIT_USAGE   2

struct wardend_arguments {
	const char *file; /* NULL: the default file if it exists, else none */
	bool check_config, check_host, clean, trace;
	struct clean_options clean_options;
};

/* The name of a link to the program that stands for `wardend --clean`. */
#define CLEAN_NAME "warden-gc"

static void wardend_print_usage(FILE *to)
{
	fprintf(to, "Usage: wardend [-c FILE] [--check-config | --check-host | --trace]\n"
		    "       wardend [-c FILE] --clean [--dry-run] [--force] [--json]\n"
		    "       wardend --version | --help\n"
		    "\n"
		    "Manages isolated, resource-limited containers; see wardend(8).\n"
		    "\n"
		    "  -c, --config FILE   settings (default: " DEFAULT_FILE ",\n"
		    "                      if it exists, else built-in ones)\n"
		    "      --check-config  check the settings and the backend, then exit\n"
		    "      --check-host    print this host's support of each backend as JSON\n"
		    "      --clean         remove what belongs to no container (or: warden-gc)\n"
		    "      --dry-run       only print what --clean would remove\n"
		    "      --force         also end and remove containers that live\n"
		    "      --json          print the result of --clean as JSON\n"
		    "      --trace         log the time of each step of a create and a destroy\n"
		    "      --version       print the version\n"
		    "      --help          print this\n");
}

/* Reports a wrong command line and exits. */
static void __attribute__((noreturn)) wardend_fail_usage(const char *what, const char *argument)
{
	fprintf(stderr, "wardend: %s '%s'\nTry 'wardend --help'.\n", what, argument);
	exit(EXIT_USAGE);
}

/* Reports an option that getopt_long refused; `result` is '?' or ':'. */
static void __attribute__((noreturn)) wardend_refuse_option(int result, char **argv)
{
	char letter[3] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt > 0 && optopt <= CHAR_MAX && argv[optind - 1][1] != '-';

	wardend_fail_usage(result == ':' ? "no value for option" : "unknown option",
			   is_letter ? letter : argv[optind - 1]);
}

/* Exits after --help or --version; fails if the output could not be written. */
static void wardend_exit_after_output(void)
{
	exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void wardend_parse_arguments(int argc, char **argv, struct wardend_arguments *arguments)
{
	enum {
		OPTION_CHECK_CONFIG = 256,
		OPTION_CHECK_HOST,
		OPTION_CLEAN,
		OPTION_DRY_RUN,
		OPTION_FORCE,
		OPTION_JSON,
		OPTION_TRACE,
		OPTION_VERSION,
		OPTION_HELP
	};
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
		{"check-host", no_argument, NULL, OPTION_CHECK_HOST},
		{"clean", no_argument, NULL, OPTION_CLEAN},
		{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
		{"force", no_argument, NULL, OPTION_FORCE},
		{"json", no_argument, NULL, OPTION_JSON},
		{"trace", no_argument, NULL, OPTION_TRACE},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	struct clean_options *clean = &arguments->clean_options;
	int option;

	arguments->clean = strcmp(program_invocation_short_name, CLEAN_NAME) == 0;
	while ((option = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		if (option == 'c') {
			arguments->file = optarg;
		} else if (option == OPTION_CHECK_CONFIG) {
			arguments->check_config = true;
		} else if (option == OPTION_CHECK_HOST) {
			arguments->check_host = true;
		} else if (option == OPTION_CLEAN) {
			arguments->clean = true;
		} else if (option == OPTION_DRY_RUN) {
			clean->dry_run = true;
		} else if (option == OPTION_FORCE) {
			clean->force = true;
		} else if (option == OPTION_JSON) {
			clean->json = true;
		} else if (option == OPTION_TRACE) {
			arguments->trace = true;
		} else if (option == OPTION_VERSION) {
			puts("wardend " PACKAGE_VERSION);
			wardend_exit_after_output();
		} else if (option == OPTION_HELP) {
			wardend_print_usage(stdout);
			wardend_exit_after_output();
		} else {
			wardend_refuse_option(option, argv);
		}
	}
	if (optind < argc)
		wardend_fail_usage("unexpected argument", argv[optind]);
	if (!arguments->clean && (clean->dry_run || clean->force || clean->json))
		wardend_fail_usage("without --clean there is no option", clean->dry_run
										 ? "--dry-run"
									 : clean->force ? "--force"
											: "--json");
}

/* Reports on stderr, in one line, why the daemon does not run, and also in the log if that is
 * elsewhere. */
static void wardend_report_failure(const struct config *config, const struct warden_error *err)
{
	char line[4 * sizeof(err->message)];

	text_escape(line, sizeof(line), err->message, strlen(err->message));
	fprintf(stderr, "wardend: %s\n", line);
	if (config && (config->logging.file || config->logging.syslog))
		log_write(WARDEN_LOG_FATAL, "%s", err->message);
}

/* Prepares inherited descriptors: the three standard ones are open, so that no other file gets
 * their numbers; all others are closed on exec. Raises the soft limit of open files to the hard
 * limit. */
static int wardend_prepare_descriptors(struct warden_error *err)
{
	struct rlimit limit;
	int fd;

	do
		fd = open("/dev/null", O_RDWR); /* stays open as one of the three */
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd < 0)
		return warden_error_errno(err, "open /dev/null");
	if (fd > STDERR_FILENO)
		close(fd); /* nothing was written to it */
	/* Kernels before 5.11 refuse this; the backend's helpers close inherited descriptors
	 * anyway. */
	(void)syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return warden_error_errno(err, "raise the limit of open files");
	}
	return 0;
}

/* Drops the capabilities that the backend does not use. */
static int wardend_reduce_privileges(const struct warden_container_klass *container_klass,
				     struct warden_error *err)
{
	uint64_t missing;
	char names[1024];

	if (container_klass->capabilities == 0)
		return 0;
	if (privilege_reduce(container_klass->capabilities, &missing, err) < 0)
		return -1;
	privilege_names(missing, names, sizeof(names));
	if (*names && geteuid() == 0)
		log_write(WARDEN_LOG_WARN, "capabilities that backend %s may use are missing: %s",
			  container_klass->name, names);
	return 0;
}

/* Runs each step of the start that is needed once before the daemon listens, then the server. */
static int wardend_run_server(struct config *config, const struct backend_module *module,
			      struct warden_error *err)
{
	struct warden_error ignored;
	int http_fd;

	if (config_make_directories(config, err) < 0 || log_open(config, err) < 0 ||
	    backend_call_watch_crashes(module->file, err) < 0)
		return -1;
	log_write(WARDEN_LOG_INFO, "wardend " PACKAGE_VERSION ", %s%s, backend %s (%s)",
		  config->file ? "settings of " : "built-in settings",
		  config->file ? config->file : "", module->container_klass->name, module->file);
	if (activation_open(config->server.unix_domain_path, err) < 0 ||
	    http_bind(config, &http_fd, err) < 0)
		return -1;
	config_forget_lines(config);
	if (wardend_reduce_privileges(module->container_klass, err) < 0) {
		if (http_fd >= 0)
			close(http_fd);
		return -1;
	}
	if (notify_open(&ignored) < 0) /* the daemon runs without the service manager */
		log_write(WARDEN_LOG_WARN, "%s", ignored.message);
	return server_run(config, module->container_klass, http_fd, err);
}

/* The backend sees the capabilities that it would have. */
static int wardend_check_config(struct config *config,
				const struct warden_container_klass *container_klass,
				struct warden_error *err)
{
	uint64_t missing;

	if (container_klass->capabilities != 0 &&
	    privilege_reduce(container_klass->capabilities, &missing, err) < 0)
		return -1;
	if (http_check(config, err) < 0 ||
	    check_host_check_config(config, container_klass, err) < 0)
		return -1;
	printf("%s: ok\n", config->file ? config->file : "built-in settings");
	return 0;
}

/* Loads the backend, then prints the result of --check-config, cleans or runs the server. */
static int wardend_run_backend(const struct wardend_arguments *arguments, struct config *config,
			       struct warden_error *err)
{
	struct backend_module *module = backend_load(config, err);
	int result;

	if (!module)
		return -1;
	result = arguments->clean ? config_check_clean(config, module->container_klass, err)
				  : config_check_backend(config, module->container_klass, err);
	if (result == 0 && arguments->check_config)
		result = wardend_check_config(config, module->container_klass, err);
	else if (result == 0 && arguments->clean)
		result = clean_run(config, module->container_klass, &arguments->clean_options,
				   stdout, err);
	else if (result == 0)
		result = wardend_run_server(config, module, err);
	backend_unload(module);
	return result;
}

int main(int argc, char **argv)
{
	struct wardend_arguments arguments = {0};
	struct config *config = NULL;
	struct warden_error err;
	int result;

	wardend_parse_arguments(argc, argv, &arguments);
	signal(SIGPIPE, SIG_IGN); /* writers to sockets and pipes check the result */
	umask(0022);
	result = wardend_prepare_descriptors(&err);
	if (!arguments.file && access(DEFAULT_FILE, F_OK) == 0)
		arguments.file = DEFAULT_FILE;
	if (result == 0 && arguments.check_host) {
		result = check_host_run(arguments.file, stdout, &err);
	} else if (result == 0) {
		config = config_load(arguments.file, &err);
		if (config && arguments.trace)
			config->logging.trace = true;
		result = config ? wardend_run_backend(&arguments, config, &err) : -1;
	}
	if (result < 0)
		wardend_report_failure(arguments.clean || arguments.check_config ? NULL : config,
				       &err);
	log_close();
	notify_close();
	config_free(config);
	if (result == 0 && fflush(stdout) != 0)
		result = -1;
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
