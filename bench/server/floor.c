/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <err.h>
#include <microhttpd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* As long as the answer to a poll of a device without news. */
static const char body[] =
	"{\"config\":{\"polling\":{\"sleep\":\"00:05:00\"}},\"_links\":{\"configData\":{\"href\":"
	"\"http://127.0.0.1:8080/DEFAULT/controller/v1/bench-00001/configData\"}}}";

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **context)
{
	static int seen;

	(void)url, (void)method, (void)version, (void)data, (void)len;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, user);
}

static void serve(int pipe_fd)
{
	struct MHD_Response *answer = MHD_create_response_from_buffer(
		sizeof(body) - 1, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
	struct MHD_Daemon *daemon;
	uint16_t port;

	MHD_add_response_header(answer, "Content-Type", "application/hal+json");
	MHD_add_response_header(answer, "ETag", "\"0123456789abcdef\"");
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL,
				  on_request, answer, MHD_OPTION_CONNECTION_LIMIT, 1024u,
				  MHD_OPTION_END);
	if (!daemon)
		errx(1, "libmicrohttpd did not start");
	port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	if (write(pipe_fd, &port, sizeof(port)) != sizeof(port))
		err(1, "pipe");
	for (;;)
		pause();
}

pid_t floor_start(uint16_t *ret_port)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	if (read(fds[0], ret_port, sizeof(*ret_port)) != sizeof(*ret_port))
		errx(1, "the bare server did not start");
	close(fds[0]);
	return pid;
}
