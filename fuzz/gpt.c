/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "medium/fake.h"
#include "slots/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Set the checksums of the primary header, so that what lies behind them is reached. */
static void mend_checksums(uint8_t *disk, size_t size)
{
	uint8_t *h = disk + 512;
	uint64_t at, len;

	if (size < 1024)
		return;
	at = mp_le64(h + 72);
	len = (uint64_t)mp_le32(h + 80) * 128;
	if (at < size / 512 && len <= size - at * 512 && len <= 65536)
		mp_put_le32(h + 88, crc32_of(disk + at * 512, (size_t)len));
	mp_put_le32(h + 16, 0);
	mp_put_le32(h + 16, crc32_of(h, 92));
}

/* Partitions that are accepted lie on the disk and apart from one another. */
static void check_part(const struct mp_slots_part *p, size_t size)
{
	if (p->number && (p->size == 0 || p->base > size || p->size > size - p->base))
		abort();
}

static void check(struct mp_medium *m, size_t size)
{
	struct mp_slots s;

	if (mp_slots_read(m, "/disk", &s, NULL) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		check_part(&s.root[i], size);
		check_part(&s.verity[i], size);
	}
	check_part(&s.esp, size);
	check_part(&s.data, size);
	if (mp_slots_assign(m, &s, MP_SLOT_A, NULL, NULL, NULL) < 0 || s.damaged)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free uint8_t *disk = malloc(size + 1);
	auto_(mp_fake) *w = NULL;

	if (!disk || size > 1 << 20)
		return 0;
	memcpy(disk, data, size);
	mend_checksums(disk, size);
	if (mp_fake_new(&w) < 0 || mp_fake_add_dir(w, "", MP_FAKE_JOURNALED) < 0 ||
	    mp_medium_write(mp_fake_medium(w), "/disk", 0, disk, size) < 0)
		return 0;
	check(mp_fake_medium(w), size);
	return 0;
}
