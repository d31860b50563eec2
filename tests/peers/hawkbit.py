# SPDX-License-Identifier: Apache-2.0
"""A running Eclipse hawkBit, through its management API: what an operator does there, and no more."""
import base64
import json
import os
import secrets
import ssl
import time
import urllib.error
import urllib.request

JSON = {"Content-Type": "application/json"}
TARGET_TOKENS = "authentication.targettoken.enabled"
CONFIRMATION = "user.confirmation.flow.enabled"
POLLING = "pollingTime"


class Hawkbit:
    def __init__(self, url, user="admin", password="admin", authority=None):
        self.url, self.authority = url.rstrip("/"), authority
        self.tls = ssl.create_default_context(cafile=authority) if authority else None
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.before = {}  # settings of the tenant that we changed
        self.targets, self.sets, self.modules = [], [], []

    @staticmethod
    def from_environment():
        """None: there is no peer."""
        if not os.environ.get("MP_PEER_HAWKBIT"):
            return None
        path = os.environ.get("MP_PEER_HAWKBIT_PASSWORD_FILE")
        password = "admin"
        if path:
            with open(path) as f:
                password = f.read().strip()
        return Hawkbit(os.environ["MP_PEER_HAWKBIT"], os.environ.get("MP_PEER_HAWKBIT_USER", "admin"), password,
                       os.environ.get("MP_PEER_HAWKBIT_CA"))

    def call(self, method, path, body=None, headers=JSON):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/rest/v1{path}", body,
                                         {"Authorization": self.basic, "Accept": "*/*"} | headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.tls) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{method} {path}: {e.code} {e.read().decode(errors='replace')}") from e
        return json.loads(text) if text else {}

    # ---- the tenant ----
    def setting(self, key, value):
        was = self.call("GET", f"/system/configs/{key}")
        self.call("PUT", f"/system/configs/{key}", {"value": value})
        self.before.setdefault(key, was)

    def restore(self, key):
        was = self.before.pop(key)
        if was.get("global"):
            self.call("DELETE", f"/system/configs/{key}")
        else:
            self.call("PUT", f"/system/configs/{key}", {"value": was["value"]})

    def poll_as_often_as_it_lets(self):
        """Seconds between two polls: hawkBit's least are 30, unless it was started with another minPollingTime."""
        for seconds in (1, 5, 30):
            try:
                self.setting(POLLING, f"00:00:{seconds:02}")
                return seconds
            except AssertionError:
                pass
        raise AssertionError("hawkBit takes no polling time")

    def close(self):
        """As it was found, as far as hawkBit forgets."""
        for kind, ids in (("targets", self.targets), ("distributionsets", self.sets),
                          ("softwaremodules", self.modules)):
            for i in ids:
                self.call("DELETE", f"/{kind}/{i}")
        for key in list(self.before):
            self.restore(key)

    # ---- what is installed where ----
    def target(self):
        """A new target: its id and its token."""
        name, token = "mp-" + secrets.token_hex(6), secrets.token_hex(16)
        self.call("POST", "/targets", [{"controllerId": name, "name": name, "securityToken": token}])
        self.targets.append(name)
        return name, token

    def module(self, kind, name, version, files):
        made = self.call("POST", "/softwaremodules", [{"name": name, "version": version, "type": kind}])[0]["id"]
        self.modules.append(made)
        for filename, data in files.items():
            self.upload(made, filename, data)
        return made

    def upload(self, module, filename, data):
        mark = secrets.token_hex(16)
        head = (f"--{mark}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n")
        return self.call("POST", f"/softwaremodules/{module}/artifacts",
                         head.encode() + data + f"\r\n--{mark}--\r\n".encode(),
                         {"Content-Type": f"multipart/form-data; boundary={mark}"})

    def replace(self, module, files):
        """Files of a module that is in use: hawkBit locks it when its set is first assigned."""
        self.call("PUT", f"/softwaremodules/{module}", {"locked": False})
        for artifact in self.call("GET", f"/softwaremodules/{module}/artifacts"):
            if artifact["providedFilename"] in files:
                self.call("DELETE", f"/softwaremodules/{module}/artifacts/{artifact['id']}")
        for filename, data in files.items():
            self.upload(module, filename, data)

    def distribution(self, version, files, more=None):
        """A distribution set with the files of a release; those of `more` in a second module."""
        name = "demo-" + secrets.token_hex(4)
        modules = [self.module("os", name, version, files)]
        if more:
            modules.append(self.module("application", name + "-more", version, more))
        made = self.call("POST", "/distributionsets", [{
            "name": name, "version": version, "type": "os_app" if more else "os",
            "modules": [{"id": m} for m in modules]}])[0]["id"]
        self.sets.append(made)
        return made

    def assign(self, distribution, target, **how):
        done = self.call("POST", f"/distributionsets/{distribution}/assignedTargets", [{"id": target} | how])
        assert done["assigned"] == 1, done
        return Action(self, target, done["assignedActions"][0]["id"])


class Action:
    def __init__(self, hawkbit, target, number):
        self.hawkbit, self.path = hawkbit, f"/targets/{target}/actions/{number}"

    def get(self):
        return self.hawkbit.call("GET", self.path)

    @property
    def status(self):
        return self.get()["status"]

    @property
    def active(self):
        return self.get()["active"]

    def rows(self):
        """Its status rows, oldest first."""
        return self.hawkbit.call("GET", self.path + "/status?sort=id:ASC&limit=500")["content"]

    def messages(self):
        return [m for row in self.rows() for m in row["messages"]]

    def cancel(self, force=False):
        self.hawkbit.call("DELETE", self.path + ("?force=true" if force else ""))

    def confirm(self, verdict="confirmed"):
        self.hawkbit.call("PUT", self.path + "/confirmation", {"confirmation": verdict})

    def wait(self, status, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status == status:
                return
            time.sleep(0.2)
        raise AssertionError(f"not {status} in {seconds} s: {self.get()}\n" + "\n".join(self.messages()))
