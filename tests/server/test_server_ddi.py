# SPDX-License-Identifier: Apache-2.0
"""hawkBit's DDI, endpoint by endpoint: statuses, headers and shapes as captured from hawkBit 1.1.0."""
import hashlib

import pytest

NOT_READABLE = {"errorCode": "hawkbit.server.error.rest.body.notReadable",
                "exceptionClass": "org.eclipse.hawkbit.rest.exception.MessageNotReadableException",
                "message": "The given request body is not well formed"}


@pytest.fixture
def device(server):
    return server.device("demo-0123456789ab")


@pytest.fixture
def offered(server, device):
    server.publish("1.1.0")
    server.rollout("1.1.0")
    device.deployment = device.offer()
    return device


def artifacts(device):
    return {a["filename"]: a for a in device.deployment["deployment"]["chunks"][0]["artifacts"]}


def local(device, href):
    return href.split(f":{device.server.port}", 1)[1]


# ---- the poll ----
def test_a_poll_without_news_has_the_interval_alone(device):
    answer = device.call("GET", "")
    assert answer.json() == {"config": {"polling": {"sleep": "00:00:05"}}}
    assert answer.headers["content-type"] == "application/hal+json"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert "transfer-encoding" not in answer.headers


def test_a_poll_is_json_for_who_asks_for_json(device):
    answer = device.call("GET", "", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"


def test_an_unchanged_poll_is_304_with_its_etag(device):
    etag = device.call("GET", "").headers["etag"]
    answer = device.call("GET", "", headers={"If-None-Match": etag})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


def test_links_repeat_the_host_of_the_request(server, device):
    server.publish("1.1.0")
    server.rollout("1.1.0")
    device.offer()
    answer = device.call("GET", "", headers={"Host": "upd.example.com:99"})
    href = answer.json()["_links"]["deploymentBase"]["href"]
    assert href.startswith("https://upd.example.com:99/DEFAULT/controller/v1/demo-0123456789ab/deploymentBase/")


@pytest.mark.parametrize("host", ['a"b', "a b", "a/b", "<x>"])
def test_a_host_that_is_none_is_refused(server, device, host):
    server.publish("1.1.0")
    server.rollout("1.1.0")
    assert device.call("GET", "", headers={"Host": host}).status == 400


def test_config_data_is_asked_for_once_and_again_after_success(server):
    d = server.device("d1")
    assert "configData" not in d.links()
    server.publish("1.1.0")
    server.rollout("1.1.0")
    d.update()
    links = d.links()
    assert set(links) == {"installedBase", "configData"}
    d.attributes({"release": "1.1.0"})
    assert set(d.links()) == {"installedBase"}


# ---- deploymentBase ----
def test_the_deployment_lists_every_file_a_device_needs(offered):
    deployment = offered.deployment["deployment"]
    assert (deployment["download"], deployment["update"]) == ("forced", "forced")
    assert "maintenanceWindow" not in deployment
    chunk, = deployment["chunks"]
    assert (chunk["part"], chunk["name"], chunk["version"]) == ("os", "demo", "1.1.0")
    names = set(artifacts(offered))
    assert {"1.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"} <= names
    assert len(names) == 8
    assert sum(n.endswith(".payload") for n in names) == 1
    assert sum(n.endswith(".1.1.0.manifest.json") for n in names) == 1


def test_an_artifact_has_hashes_size_and_both_links(offered):
    a = artifacts(offered)["1.root.json"]
    assert set(a["hashes"]) == {"sha1", "md5", "sha256"} and isinstance(a["size"], int)
    assert set(a["_links"]) == {"download", "download-http", "md5sum", "md5sum-http"}
    assert a["_links"]["md5sum-http"]["href"] == a["_links"]["download-http"]["href"] + ".MD5SUM"


def test_plain_http_gives_http_links_alone(make_server):
    server = make_server("--target-tokens")
    token = server.api("POST", "/devices", {"id": "z1"}, want=201)["token"]
    assert len(token) == 32
    server.publish("1.1.0")
    server.rollout("1.1.0")
    base = f"http://127.0.0.1:{server.http_port}"
    headers = {"Authorization": "TargetToken " + token}
    poll = server.call("GET", "/DEFAULT/controller/v1/z1", headers=headers, plain=True).json()
    href = poll["_links"]["deploymentBase"]["href"]
    assert href.startswith(base + "/DEFAULT/controller/v1/z1/deploymentBase/1001?c=")
    got = server.call("GET", href[len(base):], headers=headers, plain=True).json()
    for a in got["deployment"]["chunks"][0]["artifacts"]:
        assert set(a["_links"]) == {"download-http", "md5sum-http"}
        data = server.call("GET", a["_links"]["download-http"]["href"][len(base):], headers=headers,
                           plain=True).body
        assert len(data) == a["size"] and hashlib.sha1(data).hexdigest() == a["hashes"]["sha1"]


def test_ids_begin_at_1001_and_leave_out_thousands(make_server):
    server = make_server("--target-tokens")
    tokens = [server.api("POST", "/devices", {"id": f"n{i}"}, want=201, plain=True)["token"]
              for i in range(3)]
    server.publish("1.1.0")
    server.rollout("1.1.0")

    def action(i):
        answer = server.call("GET", f"/DEFAULT/controller/v1/n{i}", plain=True,
                             headers={"Authorization": "TargetToken " + tokens[i]})
        return int(answer.json()["_links"]["deploymentBase"]["href"].split("/")[-1].split("?")[0])
    assert [action(i) for i in range(3)] == [1001, 1002, 1003]


def test_a_deployment_can_carry_its_history(offered):
    offered.feedback("proceeding", "none", "verifying")
    answer = offered.call("GET", f"/deploymentBase/{offered.action}?actionHistory=5").json()
    assert answer["actionHistory"]["messages"][0] == "verifying"
    assert "actionHistory" not in offered.call("GET", f"/deploymentBase/{offered.action}?actionHistory=0").json()


@pytest.mark.parametrize("id, status", [("999999", 404), ("abc", 400), ("-1", 400)])
def test_a_deployment_that_is_not_there(offered, id, status):
    answer = offered.call("GET", f"/deploymentBase/{id}")
    assert answer.status == status
    assert set(answer.json()) == {"errorCode", "exceptionClass", "message"}


def test_another_devices_action_is_foreign(server, offered):
    other = server.device("demo-other")
    assert other.call("GET", f"/deploymentBase/{offered.action}").status == 404
    assert other.call("POST", f"/deploymentBase/{offered.action}/feedback",
                      {"status": {"execution": "closed", "result": {"finished": "success"}}}).status == 404


# ---- artifacts ----
def test_an_artifact_downloads_with_etag_and_name(offered):
    a = artifacts(offered)["1.targets.json"]
    answer = offered.call("GET", local(offered, a["_links"]["download"]["href"]))
    assert hashlib.sha256(answer.body).hexdigest() == a["hashes"]["sha256"]
    assert answer.headers["etag"] == f'"{a["hashes"]["sha1"]}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == "attachment;filename=1.targets.json"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "last-modified" in answer.headers


@pytest.mark.parametrize("headers, status, length", [
    ({"Range": "bytes=0-99"}, 206, 100),
    ({"Range": "bytes=-10"}, 206, 10),
    ({"Range": "bytes=99999-"}, 416, 0),
    ({"Range": "bytes=5-2"}, 416, 0),
    ({"Range": "items=0-1"}, 416, 0),
    ({"Range": "bytes=abc"}, 416, 0),
    ({"Range": "bytes=0-9", "If-Range": '"zz"'}, 200, None),
    ({"If-Match": '"xx"'}, 412, 0),
])
def test_ranges_and_conditions(offered, headers, status, length):
    a = artifacts(offered)["1.targets.json"]
    answer = offered.call("GET", local(offered, a["_links"]["download"]["href"]), headers=headers)
    assert answer.status == status
    assert len(answer.body) == (a["size"] if length is None else length)
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{a['size']}"


def test_if_match_takes_the_tag_with_and_without_quotes(offered):
    a = artifacts(offered)["1.targets.json"]
    path = local(offered, a["_links"]["download"]["href"])
    for tag in (a["hashes"]["sha1"], f'"{a["hashes"]["sha1"]}"'):
        assert offered.call("GET", path, headers={"If-Match": tag}).status == 200
        answer = offered.call("GET", path, headers={"Range": "bytes=0-9", "If-Range": tag})
        assert answer.status == 206


def test_several_ranges_come_as_multipart(offered):
    a = artifacts(offered)["1.targets.json"]
    path = local(offered, a["_links"]["download"]["href"])
    whole = offered.call("GET", path).body
    answer = offered.call("GET", path, headers={"Range": "bytes=0-9,20-29"})
    assert answer.status == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    boundary = answer.headers["content-type"].split("=")[1].encode()
    parts = [p.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for p in answer.body.split(b"--" + boundary)[1:-1]]
    assert parts == [whole[0:10], whole[20:30]]


def test_head_has_the_length_and_md5sum_the_digest(offered):
    a = artifacts(offered)["timestamp.json"]
    path = local(offered, a["_links"]["download"]["href"])
    answer = offered.call("HEAD", path)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(a["size"]), b"")
    answer = offered.call("GET", path + ".MD5SUM")
    assert answer.body.decode() == f"{a['hashes']['md5']}  timestamp.json"
    assert answer.headers["content-type"] == "text/plain"


