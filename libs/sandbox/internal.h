/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the steps into a sandbox, in the order in which they are taken */
#pragma once

#include "sandbox/sandbox.h"

int mp_sandbox_limits(const struct mp_sandbox *s, struct mp_err *err); /* rlimits */
int mp_sandbox_privileges(const struct mp_sandbox *s, struct mp_err *err); /* netns, uid, caps */
int mp_sandbox_files(const struct mp_sandbox *s, bool *ret_landlock, struct mp_err *err);
int mp_sandbox_calls(const struct mp_sandbox *s, struct mp_err *err); /* seccomp */
