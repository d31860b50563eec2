# SPDX-License-Identifier: Apache-2.0
"""The bootstrap server: configurations by REST, sessions of devices."""
import json

import pytest

import fleet
from conftest import Stream
from device import GET, Device, code, records, wait

CONFIG = {"delete": ["/0", "/1"],
          "values": {"/0/0/0": "coap://127.0.0.1:5683", "/0/0/1": False, "/0/0/2": 3, "/0/0/3": "", "/0/0/5": "",
                     "/0/0/10": 123, "/1/0/0": 123, "/1/0/1": 300, "/1/0/6": True, "/1/0/7": "U"}}
KEYS = {"values": {"/0/0/0": "coaps://127.0.0.1:5684", "/0/0/2": 0, "/0/0/3": "6964", "/0/0/5": "00112233445566778899"}}


@pytest.fixture
def server(make_server):
    port = fleet.free_port()
    server = make_server("--bootstrap-coap-port", str(port))
    server.bootstrap_port = port
    return server


@pytest.fixture
def device(server):
    device = Device("boot-1", server.bootstrap_port)
    yield device
    device.close()


def test_ets_0_6_a_device_is_deleted_written_and_finished_in_order(server, device):
    server.rest("PUT", "/devices/boot-1/bootstrap", dict(CONFIG, discover=True), want=204)
    stream = Stream(server, "/api/v1/events?device=boot-1", {"Authorization": f"Bearer {server.admin}"})
    assert device.bootstrap().code == code("2.04")
    wait(lambda: not device.bootstrapping)
    steps = [(m.code, "/".join(p.decode() for p in m.all(11))) for m in device.log]
    assert steps == [(1, ""), (4, "0"), (4, "1"), (3, "0/0"), (3, "1/0"), (2, "bs")]
    assert device.values[0, 0, 0] == "coap://127.0.0.1:5683" and device.values[1, 0, 1] == 300
    assert stream.next("bootstrap")[1]["state"] == "running"
    assert stream.next("bootstrap")[1]["state"] == "finished"
    done = server.rest("GET", "/bootstrap/sessions", want=200)["items"]
    assert [(d["device"], d["state"]) for d in done] == [("boot-1", "finished")]
    stream.close()


def test_keys_that_are_not_given_are_written_empty(server, device):
    """They are mandatory, and a stock Leshan client gives up without."""
    server.rest("PUT", "/devices/boot-1/bootstrap", {"values": {"/0/1/0": "coap://127.0.0.1:5683", "/0/1/2": 3,
                                                                "/0/2/0": "coaps://127.0.0.1:5684", "/0/2/5": "00ff"}}, want=204)
    assert device.bootstrap().code == code("2.04")
    wait(lambda: not device.bootstrapping)
    assert [device.values[0, 1, n] for n in (3, 4, 5)] == [b""] * 3
    assert [device.values[0, 2, n] for n in (3, 4, 5)] == [b"", b"", b"\0\xff"]
    assert set(server.rest("GET", "/devices/boot-1/bootstrap", want=200)["values"]) == {
        "/0/1/0", "/0/1/2", "/0/2/0", "/0/2/5"}


def test_without_its_own_a_device_gets_the_default_configuration(server, device):
    assert device.bootstrap().code == code("4.00")
    server.rest("PUT", "/bootstrap/default", CONFIG, want=204)
    assert device.bootstrap().code == code("2.04")
    wait(lambda: not device.bootstrapping)
    server.rest("DELETE", "/bootstrap/default", want=204)
    server.rest("GET", "/bootstrap/default", want=404)


def test_the_pack_of_1_2_has_everything_at_once(server, device):
    server.rest("PUT", "/devices/boot-1/bootstrap", CONFIG, want=204)
    from device import ACCEPT, BLOCK2, CON, SENML, URI_PATH, URI_QUERY, encode
    import threading
    pack, number, more = b"", 0, True
    while more:  # who has not shown that it is there gets no more than three times what it sent
        token, done = bytes([number]), threading.Event()
        device.waiting[token] = done
        question = encode(CON, GET, 77 + number, token, [
            (URI_PATH, "bspack"), (URI_QUERY, "ep=boot-1"), (ACCEPT, SENML), (BLOCK2, number << 4 | 1)])
        device.socket.send(question)
        assert done.wait(60)
        answer = device.answers[token]
        assert answer.code == code("2.05") and len(answer.payload) == 32 or not answer.one(BLOCK2) & 8
        pack, more, number = pack + answer.payload, answer.one(BLOCK2) & 8, number + 1
    assert records(pack, ())[1, 0, 1] == 300
    done = server.rest("GET", "/bootstrap/sessions", want=200)["items"]
    assert {(d["device"], d["message"]) for d in done} == {("boot-1", "the device took its pack")}


