/* SPDX-License-Identifier: Apache-2.0 */
/* frames.h - does a payload file hold what the manifest says a slot will hold? */
#pragma once

#include "base/err.h"
#include "release/release.h"
#include "verb.h"

/* Decode every frame of `path` and compare its parts with the digests of `os`. -EBADMSG. */
int mp_frames_check(const char *path, const struct mp_release_os *os,
		    const struct mp_release_source *source, struct mp_progress *progress,
		    struct mp_err *err);
