/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "lwm2m/format.h"
#include "lwm2m/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned formats[] = {MP_LWM2M_FORMAT_TLV,	       MP_LWM2M_FORMAT_JSON,
				   MP_LWM2M_FORMAT_SENML_JSON, MP_LWM2M_FORMAT_SENML_CBOR,
				   MP_LWM2M_FORMAT_CBOR,       MP_LWM2M_FORMAT_LWM2M_CBOR,
				   MP_LWM2M_FORMAT_TEXT,       MP_LWM2M_FORMAT_OPAQUE};

static struct mp_lwm2m_path base_of(uint8_t choice)
{
	static const struct mp_lwm2m_path bases[] = {
		{.n = 0}, {{3}, 1}, {{3, 0}, 2}, {{3, 0, 9}, 3}, {{3, 0, 6, 1}, 4}};

	return bases[choice % 5];
}

/* A record that was read is written and read again: it must be the same. Only typed values can be
 * written, and not every path can be told in every format. */
static void again(unsigned format, const struct mp_lwm2m_path *base,
		  const struct mp_lwm2m_record *record, uint8_t *out, size_t room)
{
	struct mp_lwm2m_record back;
	struct mp_lwm2m_writer w;
	struct mp_lwm2m_reader r;
	uint8_t *scratch;
	int len;

	mp_lwm2m_write(&w, format, base, out, room);
	mp_lwm2m_write_record(&w, record);
	if ((len = mp_lwm2m_write_end(&w)) < 0 || !record->has_value)
		return;
	scratch = malloc((size_t)len + 1);
	if (!scratch)
		return;
	mp_lwm2m_read(&r, format, base, out, (size_t)len, scratch, (size_t)len);
	if (mp_lwm2m_read_next(&r, &back) != 1 ||
	    mp_lwm2m_path_compare(&back.path, &record->path) != 0 ||
	    mp_lwm2m_read_as(&r, &back, record->value.type) < 0 ||
	    !mp_lwm2m_value_equal(&back.value, &record->value) ||
	    mp_lwm2m_read_next(&r, &back) != 0)
		abort();
	free(scratch);
}

static void use(struct mp_lwm2m_reader *r, unsigned format, struct mp_lwm2m_record *record,
		uint8_t *out, size_t room)
{
	const struct mp_lwm2m_resource *resource =
		mp_lwm2m_model_resource(&mp_lwm2m_builtin, &record->path, 0);
	enum mp_lwm2m_type type = resource ? (enum mp_lwm2m_type)resource->type : MP_LWM2M_OPAQUE;
	char text[64];

	(void)mp_lwm2m_value_format(&record->value, text, sizeof(text));
	if (record->value.type >= MP_LWM2M_RAW_TEXT && mp_lwm2m_read_as(r, record, type) < 0)
		return;
	if (resource)
		(void)mp_lwm2m_resource_allows(resource, &record->value);
	again(format, &r->base, record, out, room);
}

/* The first byte says the format and the base. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	struct mp_lwm2m_path base;
	uint8_t *scratch, *out;
	unsigned format;

	if (size == 0 || size > 65536)
		return 0;
	format = formats[data[0] % 8];
	base = base_of(data[0] / 8);
	scratch = malloc(size);
	out = malloc(4 * size + 128);
	if (scratch && out) {
		mp_lwm2m_read(&r, format, &base, data + 1, size - 1, scratch, size - 1);
		while (mp_lwm2m_read_next(&r, &record) > 0)
			use(&r, format, &record, out, 4 * size + 128);
		if (r.error == -ENOSPC) /* the length of the payload is always enough */
			abort();
	}
	free(scratch);
	free(out);
	return 0;
}
