# SPDX-License-Identifier: Apache-2.0
"""Our client at a real Leshan."""
import os
import socket
import threading

import pytest

from device import ACK, CON, CONTENT_FORMAT, Message, code, encode, uint, wait

OK = {"status": "CHANGED(204)", "valid": True, "success": True, "failure": False}


@pytest.fixture(scope="module")
def client(leshan, lamp):
    return lamp(leshan, "mp-lamp-")


def test_it_registers_updates_and_deregisters(leshan, lamp):
    one = lamp(leshan, "mp-life-", "--lifetime", "30", "--time-scale", "20")
    first = leshan.client(one.endpoint)
    assert first["lwM2mVersion"] == "1.1" and first["availableInstances"]["3311"] == [0] and not first["secure"]
    wait(lambda: leshan.client(one.endpoint)["lastUpdate"] > first["lastUpdate"])
    one.stop()
    assert not leshan.client(one.endpoint)


@pytest.mark.parametrize("format", ["TLV", "JSON", "SENML_JSON", "SENML_CBOR"])
def test_read_and_write_in_each_format(client, format):
    whole = client.ask("GET", f"/3/0?format={format}")["content"]
    assert {"kind": "singleResource", "id": 0, "type": "STRING", "value": "microPlatform"} in whole["resources"]
    node = {"id": 0, "kind": "instance", "resources": [
        {"id": 5850, "kind": "singleResource", "value": True, "type": "boolean"},
        {"id": 5851, "kind": "singleResource", "value": "31", "type": "integer"}]}
    for replace in ("true", "false"):
        assert client.ask("PUT", f"/3311/0?format={format}&replace={replace}", node) == OK
    assert client.value("/3311/0/5850") is True and client.value("/3311/0/5851") == "31"


@pytest.mark.parametrize("format", ["TEXT", "TLV", "CBOR", "SENML_JSON", "SENML_CBOR"])
def test_single_resources_in_each_format(client, format):
    for value in ("7", "77"):
        node = {"id": 5851, "kind": "singleResource", "value": value, "type": "integer"}
        assert client.ask("PUT", f"/3311/0/5851?format={format}", node) == OK
        assert client.value(f"/3311/0/5851?format={format}") == value


def test_execute_and_refusals(client):
    assert client.ask("POST", "/3/0/12") == OK
    assert client.ask("POST", "/3/0/0")["status"] == "METHOD_NOT_ALLOWED(405)"
    assert client.ask("GET", "/3/0/4")["status"] == "METHOD_NOT_ALLOWED(405)"
    assert client.ask("GET", "/0/0")["status"] == "UNAUTHORIZED(401)"
    assert client.ask("GET", "/9999")["status"] == "NOT_FOUND(404)"


def test_discover_and_attributes(client):
    assert client.ask("PUT", "/3311/0/5851/attributes?pmin=1&pmax=100") == OK
    links = {link["url"]: link["attributes"] for link in client.ask("GET", "/3311/0/discover")["objectLinks"]}
    assert links["/3311/0/5851"] == {"pmin": "1", "pmax": "100"}
    assert client.ask("PUT", "/3311/0/5851/attributes?pmin&pmax")["success"]


@pytest.mark.parametrize("active", ["", "?active"])
def test_observe(leshan, client, active):
    stream = leshan.events(client.endpoint)
    assert client.ask("POST", "/3311/0/5851/observe")["status"] == "CONTENT(205)"
    client.ask("PUT", "/3311/0/5851", {"id": 5851, "kind": "singleResource", "value": "41", "type": "integer"})
    client.ask("PUT", "/3311/0/5851", {"id": 5851, "kind": "singleResource", "value": "42", "type": "integer"})
    while (event := stream.next("NOTIFICATION")[1])["val"]["value"] != "42":
        pass
    assert event["res"] == "/3311/0/5851"
    client.ask("DELETE", f"/3311/0/5851/observe{active}")
    stream.close()


def test_composite(leshan, client):
    formats = "pathformat=SENML_CBOR&nodeformat=SENML_CBOR"
    found = client.ask("GET", f"/composite?paths=/3/0/0,/3311/0&{formats}")["content"]
    assert found["/3/0/0"]["value"] == "microPlatform" and found["/3311/0"]["kind"] == "instance"
    nodes = {"/3311/0/5851": {"id": 5851, "kind": "singleResource", "value": "12", "type": "integer"},
             "/1/0/6": {"id": 6, "kind": "singleResource", "value": True, "type": "boolean"}}
    assert client.ask("PUT", "/composite?nodeformat=SENML_JSON", nodes) == OK
    stream = leshan.events(client.endpoint)
    client.ask("POST", f"/composite/observe?paths=/3311/0/5850,/3311/0/5851&{formats}")
    client.ask("PUT", "/3311/0/5851", {"id": 5851, "kind": "singleResource", "value": "13", "type": "integer"})
    event = stream.next("NOTIFICATION")[1]
    assert event["kind"] == "composite" and event["val"]["/3311/0/5851"]["value"] == "13"
    client.ask("DELETE", f"/composite/observe?paths=/3311/0/5850,/3311/0/5851&active&{formats}")
    stream.close()


