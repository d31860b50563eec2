# SPDX-License-Identifier: Apache-2.0
"""A device that is a folder: a disk in a file, an ESP in a folder, and a boot loader in Python.

The programs are the real ones, with their sandboxes; only the prefix of their paths is ours.
"""
import http.server
import json
import os
import pathlib
import re
import signal
import socketserver
import struct
import subprocess
import threading
import time
import uuid
import zlib

BUILD = pathlib.Path(os.environ.get("MP_BUILD", pathlib.Path(__file__).parents[2] / "build"))
IMAGE = "1" * 64
SECTOR = 512
MIB = 1 << 20
PARTS = [  # label, type (Discoverable Partitions Specification), MiB
    ("esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 4),
    ("root-a", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", 8),
    ("verity-a", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", 2),
    ("root-b", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", 8),
    ("verity-b", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", 2),
    ("data", "0fc63daf-8483-4772-8e79-3d69d8477de4", 4),
]


def slot_uuids(root_hash):
    raw = bytes.fromhex(root_hash)
    return uuid.UUID(bytes=raw[:16]), uuid.UUID(bytes=raw[16:])


def write_disk(path, release):
    """A GPT disk whose slot A holds the release."""
    sectors = (sum(size for _, _, size in PARTS) + 2) * MIB // SECTOR
    ids = dict(zip(("root-a", "verity-a"), slot_uuids(release.root_hash)))
    entries, content, at = b"", {}, MIB // SECTOR
    for label, kind, size in PARTS:
        end = at + size * MIB // SECTOR
        entries += struct.pack("<16s16sQQQ72s", uuid.UUID(kind).bytes_le, ids.get(label, uuid.uuid4()).bytes_le,
                               at, end - 1, 0, label.encode("utf-16-le"))
        content[label], at = at * SECTOR, end
    entries = entries.ljust(128 * 128, b"\0")
    disk = uuid.uuid4().bytes_le

    def header(here, other, table):
        def head(crc):
            return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, here, other, 34,
                               sectors - 34, disk, table, 128, 128, zlib.crc32(entries))
        return head(zlib.crc32(head(0)))
    with open(path, "wb") as f:
        f.truncate(sectors * SECTOR)
        for offset, data in ((SECTOR, header(1, sectors - 1, 2)), (2 * SECTOR, entries),
                             ((sectors - 33) * SECTOR, entries),
                             ((sectors - 1) * SECTOR, header(sectors - 1, 1, sectors - 33)),
                             (content["root-a"], release.root), (content["verity-a"], release.tree)):
            f.seek(offset)
            f.write(data)


class Docker(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """An engine that has the images it is asked for, and containers whose health is what a test says."""
    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, found):
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            health, path = self.server.health, self.path.split("/")
            images = [{"Id": f"sha256:{IMAGE}"}] if health else []
            if path[-1] == "version":
                self.answer(200, {"Version": "26.1.5"})
            elif path[-2:] == ["images", "json"]:
                self.answer(200, images)
            elif path[-3:-2] == ["images"] and images:
                self.answer(200, images[0])
            elif path[-2].removeprefix("mp_") in health:
                self.answer(200, {"State": {"Status": "running", "Health": {"Status": health[path[-2].removeprefix("mp_")]}}})
            else:
                self.answer(200, [])

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(201, {"Id": self.path.rpartition("=")[2]})

        def log_message(self, *args):
            pass

    def __init__(self, path):
        super().__init__(str(path), self.Handler)
        self.health = {}  # of the container of each service
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Device:
    def __init__(self, folder, release, repository, server, proof=20, grace=0, trial=False):
        self.root, self.server, self.process = folder, server, None
        for name in ("usr/share/microplatform", "usr/lib/microplatform/health.d", "proc/sys/kernel/random",
                     "usr/lib/microplatform/preflight.d", "efi/EFI/Linux", "efi/microplatform", "dev", "sys",
                     "run", "var/lib/microplatform/releases"):
            (folder / name).mkdir(parents=True)
        self.write("usr/share/microplatform/product.json", json.dumps({
            "product": "demo", "board": "qemu-x86_64", "server": {"url": server.url}, "poll_seconds": 1,
            "proof_timeout_seconds": proof, "grace_seconds": grace}))
        self.write("usr/share/microplatform/root.json", repository.root)
        write_disk(folder / "var/lib/microplatform/disk.img", release)
        tries = "+3" if trial else ""
        self.write(f"efi/EFI/Linux/mp_{release.version}{tries}.efi", release.uki)
        self.docker = Docker(folder / "run/docker.sock")

    def write(self, name, data, mode=0o644):
        path = self.root / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(mode)

    def hook(self, folder, name, script):
        self.write(f"usr/lib/microplatform/{folder}/{name}", f"#!/bin/sh\n{script}\n", 0o755)

    def entries(self):
        return sorted(p.name for p in (self.root / "efi/EFI/Linux").iterdir())

    def boot(self, panic=()):
        """systemd-boot: the newest entry that has tries left or needs none. A release in `panic` dies."""
        while True:
            best = None
            for name in self.entries():
                m = re.fullmatch(r"mp_([0-9.]+?)(?:\+(\d+)(?:-(\d+))?)?\.efi", name)
                if not m:
                    continue
                left = None if m[2] is None else int(m[2])
                key = (left != 0, [int(x) for x in m[1].split(".")])
                if best is None or key > best[0]:
                    best = (key, name, m[1], left, int(m[3] or 0))
            _, name, version, left, done = best
            path = self.root / "efi/EFI/Linux" / name
            uki = json.loads(path.read_bytes())
            if left:
                path.rename(path.with_name(f"mp_{version}+{left - 1}-{done + 1}.efi"))
            if version not in panic:
                break
        self.write("proc/cmdline", f"ro quiet roothash={uki['root_hash']} mp.release={version} panic=5\n")
        self.write("proc/sys/kernel/random/boot_id", f"{uuid.uuid4()}\n")
        for name in ("reboot", "agent.json"):  # /run begins empty
            (self.root / "run/microplatform" / name).unlink(missing_ok=True)
        return version

    def start(self, *extra):
        self.log = open(self.root / "agent.log", "ab")
        self.process = subprocess.Popen(
            [BUILD / "mp-agent", "run", "--root", self.root, "--disk", "/var/lib/microplatform/disk.img", "--docker",
             self.root / "run/docker.sock", "--fetch-user", "nobody" if os.geteuid() == 0 else "", *extra],
            stderr=self.log)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def close(self):
        self.stop()
        self.docker.shutdown()
        self.docker.server_close()

    def status(self):
        done = subprocess.run([BUILD / "mp-agent", "status", "--root", self.root], capture_output=True)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def said(self):
        return (self.root / "agent.log").read_text(errors="replace")

    def wait(self, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"did not happen in {seconds} s; status {self.status()}\n{self.said()}")

    def wait_state(self, state, seconds=60):
        return self.wait(lambda: self.status().get("state") == state, seconds)

    def wait_reboot(self, seconds=90, **how):
        """The agent asked for a reboot: it happens, and the agent of what then runs is started."""
        self.wait(lambda: self.process.poll() is not None, seconds)
        assert self.process.returncode == 0 and (self.root / "run/microplatform/reboot").exists(), self.said()
        version = self.boot(**how)
        self.start()
        return version
