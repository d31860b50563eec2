# SPDX-License-Identifier: Apache-2.0
"""TUF metadata over REST: what is signed anew, and what is refused."""
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from fleet import canonical, sha256


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
