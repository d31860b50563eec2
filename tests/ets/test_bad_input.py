# SPDX-License-Identifier: Apache-2.0
"""What hostile or broken devices send: the right code or nothing, counted, and no growth in memory."""
import os
import random
import socket
import struct
import time

import pytest

from carriers import Dtls
from device import ACK, BLOCK1, CON, CONTENT_FORMAT, LINK, NON, RST, URI_PATH, URI_QUERY, Device, code, encode
from device import uint, wait
from sim import Sim, values
from wire import LINKS, Wire

KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def alone(template, tmp_path_factory):
    """A server that nobody else's noise is counted at."""
    import fleet
    from lwm2m_server import Server
    folder = tmp_path_factory.mktemp("alone")
    fleet.copy_product(template, folder)
    server = Server(folder).start()
    yield server
    server.stop_devices()
    assert server.stop() == 0


@pytest.fixture
def wire(alone):
    w = Wire(alone)
    yield w
    assert w.is_alive()
    w.socket.close()


class Grown:
    """with Grown(server, kib): memory may not grow by more."""

    def __init__(self, server, most):
        self.server, self.most = server, most

    def __enter__(self):
        self.before = self.server.memory()

    def __exit__(self, *problem):
        if not problem[0]:
            grown = self.server.memory() - self.before
            assert grown <= self.most, f"{grown} KiB more"


# ---- messages ----

def test_each_prefix_of_a_registration_is_dropped_or_reset(alone, wire):
    whole = wire.message(code("0.02"), [(URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, "ep=cut"),
                                        (URI_QUERY, "lwm2m=1.1")], LINKS)
    before = alone.metric("mp_coap_malformed_total")
    for n in range(len(whole)):
        data = bytearray(whole[:n])
        data[2:4] = struct.pack(">H", 1000 + n)[:max(0, n - 2)]
        wire.send(bytes(data))
    assert wire.is_alive()
    assert alone.metric("mp_coap_malformed_total") > before


def test_noise_costs_no_memory(alone, wire):
    dice = random.Random(7)
    whole = wire.message(code("0.02"), [(URI_PATH, "rd"), (URI_QUERY, "ep=noise"), (URI_QUERY, "lwm2m=1.1")], LINKS)

    def some(n):
        for i in range(n):
            data = bytearray(dice.randbytes(dice.randrange(200)) if i % 2 else whole)
            for _ in range(dice.randrange(4)):
                if data:
                    data[dice.randrange(len(data))] = dice.randrange(256)
            wire.send(bytes(data))
            if i % 100 == 0:
                time.sleep(0.002)
    some(3000)
    assert wire.is_alive()
    with Grown(alone, 4096):
        some(15000)
        assert wire.is_alive()


@pytest.mark.parametrize("size", [1500, 9000, 65000])
def test_an_oversized_datagram_is_no_registration(alone, wire, size):
    wire.send(wire.message(code("0.02"), [(URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, "ep=big"),
                                          (URI_QUERY, "lwm2m=1.1")], b"<" + b"x" * size))
    assert wire.is_alive()
    assert alone.rest("GET", "/devices/big/lwm2m")[0] == 404


@pytest.mark.parametrize("number", [9, 2047, 65001])
def test_unknown_critical_options_are_4_02_and_counted(alone, wire, number):
    before = alone.metric("mp_coap_rejected_options_total")
    answer = wire.ask(code("0.02"), [(URI_PATH, "rd"), (URI_QUERY, "ep=crit"), (URI_QUERY, "lwm2m=1.1"),
                                     (number, b"x")], LINKS)
    assert answer.code == code("4.02")
    assert alone.metric("mp_coap_rejected_options_total") == before + 1


def test_unknown_elective_options_do_no_harm(alone, wire):
    assert wire.ask(code("0.01"), [(URI_PATH, ".well-known"), (URI_PATH, "core"), (2048, b"x")]).code == code("2.05")


@pytest.mark.parametrize("kind, number", [(NON, "0.31"), (CON, "1.00"), (CON, "6.31"), (ACK, "0.01"), (RST, "2.05")])
def test_codes_that_are_no_requests_are_not_answered_as_such(alone, wire, kind, number):
    wire.send(encode(kind, code(number), 7, b"", [], b""))
    assert wire.is_alive()


