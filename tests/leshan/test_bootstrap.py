# SPDX-License-Identifier: Apache-2.0
"""Leshan's demo client knows our bootstrap server alone, and registers with what it gets there."""
import pytest

from device import wait
from sim import values

KEY = "ffeeddccbbaa99887766554433221100"


def config(uri, mode, identity="", key=""):
    return {"delete": ["/0", "/1"], "values": {
        "/0/1/0": uri, "/0/1/1": False, "/0/1/2": mode, "/0/1/3": identity.encode().hex(), "/0/1/5": key,
        "/0/1/10": 123, "/1/0/0": 123, "/1/0/1": 77, "/1/0/6": False, "/1/0/7": "U"}}


def session(server, name):
    """The newest of this device."""
    return next((s for s in server.rest("GET", "/bootstrap/sessions", want=200)["items"] if s["device"] == name), None)


def check(server, client, secure):
    """Registered with what the bootstrap server gave, and answering."""
    shown = server.rest("GET", f"/devices/{client.endpoint}/lwm2m", want=200)
    assert shown["secure"] is secure and shown["lifetime"] == 77
    assert values(server.rest("GET", f"/devices/{client.endpoint}/lwm2m/1/0", want=200))["/1/0/0"] == 123
    assert session(server, client.endpoint)["state"] == "finished"


def test_without_security(ours, our_bootstrap, demo_client):
    ours.rest("PUT", "/devices/boot-none/bootstrap", config(f"coap://127.0.0.1:{ours.coap_port}", 3), want=204)
    check(ours, demo_client(our_bootstrap, "boot-none", "-b").registered(), False)


def test_with_a_pre_shared_key(ours, our_bootstrap, demo_client):
    """The one of the bootstrap server; the server's, the same or not, comes from there."""
    ours.rest("PUT", "/devices/boot-psk/credentials", {"psk": {"identity": "boot-id", "key": KEY}}, want=204)
    ours.rest("PUT", "/devices/boot-psk/bootstrap",
              config(f"coaps://127.0.0.1:{ours.coaps_port}", 0, "boot-id", KEY), want=204)
    check(ours, demo_client(our_bootstrap, "boot-psk", "-b", "-i", "boot-id", "-p", KEY, secure=True).registered(), True)


def test_what_it_had_is_shown_before(ours, our_bootstrap, demo_client):
    """Discover and Read (1.1) of a client that is not ours."""
    ours.rest("PUT", "/devices/boot-read/bootstrap", config(f"coap://127.0.0.1:{ours.coap_port}", 3) | {
        "discover": True, "read": ["/1"]}, want=204)
    check(ours, demo_client(our_bootstrap, "boot-read", "-b").registered(), False)
    assert any(path.startswith("/3/0") for path in session(ours, "boot-read")["discovered"])


def test_a_registered_one_is_told_to_do_it_again(ours, our_bootstrap, demo_client):
    body = config(f"coap://127.0.0.1:{ours.coap_port}", 3)
    ours.rest("PUT", "/devices/boot-again/bootstrap", body, want=204)
    client = demo_client(our_bootstrap, "boot-again", "-b").registered()
    body["values"]["/1/0/1"] = 99
    ours.rest("PUT", "/devices/boot-again/bootstrap", body, want=204)
    ours.rest("POST", "/devices/boot-again/bootstrap", want=200)
    wait(lambda: (client.server.client("boot-again") or {}).get("lifetime") == 99, 60)


@pytest.mark.parametrize("key", ["00" * 16])
def test_who_has_another_key_gets_nothing(ours, our_bootstrap, demo_client, key):
    ours.rest("PUT", "/devices/boot-wrong/credentials", {"psk": {"identity": "wrong-id", "key": KEY}}, want=204)
    ours.rest("PUT", "/devices/boot-wrong/bootstrap",
              config(f"coaps://127.0.0.1:{ours.coaps_port}", 0, "wrong-id", KEY), want=204)
    client = demo_client(our_bootstrap, "boot-wrong", "-b", "-i", "wrong-id", "-p", key, secure=True)
    wait(lambda: "bootstrap" in client.log.read_text().lower() and "fail" in client.log.read_text().lower(), 60)
    assert not client.server.client("boot-wrong") and not session(ours, "boot-wrong")
