/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/json_scan.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "lwm2m/base64.h"
#include "lwm2m/codec.h"
#include "lwm2m/number.h"
#include "lwm2m/utf8.h"

#define DEPTH 8

void mp_lwm2m_json_blanks(const uint8_t **at, const uint8_t *end)
{
	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r'))
		(*at)++;
}

/* The next character that is not blank; 0 at the end. */
static char peek(const uint8_t **at, const uint8_t *end)
{
	mp_lwm2m_json_blanks(at, end);
	return *at < end ? (char)**at : '\0';
}

int mp_lwm2m_json_begin(const uint8_t **at, const uint8_t *end, char open)
{
	char close = open == '{' ? '}' : ']';

	if (peek(at, end) != open)
		return -EBADMSG;
	(*at)++;
	if (peek(at, end) != close)
		return 1;
	(*at)++;
	return 0;
}

int mp_lwm2m_json_more(const uint8_t **at, const uint8_t *end, char close)
{
	char c = peek(at, end);

	if (c != ',' && c != close)
		return -EBADMSG;
	(*at)++;
	return c == ',';
}

/* ---- strings ---- */

static int hex4(const uint8_t *at, const uint8_t *end, uint32_t *ret)
{
	uint32_t v = 0;

	if (end - at < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		int d = mp_hex_digit((char)at[i]);

		if (d < 0)
			return -EBADMSG;
		v = v << 4 | (uint32_t)d;
	}
	*ret = v;
	return 0;
}

/* What stands behind "\u": one character, of one or two units of UTF-16. */
static int unescape_unicode(const uint8_t **at, const uint8_t *end, uint32_t *ret)
{
	uint32_t c, low;

	if (hex4(*at, end, &c) < 0)
		return -EBADMSG;
	*at += 4;
	if (c >= 0xd800 && c < 0xdc00) {
		if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
		    hex4(*at + 2, end, &low) < 0 || low < 0xdc00 || low > 0xdfff)
			return -EBADMSG;
		*at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return -EBADMSG;
	}
	*ret = c;
	return 0;
}

