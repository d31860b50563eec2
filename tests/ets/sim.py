# SPDX-License-Identifier: Apache-2.0
"""mp-sim: our client, as a process of its own."""
import subprocess

import fleet
from device import wait


class Sim:
    """One device, or some, that are registered at the server when this returns."""

    def __init__(self, server, name, *options, secure=False, devices=1, seed=1, wanted=True,
                 tcp_port=None):
        self.server, self.endpoint = server, name + "000"
        self.options = ["--devices", str(devices), "--first-name", name, "--seed", str(seed), *options]
        port = tcp_port or (server.coaps_port if secure else server.coap_port)
        scheme = f"coap{'s' if secure else ''}{'+tcp' if tcp_port else ''}"
        if secure:
            self.provision()
        self.log = open(server.folder / f"{name}.log", "wb")
        self.process = subprocess.Popen(
            [fleet.BUILD / "mp-sim", "--server", f"{scheme}://127.0.0.1:{port}", "--json", *self.options], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        if wanted:
            wait(self.registration)

    def provision(self):
        keys = subprocess.run([fleet.BUILD / "mp-sim", "--keys", *self.options], check=True, capture_output=True,
                              text=True).stdout
        items = [{"endpoint": name, "psk": {"identity": identity, "key": key}}
                 for name, identity, key in map(str.split, keys.splitlines())]
        self.server.rest("POST", "/credentials", {"items": items}, want=200)

    def registration(self):
        status, found = self.server.rest("GET", f"/devices/{self.endpoint}/lwm2m")
        return found if status == 200 else None

    def ask(self, method, path, body=None, want=200):
        return self.server.rest(method, f"/devices/{self.endpoint}/lwm2m{path}", body, want=want)

    def read(self, path):
        """{path: value} of what a read answers."""
        return values(self.ask("GET", path))

    def said(self):
        return (self.server.folder / self.log.name).read_text()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(60)
        self.log.close()
        return status


def values(answer):
    return {v["path"]: v.get("value") for v in answer["values"]}
