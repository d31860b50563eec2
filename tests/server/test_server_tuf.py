# SPDX-License-Identifier: Apache-2.0
"""TUF metadata over REST: what is signed anew, and what is refused."""
import json
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from fleet import BUILD, canonical, sha256

DAY = 86400


def new_root(server, version, sign_with="root", targets_key=None):
    """The next root, after which the targets key is `targets_key`."""
    root = server.api("GET", f"/tuf/{version - 1}.root.json")["signed"]
    root["version"] = version
    if targets_key:
        public = targets_key.public_key().public_bytes(serialization.Encoding.Raw,
                                                       serialization.PublicFormat.Raw).hex()
        key = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}
        root["keys"][sha256(canonical(key))] = key
        root["roles"]["targets"]["keyids"] = [sha256(canonical(key))]
    return server.sign(sign_with, root)


def replace_targets_key(server):
    key = ed25519.Ed25519PrivateKey.generate()
    (server.product / "keys/targets.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return key


def versions(server):
    """Of root, targets, snapshot and timestamp, as a device finds them."""
    timestamp = server.api("GET", "/tuf/timestamp.json")["signed"]
    snapshot = server.api("GET", f"/tuf/{timestamp['meta']['snapshot.json']['version']}.snapshot.json")["signed"]
    root = 1
    while server.call("GET", f"/api/v1/tuf/{root + 1}.root.json").status == 200:
        root += 1
    return root, snapshot["meta"]["targets.json"]["version"], snapshot["version"], timestamp["version"]


def test_targets_can_be_signed_anew(server):
    server.publish("1.1.0")
    text = server.sign("targets", server.targets({}))
    answer = server.call("POST", "/api/v1/tuf/targets", text)
    assert answer.status == 201, answer.body
    assert versions(server) == (1, 2, 2, 2)
    assert server.call("GET", "/api/v1/tuf/2.targets.json").body.decode() == text
    server.kill()  # it was durable when it was answered
    server.start()
    assert versions(server) == (1, 2, 2, 2)
    server.targets_version = 2
    server.publish("1.2.0")
    assert versions(server) == (1, 3, 3, 3)


def drop_layer(targets):
    del targets["targets"][next(p for p in targets["targets"] if p.endswith(".layer"))]


def change_manifest(targets):
    targets["targets"]["1.1.0.manifest.json"] = next(
        v for p, v in targets["targets"].items() if p.endswith(".config"))


@pytest.mark.parametrize("change, role, status, words", [
    (drop_layer, "targets", 400, "published release 1.1.0: the targets do not list"),
    (change_manifest, "targets", 400, "another 1.1.0.manifest.json than before"),
    (lambda t: t.update(version=1), "targets", 409, "the version must go up"),
    (lambda t: None, "snapshot", 400, "targets"),
])
def test_targets_that_do_not_follow_are_refused(server, change, role, status, words):
    server.publish("1.1.0")
    targets = server.targets({})
    change(targets)
    answer = server.call("POST", "/api/v1/tuf/targets", server.sign(role, targets))
    assert answer.status == status and words in answer.json()["error"], answer.body
    assert versions(server) == (1, 1, 1, 1)


@pytest.mark.parametrize("body", ["", "{", "[]", "{}"])
def test_targets_that_are_none_are_400(server, body):
    assert server.call("POST", "/api/v1/tuf/targets", body).status == 400


def test_a_new_targets_key_comes_with_its_targets_or_not_at_all(server):
    server.publish("1.1.0")
    root = new_root(server, 2, targets_key=replace_targets_key(server))
    alone = server.call("POST", "/api/v1/tuf/root", root)
    assert alone.status == 409 and "bring the new targets with it" in alone.json()["error"]
    wrong = server.api("POST", "/tuf/rotation",
                       {"roots": [root], "targets": server.sign("root", server.targets({}))}, want=400)
    assert "targets" in wrong["error"]
    assert versions(server) == (1, 1, 1, 1)
    server.api("POST", "/tuf/rotation",
               {"roots": [root], "targets": server.sign("targets", server.targets({}))}, want=201)
    assert versions(server) == (2, 2, 2, 2)
    server.targets_version = 2
    server.publish("1.2.0")


def test_several_roots_come_at_once(server):
    server.publish("1.1.0")
    second = new_root(server, 2, targets_key=replace_targets_key(server))
    third = json.loads(second)["signed"]
    third["version"] = 3
    body = {"roots": [second, server.sign("root", third)],
            "targets": server.sign("targets", server.targets({}))}
    for bad in ({}, {"roots": []}, {"roots": [1]}, {"roots": "x"}, {"roots": ["{"]}, dict(body, targets=1)):
        server.api("POST", "/tuf/rotation", bad, want=400)
    server.api("POST", "/tuf/rotation", dict(body, roots=body["roots"][::-1]), want=409)
    server.api("POST", "/tuf/rotation", body, want=201)
    assert versions(server) == (3, 2, 2, 2)


def test_a_start_takes_root_and_targets_of_the_folder_together(server):
    server.publish("1.1.0")
    root = new_root(server, 2, targets_key=replace_targets_key(server))
    assert server.stop() == 0
    (server.product / "tuf/2.root.json").write_text(root)
    (server.product / "tuf/2.targets.json").write_text(server.sign("targets", server.targets({})))
    server.start()
    assert versions(server) == (2, 2, 2, 2)


def test_a_start_without_the_new_targets_says_what_to_do(server):
    server.publish("1.1.0")
    root = new_root(server, 2, targets_key=replace_targets_key(server))
    assert server.stop() == 0
    (server.product / "tuf/2.root.json").write_text(root)
    server.start()
    assert "mp key rotate targets --publish" in server.log.read_text()
    assert versions(server) == (2, 1, 2, 2)
    answer = server.call("POST", "/api/v1/tuf/targets", server.sign("targets", server.targets({})))
    assert answer.status == 201
    assert versions(server) == (2, 2, 3, 3)


# ---- the clock ----

def signed_at(server, name="timestamp.json"):
    return server.api("GET", f"/tuf/{name}")["signed"]["x-mp-time"] - time.time()


def rotate(server, *roles):
    subprocess.run([BUILD / "mp", "-C", server.product, "key", "rotate", *roles], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def test_a_clock_that_jumped_years_ahead_signs_nothing(server):
    server.publish("1.1.0")
    server.restart(400 * DAY)
    assert "more than a year after the newest signature, of the " in server.log.read_text()
    assert versions(server) == (1, 1, 1, 1)
    answer = server.publish("1.2.0", want=409)
    assert "Set the clock right" in answer["error"]
    assert server.api("GET", "/releases")["total"] == 1
    server.restart()
    assert "signature" not in server.log.read_text()
    server.publish("1.2.0")
    assert versions(server) == (1, 2, 2, 2)


def test_the_clock_of_who_signs_targets_bears_witness(server):
    server.publish("1.1.0")
    server.restart(400 * DAY)
    targets = server.targets({}) | {"x-mp-time": int(time.time()) + 400 * DAY}
    answer = server.call("POST", "/api/v1/tuf/targets", server.sign("targets", targets))
    assert answer.status == 201, answer.body
    assert versions(server) == (1, 2, 2, 2)
    assert abs(signed_at(server) - 400 * DAY) < 60


def test_a_server_that_was_off_for_months_signs_again(server):
    server.publish("1.1.0")
    server.restart(300 * DAY)
    assert versions(server) == (1, 1, 2, 2)
    assert "signature" not in server.log.read_text()


@pytest.mark.parametrize("clock, bad", [(-2 * DAY, True), (-3600, False)])
def test_a_clock_before_the_last_signature_signs_nothing(server, clock, bad):
    server.publish("1.1.0")
    server.restart(clock)
    assert ("before the signature of the " in server.log.read_text()) == bad
    assert versions(server) == (1, 1, 1, 1)
    server.publish("1.2.0", want=409 if bad else 201)


def test_targets_from_the_future_are_refused(server):
    server.publish("1.1.0")
    targets = server.targets({}) | {"x-mp-time": int(time.time()) + 10 * DAY}
    answer = server.call("POST", "/api/v1/tuf/targets", server.sign("targets", targets))
    assert answer.status == 409 and "before the signature of the targets" in answer.json()["error"]
    assert versions(server) == (1, 1, 1, 1)


def test_new_online_keys_put_a_clock_right_that_was_believed(server):
    server.publish("1.1.0")
    server.restart(100 * DAY)
    server.restart()
    assert "'mp key rotate snapshot timestamp'" in server.log.read_text()
    assert signed_at(server) > 99 * DAY
    rotate(server, "snapshot", "timestamp")
    server.restart()
    assert "signature" not in server.log.read_text()
    assert abs(signed_at(server)) < 60
    server.publish("1.2.0")