def test_the_list_of_artifacts_is_that_of_the_deployment(offered):
    path = local(offered, artifacts(offered)["timestamp.json"]["_links"]["download"]["href"])
    listed = offered.call("GET", path.rpartition("/")[0]).json()
    assert {a["filename"] for a in listed} == set(artifacts(offered))


def test_after_the_end_artifacts_are_gone(offered):
    path = local(offered, artifacts(offered)["timestamp.json"]["_links"]["download"]["href"])
    assert offered.call("GET", path.replace("timestamp.json", "nofile.bin")).status == 404
    assert offered.call("GET", path.replace("softwaremodules/1/", "softwaremodules/9999/")).status == 404
    offered.feedback("closed", "success")
    assert offered.call("GET", path).status == 404


# ---- feedback ----
@pytest.mark.parametrize("execution", ["proceeding", "scheduled", "resumed", "download", "downloaded",
                                       "rejected", "canceled"])
def test_feedback_on_the_way_is_200_and_empty(offered, execution):
    answer = offered.call("POST", f"/deploymentBase/{offered.action}/feedback", {
        "id": offered.action, "time": "20140511T121314", "timestamp": 1627997501890,
        "status": {"execution": execution, "code": 200, "details": ["step 1"],
                   "result": {"finished": "none", "progress": {"cnt": 2, "of": 5}}}})
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")
    assert "deploymentBase" in offered.links()


