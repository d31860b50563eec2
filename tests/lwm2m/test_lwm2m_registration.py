# SPDX-License-Identifier: Apache-2.0
"""The registration interface against a client that is not ours (aiocoap), and what no client does by itself."""
import asyncio

import aiocoap
import pytest

from device import LOCATION_PATH, code
from wire import Wire

LINKS = '</>;rt="oma.lwm2m";ct=112,</1/0>,</3/0>;ver=1.1,</5/0>'


def talk(server, *requests, scheme="coap", port=None):
    """Requests of (code, path, queries, payload), one after another, by aiocoap: its answers."""
    async def run():
        context = await aiocoap.Context.create_client_context()
        answers = []
        for method, path, query, payload in requests:
            path = path(answers) if callable(path) else path
            request = aiocoap.Message(code=method, payload=payload.encode(), content_format=40,
                                      uri=f"{scheme}://127.0.0.1:{port or server.coap_port}/{path}")
            request.opt.uri_query = query
            answers.append(await asyncio.wait_for(context.request(request).response, 20))
        await context.shutdown()
        return answers
    return asyncio.run(run())


def there(answers):
    return "/".join(answers[0].opt.location_path)


def test_ets_101_102_103_registers_updates_deregisters(server):
    answers = talk(server, (aiocoap.POST, "rd", ["ep=a", "lt=60", "lwm2m=1.1", "b=U"], LINKS),
                   (aiocoap.POST, there, ["lt=120"], ""),
                   (aiocoap.DELETE, there, [], ""),
                   (aiocoap.POST, there, [], ""))
    assert [str(a.code)[:4] for a in answers] == ["2.01", "2.04", "2.02", "4.04"]


def test_ets_106_registers_over_tcp(server):
    answers = talk(server, (aiocoap.POST, "rd", ["ep=a", "lwm2m=1.1", "b=T"], LINKS),
                   (aiocoap.POST, there, [], ""), scheme="coap+tcp", port=server.tcp_port)
    assert [str(a.code)[:4] for a in answers] == ["2.01", "2.04"]


def test_a_long_list_of_objects_comes_in_blocks(server):
    links = ",".join(f"</3303/{i}>" for i in range(1500))
    answers = talk(server, (aiocoap.POST, "rd", ["ep=a", "lwm2m=1.1"], links), (aiocoap.POST, there, [], ""))
    assert [str(a.code)[:4] for a in answers] == ["2.01", "2.04"]


def test_it_tells_where_to_register(server):
    answer = talk(server, (aiocoap.GET, ".well-known/core", [], ""))[0]
    assert answer.payload == b'</dp>,</rd>;rt="core.rd"'


@pytest.mark.parametrize("queries, version", [
    ([], "1.0"), ([], "1.2"), (["lt=0"], "1.1"), (["b=UQ"], "1.1"), (["sms=1", "x=y"], "1.1")])
def test_whatever_the_specification_knows_is_taken(wire, queries, version):
    assert wire.register("a", *queries, version=version).code == code("2.01")


def test_a_duplicate_is_answered_alike_and_registers_once(server, wire):
    data = wire.registration("a")
    answers = []
    for _ in range(2):
        wire.send(data)
        answers.append(wire.response())
    assert answers[0] == answers[1]
    assert server.metric("mp_lwm2m_registrations_total") == 1


def test_an_update_from_another_port_moves_the_device(server, wire):
    where = wire.register("a").all(LOCATION_PATH)
    before = server.rest("GET", "/devices/a/lwm2m", want=200)["address"]
    assert Wire(server).update(where) == code("2.04")
    assert server.rest("GET", "/devices/a/lwm2m", want=200)["address"] != before
