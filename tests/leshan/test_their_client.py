# SPDX-License-Identifier: Apache-2.0
"""Leshan's demo client at our server. It has no object 5: firmware is tried with Leshan's server instead."""
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import fleet
from device import wait
from sim import values

KEY = "00112233445566778899aabbccddeeff"
OK = {"status": "CHANGED(204)", "valid": True, "success": True, "failure": False}


@pytest.fixture(scope="module")
def client(ours, our_leshan, demo_client):
    return demo_client(our_leshan, "lesh-1").registered()


def rest(server, client, method, path, body=None, want=200):
    return server.rest(method, f"/devices/{client.endpoint}/lwm2m{path}", body, want=want)


def test_it_registers(ours, client):
    one = rest(ours, client, "GET", "")
    assert one["version"] == "1.1" and not one["secure"]
    assert {1, 3, 6, 3303, 3442} <= {o["id"] for o in one["objects"]}


@pytest.mark.parametrize("format", ["TLV", "JSON", "SENML_JSON", "SENML_CBOR"])
def test_read_in_each_format(ours, client, format):
    found = values(rest(ours, client, "GET", f"/3/0?format={format}"))
    assert found["/3/0/0"] == "Leshan Demo Device" and found["/3/0/11/0"] == 0 and found["/3/0/21"] > 0
    assert isinstance(values(rest(ours, client, "GET", "/6/0"))["/6/0/0"], float)
    assert rest(ours, client, "GET", "/3/0/4", want=422)["code"] == "4.05"


@pytest.mark.parametrize("format", ["TLV", "JSON", "TEXT", "SENML_JSON", "SENML_CBOR", "CBOR"])
def test_write_in_each_format(ours, client, format):
    for value in ("+03", "+05"):
        rest(ours, client, "PUT", f"/3/0/14?format={format}", {"value": value})
        assert values(rest(ours, client, "GET", "/3/0/14")) == {"/3/0/14": value}


def test_write_instances(ours, client):
    rest(ours, client, "PATCH", "/3/0", {"values": {"14": "+01", "15": "Europe/Oslo"}})
    found = values(rest(ours, client, "GET", "/3/0"))
    assert (found["/3/0/14"], found["/3/0/15"]) == ("+01", "Europe/Oslo")


def test_types_of_an_object_that_our_model_does_not_have(our_leshan, client):
    """3442 is an object for tests, of one resource a type; SenML says what they are, TLV would not."""
    for ident, kind, value in ((110, "string", "text"), (120, "integer", "-7"), (130, "float", "2.5"),
                               (140, "boolean", False), (150, "opaque", "00ff01")):
        node = {"id": ident, "kind": "singleResource", "type": kind, "value": value}
        assert client.ask("PUT", f"/3442/0/{ident}?format=SENML_JSON", node) == OK, kind
        assert client.ask("GET", f"/3442/0/{ident}?format=SENML_JSON")["content"]["value"] == value, kind


def test_execute(ours, client):
    rest(ours, client, "POST", "/3/0/12")
    rest(ours, client, "POST", "/3442/0/1", {"arguments": "0='hello'"})
    assert rest(ours, client, "POST", "/3/0/0", want=422)["code"] == "4.05"


def test_discover_and_attributes(ours, client):
    rest(ours, client, "PUT", "/3/0/9/attributes", {"pmin": 1, "pmax": 10})
    links = {link["path"]: link["attributes"] for link in rest(ours, client, "GET", "/3/0/discover")["links"]}
    assert links["/3/0/9"] == {"pmin": "1", "pmax": "10"}


def test_observe(ours, client):
    rest(ours, client, "POST", "/3/0/14/observe")
    rest(ours, client, "PUT", "/3/0/14", {"value": "+07"})

    def told():
        return any(o["notifications"] for o in rest(ours, client, "GET", "")["observations"])
    wait(told, 10)
    rest(ours, client, "DELETE", "/3/0/14/observe?active=yes")
    assert not rest(ours, client, "GET", "")["observations"]


