# SPDX-License-Identifier: Apache-2.0
"""Ports on loopback for programs that must be told theirs.

What the kernel hands out for port 0 can be taken by anybody between the asking and the program's own bind, and a port
that is free for TCP may be taken for UDP. These lie below the kernel's range, each process of tests has a block of its
own, and a port is free for both when it is given. A block has more ports than a folder of tests uses within the minute
for which the kernel keeps a closed connection's port.
"""
import itertools
import pathlib
import random
import socket

FIRST, BLOCK = 20000, 600
LAST = min(32000, int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))


def claim():
    """A block of ports that is nobody else's while this process lives: a name in the abstract namespace holds it."""
    blocks = range(FIRST, LAST - BLOCK + 1, BLOCK)
    for first in random.sample(blocks, len(blocks)):
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0microplatform-tests-ports-{first}")
            return holder, itertools.cycle(range(first, first + BLOCK))
        except OSError:
            holder.close()
    raise RuntimeError(f"every block of ports from {FIRST} to {LAST} is taken")


HOLDER, PORTS = claim()


def is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port():
    for port in itertools.islice(PORTS, BLOCK):
        if is_free(port):
            return port
    raise RuntimeError("every port of this process's block is in use")
