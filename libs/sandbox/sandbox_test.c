/* SPDX-License-Identifier: Apache-2.0 */
/* Each test enters a sandbox in a child of its own, since there is no way back. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "sandbox/sandbox.h"

enum { YES = 10, NO = 11, NOT_ENTERED = 12 };

/* Exit status of a child that enters `s` and asks `probe`; -signal when it was killed. */
static int ask(const struct mp_sandbox *s, bool (*probe)(const char *root))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct mp_err err = {{0}};

		if (mp_sandbox_enter(s, &err) < 0) {
			dprintf(STDOUT_FILENO, "# %s\n", err.text);
			_exit(NOT_ENTERED);
		}
		_exit(probe(s->root) ? YES : NO);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool can_make_internet_socket(const char *root)
{
	(void)root;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool can_make_unix_socket(const char *root)
{
	(void)root;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool can_run_a_program(const char *root)
{
	char *argv[] = {(char *)"true", NULL};

	(void)root;
	return execve("/bin/true", argv, NULL) == 0;
}

static bool can_write(const char *root, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}

static bool can_write_device(const char *root)
{
	return can_write(root, "/dev/disk");
}

static bool can_write_state(const char *root)
{
	return can_write(root, "/var/lib/microplatform/update");
}

static bool can_write_identity(const char *root)
{
	return can_write(root, "/var/lib/microplatform/identity/key.pem");
}

static bool is_root(const char *root)
{
	(void)root;
	return getuid() == 0 || geteuid() == 0;
}

struct tree {
	char root[64];
};

static void tree_done(struct tree *t)
{
	(void)mp_file_remove_tree(t->root, NULL);
}

/* A device's folders, the identity open to everybody so that only the sandbox stands in the way. */
static int tree_make(struct tree *t)
{
	const char *dirs[] = {"/dev", "/efi", "/var/lib/microplatform/identity"};
	char path[512];

	strcpy(t->root, "/tmp/mp-sandbox.XXXXXX");
	if (!mkdtemp(t->root) || chmod(t->root, 0755) < 0)
		return -errno;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", t->root, dirs[i]);
		if (mp_file_make_dirs(path, 0755, NULL) < 0)
			return -EIO;
		if (chmod(path, 0777) < 0)
			return -errno;
	}
	snprintf(path, sizeof(path), "%s/dev/disk", t->root);
	return mp_file_write(path, "", 0, 0666, NULL);
}

#define TREE(t)                                                                                    \
	__attribute__((cleanup(tree_done))) struct tree t;                                         \
	ASSERT_OK(tree_make(&t))

static struct mp_sandbox role(enum mp_sandbox_role r, const struct tree *t)
{
	return (struct mp_sandbox){.role = r,
				   .root = t->root,
				   .user = r == MP_SANDBOX_FETCH && geteuid() == 0 ? "nobody"
										   : NULL};
}

TEST(fetch_has_the_network_and_writes_its_identity_only)
{
	TREE(t);
	struct mp_sandbox s = role(MP_SANDBOX_FETCH, &t);

	ASSERT_INT(YES, ask(&s, can_make_internet_socket));
	ASSERT_INT(YES, ask(&s, can_write_identity));
	ASSERT_INT(-SIGSYS, ask(&s, can_run_a_program));
}

TEST(fetch_cannot_write_a_device_or_the_state)
{
	TREE(t);
	struct mp_sandbox s = role(MP_SANDBOX_FETCH, &t);
	int device = ask(&s, can_write_device);

	/* without Landlock the modes alone decide, and here they are open */
	ASSERT(device == NO || !mp_sandbox_has_landlock());
	ASSERT(ask(&s, can_write_state) == NO || geteuid() != 0);
	ASSERT(ask(&s, is_root) == NO || geteuid() != 0);
}

TEST(install_writes_devices_and_has_no_sockets)
{
	TREE(t);
	struct mp_sandbox s = role(MP_SANDBOX_INSTALL, &t);

	ASSERT_INT(YES, ask(&s, can_write_device));
	ASSERT_INT(YES, ask(&s, can_write_state));
	ASSERT_INT(NO, ask(&s, can_make_internet_socket));
	ASSERT_INT(NO, ask(&s, can_make_unix_socket));
	ASSERT_INT(-SIGSYS, ask(&s, can_run_a_program));
}

TEST(containers_have_unix_sockets_alone)
{
	TREE(t);
	struct mp_sandbox s = role(MP_SANDBOX_CONTAINERS, &t);

	ASSERT_INT(YES, ask(&s, can_make_unix_socket));
	ASSERT_INT(NO, ask(&s, can_make_internet_socket));
	ASSERT_INT(-SIGSYS, ask(&s, can_run_a_program));
}

TEST(a_user_that_does_not_exist_is_an_error)
{
	TREE(t);
	struct mp_sandbox s = role(MP_SANDBOX_FETCH, &t);

	s.user = "mp-nobody-has-this-name";
	ASSERT_INT(geteuid() == 0 ? NOT_ENTERED : NO, ask(&s, is_root));
}
