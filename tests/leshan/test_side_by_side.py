# SPDX-License-Identifier: Apache-2.0
"""The same requests to Leshan and to our server below its prefix, about the same device: equal parsed answers.

Where its answer is no JSON, the status alone must be equal: texts there quote Java. What it answers with 500,
an exception, is a 400 of ours: the request was wrong.
"""
import pytest


def single(ident, kind, value):
    return {"id": ident, "kind": "singleResource", "type": kind, "value": value}


def instance(*resources, ident=0):
    return {"id": ident, "kind": "instance", "resources": list(resources)}


TEXT = {"Content-Type": "text/plain"}
COMPOSITE = "pathformat=SENML_CBOR&nodeformat=SENML_CBOR"
SERVER = instance(single(0, "integer", "7"), single(1, "integer", "60"), single(6, "boolean", False),
                  single(7, "string", "U"), ident=5)
# (method, path below the client, body, headers)
SCRIPT = [
    ("GET", "", None, {}),
    *[("GET", path, None, {}) for path in (
        "/3", "/3/0", "/3/0/0", "/3/0/6", "/3/0/6/0", "/3/0/11", "/3/0/4", "/3/0/99", "/3/9", "/9999", "/0", "/0/0",
        "/1", "/1/0", "/5/0", "/5/0/8", "/5/0/0", "/3311", "/3311/0", "/3301/0/5701", "/3301/0/5603", "/abc", "/3/x",
        "/3/0/0?format=TEXT", "/3/0?format=TLV", "/3/0?format=JSON", "/3/0/9?format=CBOR", "/3/0?format=SENML_JSON",
        "/3/0?format=SENML_CBOR", "/3/0?format=TEXT", "/3/0/0?format=OPAQUE", "/3/0/0?format=NOSUCH",
        "/3/discover", "/3/0/discover", "/3/0/9/discover", "/3311/discover", "/9999/discover", "/3/0/0/0/discover")],
    ("PUT", "/3311/0/5851", single(5851, "integer", "51"), {}),
    ("PUT", "/3311/0/5851", single(5851, "INTEGER", 52), {}),
    ("GET", "/3311/0/5851", None, {}),
    ("PUT", "/3311/0/5850", single(5850, "boolean", True), {}),
    ("PUT", "/3311/0", instance(single(5850, "boolean", False), single(5851, "integer", "53")), {}),
    ("PUT", "/3311/0?replace=false", instance(single(5851, "integer", "54")), {}),
    ("GET", "/3311/0", None, {}),
    ("PUT", "/3311/0/5851?format=TEXT", single(5851, "integer", "55"), {}),
    ("PUT", "/3311/0/5851?format=SENML_JSON", single(5851, "integer", "56"), {}),
    ("PUT", "/3311/0/5851", single(5851, "integer", "500"), {}),
    ("PUT", "/3/0/0", single(0, "string", "mine"), {}),
    ("PUT", "/3/0/0", "mine", TEXT),
    ("PUT", "/0/0/0", single(0, "string", "coap://x"), {}),
    ("PUT", "/9999/0/1", single(1, "string", "x"), {}),
    ("PUT", "/3311/0/5851", "{bad", {"Content-Type": "application/json"}),
    ("PUT", "/3311/0/5851", "x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("PUT", "/3", instance(), {}),
    ("POST", "/3/0/12", None, {}),
    ("POST", "/1/0/8", None, {}),
    ("POST", "/3/0/0", None, {}),
    ("POST", "/3301/0/5605", "0='x'", TEXT),
    ("POST", "/5/0/2", None, {}),
    ("PUT", "/3311/0/5851/attributes?pmin=1&pmax=100", None, {}),
    ("PUT", "/3311/attributes?pmin=5", None, {}),
    ("GET", "/3311/0/discover", None, {}),
    ("GET", "/3311/discover", None, {}),
    ("PUT", "/3311/0/5851/attributes?pmin&pmax", None, {}),
    ("PUT", "/3311/attributes?pmin", None, {}),
    ("PUT", "/3311/0/5851/attributes?pmin=x", None, {}),
    ("PUT", "/3311/0/5851/attributes?nosuch=1", None, {}),
    ("PUT", "/9999/attributes?pmin=1", None, {}),
    ("GET", f"/composite?paths=/3/0/0,/1/0/1,/3311/0&{COMPOSITE}", None, {}),
    ("GET", "/composite?paths=/3/0/0,/3/0/99&pathformat=SENML_JSON&nodeformat=SENML_JSON", None, {}),
    ("PUT", "/composite?nodeformat=SENML_JSON", {"/3311/0/5851": single(5851, "integer", "61"),
                                                 "/3311/0/5850": single(5850, "boolean", True)}, {}),
    ("PUT", "/composite?nodeformat=SENML_CBOR", {"/3311/0/5851": single(5851, "integer", "62"),
                                                 "/3/0/0": single(0, "string", "x")}, {}),
    ("GET", "/3311/0", None, {}),
    ("POST", "/3311/0/5851/observe", None, {}),
    ("DELETE", "/3311/0/5851/observe?active", None, {}),
    ("DELETE", "/3311/0/5851/observe?active", None, {}),
    ("POST", "/3311/observe", None, {}),
    ("DELETE", "/3311/observe", None, {}),
    ("DELETE", "/3/0/9/observe", None, {}),
    ("POST", "/9999/0/observe", None, {}),
    ("POST", f"/composite/observe?paths=/3311/0/5850,/3311/0/5851&{COMPOSITE}", None, {}),
    ("DELETE", f"/composite/observe?paths=/3311/0/5850,/3311/0/5851&active&{COMPOSITE}", None, {}),
    ("POST", "/1", SERVER, {}),
    ("GET", "/1/5", None, {}),
    ("DELETE", "/1/5", None, {}),
    ("DELETE", "/1/5", None, {}),
    ("DELETE", "/3/0", None, {}),
    ("POST", "/3", instance(ident=1), {}),
    ("POST", "/1", single(1, "string", "x"), {}),
    ("GET", "/../nosuch", None, {}),
    ("GET", "/../nosuch/3/0", None, {}),
]
# What is asked of either server itself: (method, path, body)
ABOUT = [
    ("GET", "/api/clients/", None),
    ("GET", "/api/nosuch", None),
    ("PUT", "/api/security/clients/", {"endpoint": "side-1", "tls": {
        "mode": "psk", "details": {"identity": "side-id", "key": "00112233445566778899aabbccddeeff"}}}),
    ("PUT", "/api/security/clients/", {"endpoint": "side-2", "tls": {
        "mode": "psk", "details": {"identity": "side-id", "key": "00112233445566778899aabbccddeeff"}}}),
    ("PUT", "/api/security/clients/", {"endpoint": "side-3", "tls": {"mode": "x509"}}),
    ("PUT", "/api/security/clients/", {"endpoint": "side-4"}),
    ("DELETE", "/api/security/clients/side-1", None),
    ("DELETE", "/api/security/clients/side-3", None),
    ("DELETE", "/api/security/clients/side-1", None),
]
VOLATILE = {"registrationId", "registrationDate", "lastUpdate", "address"}
NOISY = {("TIME", 13), ("INTEGER", 9), ("INTEGER", 10)}


def plain(value):
    """Without what must differ: times, addresses, what a clock or a meter says."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    found = {k: plain(v) for k, v in value.items() if k not in VOLATILE}
    if (value.get("type"), value.get("id")) in NOISY and "value" in value:
        found["value"] = "noise"
    return found


def name_of(step):
    return f"{step[0]} {step[1]}".replace("/api/", "")


@pytest.fixture(scope="module")
def both(leshan, our_leshan, lamp):
    """The answers to the whole script, by its steps: [(Leshan's, ours)]."""
    lamps = [lamp(server, "side-", "--lifetime", "600") for server in (leshan, our_leshan)]
    answers = []
    for method, path, body, headers in SCRIPT:
        answers.append([one.server.ask(method, f"/api/clients/{one.endpoint}{path}".replace(one.endpoint + "/../", ""),
                                       body, headers) for one in lamps])
    return answers


@pytest.mark.parametrize("n", range(len(SCRIPT)), ids=[name_of(step) for step in SCRIPT])
def test_answers_about_a_client_are_equal(both, n):
    compare(*both[n])


@pytest.mark.parametrize("step", ABOUT, ids=name_of)
def test_answers_about_the_server_are_equal(leshan, our_leshan, step):
    compare(leshan.ask(*step), our_leshan.ask(*step))


def compare(theirs, mine):
    if theirs[0] == 500:
        assert mine[0] == 400 and isinstance(mine[1], str), (theirs, mine)
    elif isinstance(theirs[1], str):
        assert theirs[0] == mine[0], (theirs, mine)
    else:
        assert (theirs[0], plain(theirs[1])) == (mine[0], plain(mine[1]))


def test_events_are_equal(leshan, our_leshan, lamp):
    told = []
    for server in (leshan, our_leshan):
        stream = server.events("told-000")
        one = lamp(server, "told-", "--lifetime", "600", "--deregister")
        found = [stream.next("REGISTRATION")]
        one.ask("POST", "/3311/0/5851/observe")
        one.ask("PUT", "/3311/0/5851", single(5851, "integer", "71"))
        found.append(stream.next("NOTIFICATION"))
        one.ask("PUT", "/1/0/1", single(1, "integer", "700"))
        found.append(stream.next("UPDATED"))
        one.stop()
        found.append(stream.next("DEREGISTRATION"))
        told.append([(kind, plain(data)) for kind, data in found])
        stream.close()
    assert told[0] == told[1]
