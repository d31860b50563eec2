/* SPDX-License-Identifier: Apache-2.0
 * codec.c - messages as lines: {"type":0,"code":1,"mid":7,"token":"aa","options":[[11,"7264"]],"payload":""} */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "coap/message.h"
#include "driver.h"
#include "json/json.h"

#define MOST 140000

static void print_hex(const uint8_t *bytes, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	putchar('"');
}

static void print_message(const struct mp_coap_message *m)
{
	const char *comma = "";

	printf("{\"type\":%d,\"code\":%u,\"mid\":%u,\"token\":", (int)m->type, m->code, m->mid);
	print_hex(m->token, m->token_len);
	printf(",\"options\":[");
	MP_COAP_EACH_OPTION(o, m)
	{
		printf("%s[%u,", comma, o.number);
		print_hex(o.value, o.len);
		putchar(']');
		comma = ",";
	}
	printf("],\"payload\":");
	print_hex(m->payload, m->payload_len);
	puts("}");
}

/* The line's bytes in a block of their own, which the caller frees. */
static uint8_t *bytes_of(const char *hex, size_t *ret_len)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = malloc(len ? len : 1);

	if (bytes && mp_hex_parse(hex, bytes, len) == 0) {
		*ret_len = len;
		return bytes;
	}
	free(bytes);
	return NULL;
}

static int decode_line(const char *line, bool tcp)
{
	struct mp_coap_message m;
	size_t len;
	auto_free uint8_t *bytes = bytes_of(line, &len);
	int r;

	if (!bytes)
		return -EINVAL;
	r = tcp ? mp_coap_tcp_decode(bytes, len, MOST, &m) : mp_coap_decode(bytes, len, &m);
	if (r < 0 || (tcp && (size_t)r != len))
		printf("{\"error\":\"%s\"}\n", r < 0 ? strerrorname_np(-r) : "cut");
	else
		print_message(&m);
	return 0;
}

/* A member's bytes: at most `room`. */
static size_t member(const struct mp_json *j, uint8_t *bytes, size_t room)
{
	const char *hex = mp_json_str(j, "");
	size_t len = strlen(hex) / 2;

	return len <= room && mp_hex_parse(hex, bytes, len) == 0 ? len : 0;
}

static int write_message(const struct mp_json *j, struct mp_coap_writer *w, uint8_t *out)
{
	const struct mp_json *options = mp_json_get(j, "options"), *o;
	static uint8_t bytes[MOST];
	struct mp_coap_header h = {
		.type = (enum mp_coap_type)mp_json_int(mp_json_get(j, "type"), 0),
		.code = (uint8_t)mp_json_int(mp_json_get(j, "code"), 0),
		.mid = (uint16_t)mp_json_int(mp_json_get(j, "mid"), 0),
		.token = bytes,
		.token_len = member(mp_json_get(j, "token"), bytes, sizeof(bytes)),
	};

	mp_coap_write(w, out, MOST, &h);
	for (size_t i = 0; (o = mp_json_at(options, i)); i++)
		mp_coap_add(w, (unsigned)mp_json_int(mp_json_at(o, 0), 0), bytes,
			    member(mp_json_at(o, 1), bytes, sizeof(bytes)));
	mp_coap_add_payload(w, bytes, member(mp_json_get(j, "payload"), bytes, sizeof(bytes)));
	return mp_coap_end(w);
}

static int encode_line(const char *line, bool tcp)
{
	static uint8_t out[MOST], stream[MOST];
	auto_(mp_json) *j = NULL;
	struct mp_coap_message m;
	struct mp_coap_writer w;
	const uint8_t *bytes = out;
	int r = mp_json_parse(line, strlen(line), &j, NULL);

	if (r == 0)
		r = write_message(j, &w, out);
	if (r >= 0 && tcp) {
		bytes = stream;
		r = mp_coap_decode(out, (size_t)r, &m);
		if (r == 0)
			r = mp_coap_tcp_encode(&m, stream, sizeof(stream));
	}
	if (r < 0) {
		printf("%s\n", strerrorname_np(-r));
		return 0;
	}
	for (int i = 0; i < r; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	return 0;
}

static int each_line(int (*run)(const char *line, bool tcp), bool tcp)
{
	auto_free char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (run(line, tcp) < 0)
			return 1;
	}
	return 0;
}

int do_decode(char *argv[])
{
	return each_line(decode_line, strcmp(argv[0], "tcp") == 0);
}

int do_encode(char *argv[])
{
	return each_line(encode_line, strcmp(argv[0], "tcp") == 0);
}