# ---- registrations ----

@pytest.mark.parametrize("queries, payload, version, wanted", [
    (["lt=x"], LINKS, "1.1", "4.00"), (["lt=-1"], LINKS, "1.1", "4.00"), (["lt=99999999999"], LINKS, "1.1", "4.00"),
    (["b=ZZ"], LINKS, "1.1", "4.00"), (["b="], LINKS, "1.1", "4.00"), ([], LINKS, None, "4.00"),
    ([], LINKS, "x", "4.00"), ([], LINKS, "9.9", "4.12"), ([], LINKS, "0.9", "4.12"),
    ([], b"", "1.1", "4.00"), ([], b"garbage", "1.1", "4.00"), ([], b"</3/0", "1.1", "4.00"),
    ([f"{letter}=" + "y" * 250 for letter in "vwxyz"], LINKS, "1.1", "4.00"), (["x=" + "y" * 254], LINKS, "1.1", "4.02")])
def test_registrations_that_are_wrong_get_their_code(alone, wire, queries, payload, version, wanted):
    answer = wire.register("wrong", *queries, payload=payload, version=version)
    assert answer.code == code(wanted), (answer.code >> 5, answer.code & 31, answer.payload)
    assert alone.rest("GET", "/devices/wrong/lwm2m")[0] == 404


@pytest.mark.parametrize("endpoint", ["", "x" * 100, "a/b", "a b", "\0", "<script>", "..", "\u00fc"])
def test_names_that_no_device_may_have(alone, wire, endpoint):
    before = alone.metric("mp_lwm2m_registered")
    assert wire.register(endpoint).code in (code("4.00"), code("4.03"))
    assert alone.metric("mp_lwm2m_registered") == before


def test_a_registration_that_is_not_confirmable_is_4_00(alone, wire):
    assert wire.register("non", kind=NON).code == code("4.00")


def test_unknown_objects_are_registered_and_named_by_number(alone, wire):
    answer = wire.register("odd", payload=LINKS + b",</31999/0>,</31999/65534>,</42800>;ver=3.7,</99999/0>,</a>")
    assert answer.code == code("2.01")
    found = {o["id"]: o for o in alone.rest("GET", "/devices/odd/lwm2m", want=200)["objects"]}
    assert found[31999]["instances"] == [0, 65534] and "name" not in found[31999]
    assert set(found) == {1, 3, 31999, 42800}


def test_methods_and_paths_that_do_not_exist(alone, wire):
    for number, path, wanted in (("0.01", ["rd"], "4.05"), ("0.04", ["rd"], "4.05"), ("0.02", ["rd", "none"], "4.04"),
                                 ("0.02", ["rd", "a", "b"], "4.04"), ("0.04", ["rd", "none"], "4.04"),
                                 ("0.01", ["nothing"], "4.04"), ("0.02", ["dp"], "4.04"), ("0.01", ["fw", "x"], "4.03"),
                                 ("0.01", ["..", "etc"], "4.04")):
        answer = wire.ask(code(number), [(URI_PATH, part) for part in path])
        assert answer.code == code(wanted), (number, path, answer.code >> 5, answer.code & 31)


