/* SPDX-License-Identifier: Apache-2.0 */
/* share.h - files that come with mp: beside its bin/, in the source tree, or where it is installed */
#pragma once

/* "templates/product" -> its path, newly allocated; NULL when it is nowhere. */
char *mp_share_path(const char *relative);
/* The source tree, whose os/ has the boards: what was given, else $MP_SOURCE, else where mp was built. */
const char *mp_source(const char *given);
/* A program of ours that is not in PATH ("mp-server"): beside mp, or in libexec. NULL: not found. */
char *mp_program_path(const char *name);
