# SPDX-License-Identifier: Apache-2.0
"""Leshan's REST and events: the shapes that a demo server of 2.x answered, and the numbers of 1.x."""
import re

import pytest

from conftest import Stream
from device import Link, Time, code, wait

CLIENT = "/api/clients/dev-1"
OK = {"status": "CHANGED(204)", "valid": True, "success": True, "failure": False}
# Kinds and types of everything, as an object for tests has it (3442 has no place in our model).
ALL = {(3442, 0, 110): "initial value", (3442, 0, 120): 1024, (3442, 0, 130): 3.14159, (3442, 0, 140): True,
       (3442, 0, 150): bytes.fromhex("0123456789abcdef"), (3442, 0, 170): Link((3, 0))}


@pytest.fixture
def device(server):
    from device import VALUES
    return server.device("dev-1", values=VALUES | ALL).registered()


def content(node):
    return {"status": "CONTENT(205)", "valid": True, "success": True, "failure": False, "content": node}


def single(ident, kind, value):
    return {"kind": "singleResource", "id": ident, "type": kind, "value": value}


def failure(status):
    return {"status": status, "valid": True, "success": False, "failure": True}


# ---- clients ----

def test_clients_as_leshan_shows_them(server, device):
    one = server.leshan("GET", CLIENT, want=200)
    assert server.leshan("GET", "/api/clients", want=200) == [one]
    assert one["endpoint"] == "dev-1" and one["lwM2mVersion"] == "1.1" and one["bindingMode"] == "U"
    assert one["rootPath"] == "/" and one["secure"] is False and one["queuemode"] is False and "sleeping" not in one
    assert one["objectLinks"][0] == {"url": "/", "attributes": {"rt": '"oma.lwm2m"', "ct": "110"}}
    assert {"url": "/3/0", "attributes": {}} in one["objectLinks"]
    assert one["availableInstances"] == {"1": [0], "3": [0], "3303": [0], "3442": [0]}
    assert one["additionalRegistrationAttributes"] == {}
    assert isinstance(one["registrationDate"], int) and one["registrationDate"] > 1.6e12
    assert set(one) == {"endpoint", "registrationId", "registrationDate", "lastUpdate", "address", "lwM2mVersion",
                        "lifetime", "bindingMode", "rootPath", "objectLinks", "secure",
                        "additionalRegistrationAttributes", "queuemode", "availableInstances"}


def test_unknown_clients_and_paths(server, device):
    assert server.leshan("GET", "/api/clients/", want=400) == "Invalid path"
    for path in ("", "/3/0"):
        assert server.leshan("GET", f"/api/clients/nosuch{path}", want=400) == "No registered client with id 'nosuch'"
    assert server.leshan("GET", f"{CLIENT}/abc", want=400).startswith("Invalid request: ")
    assert server.leshan("PUT", f"{CLIENT}/3", {}, want=400) == "Invalid path"


# ---- reading ----

@pytest.mark.parametrize("path, node", [
    ("/3/0/0", single(0, "STRING", "Maker")),
    ("/3/0/9", single(9, "INTEGER", "87")),
    ("/3/0/13", single(13, "TIME", 1795506896000)),
    ("/3/0/11/0", {"kind": "resourceInstance", "id": 0, "type": "INTEGER", "value": "0"}),
    ("/3/0/11", {"kind": "multiResource", "values": {"0": "0"}, "id": 11, "type": "INTEGER"}),
    ("/3303/0/5700", single(5700, "FLOAT", "20.1")),
    ("/3303/0", {"kind": "instance", "id": 0, "resources": [single(5700, "FLOAT", "20.1"), single(5701, "STRING", "Cel")]}),
    ("/3303", {"kind": "obj", "id": 3303, "instances": [
        {"kind": "instance", "id": 0, "resources": [single(5700, "FLOAT", "20.1"), single(5701, "STRING", "Cel")]}]}),
    ("/3442/0/140", single(140, "BOOLEAN", True)),
    ("/3442/0/150", single(150, "OPAQUE", "0123456789abcdef")),
    ("/3442/0/170", single(170, "OBJLNK", {"objectId": 3, "objectInstanceId": 0, "nullLink": False})),
])
def test_nodes_of_2_x(server, device, path, node):
    assert server.leshan("GET", CLIENT + path, want=200) == content(node)


