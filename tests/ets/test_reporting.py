# SPDX-License-Identifier: Apache-2.0
"""Information reporting: observations and Send."""
import json
import socket
import time

import pytest

from device import RST, SENML, TEXT, TLV, Message, code, encode, wait
from sim import values

LAMP = "/3311/0"


def observed(sim):
    return {tuple(o["paths"]): o["notifications"] for o in sim.registration()["observations"]}


@pytest.fixture
def stream(sim, listen):
    return listen(f"kinds=notification&device={sim.endpoint}")


def test_ets_301_660_observe_and_notify(sim, stream):
    assert values(sim.ask("POST", f"{LAMP}/5851/observe")).keys() == {f"{LAMP}/5851"}
    for value in (11, 12):
        sim.ask("PUT", f"{LAMP}/5851", {"value": value})
        event = stream.next()[1]
        assert event["paths"] == [f"{LAMP}/5851"] and values(event) == {f"{LAMP}/5851": value}
    assert observed(sim) == {(f"{LAMP}/5851",): 2}
    sim.ask("DELETE", f"{LAMP}/5851/observe?active=yes")


def test_ets_301_attributes_say_when(sim, stream):
    """gt lets only values through that cross it, pmin holds back, pmax reports without a change."""
    sim.ask("PUT", f"{LAMP}/5851", {"value": 1})
    sim.ask("PUT", f"{LAMP}/5851/attributes", {"gt": 50})
    sim.ask("POST", f"{LAMP}/5851/observe")
    for value in (20, 60, 70):
        sim.ask("PUT", f"{LAMP}/5851", {"value": value})
    assert values(stream.next()[1]) == {f"{LAMP}/5851": 60}
    sim.ask("PUT", f"{LAMP}/5851/attributes", {"gt": None, "pmin": 1})
    began = time.monotonic()
    for value in (71, 72):
        sim.ask("PUT", f"{LAMP}/5851", {"value": value})
    while values(stream.next()[1]) != {f"{LAMP}/5851": 72}:
        pass
    assert time.monotonic() - began > 0.5
    sim.ask("PUT", f"{LAMP}/5851/attributes", {"pmin": None, "pmax": 1})
    assert values(stream.next()[1]) == {f"{LAMP}/5851": 72}
    sim.ask("DELETE", f"{LAMP}/5851/observe?active=yes")
    sim.ask("PUT", f"{LAMP}/5851/attributes", {"pmax": None})


def test_ets_302_cancel_by_reset(sim, stream):
    """Forgotten here: the next notification is answered by RST, after which there are no more."""
    before = sim.server.metric("mp_lwm2m_unknown_notifications_total")
    sim.ask("POST", f"{LAMP}/5850/observe")
    sim.ask("DELETE", f"{LAMP}/5850/observe", want=204)
    sim.ask("PUT", f"{LAMP}/5850", {"value": True})
    wait(lambda: sim.server.metric("mp_lwm2m_unknown_notifications_total") == before + 1)
    sim.ask("PUT", f"{LAMP}/5850", {"value": False})
    time.sleep(0.2)
    assert sim.server.metric("mp_lwm2m_unknown_notifications_total") == before + 1


def test_ets_303_cancel_by_the_observe_option(sim):
    before = sim.server.metric("mp_lwm2m_unknown_notifications_total")
    sim.ask("POST", f"{LAMP}/5850/observe")
    assert values(sim.ask("DELETE", f"{LAMP}/5850/observe?active=yes")).keys() == {f"{LAMP}/5850"}
    sim.ask("PUT", f"{LAMP}/5850", {"value": True})
    sim.ask("PUT", f"{LAMP}/5850", {"value": False})
    assert sim.server.metric("mp_lwm2m_unknown_notifications_total") == before and not observed(sim)


def test_ets_304_305_observe_composite(sim, stream):
    paths = [f"{LAMP}/5850", f"{LAMP}/5851"]
    query = "/composite/observe?paths=" + ",".join(paths)
    assert values(sim.ask("POST", query)).keys() == set(paths)
    sim.ask("PUT", f"{LAMP}/5851", {"value": 44})
    event = stream.next()[1]
    assert event["paths"] == paths and values(event)[f"{LAMP}/5851"] == 44 and len(event["values"]) == 2
    sim.ask("DELETE", query + "&active=yes")
    assert not observed(sim)


