# SPDX-License-Identifier: Apache-2.0
"""What tests ask of a server about many devices at once."""
import time

from device import wait

ENDED = ("proven", "failed", "rolled_back", "downloaded")


def devices(server, name):
    """{endpoint: device} of those whose names begin so."""
    found, offset = {}, 0
    while True:
        page = server.rest("GET", f"/devices?q={name}&limit=500&offset={offset}", want=200)
        found |= {d["id"]: d for d in page["items"] if d["id"].startswith(name)}
        offset += 500
        if offset >= page["total"]:
            return found


def wait_until_known(server, name, n, seconds=40):
    """The server has asked each what it is."""
    wait(lambda: sum(1 for d in devices(server, name).values() if d.get("board")) == n, seconds)


def wait_until_ended(server, names, seconds):
    """Looked at twice a second, so that the server has time for them."""
    end = time.monotonic() + seconds
    while open_ones := {e: (d["state"], d["reason"]) for name in names for e, d in devices(server, name).items()
                        if d["state"] not in ENDED}:
        assert time.monotonic() < end, open_ones
        time.sleep(0.5)


def start(server, version, names, **how):
    return server.rest("POST", "/rollouts", {"release": version, "devices": names, "error_threshold": 100, **how}, want=201)
