# SPDX-License-Identifier: Apache-2.0
"""docs/api/openapi.yaml says what the server does: no route is missing, every operation answers as
it is described, and asks for the role that is named."""
import hashlib
import http.client
import json
import re
import subprocess
import urllib.parse

import pytest
from openapi_spec_validator import validate

from description import PATH, Description
from demo_fleet import ROOT, Device
from device import EXECUTABLE, Device as Thing, wait

# Answers that a healthy server on a disk with room does not give in a test.
NOT_PROVOKED = {"507"}
ABSENT = {"object": 3, "instance": 0, "resource": 9, "resourceInstance": 0, "request": 1, "id": "nobody", "name": "nobody", "version": "9.9.9", "sha256": "0" * 64, "file": "9.root.json"}


class Caller:
    """Calls operations by method and path, and checks what comes back."""

    def __init__(self, fleet, description):
        self.fleet, self.description = fleet, description

    def send(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.fleet.http_port, timeout=60)
        try:
            connection.request(method.upper(), path, body, headers)
            answer = connection.getresponse()
            if answer.headers.get_content_type() == "text/event-stream":
                return answer.status, answer.headers, answer.read1()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def __call__(self, method, path, status, body=None, query=None, token="own", headers=None,
                 kind="application/json", announced=None, **args):
        """announced: only say that so many bytes will come, and look at the answer to that."""
        self.description.check_path(path, args)
        where = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(args[m[1]]), safe=""), path)
        if query:
            where += "?" + urllib.parse.urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if status < 300:
            self.description.check_request(method, path, kind, body)
        headers = dict(headers or {}, **({"Content-Type": kind} if body is not None else {}))
        if token:
            headers.setdefault("Authorization",
                               f"Bearer {self.fleet.admin if token == 'own' else token}")
        if announced:
            headers["Content-Length"] = str(announced)
        code, got, data = self.send(method, where, body, headers)
        assert code == status, f"{method} {where}: {code} {data[:300]}"
        return self.description.check_answer(method, path, code, got, data)


@pytest.fixture
def description():
    return Description()


@pytest.fixture
def call(fleet, description):
    return Caller(fleet, description)


def routes():
    """What the server's own table says: (method, path with * for its parameters, role)."""
    text = (ROOT / "apps/server/rest/rest.c").read_text()
    for methods, api, path, role in re.findall(
            r'\{\s*((?:MP_|READ)[A-Z_| ]*),\s*(API )?"([^"]+)",\s*ROLE_(\w+),', text):
        for method in methods.replace("READ", "MP_GET | MP_HEAD").split("|"):
            yield method.strip().removeprefix("MP_").lower(), ("/api/v1" if api else "") + path, role.lower()


# ---- the file and the code ----

def test_the_file_is_openapi_3_1(description):
    import yaml
    document = yaml.safe_load(PATH.read_text())
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_described_with_its_role_and_nothing_else_is(description):
    described = {(method, re.sub(r"\{\w+\}", "*", path), operation.get("x-role", "none"))
                 for method, path, operation in description.operations()}
    assert described == set(routes())
    assert len(described) > 25


def test_operations_have_names_of_their_own(description):
    names = [operation["operationId"] for _, _, operation in description.operations()]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, _, operation in description.operations())


def test_a_property_that_is_not_described_is_noticed(description):
    """The check itself can fail."""
    body = {"error": "A sentence.", "secret": 1}
    with pytest.raises(Exception, match="secret"):
        description.check_answer("get", "/api/v1/devices/{id}", 404, {"Content-Type": "application/json"},
                                 json.dumps(body).encode())


# ---- every operation ----

def look_at_the_server(call, fleet):
    status = call("get", "/api/v1/status", 200)
    assert status["product"] == "demo" and status["role"] == "admin"
    assert b"mp_requests_total" in call("get", "/metrics", 200)
    call("get", "/api/v1/events", 200, headers={"Last-Event-ID": "1"})
    call("get", "/api/v1/events", 200, query={"device": "demo-1", "kinds": "device,notification"})
    call("get", "/api/v1/events", 400, query={"kinds": "device,weather"})


