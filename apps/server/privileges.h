/* SPDX-License-Identifier: Apache-2.0
 * privileges.h - becoming an unprivileged user once everything that needs root is open */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct options;

struct account {
	uid_t uid;
	gid_t gid;
	bool change; /* false: we are not root, or shall stay it */
};

/* Whom to become: --user, else the owner of the data folder if that is not root, else of the product
 * folder, else nobody. */
int privileges_choose(const struct options *o, struct account *ret, struct mp_err *err);
/* Give the folder and all in it to that user. */
int privileges_give(const struct account *a, const char *folder, struct mp_err *err);
/* For good; no program that we might start can gain anything either. */
int privileges_drop(const struct account *a, struct mp_err *err);