/* What stands behind a backslash; its characters, or -EBADMSG. */
static int unescape(const uint8_t **at, const uint8_t *end, char out[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t character;

	if (*at == end)
		return -EBADMSG;
	if (**at == 'u') {
		(*at)++;
		if (unescape_unicode(at, end, &character) < 0)
			return -EBADMSG;
		return (int)mp_lwm2m_utf8_encode(character, out);
	}
	found = memchr(from, **at, sizeof(from) - 1);
	if (!found)
		return -EBADMSG;
	(*at)++;
	out[0] = to[found - from];
	return 1;
}

/* The end of a string whose opening quote was read; counts its escapes. */
static const uint8_t *closing_quote(const uint8_t *at, const uint8_t *end, bool *ret_escaped)
{
	*ret_escaped = false;
	for (; at < end && *at != '"'; at++) {
		if (*at < 0x20)
			return NULL;
		if (*at == '\\') {
			*ret_escaped = true;
			if (++at == end)
				return NULL;
		}
	}
	return at < end ? at : NULL;
}

static int unescape_all(struct mp_lwm2m_reader *r, const uint8_t *at, const uint8_t *end,
			struct mp_lwm2m_json_text *ret)
{
	char *out = mp_lwm2m_scratch(r, (size_t)(end - at));
	size_t n = 0;

	if (!out)
		return -ENOSPC;
	while (at < end) {
		int k = 1;

		if (*at != '\\') {
			out[n] = (char)*at++;
		} else {
			at++;
			if ((k = unescape(&at, end, out + n)) < 0)
				return k;
		}
		n += (size_t)k;
	}
	ret->data = out;
	ret->len = n;
	return 0;
}

int mp_lwm2m_json_string(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			 struct mp_lwm2m_json_text *ret)
{
	const uint8_t *start, *close;
	bool escaped;

	if (peek(at, end) != '"')
		return -EBADMSG;
	start = *at + 1;
	close = closing_quote(start, end, &escaped);
	if (!close || !mp_lwm2m_utf8_is_valid((const char *)start, (size_t)(close - start)))
		return -EBADMSG;
	*at = close + 1;
	if (escaped)
		return unescape_all(r, start, close, ret);
	ret->data = (const char *)start;
	ret->len = (size_t)(close - start);
	return 0;
}

int mp_lwm2m_json_name(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
		       struct mp_lwm2m_json_text *ret)
{
	int k = mp_lwm2m_json_string(r, at, end, ret);

	if (k < 0)
		return k;
	if (peek(at, end) != ':')
		return -EBADMSG;
	(*at)++;
	return 0;
}

/* ---- other values ---- */

static bool take_word(const uint8_t **at, const uint8_t *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *at) < len || memcmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static int number(const uint8_t **at, const uint8_t *end, struct mp_lwm2m_value *ret)
{
	const uint8_t *start = *at;

	while (*at < end && (**at == '-' || **at == '+' || **at == '.' || **at == 'e' ||
			     **at == 'E' || (**at >= '0' && **at <= '9')))
		(*at)++;
	return mp_lwm2m_number_parse((const char *)start, (size_t)(*at - start), true, ret);
}

int mp_lwm2m_json_value(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_json_text text;
	char c = peek(at, end);
	int k;

	if (c == '"') {
		if ((k = mp_lwm2m_json_string(r, at, end, &text)) < 0)
			return k;
		*ret = (struct mp_lwm2m_value){.type = MP_LWM2M_STRING,
					       .text = {text.data, text.len}};
	} else if (take_word(at, end, "true")) {
		*ret = mp_lwm2m_boolean(true);
	} else if (take_word(at, end, "false")) {
		*ret = mp_lwm2m_boolean(false);
	} else if (take_word(at, end, "null")) {
		*ret = (struct mp_lwm2m_value){.type = MP_LWM2M_NONE};
	} else {
		return number(at, end, ret);
	}
	return 0;
}

/* A string that nobody wants: no scratch is needed for its escapes. */
static int skip_string(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *close;
	bool escaped;
	char out[4];

	if (peek(at, end) != '"' || !(close = closing_quote(*at + 1, end, &escaped)) ||
	    !mp_lwm2m_utf8_is_valid((const char *)*at, (size_t)(close - *at)))
		return -EBADMSG;
	for ((*at)++; *at < close;)
		if (*(*at)++ == '\\' && unescape(at, close, out) < 0)
			return -EBADMSG;
	(*at)++;
	return 0;
}

static int skip_scalar(const uint8_t **at, const uint8_t *end)
{
	struct mp_lwm2m_value unused;

	if (peek(at, end) == '"')
		return skip_string(at, end);
	return mp_lwm2m_json_value(NULL, at, end, &unused);
}

/* The name and the colon in front of a member's value. */
static int skip_name(const uint8_t **at, const uint8_t *end)
{
	if (skip_string(at, end) < 0 || peek(at, end) != ':')
		return -EBADMSG;
	(*at)++;
	return 0;
}

/* One value, or the opening of one: 1 when it has members, so that the caller goes into it. */
static int skip_begin(const uint8_t **at, const uint8_t *end, char *ret_close)
{
	char c = peek(at, end);

	if (c != '{' && c != '[')
		return skip_scalar(at, end);
	*ret_close = c == '{' ? '}' : ']';
	return mp_lwm2m_json_begin(at, end, c);
}

int mp_lwm2m_json_skip(const uint8_t **at, const uint8_t *end)
{
	char open[DEPTH]; /* closing brackets of what is open */
	unsigned depth = 0;

	for (;;) {
		char close = ']';
		int k = skip_begin(at, end, &close);

		if (k < 0)
			return k;
		if (k > 0) {
			if (depth == DEPTH)
				return -ENOTSUP;
			open[depth++] = close;
		} else {
			while (depth && (k = mp_lwm2m_json_more(at, end, open[depth - 1])) == 0)
				depth--;
			if (k < 0 || depth == 0)
				return k;
		}
		if (open[depth - 1] == '}' && (k = skip_name(at, end)) < 0)
			return k;
	}
}

/* ---- writing ---- */

static int put_escaped(struct mp_lwm2m_writer *w, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = memchr(from, c, sizeof(from) - 1);

	if (!found)
		return mp_lwm2m_put(w, text, 6);
	text[1] = to[found - from];
	return mp_lwm2m_put(w, text, 2);
}

int mp_lwm2m_json_put_string(struct mp_lwm2m_writer *w, const char *text, size_t len)
{
	int r = mp_lwm2m_put_text(w, "\"");

	for (size_t at = 0; r == 0 && at < len;) {
		size_t start = at;
		unsigned char c = 'x';

		while (at < len && (c = (unsigned char)text[at]) >= 0x20 && c != '"' && c != '\\')
			at++;
		r = mp_lwm2m_put(w, text + start, at - start);
		if (r == 0 && at < len) {
			r = put_escaped(w, c);
			at++;
		}
	}
	return r == 0 ? mp_lwm2m_put_text(w, "\"") : r;
}

static int put_base64(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v, bool url)
{
	size_t n = mp_lwm2m_base64_length(v->opaque.len, url), at = w->len + 1;

	if (mp_lwm2m_put_text(w, "\"") < 0 || mp_lwm2m_put_gap(w, at, n) < 0)
		return -ENOSPC;
	mp_lwm2m_base64_encode(v->opaque.data, v->opaque.len, url, (char *)w->out + at);
	return mp_lwm2m_put_text(w, "\"");
}

int mp_lwm2m_json_put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v, bool url)
{
	char text[MP_LWM2M_NUMBER_TEXT];
	int n;

	if (v->type == MP_LWM2M_STRING || v->type == MP_LWM2M_CORELNK)
		return mp_lwm2m_json_put_string(w, v->text.data, v->text.len);
	if (v->type == MP_LWM2M_OPAQUE)
		return put_base64(w, v, url);
	if (v->type == MP_LWM2M_TIME) {
		mp_lwm2m_number_format_integer(v->integer, text);
		return mp_lwm2m_put_text(w, text);
	}
	n = mp_lwm2m_value_format(v, text, sizeof(text));
	if (n < 0 || v->type == MP_LWM2M_OBJLNK)
		return n < 0 ? n : mp_lwm2m_json_put_string(w, text, (size_t)n);
	return mp_lwm2m_put_text(w, text);
}
