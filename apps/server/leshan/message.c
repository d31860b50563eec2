/* SPDX-License-Identifier: Apache-2.0
 * COAPLOG: a CoAP message, as Leshan writes it with the names of Californium. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "coap/message.h"
#include "leshan/leshan.h"
#include "lwm2m/format.h"
#include "lwm2m/listeners.h"

enum form { STRING, INTEGER, OPAQUE, EMPTY, FORMAT, BLOCK };

static const struct name {
	uint16_t number;
	uint8_t form; /* enum form */
	const char *text;
} names[] = {
	{MP_COAP_IF_MATCH, OPAQUE, "If-Match/OPAQUE"},
	{MP_COAP_URI_HOST, STRING, "Uri-Host/STRING"},
	{MP_COAP_ETAG, OPAQUE, "ETag/OPAQUE"},
	{MP_COAP_IF_NONE_MATCH, EMPTY, "If-None-Match/EMPTY"},
	{MP_COAP_OBSERVE, INTEGER, "Observe/INTEGER"},
	{MP_COAP_URI_PORT, INTEGER, "Uri-Port/INTEGER"},
	{MP_COAP_LOCATION_PATH, STRING, "Location-Path/STRING"},
	{MP_COAP_URI_PATH, STRING, "Uri-Path/STRING"},
	{MP_COAP_CONTENT_FORMAT, FORMAT, "Content-Format/INTEGER"},
	{MP_COAP_MAX_AGE, INTEGER, "Max-Age/INTEGER"},
	{MP_COAP_URI_QUERY, STRING, "Uri-Query/STRING"},
	{MP_COAP_ACCEPT, FORMAT, "Accept/INTEGER"},
	{MP_COAP_LOCATION_QUERY, STRING, "Location-Query/STRING"},
	{MP_COAP_BLOCK2, BLOCK, "Block2/INTEGER"},
	{MP_COAP_BLOCK1, BLOCK, "Block1/INTEGER"},
	{MP_COAP_SIZE2, INTEGER, "Size2/INTEGER"},
	{MP_COAP_SIZE1, INTEGER, "Size1/INTEGER"},
	{MP_COAP_ECHO, OPAQUE, "Echo/OPAQUE"},
	{MP_COAP_REQUEST_TAG, OPAQUE, "Request-Tag/OPAQUE"},
};

static const struct name *name_of(unsigned number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return &names[i];
	return NULL;
}

static const char *media_type(uint32_t format)
{
	static const struct {
		unsigned format;
		const char *name;
	} types[] = {
		{MP_LWM2M_FORMAT_TEXT, "text/plain"},
		{MP_LWM2M_FORMAT_LINK, "application/link-format"},
		{MP_LWM2M_FORMAT_OPAQUE, "application/octet-stream"},
		{MP_LWM2M_FORMAT_CBOR, "application/cbor"},
		{MP_LWM2M_FORMAT_SENML_JSON, "application/senml+json"},
		{MP_LWM2M_FORMAT_SENML_CBOR, "application/senml+cbor"},
		{MP_LWM2M_FORMAT_TLV, "application/vnd.oma.lwm2m+tlv"},
		{MP_LWM2M_FORMAT_JSON, "application/vnd.oma.lwm2m+json"},
		{MP_LWM2M_FORMAT_LWM2M_CBOR, "application/vnd.oma.lwm2m+cbor"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].format == format)
			return types[i].name;
	return NULL;
}

static int add_hex(struct mp_buf *out, const uint8_t *data, size_t len, bool upper)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < len; i++)
		r = mp_buf_printf(out, upper ? "%02X" : "%02x", data[i]);
	return r;
}

static bool is_printable(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] < ' ' || data[i] > '~')
			return false;
	return true;
}

static int add_number(struct mp_buf *out, const struct mp_coap_option *o, enum form form)
{
	struct mp_coap_block block;
	uint32_t number = 0;

	(void)mp_coap_option_uint(o, &number);
	if (form == FORMAT && media_type(number))
		return mp_buf_printf(out, "\"%s\"", media_type(number));
	if (form == BLOCK && mp_coap_block_decode(o, &block) == 0)
		return mp_buf_printf(out, "(szx=%u/%u, m=%s, num=%u)", block.szx, 16u << block.szx,
				     block.more ? "true" : "false", block.num);
	return mp_buf_printf(out, "%u", number);
}

static int add_value(struct mp_buf *out, const struct mp_coap_option *o, enum form form)
{
	int r;

	if (form == INTEGER || form == FORMAT || form == BLOCK)
		return add_number(out, o, form);
	if (form == STRING && is_printable(o->value, o->len))
		return mp_buf_printf(out, "\"%.*s\"", (int)o->len, (const char *)o->value);
	r = mp_buf_add_str(out, "0x");
	return r < 0 ? r : add_hex(out, o->value, o->len, true);
}

/* "Uri-Path/STRING: "3", "0" - Accept/INTEGER: "text/plain"" */
static int add_options(struct mp_buf *out, const struct mp_coap_message *m)
{
	unsigned before = 0;
	int r = 0;

	MP_COAP_EACH_OPTION(o, m)
	{
		const struct name *name = name_of(o.number);

		if (r < 0)
			break;
		if (out->len > 0 && o.number == before)
			r = mp_buf_add_str(out, ", ");
		else if (name)
			r = mp_buf_printf(out, "%s%s: ", out->len > 0 ? " - " : "", name->text);
		else
			r = mp_buf_printf(out, "%sUnknown (%u): ", out->len > 0 ? " - " : "",
					  o.number);
		if (r == 0)
			r = add_value(out, &o, name ? (enum form)name->form : OPAQUE);
		before = o.number;
	}
	return r;
}

static int put_payload(struct mp_json *j, const struct mp_coap_message *m)
{
	MP_BUF(text, 20480);
	int r;

	if (m->payload_len == 0)
		return 0;
	if (is_printable(m->payload, m->payload_len))
		r = mp_buf_add(&text, m->payload, m->payload_len);
	else if ((r = mp_buf_add_str(&text, "Hex:")) == 0)
		r = add_hex(&text, m->payload, m->payload_len, false);
	return r < 0 ? r : mp_json_put_str(j, "payload", mp_buf_str(&text));
}

struct mp_json *leshan_message_json(const struct lwm2m_event *e)
{
	static const char *const types[] = {"CON", "NON", "ACK", "RST"};
	const struct mp_coap_message *m = e->message;
	auto_(mp_json) *j = mp_json_new_object();
	MP_BUF(token, 256);
	MP_BUF(options, 8192);
	char code[5];
	int r = mp_json_put_int(j, "timestamp", e->time);

	r |= mp_json_put_bool(j, "incoming", e->is_incoming);
	r |= mp_json_put_str(j, "type", types[m->type]);
	mp_coap_code_format(m->code, code);
	if (m->code != MP_COAP_EMPTY)
		r |= mp_json_put_str(
			j, "code", mp_coap_is_request(m->code) ? mp_coap_code_name(m->code) : code);
	r |= mp_json_put_int(j, "mId", m->mid);
	r |= add_hex(&token, m->token, m->token_len, true);
	r |= mp_json_put_str(j, "token", token.len > 0 ? mp_buf_str(&token) : "");
	r |= add_options(&options, m);
	if (options.len > 0)
		r |= mp_json_put_str(j, "options", mp_buf_str(&options));
	r |= put_payload(j, m);
	r |= mp_json_put_str(j, "ep", e->endpoint);
	return r ? NULL : take_ptr(j);
}