def upload(call, fleet):
    blob = b"a blob"
    sha256 = hashlib.sha256(blob).hexdigest()
    path, octets = "/api/v1/blobs/{sha256}", "application/octet-stream"
    call("head", path, 404, sha256=sha256)
    call("put", path, 400, b"another", kind=octets, sha256=sha256)
    call("put", path, 201, blob, kind=octets, sha256=sha256)
    call("put", path, 200, blob, kind=octets, sha256=sha256)
    call("put", path, 400, blob, kind=octets, sha256="ABC")
    call("head", path, 200, sha256=sha256)
    call("head", path, 400, sha256="ABC")
    assert call("get", path, 200, sha256=sha256) == blob
    assert call("get", path, 206, sha256=sha256, headers={"Range": "bytes=2-"}) == blob[2:]
    call("get", path, 304, sha256=sha256, headers={"If-None-Match": f'"{sha256}"'})
    call("get", path, 416, sha256=sha256, headers={"Range": "bytes=99-"})
    call("get", path, 404, sha256="0" * 64)
    call("get", path, 400, sha256="ABC")


def publish(call, fleet):
    fleet.publish("1.0.0")
    for method in ("get", "head"):
        call(method, "/api/v1/tuf/{file}", 200, file="timestamp.json")
        call(method, "/api/v1/tuf/{file}", 404, file="nothing.json")
    before = fleet.api("GET", "/releases")
    files = fleet.manifest("1.1.0")
    for data in files.values():
        fleet.put(data)
    targets = fleet.sign("targets", fleet.targets(files))
    body = {"manifest": "1.1.0.manifest.json", "targets": targets}
    call("post", "/api/v1/releases", 400, {"manifest": "1.1.0.manifest.json"})
    call("post", "/api/v1/releases", 400, dict(body, targets=targets.replace("1.1.0.manifest", "1.1.1.manifest")))
    release = call("post", "/api/v1/releases", 201, body)
    assert release["version"] == "1.1.0" and release["services"] == ["web"]
    fleet.targets_version += 1
    call("post", "/api/v1/releases", 409, body)
    call("post", "/api/v1/releases", 413, announced=17 << 20)
    assert call("get", "/api/v1/releases", 200)["total"] == before["total"] + 1
    assert call("get", "/api/v1/releases", 200, query={"offset": 1, "limit": 1})["items"] == before["items"]
    call("get", "/api/v1/releases", 400, query={"limit": "many"})
    assert call("get", "/api/v1/releases/{version}", 200, version="1.1.0") == release
    call("get", "/api/v1/releases/{version}", 404, version="9.9.9")


def rotate(call, fleet):
    path = "/api/v1/tuf/root"
    call("post", path, 400, {"signed": {}})
    call("post", path, 413, announced=2 << 20)
    first = json.loads((fleet.product / "tuf/1.root.json").read_text())
    call("post", path, 409, first)
    fleet.mp("-C", fleet.product, "key", "rotate", "root")
    call("post", path, 201, (fleet.product / "tuf/2.root.json").read_bytes())
    call("get", "/api/v1/tuf/{file}", 200, file="2.root.json")
    path = "/api/v1/tuf/targets"
    targets = fleet.sign("targets", fleet.targets({})).encode()
    call("post", path, 400, targets.replace(b'"length"', b'"lenght"'))
    call("post", path, 201, targets)
    call("post", path, 409, targets)
    call("post", path, 413, announced=17 << 20)
    path = "/api/v1/tuf/rotation"
    fleet.mp("-C", fleet.product, "key", "rotate", "root")
    roots = {"roots": [(fleet.product / "tuf/3.root.json").read_text()]}
    call("post", path, 400, {"roots": []})
    call("post", path, 201, roots)
    call("post", path, 409, roots)
    call("post", path, 413, announced=17 << 20)


def channels(call, fleet):
    path = "/api/v1/channels/{name}"
    channel = call("put", path, 200, {"release": "1.0.0"}, name="stable")
    assert channel == {"name": "stable", "release": "1.0.0"}
    call("put", path, 404, {"release": "9.9.9"}, name="stable")
    call("put", path, 400, {"release": 1}, name="stable")
    call("put", path, 400, {"release": "1.0.0"}, name="no name")
    call("put", path, 413, announced=70000, name="stable")
    assert call("get", "/api/v1/channels", 200)["items"] == [channel]
    call("get", "/api/v1/channels", 400, query={"limit": "x"})
    call("put", path, 200, {"release": "1.1.0"}, name="beta")
    call("delete", path, 204, name="beta")
    call("delete", path, 404, name="beta")