def test_composite(ours, client):
    found = values(rest(ours, client, "GET", "/composite?paths=/3/0/0,/1/0/1"))
    assert found["/3/0/0"] == "Leshan Demo Device" and "/1/0/1" in found
    rest(ours, client, "PUT", "/composite", {"values": {"/3/0/14": "+02", "/3/0/15": "Asia/Tokyo"}})
    assert values(rest(ours, client, "GET", "/3/0/15")) == {"/3/0/15": "Asia/Tokyo"}
    query = "/composite/observe?paths=/3/0/14,/3/0/15"
    assert set(values(rest(ours, client, "POST", query))) == {"/3/0/14", "/3/0/15"}
    rest(ours, client, "DELETE", query + "&active=yes")


def test_create_and_delete(ours, client):
    assert rest(ours, client, "POST", "/3442", {"instance": 1, "values": {}}, want=201)["code"] == "2.01"
    assert rest(ours, client, "POST", "/3442", {"values": {}}, want=201)["location"] == "/3442/2"
    rest(ours, client, "DELETE", "/3442/1")
    assert rest(ours, client, "DELETE", "/3442/1", want=422)["code"] == "4.04"


def test_send_and_update(ours, client):
    """Its console: `send current-value PATH`, `update`."""
    before = rest(ours, client, "GET", "")["updated"]
    client.process.stdin.write(b"update\nsend current-value /3/0/0\n")
    client.process.stdin.flush()
    wait(lambda: rest(ours, client, "GET", "")["updated"] >= before and any(
        s["path"] == "/3/0/0" for s in ours.rest("GET", f"/devices/{client.endpoint}/telemetry")[1].get("items", [])), 10)


# ---- security ----

def test_pre_shared_key(ours, our_leshan, demo_client):
    ours.rest("PUT", "/devices/lesh-psk/credentials", {"psk": {"identity": "lesh-id", "key": KEY}}, want=204)
    client = demo_client(our_leshan, "lesh-psk", "-i", "lesh-id", "-p", KEY, secure=True).registered()
    assert rest(ours, client, "GET", "")["secure"] is True
    assert values(rest(ours, client, "GET", "/3/0/0")) == {"/3/0/0": "Leshan Demo Device"}


def certificate(ours, name, tmp_path):
    """The options that show the certificate of an enrolled device."""
    person = fleet.Device(ours, name)
    assert person.enroll().status == 200
    files = {}
    for name, pem in (("client", person.certificate_file.read_bytes()),
                      ("server", (ours.product / "keys/server-ca.crt").read_bytes())):
        files[name] = tmp_path / f"{name}.der"
        files[name].write_bytes(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))
    key = tmp_path / "key.der"
    key.write_bytes(person.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
    return "-ccert", files["client"], "-cprik", key, "-scert", files["server"], "-cu", "2"


def test_certificate(ours, our_leshan, demo_client, tmp_path):
    client = demo_client(our_leshan, "lesh-x509", *certificate(ours, "lesh-x509", tmp_path), secure=True).registered()
    assert rest(ours, client, "GET", "")["secure"] is True
    assert values(rest(ours, client, "GET", "/3/0/0")) == {"/3/0/0": "Leshan Demo Device"}


# ---- over TCP ----

@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
def test_over_tcp(ours, our_leshan, demo_client, tmp_path, secure):
    name = "lesh-tls" if secure else "lesh-tcp"
    options = certificate(ours, name, tmp_path) if secure else ()
    uri = f"coaps+tcp://127.0.0.1:{ours.tls_port}" if secure else f"coap+tcp://127.0.0.1:{ours.tcp_port}"
    client = demo_client(our_leshan, name, *options, uri=uri).registered()
    shown = rest(ours, client, "GET", "")
    assert shown["secure"] is secure and "T" in shown["binding"] and not shown["sleeping"], shown
    assert values(rest(ours, client, "GET", "/3/0/0")) == {"/3/0/0": "Leshan Demo Device"}
