# SPDX-License-Identifier: Apache-2.0
"""CoAP over TLS (RFC 8323 section 9): libcoap's clients, with OpenSSL and with GnuTLS below them."""
import shutil
import socket
import subprocess

import pytest

import fleet
from device import wait

KEY = "sixteen bytes ok"


@pytest.fixture
def tls(make_server):
    port = fleet.free_port()
    server = make_server("--coaps-tcp-port", str(port))
    server.rest("PUT", "/devices/a/credentials", {"psk": {"identity": "who", "key": KEY.encode().hex()}}, want=204)
    server.tls_port = port
    return server


@pytest.fixture(params=["coap-client-openssl", "coap-client-gnutls"])
def ask(request, tls):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")

    def run(path, *options, key=KEY):
        done = subprocess.run([request.param, "-B", "20", "-v", "6", "-u", "who", "-k", key, *options,
                               f"coaps+tcp://127.0.0.1:{tls.tls_port}/{path}"], capture_output=True, timeout=60)
        return (done.stdout + done.stderr).decode()
    return run


def test_libcoap_registers_over_tls(tls, ask):
    assert "rt=\"core.rd\"" in ask(".well-known/core")
    told = ask("rd?ep=a&lwm2m=1.1&b=T", "-m", "post", "-e", "</3/0>")
    assert "2.01" in told, told
    shown = tls.rest("GET", "/devices/a/lwm2m", want=200)
    assert (shown["binding"], shown["secure"], shown["sleeping"]) == ("T", True, True)
    assert f"Location-Path:{shown['location']}" in told


def test_libcoap_with_another_key_is_refused(tls, ask):
    assert "rt=" not in ask(".well-known/core", key="another key's ok")
    assert tls.metric("mp_coap_tls_failed_total") == 1


def test_half_open_handshakes_are_bounded_and_keep_nobody_out(tls, ask):
    assert "rt=\"core.rd\"" in ask(".well-known/core")
    before, held = tls.memory(), []
    try:
        for _ in range(600):
            held.append(socket.create_connection(("127.0.0.1", tls.tls_port), 60))
            held[-1].sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # the head of a ClientHello that does not come
        wait(lambda: tls.metric("mp_coap_tls_failed_total") >= 600 - 256)
        assert tls.memory() - before < 24 * 1024
        assert "rt=\"core.rd\"" in ask(".well-known/core")
    finally:
        for one in held:
            one.close()


def test_openssl_hears_of_the_servers_end(tls):
    client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{tls.tls_port}", "-tls1_2", "-psk_identity", "who",
                               "-psk", KEY.encode().hex(), "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0", "-alpn", "coap"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait(lambda: tls.metric("mp_coap_tls_sessions_total") == 1)
        assert tls.stop() == 0
        said = client.communicate(timeout=60)[0].decode(errors="replace")
    finally:
        client.kill()
        client.wait()
    assert "closed" in said and "unexpected eof" not in said, said
