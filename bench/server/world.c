/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "json/json.h"
#include "load.h"
#include "tuf/repo.h"

static void die_if(int r, const struct mp_err *e)
{
	if (r < 0)
		errx(1, "%s", e->text);
}

/* ---- single requests ---- */

struct one {
	struct mp_buf text;
	int status;
	char answer[4096];
};

static const char *give_one(void *user, unsigned i, size_t *ret_len)
{
	struct one *o = user;

	(void)i;
	*ret_len = o->text.len;
	return o->text.data;
}

static void take_one(void *user, unsigned i, int status, const char *body, size_t len)
{
	struct one *o = user;

	(void)i, (void)len;
	o->status = status;
	snprintf(o->answer, sizeof(o->answer), "%s", body);
}

static void call(struct world *w, const char *method, const char *path, const void *body,
		 size_t len)
{
	struct one o = {.text = {.limit = 1u << 24}};
	struct load l = {.port = w->port,
			 .connections = 1,
			 .requests = 1,
			 .request = give_one,
			 .answer = take_one,
			 .user = &o};

	mp_buf_printf(&o.text,
		      "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
		      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		      method, path, w->port, w->admin, len);
	mp_buf_add(&o.text, body, len);
	load_run(&l);
	mp_buf_done(&o.text);
	if (o.status / 100 != 2)
		errx(1, "%s %s: %d %s", method, path, o.status, o.answer);
}

/* ---- the server ---- */

static void run_server(struct world *w)
{
	char program[4096], data[128], product[128], port[8];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(program, sizeof(program), "%s/mp-server", w->build);
	snprintf(data, sizeof(data), "%s/data", w->dir);
	snprintf(product, sizeof(product), "%s/product", w->dir);
	snprintf(port, sizeof(port), "%u", w->port);
	execl(program, "mp-server", "--data", data, "--product-dir", product, "--port", "0",
	      "--http-port", port, "--target-tokens", "--poll", "300", NULL);
	err(1, "%s", program);
}

double world_start_server(struct world *w)
{
	static const char request[] = "GET /DEFAULT/controller/v1/none HTTP/1.1\r\nHost: h\r\n\r\n";
	double began = load_clock();
	char answer[256];
	int fd = -1;

	w->server = fork();
	if (w->server == 0)
		run_server(w);
	while ((fd = load_dial(w->port)) < 0) {
		if (waitpid(w->server, NULL, WNOHANG) == w->server)
			errx(1, "the server ended by itself");
		usleep(500);
	}
	if (send(fd, request, sizeof(request) - 1, 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) <= 0)
		errx(1, "the server does not answer");
	close(fd);
	return load_clock() - began;
}

void world_stop_server(struct world *w)
{
	kill(w->server, SIGTERM);
	waitpid(w->server, NULL, 0);
}

long world_rss_kb(const struct world *w)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)w->server);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* ---- making it ---- */

static void read_admin(struct world *w)
{
	MP_BUF(text, 256);
	struct mp_err e;
	char path[128];

	snprintf(path, sizeof(path), "%s/product/server/admin.token", w->dir);
	die_if(mp_file_read(path, &text, &e), &e);
	snprintf(w->admin, sizeof(w->admin), "%.*s", (int)strcspn(text.data, "\n"), text.data);
}

void world_make(struct world *w, const char *build)
{
	char mp[4096], product[128];
	const char *argv[] = {mp, "init", product, "--product", "bench", NULL};
	struct mp_err e;

	w->build = build;
	w->port = (uint16_t)(14600 + getpid() % 5000);
	strcpy(w->dir, "/tmp/bench-server-XXXXXX");
	if (!mkdtemp(w->dir))
		err(1, "%s", w->dir);
	snprintf(mp, sizeof(mp), "%s/mp", build);
	snprintf(product, sizeof(product), "%s/product", w->dir);
	die_if(mp_proc_run(&(struct mp_proc){.argv = argv}, &e), &e);
	world_start_server(w);
	read_admin(w);
}

void world_remove(struct world *w)
{
	(void)mp_file_remove_tree(w->dir, NULL);
}

/* ---- devices ---- */