def test_ets_308_309_310_observe_composite_sees_instances_come_change_and_go(make_sim, listen):
    sim = make_sim("inst-", secure=True)
    stream = listen(f"kinds=notification&device={sim.endpoint}")
    sim.ask("POST", "/composite/observe?paths=/1,/3/0/0")
    sim.ask("POST", "/1", {"instance": 5, "values": {"0": 7, "1": 60, "6": False, "7": "U"}}, want=201)
    assert values(stream.next()[1])["/1/5/1"] == 60
    sim.ask("PUT", "/1/5/1", {"value": 61})
    assert values(stream.next()[1])["/1/5/1"] == 61
    sim.ask("DELETE", "/1/5")
    assert not [path for path in values(stream.next()[1]) if path.startswith("/1/5")]


def test_ets_661_observe_an_instance(sim, stream):
    sim.ask("POST", f"{LAMP}/observe")
    sim.ask("PUT", LAMP, {"values": {"5850": True, "5851": 8}})
    while values(stream.next()[1]) != {f"{LAMP}/5850": True, f"{LAMP}/5851": 8}:
        pass
    sim.ask("DELETE", f"{LAMP}/observe?active=yes")


def test_ets_306_311_send(make_sim, listen):
    stream = listen("kinds=send&device=send-000")
    sim = make_sim("send-", "--profile", "thermometer", "--send", "1", secure=True)
    event = stream.next()[1]
    assert event["device"] == "send-000" and list(values(event)) == ["/3303/0/5700"]
    series = sim.server.rest("GET", "/devices/send-000/telemetry?path=/3303/0/5700", want=200)
    assert series["points"]


def test_ets_307_muting_send(make_sim, listen):
    sim = make_sim("mute-", "--send", "1", "--time-scale", "10", secure=True)
    sim.ask("PUT", "/1/0/23", {"value": True})
    stream = listen(f"kinds=send&device={sim.endpoint}")
    time.sleep(0.5)  # what was under way has come
    sends = sim.server.metric("mp_lwm2m_sends_total")
    time.sleep(1)  # else it would be ten
    assert sim.server.metric("mp_lwm2m_sends_total") <= sends + 1
    sim.ask("PUT", "/1/0/23", {"value": False})
    stream.next()


def test_ets_306_send_is_for_registered_devices(shared):
    device = shared.device("nosend-1").registered()
    assert device.send({(3, 0, 9): 5}).code == code("2.04")
    device.deregister()
    assert device.send({(3, 0, 9): 5}).code == code("4.04")


def test_ets_560_an_observation_goes_on_where_the_device_was_off(make_sim, listen):
    """It reboots: the server observes again by itself, and what changed meanwhile is told."""
    sim = make_sim("back-", "--profile", "light", "--time-scale", "10", secure=True)
    sim.ask("POST", f"{LAMP}/5851/observe")
    registrations = listen(f"kinds=registration&device={sim.endpoint}")
    sim.ask("POST", "/3/0/4")
    assert registrations.next()[1]["event"] == "registered"
    stream = listen(f"kinds=notification&device={sim.endpoint}")
    wait(lambda: (f"{LAMP}/5851",) in observed(sim))

    def told():
        sim.ask("PUT", f"{LAMP}/5851", {"value": 3})
        sim.ask("PUT", f"{LAMP}/5851", {"value": 4})
        return max(observed(sim).values()) > 0
    wait(told)
    assert values(stream.next()[1]).keys() == {f"{LAMP}/5851"}


def test_ets_301_notifications_in_other_formats_and_out_of_order(shared, listen):
    """A scripted device: the freshest counts (RFC 7641, 3.4), whatever its format."""
    device = shared.device("fmt-1").registered()
    stream = listen("kinds=notification&device=fmt-1")
    shared.rest("POST", "/devices/fmt-1/lwm2m/3/0/9/observe", want=200)
    token = next(iter(device.observations))
    bodies = [(10, TEXT, b"41"), (11, TLV, b"\xc1\x09\x2a"), (9, TEXT, b"1"),
              (12, SENML, json.dumps([{"n": "/3/0/9", "v": 43}]).encode())]
    for number, content_format, body in bodies:
        device.socket.send(encode(1, code("2.05"), 40000 + number, token, [(6, number), (12, content_format)], body))
    assert [values(stream.next()[1])["/3/0/9"] for _ in range(3)] == [41, 42, 43]


def test_ets_302_a_notification_that_nobody_asked_for_is_reset(shared):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", shared.coap_port))
        s.settimeout(60)
        s.send(encode(0, code("2.05"), 77, b"abcd", [(6, 5), (12, TEXT)], b"1"))
        answer = Message(s.recv(2000))
    assert (answer.kind, answer.code, answer.mid) == (RST, 0, 77)
