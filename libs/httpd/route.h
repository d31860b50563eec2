/* SPDX-License-Identifier: Apache-2.0
 * route.h - the path of a request, split at '/' and percent-decoded, against patterns
 *
 *     r = mp_path_split("/api/v1/devices/a%3Ab/why?x=1", &path);
 *     mp_path_match(&path, "/api/v1/devices/ * /why", args)   // without the blanks; args[0] = "a:b"
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MP_PATH_PARTS 10
#define MP_PATH_MAX 1024 /* characters of a path, query not counted */

struct mp_path {
	unsigned n;
	const char *part[MP_PATH_PARTS]; /* decoded, into `text` */
	char text[MP_PATH_MAX];
};

/* Split up to '?' or the end. -EBADMSG: no leading '/', a bad escape, an encoded '/', NUL or
 * control character, or a part "." or ".."; -EFBIG: longer, or more parts than there is room for.
 * A single final '/' is ignored. */
int mp_path_split(const char *raw, struct mp_path *ret);

/* Does the path have exactly the parts of `pattern`, where '*' stands for any non-empty part?
 * Those parts are put into `args` in their order (borrowed from the path). */
bool mp_path_match(const struct mp_path *p, const char *pattern, const char **args);