@pytest.mark.parametrize("value, text", [(-12.0, "-12.0"), (0.0, "0.0"), (1e10, "1.0E10"), (0.00012, "1.2E-4"),
                                         (100.0, "100.0"), (1234567.5, "1234567.5"), (20.125, "20.125")])
def test_floats_are_written_as_java_does(server, device, value, text):
    device.values[3303, 0, 5700] = value
    assert server.leshan("GET", f"{CLIENT}/3303/0/5700", want=200)["content"]["value"] == text


def test_options_of_a_read(server, device):
    for query in ("?format=TEXT", "?format=NOSUCH", "?format=SENML_JSON&timeout=5"):
        assert server.leshan("GET", f"{CLIENT}/3/0/0{query}", want=200) == content(single(0, "STRING", "Maker"))


def test_a_refusal_is_200_with_its_status(server, device):
    assert server.leshan("GET", f"{CLIENT}/3/0/4", want=200) == failure("METHOD_NOT_ALLOWED(405)")
    assert server.leshan("GET", f"{CLIENT}/9999", want=200) == failure("NOT_FOUND(404)")


def test_a_timeout_is_504(server, device):
    device.silent = True
    assert server.leshan("GET", f"{CLIENT}/3/0/0?timeout=1", want=504) == "Request timeout"


def test_ets_260_discover(server, device):
    found = server.leshan("GET", f"{CLIENT}/3303/discover", want=200)
    assert found["objectLinks"] == [{"url": path, "attributes": {}} for path in (
        "/3303", "/3303/0", "/3303/0/5700", "/3303/0/5701")]


# ---- writing ----

@pytest.mark.parametrize("path, node, stored", [
    ("/3/0/15", {"id": 15, "kind": "singleResource", "value": "Europe/Paris", "type": "string"}, "Europe/Paris"),
    ("/3/0/15", {"id": 15, "value": "Europe/Rome"}, "Europe/Rome"),
    ("/1/0/1", {"id": 1, "kind": "singleResource", "value": "100", "type": "integer"}, 100),
    ("/1/0/1", {"id": 1, "kind": "singleResource", "value": 110, "type": "INTEGER"}, 110),
    ("/1/0/6", {"id": 6, "kind": "singleResource", "value": True, "type": "boolean"}, True),
    ("/3442/0/150", {"id": 150, "value": "0102ff", "type": "opaque"}, b"\x01\x02\xff"),
    ("/3/0/13", {"id": 13, "value": 1700000000000, "type": "time"}, 1700000000),
    ("/3442/0/170", {"id": 170, "value": {"objectId": 3, "objectInstanceId": 1}, "type": "objlnk"}, "3:1"),
    ("/3442/0/130", {"id": 130, "value": "1.5", "type": "float"}, 1.5),
])
def test_writing_a_resource(server, device, path, node, stored):
    assert server.leshan("PUT", CLIENT + path, node, want=200) == OK
    assert device.values[tuple(map(int, path[1:].split("/")))] == stored


def test_writing_text_several_values_and_instances(server, device):
    text = {"Content-Type": "text/plain"}
    assert server.leshan("PUT", f"{CLIENT}/3/0/15", "Europe/Oslo", headers=text, want=200) == OK
    assert device.values[3, 0, 15] == "Europe/Oslo"
    node = {"id": 0, "kind": "instance", "resources": [
        {"id": 15, "kind": "singleResource", "value": "Europe/London", "type": "string"},
        {"id": 14, "kind": "singleResource", "value": "+01", "type": "string"}]}
    assert server.leshan("PUT", f"{CLIENT}/3/0?replace=false", node, want=200) == OK
    assert (device.values[3, 0, 15], device.values[3, 0, 14]) == ("Europe/London", "+01")
    node = {"id": 11, "kind": "multiResource", "values": {"0": "1", "1": 2}, "type": "integer"}
    assert server.leshan("PUT", f"{CLIENT}/3/0/11", node, want=200) == OK
    assert (device.values[3, 0, 11, 0], device.values[3, 0, 11, 1]) == (1, 2)


