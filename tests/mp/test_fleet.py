"""mp device, rollout, channel and token, against the real server and a device of a few lines."""
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import MP, free_port


class Device:
    """Speaks DDI with a certificate of its own."""

    def __init__(self, product, name):
        self.product, self.name = product, name
        folder = product.dir.parent / name
        folder.mkdir()
        self.key, self.cert = folder / "key.pem", folder / "cert.pem"
        csr = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-subj",
                              f"/CN={name}"], capture_output=True, check=True).stdout
        token = (product.dir / "keys/enroll.token").read_text().strip()
        status, body = self.ask("POST", "/enroll", csr, {"Authorization": f"EnrollToken {token}"},
                                certificate=False)
        assert status == 200, body
        self.cert.write_bytes(body)

    def ask(self, method, path, body=None, headers=None, certificate=True):
        context = ssl.create_default_context(cafile=self.product.dir / "keys/server-ca.crt")
        if certificate:
            context.load_cert_chain(self.cert, self.key)
        connection = http.client.HTTPSConnection("127.0.0.1", self.product.port, context=context,
                                                 timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def ddi(self, method="GET", path="", body=None):
        status, data = self.ask(method, f"/DEFAULT/controller/v1/{self.name}{path}",
                                body and json.dumps(body), {"Content-Type": "application/json"})
        assert status == 200, data
        return json.loads(data) if data.strip() else {}

    def report(self, release):
        self.ddi("PUT", "/configData", {"mode": "merge", "data": {
            "product": "demo", "board": "qemu-x86_64", "release": release}})

    def feedback(self, action, execution, result, *details):
        self.ddi("POST", f"/deploymentBase/{action}/feedback", {"id": action, "status": {
            "execution": execution, "result": {"finished": result}, "details": list(details)}})

    def offer(self):
        """The number of the offered action, once there is one."""
        for _ in range(600):
            link = self.ddi().get("_links", {}).get("deploymentBase", {}).get("href", "")
            if link:
                return link.split("deploymentBase/")[1].split("?")[0]
            time.sleep(0.1)
        raise AssertionError("nothing was offered")

    def update(self, release, good=True):
        action = self.offer()
        self.ddi(path=f"/deploymentBase/{action}")
        self.feedback(action, "proceeding", "none", "downloading 50 %")
        if good:
            self.report(release)
            self.feedback(action, "closed", "success", "proven")
        else:
            self.feedback(action, "closed", "failure", "container web is not healthy")


@pytest.fixture
def fleet(served):
    served.release("1.0.0")
    served.device = Device(served, "demo-0123456789ab")
    served.device.ddi()
    served.device.report("1.0.0")
    return served


def test_no_device_yet(served):
    done = served.mp("device", "ls")
    assert done.stdout == "" and "no device has enrolled yet" in done.stderr
    assert served.json("device", "ls")["items"] == []


def test_a_device_is_listed_with_release_and_state(fleet):
    lines = fleet.mp("device", "ls").stdout.splitlines()
    assert lines[0].split() == ["ID", "RELEASE", "TARGET", "STATE", "SEEN", "REASON"]
    assert lines[1].split()[:2] == ["demo-0123456789ab", "1.0.0"]
    assert lines[0].index("STATE") == lines[1].index(lines[1].split()[3]), "columns are aligned"
    item, = fleet.json("device", "ls")["items"]
    assert item["board"] == "qemu-x86_64"


def test_devices_are_filtered(fleet):
    assert len(fleet.json("device", "ls", "--release", "1.0.0")["items"]) == 1
    assert len(fleet.json("device", "ls", "--release", "2.0.0")["items"]) == 0
    assert len(fleet.json("device", "ls", "--search", "0123")["items"]) == 1
    assert len(fleet.json("device", "ls", "--state", "failed")["items"]) == 0


def test_one_device_is_shown_and_explains_itself(fleet):
    text = fleet.mp("device", "show", fleet.device.name).stdout
    assert "release        1.0.0" in text and "qemu-x86_64" in text
    assert len(fleet.mp("device", "why", fleet.device.name).stdout.split()) > 2
    assert fleet.json("device", "why", fleet.device.name)["reason"]
    assert fleet.mp("device", "history", fleet.device.name).stdout.startswith("TIME")


def test_an_unknown_device(fleet):
    for verb in "show", "why", "history", "rm":
        fleet.fails("device", verb, "demo-nobody")


def test_a_device_is_added_once_and_removed(served):
    token = served.mp("device", "add", "demo-new").stdout.strip()
    assert len(token) >= 32
    served.fails("device", "add", "demo-new")
    served.mp("device", "rm", "demo-new")
    assert served.json("device", "ls")["items"] == []


def test_a_rollout_is_watched_until_it_has_finished(fleet):
    fleet.release("1.1.0", fill=b"b")
    thread = threading.Thread(target=fleet.device.update, args=("1.1.0",))
    thread.start()
    done = fleet.mp("rollout", "start", "1.1.0", "--wait", "--timeout", "30")
    thread.join()
    assert "1 proven" in done.stderr and "is finished" in done.stderr
    item, = fleet.json("rollout", "ls")["items"]
    assert (item["release"], item["state"]) == ("1.1.0", "finished")
    assert "1.1.0" in fleet.mp("rollout", "ls").stdout
    assert "1 proven" in fleet.mp("rollout", "show", item["id"]).stdout
    assert fleet.json("device", "ls")["items"][0]["release"] == "1.1.0"


def test_watching_goes_on_after_the_server_was_killed(fleet):
    fleet.release("1.1.0", fill=b"b")
    watching = subprocess.Popen([MP, "-C", fleet.dir, "rollout", "start", "1.1.0", "--wait",
                                 "--timeout", "60"], stderr=subprocess.PIPE, text=True)
    action = fleet.device.offer()
    fleet.kill()
    time.sleep(1)
    fleet.start()
    assert fleet.device.offer() == action, "what was acknowledged is not lost"
    fleet.device.update("1.1.0")
    said = watching.communicate(timeout=60)[1]
    assert watching.returncode == 0 and "is finished" in said


def test_a_rollout_that_fails_says_why(fleet):
    fleet.release("1.1.0", fill=b"b")
    thread = threading.Thread(target=fleet.device.update, args=("1.1.0", False))
    thread.start()
    said = fleet.fails_after_progress("rollout", "start", "1.1.0", "--wait", "--timeout", "30")
    thread.join()
    assert "was stopped" in said
    assert "container web is not healthy" in fleet.mp("device", "why", fleet.device.name).stdout


def test_a_device_waits_for_a_word_and_then_only_fetches(fleet):
    fleet.release("1.1.0", fill=b"b")
    name = fleet.device.name
    fleet.fails("device", "confirm", name)
    fleet.mp("rollout", "start", "1.1.0", "--confirm", "--download-only")
    assert "confirmationBase" in fleet.device.ddi()["_links"]
    assert "1 unconfirmed" in fleet.mp("rollout", "ls").stdout
    fleet.mp("device", "deny", name, "--reason", "not on a Friday")
    assert "denied: not on a Friday" in fleet.mp("device", "why", name).stdout
    assert len(fleet.json("device", "ls", "--state", "unconfirmed")["items"]) == 1
    assert fleet.json("device", "confirm", name)["state"] == "offered"
    fleet.device.feedback(fleet.device.offer(), "downloaded", "none")
    assert "1 downloaded" in fleet.mp("rollout", "show", 1).stdout


def test_a_rollout_that_nobody_answers(fleet):
    fleet.release("1.1.0", fill=b"b")
    said = fleet.fails_after_progress("rollout", "start", "1.1.0", "--wait", "--timeout", "1")
    assert "has not ended after 1 s" in said
    rollout = str(fleet.json("rollout", "ls")["items"][0]["id"])
    fleet.mp("rollout", "pause", rollout)
    assert fleet.json("rollout", "show", rollout)["state"] == "paused"
    fleet.mp("rollout", "resume", rollout)
    assert fleet.json("rollout", "show", rollout)["state"] == "running"
    assert fleet.json("rollout", "abort", rollout)["state"] == "aborted"
    fleet.fails("rollout", "resume", rollout)


def test_rollouts_of_what_is_not_there(fleet):
    fleet.fails("rollout", "start", "9.9.9")
    fleet.fails("rollout", "start", "--channel", "nowhere")
    fleet.fails("rollout", "start", "1.0.0", "--device", "demo-nobody")
    fleet.fails("rollout", "show", "4711")


def test_channels_point_to_releases(served):
    assert "there is no channel yet" in served.mp("channel", "ls").stderr
    served.release("1.0.0")
    served.mp("channel", "set", "stable", "1.0.0")
    channel, = served.json("channel", "ls")["items"]
    assert (channel["name"], channel["release"]) == ("stable", "1.0.0")
    assert served.mp("channel", "ls").stdout.split() == ["NAME", "RELEASE", "stable", "1.0.0"]
    served.fails("channel", "set", "stable", "9.9.9")
    served.mp("channel", "rm", "stable")
    served.fails("channel", "rm", "stable")
    assert served.json("channel", "ls")["items"] == []


def test_a_rollout_follows_a_channel(fleet):
    fleet.mp("channel", "set", "stable", "1.0.0")
    assert fleet.json("rollout", "start", "--channel", "stable")["release"] == "1.0.0"


def test_tokens_open_what_their_role_allows(served, tmp_path):
    path = tmp_path / "token"
    served.mp("token", "add", "ci", "--role", "viewer", "--out", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert served.json("device", "ls", "--token-file", path)["items"] == []
    served.fails("channel", "set", "stable", "1.0.0", "--token-file", path)
    served.fails("token", "add", "ci")
    assert "ci" in {t["name"] for t in served.json("token", "ls")["items"]}
    assert "viewer" in served.mp("token", "ls").stdout
    served.mp("token", "rm", "ci")
    assert "does not accept the token" in served.fails("device", "ls", "--token-file", path)


def test_an_enrollment_token_lets_a_device_in(served):
    token = served.mp("token", "enroll").stdout.strip()
    (served.dir / "keys/enroll.token").write_text(token + "\n")
    Device(served, "demo-ffffffffffff")
    assert served.json("device", "ls")["items"][0]["id"] == "demo-ffffffffffff"


def test_serve_says_where_the_page_is(served):
    text = (served.dir.parent / "server.log").read_text()
    assert f"https://127.0.0.1:{served.port}/" in text and "server/admin.token" in text
    assert (served.dir / "server/admin.token").stat().st_mode & 0o777 == 0o600


def test_serve_passes_what_product_yaml_says_of_lwm2m(product):
    coap, bootstrap, coap_tcp = (free_port() for _ in range(3))
    path = product.dir / "product.yaml"
    path.write_text(path.read_text().replace("server:\n", f"""server:
  lwm2m:
    ports: {{ coap: {coap}, bootstrap_coap: {bootstrap}, coap_tcp: {coap_tcp} }}
    telemetry: {{ days: 7, hourly_days: 90 }}
""", 1))
    product.start()
    try:
        for port in (coap, bootstrap):  # a CoAP ping is answered with a reset
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(5)
                s.sendto(b"\x40\0\0\x07", ("127.0.0.1", port))
                assert s.recv(64) == b"\x70\0\0\x07"
        socket.create_connection(("127.0.0.1", coap_tcp), 5).close()
        words = pathlib.Path(f"/proc/{product.process.pid}/cmdline").read_bytes().split(b"\0")
        assert words[words.index(b"--telemetry-days") + 1] == b"7"
        assert words[words.index(b"--telemetry-hourly-days") + 1] == b"90"
        assert b"--coaps-port" not in words
    finally:
        product.kill()


def test_a_second_server_on_the_same_folder(served):
    done = subprocess.run([MP, "-C", served.dir, "serve"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode != 0 and done.stderr
