# SPDX-License-Identifier: Apache-2.0
"""A real server with releases, and devices that speak DDI in a few lines: what the tests of the page
and of the API work on."""
import hashlib
import http.client
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build")).resolve()
GATEWAY = "a-token-with-which-tests-speak-for-devices"

_spec = importlib.util.spec_from_file_location("mp_product", ROOT / "tests/mp/conftest.py")
_mp_product = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_mp_product)


class Device:
    """Speaks through the gateway token, so that it needs no certificate."""

    def __init__(self, fleet, name):
        self.fleet, self.name = fleet, name

    def ddi(self, method="GET", path="", body=None):
        status, data = self.fleet.ask(
            method, f"/DEFAULT/controller/v1/{urllib.parse.quote(self.name)}{path}",
            body and json.dumps(body).encode(),
            {"Authorization": f"GatewayToken {GATEWAY}", "Content-Type": "application/json"})
        assert status == 200, (status, data)
        return json.loads(data) if data.strip() else {}

    def report(self, release, **attributes):
        data = {"product": "demo", "board": "qemu-x86_64", "release": release} | attributes
        self.ddi("PUT", "/configData", {"mode": "merge", "data": data})

    def offer(self):
        """The number of the action that is offered; it is read as well. None: no offer."""
        link = self.ddi().get("_links", {}).get("deploymentBase", {}).get("href", "")
        if not link:
            return None
        action = link.rsplit("/", 1)[1].split("?")[0]
        self.ddi("GET", f"/deploymentBase/{action}")
        return action

    def feedback(self, action, execution, result, *details):
        self.ddi("POST", f"/deploymentBase/{action}/feedback", {"id": action, "status": {
            "execution": execution, "result": {"finished": result}, "details": list(details)}})

    def proceeds(self, action, details):
        self.feedback(action, "proceeding", "none", details)

    def proves(self, action, release):
        self.report(release)
        self.feedback(action, "closed", "success", "proven")

    def fails(self, action, reason):
        self.feedback(action, "closed", "failure", reason)


class Fleet:
    """A product folder, and mp-server on it. It can be stopped and started again."""

    def __init__(self, folder):
        self.product = _mp_product.Product(folder / "demo")
        self.folder = folder
        self.https_port, self.http_port = self.product.port, _mp_product.free_port()
        self.url = f"https://127.0.0.1:{self.https_port}"
        self.http_url = f"http://127.0.0.1:{self.http_port}"
        (folder / "gateway.token").write_text(GATEWAY + "\n")
        self.process = None

    def start(self):
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "mp-server", "--data", self.folder / "data", "--product-dir",
                 self.product.dir, "--port", str(self.https_port), "--http-port",
                 str(self.http_port), "--poll", "5", "--gateway-token-file",
                 self.folder / "gateway.token"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.http_port), 1).close()
                break
            except OSError:
                assert self.process.poll() is None, self.log()
                time.sleep(0.05)
        else:
            raise AssertionError("the server does not listen")
        self.token = (self.product.dir / "server/admin.token").read_text().strip()

    def log(self):
        return (self.folder / "server.log").read_text()

    def stop(self):
        if self.process:
            self.process.terminate()
            assert self.process.wait(10) == 0, self.log()
            self.process = None

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def api(self, method, path, body=None, status=200):
        code, data = self.ask(method, f"/api/v1/{path}", body and json.dumps(body).encode(),
                              {"Authorization": f"Bearer {self.token}"})
        assert code == status, (method, path, code, data)
        return json.loads(data) if data else None

    def token_of(self, role):
        return self.api("POST", "tokens", {"name": f"{role}-{time.time_ns()}", "role": role},
                        201)["token"]

    def device(self, name, release="1.0.0", **attributes):
        device = Device(self, name)
        device.ddi()
        device.report(release, **attributes)
        return device

    def publish(self, version, notes="as built"):
        """A release with a few bytes of everything, signed and uploaded by mp."""
        self.product.set_version(version)
        folder = self.product.build(version)
        path = folder / f"{version}.manifest.json"
        listing = json.loads((folder / "release.json").read_text())
        manifest = json.loads(path.read_text()) | {"notes": notes}
        path.write_text(json.dumps(manifest))
        for target in listing["targets"]:
            if target["path"] == path.name:
                target["length"] = path.stat().st_size
                target["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (folder / "release.json").write_text(json.dumps(listing))
        self.product.mp("publish")

    def rollout(self, release, **more):
        return self.api("POST", "rollouts", {"release": release, "all": True} | more, 201)
