# SPDX-License-Identifier: Apache-2.0
"""Blobs, releases, channels, rollouts, devices over REST."""
import datetime
import hashlib
import json
import os

import pytest

from fleet import BOARD, BUILD, Device, sha256


# ---- blobs ----
def test_a_blob_is_stored_once_and_read_in_parts(server):
    data = os.urandom(300_000)
    path = "/api/v1/blobs/" + sha256(data)
    assert server.call("HEAD", path).status == 404
    assert [server.put(data), server.put(data)] == [201, 200]
    answer = server.call("HEAD", path)
    assert (answer.status, answer.headers["content-length"]) == (200, "300000")
    assert server.call("GET", path).body == data
    assert server.call("GET", path, headers={"Range": "bytes=100000-"}).body == data[100000:]
    etag = server.call("GET", path).headers["etag"]
    assert server.call("GET", path, headers={"If-None-Match": etag}).status == 304


def test_a_blob_with_another_digest_is_refused_and_leaves_nothing(server):
    before = list((server.data / "blobs").iterdir())
    answer = server.call("PUT", "/api/v1/blobs/" + sha256(b"other"), b"this")
    assert answer.status == 400 and "the blob was not stored" in answer.json()["error"]
    assert list((server.data / "blobs").iterdir()) == before
    for name in ("xyz", "A" * 64, "0" * 63):
        assert server.call("PUT", "/api/v1/blobs/" + name, b"this").status == 400


def test_an_upload_that_breaks_off_leaves_nothing(server):
    before = list((server.data / "blobs").iterdir())
    c = server.connection()
    c.putrequest("PUT", "/api/v1/blobs/" + "0" * 64)
    c.putheader("Authorization", "Bearer " + server.admin)
    c.putheader("Content-Length", "1000000")
    c.endheaders()
    c.send(b"x" * 200_000)
    c.close()
    for _ in range(50):
        server.api("GET", "/status")
        if list((server.data / "blobs").iterdir()) == before:
            return
    raise AssertionError("the unfinished upload is still there")


