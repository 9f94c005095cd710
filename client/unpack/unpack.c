/* SPDX-License-Identifier: Apache-2.0 */
/* The helper of warden-rootfs that unpacks: `unpack [OPTIONS] KIND SOURCE DIR WORK`. DIR is an
 * empty directory that becomes the root file system; WORK is a directory for temporary files and
 * for defaults.json, the image's defaults of jobs. After a failure the caller removes the files. */
#include <config.h>

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/unpack/image.h"
#include "lib/cleanup.h"
#include "lib/text.h"

struct unpack_settings {
	const char *image; /* the image to choose; or NULL */
	bool keep_setuid;
	const char *kind;
	const char *source; /* "-": standard input */
	const char *root;
	const char *work;
};

struct unpack_kind {
	const char *name;
	int (*read)(struct image *image, struct warden_error *err); /* NULL: a plain tar */
	bool from_directory;
};

static const struct unpack_kind kinds[] = {
	{"tar", NULL, false},
	{"oci", oci_read, true},
	{"docker-archive", docker_read, false},
};

/* Names come from untrusted archives: control characters are escaped before they reach a
 * terminal. */
static void unpack_print_line(const char *what, const char *text)
{
	char line[4 * sizeof(((struct warden_error *)0)->message)];

	text_escape(line, sizeof(line), text, strlen(text));
	fprintf(stderr, "warden-rootfs: %s%s\n", what, line);
}

static int unpack_open_directory(const char *path, struct warden_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? warden_error_errno(err, "open %s", path) : fd;
}

static int unpack_open_source(const char *path, struct warden_error *err)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					: open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? warden_error_errno(err, "open it") : fd;
}

static int unpack_tar(const struct unpack_settings *settings, struct unpack_tree *tree,
		      struct progress *progress, struct warden_error *err)
{
	_cleanup_close_ int fd = unpack_open_source(settings->source, err);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat it");
	if (S_ISDIR(status.st_mode))
		return warden_error_set(err, "it is a directory, not a tar");
	progress_begin(progress, (uint64_t)status.st_size, "unpack");
	return unpack_tree_add_tar(tree, fd, progress, err);
}

/* Unpacks the tar of an image into WORK/image; returns a descriptor of that directory. */
static int unpack_stage_image(const struct unpack_settings *settings, struct progress *progress,
			      struct warden_error *err)
{
	_cleanup_close_ int work_fd = unpack_open_directory(settings->work, err), fd = -1;
	struct unpack_tree tree = {.private = true};
	int result;

	if (work_fd < 0)
		return -1;
	if (mkdirat(work_fd, "image", 0700) < 0)
		return warden_error_errno(err, "make %s/image", settings->work);
	fd = openat(work_fd, "image", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open %s/image", settings->work);
	tree.root_fd = fd;
	result = unpack_tar(settings, &tree, progress, err);
	unpack_tree_free(&tree);
	return result < 0 ? -1 : take_fd(&fd);
}

static int unpack_open_image(const struct unpack_settings *settings, const struct unpack_kind *kind,
			     struct progress *progress, struct warden_error *err)
{
	struct stat status;

	if (kind->from_directory && stat(settings->source, &status) == 0 && S_ISDIR(status.st_mode))
		return unpack_open_directory(settings->source, err);
	return unpack_stage_image(settings, progress, err);
}

/* Fills `path`, of PATH_MAX bytes. */
static int unpack_defaults_path(const struct unpack_settings *settings, char *path,
				struct warden_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/defaults.json", settings->work) >= PATH_MAX)
		return warden_error_set(err, "too long a name of a directory");
	return 0;
}

/* Only a warning: the kernel may be able to run it. */
static void unpack_warn_architecture(const struct image *image)
{
	const char *architecture =
		json_string_value(json_object_get(image->config, "architecture"));

	if (architecture && *architecture && strcmp(architecture, image_architecture()) != 0)
		unpack_print_line("warning: the image is for another machine: ", architecture);
}

static void unpack_warn_variable(const char *entry)
{
	unpack_print_line("warning: the image's Env has an entry without NAME= that is ignored: ",
			  entry);
}

/* The files are usable without server.user_namespace. */
static int unpack_warn_owners(const struct unpack_settings *settings,
			      const struct unpack_tree *tree, struct warden_error *err)
{
	char text[sizeof(tree->foreign) + 256], defaults[PATH_MAX];

	if (tree->n_foreign == 0)
		return 0;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " files have owners above 65535, which containers do not have: inside "
		 "they are nobody's; change their owners. The first is %s",
		 tree->n_foreign, tree->foreign);
	unpack_print_line("warning: ", text);
	if (unpack_defaults_path(settings, defaults, err) < 0)
		return -1;
	return defaults_add_owners(defaults, tree->n_foreign, tree->foreign, err);
}