def devices(call, fleet):
    one, many = "/api/v1/devices/{id}", "/api/v1/devices"
    made = call("post", many, 201, {"id": "demo-1"})
    assert made["id"] == "demo-1"
    call("post", many, 409, {"id": "demo-1"})
    call("post", many, 400, {"id": "../x"})
    call("post", many, 400, b"no JSON")
    call("post", many, 413, announced=70000)
    assert call("get", one, 200, id="demo-1")["state"] == "unknown"
    device = Device(fleet, "demo-1")  # with the token that came with its registration
    assert device.enroll(made["token"]).status == 200
    device.poll()
    device.report("1.0.0", slot="a")
    fleet.device("demo-2")
    assert call("get", one, 200, id="demo-1")["attributes"]["slot"] == "a"
    assert call("get", many, 200)["total"] == 2
    found = call("get", many, 200, query={"state": "idle", "release": "1.0.0", "q": "O-2", "limit": 1})
    assert [d["id"] for d in found["items"]] == ["demo-2"]
    assert call("get", many, 200, query={"state": "failed"})["items"] == []
    call("get", many, 400, query={"state": "asleep"})
    assert call("get", one + "/why", 200, id="demo-1")["reason"] == "No rollout includes it."
    assert call("get", one + "/history", 200, id="demo-1", query={"limit": 1})["total"] == 3
    call("get", one + "/history", 400, id="demo-1", query={"offset": "-1"})
    for path in (one, one + "/why", one + "/history"):
        call("get", path, 404, id="nobody")
    call("delete", one, 404, id="nobody")


def rollouts(call, fleet):
    device = fleet.device("demo-7")
    many, one = "/api/v1/rollouts", "/api/v1/rollouts/{id}"
    call("post", many, 400, {"all": True})
    call("post", many, 400, {"release": "1.1.0", "all": True, "error_threshold": 101})
    call("post", many, 404, {"channel": "nowhere", "all": True})
    call("post", many, 404, {"release": "1.1.0", "devices": ["nobody"]})
    call("post", many, 409, {"release": "1.1.0"})
    call("post", many, 413, announced=17 << 20)
    by_channel = call("post", many, 201, {"channel": "stable", "devices": ["demo-2"],
                                          "success_threshold": 50, "error_threshold": 10})
    assert by_channel["release"] == "1.0.0"
    made = call("post", many, 201, {"release": "1.1.0", "all": True})
    device.offer()
    device.proceeds("downloading 34 %")
    assert call("get", "/api/v1/devices/{id}", 200, id="demo-7")["progress"] == 34
    assert "34 %" in call("get", "/api/v1/devices/{id}/why", 200, id="demo-7")["reason"]
    assert call("get", one, 200, id=made["id"])["counts"]["downloading"] == 1
    call("get", one, 404, id=99)
    assert call("get", many, 200)["total"] == 2
    call("get", many, 400, query={"offset": "x"})
    call("get", many, 400, query={"state": "asleep"})
    assert call("get", many, 200, query={"state": "running", "limit": 1})["items"][0]["id"] == made["id"]
    for verb, state in (("pause", "paused"), ("resume", "running"), ("abort", "aborted")):
        if verb == "resume":
            call("post", one + "/pause", 409, id=made["id"])
        assert call("post", f"{one}/{verb}", 200, id=made["id"])["state"] == state
        call("post", f"{one}/{verb}", 404, id=99)
    call("post", one + "/resume", 409, id=made["id"])
    call("post", one + "/abort", 409, id=made["id"])
    call("get", "/api/v1/devices/{id}/history", 200, id="demo-7")
    call("delete", "/api/v1/devices/{id}", 204, id="demo-1")


def confirmations(call, fleet):
    device = fleet.device("demo-9", "0.9.0")
    made = call("post", "/api/v1/rollouts", 201, {"release": "1.1.0", "devices": ["demo-9"], "confirm": True, "download_only": True})
    assert made["confirm"] and made["download_only"]
    for verb in ("confirm", "deny"):
        path = "/api/v1/devices/{id}/" + verb
        call("post", path, 409, id="demo-9")
        call("post", path, 404, id="nobody")
        call("post", path, 413, announced=70000, id="demo-9")
    device.poll()
    deny, confirm = ("/api/v1/devices/{id}/" + verb for verb in ("deny", "confirm"))
    call("post", deny, 400, {"reason": 1}, id="demo-9")
    call("post", confirm, 400, b"no JSON", id="demo-9")
    assert call("post", deny, 200, {"reason": "not now"}, id="demo-9")["state"] == "unconfirmed"
    assert call("post", confirm, 200, id="demo-9")["state"] == "offered"