@pytest.mark.parametrize("body", [
    "{}", "{", '{"status":{"execution":"proceeding"}}', '{"status":{"result":{"finished":"none"}}}',
    '{"status":{"execution":"zap","result":{"finished":"none"}}}',
    '{"status":{"execution":"closed","result":{"finished":"zap"}}}'])
def test_feedback_that_is_none_is_400(offered, body):
    answer = offered.call("POST", f"/deploymentBase/{offered.action}/feedback", body,
                          headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json()) == (400, NOT_READABLE)


def test_feedback_of_another_type_is_415(offered):
    answer = offered.call("POST", f"/deploymentBase/{offered.action}/feedback", "x",
                          headers={"Content-Type": "text/plain"})
    assert answer.status == 415


def test_feedback_has_quotas(offered):
    offered.feedback("proceeding", "none", *["m"] * 51, want=429)
    for i in range(1000):
        offered.feedback("proceeding", "none", "downloading 1 %")
    offered.feedback("proceeding", "none", "downloading 1 %", want=429)
    offered.feedback("closed", "success")


def test_feedback_after_the_end_is_410(offered):
    offered.feedback("closed", "success", "done")
    offered.feedback("closed", "success", want=410)
    offered.feedback("proceeding", want=410)


def test_closed_with_none_counts_as_finished(offered):
    offered.feedback("closed", "none")
    assert offered.seen()["state"] == "proven"


def test_feedback_without_a_poll_before_is_taken(offered):
    offered.feedback("closed", "failure", "disk full")
    assert (offered.seen()["state"], offered.seen()["reason"]) == ("failed", "disk full")


@pytest.mark.parametrize("details, state, progress", [
    ("downloading 34 %", "downloading", 34), ("verifying", "verifying", 100), ("installed", "installed", 100),
    ("rebooting", "rebooting", 100), ("proving", "proving", 100), ("whatever else", "downloading", 0)])
def test_details_tell_the_state(offered, details, state, progress):
    offered.feedback("proceeding", "none", details)
    assert (offered.seen()["state"], offered.seen()["progress"]) == (state, progress)


def test_progress_leaves_no_row_but_a_remark_does(server, offered):
    for details in ("downloading 34 %", "downloading 40 %", "downloading 41 %: resumed at frame 40 of 96"):
        offered.feedback("proceeding", "none", details)
    rows = [row["details"] for row in server.api("GET", f"/devices/{offered.name}/history")["items"]]
    assert "downloading 41 %: resumed at frame 40 of 96" in rows
    assert "downloading 40 %" not in rows


# ---- cancelling ----
@pytest.fixture
def canceling(server, offered):
    server.api("POST", "/rollouts/1/abort")
    return offered


def test_cancelling_shows_a_link_without_a_query(canceling):
    links = canceling.links()
    assert links["cancelAction"].endswith(f"/cancelAction/{canceling.action}")
    assert "deploymentBase" not in links
    assert canceling.call("GET", f"/deploymentBase/{canceling.action}").status == 404
    assert canceling.call("GET", links["cancelAction"]).json() == {
        "id": canceling.action, "cancelAction": {"stopId": canceling.action}}


