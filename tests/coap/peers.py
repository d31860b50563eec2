# SPDX-License-Identifier: Apache-2.0
"""Programs that serve and ask as our driver does: `server` prints its ports, `client` its answers."""
import hashlib
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

    def __init__(self, *command):
        self.command, self.process, self.ports = list(command), None, {}

    def start(self, timeout=60):
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

    def address(self, carrier):
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
    program, folder = BUILD / "coap-go", HERE / "go"
    fetched = subprocess.run(["go", "mod", "download"], cwd=folder, text=True, capture_output=True,
                             timeout=300)
    if fetched.returncode != 0:
        pytest.skip("go-coap cannot be fetched here: " + fetched.stderr[-300:])
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=folder, text=True,
                           capture_output=True, timeout=300)
    assert built.returncode == 0, built.stderr
    return Program(program)


def californium():
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        pytest.skip("maven and a JDK are not installed")
    jars, classes = BUILD / "coap-java/jars", BUILD / "coap-java/classes"
    if not is_pinned(jars):
        fetched = subprocess.run(["mvn", "-q", "-B", "-f", HERE / "java/pom.xml",
                                  "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
                                 text=True, capture_output=True, timeout=300)
        if fetched.returncode != 0:
            pytest.skip("Californium cannot be fetched here: " + fetched.stdout[-300:])
        assert is_pinned(jars), "what Maven fetched is not what java/sha256 names"
    built = subprocess.run(["javac", "-cp", f"{jars}/*", "-d", classes, HERE / "java/Peer.java"],
                           text=True, capture_output=True, timeout=120)
    assert built.returncode == 0, built.stderr
    return Program("java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*:{classes}", "Peer")


def is_pinned(jars):
    """Is everything there that java/sha256 names, and nothing else?"""
    lines = (HERE / "java/sha256").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in lines)}
    return wanted == {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                      for path in jars.glob("*")}


ALL = {"aiocoap": (aiocoap, CARRIERS), "go-coap": (go_coap, CARRIERS),
       "californium": (californium, ("udp",))}
