# SPDX-License-Identifier: Apache-2.0
"""The agent and mp-server as they meet on a device: enrollment, mTLS, an update, a cancelled one.

Releases are published over the REST API and signed here with the product's targets key.
"""
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from device import BUILD
from ports import free_port
from releases import Key, Release, Repository, sha256


class Fleet:
    """A product folder, its mp-server, and the REST calls that a test needs."""

    def __init__(self, folder):
        subprocess.run([BUILD / "mp", "init", "demo"], cwd=folder, check=True, capture_output=True)
        self.product = folder / "demo"
        self.port = free_port()
        self.coaps_port = free_port()
        self.tcp_port, self.tls_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        yaml = self.product / "product.yaml"  # whose address is in what LwM2M devices are told to fetch
        yaml.write_text(re.sub(r"https://[0-9.]+:[0-9]+", self.url, yaml.read_text()))
        self.log = open(folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [BUILD / "mp-server", "--data", folder / "server-data", "--product-dir", self.product, "--port",
             str(self.port), "--coaps-port", str(self.coaps_port), "--coap-tcp-port", str(self.tcp_port),
             "--coaps-tcp-port", str(self.tls_port), "--poll", "1", "--user", "root"], stderr=self.log)
        self.tls = ssl.create_default_context(cafile=self.product / "keys/server-ca.crt")
        self.token = None
        self.wait(lambda: self.call("GET", "/status"))
        self.repository = Repository()
        self.repository.root = (self.product / "tuf/1.root.json").read_bytes()
        key = Key()
        key.private = load_pem_private_key((self.product / "keys/targets.pem").read_bytes(), None)
        key.id = json.loads(self.repository.root)["signed"]["roles"]["targets"]["keyids"][0]
        self.repository.keys["targets"] = key

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def wait(self, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                value = what()
            except (OSError, urllib.error.URLError):
                value = None
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"did not happen in {seconds} s: {self.devices()}")

    def call(self, method, path, body=None):
        self.token = self.token or (self.product / "server/admin.token").read_text().strip()
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, context=self.tls, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def devices(self):
        return self.call("GET", "/devices")["items"]

    def publish(self, release):
        files = self.repository.publish(release)
        for data in release.targets.values():
            self.call("PUT", f"/blobs/{sha256(data)}", data)
        self.call("POST", "/releases", {"manifest": f"{release.version}.manifest.json",
                                        "targets": files[f"{self.repository.version}.targets.json"].decode()})

    def roll_out(self, version):
        return self.call("POST", "/rollouts", {"release": version, "all": True})["id"]


@pytest.fixture
def fleet(folder):
    for name in ("mp", "mp-server"):
        if not (BUILD / name).exists():
            pytest.skip(f"{BUILD}/{name} is not built (MP_BUILD is the meson build folder)")
    fleet = Fleet(folder)
    yield fleet
    fleet.close()


@pytest.fixture
def ready(make_device, fleet, first):
    """It has what it needs to enroll; its agent is not started."""
    device = make_device(server=fleet, repository=fleet.repository)
    device.write("usr/share/microplatform/server-ca.pem", (fleet.product / "keys/server-ca.crt").read_bytes())
    device.write("efi/microplatform/enroll-token", (fleet.product / "keys/enroll.token").read_bytes())
    fleet.publish(first)
    return device


@pytest.fixture
def enrolled(ready, fleet):
    ready.start()
    fleet.wait(fleet.devices)
    return ready


@pytest.fixture
def small(ready):
    """Its data partition is a file system of its own, of 96 MiB; what it keeps there takes some."""
    data = ready.root / "var/lib/microplatform"
    kept = data.with_name("kept")
    data.rename(kept)
    data.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", data], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    subprocess.run(["cp", "-a", "--sparse=always", f"{kept}/.", data], check=True)
    shutil.rmtree(kept)
    yield ready
    ready.stop()
    subprocess.run(["umount", data], check=True)


def test_a_device_enrolls_and_says_what_it_is(enrolled, fleet):
    shown = fleet.wait(lambda: [d for d in fleet.devices() if d["release"]])[0]
    assert shown["release"] == "1.0.0" and shown["board"] == "qemu-x86_64" and shown["product"] == "demo"


def test_a_rollout_ends_proven_and_not_before_the_reboot(enrolled, fleet):
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    enrolled.wait(lambda: enrolled.process.poll() is not None)
    assert fleet.devices()[0]["state"] != "proven"
    assert enrolled.wait_reboot() == "1.1.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven")
    assert fleet.devices()[0]["release"] == "1.1.0"


def test_the_reason_of_a_fall_back_is_on_the_server(enrolled, fleet):
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    enrolled.wait(lambda: enrolled.process.poll() is not None)
    assert enrolled.wait_reboot(panic=["1.1.0"]) == "1.0.0"
    shown = fleet.wait(lambda: [d for d in fleet.devices() if d["state"] == "rolled_back"])[0]
    assert "did not come up" in shown["reason"], shown


def test_an_update_without_room_says_so_and_goes_on_once_there_is_some(small, fleet):
    data = small.root / "var/lib/microplatform"
    filler = data / "filler"
    stat = os.statvfs(data)
    filler.write_bytes(bytes(stat.f_bavail * stat.f_frsize - (20 << 20)))
    small.start()
    fleet.wait(fleet.devices)
    fleet.publish(Release("1.1.0"))
    rollout = fleet.roll_out("1.1.0")
    shown = fleet.wait(lambda: [d for d in fleet.devices() if "MiB left" in d["reason"]])[0]
    assert "the data partition has" in shown["reason"] and "release 1.1.0 needs" in shown["reason"], shown
    assert (shown["release"], shown["target"]) == ("1.0.0", "1.1.0") and small.entries() == ["mp_1.0.0.efi"]
    assert fleet.call("GET", f"/rollouts/{rollout}")["counts"]["failed"] == 0
    filler.unlink()
    assert small.wait_reboot(60) == "1.1.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven")
    assert fleet.call("GET", f"/rollouts/{rollout}")["state"] == "finished"


def test_a_rollout_that_is_aborted_stops_the_download(enrolled, fleet):
    os.mkfifo(enrolled.root / "hold")  # the preflight waits here
    enrolled.hook("preflight.d", "10-hold", f"read line < {enrolled.root}/hold")
    fleet.publish(Release("1.1.0"))
    rollout = fleet.roll_out("1.1.0")
    enrolled.wait_state("downloading")
    fleet.call("POST", f"/rollouts/{rollout}/abort")
    enrolled.wait_state("idle")
    assert enrolled.entries() == ["mp_1.0.0.efi"]
