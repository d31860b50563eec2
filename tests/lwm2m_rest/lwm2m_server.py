# SPDX-License-Identifier: Apache-2.0
"""A real mp-server with CoAP ports, its REST, its events, and the fixtures that make one."""
import http.client
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))

import fleet  # noqa: E402
from device import Device  # noqa: E402


class Server(fleet.Server):
    """A server with a CoAP port, and a short way to its REST."""

    def __init__(self, folder, *options):
        self.coap_port, self.coaps_port = fleet.free_port(), fleet.free_port()
        super().__init__(folder, "--coap-port", str(self.coap_port), "--coaps-port", str(self.coaps_port),
                         "--open-registration", "--leshan-prefix", "/leshan", "--leshan1-prefix", "/leshan1",
                         *options)
        self.devices = []

    def device(self, endpoint, **options):
        self.devices.append(Device(endpoint, self.coap_port, **options))
        return self.devices[-1]

    def ask(self, method, path, body=None, headers=None, want=None):
        """Any address: (status, what was answered, as JSON where it is)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        found = json.loads(data) if is_json else data.decode()
        if want is not None:
            assert answer.status == want, (answer.status, found)
            return found
        return answer.status, found

    def rest(self, method, path, body=None, want=None, token=None, headers=None):
        headers = dict(headers or {}, Authorization=f"Bearer {token or self.admin}")
        return self.ask(method, "/api/v1" + path, body, headers, want)

    def leshan(self, method, path, body=None, want=None, headers=None, prefix="/leshan"):
        return self.ask(method, prefix + path, body, headers, want)

    def metric(self, name):
        """A counter or gauge by its name and labels: mp_coap_malformed_total."""
        text = self.ask("GET", "/metrics", headers={"Authorization": f"Bearer {self.admin}"}, want=200)
        return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))

    def memory(self):
        """KiB that are resident."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def stop_devices(self):
        for device in self.devices:
            device.close()


class Stream:
    """Server-sent events, one after another."""

    def __init__(self, server, path, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
        self.connection.request("GET", path, headers=headers or {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.raw = []

    def next(self, *kinds):
        """The next event, of one of these kinds: (kind, data)."""
        kind = None
        while True:
            line = self.answer.readline()
            assert line, "the stream has ended"
            self.raw.append(line)
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                kind = value
            elif field == "data" and (not kinds or kind in kinds):
                return kind, json.loads(value)

    def close(self):
        self.connection.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    for name in ("mp", "mp-server"):
        if not (fleet.BUILD / name).exists():
            pytest.skip(f"{fleet.BUILD / name} is not built (MP_BUILD is the meson build folder)")
    folder = tmp_path_factory.mktemp("product") / "demo"
    subprocess.run([fleet.BUILD / "mp", "init", folder, "--product", "demo"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    return folder


@pytest.fixture
def make_server(template, tmp_path):
    made = []

    def make(*options):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        fleet.copy_product(template, folder)
        os.chmod(folder / "demo", 0o755)
        made.append(Server(folder, *options))
        return made[-1].start()
    yield make
    for server in made:
        server.stop_devices()
        server.kill()