@pytest.mark.parametrize("body, kind", [("plain", "application/x-www-form-urlencoded"), ("{bad", "application/json"),
                                        ('{"id":1,"value":"abc","type":"integer"}', "application/json"),
                                        ('{"id":1}', "application/json"), ("[]", "application/json"),
                                        ('{"id":1,"value":"abc","type":"moustache"}', "application/json")])
def test_what_cannot_be_written_is_400(server, device, body, kind):
    answer = server.leshan("PUT", f"{CLIENT}/1/0/1", body, headers={"Content-Type": kind}, want=400)
    assert answer.startswith("Invalid request: ")


def test_ets_241_executing(server, device):
    assert server.leshan("POST", f"{CLIENT}/3/0/12", "0='hello'", want=200) == OK
    assert server.leshan("POST", f"{CLIENT}/3/0/4", want=200) == OK
    assert device.executed == [((3, 0, 12), "0='hello'"), ((3, 0, 4), "")]
    assert server.leshan("POST", f"{CLIENT}/3/0/0", want=200) == failure("METHOD_NOT_ALLOWED(405)")


def test_ets_270_290_creating_and_deleting(server, device):
    made = OK | {"status": "CREATED(201)"}
    assert server.leshan("POST", f"{CLIENT}/3303", {"id": 1, "kind": "instance", "resources": []}, want=200) == made
    node = {"kind": "instance", "resources": [{"id": 5701, "kind": "singleResource", "value": "new", "type": "string"}]}
    assert server.leshan("POST", f"{CLIENT}/3303", node, want=200) == made | {"location": "3303/2"}
    assert device.values[3303, 2, 5701] == "new"
    assert "object instance" in server.leshan("POST", f"{CLIENT}/3303", {"id": 1, "value": "x"}, want=400)
    assert server.leshan("DELETE", f"{CLIENT}/3303/1", want=200) == OK | {"status": "DELETED(202)"}
    assert server.leshan("DELETE", f"{CLIENT}/3303/1", want=200) == failure("NOT_FOUND(404)")
    assert server.leshan("DELETE", f"{CLIENT}/3/0", want=200) == failure("METHOD_NOT_ALLOWED(405)")


def test_ets_261_attributes(server, device):
    assert server.leshan("PUT", f"{CLIENT}/3/0/9/attributes?pmin=1&pmax=10", want=200) == OK
    assert server.leshan("PUT", f"{CLIENT}/3/0/9/attributes?pmin=", want=200) == OK
    assert device.attributes[3, 0, 9] == {"pmax": "10"}
    for query in ("pmin=x", "nosuch=1"):
        assert server.leshan("PUT", f"{CLIENT}/3/0/9/attributes?{query}", want=400).startswith("Invalid attributes: ")


# ---- composite ----

def test_ets_229_230_composite(server, device):
    formats = "&pathformat=SENML_JSON&nodeformat=SENML_JSON"
    found = server.leshan("GET", f"{CLIENT}/composite?paths=/3/0/0,/1/0/1,/9/9{formats}", want=200)
    assert found == content({"/3/0/0": single(0, "STRING", "Maker"), "/1/0/1": single(1, "INTEGER", "120")})
    body = {"/3/0/15": {"id": 15, "kind": "singleResource", "value": "Asia/Tokyo", "type": "string"},
            "/3/0/14": {"id": 14, "value": "+09"}}
    assert server.leshan("PUT", f"{CLIENT}/composite?nodeformat=SENML_JSON", body, want=200) == OK
    assert (device.values[3, 0, 15], device.values[3, 0, 14]) == ("Asia/Tokyo", "+09")


# ---- observing and events ----

