# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged outlives a clean restart, and what could not be written is not acknowledged. Kills under load are
tests/ets/test_kill.py."""
import os
import resource

import pytest

from device import LOCATION_PATH, code
from wire import Wire


def test_a_clean_restart_keeps_registrations(server, wire):
    where = [wire.register(f"d{i}", f"lt={1000 + i}").all(LOCATION_PATH) for i in range(300)]
    server.stop()
    server.start()
    assert server.metric("mp_lwm2m_registered") == 300
    assert server.metric("mp_lwm2m_journal_bytes") == 0
    for one in where[::50]:
        assert Wire(server).update(one) == code("2.04")


def test_a_full_disk_is_answered_by_silence_and_nothing_is_kept(make_server):
    """A registration that could not be written is not acknowledged."""
    server = make_server("--user", "root")  # else its limits are not ours to set
    wire = Wire(server)
    assert wire.register("before").code == code("2.01")
    limit = os.path.getsize(server.data / "server.db-wal")
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limits[1]))
    wire.send(wire.registration("lost"))
    with pytest.raises(TimeoutError):
        wire.response(1.5)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    assert wire.register("after").code == code("2.01")
    server.rest("GET", "/devices/lost/lwm2m", want=404)
    server.rest("GET", "/devices/before/lwm2m", want=200)
