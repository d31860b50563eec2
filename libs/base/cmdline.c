/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cmdline.h"

#include <errno.h>
#include <string.h>

int mp_cmdline_get(const char *cmdline, const char *key, char *ret, size_t room)
{
	size_t n = strlen(key);
	const char *found = NULL;
	size_t found_len = 0;

	for (const char *word = cmdline; *word;) {
		size_t len = strcspn(word, " \t\n");

		if (len > n && strncmp(word, key, n) == 0 && word[n] == '=') {
			found = word + n + 1;
			found_len = len - n - 1;
		}
		word += len;
		word += strspn(word, " \t\n");
	}
	if (!found)
		return -ENOENT;
	if (found_len >= room)
		return -EFBIG;
	memcpy(ret, found, found_len);
	ret[found_len] = '\0';
	return 0;
}