def test_feedback_of_the_update_is_taken_while_cancelling(canceling):
    canceling.feedback("proceeding", "none", "downloading 50 %")


def test_a_confirmed_cancel_ends_the_action(canceling):
    canceling.feedback("proceeding", "none", "stopping", kind="cancelAction")
    canceling.feedback("closed", "success", "cancelled", kind="cancelAction")
    assert "cancelAction" not in canceling.links()
    canceling.feedback("closed", "success", kind="cancelAction")  # said again
    canceling.feedback("closed", "success", want=410)


def test_cancellation_feedback_has_the_same_quota(canceling):
    for i in range(1000):
        canceling.feedback("proceeding", "none", "stopping", kind="cancelAction")
    canceling.feedback("proceeding", "none", "stopping", kind="cancelAction", want=429)
    canceling.feedback("closed", "success", "cancelled", kind="cancelAction")
    assert "cancelAction" not in canceling.links()


@pytest.mark.parametrize("execution, finished", [("rejected", "none"), ("closed", "failure")])
def test_a_rejected_cancel_lets_the_action_run_on(canceling, execution, finished):
    canceling.feedback(execution, finished, "too late", kind="cancelAction")
    assert "deploymentBase" in canceling.links()
    canceling.feedback("closed", "success")
    assert canceling.seen()["release"] == "1.1.0"


def test_nothing_is_cancelled_that_is_not_being_cancelled(offered):
    assert offered.call("GET", f"/cancelAction/{offered.action}").status == 404
    assert offered.call("GET", f"/installedBase/{offered.action}").status == 404
    assert offered.call("GET", f"/confirmationBase/{offered.action}").status == 404


# ---- configData, installedBase, confirmationBase ----
def test_attributes_are_merged_replaced_and_removed(device):
    def attributes():
        return device.seen()["attributes"]
    device.attributes({"hw": "rev2", "VIN": "JH4"}, "replace")
    device.attributes({"sw": "1"})
    assert attributes() == {"hw": "rev2", "VIN": "JH4", "sw": "1"}
    device.attributes({"sw": ""}, "remove")
    assert attributes() == {"hw": "rev2", "VIN": "JH4"}
    device.attributes({"only": "x"}, "replace")
    assert attributes() == {"only": "x"}


@pytest.mark.parametrize("body", ['{"data":{}}', "{}", '{"mode":"zap","data":{"a":"b"}}', "["])
def test_attributes_that_are_none_are_400(device, body):
    answer = device.call("PUT", "/configData", body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json()) == (400, NOT_READABLE)


def test_the_old_shape_of_config_data_is_taken(device):
    assert device.call("PUT", "/configData", {
        "id": "", "time": "20140511T121314", "data": {"hwRevision": "2"},
        "status": {"result": {"finished": "success"}, "execution": "closed", "details": []}}).status == 200


def test_what_is_installed_can_be_read_again_and_again(offered):
    offered.feedback("closed", "success")
    path = offered.links()["installedBase"]
    for _ in range(2):
        assert offered.call("GET", path).json()["deployment"]["chunks"][0]["version"] == "1.1.0"
    assert offered.call("GET", f"/deploymentBase/{offered.action}").status == 200
    assert offered.links()["installedBase"] == path


def test_installed_by_other_means(server, device):
    server.publish("1.1.0")
    assert device.call("PUT", "/installedBase", {"name": "demo", "version": "9.9"}).status == 404
    assert device.call("PUT", "/installedBase", {"name": "demo"}).status == 400
    assert device.call("PUT", "/installedBase", {"name": "demo", "version": "1.1.0"}).status == 200
    assert device.seen()["release"] == "1.1.0"


def test_nothing_waits_for_confirmation(offered):
    answer = offered.call("GET", "/confirmationBase").json()
    assert answer["autoConfirm"] == {"active": False, "activatedAt": 0}
    assert answer["_links"]["activateAutoConfirm"]["href"].endswith("/confirmationBase/activateAutoConfirm")
    path = f"/confirmationBase/{offered.action}/feedback"
    assert offered.call("POST", path, {"confirmation": "confirmed"}).status == 404
    offered.feedback("closed", "success")
    assert offered.call("POST", path, {"confirmation": "confirmed"}).status == 410
    assert offered.call("POST", "/confirmationBase/activateAutoConfirm", {}).status == 200
    assert offered.call("POST", "/confirmationBase/deactivateAutoConfirm").status == 200


@pytest.mark.parametrize("path", ["/nothing", "/softwaremodules", "/deploymentBase"])
def test_other_addresses_are_404(device, path):
    assert device.call("GET", path).status == 404


def test_other_methods_are_405(device):
    assert device.call("DELETE", "").status == 405
