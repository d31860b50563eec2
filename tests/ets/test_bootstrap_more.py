# SPDX-License-Identifier: Apache-2.0
"""The bootstrap server with certificates, reading what there is, and beginning by itself."""
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import fleet
from carriers import Dtls
from device import EXECUTABLE, GET, Device, code, wait
from sim import values

DER = serialization.Encoding.DER
EXECUTABLE.add((1, 0, 9))
CONFIG = {"delete": ["/0", "/1"], "values": {
    "/0/1/0": "coap://127.0.0.1:5683", "/0/1/1": False, "/0/1/2": 3, "/0/1/3": "", "/0/1/5": "", "/0/1/10": 123,
    "/1/0/0": 123, "/1/0/1": 300, "/1/0/6": True, "/1/0/7": "U"}}


@pytest.fixture
def server(make_server):
    ports = [fleet.free_port() for _ in range(2)]
    server = make_server("--bootstrap-port", str(ports[0]), "--bootstrap-coap-port", str(ports[1]))
    server.bootstrap_port, server.bootstrap_coap_port = ports
    return server


def sessions(server):
    return server.rest("GET", "/bootstrap/sessions", want=200)["items"]


def test_ets_2_bootstrap_with_a_certificate(server, tmp_path):
    """A session by certificate of OpenSSL brings a certificate and its key; the device registers with these."""
    first = fleet.Device(server, "cert-1")
    assert first.enroll().status == 200
    certificate = x509.load_pem_x509_certificate(first.certificate_file.read_bytes()).public_bytes(DER)
    key = first.key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    theirs = x509.load_pem_x509_certificate((server.product / "keys/server.crt").read_bytes()).public_bytes(DER)
    pushed = CONFIG["values"] | {"/0/1/0": f"coaps://127.0.0.1:{server.coaps_port}", "/0/1/2": 2,
                                 "/0/1/3": certificate.hex(), "/0/1/4": theirs.hex(), "/0/1/5": key.hex()}
    server.rest("PUT", "/devices/cert-1/bootstrap", CONFIG | {"values": pushed}, want=204)
    assert server.rest("GET", "/devices/cert-1/bootstrap", want=200)["values"]["/0/1/5"] is None
    device = server.device("cert-1", carrier=Dtls.certificate(server.bootstrap_port, first.certificate_file, first.key_file))
    assert device.bootstrap().code == code("2.04")
    wait(lambda: not device.bootstrapping)
    assert device.values[0, 1, 2] == 2 and device.values[0, 1, 4] == theirs
    (tmp_path / "crt").write_bytes(x509.load_der_x509_certificate(device.values[0, 1, 3]).public_bytes(
        serialization.Encoding.PEM))
    (tmp_path / "key").write_bytes(serialization.load_der_private_key(device.values[0, 1, 5], None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    port = int(device.values[0, 1, 0].rsplit(":", 1)[1])
    server.device("cert-1", carrier=Dtls.certificate(port, tmp_path / "crt", tmp_path / "key")).registered()
    assert server.rest("GET", "/devices/cert-1/lwm2m", want=200)["secure"] is True
    device.endpoint = "cert-2"
    assert device.bootstrap().code == code("4.00")  # that certificate is another's


def test_ets_8_bootstrap_read(server):
    server.rest("PUT", "/devices/read-1/bootstrap", CONFIG | {"discover": True, "read": ["/1", "/2"]}, want=204)
    device = Device("read-1", server.bootstrap_coap_port)
    server.devices.append(device)
    assert device.bootstrap().code == code("2.04")
    wait(lambda: sessions(server)[0]["state"] == "finished")
    found = sessions(server)[0]
    assert {"/1/0", "/3/0"} <= set(found["discovered"])
    assert values({"values": found["read"]})["/1/0/1"] == 120  # as it was; it is 300 now
    assert device.values[1, 0, 1] == 300 and "did not show /2 (4.04)" in found["message"]
    assert [m.code for m in device.log][:3] == [GET] * 3
    for secret in ("/0", "/", "/1/0/1"):
        server.rest("PUT", "/devices/read-1/bootstrap", CONFIG | {"read": [secret]}, want=400)


def test_ets_5_a_registered_device_is_told_to_bootstrap(server):
    """Bootstrap-Request Trigger; then it does, and comes back."""
    server.rest("PUT", "/devices/told-1/bootstrap", CONFIG, want=204)
    device = server.device("told-1").registered()
    assert server.rest("POST", "/devices/told-1/bootstrap", want=200)["code"] == "2.04"
    wait(lambda: ((1, 0, 9), "") in device.executed)
    again = Device("told-1", server.bootstrap_coap_port)
    server.devices.append(again)
    assert again.bootstrap().code == code("2.04")
    wait(lambda: sessions(server)[0]["state"] == "finished")
    device.values[1, 0, 1] = again.values[1, 0, 1]
    device.registered()


def test_ets_5_a_device_that_sleeps_is_told_when_it_wakes(make_server):
    server = make_server("--awake", "1")
    device = server.device("nap-1", queue=True).registered()
    wait(lambda: server.rest("GET", "/devices/nap-1/lwm2m", want=200)["sleeping"])
    assert server.rest("POST", "/devices/nap-1/bootstrap", want=202)["request"] > 0
    device.update()
    wait(lambda: ((1, 0, 9), "") in device.executed)


@pytest.mark.parametrize("secure", [False, True])
def test_ets_5_the_bootstrap_server_begins_by_itself(server, secure):
    """With a device that was there before: where it was, or over its session."""
    carrier = None
    if secure:
        key = "00112233445566778899aabbccddeeff"
        server.rest("PUT", "/devices/known-1/credentials", {"psk": {"identity": "k1", "key": key}}, want=204)
        carrier = Dtls.psk(server.bootstrap_port, "k1", key)
    server.rest("POST", "/devices/known-1/bootstrap", want=409)
    server.rest("PUT", "/devices/known-1/bootstrap", CONFIG, want=204)
    device = Device("known-1", server.bootstrap_coap_port, carrier=carrier)
    server.devices.append(device)
    assert device.bootstrap().code == code("2.04")
    wait(lambda: sessions(server)[0]["state"] == "finished")
    server.rest("PUT", "/devices/known-1/bootstrap", CONFIG | {"values": CONFIG["values"] | {"/1/0/1": 77}}, want=204)
    device.bootstrapping = True  # it takes what comes
    server.rest("POST", "/devices/known-1/bootstrap", want=204)
    wait(lambda: device.values[1, 0, 1] == 77)
    wait(lambda: [s["state"] for s in sessions(server)] == ["finished"] * 2)
    server.rest("DELETE", "/devices/known-1/bootstrap", want=204)
    server.rest("POST", "/devices/known-1/bootstrap", want=404)
