# SPDX-License-Identifier: Apache-2.0
"""Floods, forgeries and rubbish: answered or dropped, counted, and never a growth in memory."""
import json
import os
import random
import shutil
import subprocess

import pytest

import plain
from plain import POST, code, message


def flood(server, make, n):
    client = server.client(0.2)
    for i in range(n):
        client.send(make(i))
        if i % 200 == 199:
            client.ask(message(plain.GET, ".well-known/core"))
    client.close()


def stays_flat(server, make, n=6000):
    flood(server, make, n)  # what is allocated once
    before = server.rss_kb()
    flood(server, make, 2 * n)
    assert server.rss_kb() - before < 1500
    assert code(server.client().ask(message(plain.GET, ".well-known/core"))) == "2.05"


def test_rubbish_costs_no_memory(server):
    rng = random.Random(1)
    stays_flat(server, lambda i: rng.randbytes(rng.randrange(1, 200)))
    assert server.figures()["mp_coap_malformed_total"] > 1000


def test_cut_registrations_cost_no_memory(server):
    rng = random.Random(2)
    whole = message(POST, "rd", ["ep=a", "lwm2m=1.1", "lt=60"], plain.LINKS)

    def cut(i):
        return whole[:2] + (i & 0xFFFF).to_bytes(2, "big") + whole[4:rng.randrange(5, len(whole))]
    stays_flat(server, cut)
    assert server.figures()["mp_lwm2m_registered"] <= 1


def test_forged_endpoints_cost_no_memory(make_server):
    server = make_server()
    stays_flat(server, lambda i: message(POST, "rd", [f"ep=forged-{i}", "lwm2m=1.1"], plain.LINKS))
    assert server.figures()['mp_lwm2m_refused_total{reason="unknown"}'] > 5000
    assert server.figures()["mp_lwm2m_registered"] == 0


def test_half_block_transfers_are_bounded(server):
    def half(i):
        block = (0 << 4 | 8 | 6).to_bytes(1, "big")  # the first of many blocks of 1024
        return message(POST, "rd", [f"ep=h{i}", "lwm2m=1.1"], b"x" * 1024, extra=[(27, block)])
    flood(server, half, 30000)
    assert server.figures()["mp_coap_body_bytes"] <= 16 << 20
    assert server.rss_kb() < 90 << 10
    assert code(server.client().register("honest")) == "2.01"


def test_half_open_handshakes_are_bounded(server):
    secure = plain.Client(server.coaps_port, 0.2)
    hello = bytes.fromhex("16feff0000000000000000003a0100002e000000000000002efefd") + os.urandom(32) + \
        bytes.fromhex("0000000400a800ff0100")

    def send(n):
        for i in range(n):
            secure.send(hello[:27] + i.to_bytes(4, "big") + hello[31:])
            if i % 100 == 99:
                try:
                    while True:
                        secure.socket.recv(2048)
                except TimeoutError:
                    pass
    secure.socket.settimeout(0.01)
    send(2000)
    before = server.rss_kb()
    send(6000)
    assert server.rss_kb() - before < 1500
    assert server.figures()["mp_dtls_handshakes"] == 0
    assert code(server.client().register("honest")) == "2.01"


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("endpoint,want", [("mine", "2.01"), ("another", "4.03")])
def test_an_identity_registers_its_own_endpoint_only(make_server, endpoint, want):
    server = make_server()
    for name in ("mine", "another"):
        status, body = server.ask("PUT", f"/api/v1/devices/{name}/credentials", json.dumps(
            {"psk": {"identity": "id-" + name, "key": "00112233445566778899aabbccddeeff"}}))
        assert status in (200, 201, 204), body
    client = subprocess.Popen(
        ["openssl", "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{server.coaps_port}", "-psk_identity",
         "id-mine", "-psk", "00112233445566778899aabbccddeeff", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        client.stdin.write(message(POST, "rd", [f"ep={endpoint}", "lwm2m=1.1"], plain.LINKS))
        client.stdin.flush()
        assert code(os.read(client.stdout.fileno(), 2048)) == want
    finally:
        client.kill()
        client.wait()
    refused = server.figures()['mp_lwm2m_refused_total{reason="identity"}']
    assert refused == (0 if want == "2.01" else 1)
    assert code(server.client().register("mine")) == "4.03"  # not without security any more
