# SPDX-License-Identifier: Apache-2.0
"""The registration interface: our client at our server, and scripted devices where ours would not err."""
import time

import pytest

from carriers import Dtls, Tcp
from device import Device, code, wait
from sim import values


def registration(server, endpoint):
    status, found = server.rest("GET", f"/devices/{endpoint}/lwm2m")
    return found if status == 200 else None


def test_ets_101_initial_registration(sim):
    one = sim.registration()
    assert (one["endpoint"], one["lifetime"], one["version"], one["binding"]) == (sim.endpoint, 300, "1.1", "U")
    assert {o["id"] for o in one["objects"]} == {1, 3, 5, 3301, 3311}


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_ets_101_initial_registration_in_each_version(make_sim, version):
    sim = make_sim(f"v{version}-", "--version", version, "--profile", "light", secure=True)
    assert sim.registration()["version"] == version
    assert sim.read("/3/0/0") == {"/3/0/0": "microPlatform"}
    sim.ask("PUT", "/3311/0/5851", {"value": 40})
    sim.ask("PATCH", "/3311/0", {"values": {"5850": True, "5851": 41}})
    assert sim.read("/3311/0") == {"/3311/0/5850": True, "/3311/0/5851": 41}
    assert values(sim.ask("POST", "/3301/0/5700/observe")).keys() == {"/3301/0/5700"}
    sim.ask("DELETE", "/3301/0/5700/observe?active=yes")


def test_ets_102_registration_update(make_sim, listen):
    sim = make_sim("upd-", "--lifetime", "30", "--time-scale", "20", secure=True)
    stream = listen(f"kinds=registration&device={sim.endpoint}")
    before = sim.registration()
    assert stream.next()[1]["event"] == "updated"
    after = sim.registration()
    assert after["updated"] >= before["updated"] and after["location"] == before["location"]


def test_ets_103_deregistration(make_sim):
    sim = make_sim("bye-", "--deregister", secure=True)
    assert sim.stop() == 0
    assert not sim.registration()
    sim.ask("GET", "/3/0", want=404)


def test_ets_104_registration_update_trigger(sim, listen):
    stream = listen(f"kinds=registration&device={sim.endpoint}")
    sim.ask("POST", "/1/0/8")
    assert stream.next()[1]["event"] == "updated"


def test_ets_105_discarded_register_update(shared):
    """An update of a registration that is not there any more is 4.04, and the device registers anew."""
    device = shared.device("gone-1").registered()
    first = device.location
    assert device.deregister().code == code("2.02")
    assert device.update().code == code("4.04")
    assert device.registered().location != first
    assert device.update().code == code("2.04")


def test_ets_106_tcp_binding(make_server):
    import fleet
    port = fleet.free_port()
    server = make_server("--coap-tcp-port", str(port))
    device = Device("tcp-1", port, binding="T", carrier=Tcp(port))
    server.devices.append(device)
    device.registered()
    assert registration(server, "tcp-1")["binding"] == "T"
    found = server.rest("GET", "/devices/tcp-1/lwm2m/3/0/9", want=200)
    assert values(found) == {"/3/0/9": 87}
    server.rest("PUT", "/devices/tcp-1/lwm2m/3/0/15", {"value": "Asia/Tokyo"}, want=200)
    assert device.values[3, 0, 15] == "Asia/Tokyo"
    server.rest("POST", "/devices/tcp-1/lwm2m/3/0/9/observe", want=200)
    device.change((3, 0, 9), 50)
    wait(lambda: registration(server, "tcp-1")["observations"][0]["notifications"] == 1)
    assert device.update().code == code("2.04") and device.deregister().code == code("2.02")


@pytest.fixture
def tls_server(make_server):
    import fleet
    port = fleet.free_port()
    server = make_server("--coaps-tcp-port", str(port))
    server.tls_port = port
    return server


