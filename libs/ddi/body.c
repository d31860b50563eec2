/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "ddi/ddi.h"
#include "json/json.h"

static int put_status(struct mp_json *body, const char *execution, const char *finished,
		      const char *details)
{
	struct mp_json *status = mp_json_new_object(), *result = mp_json_new_object();
	struct mp_json *lines = mp_json_new_array();
	int r = mp_json_put_str(status, "execution", execution);

	if (r == 0)
		r = mp_json_put_str(result, "finished", finished);
	if (r == 0 && details && *details)
		r = mp_json_append(lines, mp_json_new_str(details));
	/* put() takes its value whether it succeeds or not */
	if (mp_json_put(status, "result", result) < 0)
		r = -ENOMEM;
	if (mp_json_put(status, "details", lines) < 0)
		r = -ENOMEM;
	if (mp_json_put(body, "status", status) < 0)
		r = -ENOMEM;
	return r;
}

int mp_ddi_feedback_format(const char *id, const char *execution, const char *finished,
			   const char *details, struct mp_buf *out)
{
	auto_(mp_json) *body = mp_json_new_object();
	int r = body ? mp_json_put_str(body, "id", id) : -ENOMEM;

	if (r == 0)
		r = put_status(body, execution, finished, details);
	return r < 0 ? r : mp_json_format(body, out);
}

int mp_ddi_attributes_format(const char *object, size_t len, struct mp_buf *out)
{
	auto_(mp_json) *body = mp_json_new_object();
	struct mp_json *data = NULL;
	int r = mp_json_parse(object, len, &data, NULL);

	if (r == 0 && mp_json_type(data) != MP_JSON_OBJECT)
		r = -EBADMSG;
	if (r < 0) {
		mp_json_free(data);
		return r;
	}
	r = mp_json_put_str(body, "mode", "merge");
	if (mp_json_put(body, "data", data) < 0) /* takes it in either case */
		r = -ENOMEM;
	return r < 0 ? r : mp_json_format(body, out);
}
