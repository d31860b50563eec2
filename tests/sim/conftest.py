# SPDX-License-Identifier: Apache-2.0
"""Crowds of mp-sim at a real mp-server."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("ets", "lwm2m_rest")]

from lwm2m_server import Server, Stream, make_server, template  # noqa: E402, F401
import fleet  # noqa: E402
from sim import Sim  # noqa: E402


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):  # noqa: F811
    """One server for the tests of a module."""
    folder = tmp_path_factory.mktemp("shared")
    fleet.copy_product(template, folder)
    server = Server(folder, "--awake", "1").start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def make_sim():
    """make_sim(server, name, options, devices=): a crowd; it ends with the tests of the module."""
    made = []

    def make(*args, **how):
        made.append(Sim(*args, **how))
        return made[-1]
    yield make
    for sim in made:
        if sim.process.poll() is None:
            sim.stop()