def test_many_links_are_too_many(alone, wire):
    """A body as long as it may be is read or refused, one that never ends is given up."""
    links = b",".join(b"</%d/%d>" % (i % 1000, i) for i in range(4000))
    with Grown(alone, 8192):
        for i in range(0, len(links), 1024):
            more = i + 1024 < len(links)
            answer = wire.ask(code("0.02"), [
                (URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, "ep=many"), (URI_QUERY, "lwm2m=1.1"),
                (BLOCK1, uint((i // 1024) << 4 | more << 3 | 6))], links[i:i + 1024])
            if answer.code != code("2.31"):
                break
        assert answer.code in (code("2.01"), code("4.00"), code("4.13"))


# ---- blocks ----

def block(wire, number, more, size=6, endpoint="blocks"):
    return wire.ask(code("0.02"), [
        (URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, f"ep={endpoint}"), (URI_QUERY, "lwm2m=1.1"),
        (BLOCK1, uint(number << 4 | more << 3 | size))], b"<" * (16 << size)).code


def test_blocks_out_of_order_are_4_08_and_a_size_of_7_is_4_00(alone, wire):
    assert block(wire, 5, True) == code("4.08")
    assert block(wire, 0, True) == code("2.31")
    assert block(wire, 2, True) == code("4.08")
    assert wire.ask(code("0.02"), [(URI_PATH, "rd"), (BLOCK1, uint(15))], b"x").code == code("4.00")


def test_a_body_without_an_end_is_4_13(alone, wire):
    with Grown(alone, 8192):
        answers = [block(wire, number, True, endpoint="endless") for number in range(1100)]
    assert answers[0] == code("2.31") and code("4.13") in answers


def test_bodies_that_nobody_finishes_are_given_up(alone, wire):
    """4,000 transfers of a first block each: bounded, and the oldest go."""
    block(wire, 0, True)
    with Grown(alone, 24 * 1024):
        for n in range(4000):
            wire.send(wire.message(code("0.02"), [
                (URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, f"ep=half-{n}"), (URI_QUERY, "lwm2m=1.1"),
                (BLOCK1, uint(1 << 3 | 6))], b"<" * 1024))
            if n % 100 == 0:
                assert wire.is_alive()
    assert alone.metric("mp_coap_body_bytes") <= 16 << 20


class Looping(Device):
    """Its answers come block by block and never end, or never get on."""
    stuck = False

    def serve(self, m):
        wanted = m.one(23)
        self.asked = getattr(self, "asked", 0) + 1
        number = (wanted or 0) >> 4
        return "2.05", [(CONTENT_FORMAT, uint(0)), (23, uint((0 if self.stuck else number) << 4 | 1 << 3 | 6))], b"a" * 1024


@pytest.mark.parametrize("stuck", [False, True])
def test_an_answer_whose_blocks_never_end_is_given_up(alone, stuck):
    name = f"loop-{stuck}".lower()
    device = Looping(name, alone.coap_port)
    alone.devices.append(device)
    device.stuck = stuck
    device.registered()
    wait(lambda: getattr(device, "asked", 0) > 0)
    with Grown(alone, 8192):
        status, _ = alone.rest("GET", f"/devices/{name}/lwm2m/3/0/0?timeout=3")
        assert status in (502, 504)
    device.silent = True
    if stuck:
        assert device.asked < 50


# ---- who is who ----

def secure(server, endpoint, identity, key=KEY):
    device = Device(endpoint, server.coaps_port, carrier=Dtls.psk(server.coaps_port, identity, key))
    server.devices.append(device)
    return device


def test_an_identity_speaks_for_its_endpoint_alone(alone):
    for name in ("good", "evil"):
        alone.rest("PUT", f"/devices/{name}/credentials", {"psk": {"identity": f"id-{name}", "key": KEY}}, want=204)
    good = secure(alone, "good", "id-good").registered()
    before = alone.metric('mp_lwm2m_refused_total{reason="identity"}')
    evil = secure(alone, "good", "id-evil")
    assert evil.register().code == code("4.03")
    evil.location = good.location
    assert evil.update().code == code("4.03")
    assert evil.deregister().code == code("4.03")
    assert alone.metric('mp_lwm2m_refused_total{reason="identity"}') == before + 3
    assert alone.rest("GET", "/devices/good/lwm2m", want=200)["secure"] is True
    assert good.update().code == code("2.04")


def test_who_has_a_key_is_not_let_in_without(alone, wire):
    alone.rest("PUT", "/devices/keyed/credentials", {"psk": {"identity": "id-keyed", "key": KEY}}, want=204)
    before = alone.metric('mp_lwm2m_refused_total{reason="unsecured"}')
    assert wire.register("keyed").code == code("4.03")
    assert alone.metric('mp_lwm2m_refused_total{reason="unsecured"}') == before + 1
    device = secure(alone, "keyed", "id-keyed").registered()
    answer = wire.ask(code("0.02"), [(URI_PATH, part) for part in device.location])
    assert answer.code == code("4.03")


@pytest.mark.parametrize("identity, key", [("id-wrong", "ff" * 16), ("nobody", KEY)])
def test_a_wrong_key_gets_no_session(alone, identity, key):
    alone.rest("PUT", "/devices/wrong-key/credentials", {"psk": {"identity": "id-wrong", "key": KEY}}, want=204)
    finished = alone.metric("mp_dtls_handshakes_finished_total")
    device = secure(alone, "wrong-key", identity, key)
    with pytest.raises(TimeoutError):
        device.request(code("0.02"), ["rd"], (), timeout=1.5)
    assert alone.metric("mp_dtls_handshakes_finished_total") == finished


def test_an_unannounced_endpoint_is_refused_when_registration_is_not_open(make_server):
    server = make_server()
    server.stop()
    server.options.remove("--open-registration")
    server.start()
    w = Wire(server)
    assert w.register("stranger").code == code("4.03")
    assert server.metric('mp_lwm2m_refused_total{reason="unknown"}') == 1
    with Grown(server, 1500):
        for n in range(4000):
            w.send(w.registration(f"forged-{n}"))
            if n % 200 == 0:
                assert w.is_alive()
    assert server.metric('mp_lwm2m_refused_total{reason="unknown"}') > 2000
    server.rest("POST", "/devices", {"id": "stranger"}, want=201)
    assert w.register("stranger").code == code("2.01")
    assert server.metric("mp_lwm2m_registered") == 1


# ---- handshakes ----

def hello(cookie=b"", sequence=0):
    body = b"\xfe\xfd" + bytes(32) + b"\0" + bytes([len(cookie)]) + cookie + b"\0\2\xc0\xa8" + b"\1\0"
    message = b"\1" + len(body).to_bytes(3, "big") + struct.pack(">H", sequence) + bytes(3) + len(body).to_bytes(3, "big")
    message += body
    return b"\x16\xfe\xfd\0\0" + sequence.to_bytes(6, "big") + struct.pack(">H", len(message)) + message


def test_floods_of_half_open_handshakes_cost_a_bounded_memory(alone):
    """First without the cookie: nothing is kept. Then with it, 1,500 of them, none of which goes on."""
    alone.rest("PUT", "/devices/during/credentials", {"psk": {"identity": "id-during", "key": KEY}}, want=204)
    with Grown(alone, 32 * 1024):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", alone.coaps_port))
        s.settimeout(5)
        s.send(hello())
        assert len(s.recv(2000)) <= len(hello())  # it amplifies nothing
        with Grown(alone, 2048):
            for n in range(3000):
                s.send(hello())
                if n % 50 == 0:
                    s.recv(2000)
        s.close()
        for n in range(1500):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.bind((f"127.0.{1 + n // 250}.{1 + n % 250}", 0))
                one.connect(("127.0.0.1", alone.coaps_port))
                one.settimeout(5)
                one.send(hello())
                verify = one.recv(2000)
                one.send(hello(verify[28:28 + verify[27]], 1))
        assert alone.metric("mp_dtls_handshakes") <= 512
        secure(alone, "during", "id-during").registered()
        assert alone.rest("GET", "/devices/during/lwm2m", want=200)["secure"] is True
    assert alone.metric("mp_dtls_cookies_total") >= 4500
    crowded = alone.metric("mp_dtls_refused_total") + sum(
        float(line.split()[-1]) for line in alone.ask("GET", "/metrics", headers={
            "Authorization": f"Bearer {alone.admin}"})[1].splitlines() if line.startswith("mp_dtls_ended_total{"))
    assert crowded >= 1500 - 512 - 50


def test_records_of_nobody_are_dropped_and_counted(alone):
    before = alone.metric("mp_dtls_dropped_total")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", alone.coaps_port))
        for n in range(200):
            s.send(b"\x17\xfe\xfd\0\1" + n.to_bytes(6, "big") + b"\0\x20" + os.urandom(32))
            s.send(os.urandom(40))
    wait(lambda: alone.metric("mp_dtls_dropped_total") >= before + 300)


def test_a_device_of_ours_gets_through_all_of_this(alone):
    sim = Sim(alone, "after-", secure=True)
    assert values(sim.ask("GET", "/3/0/0")) == {"/3/0/0": "microPlatform"}
    assert sim.stop() == 0