def tokens(call, fleet):
    many, one = "/api/v1/tokens", "/api/v1/tokens/{name}"
    made = call("post", many, 201, {"name": "guest", "role": "viewer"})
    assert call("get", "/api/v1/status", 200, token=made["token"])["role"] == "viewer"
    call("post", many, 409, {"name": "guest", "role": "viewer"})
    call("post", many, 400, {"name": "guest", "role": "king"})
    call("post", many, 400, {"name": "", "role": "viewer"})
    call("post", many, 413, announced=70000)
    assert "guest" in [t["name"] for t in call("get", many, 200)["items"]]
    call("get", many, 400, query={"limit": "x"})
    call("delete", one, 204, name="guest")
    call("delete", one, 404, name="guest")
    call("get", "/api/v1/status", 401, token=made["token"])


def public_key(folder):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-out", folder / "raw.pem"], check=True, capture_output=True)
    return subprocess.run(["openssl", "pkey", "-in", folder / "raw.pem", "-pubout", "-outform", "DER"],
                          check=True, capture_output=True).stdout.hex()


def credentials(call, fleet):
    one, many = "/api/v1/devices/{id}/credentials", "/api/v1/credentials"
    call("put", one, 204, {"psk": {"identity": "id-1", "key": "00112233445566778899aabbccddeeff"}}, id="sec-1")
    assert call("get", one, 200, id="sec-1") == {"endpoint": "sec-1", "kind": "psk", "identity": "id-1"}
    call("put", one, 409, {"psk": {"identity": "id-1", "key": "00"}}, id="sec-2")
    for bad in ({}, {"psk": {"key": "0"}}, {"psk": {"key": "00" * 65}}, {"psk": {"key": "00", "identity": ""}},
                {"psk": {"key": "00"}, "x509": {}}, {"rpk": {"key": "3000"}}, {"x509": {"sha256": "1"}},
                {"x509": {"common_name": ""}}):
        call("put", one, 400, bad, id="sec-2")
    call("put", one, 413, announced=70000, id="sec-2")
    key = public_key(fleet.folder)
    call("put", one, 204, {"rpk": {"key": key}}, id="sec-2")
    assert call("get", one, 200, id="sec-2")["sha256"] == hashlib.sha256(bytes.fromhex(key)).hexdigest()
    call("put", one, 409, {"rpk": {"key": key}}, id="sec-3")
    call("put", one, 204, {"x509": {}}, id="sec-3")
    assert call("get", one, 200, id="sec-3")["common_name"] == "sec-3"
    answer = call("post", many, 200, {"items": [
        {"endpoint": "sec-4", "psk": {"key": "0011"}},
        {"endpoint": "sec-5", "psk": {"identity": "id-1", "key": "0011"}},
        {"endpoint": "sec-6", "x509": {"common_name": "six", "sha256": "0" * 64}}]})
    assert answer["stored"] == 2 and [r["endpoint"] for r in answer["refused"]] == ["sec-5"]
    call("post", many, 400, {"items": 1})
    call("post", many, 413, announced=17 << 20)
    listed = call("get", many, 200, query={"limit": 2})
    assert listed["total"] == 5 and len(listed["items"]) == 2
    assert "0011" not in json.dumps(call("get", many, 200))
    call("get", many, 400, query={"limit": "x"})
    call("delete", one, 204, id="sec-1")
    call("delete", one, 404, id="sec-1")
    call("get", one, 404, id="sec-1")


BOOTSTRAP = "/api/v1/devices/{id}/bootstrap"