def test_a_large_blob_needs_little_memory(server):
    size = 120 << 20
    digest = hashlib.sha256()
    chunk = os.urandom(1 << 20)
    for _ in range(120):
        digest.update(chunk)
    answer = server.call("PUT", "/api/v1/blobs/" + digest.hexdigest(), (chunk for _ in range(120)),
                         headers={"Content-Length": str(size)})
    assert answer.status == 201
    if b"__asan_init" in (BUILD / "mp-server").read_bytes():
        return  # it keeps what was freed for a while
    status = open(f"/proc/{server.process.pid}/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0])
    assert peak < 64 * 1024, f"{peak} KB"
    answer = server.call("GET", "/api/v1/blobs/" + digest.hexdigest(), headers={"Range": "bytes=-1"})
    assert answer.body == chunk[-1:]


# ---- releases ----
def test_a_release_is_published_and_described(server):
    release = server.publish("1.1.0", minimum="1.0.0")
    assert (release["version"], release["minimum_version"], release["notes"]) == ("1.1.0", "1.0.0", "n 1.1.0")
    assert (release["boards"], release["services"]) == ([BOARD], ["web"])
    assert release["size"] > 0 and abs(release["published"] - datetime.datetime.now().timestamp()) < 60
    assert server.api("GET", "/releases/1.1.0") == release
    assert server.api("GET", "/releases") == {"items": [release], "total": 1}
    server.api("GET", "/releases/9.9", want=404)


def test_metadata_is_signed_by_the_online_keys_and_follows(server):
    server.publish("1.1.0")
    timestamp = server.api("GET", "/tuf/timestamp.json")
    assert timestamp["signed"]["meta"]["snapshot.json"]["version"] == 1
    snapshot = server.api("GET", "/tuf/1.snapshot.json")
    assert snapshot["signed"]["meta"]["targets.json"]["version"] == 1
    server.publish("1.2.0")
    timestamp = server.api("GET", "/tuf/timestamp.json")
    assert timestamp["signed"]["meta"]["snapshot.json"]["version"] == 2
    assert timestamp["signed"]["version"] == 2
    assert server.api("GET", "/tuf/1.targets.json")["signed"]["version"] == 1  # still there
    expires = datetime.datetime.fromisoformat(timestamp["signed"]["expires"].replace("Z", "+00:00"))
    left = expires - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < left < datetime.timedelta(hours=25)


@pytest.mark.parametrize("how, status, words", [
    (dict(version="1.1.0"), 409, "published already"),
    (dict(version="1.0.9"), 409, "not newer than 1.1.0"),
    (dict(version="1.2.0", role="snapshot"), 400, ""),
    (dict(version="1.2.0", upload=False), 400, "has not been uploaded"),
])
def test_what_is_wrong_with_a_release_is_said(server, how, status, words):
    server.publish("1.1.0")
    answer = server.publish(want=status, **how)
    assert words in answer["error"]
    assert server.api("GET", "/releases")["total"] == 1
    assert server.api("GET", "/tuf/timestamp.json")["signed"]["version"] == 1


def test_targets_must_go_up(server):
    server.publish("1.1.0")
    files = server.manifest("1.2.0")
    for data in files.values():
        server.put(data)
    text = server.sign("targets", server.targets(files, version=1))
    answer = server.api("POST", "/releases", {"manifest": "1.2.0.manifest.json", "targets": text}, want=409)
    assert "the version must go up" in answer["error"]


@pytest.mark.parametrize("change, words", [
    (lambda m: m.update(product="other"), "release of product other"),
    (lambda m: m.pop("boards"), "boards"),
    (lambda m: m.update(version="x"), "version"),
    (lambda m: m["app"]["services"][0]["image"]["layers"][0].update(target="0.layer"), "do not list 0.layer"),
])
def test_a_manifest_that_is_wrong_is_refused(server, change, words):
    files = server.manifest("1.1.0")
    manifest = json.loads(files["1.1.0.manifest.json"])
    change(manifest)
    files["1.1.0.manifest.json"] = json.dumps(manifest).encode()
    for data in files.values():
        server.put(data)
    text = server.sign("targets", server.targets(files))
    answer = server.api("POST", "/releases", {"manifest": "1.1.0.manifest.json", "targets": text}, want=400)
    assert words in answer["error"]


@pytest.mark.parametrize("body", ["", "{", "[]", '{"manifest":"x"}', '{"manifest":1,"targets":""}',
                                  '{"manifest":"x","targets":"{}"}'])
def test_a_publication_that_is_none_is_400(server, body):
    answer = server.call("POST", "/api/v1/releases", body, headers={"Content-Type": "application/json"})
    assert answer.status == 400 and answer.json()["error"]


def test_a_root_must_follow_the_current_one(server):
    root = server.api("GET", "/tuf/1.root.json")
    answer = server.api("POST", "/tuf/root", root, want=409)
    assert "the next one must be 2" in answer["error"]
    root["signed"]["version"] = 2
    server.api("POST", "/tuf/root", root, want=400)  # the signature is of another root
    good = server.call("POST", "/api/v1/tuf/root", server.sign("root", root["signed"]))
    assert good.status == 201, good.body
    assert server.api("GET", "/tuf/2.root.json")["signed"]["version"] == 2
    root["signed"]["version"] = 3
    bad = server.call("POST", "/api/v1/tuf/root", server.sign("targets", root["signed"]))
    assert bad.status == 400


# ---- channels ----
def test_channels_point_to_releases(server):
    server.publish("1.1.0")
    server.api("PUT", "/channels/stable", {"release": "9.9"}, want=404)
    assert server.api("PUT", "/channels/stable", {"release": "1.1.0"}) == {"name": "stable", "release": "1.1.0"}
    assert server.api("GET", "/channels")["items"] == [{"name": "stable", "release": "1.1.0"}]
    server.device("d1")
    assert server.api("POST", "/rollouts", {"channel": "stable", "all": True}, want=201)["release"] == "1.1.0"
    server.api("POST", "/rollouts", {"channel": "none", "all": True}, want=404)
    server.api("DELETE", "/channels/stable", want=204)
    server.api("DELETE", "/channels/stable", want=404)


# ---- rollouts ----
@pytest.fixture
def fleet(server):
    server.publish("1.1.0")
    server.devices = [server.device(f"d{i}", release="1.0.0") for i in range(4)]
    return server


def counts(server, id=1):
    return {k: v for k, v in server.api("GET", f"/rollouts/{id}")["counts"].items() if v}


def state(server, id=1):
    return server.api("GET", f"/rollouts/{id}")["state"]


def test_a_rollout_brings_everybody_to_proven(fleet):
    rollout = fleet.rollout("1.1.0")
    assert (rollout["state"], rollout["success_threshold"], rollout["error_threshold"]) == ("running", 100, 50)
    assert counts(fleet) == {"waiting": 4}
    d = fleet.devices[0]
    assert "1.1.0 as soon as it is heard of again" in d.why()
    d.links()
    assert counts(fleet) == {"waiting": 3, "offered": 1}
    assert "has not fetched the offer" in d.why()
    d.offer()
    d.feedback("proceeding", "none", "downloading 34 %")
    assert counts(fleet) == {"waiting": 3, "downloading": 1}
    assert "34 %" in d.why()
    d.feedback("proceeding", "none", "verifying")
    d.feedback("proceeding", "none", "rebooting")
    assert counts(fleet) == {"waiting": 3, "installing": 1}
    d.feedback("proceeding", "none", "proving")
    assert counts(fleet) == {"waiting": 3, "proving": 1}
    d.feedback("closed", "success")
    assert counts(fleet) == {"waiting": 3, "proven": 1}
    assert (d.seen()["state"], d.seen()["release"]) == ("proven", "1.1.0")
    for d in fleet.devices[1:]:
        d.update()
    rollout = fleet.api("GET", "/rollouts/1")
    assert (rollout["state"], rollout["reason"]) == ("finished", "4 of 4 devices are proven.")
    assert rollout["ended"] >= rollout["started"]
    assert "up to date" in fleet.devices[0].why()


def test_too_many_failures_stop_it(fleet):
    fleet.rollout("1.1.0")
    a, b, c, d = fleet.devices
    c.links()  # offered, not fetched
    a.update(False)
    assert state(fleet) == "running"
    assert a.seen()["state"] == "rolled_back" and "web was not healthy" in a.why()
    assert "deploymentBase" not in a.links()  # not offered again
    b.update(False, "disk full")
    rollout = fleet.api("GET", "/rollouts/1")
    assert rollout["state"] == "stopped" and "2 of 4 devices failed" in rollout["reason"]
    assert b.seen()["state"] == "failed"
    assert "deploymentBase" not in c.links()  # its offer was withdrawn
    assert "deploymentBase" not in d.links()
    assert "was stopped before its turn" in d.why()


def test_who_is_in_the_middle_of_a_stopped_rollout_may_end(fleet):
    fleet.rollout("1.1.0", all=True, error_threshold=1)
    a, b = fleet.devices[:2]
    a.offer()
    b.update(False)
    assert state(fleet) == "stopped"
    a.feedback("closed", "success")
    assert counts(fleet)["proven"] == 1


def test_too_few_successes_at_the_end_are_no_success(fleet):
    fleet.rollout("1.1.0", all=True, error_threshold=100)
    for i, d in enumerate(fleet.devices):
        d.update(i != 0)
    rollout = fleet.api("GET", "/rollouts/1")
    assert rollout["state"] == "stopped" and "fewer than the success threshold" in rollout["reason"]


def test_a_success_threshold_forgives(fleet):
    fleet.rollout("1.1.0", all=True, error_threshold=100, success_threshold=75)
    for i, d in enumerate(fleet.devices):
        d.update(i != 0)
    assert state(fleet) == "finished"


def test_pause_and_resume(fleet):
    fleet.rollout("1.1.0")
    fleet.devices[0].offer()
    assert fleet.api("POST", "/rollouts/1/pause")["state"] == "paused"
    fleet.api("POST", "/rollouts/1/pause", want=409)
    assert "deploymentBase" not in fleet.devices[1].links()
    assert "is paused" in fleet.devices[1].why()
    fleet.devices[0].feedback("closed", "success")
    assert fleet.api("POST", "/rollouts/1/resume")["state"] == "running"
    fleet.api("POST", "/rollouts/1/resume", want=409)
    assert "deploymentBase" in fleet.devices[1].links()


def test_abort_calls_back_what_is_under_way(fleet):
    fleet.rollout("1.1.0")
    a, b = fleet.devices[:2]
    a.offer()
    b.links()
    assert fleet.api("POST", "/rollouts/1/abort")["state"] == "aborted"
    fleet.api("POST", "/rollouts/1/abort", want=409)
    assert "cancelAction" in a.links()
    assert set(b.links()) == set()  # it had not read the offer
    a.feedback("closed", "success", kind="cancelAction")
    assert (a.seen()["state"], counts(fleet)) == ("idle", {"canceled": 1, "waiting": 3})


def test_named_devices_only(fleet):
    assert fleet.rollout("1.1.0", devices=["d1", "d2"])["devices"] == 2
    assert "deploymentBase" in fleet.devices[1].links()
    assert "deploymentBase" not in fleet.devices[3].links()
    assert "No rollout includes it" in fleet.devices[3].why()


@pytest.mark.parametrize("body, status, words", [
    ({"release": "1.1.0"}, 409, "name at least one device"),
    ({"release": "1.1.0", "devices": []}, 409, "name at least one device"),
    ({"release": "1.1.0", "devices": ["nobody"]}, 404, "no device nobody"),
    ({"release": "9.9", "all": True}, 404, "no release 9.9"),
    ({"all": True}, 400, "release"),
    ({"release": "1.1.0", "all": True, "success_threshold": 101}, 400, "success_threshold"),
    ({"release": "1.1.0", "all": True, "error_threshold": "x"}, 400, "error_threshold"),
    ({"release": "1.1.0", "devices": ["newer"]}, 409, "does not go down"),
    ({"release": "1.1.0", "devices": ["other"]}, 409, "nothing for board arm"),
])
def test_a_rollout_that_cannot_be_is_refused(fleet, body, status, words):
    fleet.device("newer", release="2.0.0")
    fleet.device("other", board="arm")
    assert words in fleet.api("POST", "/rollouts", body, want=status)["error"]
    assert fleet.api("GET", "/rollouts")["total"] == 0


def test_devices_that_cannot_follow_stay_out_of_a_rollout_for_all(fleet):
    fleet.device("newer", release="2.0.0")
    fleet.device("other", board="arm")
    assert fleet.rollout("1.1.0")["devices"] == 4


def test_rollouts_are_listed_by_state_and_pages(fleet):
    """What is under way is found however many have ended since, also by who comes later."""
    first = fleet.rollout("1.1.0")["id"]
    made = [first] + [fleet.rollout("1.1.0", devices=["d0"])["id"] for _ in range(5)]
    for rollout in made[1:4]:
        fleet.api("POST", f"/rollouts/{rollout}/abort")
    fleet.api("POST", f"/rollouts/{made[4]}/pause")

    def listed(query):
        answer = fleet.api("GET", "/rollouts" + query)
        return [r["id"] for r in answer["items"]], answer["total"]
    assert listed("?state=aborted&offset=1&limit=1") == ([made[2]], 3)
    assert listed("?state=paused") == ([made[4]], 1)
    assert listed("?limit=2") == (made[:3:-1], 6)
    assert listed("?state=finished") == ([], 0)
    fleet.api("GET", "/rollouts?state=zap", want=400)
    for _ in range(2):
        assert listed("?state=running") == ([made[5], made[0]], 2)
        assert fleet.api("GET", "/status")["rollouts"] == {"running": 2, "paused": 1}
        assert [fleet.api("GET", f"/rollouts/{r}")["id"] for r in made] == made
        fleet.api("GET", "/rollouts/99", want=404)
        fleet.stop()
        fleet.start()
    fleet.device("late")
    assert counts(fleet, first) == {"superseded": 1, "waiting": 3, "offered": 1}


def test_channels_and_tokens_have_pages(server):
    server.publish("1.0.0")
    for name in "abc":
        server.api("PUT", f"/channels/{name}", {"release": "1.0.0"})
        server.api("POST", "/tokens", {"name": name, "role": "viewer"}, want=201)
    page = server.api("GET", "/channels?offset=1&limit=1")
    assert ([c["name"] for c in page["items"]], page["total"]) == (["b"], 3)
    everyone = [t["name"] for t in server.api("GET", "/tokens")["items"]]
    page = server.api("GET", "/tokens?offset=1&limit=2")
    assert ([t["name"] for t in page["items"]], page["total"]) == (everyone[1:3], len(everyone))
    for path in ("/channels", "/tokens"):
        assert server.api("GET", path + "?offset=99")["items"] == []
        server.api("GET", path + "?limit=x", want=400)


def test_a_device_that_runs_it_already_counts_as_proven(server):
    server.publish("1.1.0")
    server.device("d1", release="1.1.0")
    assert server.rollout("1.1.0")["state"] == "finished"


def test_who_comes_later_joins_a_rollout_for_all(fleet):
    fleet.rollout("1.1.0")
    fleet.device("late").update()
    assert counts(fleet) == {"waiting": 4, "proven": 1}


def test_a_newer_rollout_takes_devices_over(fleet):
    fleet.rollout("1.1.0")
    a, b, c, _ = fleet.devices
    a.offer()  # under way
    b.links()  # offered, not fetched
    fleet.publish("1.2.0")
    fleet.rollout("1.2.0")
    assert counts(fleet) == {"superseded": 4}
    assert "cancelAction" in a.links()
    a.feedback("closed", "success", kind="cancelAction")
    for d in (a, b, c):
        assert d.offer()["deployment"]["chunks"][0]["version"] == "1.2.0"
    b.feedback("closed", "success")
    assert b.seen()["release"] == "1.2.0"


def test_a_device_that_will_not_cancel_ends_where_it_was_and_goes_on(fleet):
    fleet.rollout("1.1.0")
    a = fleet.devices[0]
    a.offer()
    fleet.publish("1.2.0")
    fleet.rollout("1.2.0")
    a.feedback("rejected", "none", "rebooting", kind="cancelAction")
    a.feedback("closed", "success")
    assert (a.seen()["release"], counts(fleet, 2)) == ("1.1.0", {"waiting": 4})
    a.update()
    assert (a.seen()["release"], counts(fleet, 2)) == ("1.2.0", {"waiting": 3, "proven": 1})


def test_a_new_rollout_may_try_the_release_again(fleet):
    fleet.rollout("1.1.0", devices=["d0"])
    fleet.devices[0].update(False)
    fleet.rollout("1.1.0", devices=["d0"])
    fleet.devices[0].update()
    assert state(fleet, 2) == "finished"


def test_a_minimum_version_keeps_a_device_waiting(server):
    server.publish("1.1.0", minimum="1.0.5")
    d = server.device("d1", release="1.0.0")
    server.rollout("1.1.0")
    assert "deploymentBase" not in d.links() and "needs at least 1.0.5" in d.why()


def test_each_board_gets_its_own_files(server):
    server.publish("1.1.0", boards=("a", "b"))
    a, b, unknown = server.device("da", "a"), server.device("db", "b"), Device(server, "dx")
    unknown.enroll()
    server.rollout("1.1.0")

    def payloads(d):
        return {x["filename"] for x in d.offer()["deployment"]["chunks"][0]["artifacts"]
                if x["filename"].endswith(".payload")}
    assert len(payloads(a)) == len(payloads(b)) == 1 and payloads(a) != payloads(b)
    assert "deploymentBase" not in unknown.links()
    assert "has not said which board" in unknown.why()


def test_a_device_that_runs_another_release_than_it_proved_is_found_out(fleet):
    fleet.rollout("1.1.0", devices=["d0", "d1"], error_threshold=100)
    a = fleet.devices[0]
    a.update()
    a.attributes({"release": "1.0.0"})
    assert (a.seen()["state"], a.seen()["release"]) == ("rolled_back", "1.0.0")
    assert "now reports that it runs 1.0.0" in a.why()
    assert counts(fleet) == {"waiting": 1, "failed": 1}


# ---- devices ----
def test_devices_are_listed_and_found(fleet):
    fleet.rollout("1.1.0")
    fleet.devices[0].update()
    assert [d["id"] for d in fleet.api("GET", "/devices")["items"]] == ["d0", "d1", "d2", "d3"]
    assert fleet.api("GET", "/devices?state=proven")["total"] == 1
    assert fleet.api("GET", "/devices?release=1.0.0")["total"] == 3
    assert fleet.api("GET", "/devices?q=D2")["items"][0]["id"] == "d2"
    page = fleet.api("GET", "/devices?offset=1&limit=2")
    assert (page["total"], [d["id"] for d in page["items"]]) == (4, ["d1", "d2"])
    assert "no state" in fleet.api("GET", "/devices?state=zap", want=400)["error"]
    fleet.api("GET", "/devices?limit=x", want=400)
    fleet.api("GET", "/devices/none", want=404)
    assert set(fleet.api("GET", "/devices/d1")) >= {
        "id", "product", "board", "release", "target", "state", "progress", "reason", "last_seen", "attributes"}


def test_history_tells_what_happened(fleet):
    fleet.rollout("1.1.0")
    fleet.devices[0].update(False, "disk full")
    items = fleet.api("GET", "/devices/d0/history")["items"]
    assert [i["what"] for i in items] == ["failed", "proceeding", "offered", "first poll", "enrolled", "registered"]
    assert items[0]["details"] == "disk full"
    assert fleet.api("GET", "/devices/d0/history?limit=1")["total"] == 6


def test_removing_a_device_takes_it_out_of_its_rollout(fleet):
    fleet.rollout("1.1.0")
    fleet.api("DELETE", "/devices/d0", want=204)
    assert counts(fleet) == {"waiting": 3}
    for d in fleet.devices[1:]:
        d.update()
    assert state(fleet) == "finished"


def test_a_device_is_registered_once(server):
    server.api("POST", "/devices", {"id": "d1"}, want=201)
    server.api("POST", "/devices", {"id": "d1"}, want=409)
    server.api("POST", "/devices", {"id": "a b"}, want=400)
    server.api("POST", "/devices", {}, want=400)
    assert "never heard of" in server.api("GET", "/devices/d1/why")["reason"]
