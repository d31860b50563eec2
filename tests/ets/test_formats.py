# SPDX-License-Identifier: Apache-2.0
"""What the server sends and takes in each format, byte by byte: a scripted device, and cbor2 for CBOR."""
import json

import cbor2
import pytest

from device import ACCEPT, CONTENT_FORMAT, Device, code, tlv, uint, wait
from sim import values

FORMATS = {"TEXT": 0, "OPAQUE": 42, "CBOR": 60, "SENML_JSON": 110, "SENML_CBOR": 112, "TLV": 11542, "JSON": 11543,
           "LWM2M_CBOR": 11544}


class Canned(Device):
    """Answers what it was given, and keeps what it was asked."""
    answer = None  # (format, body); None: as any device

    def serve(self, m):
        self.asked = m
        if not self.answer:
            return super().serve(m)
        if m.code == code("0.01"):
            number, body = self.answer
            return "2.05", [(CONTENT_FORMAT, uint(number))], body
        return "2.04", [], b""


@pytest.fixture(scope="module")
def canned(shared):
    device = Canned("canned-1", shared.coap_port, version="1.2")
    shared.devices.append(device)
    device.registered()  # and the server asks what it is, before others ask
    wait(lambda: shared.rest("GET", "/devices/canned-1")[1].get("state") == "idle")
    return device


BASE = "/devices/canned-1/lwm2m"
INSTANCE = {"/3/0/0": "Maker", "/3/0/9": 87}


@pytest.mark.parametrize("ets, path, name, body, want", [
    (201, "/3/0/0", "TEXT", b"Maker", {"/3/0/0": "Maker"}),
    (201, "/3/0/9", "TEXT", b"87", {"/3/0/9": 87}),
    (201, "/1/0/6", "TEXT", b"1", {"/1/0/6": True}),
    (202, "/0/0/5", "OPAQUE", b"\x01\xff", {"/0/0/5": "01ff"}),
    (203, "/3/0", "TLV", b"\xc5\x00Maker\xc1\x09\x57", INSTANCE),
    (203, "/3", "TLV", b"\x08\x00\x0a\xc5\x00Maker\xc1\x09\x57", INSTANCE),
    (203, "/3/0/6", "TLV", b"\x86\x06\x41\x00\x01\x41\x01\x05", {"/3/0/6/0": 1, "/3/0/6/1": 5}),
    (204, "/3/0", "JSON", b'{"bn":"/3/0/","e":[{"n":"0","sv":"Maker"},{"n":"9","v":87}]}', INSTANCE),
    (211, "/3/0/9", "CBOR", cbor2.dumps(87), {"/3/0/9": 87}),
    (211, "/3/0/0", "CBOR", cbor2.dumps("Maker"), {"/3/0/0": "Maker"}),
    (231, "/3/0", "SENML_JSON", b'[{"bn":"/3/0/","n":"0","vs":"Maker"},{"n":"9","v":87}]', INSTANCE),
    (232, "/3/0", "SENML_CBOR", cbor2.dumps([{-2: "/3/0/", 0: "0", 3: "Maker"}, {0: "9", 2: 87}]), INSTANCE),
    (232, "/3/0", "LWM2M_CBOR", cbor2.dumps({3: {0: {0: "Maker", 9: 87}}}), INSTANCE),
    (232, "/3/0", "LWM2M_CBOR", cbor2.dumps({(3, 0): {0: "Maker", 9: 87}}), INSTANCE),
])
def test_ets_201_202_203_204_211_231_232_each_format_is_asked_for_and_read(shared, canned, ets, path, name, body, want):
    canned.answer = FORMATS[name], body
    assert values(shared.rest("GET", f"{BASE}{path}?format={name}", want=200)) == want
    assert canned.asked.one(ACCEPT) == FORMATS[name]


def of_tlv(body):
    return {ident: data for _, ident, data in tlv(body)}


@pytest.mark.parametrize("ets, name, path, body, wanted", [
    (205, "TEXT", "/3/0/15", {"value": "Asia/Tokyo"}, b"Asia/Tokyo"),
    (205, "TEXT", "/1/0/6", {"value": True}, b"1"),
    (205, "TEXT", "/3/0/15", {"value": ""}, b""),
    (210, "OPAQUE", "/5/0/0", b"\x00\xff\x01", b"\x00\xff\x01"),
    (212, "CBOR", "/1/0/1", {"value": 300}, cbor2.dumps(300)),
    (212, "CBOR", "/3/0/15", {"value": "Asia/Tokyo"}, cbor2.dumps("Asia/Tokyo")),
])
def test_ets_205_210_212_single_values_as_they_are_sent(shared, canned, ets, name, path, body, wanted):
    headers = {"Content-Type": "application/octet-stream"} if isinstance(body, bytes) else None
    shared.rest("PUT", f"{BASE}{path}?format={name}", body, headers=headers, want=200)
    assert (canned.asked.one(CONTENT_FORMAT), canned.asked.payload) == (FORMATS[name], wanted)


