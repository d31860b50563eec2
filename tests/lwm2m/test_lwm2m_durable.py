# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged outlives SIGKILL at any moment, and a clean restart too."""
import os
import random
import resource
import signal
import threading
import time

from plain import DELETE, POST, code, location, message

KILLS = int(os.environ.get("MP_KILLS", "5"))


class Crowd(threading.Thread):
    """Registers, updates and deregisters until the server is gone; remembers what it was told."""

    def __init__(self, server, number, known):
        super().__init__()
        self.client, self.number, self.known = server.client(0.5), number, known
        self.random = random.Random(number)

    def run(self):
        while self.step():
            pass

    def step(self):
        endpoint = f"d{self.number}-{self.random.randrange(40)}"
        where = self.known.pop(endpoint, None)  # not known while the answer is awaited
        if where and self.random.random() < 0.4:
            answer = self.client.ask(message(DELETE, where))
        elif where and self.random.random() < 0.7:
            answer = self.client.ask(message(POST, where, [f"lt={self.random.randrange(1000, 9000)}"]))
        else:
            answer = self.client.register(endpoint)
            where = location(answer) if answer else None
        if answer is None:
            return False
        if code(answer) in ("2.01", "2.04"):
            self.known[endpoint] = where
        elif code(answer) == "2.02":
            self.known[endpoint] = None
        return True


def check(server, known):
    client = server.client()
    for endpoint, where in known.items():
        if where:
            assert code(client.ask(message(POST, where))) == "2.04", endpoint
    gone = sum(1 for where in known.values() if where is None)
    return len(known) - gone


def test_nothing_acknowledged_is_lost_by_kills_under_load(server):
    known = {}
    for _ in range(KILLS):
        crowd = [Crowd(server, n, known) for n in range(4)]
        for one in crowd:
            one.start()
        time.sleep(random.uniform(0.2, 1.0))
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        for one in crowd:
            one.join()
        server.start()
        assert check(server, known) > 0
    gone = [endpoint for endpoint, where in known.items() if where is None]
    assert gone
    listed = {e for e in gone if server.ask("GET", f"/api/v1/devices/{e}/lwm2m")[0] == 200}
    assert not listed


def test_a_clean_restart_keeps_registrations(server):
    client = server.client()
    where = [location(client.register(f"d{i}", f"lt={1000 + i}")) for i in range(300)]
    server.stop()
    server.start()
    assert server.figures()["mp_lwm2m_registered"] == 300
    assert server.figures()["mp_lwm2m_journal_bytes"] == 0
    for one in where[::50]:
        assert code(server.client().ask(message(POST, one))) == "2.04"


def test_a_full_disk_is_answered_by_silence_and_nothing_is_kept(make_server):
    """A registration that could not be written is not acknowledged."""
    server = make_server("--open-registration", "--user", "root")  # else its limits are not ours to set
    client = server.client(1)
    assert code(client.register("before")) == "2.01"
    limit = os.path.getsize(server.data / "server.db-wal")
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limits[1]))
    assert client.register("lost") is None
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    assert code(client.register("after")) == "2.01"
    assert server.ask("GET", "/api/v1/devices/lost/lwm2m")[0] == 404
    assert server.ask("GET", "/api/v1/devices/before/lwm2m")[0] == 200
