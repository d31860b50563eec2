/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - where the fields of header and index stand (docs/spec/payload.md) */
#pragma once

#include "payload/payload.h"

#define PAYLOAD_MAGIC "mp-load\n"
#define PAYLOAD_VERSION 1

#define INDEX_HEAD 8 /* number of parts, number of frames */
#define PART_LEN 32
#define FRAME_LEN 64
#define INDEX_MOST (INDEX_HEAD + MP_PAYLOAD_PARTS * PART_LEN + MP_PAYLOAD_FRAMES * FRAME_LEN)

static inline size_t payload_index_len(unsigned n_parts, unsigned n_frames)
{
	return INDEX_HEAD + (size_t)n_parts * PART_LEN + (size_t)n_frames * FRAME_LEN;
}

void payload_frame_encode(const struct mp_payload_frame *f, uint8_t at[FRAME_LEN]);