def test_ets_301_302_303_observing(server, device):
    stream = Stream(server, "/leshan/api/event?ep=dev-1")
    assert server.leshan("POST", f"{CLIENT}/3/0/9/observe", want=200) == content(single(9, "INTEGER", "87"))
    device.change((3, 0, 9), 86)
    assert stream.next("NOTIFICATION")[1] == {"ep": "dev-1", "kind": "single", "res": "/3/0/9",
                                             "val": single(9, "INTEGER", "86")}
    assert re.fullmatch(rb"event: NOTIFICATION\r\n", stream.raw[-2])
    assert server.leshan("DELETE", f"{CLIENT}/3/0/9/observe?active", want=200) == content(single(9, "INTEGER", "86"))
    gone = server.leshan("DELETE", f"{CLIENT}/3/0/9/observe?active", want=404)
    assert gone.startswith("no observation for path /3/0/9 for  client")
    server.leshan("POST", f"{CLIENT}/3303/0/observe", want=200)
    assert server.leshan("DELETE", f"{CLIENT}/3303/0/observe", want=200) == ""
    assert server.leshan("DELETE", f"{CLIENT}/3/0/2/observe", want=200) == ""
    stream.close()


def test_ets_304_305_306_composite_observation_and_send(server, device):
    stream = Stream(server, "/leshan/api/event", {"Accept": "text/event-stream"})
    paths = "paths=/3/0/9,/3303/0/5700"
    server.leshan("POST", f"{CLIENT}/composite/observe?{paths}", want=200)
    device.change((3303, 0, 5700), 21.5)
    assert stream.next("NOTIFICATION")[1] == {
        "ep": "dev-1", "kind": "composite", "paths": ["/3/0/9", "/3303/0/5700"],
        "val": {"/3/0/9": single(9, "INTEGER", "87"), "/3303/0/5700": single(5700, "FLOAT", "21.5")}}
    assert server.leshan("DELETE", f"{CLIENT}/composite/observe?{paths}", want=200) == ""
    device.send({(3, 0, 9): 50})
    assert stream.next("SEND")[1] == {"ep": "dev-1", "val": {"/3/0/9": single(9, "INTEGER", "50")}}
    stream.close()


def test_the_life_of_a_registration_is_told(server):
    stream = Stream(server, "/leshan/api/event?dev-3")  # as one test client has it: nothing is filtered
    device = server.device("dev-3").registered()
    kind, told = stream.next()
    assert kind == "REGISTRATION" and told == server.leshan("GET", "/api/clients/dev-3", want=200)
    device.update("lt=110")
    kind, told = stream.next()
    assert kind == "UPDATED" and told["registration"]["lifetime"] == 110
    assert told["update"]["lifetime"] == 110 and told["update"]["additionalAttributes"] == {}
    device.deregister()
    assert stream.next()[0] == "DEREGISTRATION"
    stream.close()


def test_ets_109_a_sleeping_client_answers_later(make_server):
    server = make_server("--awake", "1")
    device = server.device("q-1", queue=True).registered()
    stream = Stream(server, "/leshan/api/event?ep=q-1")
    assert stream.next("SLEEPING")[1] == {"ep": "q-1"}
    assert server.leshan("GET", "/api/clients/q-1", want=200)["sleeping"] is True
    delayed = server.leshan("GET", "/api/clients/q-1/3/0/9", want=200)
    assert delayed == {"ep": "q-1", "path": "/3/0/9", "requestId": delayed["requestId"], "delayed": True}
    device.update()
    _, answer = stream.next("REQUEST_RESPONSE")
    assert answer == content(single(9, "INTEGER", "87")) | {"ep": "q-1", "requestId": delayed["requestId"]}
    stream.close()


# ---- security ----

KEY = ("3059301306072a8648ce3d020106082a8648ce3d03010703420004d26daaf30224b996e0951680016721936bdc10906fb6e70f0a5ea1"
       "ad96f8db815a2820efd7f3d9ca43611af8a3e1b465cf8fddd941c2b98150408fb8f555bf8e")


