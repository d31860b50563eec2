# SPDX-License-Identifier: Apache-2.0
"""A port without security floods nobody who did not ask, and stock clients get their firmware all the same."""
import asyncio
import os
import shutil
import socket
import subprocess

import aiocoap
import aiocoap.resource
import pytest

import fleet
from device import BLOCK2, GET, URI_PATH, Message, code
from wire import Wire

LINKS = b"</1/0>,</3/0>,</5/0>"


@pytest.fixture
def image(server):
    data = os.urandom(2 << 20)
    server.put(data)
    return data


def path_of(image):
    return "fw/" + fleet.sha256(image)


def question(wire, image, *extra):
    return wire.message(GET, [(URI_PATH, part) for part in path_of(image).split("/")] + list(extra))


def test_who_registered_and_never_answered_gets_three_times_what_it_sent(wire, image):
    assert wire.register("silent", payload=LINKS).code == code("2.01")
    for extra in ([], [(BLOCK2, b"\x16")], [(BLOCK2, b"\x00\x16")]):  # the first block; a later one; one far away
        asked = question(wire, image, *extra)
        wire.send(asked)
        answer = wire.response()
        assert Message(answer).code == code("2.05") and 128 < len(answer) <= 3 * len(asked)


def test_libcoap_pulls_without_ever_answering(server, tmp_path):
    if not shutil.which("coap-client-notls"):
        pytest.skip("libcoap3-bin is not installed")
    data, port = os.urandom(20000), str(fleet.free_port())
    server.put(data)

    def coap(*how):
        subprocess.run(["coap-client-notls", "-B", "20", "-p", port, *how], check=True, timeout=60,
                       capture_output=True, cwd=tmp_path)
    base = f"coap://127.0.0.1:{server.coap_port}"
    coap("-m", "post", "-t", "40", "-e", LINKS.decode(), f"{base}/rd?ep=libcoap&lwm2m=1.1")
    coap("-m", "get", "-o", "image", f"{base}/{path_of(data)}")
    assert (tmp_path / "image").read_bytes() == data


async def pull(server, image, kill):
    """aiocoap registers, answers what it is asked (by 4.04), and pulls block by block; kill() in the middle."""
    port = fleet.free_port()
    context = await aiocoap.Context.create_server_context(aiocoap.resource.Site(), bind=("127.0.0.1", port))
    base = f"coap://127.0.0.1:{server.coap_port}/"
    request = aiocoap.Message(code=aiocoap.POST, uri=base + "rd", payload=LINKS, content_format=40)
    request.opt.uri_query = ["ep=stock", "lwm2m=1.1"]
    assert (await context.request(request).response).code == aiocoap.CREATED
    while server.metric("mp_lwm2m_requests_total") < 1:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.3)
    found, more, killing = b"", True, None
    while more:
        if len(found) > len(image) // 3 and not killing:
            killing = asyncio.ensure_future(asyncio.to_thread(kill))
        request = aiocoap.Message(code=aiocoap.GET, uri=base + path_of(image))
        request.opt.block2 = (len(found) // 1024, False, 6)
        try:
            answer = await asyncio.wait_for(context.request(request, handle_blockwise=False).response, 60)
        except aiocoap.error.NetworkError:  # nobody listens there while the server is away
            await asyncio.sleep(0.1)
            continue
        assert answer.opt.block2.size == 1024
        found += answer.payload
        more = answer.opt.block2.more
    await killing
    await context.shutdown()
    return found, port


def test_a_stock_client_goes_on_pulling_in_large_blocks_after_kill_9(server, image):
    def kill():
        server.kill()
        server.start()
    found, port = asyncio.run(pull(server, image, kill))
    assert found == image
    assert server.metric("mp_coap_received_total") < 2400  # 2,048 blocks, and not 16 times as many
    server.kill()
    server.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", port))
        s.settimeout(60)
        s.sendto(question(Wire(server), image), ("127.0.0.1", server.coap_port))
        assert len(s.recv(2048)) > 1024
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:  # a neighbour of it is nobody
        s.settimeout(60)
        s.sendto(question(Wire(server), image), ("127.0.0.1", server.coap_port))
        assert Message(s.recv(2048)).code == code("4.03")