def test_a_refusal_and_a_silent_device_end_the_session(server, device):
    server.rest("PUT", "/devices/boot-1/bootstrap", CONFIG, want=204)
    device.refuse = "4.05"
    device.bootstrap()
    sessions = lambda: server.rest("GET", "/bootstrap/sessions", want=200)["items"]  # noqa: E731
    assert "4.05" in wait(lambda: [s for s in sessions() if s["state"] == "failed"])[0]["message"]
    device.refuse, device.silent = None, True
    device.bootstrap()
    assert sessions()[0]["state"] == "running"
    device.silent = False
    device.bootstrap()  # it starts anew
    wait(lambda: sessions()[0]["state"] == "finished")
    assert sessions()[1]["message"] == "the device asked again"


def test_keys_go_in_and_do_not_come_out(server):
    server.rest("PUT", "/devices/boot-1/bootstrap", KEYS, want=204)
    shown = server.rest("GET", "/devices/boot-1/bootstrap", want=200)
    assert shown["values"]["/0/0/5"] is None and shown["values"]["/0/0/2"] == 0
    server.kill()
    assert b"00112233445566778899" not in b"".join(p.read_bytes() for p in server.data.glob("server.db*"))
    server.start()
    assert server.rest("GET", "/devices/boot-1/bootstrap", want=200) == shown


@pytest.mark.parametrize("config", [{"delete": ["/3/0/1"]}, {"delete": 1}, {"values": {"/1/0/1": "x"}}, {"values": 3},
                                    {"delete": ["/0"] * 17}, {"values": {"nowhere": 1}}])
def test_what_no_device_could_take_is_refused(server, config):
    server.rest("PUT", "/devices/boot-1/bootstrap", config, want=400)


def test_who_has_credentials_must_prove_them(server, device):
    server.rest("PUT", "/bootstrap/default", CONFIG, want=204)
    server.rest("PUT", "/devices/boot-1/credentials", {"psk": {"key": "00" * 16}}, want=204)
    assert device.bootstrap().code == code("4.00")
    assert json.dumps(server.rest("GET", "/bootstrap/sessions", want=200)["items"]) == "[]"


def test_leshan_configures_the_same(make_server):
    server = make_server()
    config = {"servers": {"0": {"shortId": 123, "lifetime": 300, "defaultMinPeriod": 1, "notifIfDisabled": True, "binding": "U"}},
              "security": {"1": {"uri": "coaps://h:5684", "bootstrapServer": False, "securityMode": "PSK",
                                 "publicKeyOrId": [105, 100], "secretKey": [-1, 2], "serverId": 123}},
              "oscore": {}, "toDelete": ["/0", "/1"]}
    server.leshan("POST", "/api/bootstrap/boot-2", config, want=204)
    values = server.rest("GET", "/devices/boot-2/bootstrap", want=200)["values"]
    assert values["/0/1/3"] == "6964" and values["/0/1/2"] == 0 and values["/1/0/1"] == 300
    shown = server.leshan("GET", "/api/bootstrap", want=200)["boot-2"]
    config["security"]["1"]["secretKey"] = []
    assert shown == config
    server.leshan("POST", "/api/bootstrap/boot-2", {"toDelete": ["x"]}, want=400)
    server.leshan("DELETE", "/api/bootstrap/boot-2", want=204)
    server.leshan("DELETE", "/api/bootstrap/boot-2", want=404)


def test_mp_shows_and_sets(server, device, tmp_path):
    import subprocess
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))

    def mp(*args, want=0):
        done = subprocess.run([fleet.BUILD / "mp", "-C", server.product, "lwm2m", "bootstrap", *args, "--server",
                               f"https://127.0.0.1:{server.port}"], capture_output=True, text=True, timeout=60)
        assert done.returncode == want, done.stderr
        return done.stdout
    mp("set", "boot-1", tmp_path / "config.json")
    assert json.loads(mp("show", "boot-1"))["values"]["/1/0/1"] == 300
    device.bootstrap()
    wait(lambda: not device.bootstrapping)
    assert "finished" in mp("ls")
    mp("rm", "boot-1")
    mp("show", "boot-1", want=1)
    mp("dance", "boot-1", want=2)


def test_ets_1_bootstrap_over_dtls_with_a_psk(make_server):
    """openssl shakes hands; what it sends and gets is CoAP."""
    import subprocess
    from device import CON, POST, URI_PATH, URI_QUERY, encode
    port = fleet.free_port()
    server = make_server("--bootstrap-port", str(port))
    server.rest("PUT", "/bootstrap/default", CONFIG, want=204)
    server.rest("PUT", "/devices/boot-1/credentials", {"psk": {"identity": "b1", "key": "00112233445566778899aabbccddeeff"}},
                want=204)
    client = subprocess.Popen(
        ["openssl", "s_client", "-quiet", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-psk_identity", "b1", "-psk",
         "00112233445566778899aabbccddeeff", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdin.write(encode(CON, POST, 1, b"tok1", [(URI_PATH, "bs"), (URI_QUERY, "ep=boot-1")]))
    client.stdin.flush()
    answer = client.stdout.read1(2000)
    assert answer[1] == code("2.04") and answer[4:8] == b"tok1"
    assert server.rest("GET", "/bootstrap/sessions", want=200)["items"][0]["device"] == "boot-1"
    client.kill()
    client.wait()
    client.stdin.close()
    client.stdout.close()
