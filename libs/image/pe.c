/* SPDX-License-Identifier: Apache-2.0 */
/* Microsoft's PE format, as far as a stub needs it: at 0x3c the offset of "PE\0\0", then the COFF
 * header (section count at +2, size of the optional header at +16), the optional header (magic
 * 0x20b, section alignment at +32, file alignment at +36, size of the image at +56, of the headers
 * at +60), then section headers of 40 bytes: name, size, address, size in the file, offset. A
 * new section goes behind the last one, in memory and in the file. */
#include <errno.h>
#include <string.h>

#include "image/internal.h"

#define SECTION 40
#define READ_ONLY_DATA 0x40000040u

struct layout {
	size_t coff, optional, table; /* offsets */
	unsigned sections;
	uint32_t align, file_align;
	uint64_t end; /* of the last section in memory */
};

static uint32_t get(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void put(uint8_t *p, unsigned n, uint64_t v)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t up(uint64_t v, uint32_t to)
{
	return (v + to - 1) / to * to;
}

static bool is_power(uint32_t v)
{
	return v && (v & (v - 1)) == 0;
}

static int look(const uint8_t *p, size_t len, unsigned more, struct layout *ret)
{
	struct layout l = {0};
	uint32_t at;

	if (len < 0x40 || p[0] != 'M' || p[1] != 'Z')
		return -EBADMSG;
	at = get(p + 0x3c, 4);
	if (at > len || len - at < 24 + 64 || memcmp(p + at, "PE\0\0", 4) != 0)
		return -EBADMSG;
	l.coff = at + 4;
	l.optional = l.coff + 20;
	l.sections = get(p + l.coff + 2, 2);
	l.table = l.optional + get(p + l.coff + 16, 2);
	l.align = get(p + l.optional + 32, 4);
	l.file_align = get(p + l.optional + 36, 4);
	if (get(p + l.optional, 2) != 0x20b || !is_power(l.align) || !is_power(l.file_align))
		return -EBADMSG;
	at = get(p + l.optional + 60, 4); /* room that the headers have */
	if (at > len || l.table + (size_t)(l.sections + more) * SECTION > at)
		return -EBADMSG;
	for (unsigned i = 0; i < l.sections; i++) {
		const uint8_t *s = p + l.table + i * SECTION;
		uint64_t end = (uint64_t)get(s + 8, 4) + get(s + 12, 4);

		l.end = end > l.end ? end : l.end;
	}
	*ret = l;
	return 0;
}

static int add_zeros(struct mp_buf *out, size_t n)
{
	static const char zeros[4096];
	int r = 0;

	while (n > 0 && r == 0) {
		size_t k = n < sizeof(zeros) ? n : sizeof(zeros);

		r = mp_buf_add(out, zeros, k);
		n -= k;
	}
	return r;
}

static int append(struct mp_buf *out, struct layout *l, const struct pe_section *s)
{
	uint64_t address = up(l->end, l->align), in_file = up(s->len, l->file_align);
	size_t offset = out->len;
	uint8_t *header;
	int r;

	if (address + s->len > UINT32_MAX || offset + in_file > UINT32_MAX)
		return -EFBIG;
	r = mp_buf_add(out, s->data, s->len);
	if (r == 0)
		r = add_zeros(out, in_file - s->len);
	if (r < 0)
		return r;
	header = (uint8_t *)out->data + l->table + l->sections * SECTION;
	memset(header, 0, SECTION);
	memcpy(header, s->name, strnlen(s->name, 8));
	put(header + 8, 4, s->len);
	put(header + 12, 4, address);
	put(header + 16, 4, in_file);
	put(header + 20, 4, offset);
	put(header + 36, 4, READ_ONLY_DATA);
	l->sections++;
	l->end = address + s->len;
	return 0;
}

int pe_append(const void *stub, size_t len, const struct pe_section *sections, unsigned n,
	      struct mp_buf *out)
{
	struct layout l;
	int r = look(stub, len, n, &l);

	if (r == 0)
		r = mp_buf_add(out, stub, len);
	if (r == 0)
		r = add_zeros(out, up(len, l.file_align) - len);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = append(out, &l, &sections[i]);
	if (r < 0)
		return r;
	put((uint8_t *)out->data + l.coff + 2, 2, l.sections);
	put((uint8_t *)out->data + l.optional + 56, 4, up(l.end, l.align));
	return 0;
}
