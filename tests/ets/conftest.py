# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lwm2m_rest"))

from lwm2m_server import Server, Stream, make_server, template  # noqa: E402, F401
import fleet  # noqa: E402
from sim import Sim  # noqa: E402


@pytest.fixture(scope="session")
def shared(template, tmp_path_factory):  # noqa: F811
    """One server for all tests that leave it as it was; its devices have names of their own."""
    folder = tmp_path_factory.mktemp("shared")
    fleet.copy_product(template, folder)
    server = Server(folder, "--awake", "1").start()
    yield server
    server.stop_devices()
    server.kill()


@pytest.fixture(scope="session")
def make_sim(shared):
    made = []

    def make(name, *options, server=None, **how):
        made.append(Sim(server or shared, name, *options, **how))
        return made[-1]
    yield make
    for sim in made:
        if sim.process.poll() is None:
            sim.stop()


@pytest.fixture(scope="session")
def sim(make_sim):
    """A lamp that speaks DTLS."""
    return make_sim("lamp-", "--profile", "light", secure=True)


@pytest.fixture
def listen(shared):
    """listen(path of a stream, ...): its events; closed at the end."""
    opened = []

    def open_stream(query, server=shared):
        opened.append(Stream(server, f"/api/v1/events?{query}", {"Authorization": f"Bearer {server.admin}"}))
        return opened[-1]
    yield open_stream
    for stream in opened:
        stream.close()
