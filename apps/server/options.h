/* SPDX-License-Identifier: Apache-2.0
 * options.h - the command line of mp-server */
#pragma once

#include "server.h"

/* 1: go on; 0: --help or --version has been printed; -EINVAL: a sentence has been printed. */
int options_parse(int argc, char *argv[], struct options *ret);
