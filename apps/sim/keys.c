/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "port.h"

struct keys {
	struct key *list;
	size_t n, room;
};

void keys_derive(uint64_t seed, const char *name, uint8_t key[KEY_SIZE])
{
	uint64_t state = seed, word;

	for (const char *c = name; *c; c++) {
		state ^= (uint8_t)*c;
		state = random_next(&state);
	}
	for (size_t i = 0; i < KEY_SIZE; i += sizeof(word)) {
		word = random_next(&state);
		memcpy(key + i, &word, sizeof(word));
	}
}

struct mp_dtls_credentials keys_show(const char *identity, const void *key, size_t len)
{
	return (struct mp_dtls_credentials){.kind = MP_DTLS_PSK,
					    .identity = identity,
					    .identity_len = strlen(identity),
					    .key = key,
					    .key_len = len};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->name, ((const struct key *)b)->name);
}

static int add_line(struct keys *k, const char *line)
{
	struct key key = {0};
	char hex[129];
	size_t n;

	if (sscanf(line, "%64s %128s %128s", key.name, key.identity, hex) != 3)
		return -EBADMSG;
	n = strlen(hex);
	if (n % 2 || mp_hex_parse(hex, key.key, n / 2) < 0)
		return -EBADMSG;
	key.len = (uint8_t)(n / 2);
	if (k->n == k->room) {
		size_t room = k->room ? k->room * 2 : 64;
		void *list = realloc(k->list, room * sizeof(key));

		if (!list)
			return -ENOMEM;
		k->list = list;
		k->room = room;
	}
	k->list[k->n++] = key;
	return 0;
}

int keys_load(const char *path, struct keys **ret, struct mp_err *err)
{
	auto_(keys) *k = calloc(1, sizeof(*k));
	char line[512];
	unsigned number = 0;
	FILE *f;
	int r = k ? 0 : -ENOMEM;

	if (r < 0)
		return mp_err_set(err, r, "memory is out");
	f = fopen(path, "re");
	if (!f)
		return mp_err_set(err, -errno, "%s: %s", path, strerror(errno));
	while (r == 0 && fgets(line, sizeof(line), f)) {
		number++;
		if (line[0] != '#' && line[0] != '\n')
			r = add_line(k, line);
	}
	(void)fclose(f);
	if (r < 0)
		return mp_err_set(err, r, "%s: line %u is not NAME IDENTITY HEXKEY", path, number);
	if (k->n)
		qsort(k->list, k->n, sizeof(*k->list), by_name);
	*ret = take_ptr(k);
	return 0;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	free(k->list);
	free(k);
}

const struct key *keys_find(const struct keys *k, const char *name)
{
	struct key wanted;

	if (!k || !k->n || strlen(name) >= sizeof(wanted.name))
		return NULL;
	strcpy(wanted.name, name);
	return bsearch(&wanted, k->list, k->n, sizeof(*k->list), by_name);
}