def test_security_takes_keys_and_never_shows_them(server):
    psk = {"endpoint": "sec-1", "tls": {"mode": "psk", "details": {"identity": "id-1", "key": "00112233445566778899"}}}
    for path in ("/api/security/clients/", "/api/security/clients"):
        assert server.leshan("PUT", path, psk, want=200) == ""
    taken = server.leshan("PUT", "/api/security/clients", psk | {"endpoint": "sec-2"}, want=400)
    assert taken == "PSK Identity id-1 is already used"
    server.leshan("PUT", "/api/security/clients/", {"endpoint": "sec-3", "tls": {"mode": "x509"}}, want=200)
    server.leshan("PUT", "/api/security/clients/", {"endpoint": "sec-6", "tls": {"mode": "rpk", "details": {"key": KEY}}},
                  want=200)
    for bad in ({"x": 1}, {"endpoint": "sec-5"}, {"endpoint": "s", "oscore": {"sid": "AA"}},
                {"endpoint": "s", "tls": {"mode": "rpk", "details": {"key": "30"}}},
                {"endpoint": "s", "tls": {"mode": "psk", "details": {"identity": "x", "key": "0"}}}):
        server.leshan("PUT", "/api/security/clients/", bad, want=400)
    found = {s["endpoint"]: s["tls"] for s in server.leshan("GET", "/api/security/clients", want=200)}
    assert found["sec-1"] == {"mode": "psk", "details": {"identity": "id-1"}}
    assert found["sec-3"] == {"mode": "x509"} and found["sec-6"]["mode"] == "rpk"
    assert server.leshan("GET", "/api/security/clients/sec-1", want=400) == ""
    assert server.leshan("DELETE", "/api/security/clients/sec-3", want=200) == ""
    assert server.leshan("DELETE", "/api/security/clients/nosuch", want=200) == {"message": "not_found"}
    assert server.leshan("DELETE", "/api/security/clients", want=400) == ""
    assert server.device("sec-1").register().code == code("4.03")


def test_object_specs_and_endpoints(server, device):
    specs = {o["id"]: o for o in server.leshan("GET", "/api/objectspecs/dev-1", want=200)}
    battery = next(r for r in specs[3]["resourcedefs"] if r["id"] == 9)
    assert (specs[3]["name"], specs[3]["instancetype"]) == ("Device", "single")
    assert (battery["name"], battery["type"], battery["operations"], battery["units"]) == ("Battery Level", "integer", "R", "%")
    server.leshan("GET", "/api/objectspecs/nosuch", want=400)
    assert server.leshan("GET", "/api/server/endpoint", want=200)[0]["uri"]["port"] == server.coap_port


# ---- who may ----

def test_from_elsewhere_and_from_pages_a_token_is_needed(server, device):
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        status, _ = server.leshan("GET", "/api/clients", headers=headers)
        assert status == 401
        headers["Authorization"] = f"Bearer {server.admin}"
        server.leshan("GET", "/api/clients", headers=headers, want=200)
    viewer = server.rest("POST", "/tokens", {"name": "v", "role": "viewer"}, want=201)["token"]
    token = {"Authorization": f"Bearer {viewer}"}
    server.leshan("GET", "/api/clients", headers=token, want=200)
    server.leshan("GET", f"{CLIENT}/3/0/0", headers=token, want=403)


def test_without_its_prefix_it_is_not_there(make_server):
    server = make_server()
    server.ask("GET", "/api/clients", want=404)
    assert server.ask("GET", "/leshanx/api/clients")[0] == 404
    server.leshan("PUT", "/api/clients", {}, want=405)


# ---- the dialect of 1.x ----

def first(server, method, path, body=None, **kwargs):
    return server.leshan(method, path, body, prefix="/leshan1", **kwargs)