def test_send(leshan, lamp):
    stream = leshan.events("mp-send-000")
    lamp(leshan, "mp-send-", "--send", "1")
    event = stream.next("SEND")[1]
    assert event["ep"] == "mp-send-000" and event["val"]["/3301/0/5700"]["type"] == "FLOAT"
    stream.close()


def test_queue_mode(leshan, lamp):
    """Leshan takes it to be awake for 93 s: what is seen here is that it comes back for what waits."""
    one = lamp(leshan, "mp-queue-", "--queue-mode", "--awake", "1", "--lifetime", "6")
    found = leshan.client(one.endpoint)
    assert found["queuemode"] is True and found["sleeping"] is False
    answer = one.ask("GET", "/3/0/0?timeout=30")
    assert answer.get("delayed") or answer["content"]["value"] == "microPlatform"


def test_over_tcp(leshan, lamp):
    address = os.environ.get("MP_PEER_LESHAN_COAP_TCP")
    if not address:
        pytest.skip("MP_PEER_LESHAN_COAP_TCP (host:port) names no port of Leshan's for CoAP over TCP")
    one = lamp(leshan, "mp-tcp-", uri=f"coap+tcp://{address}")
    assert leshan.client(one.endpoint)["bindingMode"] == "T" and one.value("/3/0/0") == "microPlatform"
    one.ask("PUT", "/3311/0/5851", {"id": 5851, "kind": "singleResource", "type": "INTEGER", "value": "40"})
    assert one.value("/3311/0/5851") == "40"


def test_pre_shared_keys(leshan, lamp):
    one = lamp(leshan, "mp-psk-", secure=True)
    assert leshan.client(one.endpoint)["secure"] is True
    assert one.value("/3/0/0") == "microPlatform"
    one.stop()  # while it still may deregister
    leshan.ask("DELETE", f"/api/security/clients/{one.endpoint}")


# ---- firmware ----

def test_firmware_by_push(leshan, lamp):
    one = lamp(leshan, "mp-push-", "--firmware-seconds", "1", "--time-scale", "10")
    package = (b"mp-sim 4.5.6\n" + bytes(9000)).hex()
    node = {"id": 0, "kind": "singleResource", "value": package, "type": "opaque"}
    assert one.ask("PUT", "/5/0/0?format=OPAQUE&timeout=30", node) == OK
    assert one.state() == (2, 0)
    updated(one, "4.5.6")


def updated(one, version):
    stream = one.server.events(one.endpoint)
    assert one.ask("POST", "/5/0/2") == OK
    stream.next("REGISTRATION")
    stream.close()
    assert one.state() == (0, 1) and one.value("/3/0/3") == version


@pytest.fixture
def image_server():
    """A CoAP server with one resource, block by block."""
    image = b"mp-sim 7.8.9\n" + bytes(20000)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                data, peer = s.recvfrom(2000)
            except OSError:
                return
            m = Message(data)
            if m.kind == CON and m.code == code("0.01"):
                wanted = m.one(23) or 6
                number, size = wanted >> 4, min(wanted & 7, 6)
                at = number * (16 << size)
                more = at + (16 << size) < len(image)
                s.sendto(encode(ACK, code("2.05"), m.mid, m.token, [
                    (CONTENT_FORMAT, 42), (23, uint(number << 4 | more << 3 | size))], image[at:at + (16 << size)]), peer)
    threading.Thread(target=serve, daemon=True).start()
    yield "coap://127.0.0.1:%d/images/new" % s.getsockname()[1]
    s.close()


def test_firmware_by_pull(leshan, lamp, image_server):
    one = lamp(leshan, "mp-pull-", "--firmware-seconds", "1", "--time-scale", "10")
    node = {"id": 1, "kind": "singleResource", "value": image_server, "type": "string"}
    assert one.ask("PUT", "/5/0/1", node) == OK
    wait(lambda: one.state() == (2, 0))
    updated(one, "7.8.9")
