# SPDX-License-Identifier: Apache-2.0
"""Applications against the engine that devices run: Debian trixie's Docker, started by hand."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build"))
DRIVER = BUILD / "test-apps"
TREE = ROOT / "build/cache/engine-trixie"
PACKAGES = "docker.io,containerd,runc,busybox-static,iproute2"


def drive(*args, status=0):
    """Run the driver; what it printed, or its sentence when it must fail."""
    done = subprocess.run([DRIVER, *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{args}: {done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stderr.strip()


class Engine:
    def __init__(self, tree, work):
        self.tree, self.work, self.socket = tree, work, work / "s.sock"
        self.process = None

    def start(self):
        self.socket.unlink(missing_ok=True)
        with open(self.work / "log", "ab") as log:
            self.process = subprocess.Popen([HERE / "engine", self.tree, self.work], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                return self.api("GET", "/_ping")
            except OSError:
                time.sleep(0.1)
        self.kill()
        pytest.skip("Docker's engine does not start on this machine: "
                    + (self.work / "log").read_text(errors="replace")[-300:])

    def kill(self):
        """Like a power cut: the first process of its PID namespace goes, and all with it."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        for child in self.children():
            os.kill(child, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def children(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return [int(pid) for pid in pathlib.Path(path).read_text().split()]

    def api(self, method, path, body=None):
        connection = http.client.HTTPConnection("docker", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(str(self.socket))
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 400, text
        return json.loads(text) if text.startswith((b"{", b"[")) else text

    def inspect(self, name):
        return self.api("GET", f"/containers/{name}/json")

    def containers(self):
        return {c["Names"][0].lstrip("/"): c for c in self.api("GET", "/containers/json?all=1")}

    def tags(self):
        return sorted(t for i in self.api("GET", "/images/json") for t in i["RepoTags"])

    def get(self, url):
        """The page at `url` as programs on the device see it."""
        pid = self.children()[0]
        done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "curl", "-sS", "--max-time",
                               "10", url], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def tree():
    """A Debian tree with the engine, made once."""
    if os.geteuid() != 0:
        pytest.skip("starting Docker's engine needs root")
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    if not (TREE / "usr/sbin/dockerd").exists():
        TREE.parent.mkdir(parents=True, exist_ok=True)
        made = TREE.with_suffix(".part")
        shutil.rmtree(made, ignore_errors=True)
        done = subprocess.run(["mmdebstrap", "--variant=essential", f"--include={PACKAGES}",
                               '--aptopt=APT::Install-Recommends "false"', "trixie", made],
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            pytest.skip("no Debian tree could be made: " + done.stderr[-300:])
        made.rename(TREE)
    return TREE


@pytest.fixture(scope="session")
def running(tree):
    work = pathlib.Path(tempfile.mkdtemp(prefix="mp-engine-"))
    engine = Engine(tree, work)
    try:
        engine.start()
        yield engine
        engine.stop()
    finally:
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def engine(running):
    """An engine without containers and images."""
    if running.process.poll() is not None:
        running.start()
    for container in running.containers().values():
        running.api("DELETE", f"/containers/{container['Id']}?force=1")
    for image in running.api("GET", "/images/json"):
        running.api("DELETE", f"/images/{image['Id']}?force=1")
    return running


SERVICE = """services:
  web:
    build: ./web
    ports: ["8080:8080"]
    read_only: true
    cap_drop: [ALL]
    restart: always
    healthcheck:
      test: [CMD, busybox, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
      interval: 1s
      retries: 2
"""
RECIPE = """files: root
command: [busybox, httpd, -f, -p, "8080", -h, /www]
user: "1000:1000"
stop_signal: SIGKILL
"""


@pytest.fixture
def make(tree, tmp_path):
    """make(version, ...): a release of one service, as the driver builds it; its folder."""

    def build(version, service=SERVICE, recipe=RECIPE, page=None):
        app = tmp_path / f"app-{version}"
        root = app / "web/root"
        (root / "usr/bin").mkdir(parents=True)
        (root / "www").mkdir()
        shutil.copy(tree / "usr/bin/busybox", root / "usr/bin/busybox")
        (root / "www/index.html").write_text(page or f"version {version}")
        (app / "web/image.yaml").write_text(recipe)
        (app / "docker-compose.yml").write_text(service)
        out = tmp_path / version
        out.mkdir()
        drive("make", app / "docker-compose.yml", version, out)
        return out

    return build
