# SPDX-License-Identifier: Apache-2.0
"""DTLS on real ports: our driver, and the certificates that it and its peers show."""
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time

import pytest

import ports

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRIVER = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build")) / "test-dtls"
IDENTITY, KEY = "device-1", "00112233445566778899aabbccddeeff"
PSK = f"psk={IDENTITY}:{KEY}"


class Program:
    """A program that is talked to in lines."""

    def __init__(self, *args):
        self.args = [str(a) for a in args]
        self.lines, self.seen = queue.Queue(), []
        self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode(errors="replace").rstrip("\r\n"))

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")

    def expect(self, text, seconds=30):
        """The next line with `text` in it."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.args}: no {text!r} in {self.seen}") from None
            self.seen.append(line)
            if text in line:
                return line

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(2)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


@pytest.fixture
def start():
    """Programs that end with the test."""
    programs = []

    def begin(*args):
        programs.append(Program(*args))
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


@pytest.fixture
def serve(start):
    """Our server: the program and its port."""
    def begin(*options):
        program = start(DRIVER, "server", "127.0.0.1:0", *options)
        return program, int(program.expect("port ").split()[1])
    return begin


@pytest.fixture
def connect(start):
    """Our client."""
    def begin(port, *options):
        return start(DRIVER, "client", f"127.0.0.1:{port}", *options)
    return begin


@pytest.fixture
def free_port():
    return ports.free_port()


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """ca, server and device-7: NAME.key, NAME.pub and NAME.crt."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ca", "server", "device-7", "stranger"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                folder / f"{name}.key")
        openssl("pkey", "-in", folder / f"{name}.key", "-pubout", "-out", folder / f"{name}.pub")
        signer = [] if name in ("ca", "stranger") else ["-CA", folder / "ca.crt", "-CAkey",
                                                        folder / "ca.key"]
        san = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"] if name == "server" else []
        openssl("req", "-x509", "-new", "-key", folder / f"{name}.key", "-days", "2", "-subj",
                f"/CN={name}", "-out", folder / f"{name}.crt", *signer, *san)
    return folder


@pytest.fixture(scope="session")
def pion(tmp_path_factory):
    """The peer made with pion/dtls."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    program = tmp_path_factory.mktemp("go") / "pion"
    done = subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go",
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip("pion/dtls cannot be built: " + done.stderr[-300:])
    return program
