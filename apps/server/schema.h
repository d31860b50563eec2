/* SPDX-License-Identifier: Apache-2.0
 * schema.h - the tables of the server, as numbered migrations */
#pragma once

/* In order, ending in NULL. Never change one that has been released: append. */
extern const char *const server_migrations[];