def test_numbers_are_numbers_and_dates_are_dates(server, device):
    assert first(server, "GET", f"{CLIENT}/3/0/9", want=200)["content"] == {"id": 9, "value": 87}
    assert first(server, "GET", f"{CLIENT}/3303/0", want=200)["content"] == {
        "id": 0, "resources": [{"id": 5700, "value": 20.1}, {"id": 5701, "value": "Cel"}]}
    assert first(server, "GET", f"{CLIENT}/3/0/11", want=200)["content"] == {"id": 11, "values": {"0": 0}}
    assert first(server, "GET", f"{CLIENT}/3/0/13", want=200)["content"]["value"] == "2026-11-24T07:54:56Z"
    date = first(server, "GET", CLIENT, want=200)["registrationDate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date)


def test_a_firmware_update_as_scripts_do_it(server):
    from device import VALUES, EXECUTABLE
    EXECUTABLE.add((5, 0, 2))
    device = server.device("dev-1", values=VALUES | {(5, 0, 1): "", (5, 0, 3): 0, (5, 0, 5): 0}).registered()
    assert first(server, "PUT", f"{CLIENT}/5/0/1", {"id": 1, "value": "coap://host/fw"}, want=200)["success"]
    assert device.values[5, 0, 1] == "coap://host/fw"
    assert first(server, "GET", f"{CLIENT}/5/0/3", want=200)["content"]["value"] == 0
    assert first(server, "POST", f"{CLIENT}/5/0/2", want=200)["success"]
    assert device.executed == [((5, 0, 2), "")]


def test_events_and_security_of_1_x(server, device):
    stream = Stream(server, "/leshan1/event?ep=dev-1")
    device.send({(3, 0, 9): 50})
    assert stream.next("SEND")[1] == {"ep": "dev-1", "val": {"/3/0/9": {"id": 9, "value": 50}}}
    first(server, "PUT", "/api/security/clients/", {"endpoint": "a", "psk": {"identity": "i", "key": "00aa"}}, want=200)
    first(server, "PUT", "/api/security/clients/", {"endpoint": "b", "x509": True}, want=200)
    found = first(server, "GET", "/api/security/clients", want=200)
    assert sorted(found, key=lambda s: s["endpoint"]) == [{"endpoint": "a", "psk": {"identity": "i"}},
                                                          {"endpoint": "b", "x509": True}]
    stream.close()


# ---- what Leshan shows of messages and of its bootstrap server ----

def test_coap_messages_are_logged_for_who_watches_one_endpoint(server, device):
    wait(lambda: server.rest("GET", "/devices/dev-1")[1].get("board"))  # the server's own questions are over
    quiet, stream = Stream(server, "/leshan/api/event"), Stream(server, "/leshan/api/event?ep=dev-1")
    server.leshan("GET", f"{CLIENT}/3/0/0?format=TEXT", want=200)
    asked, told = stream.next("COAPLOG")[1], stream.next("COAPLOG")[1]
    assert asked.keys() == {"timestamp", "incoming", "type", "code", "mId", "token", "options", "ep"}
    assert (asked["incoming"], asked["type"], asked["code"], asked["ep"]) == (False, "CON", "GET", "dev-1")
    assert asked["options"] == 'Uri-Path/STRING: "3", "0", "0" - Accept/INTEGER: "text/plain"'
    assert re.fullmatch("[0-9A-F]{16}", asked["token"])
    assert (told["incoming"], told["type"], told["code"]) == (True, "ACK", "2.05")
    assert (told["mId"], told["token"], told["payload"]) == (asked["mId"], asked["token"], "Maker")
    assert told["options"] == 'Content-Format/INTEGER: "text/plain"'
    device.deregister()
    assert stream.next("COAPLOG")[1]["code"] == "DELETE" and quiet.next("COAPLOG", "DEREGISTRATION")[0] == "DEREGISTRATION"
    quiet.close()
    stream.close()


def test_bootstrap_sessions_are_told_step_by_step(make_server):
    import fleet
    from device import Device
    port = fleet.free_port()
    server = make_server("--bootstrap-coap-port", str(port))
    device = Device("boot-1", port)
    server.devices.append(device)
    stream = Stream(server, "/leshan/api/event?ep=boot-1")
    assert device.bootstrap().code == code("4.00")
    server.leshan("POST", "/api/bootstrap/boot-1", {
        "servers": {"0": {"shortId": 123, "lifetime": 300, "defaultMinPeriod": 1, "notifIfDisabled": True, "binding": "U"}},
        "security": {}, "toDelete": ["/1"]}, want=204)
    assert device.bootstrap().code == code("2.04")
    seen = []
    while not seen or seen[-1]["name"] != "finished":
        seen.append(stream.next("BSSESSION")[1])
    assert [event["name"] for event in seen] == [
        "new session", "authorized", "no config", "new session", "authorized", "send delete", "receive success response",
        "send write", "receive success response", "send request", "receive success response", "finished"]
    assert seen[0].keys() == {"name", "endpoint", "time", "message"} and seen[0]["endpoint"] == "boot-1"
    assert seen[0]["message"].startswith("Bootstrap Request from /127.0.0.1:") and seen[0]["time"] > 1.6e12
    stream.close()
