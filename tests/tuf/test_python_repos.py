# SPDX-License-Identifier: Apache-2.0
"""Repositories written by python-tuf, read by `mp tuf-client`."""
import datetime
import itertools
import json
import time

import pytest
from conftest import NOW

KINDS = ["ed25519", "ecdsa", "rsa"]


@pytest.mark.parametrize("consistent", [True, False], ids=["consistent", "plain"])
@pytest.mark.parametrize("hashes", [True, False], ids=["hashes", "versions"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_is_read_and_a_target_downloaded(make, kind, hashes, consistent):
    repo, client = make(kind=kind, hashes=hashes, consistent=consistent)
    repo.add_target("app", b"an application")
    repo.add_target("a/b c/ä+%.txt", b"in folders")
    repo.publish_all()
    assert client.download("app", "a/b c/ä+%.txt") == 0, client.said
    assert client.got("app") == b"an application"
    assert client.got("a/b c/ä+%.txt") == b"in folders"
    assert client.version("targets") == 2


def test_only_what_is_new_is_asked_for(make):
    repo, client = make()
    repo.add_target("app", b"an application")
    repo.publish_all()
    assert client.download("app") == 0
    repo.web.asked.clear()
    assert client.download("app") == 0
    assert repo.web.asked == ["/metadata/2.root.json", "/metadata/timestamp.json"]


def test_a_changed_target_takes_the_place_of_the_old_one(make):
    repo, client = make()
    for content in (b"one", b"two"):
        repo.add_target("app", content)
        repo.publish_all()
        assert client.download("app") == 0
        assert client.got("app") == content
    assert [p.name for p in client.targets.iterdir()] == ["app"]


@pytest.mark.parametrize("algorithms", [("sha256",), ("sha512",), ("sha512", "sha256")])
def test_targets_may_have_either_hash(make, algorithms):
    repo, client = make()
    repo.add_target("app", b"an application", algorithms=algorithms)
    repo.publish_all()
    assert client.download("app") == 0, client.said


@pytest.mark.parametrize("kind", KINDS)
def test_all_keys_are_rotated_again_and_again(make, kind):
    repo, client = make(kind=kind)
    for _ in range(3):
        for role in ("root", "targets", "snapshot", "timestamp"):
            repo.rotate(role)
        repo.publish_all("root")
    assert client.refresh() == 0, client.said
    assert client.version("root") == 4


def test_a_root_that_the_old_keys_did_not_sign_is_refused(make):
    repo, client = make()
    repo.rotate("root")
    repo.former = []
    repo.publish("root")
    assert client.refresh() == 1
    assert "by the keys of the root before it: root version 2 is signed by 0 of the 1" in client.said
    assert client.version("root") == 1


def test_a_threshold_wants_so_many_signatures(make):
    repo, client = make()
    repo.rotate("targets", count=3, threshold=2)
    repo.signers["targets"].pop()
    repo.publish_all("root")
    assert client.refresh() == 0, client.said
    repo.signers["targets"].pop()
    repo.publish_all()
    assert client.refresh() == 1
    assert "targets version 3 is signed by 1 of the 2 trusted keys" in client.said
    assert client.version("targets") == 2


def test_one_signature_twice_does_not_make_two(make):
    repo, client = make()
    repo.rotate("timestamp", count=2, threshold=2)
    repo.signers["timestamp"].pop()
    repo.publish_all("root")
    file = json.loads(repo.web.files["/metadata/timestamp.json"])
    file["signatures"] *= 2
    repo.web.files["/metadata/timestamp.json"] = json.dumps(file).encode()
    assert client.refresh() == 1
    assert "is listed twice" in client.said


def test_delegations_by_path(make):
    repo, client = make(kind="ecdsa")
    repo.delegate("targets", "tools", paths=["tools/*"], keys=2, threshold=2)
    repo.delegate("tools", "tools/deep: ä?", paths=["tools/*.bin"], terminating=True)
    repo.add_target("tools/a", b"by tools", role="tools")
    repo.add_target("tools/b.bin", b"by deep", role="tools/deep: ä?")
    repo.add_target("other", b"not delegated", role="tools")
    repo.publish("tools", "tools/deep: ä?")
    repo.publish_all()
    assert client.download("tools/a", "tools/b.bin") == 0, client.said
    assert client.got("tools/b.bin") == b"by deep"
    assert client.download("other") == 1
    assert "no trusted role lists the target 'other'" in client.said
    assert (client.metadata / "tools%2Fdeep%3A%20%C3%A4%3F.json").exists()


def test_delegations_by_hash_prefix(make):
    repo, client = make()
    digits = "0123456789abcdef"
    repo.delegate("targets", "low", prefixes=[a + b for a in digits[:8] for b in digits])
    repo.delegate("targets", "high", prefixes=list(digits[8:]))
    names = [f"file{i}" for i in range(8)]
    for name in names:
        repo.add_target(name, b"low " + name.encode(), role="low")
        repo.add_target(name, b"high" + name.encode(), role="high")
    repo.publish("low", "high")
    repo.publish_all()
    assert client.download(*names) == 0, client.said
    assert {client.got(name)[:4] for name in names} == {b"low ", b"high"}


@pytest.mark.parametrize("bits", [1, 4, 5])
def test_hash_bins(make, bits):
    repo, client = make()
    bins = repo.delegate_bins(bits, "bin")
    names = [f"file{i}" for i in range(6)]
    for name in names:
        repo.add_target(name, name.encode(), role=bins.get_role_for_target(name))
    repo.publish(*bins.get_roles())
    repo.publish_all()
    assert client.download(*names) == 0, client.said
    assert [client.got(name) for name in names] == [name.encode() for name in names]


def test_members_that_we_do_not_know_are_part_of_what_was_signed(make):
    repo, client = make()
    repo.root.unrecognized_fields["x-note"] = {"ä": [1, None, True, "line\nfeed \\ \"quote\""]}
    repo.targets.unrecognized_fields["x-empty"] = {}
    repo.publish_all("root")
    assert client.refresh() == 0, client.said


def test_a_key_of_an_unknown_kind_is_passed_over(make):
    repo, client = make()
    repo.add_key("timestamp")
    key = repo.root.keys[repo.root.roles["timestamp"].keyids[1]]
    key.keytype, key.scheme = "future", "future-sign"
    repo.signers["timestamp"].pop()
    repo.publish_all("root")
    assert client.refresh() == 0, client.said


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_an_expired_role_is_refused(make, role):
    repo, client = make()
    repo.md[role].signed.expires = NOW - datetime.timedelta(seconds=1)
    repo.publish_all("root")
    assert client.refresh() == 1
    assert f"{role} version 2 expired at " in client.said


def test_rollback_is_refused(make):
    repo, client = make()
    old = repo.web.files["/metadata/timestamp.json"]
    repo.publish_all()
    assert client.refresh() == 0
    repo.web.files["/metadata/timestamp.json"] = old
    assert client.refresh() == 1
    assert "timestamp rolls back: found version 1, expected at least 2" in client.said


def test_a_mirror_without_the_newest_files_is_refused(make):
    repo, client = make()
    repo.publish_all()
    del repo.web.files["/metadata/2.targets.json"]
    assert client.refresh() == 1
    assert "2.targets.json: the repository does not have it" in client.said
    assert client.version("snapshot") == 2


def test_a_target_with_one_flipped_bit_is_refused_and_not_kept(make):
    repo, client = make()
    repo.add_target("app", b"an application")
    repo.publish_all()
    path = next(p for p in repo.web.files if p.endswith(".app"))
    repo.web.files[path] = b"an applicatioN"
    assert client.download("app") == 1
    assert "does not have the signed hash" in client.said
    assert list(client.targets.iterdir()) == []


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in itertools.count():
            handler.wfile.write(b"x" * 65536)
    except OSError:
        pass


@pytest.mark.parametrize("path", ["/metadata/2.root.json", "/metadata/timestamp.json",
                                  "/metadata/2.snapshot.json", "/metadata/2.targets.json"])
def test_endless_data_is_cut_off(make, path):
    repo, client = make()
    repo.publish_all()
    repo.web.files[path] = endless
    assert client.refresh() == 1
    assert "is longer than the" in client.said


def test_an_endless_target_is_cut_off_and_not_kept(make):
    repo, client = make()
    repo.add_target("app", b"an application")
    repo.publish_all()
    repo.web.files[next(p for p in repo.web.files if p.endswith(".app"))] = endless
    assert client.download("app") == 1
    assert "is longer than the signed 14 bytes" in client.said
    assert list(client.targets.iterdir()) == []


def trickle(body):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.5)
        except OSError:
            pass
    return answer


def test_slow_retrieval_is_given_up(make):
    """One byte each half second: never quite silent, and never done."""
    repo, client = make()
    repo.web.files["/metadata/timestamp.json"] = trickle(
        repo.web.files["/metadata/timestamp.json"])
    began = time.monotonic()
    assert client.refresh() == 1
    assert time.monotonic() - began < 30
    assert "timestamp.json" in client.said


@pytest.mark.parametrize("recovered", ["timestamp", "snapshot"])
def test_fast_forward_is_recovered_from_by_rotating_the_key(make, recovered):
    repo, client = make()
    repo.md[recovered].signed.version = 999
    repo.publish(*(["snapshot", "timestamp"] if recovered == "snapshot" else ["timestamp"]))
    assert client.refresh() == 0, client.said
    assert client.version(recovered) == 1000
    repo.rotate(recovered)
    repo.md[recovered].signed.version = 1
    repo.publish_all("root")
    assert client.refresh() == 0, client.said
    assert client.version(recovered) == 2


@pytest.mark.parametrize("args, sentence", [
    (["refresh"], "refresh needs --metadata-dir"),
    (["--metadata-dir", "x", "refresh"], "refresh needs --metadata-url"),
    (["--metadata-dir", "x", "--metadata-url", "y", "download"], "download needs --target-name"),
    (["--metadata-dir", "x", "--metadata-url", "y", "upload"], "upload needs --target-name"),
    (["--metadata-dir", "x"], ""),
])
def test_wrong_usage_is_said(make, args, sentence):
    _, client = make()
    assert client.run(*args) == 2
    assert sentence in client.said


def test_a_missing_root_is_said(make):
    _, client = make()
    (client.metadata / "root.json").unlink()
    assert client.refresh() == 1
    assert "there is no trusted root yet" in client.said


def test_an_unreachable_server_is_said(make, web):
    _, client = make()
    web.stop()
    assert client.refresh() == 1
    assert "2.root.json: " in client.said