def bootstrap(call, fleet):
    call("post", BOOTSTRAP, 409, id="nobody")
    config = {"delete": ["/0", "/1"], "discover": True, "values": {"/0/0/5": "00aa", "/1/0/1": {"value": 9, "type": "integer"}}}
    for path, args in (("/api/v1/devices/{id}/bootstrap", {"id": "boot-1"}), ("/api/v1/bootstrap/default", {})):
        call("put", path, 204, config, **args)
        call("put", path, 400, {"delete": 1}, **args)
        call("put", path, 413, announced=70000, **args)
        assert call("get", path, 200, **args)["values"]["/0/0/5"] is None
        if not args:
            Thing("boot-1", fleet.bootstrap_port).bootstrap()
            call("post", BOOTSTRAP, 204, id="boot-1")
        call("delete", path, 204, **args)
        call("delete", path, 404, **args)
        call("get", path, 404, **args)
    call("post", BOOTSTRAP, 404, id="boot-1")
    assert call("get", "/api/v1/bootstrap/sessions", 200)["items"][0]["device"] == "boot-1"


LWM2M = "/api/v1/devices/{id}/lwm2m"
PLACES = [{"object": 3}, {"instance": 0}, {"resource": 15}, {"resourceInstance": 0}]


def lwm2m_operations():
    """(method, path, arguments, query, a good body, what is answered)."""
    for n in range(1, 5):
        args = {key: value for place in PLACES[:n] for key, value in place.items()}
        if n == 4:
            args["resource"] = 11
        path = LWM2M + "".join("/{%s}" % key for key in args)
        value = {"value": "Europe/Oslo"} if n == 3 else {"value": 0} if n == 4 else {"values": {"15": "Asia/Tokyo"}}
        yield "get", path, args, None, None, 200
        if n > 1:
            yield "put", path, args, None, value, 200
        if n in (2, 3):
            yield "patch", path, args, None, value, 200
        if n == 1:
            yield "post", path, {"object": 3303}, None, {"values": {"5701": "K"}}, 201
        if n == 2:
            yield "post", path, {"object": "Device", "instance": "Reboot"}, None, {}, 200
        if n == 3:
            yield "post", path, dict(args, resource=4), None, {"arguments": "0='x'"}, 200
        if n in (2, 4):
            yield "delete", path, dict(args, object=3303, instance=1) if n == 2 else args, None, None, 200
        if n < 4:
            yield "get", path + "/discover", args, None, None, 200
        if n == 4:
            args = dict(args, resource=16)  # the last one has been deleted
        yield "put", path + "/attributes", args, None, {"pmin": 1, "pmax": None}, 200
        yield "post", path + "/observe", args, None, None, 200
        yield "delete", path + "/observe", args, {"active": "yes"}, None, 200
    paths = {"paths": "/3/0/9,/1/0"}
    yield "get", LWM2M + "/composite", {}, paths, None, 200
    yield "put", LWM2M + "/composite", {}, None, {"values": {"/3/0/15": "A", "/1/0/1": {"value": 9, "type": "integer"}}}, 200
    yield "post", LWM2M + "/composite/observe", {}, paths, None, 200
    yield "delete", LWM2M + "/composite/observe", {}, paths | {"active": "yes"}, None, 200


def lwm2m(call, fleet):
    good, sleeper = (Thing(f"thing-{name}", fleet.coap_port, queue=name == "b") for name in "ab")
    for thing in (good, sleeper):
        thing.values[3, 0, 16, 0] = "U"
        thing.registered()
    assert call("get", "/api/v1/lwm2m", 200, query={"q": "G-A", "limit": 1})["total"] == 1
    call("get", "/api/v1/lwm2m", 400, query={"limit": "x"})
    call("get", LWM2M, 404, id="nobody")
    operations = list(lwm2m_operations())
    for method, path, args, query, body, status in operations:
        call(method, path, status, body, query=query, id="thing-a", **args)
        if path.endswith("/observe"):
            if method == "post":
                assert call("get", LWM2M, 200, id="thing-a")["observations"]
                call("delete", path, 204, query=query, id="thing-a", **args)
            call("post", path, 200, query=query and {k: v for k, v in query.items() if k != "active"}, id="thing-a", **args)
        call(method, path, 400, body, query=dict(query or {}, timeout="soon"), id="thing-a", **args)
        call(method, path, 404, body, query=query, id="nobody", **args)
        if body is not None:
            call(method, path, 413, announced=2 << 20, id="thing-a", **args)
    call("post", BOOTSTRAP, 422, id="thing-a")  # it has no such trigger
    EXECUTABLE.add((1, 0, 9))
    operations.append(("post", BOOTSTRAP, {}, None, None, 200))
    call("post", BOOTSTRAP, 200, id="thing-a")
    call("post", BOOTSTRAP, 400, query={"timeout": "soon"}, id="thing-a")
    lwm2m_unwilling(call, operations, good)
    lwm2m_asleep(call, operations, sleeper)
    lwm2m_telemetry(call, good)
    good.close()
    sleeper.close()