@pytest.mark.parametrize("ets, name, read, wanted", [
    (215, "TLV", of_tlv, {14: b"+09", 15: b"Asia/Tokyo"}),
    (220, "JSON", lambda b: {json.loads(b).get("bn", "") + e["n"]: e["sv"] for e in json.loads(b)["e"]},
     {"/3/0/14": "+09", "/3/0/15": "Asia/Tokyo"}),
    (233, "SENML_CBOR", lambda b: senml(cbor2.loads(b), -2, 0, 3), {"/3/0/14": "+09", "/3/0/15": "Asia/Tokyo"}),
    (234, "SENML_JSON", lambda b: senml(json.loads(b), "bn", "n", "vs"), {"/3/0/14": "+09", "/3/0/15": "Asia/Tokyo"}),
    (234, "LWM2M_CBOR", lambda b: flat(cbor2.loads(b)), {"/3/0/14": "+09", "/3/0/15": "Asia/Tokyo"}),
])
@pytest.mark.parametrize("method, number", [("PUT", "0.03"), ("PATCH", "0.02")])
def test_ets_215_220_226_227_233_234_instances_as_they_are_sent(shared, canned, ets, name, read, wanted, method, number):
    body = {"values": {"14": "+09", "15": "Asia/Tokyo"}}
    shared.rest(method, f"{BASE}/3/0?format={name}", body, want=200)
    assert canned.asked.code == code(number) and canned.asked.one(CONTENT_FORMAT) == FORMATS[name]
    assert read(canned.asked.payload) == wanted


def senml(records, base, name, value):
    found, prefix = {}, ""
    for record in records:
        prefix = record.get(base, prefix)
        found[prefix + record.get(name, "")] = record[value]
    return found


def flat(tree, path=""):
    if not isinstance(tree, dict):
        return {path: tree}
    found = {}
    for key, below in tree.items():
        parts = key if isinstance(key, (tuple, list)) else [key]
        found |= flat(below, path + "".join(f"/{part}" for part in parts))
    return found


# ---- what cannot be read ----

@pytest.mark.parametrize("path, number, body", [
    ("/3/0", 11542, b"\xc5\x00Mak"), ("/3/0", 11542, b"\xff"), ("/3/0", 110, b"[{"), ("/3/0", 110, b'{"n":1}'),
    ("/3/0", 112, b"\x9f\xff\xff"), ("/3/0", 112, b"\x81\xbf"), ("/3/0", 11543, b'{"e":['), ("/3/0", 11544, b"\xa1\x03"),
    ("/3/0", 50, b"{}"), ("/3/0", 9999, b"x"), ("/3/0/9", 0, b"eighty"), ("/3/0/9", 60, b"\x1b\xff"),
    ("/3/0", 112, b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"), ("/3/0", 110, b"[" * 1000)])
def test_an_answer_that_cannot_be_read_is_502_and_counted(shared, canned, path, number, body):
    before = shared.metric("mp_lwm2m_malformed_total")
    canned.answer = number, body
    status, answer = shared.rest("GET", f"{BASE}{path}")
    assert status == 502 and "cannot be read" in answer["error"]
    assert shared.metric("mp_lwm2m_malformed_total") == before + 1


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"\xff" * 40, b'[{"n":"/x","v":1}]'])
def test_a_send_that_cannot_be_read_is_4_00_and_kept_from_the_telemetry(shared, canned, body):
    before = shared.metric("mp_lwm2m_malformed_total")
    assert canned.request(code("0.02"), ["dp"], (), body, 110).code == code("4.00")
    assert shared.metric("mp_lwm2m_malformed_total") == before + 1
    assert shared.rest("GET", "/devices/canned-1/telemetry")[1].get("items", []) == []


def test_a_send_of_a_format_that_cannot_be_one_is_4_15(shared, canned):
    for number in (0, 50, 9999):
        assert canned.request(code("0.02"), ["dp"], (), b"1", number).code in (code("4.15"), code("4.00"))


def test_objects_that_no_model_knows_are_kept_as_they_come(shared, canned):
    canned.answer = 11542, b"\xc2\x01ab"
    found = shared.rest("GET", f"{BASE}/31999/0", want=200)["values"]
    assert [(v["path"], v.get("type")) for v in found] == [("/31999/0/1", "opaque")]