static const char *give_device(void *user, unsigned i, size_t *ret_len)
{
	static char text[512];
	const struct world *w = user;
	int n = snprintf(text, sizeof(text),
			 "POST /api/v1/devices HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n"
			 "Content-Length: 20\r\n\r\n{\"id\":\"bench-%05u\"}\n",
			 w->admin, i);

	*ret_len = (size_t)n;
	return text;
}

static void take_device(void *user, unsigned i, int status, const char *body, size_t len)
{
	struct world *w = user;
	const char *token = strstr(body, "\"token\":\"");

	(void)len;
	if (status != 201 || !token)
		errx(1, "device %u: %d %s", i, status, body);
	snprintf(w->tokens[i], sizeof(w->tokens[i]), "%.32s", token + 9);
}

void world_add_devices(struct world *w)
{
	struct load l = {.port = w->port,
			 .connections = 32,
			 .requests = DEVICES,
			 .request = give_device,
			 .answer = take_device,
			 .user = w};

	load_run(&l);
}

/* ---- a release ---- */

static void put_blob(struct world *w, struct mp_json *targets, const char *path, const void *data,
		     size_t len)
{
	char digest[65], address[128];
	struct mp_err e;

	mp_sha256_hex(data, len, digest);
	snprintf(address, sizeof(address), "/api/v1/blobs/%s", digest);
	call(w, "PUT", address, data, len);
	die_if(mp_tuf_targets_add(targets, path, len, digest, NULL, &e), &e);
}

static void sign_targets(struct world *w, const struct mp_json *targets, struct mp_buf *out)
{
	auto_(mp_sign_key) *key = NULL;
	const struct mp_sign_key *keys[1];
	MP_BUF(pem, 8192);
	struct mp_err e;
	char path[128];

	snprintf(path, sizeof(path), "%s/product/keys/targets.pem", w->dir);
	die_if(mp_file_read(path, &pem, &e), &e);
	die_if(mp_sign_key_parse(pem.data, &key, &e), &e);
	keys[0] = key;
	die_if(mp_tuf_sign(targets, keys, 1, out, &e), &e);
}

static void format_manifest(const char *version, struct mp_buf *out)
{
	static const char zero[] =
		"0000000000000000000000000000000000000000000000000000000000000000";

	mp_buf_printf(out,
		      "{\"format\":1,\"product\":\"bench\",\"version\":\"%s\",\"boards\":{\"qemu-"
		      "x86_64\":{\"os\":{"
		      "\"root_hash\":\"%s\",\"root\":{\"size\":4096,\"sha256\":\"%s\"},"
		      "\"verity\":{\"size\":4096,\"sha256\":\"%s\"},"
		      "\"uki\":{\"name\":\"mp_%s.efi\",\"size\":4096,\"sha256\":\"%s\"},"
		      "\"sources\":[{\"type\":\"full\",\"target\":\"p.payload\",\"size\":7,\"index_"
		      "sha256\":\"%s\"}]"
		      "}}},\"app\":{\"services\":[]}}",
		      version, zero, zero, zero, version, zero, zero);
}

void world_publish(struct world *w, const char *version)
{
	auto_(mp_json) *targets = NULL, *body = mp_json_new_object();
	MP_BUF(manifest, 4096);
	MP_BUF(file, 65536);
	MP_BUF(text, 65536);
	char name[64];
	struct mp_err e;

	snprintf(name, sizeof(name), "%s.manifest.json", version);
	format_manifest(version, &manifest);
	die_if(mp_tuf_targets_create(1, 4102444800, &targets, &e), &e);
	put_blob(w, targets, "p.payload", "payload", 7);
	put_blob(w, targets, name, manifest.data, manifest.len);
	sign_targets(w, targets, &file);
	mp_json_put_str(body, "manifest", name);
	mp_json_put_str(body, "targets", mp_buf_str(&file));
	mp_json_format(body, &text);
	call(w, "POST", "/api/v1/releases", text.data, text.len);
}

void world_start_rollout(struct world *w, const char *version)
{
	char body[128];
	int n = snprintf(body, sizeof(body), "{\"release\":\"%s\",\"all\":true}", version);

	call(w, "POST", "/api/v1/rollouts", body, (size_t)n);
}