def lwm2m_unwilling(call, operations, thing):
    for refusal, silent, status, timeout in (("4.03", False, 422, 60), (None, True, 504, 0.01)):
        for method, path, args, query, body, _ in operations:
            if path.endswith("/observe") and method == "delete":  # what is ended is gone, whatever it says
                paths = {k: v for k, v in query.items() if k == "paths"}
                thing.refuse, thing.silent = None, False
                call("post", path, 200, query=paths, id="thing-a", **args)
            thing.refuse, thing.silent = refusal, silent
            call(method, path, status, body, query=dict(query or {}, timeout=timeout), id="thing-a", **args)
    thing.refuse, thing.silent = None, False
    call("delete", LWM2M + "/composite/observe", 404, query={"paths": "/9"}, id="thing-a")


def lwm2m_asleep(call, operations, thing):
    thing.registered()  # anew: it listens for a moment
    for method, path, args, query, _, status in operations:
        if path.endswith("/observe") and method == "post":
            call(method, path, status, query=query, id="thing-b", **args)
    wait(lambda: call("get", LWM2M, 200, id="thing-b")["sleeping"])
    for method, path, args, query, body, _ in operations:
        call(method, path, 202, body, query=query, id="thing-b", **args)
    queue, one = LWM2M + "/queue", LWM2M + "/queue/{request}"
    waiting = call("get", queue, 200, id="thing-b")["items"]
    call("get", one, 200, id="thing-b", request=waiting[0]["request"])
    call("get", one, 404, id="thing-a", request=waiting[0]["request"])
    call("delete", one, 204, id="thing-b", request=waiting[0]["request"])
    call("delete", one, 404, id="thing-b", request=waiting[0]["request"])
    thing.silent = True
    # Only its update is answered from here on: what waits is sent and stays so.
    thing.request(2, thing.location)
    sent = wait(lambda: [r for r in call("get", queue, 200, id="thing-b")["items"] if r["state"] == "sent"])
    call("delete", one, 409, id="thing-b", request=sent[0]["request"])
    thing.silent = False
    wait(lambda: any(r["state"] == "done" for r in call("get", queue, 200, id="thing-b")["items"]))
    call("delete", queue, 200, id="thing-b")


def lwm2m_telemetry(call, thing):
    path = "/api/v1/devices/{id}/telemetry"
    thing.send({(3303, 0, 5700): 20.5, (3303, 0, 5701): "Cel"})
    series = wait(lambda: call("get", path, 200, id="thing-a")["items"])
    assert {"/3303/0/5700", "/3303/0/5701"} <= {s["path"] for s in series}
    assert call("get", path, 200, id="thing-a", query={"path": "Temperature/0/5700", "from": -60})["points"]
    assert call("get", path, 200, id="thing-a", query={"path": "/3303/0/5700", "step": 60})["points"]
    call("get", path, 400, id="thing-a", query={"path": "/3"})
    call("get", path, 404, id="thing-a", query={"path": "/9/0/0"})


def csr(folder, name, key):
    if not (folder / key).exists():
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-out", folder / key], check=True, capture_output=True)
    return subprocess.run(["openssl", "req", "-new", "-key", folder / key, "-subj", f"/CN={name}"],
                          check=True, capture_output=True).stdout


