/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications to the service manager. */
#include <config.h>

#include "tests/unit/unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/notify.h"
#include "lib/cleanup.h"

static char message[4096];

/* A service manager's socket; `name` begins with @ for an abstract one. */
static int test_notify_make_manager(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unit_true(length < sizeof(address.sun_path));
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	unit_integer(
		bind(fd, (const struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*name == '/'))),
		0);
	return fd;
}

/* The next message, or "". */
static const char *test_notify_receive(int fd)
{
	ssize_t length = recv(fd, message, sizeof(message) - 1, 0);

	message[length > 0 ? length : 0] = '\0';
	return message;
}

static void test_notify_expect_messages(int fd)
{
	struct warden_error err = {0};

	unit_integer(notify_open(&err), 0);
	unit_true(getenv("NOTIFY_SOCKET") == NULL);
	unit_integer(notify_ready(&err, "Holds %d containers", 3), 0);
	unit_string(test_notify_receive(fd), "READY=1\nSTATUS=Holds 3 containers");
	unit_integer(notify_status(&err, "Draining"), 0);
	unit_string(test_notify_receive(fd), "STATUS=Draining");
	unit_integer(notify_stopping(&err), 0);
	unit_string(test_notify_receive(fd), "STOPPING=1");
	notify_close();
	unit_integer(notify_ready(&err, "again"), 0);
	unit_string(test_notify_receive(fd), "");
}

static void the_service_manager_is_notified_by_path(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/notify", unit_directory());
	fd = test_notify_make_manager(path);
	setenv("NOTIFY_SOCKET", path, 1);
	test_notify_expect_messages(fd);
	close(fd);
}

static void the_service_manager_is_notified_by_abstract_socket(void)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@warden-unit-%d", (int)getpid());
	fd = test_notify_make_manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	test_notify_expect_messages(fd);
	close(fd);
}

static void a_status_cannot_contain_another_assignment(void)
{
	struct warden_error err;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/smuggle", unit_directory());
	fd = test_notify_make_manager(path);
	setenv("NOTIFY_SOCKET", path, 1);
	unit_integer(notify_open(&err), 0);
	unit_integer(notify_status(&err, "%s", "a\nMAINPID=1"), 0);
	unit_string(test_notify_receive(fd), "STATUS=a\\nMAINPID=1");
	notify_close();
	close(fd);
}

static void without_a_service_manager_nothing_is_sent(void)
{
	struct warden_error err;

	unsetenv("NOTIFY_SOCKET");
	unit_integer(notify_open(&err), 0);
	unit_integer(notify_ready(&err, "x"), 0);
	unit_integer(notify_stopping(&err), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	unit_integer(notify_open(&err), 0);
	unit_integer(notify_ready(&err, "x"), 0);
}

static void an_invalid_address_is_an_error(void)
{
	struct warden_error err = {0};
	char longest[256];

	setenv("NOTIFY_SOCKET", "relative", 1);
	unit_integer(notify_open(&err), -1);
	unit_string(err.message, "NOTIFY_SOCKET=relative: not a socket address");
	setenv("NOTIFY_SOCKET", "@", 1);
	unit_integer(notify_open(&err), -1);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[108] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	unit_integer(notify_open(&err), -1);
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	unit_integer(notify_open(&err), -1);
	unit_string(err.message,
		    "connect to NOTIFY_SOCKET=/nowhere/at/all: No such file or directory");
	unit_integer(notify_ready(&err, "x"), 0);
}

static void a_manager_that_does_not_read_does_not_stop_the_daemon(void)
{
	struct warden_error err = {0};
	char path[PATH_MAX];
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/stuck", unit_directory());
	fd = test_notify_make_manager(path);
	setenv("NOTIFY_SOCKET", path, 1);
	unit_integer(notify_open(&err), 0);
	alarm(20);
	for (unsigned i = 0; i < 100000 && result == 0; i++)
		result = notify_status(&err, "%u", i);
	alarm(0);
	unit_integer(result, -1);
	unit_string(err.message, "send to NOTIFY_SOCKET: Resource temporarily unavailable");
	notify_close();
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(the_service_manager_is_notified_by_path),
		UNIT_TEST(the_service_manager_is_notified_by_abstract_socket),
		UNIT_TEST(a_status_cannot_contain_another_assignment),
		UNIT_TEST(without_a_service_manager_nothing_is_sent),
		UNIT_TEST(an_invalid_address_is_an_error),
		UNIT_TEST(a_manager_that_does_not_read_does_not_stop_the_daemon),
	};

	return unit_main(argc, argv, "notify", tests, ARRAY_SIZE(tests));
}
