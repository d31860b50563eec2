# SPDX-License-Identifier: Apache-2.0
"""Our client at a real Leshan, its client at our server, and both servers side by side.

Leshan is not part of the tree. MP_PEER_LESHAN is the base URL of a running demo server (2.x),
MP_PEER_LESHAN_COAP its HOST:PORT of CoAP, MP_PEER_LESHAN_COAPS that of CoAP over DTLS (the next port when not
set), MP_PEER_LESHAN_COAP_TCP that of CoAP over TCP, MP_PEER_LESHAN_CLIENT the jar of its demo client, which alone is enough for test_their_client and
test_bootstrap. Without them these tests skip.
"""
import os
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("ets", "lwm2m_rest")]

from lwm2m_server import Server, make_server, template  # noqa: E402, F401
import fleet  # noqa: E402
from peer import DemoClient, Leshan, Lamp  # noqa: E402


@pytest.fixture(scope="session")
def leshan():
    base, coap = os.environ.get("MP_PEER_LESHAN"), os.environ.get("MP_PEER_LESHAN_COAP")
    if not base or not coap:
        pytest.skip("MP_PEER_LESHAN (base URL) and MP_PEER_LESHAN_COAP (host:port) name no Leshan server")
    return Leshan(base, coap, os.environ.get("MP_PEER_LESHAN_COAPS"))


@pytest.fixture(scope="session")
def ours(template, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("ours")
    fleet.copy_product(template, folder)
    ports = [fleet.free_port() for _ in range(4)]
    server = Server(folder, "--awake", "1", "--bootstrap-port", str(ports[0]), "--bootstrap-coap-port",
                    str(ports[1]), "--coap-tcp-port", str(ports[2]), "--coaps-tcp-port", str(ports[3])).start()
    server.bootstrap_port, server.bootstrap_coap_port, server.tcp_port, server.tls_port = ports
    yield server
    server.stop_devices()
    server.kill()


@pytest.fixture(scope="session")
def our_leshan(ours):
    """Our server as Leshan's dialect has it."""
    return Leshan(f"http://127.0.0.1:{ours.http_port}/leshan", f"127.0.0.1:{ours.coap_port}",
                  f"127.0.0.1:{ours.coaps_port}")


@pytest.fixture(scope="session")
def our_bootstrap(ours):
    """The same, for clients that know its bootstrap server alone."""
    return Leshan(f"http://127.0.0.1:{ours.http_port}/leshan", f"127.0.0.1:{ours.bootstrap_coap_port}",
                  f"127.0.0.1:{ours.bootstrap_port}")


@pytest.fixture(scope="session")
def lamp(template, tmp_path_factory):  # noqa: F811
    """lamp(server, name, options): mp-sim with one lamp, registered there."""
    folder, made = tmp_path_factory.mktemp("lamps"), []

    def make(server, name, *options, **how):
        made.append(Lamp(folder, server, name, *options, **how))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def demo_client(tmp_path_factory):
    jar, made = os.environ.get("MP_PEER_LESHAN_CLIENT"), []
    if not jar:
        pytest.skip("MP_PEER_LESHAN_CLIENT names no jar of Leshan's demo client")

    def start(server, name, *options, **how):
        made.append(DemoClient(jar, tmp_path_factory.mktemp("client"), server, name, *options, **how))
        return made[-1]
    yield start
    for one in made:
        one.stop()