def enrolment(call, fleet):
    path, pem = "/enroll", "application/x-pem-file"
    token = call("post", "/api/v1/enroll-tokens", 201)["token"]
    good = {"Authorization": f"EnrollToken {token}"}
    request = csr(fleet.folder, "demo-3", "a.pem")
    call("post", path, 200, request, headers=good, kind=pem)
    call("post", path, 200, request, headers=good, kind=pem)
    call("post", path, 409, csr(fleet.folder, "demo-3", "b.pem"), headers=good, kind=pem)
    call("post", path, 400, b"no request", headers=good, kind=pem)
    call("post", path, 413, announced=70000, headers=good, kind=pem)
    call("post", path, 401, request, headers={"Authorization": "EnrollToken wrong"}, kind=pem)
    own = call("post", "/api/v1/devices", 201, {"id": "demo-4"})["token"]
    call("post", path, 403, csr(fleet.folder, "demo-5", "c.pem"),
         headers={"Authorization": f"EnrollToken {own}"}, kind=pem)
    for _ in range(5000):
        if fleet.call("POST", "/api/v1/enroll-tokens", plain=True).status != 201:
            break
    call("post", "/api/v1/enroll-tokens", 409)


def crowd(call, fleet):
    """More readers of events than there are places."""
    readers = []
    for _ in range(200):
        reader = http.client.HTTPConnection("127.0.0.1", fleet.http_port, timeout=60)
        readers.append(reader)
        reader.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {fleet.admin}"})
        if reader.getresponse().status == 503:
            break
    call("get", "/api/v1/events", 503)
    for reader in readers:
        reader.close()


def strangers(call, fleet):
    """Without a token and with roles that are too low, everywhere."""
    roles = ["viewer", "operator", "admin"]
    token = {role: fleet.token_of(role) for role in roles}
    bodies = {"put", "post", "patch"}
    for method, path, operation in call.description.operations():
        if "x-role" not in operation:
            continue
        args = {name: ABSENT[name] for name in re.findall(r"\{(\w+)\}", path)}
        if path.startswith("/api/v1/rollouts/"):
            args["id"] = 99
        least = roles.index(operation["x-role"])
        for role in roles[:least]:
            call(method, path, 403, b"{}" if method in bodies and "requestBody" in operation else None,
                 token=token[role], **args)
        restart_if_tired(call, fleet)
        call(method, path, 401, token=None, **args)


def restart_if_tired(call, fleet):
    """Failed attempts are counted by address; a new start forgets them."""
    call.attempts = getattr(call, "attempts", 0) + 1
    if call.attempts % 5 == 0:
        fleet.stop()
        fleet.start()


def tired(call, fleet):
    """After too many failed attempts."""
    def is_tired():
        return fleet.call("GET", "/api/v1/status", token=None, plain=True).status == 429

    def after_failures(*what, **how):  # one is forgiven with each second
        for _ in range(50):
            while not is_tired():
                pass
            try:
                return call(*what, **how)
            except AssertionError as other:
                error = other
        raise error
    after_failures("get", "/api/v1/status", 429)
    after_failures("post", "/enroll", 429, b"x", headers={"Authorization": "EnrollToken wrong"})


def test_every_operation_answers_as_described(call, fleet, description):
    for chapter in (look_at_the_server, upload, publish, rotate, channels, devices, rollouts, confirmations, tokens,
                    credentials, bootstrap, lwm2m, enrolment, crowd, strangers, tired):
        chapter(call, fleet)
    wanted = {(method, path, status) for method, path, operation in description.operations()
              for status in operation["responses"] if status not in NOT_PROVOKED}
    assert wanted - description.seen == set()


def test_events_are_what_the_description_names(fleet, description):
    """device, rollout and release carry what the API gives for them."""
    fleet.publish("1.0.0")
    device = fleet.device("demo-1", "0.9.0")
    stream = http.client.HTTPConnection("127.0.0.1", fleet.http_port, timeout=60)
    stream.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {fleet.admin}"})
    answer = stream.getresponse()
    fleet.rollout("1.0.0")
    device.offer()
    fleet.publish("1.1.0")
    fleet.api("DELETE", "/devices/demo-1", want=204)
    schemas = {"device": "Device", "rollout": "Rollout", "release": "Release"}
    seen, kind, last = set(), None, 0
    while not seen >= {"device", "rollout", "release", "removed"}:
        field, _, value = answer.readline().decode().strip().partition(": ")
        if field == "id":
            assert int(value) > last
            last = int(value)
        elif field == "event":
            kind = value
        elif field == "data" and json.loads(value).get("removed"):
            assert json.loads(value) == {"id": "demo-1", "removed": True}
            seen.add("removed")
        elif field == "data":
            description.check_value({"$ref": f"#/components/schemas/{schemas[kind]}"}, json.loads(value))
            seen.add(kind)
    stream.close()
