# SPDX-License-Identifier: Apache-2.0
"""Unmodified SWUpdate (suricatta) takes a release of ours that carries a .swu, and reports it proven."""
import json
import shutil
import subprocess
import time

import pytest

from fleet import BOARD, sha256


def cpio(files):
    """The SVR4 archive with checksums that SWUpdate reads."""
    out = b""
    for i, (name, data) in enumerate(files + [("TRAILER!!!", b"")]):
        head = [i + 1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, sum(data) & 0xffffffff]
        entry = b"070702" + b"".join(b"%08X" % x for x in head) + name.encode() + b"\0"
        entry += bytes(-len(entry) % 4) + data
        out += entry + bytes(-len(entry) % 4)
    return out + bytes(-len(out) % 512)


def make_swu(folder, installed):
    """One file, signed as Debian's SWUpdate wants it."""
    data = b"hello from 1.1.0\n"
    description = folder / "sw-description"
    description.write_text(
        'software = { version = "1.1.0"; hardware-compatibility: [ "1.0" ]; files: ( { filename = "hello.txt"; '
        f'sha256 = "{sha256(data)}"; path = "{installed}"; }} ); }}\n')
    signature = folder / "sw-description.sig"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "k.pem", "-out",
                    folder / "c.pem", "-subj", "/CN=swu", "-days", "30"], check=True, capture_output=True)
    subprocess.run(["openssl", "cms", "-sign", "-in", description, "-out", signature, "-signer", folder / "c.pem",
                    "-inkey", folder / "k.pem", "-outform", "DER", "-nosmimecap", "-binary"], check=True)
    return cpio([(p.name, p.read_bytes()) for p in (description, signature)] + [("hello.txt", data)])


def release_with(server, version, name, data):
    files = server.manifest(version)
    manifest = json.loads(files[f"{version}.manifest.json"])
    source = manifest["boards"][BOARD]["os"]["sources"][0]
    del files[source["target"]]
    source.update(target=name, size=len(data))
    files |= {name: data, f"{version}.manifest.json": json.dumps(manifest).encode()}
    for blob in files.values():
        server.put(blob)
    server.api("POST", "/releases", {"manifest": f"{version}.manifest.json",
                                     "targets": server.sign("targets", server.targets(files))}, want=201)


def swupdate(server, folder, token, until, *more):
    arguments = f"-t DEFAULT -u http://127.0.0.1:{server.http_port} -i swu1 -k {token} -p 1 " + " ".join(more)
    with open(folder / "swupdate.log", "ab") as log:
        process = subprocess.Popen(["swupdate", "-l", "4", "-H", "board:1.0", "-k", folder / "c.pem", "-u", arguments],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"TMPDIR": str(folder)})
    try:
        for _ in range(150):
            seen = server.api("GET", "/devices/swu1")
            if until(seen):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"{seen}\n{(folder / 'swupdate.log').read_text()[-3000:]}")
    finally:
        process.terminate()
        process.wait(60)


def test_swupdate_installs_and_reports(make_server, tmp_path):
    for tool in ("swupdate", "openssl"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    server = make_server("--target-tokens")
    token = server.api("POST", "/devices", {"id": "swu1"}, want=201)["token"]
    release_with(server, "1.1.0", "image.swu", make_swu(tmp_path, tmp_path / "installed.txt"))
    server.rollout("1.1.0")
    seen = swupdate(server, tmp_path, token, lambda d: d["state"] == "installed"
                    and d["reason"] == "All Chunks Installed.")
    assert seen["target"] == "1.1.0"
    assert (tmp_path / "installed.txt").read_text() == "hello from 1.1.0\n"
    assert server.api("GET", "/rollouts/1")["counts"]["installing"] == 1
    seen = swupdate(server, tmp_path, token, lambda d: d["state"] == "proven", "-c 2")
    assert seen["release"] == "1.1.0"
    assert server.api("GET", "/rollouts/1")["state"] == "finished"