static void unpack_warn_left_out(const struct unpack_tree *tree)
{
	char text[sizeof(tree->left_out) + 256];

	if (tree->n_left_out == 0)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " device nodes, fifos or sockets are left out (containers have their "
		 "own /dev). The first is %s",
		 tree->n_left_out, tree->left_out);
	unpack_print_line("warning: ", text);
}

static int unpack_image(const struct unpack_settings *settings, const struct unpack_kind *kind,
			struct unpack_tree *tree, struct progress *progress,
			struct warden_error *err)
{
	struct image image = {.fd = -1, .name = settings->image};
	char defaults[PATH_MAX];
	int result = -1;

	if (unpack_defaults_path(settings, defaults, err) < 0)
		return -1;
	image.fd = unpack_open_image(settings, kind, progress, err);
	if (image.fd >= 0 && kind->read(&image, err) == 0 &&
	    defaults_write(image.config, defaults, unpack_warn_variable, err) == 0)
		result = image_unpack(&image, tree, progress, err);
	progress_end(progress);
	if (result == 0)
		unpack_warn_architecture(&image);
	image_free(&image);
	return result;
}

static int unpack_run(const struct unpack_settings *settings, const struct unpack_kind *kind,
		      struct warden_error *err)
{
	_cleanup_close_ int root_fd = unpack_open_directory(settings->root, err);
	struct unpack_tree tree = {
		.root_fd = root_fd,
		.owners = geteuid() == 0,
		.keep_setuid = settings->keep_setuid,
	};
	struct progress progress;
	int result;

	if (root_fd < 0)
		return -1;
	progress_init(&progress);
	result = kind->read ? unpack_image(settings, kind, &tree, &progress, err)
			    : unpack_tar(settings, &tree, &progress, err);
	progress_end(&progress);
	if (result == 0)
		unpack_warn_left_out(&tree);
	if (result == 0)
		result = unpack_warn_owners(settings, &tree, err);
	unpack_tree_free(&tree);
	return result;
}

static const struct unpack_kind *unpack_find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static int unpack_print_usage(void)
{
	fprintf(stderr, "Usage: unpack [--image NAME] [--keep-setuid] tar|oci|docker-archive "
			"SOURCE DIR WORK\n");
	return 2;
}

static bool unpack_read_arguments(struct unpack_settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{"image", required_argument, NULL, 'i'},
		{"keep-setuid", no_argument, NULL, 's'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'i')
			settings->image = optarg;
		else if (option == 's')
			settings->keep_setuid = true;
		else
			return false;
	}
	if (argc - optind != 4)
		return false;
	settings->kind = argv[optind];
	settings->source = argv[optind + 1];
	settings->root = argv[optind + 2];
	settings->work = argv[optind + 3];
	return true;
}

int main(int argc, char **argv)
{
	struct unpack_settings settings = {0};
	const struct unpack_kind *kind;
	struct warden_error err;

	if (!unpack_read_arguments(&settings, argc, argv))
		return unpack_print_usage();
	kind = unpack_find_kind(settings.kind);
	if (!kind)
		return unpack_print_usage();
	/* It must not outlive the script, which removes the files. */
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail with a valid signal */
	umask(022);
	if (unpack_run(&settings, kind, &err) == 0)
		return 0;
	error_prepend(&err, "%s",
		      strcmp(settings.source, "-") == 0 ? "standard input" : settings.source);
	unpack_print_line("", err.message);
	return 1;
}
