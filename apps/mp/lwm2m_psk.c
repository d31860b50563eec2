/* SPDX-License-Identifier: Apache-2.0 */
/* mp lwm2m psk: keys of devices. They come from here or from a file, never from a command line, and
 * go to a file that only its owner can read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "lwm2m.h"

#define KEY_BYTES 16
#define KEY_MAX 64

const struct mp_option lwm2m_psk_options[] = {
	{"identity", 'i', MP_TEXT, offsetof(struct lwm2m_options, identity), "TEXT",
	 "what the device shows in its handshake; default its id"},
	{"key-file", 'k', MP_TEXT, offsetof(struct lwm2m_options, key_file), "FILE",
	 "take the key from this file, in hexadecimal digits; - is standard input"},
	{"out", 'o', MP_TEXT, offsetof(struct lwm2m_options, out), "FILE",
	 "where a new key is written; default ID.psk"},
	MP_OPTIONS_SERVER(struct lwm2m_options, server),
	{0},
};

static int read_stdin(struct mp_buf *into, struct mp_err *err)
{
	char chunk[512];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		if (mp_buf_add(into, chunk, (size_t)n) < 0)
			return mp_err_set(err, -EFBIG, "the key is longer than %d bytes", KEY_MAX);
	return n < 0 ? mp_err_set(err, -errno, "cannot read standard input: %s", strerror(errno))
		     : 0;
}

static int read_key(const char *file, char hex[2 * KEY_MAX + 1], struct mp_err *err)
{
	MP_BUF(text, 2 * KEY_MAX + 2);
	uint8_t bytes[KEY_MAX];
	int r = mp_streq(file, "-") ? read_stdin(&text, err) : mp_file_read(file, &text, err);
	size_t len;

	if (r < 0)
		return r;
	len = strcspn(mp_buf_str(&text), "\r\n");
	if (len < 2 || len % 2 || len > 2 * KEY_MAX)
		return mp_err_set(err, -EBADMSG, "a key has 1 to %d bytes in hexadecimal digits",
				  KEY_MAX);
	memcpy(hex, text.data, len);
	hex[len] = '\0';
	explicit_bzero(text.data, text.len);
	r = mp_hex_parse(hex, bytes, len / 2);
	explicit_bzero(bytes, sizeof(bytes));
	return r < 0 ? mp_err_set(err, r, "the key must be hexadecimal digits alone") : 0;
}

/* A new one, written before the server learns it: nothing is lost when that fails. */
static int make_key(const char *endpoint, const struct lwm2m_options *o, char hex[2 * KEY_MAX + 1],
		    struct mp_err *err)
{
	auto_free char *usual = mp_str_format("%s.psk", endpoint);
	const char *file = o->out ? o->out : usual;
	auto_free char *text = NULL;
	uint8_t key[KEY_BYTES];
	int r;

	if (!usual)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (mp_file_exists(file))
		return mp_err_set(err, -EEXIST, "%s is there already", file);
	mp_random(key, sizeof(key));
	mp_hex_format(key, sizeof(key), hex);
	explicit_bzero(key, sizeof(key));
	text = mp_str_format("%s\n", hex);
	if (!text)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_file_write(file, text, strlen(text), 0600, err);
	explicit_bzero(text, strlen(text));
	if (r == 0)
		mp_step("the key is in %s; the server does not show it again", file);
	return r;
}

static struct mp_json *body_json(const char *identity, const char *hex)
{
	struct mp_json *j = mp_json_new_object(), *psk = mp_json_new_object();
	int r = mp_json_put_str(psk, "identity", identity);

	r |= mp_json_put_str(psk, "key", hex);
	if ((mp_json_put(j, "psk", psk) | r) == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

static int add(struct mp_api *api, const char *endpoint, const struct lwm2m_options *o)
{
	struct mp_err err = {0};
	auto_(mp_json) *body = NULL;
	char hex[2 * KEY_MAX + 1] = "";
	MP_BUF(url, 1024);
	int r = o->key_file ? read_key(o->key_file, hex, &err) : make_key(endpoint, o, hex, &err);

	if (r < 0)
		return mp_fail(&err);
	body = body_json(o->identity ? o->identity : endpoint, hex);
	explicit_bzero(hex, sizeof(hex));
	if (mp_buf_printf(&url, "devices/%s/credentials", endpoint) < 0 || !body)
		return mp_fail_usage("out of memory");
	if (mp_api_send(api, "PUT", mp_buf_str(&url), body, NULL, &err) < 0)
		return mp_fail(&err);
	return EXIT_SUCCESS;
}

static int take_away(struct mp_api *api, const char *endpoint)
{
	struct mp_err err = {0};
	MP_BUF(url, 1024);

	if (mp_buf_printf(&url, "devices/%s/credentials", endpoint) < 0)
		return mp_fail_usage("out of memory");
	if (mp_api_send(api, "DELETE", mp_buf_str(&url), NULL, NULL, &err) < 0)
		return mp_fail(&err);
	return EXIT_SUCCESS;
}

int lwm2m_psk(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	auto_(mp_api) *api = NULL;
	int status = mp_api_begin(lwm2m_psk_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (!mp_str_is_name(argv[1], 64))
		return mp_fail_usage("'%s' is no device's id", argv[1]);
	if (mp_streq(argv[0], "add"))
		return add(api, argv[1], &o);
	if (mp_streq(argv[0], "rm"))
		return take_away(api, argv[1]);
	return mp_fail_usage("'%s' is neither add nor rm", argv[0]);
}