def test_ets_106_tcp_binding_with_tls(tls_server):
    server, key = tls_server, "00112233445566778899aabbccddeeff"
    server.rest("PUT", "/devices/tls-1/credentials", {"psk": {"identity": "who", "key": key}}, want=204)
    device = server.device("tls-1", binding="T", carrier=Tcp.psk(server.tls_port, "who", key, "-alpn", "h2,coap"))
    device.registered()
    one = registration(server, "tls-1")
    assert (one["binding"], one["secure"], one["sleeping"]) == ("T", True, False)
    assert values(server.rest("GET", "/devices/tls-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}
    server.rest("POST", "/devices/tls-1/lwm2m/3/0/9/observe", want=200)
    device.change((3, 0, 9), 50)
    wait(lambda: registration(server, "tls-1")["observations"][0]["notifications"] == 1)
    location, device.endpoint = device.location, "tls-2"
    server.rest("PUT", "/devices/tls-2/credentials", {"psk": {"identity": "other", "key": key}}, want=204)
    assert device.register().code == code("4.03")
    device.close()
    wait(lambda: registration(server, "tls-1")["sleeping"])
    again = server.device("tls-1", binding="T", carrier=Tcp.psk(server.tls_port, "who", key))
    again.location = location
    assert again.update().code == code("2.04")
    assert values(server.rest("GET", "/devices/tls-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}
    assert again.deregister().code == code("2.02")
    assert server.metric("mp_coap_tls_sessions_total") == 2 and server.metric("mp_coap_tls_failed_total") == 0


def test_a_registration_goes_over_from_dtls_to_tls_and_back(tls_server):
    server, key = tls_server, "00112233445566778899aabbccddeeff"
    server.rest("PUT", "/devices/both-1/credentials", {"psk": {"identity": "who", "key": key}}, want=204)
    device = server.device("both-1", carrier=Dtls.psk(server.coaps_port, "who", key))
    device.registered()
    first = registration(server, "both-1")
    for carrier in (lambda: Tcp.psk(server.tls_port, "who", key), lambda: Dtls.psk(server.coaps_port, "who", key)):
        location, last = device.location, device
        device = server.device("both-1", carrier=carrier())
        device.location = location
        assert device.update().code == code("2.04")
        now = registration(server, "both-1")
        assert now["location"] == first["location"] and now["address"] != first["address"]
        last.close()
        assert values(server.rest("GET", "/devices/both-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}


def test_a_wrong_key_another_protocol_and_no_tls_are_refused_and_counted(tls_server):
    server = tls_server
    server.rest("PUT", "/devices/tls-1/credentials", {"psk": {"identity": "who", "key": "00" * 16}}, want=204)
    for carrier in (Tcp.psk(server.tls_port, "who", "11" * 16),
                    Tcp.psk(server.tls_port, "who", "00" * 16, "-alpn", "h2,http/1.1")):
        carrier.settimeout(60)
        with pytest.raises(OSError):
            carrier.recv(100)
        carrier.close()
    plain = Tcp(server.tls_port)
    plain.settimeout(60)
    plain.end.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(OSError):
        while True:
            plain.recv(100)
    plain.close()
    wait(lambda: server.metric("mp_coap_tls_failed_total") == 3)
    assert server.metric("mp_coap_tls_sessions_total") == 0


def test_a_certificate_is_an_identity_over_tls(tls_server):
    import fleet
    server, person = tls_server, fleet.Device(tls_server, "cert-1")
    assert person.enroll().status == 200
    device = server.device("cert-1", binding="T", carrier=Tcp.certificate(
        server.tls_port, person.certificate_file, person.key_file))
    device.registered()
    assert registration(server, "cert-1")["secure"] is True
    assert values(server.rest("GET", "/devices/cert-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}
    device.endpoint = "cert-2"
    assert device.register().code == code("4.03")


def test_ets_107_extending_the_lifetime(sim, listen):
    stream = listen(f"kinds=registration&device={sim.endpoint}")
    sim.ask("PUT", "/1/0/1", {"value": 500})
    event = stream.next()[1]
    assert (event["event"], event["lifetime"]) == ("updated", 500)
    assert sim.registration()["expires"] >= time.time() + 490
    sim.ask("PUT", "/1/0/1", {"value": 300})
    assert stream.next()[1]["lifetime"] == 300


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_ets_108_109_queue_mode(make_sim, listen, version):
    """It sleeps after a second; what waits for it is asked with its next update, in order."""
    name = f"q{version}-"
    stream = listen(f"device={name}000")
    sim = make_sim(name, "--queue-mode", "--awake", "1", "--lifetime", "16", "--version", version, secure=True)
    assert sim.registration()["queue_mode"]
    while stream.next("registration")[1]["event"] != "asleep":
        pass
    first = sim.ask("GET", "/3/0/0", want=202)["request"]
    second = sim.ask("PUT", "/1/0/1", {"value": 9}, want=202)["request"]
    answered = [stream.next("request")[1] for _ in range(2)]
    assert [a["request"] for a in answered] == [first, second]
    assert values(answered[0]) == {"/3/0/0": "microPlatform"} and answered[1]["code"] == "2.04"


def test_ets_401_udp_with_dtls_psk(sim, shared):
    one = sim.registration()
    assert one["secure"] is True
    assert sim.read("/3/0/0") == {"/3/0/0": "microPlatform"}
    assert shared.metric("mp_dtls_sessions") >= 1


def test_ets_401_dtls_psk_of_openssl(shared):
    key = "00112233445566778899aabbccddeeff"
    shared.rest("PUT", "/devices/ossl-1/credentials", {"psk": {"identity": "who", "key": key}}, want=204)
    device = shared.device("ossl-1", carrier=Dtls.psk(shared.coaps_port, "who", key))
    device.registered()
    assert registration(shared, "ossl-1")["secure"] is True
    assert values(shared.rest("GET", "/devices/ossl-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}
    assert device.deregister().code == code("2.02")


def test_a_certificate_is_an_identity(shared):
    """The certificate that the product's authority gave a device over HTTPS is its identity here as well."""
    import fleet
    person = fleet.Device(shared, "cert-1")
    assert person.enroll().status == 200
    device = shared.device("cert-1", carrier=Dtls.certificate(
        shared.coaps_port, person.certificate_file, person.key_file))
    device.registered()
    one = registration(shared, "cert-1")
    assert one["secure"] is True
    assert values(shared.rest("GET", "/devices/cert-1/lwm2m/3/0/9", want=200)) == {"/3/0/9": 87}
    device.endpoint = "cert-2"
    assert device.register().code == code("4.03")


def test_ets_555_disable_deregisters_for_a_while(make_sim, listen):
    sim = make_sim("dis-", "--time-scale", "20", secure=True)
    sim.ask("PUT", "/1/0/5", {"value": 20})
    stream = listen(f"kinds=registration&device={sim.endpoint}")
    sim.ask("POST", "/1/0/4")
    events = []
    while events[-1:] != ["registered"]:
        events.append(stream.next()[1]["event"])
    assert events == ["deregistered", "registered"]


def test_ets_556_update_registration_capability(sim, listen):
    """The server changes what the registration says, and asks for it."""
    stream = listen(f"kinds=registration&device={sim.endpoint}")
    before = sim.registration()["updated"]
    sim.ask("POST", "/1/0/8")
    assert stream.next()[1]["event"] == "updated" and sim.registration()["updated"] >= before
