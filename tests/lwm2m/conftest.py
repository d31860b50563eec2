# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("ets", "lwm2m_rest")]

from lwm2m_server import make_server, template  # noqa: E402, F401
import fleet  # noqa: E402
from wire import Wire  # noqa: E402


@pytest.fixture
def server(make_server):  # noqa: F811
    port = fleet.free_port()
    server = make_server("--coap-tcp-port", str(port))
    server.tcp_port = port
    return server


@pytest.fixture
def wire(server):
    return Wire(server)
