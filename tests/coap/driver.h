/* SPDX-License-Identifier: Apache-2.0
 * driver.h - the verbs of the driver; each takes the arguments after its name and returns the exit status */
#pragma once

int do_decode(char *argv[]);
int do_encode(char *argv[]);
int do_server(char *argv[]);
int do_client(char *argv[]);
