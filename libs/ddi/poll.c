/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ddi/ddi.h"
#include "ddi/internal.h"

int mp_ddi_copy_link(const struct mp_json *link, char ret[MP_DDI_URL], struct mp_err *err)
{
	const char *href = mp_json_str(mp_json_get(link, "href"), "");

	if (strlen(href) >= MP_DDI_URL || (*href && !mp_str_starts_with(href, "https://") &&
					   !mp_str_starts_with(href, "http://")))
		return mp_err_set(err, -EBADMSG,
				  "the server sent a link that is too long or no URL");
	strcpy(ret, href);
	return 0;
}

int mp_ddi_copy_id(const struct mp_json *id, char ret[MP_DDI_ID], struct mp_err *err)
{
	char number[24];
	const char *s = mp_json_str(id, "");

	if (mp_json_type(id) == MP_JSON_INT) {
		snprintf(number, sizeof(number), "%lld", (long long)mp_json_int(id, 0));
		s = number;
	}
	if (!mp_str_is_name(s, MP_DDI_ID - 1))
		return mp_err_set(err, -EBADMSG, "the server sent an action without a usable id");
	strcpy(ret, s);
	return 0;
}

static bool is_two_digits(const char *s)
{
	return s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9';
}

unsigned mp_ddi_sleep_parse(const char *s)
{
	unsigned v[3];

	if (strlen(s) != 8 || s[2] != ':' || s[5] != ':')
		return 0;
	for (unsigned i = 0; i < 3; i++) {
		if (!is_two_digits(s + 3 * i))
			return 0;
		v[i] = (unsigned)(s[3 * i] - '0') * 10 + (unsigned)(s[3 * i + 1] - '0');
	}
	return v[0] > 23 || v[1] > 59 || v[2] > 59 ? 0 : v[0] * 3600 + v[1] * 60 + v[2];
}

int mp_ddi_poll_parse(const void *text, size_t len, struct mp_ddi_poll *ret, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *links, *polling;
	struct mp_ddi_poll p = {0};
	int r = mp_json_parse(text, len, &doc, err);

	if (r < 0)
		return mp_err_wrap(err, r, "the server's answer to a poll");
	if (mp_json_type(doc) != MP_JSON_OBJECT)
		return mp_err_set(err, -EBADMSG, "the server's answer to a poll is no JSON object");
	polling = mp_json_get(mp_json_get(doc, "config"), "polling");
	p.sleep = mp_ddi_sleep_parse(mp_json_str(mp_json_get(polling, "sleep"), ""));
	links = mp_json_get(doc, "_links");
	r = mp_ddi_copy_link(mp_json_get(links, "deploymentBase"), p.deployment, err);
	if (r == 0)
		r = mp_ddi_copy_link(mp_json_get(links, "cancelAction"), p.cancel, err);
	if (r == 0)
		r = mp_ddi_copy_link(mp_json_get(links, "configData"), p.config_data, err);
	if (r == 0)
		*ret = p;
	return r;
}

int mp_ddi_cancel_parse(const void *text, size_t len, char ret[MP_DDI_ID], struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int r = mp_json_parse(text, len, &doc, err);

	if (r < 0)
		return mp_err_wrap(err, r, "the server's cancellation");
	return mp_ddi_copy_id(mp_json_get(mp_json_get(doc, "cancelAction"), "stopId"), ret, err);
}
