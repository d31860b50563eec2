# SPDX-License-Identifier: Apache-2.0
"""The server and the devices of tests/server/fleet.py with a few more words, for the tests of the page
and of the API, which care for what is shown and not for how devices authenticate."""
import json
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/server"))

import fleet  # noqa: E402

BUILD = fleet.BUILD


class Device(fleet.Device):
    def report(self, release, **attributes):
        self.attributes({"product": "demo", "board": fleet.BOARD, "release": release} | attributes)

    def proceeds(self, details):
        self.feedback("proceeding", "none", details)

    def proves(self, release):
        self.report(release)
        self.feedback("closed", "success", "proven")

    def fails(self, reason):
        self.feedback("closed", "failure", reason)


class Fleet(fleet.Server):
    """A product folder with keys of its own, and mp-server on it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.url = f"https://127.0.0.1:{self.port}"
        self.notes = "as built"
        for name in ("mp", "mp-server"):
            if not (BUILD / name).exists():
                pytest.skip(f"{BUILD / name} is not built (MP_BUILD is the meson build folder)")
        self.mp("init", self.product, "--product", "demo")

    def mp(self, *args):
        subprocess.run([BUILD / "mp", *args], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    def manifest(self, version, **kwargs):
        files = super().manifest(version, **kwargs)
        name = f"{version}.manifest.json"
        files[name] = json.dumps(json.loads(files[name]) | {"notes": self.notes}).encode()
        return files

    def device(self, name, release="1.0.0", **attributes):
        device = Device(self, name)
        answer = device.enroll()
        assert answer.status == 200, answer.body
        device.poll()
        device.report(release, **attributes)
        return device

    def token_of(self, role):
        return self.api("POST", "/tokens", {"name": f"{role}-{time.time_ns()}", "role": role},
                        want=201)["token"]
