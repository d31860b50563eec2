# SPDX-License-Identifier: Apache-2.0
"""Our own REST for LwM2M: registrations, operations, the queue, events, telemetry."""
import threading
import time

import pytest

from conftest import Stream
from device import code, wait

DEV = "/devices/dev-1/lwm2m"


@pytest.fixture
def device(server):
    return server.device("dev-1").registered()


def values(answer):
    return {v["path"]: v.get("value") for v in answer["values"]}


# ---- registrations ----

def test_a_registration_is_shown_with_its_objects_and_their_names(server, device):
    one = server.rest("GET", DEV, want=200)
    assert (one["endpoint"], one["version"], one["binding"], one["lifetime"]) == ("dev-1", "1.1", "U", 300)
    assert one["secure"] is False and one["queue_mode"] is False and one["sleeping"] is False
    assert one["address"].startswith("127.0.0.1:")
    assert {o["id"]: (o["name"], o["instances"]) for o in one["objects"]}[3] == ("Device", [0])
    assert server.rest("GET", "/lwm2m", want=200)["total"] == 1
    assert server.rest("GET", "/lwm2m?q=none", want=200)["items"] == []
    server.rest("GET", "/devices/nobody/lwm2m", want=404)


def test_who_is_registered_is_online_and_was_seen_afterwards_too(server, device):
    def shown():
        return server.rest("GET", "/devices/dev-1")[1]

    def reason():
        return server.rest("GET", "/devices/dev-1/why", want=200)["reason"]

    wait(lambda: shown().get("id"))
    assert server.rest("GET", "/status", want=200)["online"] == 1
    assert reason() == "No rollout includes it."
    device.deregister()
    seen = shown()["last_seen"]
    assert 0 <= time.time() - seen < 60
    assert reason() == "No rollout includes it."
    server.stop()
    server.start()
    assert shown()["last_seen"] == seen
    server.rest("POST", "/devices", {"id": "dev-2"}, want=201)
    assert server.rest("GET", "/devices/dev-2", want=200)["last_seen"] == 0
    assert "never heard of" in server.rest("GET", "/devices/dev-2/why", want=200)["reason"]


# ---- reading ----

def test_ets_222_223_224_225_reading_objects_instances_resources(server, device):
    answer = server.rest("GET", f"{DEV}/3/0/9", want=200)
    assert answer["code"] == "2.05" and len(answer["values"]) == 1
    expected = {"path": "/3/0/9", "object": "Device", "name": "Battery Level", "units": "%", "type": "integer",
                "value": 87}
    assert expected.items() <= answer["values"][0].items(), answer
    assert values(answer) == {"/3/0/9": 87}
    found = values(server.rest("GET", f"{DEV}/3", want=200))
    assert found["/3/0/0"] == "Maker" and found["/3/0/13"] == 1795506896 and found["/3/0/11/0"] == 0
    assert values(server.rest("GET", f"{DEV}/3303/0", want=200))["/3303/0/5700"] == 20.1
    assert values(server.rest("GET", f"{DEV}/3/0/11/0", want=200)) == {"/3/0/11/0": 0}


def test_paths_may_be_names(server, device):
    assert values(server.rest("GET", f"{DEV}/Device/Battery%20Level", want=200)) == {"/3/0/9": 87}
    assert values(server.rest("GET", f"{DEV}/device/0/manufacturer", want=200)) == {"/3/0/0": "Maker"}
    server.rest("GET", f"{DEV}/device/0/moustache", want=400)


MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition"><Name>Tank</Name><Description1/><ObjectID>33000</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:33000</ObjectURN><MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources><Item ID="9"><Name>Level</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type>Integer</Type><RangeEnumeration/><Units>percent</Units><Description/></Item>
</Resources><Description2/></Object></LWM2M>
"""


def test_objects_of_the_product_are_read_from_its_models(server):
    folder = server.product / "models"
    folder.mkdir()
    (folder / "tank.xml").write_text(MODEL)
    server.restart()
    server.device("dev-1", values={(33000, 0, 9): 87}).registered()
    one = server.rest("GET", f"{DEV}/Tank/0/Level", want=200)["values"][0]
    assert (one["path"], one["name"], one["units"], one["value"]) == ("/33000/0/9", "Level", "percent", 87)


def test_a_model_that_is_not_sound_is_named(server):
    server.stop()
    folder = server.product / "models"
    folder.mkdir()
    (folder / "bad.xml").write_text(MODEL.replace("</Resources>", ""))
    with pytest.raises(AssertionError, match="bad.xml"):
        server.start()


def test_what_the_device_refuses_is_told_with_its_code(server, device):
    status, answer = server.rest("GET", f"{DEV}/3/0/4")
    assert status == 422 and answer["code"] == "4.05" and "METHOD_NOT_ALLOWED" in answer["error"]


def test_a_device_that_is_silent_is_a_timeout(server, device):
    device.silent = True
    start = time.monotonic()
    server.rest("GET", f"{DEV}/3/0/9?timeout=0.5", want=504)
    assert 0.4 < time.monotonic() - start < 25  # 30 without the word
    for bad in ("timeout=x", "timeout=-1", "timeout=nan", "timeout=1e9", "format=XML", "queue=maybe", "expiry=0"):
        server.rest("GET", f"{DEV}/3/0/9?{bad}", want=400)


def test_many_ask_at_once_and_each_gets_its_answer(server, device):
    got = []

    def read(resource):
        got.append((resource, values(server.rest("GET", f"{DEV}/3/0/{resource}", want=200))))
    threads = [threading.Thread(target=read, args=(r,)) for r in (0, 1, 3, 9, 14, 15) * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 30 and all(list(found) == [f"/3/0/{r}"] for r, found in got)


def test_who_hangs_up_takes_the_request_back_and_the_server_lives(server, device):
    import http.client
    device.silent = True
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
        connection.request("GET", f"/api/v1{DEV}/3/0/9?timeout=1", headers={"Authorization": f"Bearer {server.admin}"})
        connection.close()
    time.sleep(1.2)
    device.silent = False
    server.rest("GET", f"{DEV}/3/0/9", want=200)
    assert server.stop() == 0


def test_a_stop_while_requests_wait_is_clean(server, device):
    device.silent = True
    thread = threading.Thread(target=lambda: pytest.raises(Exception, server.rest, "GET", f"{DEV}/3/0/9"))
    thread.start()
    wait(lambda: device.log)
    assert server.stop() == 0
    thread.join()


# ---- writing ----

def test_ets_226_227_228_writing(server, device):
    assert server.rest("PUT", f"{DEV}/3/0/15", {"value": "Europe/Oslo"}, want=200) == {"code": "2.04"}
    assert device.values[3, 0, 15] == "Europe/Oslo"
    server.rest("PATCH", f"{DEV}/3/0", {"values": {"Timezone": "Asia/Tokyo", "14": "+09"}}, want=200)
    assert (device.values[3, 0, 15], device.values[3, 0, 14]) == ("Asia/Tokyo", "+09")
    server.rest("PUT", f"{DEV}/1/0", {"values": {"1": 100, "6": True, "7": "UQ"}}, want=200)
    assert (device.values[1, 0, 1], device.values[1, 0, 6]) == (100, True)
    assert server.rest("PUT", f"{DEV}/3/0/0", {"value": "x"}, want=422)["code"] == "4.05"


@pytest.mark.parametrize("body", [{}, {"value": "x"}, {"value": {"value": 1, "type": "moustache"}}, {"value": None},
                                  {"values": []}, {"values": {"17": 1, "/3/0/14": "x"}}, {"value": 1.5}, []])
def test_a_value_that_does_not_fit_is_refused_here(server, device, body):
    server.rest("PUT", f"{DEV}/1/0/1", body, want=400)
    assert not [m for m in device.log if m.code == 3]


def test_plain_bytes_are_an_opaque_value(server, device):
    device.values[5, 0, 0] = b""
    octets = {"Content-Type": "application/octet-stream"}
    server.rest("PUT", f"{DEV}/5/0/0", bytes(range(200)) * 20, headers=octets, want=200)
    assert device.values[5, 0, 0] == bytes(range(200)) * 20
    server.rest("PUT", f"{DEV}/5/0", b"x", headers=octets, want=400)


def test_ets_241_executing(server, device):
    server.rest("POST", f"{DEV}/3/0/4", want=200)
    server.rest("POST", f"{DEV}/Device/Reset%20Error%20Code", {"arguments": "0='x'"}, want=200)
    assert device.executed == [((3, 0, 4), ""), ((3, 0, 12), "0='x'")]
    assert server.rest("POST", f"{DEV}/3/0/0", want=422)["code"] == "4.05"


def test_ets_270_290_creating_and_deleting(server, device):
    made = server.rest("POST", f"{DEV}/3303", {"values": {"5701": "K"}}, want=201)
    assert made["location"] == "/3303/1" and device.values[3303, 1, 5701] == "K"
    server.rest("POST", f"{DEV}/3303", {"instance": 7, "values": {"5701": "F"}}, want=201)
    assert device.values[3303, 7, 5701] == "F"
    server.rest("POST", f"{DEV}/3303", {"instance": 8}, want=201)
    assert device.below((3303, 8))
    server.rest("DELETE", f"{DEV}/3303/7", want=200)
    assert not device.below((3303, 7))
    assert server.rest("DELETE", f"{DEV}/3303/7", want=422)["code"] == "4.04"


def test_ets_260_261_discover_and_attributes(server, device):
    server.rest("PUT", f"{DEV}/3/0/9/attributes", {"pmin": 1, "pmax": 10}, want=200)
    assert device.attributes[3, 0, 9] == {"pmin": "1", "pmax": "10"}
    links = server.rest("GET", f"{DEV}/3/0/discover", want=200)["links"]
    battery = next(link for link in links if link["path"] == "/3/0/9")
    assert battery["operations"] == "R" and battery["type"] == "integer"
    assert battery["name"] == "Battery Level" and battery["attributes"] == {"pmin": "1", "pmax": "10"}
    server.rest("PUT", f"{DEV}/3/0/9/attributes", {"pmin": None}, want=200)
    assert device.attributes[3, 0, 9] == {"pmax": "10"}
    for bad in ({"gt": 1, "lt": 2}, {"moustache": 1}, {"pmin": "x"}, {"pmin": -1}):
        server.rest("PUT", f"{DEV}/3/0/9/attributes", bad, want=400)
    server.rest("PUT", f"{DEV}/3/attributes", {"gt": 1}, want=400)


# ---- composite ----

def test_ets_229_230_composite_reading_and_writing(server, device):
    found = server.rest("GET", f"{DEV}/composite?paths=/3/0/9,/1/0/1,3303/0", want=200)
    assert values(found) == {"/1/0/1": 120, "/3/0/9": 87, "/3303/0/5700": 20.1, "/3303/0/5701": "Cel"}
    server.rest("PUT", f"{DEV}/composite", {"values": {"/3/0/15": "Asia/Tokyo", "LwM2M Server/Lifetime": 99}}, want=200)
    assert device.values[3, 0, 15] == "Asia/Tokyo" and device.values[1, 0, 1] == 99
    for bad in ("", "?paths=", "?paths=/a", "?paths=" + ",".join(["/3/0"] * 40)):
        server.rest("GET", f"{DEV}/composite{bad}", want=400)


# ---- observing and events ----

def test_ets_301_observing_streams_values(server, device):
    stream = Stream(server, "/api/v1/events?device=dev-1", {"Authorization": f"Bearer {server.admin}"})
    assert values(server.rest("POST", f"{DEV}/3/0/9/observe", want=200)) == {"/3/0/9": 87}
    device.change((3, 0, 9), 86)
    _, event = stream.next("notification")
    assert event["device"] == "dev-1" and event["paths"] == ["/3/0/9"] and values(event) == {"/3/0/9": 86}
    assert server.rest("GET", DEV, want=200)["observations"] == [
        {"paths": ["/3/0/9"], "composite": False, "notifications": 1}]
    server.rest("DELETE", f"{DEV}/3/0/9/observe", want=204)
    server.rest("DELETE", f"{DEV}/3/0/9/observe", want=404)
    device.change((3, 0, 9), 85)
    wait(lambda: not device.observations)  # ets 302: a reset
    stream.close()


def test_ets_303_an_observation_ends_actively(server, device):
    server.rest("POST", f"{DEV}/3/0/9/observe", want=200)
    server.rest("DELETE", f"{DEV}/3/0/9/observe?active=yes", want=200)
    assert not device.observations and server.rest("GET", DEV, want=200)["observations"] == []


def test_ets_304_305_composite_observation(server, device):
    stream = Stream(server, "/api/v1/events?kinds=notification", {"Authorization": f"Bearer {server.admin}"})
    found = server.rest("POST", f"{DEV}/composite/observe?paths=/3/0/9,/3303/0/5700", want=200)
    assert values(found) == {"/3/0/9": 87, "/3303/0/5700": 20.1}
    device.change((3303, 0, 5700), 21.5)
    _, event = stream.next()
    assert event["paths"] == ["/3/0/9", "/3303/0/5700"] and values(event)["/3303/0/5700"] == 21.5
    server.rest("DELETE", f"{DEV}/composite/observe?paths=/3/0/9,/3303/0/5700", want=204)
    stream.close()


def test_registrations_and_ets_306_send_are_events(server):
    stream = Stream(server, "/api/v1/events?kinds=registration,send", {"Authorization": f"Bearer {server.admin}"})
    device = server.device("dev-2").registered()
    kind, event = stream.next()
    assert (kind, event["event"], event["endpoint"]) == ("registration", "registered", "dev-2")
    device.update("lt=99")
    assert stream.next()[1]["event"] == "updated"
    assert device.send({(3303, 0, 5700): 19.5}).code == code("2.04")
    kind, event = stream.next()
    assert kind == "send" and values(event) == {"/3303/0/5700": 19.5}
    device.deregister()
    assert stream.next()[1]["event"] == "deregistered"
    stream.close()


def test_a_stream_without_a_wish_hears_nothing_of_this(server, device):
    stream = Stream(server, "/api/v1/events", {"Authorization": f"Bearer {server.admin}"})
    device.send({(3303, 0, 5700): 19.5})
    server.rest("POST", "/devices", {"id": "fleet-1"}, want=201)
    assert stream.next()[0] == "device"
    assert b"send" not in b"".join(stream.raw)
    stream.close()


# ---- devices that sleep ----

@pytest.fixture
def sleeper(make_server):
    server = make_server("--awake", "1")
    device = server.device("dev-1", queue=True).registered()
    wait(lambda: server.rest("GET", DEV, want=200)["sleeping"])
    return server, device


def test_ets_109_requests_wait_for_a_sleeping_device_and_their_results_are_kept(sleeper):
    server, device = sleeper
    stream = Stream(server, "/api/v1/events?device=dev-1", {"Authorization": f"Bearer {server.admin}"})
    first = server.rest("GET", f"{DEV}/3/0/9", want=202)["request"]
    server.rest("PUT", f"{DEV}/3/0/15", {"value": "A"}, want=202)
    last = server.rest("PUT", f"{DEV}/3/0/15?queue=replace", {"value": "B"}, want=202)["request"]
    server.rest("GET", f"{DEV}/3/0/9?queue=no", want=503)
    waiting = server.rest("GET", f"{DEV}/queue", want=200)["items"]
    assert [(w["request"], w["kind"], w["path"], w["state"]) for w in waiting] == [
        (first, "read", "/3/0/9", "waiting"), (last, "write-replace", "/3/0/15", "waiting")]
    device.update()
    _, event = stream.next("request")
    assert event["request"] == first and event["outcome"] == "answered" and values(event) == {"/3/0/9": 87}
    stream.next("request")
    assert device.values[3, 0, 15] == "B"
    done = server.rest("GET", f"{DEV}/queue/{first}", want=200)
    assert done["state"] == "done" and done["code"] == "2.05" and values(done) == {"/3/0/9": 87}
    server.rest("GET", f"/devices/other/lwm2m/queue/{first}", want=404)
    server.rest("DELETE", f"{DEV}/queue/{first}", want=204)
    server.rest("DELETE", f"{DEV}/queue/{first}", want=404)
    assert server.rest("DELETE", f"{DEV}/queue", want=200) == {"removed": 1}
    stream.close()


# ---- telemetry ----

def test_observed_and_sent_values_are_kept_as_series(server, device):
    server.rest("POST", f"{DEV}/3303/0/5700/observe", want=200)
    for value in (20.5, 21.5, 22.5):
        device.change((3303, 0, 5700), value)
        wait(lambda: server.rest("GET", "/devices/dev-1/telemetry")[1]["items"][0]["value"] == value)
    device.send({(3, 0, 9): 80, (3303, 0, 5701): "Cel"})
    path = "/devices/dev-1/telemetry"
    series = wait(lambda: (lambda s: s if len(s) == 3 else None)(server.rest("GET", path, want=200)["items"]))
    assert {s["path"]: s["value"] for s in series} == {"/3303/0/5700": 22.5, "/3/0/9": 80, "/3303/0/5701": "Cel"}
    found = server.rest("GET", path + "?path=/3303/0/5700", want=200)
    assert [p["value"] for p in found["points"]] == [20.5, 21.5, 22.5] and found["units"] == "Cel"
    assert found["object"] == "Temperature" and found["name"] == "Sensor Value" and not found["truncated"]
    assert abs(found["points"][-1]["time"] - time.time()) < 60
    steps = server.rest("GET", path + "?path=Temperature/0/Sensor%20Value&step=86400", want=200)["points"]
    assert sum(p["count"] for p in steps) == 3 and steps[0]["min"] == 20.5
    for bad in ("path=/3", "path=x", "path=/3/0/9&from=x", "path=/3/0/9&from=5&to=4", "path=/3/0/9&step=-1"):
        server.rest("GET", f"{path}?{bad}", want=400)
    server.rest("GET", path + "?path=/3/0/10", want=404)
    metrics = server.rest("GET", "/../../metrics") and server.ask("GET", "/metrics", headers={
        "Authorization": f"Bearer {server.admin}"}, want=200)
    assert 'mp_lwm2m_value{device="dev-1",path="/3/0/9",unit="%"} 80' in metrics


def test_telemetry_is_there_after_kill_9(server, device):
    device.send({(3, 0, 9): 70})
    server.kill()
    server.start()
    found = server.rest("GET", "/devices/dev-1/telemetry?path=/3/0/9", want=200)
    assert [p["value"] for p in found["points"]] == [70]


# ---- who may ----

def test_viewers_look_operators_operate_and_administrators_give_keys(server, device):
    viewer = server.rest("POST", "/tokens", {"name": "v", "role": "viewer"}, want=201)["token"]
    operator = server.rest("POST", "/tokens", {"name": "o", "role": "operator"}, want=201)["token"]
    server.rest("GET", DEV, token=viewer, want=200)
    server.rest("GET", "/devices/dev-1/telemetry", token=viewer, want=200)
    server.rest("GET", f"{DEV}/3/0/9", token=viewer, want=403)
    server.rest("GET", f"{DEV}/3/0/9", token=operator, want=200)
    server.rest("GET", "/devices/dev-1/credentials", token=operator, want=403)


def test_who_has_credentials_is_refused_without_security(server):
    server.rest("PUT", "/devices/dev-9/credentials", {"psk": {"key": "00" * 16}}, want=204)
    assert server.device("dev-9").register().code == code("4.03")
    server.rest("DELETE", "/devices/dev-9/credentials", want=204)
    assert server.device("dev-9").register().code == code("2.01")


def test_a_device_that_is_removed_leaves_no_values_and_no_keys(server, device):
    device.send({(3, 0, 9): 70})
    wait(lambda: server.rest("GET", "/devices/dev-1")[0] == 200)  # the fleet learns of it
    server.rest("PUT", "/devices/dev-1/credentials", {"psk": {"key": "00" * 16}}, want=204)
    server.rest("DELETE", "/devices/dev-1", want=204)
    assert server.rest("GET", "/devices/dev-1/telemetry", want=200)["items"] == []
    server.rest("GET", "/devices/dev-1/credentials", want=404)
