/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The index decides what is read from where: an index that passes must cover its parts. Frames
 * that lie within the input are unpacked as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t raw[MP_PAYLOAD_FRAME];
	auto_(mp_payload_decoder) *d = NULL;
	struct mp_payload_index ix;
	uint64_t covered[MP_PAYLOAD_PARTS] = {0};
	uint32_t len;

	if (size < MP_PAYLOAD_HEADER || mp_payload_index_size(data, &len) < 0 || len > size)
		return 0;
	if (mp_payload_index_decode(data, len, &ix, NULL) < 0 || mp_payload_decoder_new(&d) < 0)
		return 0;
	for (unsigned i = 0; i < ix.n_frames; i++) {
		struct mp_payload_frame f;

		mp_payload_frame_get(&ix, i, &f);
		if (f.part >= ix.n_parts || f.part_offset != covered[f.part])
			abort();
		covered[f.part] += f.raw_len;
		if (f.offset < size && f.len <= size - f.offset)
			(void)mp_payload_frame_decode(d, &f, data + f.offset, f.len, raw, NULL);
	}
	for (unsigned i = 0; i < ix.n_parts; i++)
		if (covered[i] != ix.parts[i].size)
			abort();
	return 0;
}
