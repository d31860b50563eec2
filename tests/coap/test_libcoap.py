# SPDX-License-Identifier: Apache-2.0
"""libcoap's programs against our endpoint, both ways."""
import hashlib
import random
import shutil
import socket
import subprocess
import time

import pytest

from ports import free_port

CLIENT, SERVER = "coap-client-notls", "coap-server-notls"
LARGE = bytes(i % 251 for i in range(20000))
BODY = random.Random(8).randbytes(50000)

pytestmark = pytest.mark.skipif(shutil.which(CLIENT) is None, reason="libcoap3-bin is not installed")


@pytest.fixture(params=["udp", "tcp"])
def carrier(request):
    return request.param


@pytest.fixture
def ask_us(ours, carrier):
    """coap-client asks our server; what it printed."""
    scheme = "coap" if carrier == "udp" else "coap+tcp"

    def ask(path, *options):
        done = subprocess.run([CLIENT, "-B", "20", *options, f"{scheme}://{ours.address(carrier)}/{path}"],
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.strip() + done.stderr.strip()

    return ask


@pytest.fixture(scope="module")
def their_port():
    port = free_port()
    process = subprocess.Popen([SERVER, "-A", "127.0.0.1", "-p", str(port)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port
    process.kill()
    process.wait()


@pytest.fixture
def ask_them(ours, carrier, their_port):
    """Our client asks coap-server."""
    return lambda *request, body=b"": ours.ask(carrier, f"127.0.0.1:{their_port}", *request, body=body)


def test_coap_client_reads_a_resource(ask_us):
    assert ask_us("hello") == b"hello"
    assert ask_us("hello", "-N") == b"hello"
    assert ask_us("separate") == b"late"


def test_coap_client_is_told_what_is_missing(ask_us):
    assert b"4.04" in ask_us("nothing")
    assert b"4.05" in ask_us("hello", "-m", "delete")


def test_coap_client_is_told_of_unknown_critical_options(ask_us):
    assert b"4.02" in ask_us("hello", "-O", "65001,x")


@pytest.mark.parametrize("block", ["1024", "64"])
def test_coap_client_reads_a_large_resource(ask_us, tmp_path, block):
    ask_us("large", "-b", block, "-o", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == LARGE


@pytest.mark.parametrize("block", ["1024", "64"])
@pytest.mark.parametrize("path", ["upload", "sink"])
def test_coap_client_sends_a_large_body(ask_us, tmp_path, path, block):
    (tmp_path / "body").write_bytes(BODY)
    answer = ask_us(path, "-m", "put", "-b", block, "-f", str(tmp_path / "body"))
    assert answer.decode() == hashlib.sha256(BODY).hexdigest()


def test_coap_client_observes(ask_us):
    got = ask_us("time", "-s", "6").decode()  # "7891011": what came, without anything between
    runs = ["".join(map(str, range(int(got[:width]), int(got[:width]) + count)))
            for width in range(1, 5) for count in range(3, 60)]
    assert got in runs


def test_we_read_coap_servers_resources(ask_them):
    links, = ask_them("GET", ".well-known/core")
    assert links["code"] == "2.05" and b"</time>" in bytes.fromhex(links["payload"])
    assert ask_them("GET", "nothing")[0]["code"] == "4.04"


def test_we_store_a_large_body_in_coap_server_and_read_it_back(ask_them):
    assert ask_them("PUT", "example_data", body=BODY)[0]["code"] in ("2.01", "2.04")
    stored, = ask_them("GET", "example_data")
    assert bytes.fromhex(stored["payload"]) == BODY


def test_we_observe_coap_server(ask_them):
    lines = ask_them("GET", "time", "2")
    assert len(lines) >= 3 and {line["code"] for line in lines} == {"2.05"}


def test_we_take_a_separate_response_of_coap_server(ask_them):
    answer, = ask_them("GET", "async?1")
    assert answer["code"] == "2.05"
