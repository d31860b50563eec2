/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lwm2m/attributes.h"
#include "lwm2m/link.h"
#include "lwm2m/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Paths of people's names, from the same bytes. */
static void name(const uint8_t *data, size_t size)
{
	struct mp_lwm2m_path path, back;
	char *text = malloc(size + 1), out[256];

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mp_lwm2m_model_path(&mp_lwm2m_builtin, text, &path) == 0 &&
	    mp_lwm2m_model_path_format(&mp_lwm2m_builtin, &path, out, sizeof(out)) > 0 &&
	    (mp_lwm2m_model_path(&mp_lwm2m_builtin, out, &back) != 0 || back.n != path.n))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_lwm2m_attributes attributes;
	struct mp_lwm2m_attribute a;
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;

	mp_lwm2m_links(&walk, data, size);
	while (mp_lwm2m_link_next(&walk, &link) > 0) {
		struct mp_lwm2m_link copy = link;

		if (mp_lwm2m_attributes_read(&link, &attributes) == 0)
			(void)mp_lwm2m_attributes_check(&attributes);
		while (mp_lwm2m_link_attribute(&copy, &a)) {
			memset(&attributes, 0, sizeof(attributes));
			(void)mp_lwm2m_attributes_parse(&attributes, a.name, a.name_len);
		}
		if (copy.at != copy.end) /* every attribute was looked at before */
			abort();
	}
	memset(&attributes, 0, sizeof(attributes));
	(void)mp_lwm2m_attributes_parse(&attributes, data, size);
	name(data, size);
	return 0;
}
