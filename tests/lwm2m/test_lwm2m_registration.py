# SPDX-License-Identifier: Apache-2.0
"""The registration interface against a client that is not ours (aiocoap), and against bytes by hand."""
import asyncio

import aiocoap
import pytest

import plain
from plain import DELETE, GET, NON, POST, code, location, message

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


@pytest.mark.parametrize("query,want", [
    (["ep=a", "lwm2m=1.0"], "2.01"), (["ep=a", "lwm2m=1.2"], "2.01"), (["ep=a", "lwm2m=1.1", "lt=0"], "2.01"),
    (["ep=a", "lwm2m=1.1", "b=UQ"], "2.01"), (["ep=a", "lwm2m=9.9"], "4.12"), (["lwm2m=1.1"], "4.03"),
    (["ep=a"], "4.00"), (["ep=a", "lwm2m=1.1", "lt=soon"], "4.00"), (["ep=a", "lwm2m=1.1", "b=X"], "4.00"),
])
def test_parameters_are_judged(server, query, want):
    assert code(server.client().ask(message(POST, "rd", query, plain.LINKS))) == want


def test_a_registration_must_be_confirmable(server):
    client = server.client()
    client.send(message(POST, "rd", ["ep=a", "lwm2m=1.1"], plain.LINKS, kind=NON))
    assert code(client.socket.recv(2048)) == "4.00"


def test_ets_105_an_update_after_the_end_is_refused(server):
    client = server.client()
    assert code(client.ask(message(POST, "rd/0000000000000", []))) == "4.04"
    assert code(client.ask(message(GET, "rd/x", []))) == "4.04"


def test_a_duplicate_is_answered_alike_and_registers_once(server):
    client = server.client()
    data = message(POST, "rd", ["ep=a", "lwm2m=1.1"], plain.LINKS)
    first = client.ask(data)
    assert client.ask(data) == first
    assert server.figures()["mp_lwm2m_registrations_total"] == 1


def test_an_update_from_another_port_moves_the_device(server):
    where = location(server.client().register("a"))
    assert code(server.client().ask(message(POST, where))) == "2.04"
    status, body = server.ask("GET", "/api/v1/devices/a/lwm2m")
    assert status == 200, body


def test_unknown_critical_options_are_refused(server):
    client = server.client()
    data = message(POST, "rd", ["ep=a", "lwm2m=1.1"], plain.LINKS, extra=[(65001, b"x")])
    assert code(client.ask(data)) == "4.02"


def test_strangers_are_refused_until_somebody_announces_them(make_server):
    server = make_server()
    client = server.client()
    assert code(client.register("a")) == "4.03"
    assert server.ask("POST", "/api/v1/devices", '{"id":"a"}')[0] == 201
    assert code(client.register("a")) == "2.01"
    figures = server.figures()
    assert figures['mp_lwm2m_refused_total{reason="unknown"}'] == 1
    assert figures["mp_lwm2m_registered"] == 1


def test_deregistering_is_the_devices_own_business(server):
    client = server.client()
    where = location(client.register("a"))
    assert code(client.ask(message(DELETE, where))) == "2.02"
    assert server.figures()["mp_lwm2m_registered"] == 0
