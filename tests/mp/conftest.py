"""The verbs of mp, run as a user runs them: real folders, a real server, nothing replaced."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from ports import free_port

BUILD = pathlib.Path(os.environ.get("MP_BUILD", pathlib.Path(__file__).parents[2] / "build"))
MP = BUILD / "mp"
FRAME = 1 << 20


def run(*args, cwd=None, status=0, env=None, stdin=subprocess.DEVNULL):
    """Run mp and check its exit status; what it said comes back."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MP_")}
    done = subprocess.run([MP, *map(str, args)], cwd=cwd, stdin=stdin, text=True, timeout=60,
                          capture_output=True, env=clean | (env or {}))
    assert done.returncode == status, f"{args}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def fails(*args, status=1, **kwargs):
    """One sentence on stderr, nothing on stdout; the sentence comes back."""
    done = run(*args, status=status, **kwargs)
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("==> ")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("mp"), done.stderr
    return lines[0]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def payload(parts):
    """A payload file (docs/spec/payload.md) with uncompressed frames, and its index's digest."""
    frames, body = [], b""
    for number, data in enumerate(parts.values()):
        for at in range(0, len(data), FRAME):
            frames.append((number, at, data[at:at + FRAME]))
    size = 8 + 32 * len(parts) + 64 * len(frames)
    index = len(parts).to_bytes(4, "little") + len(frames).to_bytes(4, "little")
    for name, data in parts.items():
        index += name.encode().ljust(16, b"\0") + len(data).to_bytes(8, "little") + bytes(8)
    for number, at, raw in frames:
        index += (16 + size + len(body)).to_bytes(8, "little") + at.to_bytes(8, "little")
        index += len(raw).to_bytes(4, "little") * 2 + bytes([0, number]) + bytes(6)
        index += hashlib.sha256(raw).digest()
        body += raw
    head = b"mp-load\n" + (1).to_bytes(2, "little") + bytes(2) + size.to_bytes(4, "little") + index
    return head + body, sha256(head)


class Product:
    """A product folder, and the server that serves it."""

    def __init__(self, folder, *options):
        self.dir = folder
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.process = None
        run("init", folder, "--product", "demo", "--url", self.url, *options)

    def mp(self, *args, **kwargs):
        return run("-C", self.dir, *args, **kwargs)

    def fails(self, *args, **kwargs):
        return fails("-C", self.dir, *args, **kwargs)

    def fails_after_progress(self, *args):
        """The last line on stderr, after lines of progress."""
        return self.mp(*args, status=1).stderr.splitlines()[-1]

    def json(self, *args, **kwargs):
        return json.loads(self.mp(*args, "--json", **kwargs).stdout)

    def set_version(self, version):
        path = self.dir / "product.yaml"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(f"version: {version}" if line.startswith("version:") else line
                                  for line in lines) + "\n")

    def build(self, version, fill=b"x", layer=b"layer", files=None):
        """What `mp build` leaves in build/VERSION, with a root file system of a few bytes."""
        folder = self.dir / "build" / version
        folder.mkdir(parents=True)
        parts = {"root": fill * 4096, "verity": b"v" * 4096, "uki": b"uki of " + version.encode()}
        body, index = payload(parts)
        config = json.dumps({"version": version}).encode()
        source = {"type": "full", "target": f"{sha256(body)}.payload", "size": len(body),
                  "index_sha256": index}
        os_part = {"root_hash": sha256(fill), "sources": [source]}
        for name, data in parts.items():
            os_part[name] = {"size": len(data), "sha256": sha256(data)}
        os_part["uki"]["name"] = f"mp_{version}.efi"
        service = {"name": "web", "spec": {"restart": "always"},
                   "image": {"id": sha256(config),
                             "config": {"target": f"{sha256(config)}.config", "size": len(config)},
                             "layers": [{"diff_id": sha256(layer), "size": len(layer),
                                         "target": f"{sha256(layer)}.layer"}]}}
        manifest = {"format": 1, "product": "demo", "version": version, "notes": "as built",
                    "boards": {"qemu-x86_64": {"os": os_part}}, "app": {"services": [service]}}
        blobs = {source["target"]: body, service["image"]["config"]["target"]: config,
                 service["image"]["layers"][0]["target"]: layer,
                 f"{version}.manifest.json": json.dumps(manifest).encode()}
        targets = []
        for name, data in blobs.items():
            (folder / name).write_bytes(data)
            targets.append({"path": name, "file": name, "length": len(data),
                            "sha256": sha256(data)})
        (folder / "release.json").write_text(json.dumps(
            {"version": version, "manifest": f"{version}.manifest.json", "targets": targets,
             "boards": {}}))
        return folder

    def release(self, version, **kwargs):
        """Build and publish."""
        self.set_version(version)
        self.build(version, **kwargs)
        self.mp("publish")

    def start(self):
        path = self.dir.parent / "server.log"
        before = path.stat().st_size if path.exists() else 0
        with open(path, "ab") as log:
            self.process = subprocess.Popen([MP, "-C", self.dir, "serve", "--poll", "1"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(1200):
            if "listening" in path.read_text()[before:]:
                return
            assert self.process.poll() is None, path.read_text()
            time.sleep(0.05)
        raise AssertionError("the server does not listen: " + path.read_text())

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(60) == 0, (self.dir.parent / "server.log").read_text()
            self.process = None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None


@pytest.fixture
def product(tmp_path):
    return Product(tmp_path / "demo")


@pytest.fixture
def served(product):
    """A product whose server runs."""
    if not (BUILD / "mp-server").exists():
        pytest.skip(f"{BUILD} has no mp-server")
    product.start()
    yield product
    product.kill()
