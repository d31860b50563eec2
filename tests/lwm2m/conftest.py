# SPDX-License-Identifier: Apache-2.0
import http.client
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))

import fleet  # noqa: E402
import plain  # noqa: E402


class Server(fleet.Server):
    def __init__(self, folder, *options):
        self.coap_port, self.coaps_port, self.tcp_port = (fleet.free_port() for _ in range(3))
        super().__init__(folder, "--coap-port", str(self.coap_port), "--coaps-port", str(self.coaps_port),
                         "--coap-tcp-port", str(self.tcp_port), *options)

    def client(self, timeout=5):
        return plain.Client(self.coap_port, timeout)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.admin}",
                                                "Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def figures(self):
        """/metrics as a dictionary."""
        text = self.ask("GET", "/metrics")[1].decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if not line.startswith("#")}

    def rss_kb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    for name in ("mp", "mp-server", "mp-sim"):
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
        server.kill()


@pytest.fixture
def server(make_server):
    return make_server("--open-registration")
