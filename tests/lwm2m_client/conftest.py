# SPDX-License-Identifier: Apache-2.0
"""The client of libs/lwm2m, as mp-sim has it, against a server that is not ours."""
import asyncio
import json
import os
import pathlib
import subprocess

import pytest

from server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIM = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build")) / "mp-sim"


class Sim:
    def __init__(self, folder, server, *options):
        self.report = folder / "report.json"
        self.process = subprocess.Popen(
            [SIM, "--server", server.uri, "--report", self.report, "--seconds", "600", *options],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self):
        """Ends it; its report."""
        if self.process.poll() is None:
            self.process.terminate()
        self.code = self.process.wait(60)
        return json.loads(self.report.read_text()) if self.report.exists() else None


@pytest.fixture
def scene(tmp_path):
    """scene(test, "--option", ..., package=b"", codes=(0,)) runs the coroutine test(server, sim)."""
    if not SIM.exists():
        pytest.skip(f"{SIM} is not built (MP_BUILD is the meson build folder)")

    def run(test, *options, package=b"", codes=(0,), transport="udp6", profiles=None):
        async def play():
            server = await Server().start(package, transport)
            server.profiles = profiles
            sim = Sim(tmp_path, server, *options)
            try:
                await test(server, sim)
            finally:
                sim.stop()
                await server.stop()
            assert sim.code in codes
        asyncio.run(asyncio.wait_for(play(), 700))
    return run
