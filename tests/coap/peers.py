# SPDX-License-Identifier: Apache-2.0
"""Programs that serve and ask as our driver does: `server` prints its ports, `client` its answers."""
import json
import os
import pathlib
import selectors
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build"))
CARRIERS = ("udp", "tcp")


class Program:
    """The server runs until stop(); a client for each request."""

    def __init__(self, *command, carriers=CARRIERS):
        self.command, self.carriers = list(command), carriers
        self.process, self.ports = None, {}

    def start(self, timeout=30):
        self.process = subprocess.Popen([*self.command, "server"], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL)
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if ready.select(timeout) else b""
        assert line, f"{self.command} does not serve"
        self.ports = dict(zip(CARRIERS, map(int, line.split())))
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.communicate()

    def needs(self, carrier):
        if carrier not in self.carriers:
            pytest.skip("this peer has no " + carrier.upper())

    def address(self, carrier):
        self.needs(carrier)
        return f"127.0.0.1:{self.ports[carrier]}"

    def ask(self, carrier, address, *request, body=b""):
        done = subprocess.run([*self.command, "client", carrier, address, *request], input=body,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()]


def aiocoap():
    return Program(sys.executable, HERE / "peer_aiocoap.py")


def go_coap():
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    program = BUILD / "coap-go"
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go", text=True,
                           capture_output=True, timeout=300)
    if built.returncode != 0:
        pytest.skip("go-coap cannot be built here: " + built.stderr[-300:])
    return Program(program)


ALL = {"aiocoap": aiocoap, "go-coap": go_coap}
