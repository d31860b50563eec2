/* SPDX-License-Identifier: Apache-2.0
 * driver.c - the formats of libs/lwm2m at the command line, for the tests beside it
 *
 *     test-lwm2m-formats decode FORMAT BASE    a line of hexadecimal bytes in, a line of JSON out:
 *                                              {"records":[{"path":…,"type":…,"value":…,"time":…}],"end":0}
 *     test-lwm2m-formats encode FORMAT BASE    a line of JSON in, [records], a line of bytes out
 *     test-lwm2m-formats names                 a line of JSON an object of the built-in model
 *
 * Values are the text for people. Where the format leaves the type open, it is told by the id of
 * the resource: 100 times the number of the type, and a rest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"
#include "lwm2m/format.h"
#include "lwm2m/model.h"

#define MOST (1 << 20)

static uint8_t bytes[MOST], scratch[MOST], opaque[MOST];
static char text[2 * MOST + 1];

/* ---- decode ---- */

static struct mp_json *new_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *record)
{
	struct mp_json *j = mp_json_new_object();
	char path[MP_LWM2M_PATH_TEXT];
	unsigned type = record->path.id[2] / 100;

	mp_lwm2m_path_format(&record->path, path);
	mp_json_put_str(j, "path", path);
	if (record->time != 0)
		mp_json_put(j, "time", mp_json_new_real(record->time));
	if (!record->has_value)
		return j;
	if (mp_lwm2m_read_as(r, record, (enum mp_lwm2m_type)type) < 0) {
		mp_json_put_str(j, "type", "?");
		return j;
	}
	mp_json_put_str(j, "type", mp_lwm2m_type_name(record->value.type));
	if (mp_lwm2m_value_format(&record->value, text, sizeof(text)) >= 0)
		mp_json_put_str(j, "value", text);
	return j;
}

static int decode_line(const char *line, unsigned format, const struct mp_lwm2m_path *base)
{
	auto_(mp_json) *answer = mp_json_new_object();
	struct mp_json *records = mp_json_new_array();
	size_t len = strlen(line) / 2;
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	MP_BUF(out, 16 * MOST);
	int k;

	if (len > MOST || mp_hex_parse(line, bytes, len) < 0)
		return -EINVAL;
	k = mp_lwm2m_read(&r, format, base, bytes, len, scratch, len);
	while (k == 0 && (k = mp_lwm2m_read_next(&r, &record)) > 0) {
		mp_json_append(records, new_record(&r, &record));
		k = 0;
	}
	mp_json_put(answer, "records", records);
	mp_json_put_int(answer, "end", k);
	k = mp_json_format(answer, &out);
	puts(mp_buf_str(&out));
	return k;
}

/* ---- encode ---- */

static int take_record(const struct mp_json *j, struct mp_lwm2m_record *ret)
{
	const char *path = mp_json_str(mp_json_get(j, "path"), "");
	const char *value = mp_json_str(mp_json_get(j, "value"), NULL);
	enum mp_lwm2m_type type = MP_LWM2M_NONE;

	memset(ret, 0, sizeof(*ret));
	ret->time = mp_json_real(mp_json_get(j, "time"), 0);
	if (mp_lwm2m_path_parse(path, strlen(path), &ret->path) < 0)
		return -EINVAL;
	if (!value)
		return 0;
	ret->has_value = true;
	if (mp_lwm2m_type_parse(mp_json_str(mp_json_get(j, "type"), ""), &type) < 0)
		return -EINVAL;
	return mp_lwm2m_value_parse(value, strlen(value), type, opaque, sizeof(opaque),
				    &ret->value);
}

static int encode_line(const char *line, unsigned format, const struct mp_lwm2m_path *base)
{
	auto_(mp_json) *records = NULL;
	struct mp_lwm2m_record record;
	struct mp_lwm2m_writer w;
	int r = mp_json_parse(line, strlen(line), &records, NULL);

	if (r == 0)
		r = mp_lwm2m_write(&w, format, base, bytes, sizeof(bytes));
	for (size_t i = 0; r == 0 && i < mp_json_size(records); i++)
		if ((r = take_record(mp_json_at(records, i), &record)) == 0)
			r = mp_lwm2m_write_record(&w, &record);
	if (r == 0)
		r = mp_lwm2m_write_end(&w);
	if (r < 0)
		return r;
	mp_hex_format(bytes, (size_t)r, text);
	puts(text);
	return 0;
}

/* ---- names ---- */

static int do_names(void)
{
	const struct mp_lwm2m_object *o = NULL;

	while ((o = mp_lwm2m_model_next(&mp_lwm2m_builtin, o))) {
		printf("{\"id\":%d,\"name\":\"%s\",\"version\":\"%d.%d\",\"resources\":{", o->id,
		       o->name, o->version >> 8, o->version & 255);
		for (size_t i = 0; i < o->n; i++)
			printf("%s\"%d\":\"%s\"", i ? "," : "", o->resources[i].id,
			       o->resources[i].name);
		puts("}}");
	}
	return 0;
}

static int each_line(int (*run)(const char *, unsigned, const struct mp_lwm2m_path *), char *argv[])
{
	static char line[2 * MOST + 2];
	struct mp_lwm2m_path base;
	unsigned format;
	int r;

	if (mp_lwm2m_format_parse(argv[0], &format) < 0 ||
	    mp_lwm2m_path_parse(argv[1], strlen(argv[1]), &base) < 0)
		return -EINVAL;
	for (r = 0; r == 0 && fgets(line, sizeof(line), stdin);) {
		line[strcspn(line, "\n")] = '\0';
		r = run(line, format, &base);
	}
	return r;
}

int main(int argc, char *argv[])
{
	int r = -EINVAL;

	if (argc == 4 && mp_streq(argv[1], "decode"))
		r = each_line(decode_line, argv + 2);
	else if (argc == 4 && mp_streq(argv[1], "encode"))
		r = each_line(encode_line, argv + 2);
	else if (argc == 2 && mp_streq(argv[1], "names"))
		r = do_names();
	if (r < 0)
		fprintf(stderr, "test-lwm2m-formats: %s\n", strerror(-r));
	return r < 0;
}
