# SPDX-License-Identifier: Apache-2.0
"""Releases for a device that is a folder: tiny images with a real hash tree, payload and TUF metadata.

Written from docs/spec/ and not with the project's libraries, so that both can be wrong only together
with the page.
"""
import datetime
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BLOCK = 4096
FRAME = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def verity(image):
    """(hash device, root hash) as `veritysetup format` makes them: SHA-256, no salt."""
    levels, below = [], [image[i:i + BLOCK] for i in range(0, len(image), BLOCK)]
    while len(below) > 1 or not levels:
        digests = b"".join(hashlib.sha256(b).digest() for b in below)
        digests += bytes(-len(digests) % BLOCK)
        levels.insert(0, digests)
        below = [digests[i:i + BLOCK] for i in range(0, len(digests), BLOCK)]
    head = struct.pack("<8sII16s32sIIQH6x256s168x", b"verity\0\0", 1, 1, hashlib.sha256(image).digest()[:16], b"sha256", BLOCK,
                       BLOCK, len(image) // BLOCK, 0, b"")
    return head.ljust(BLOCK, b"\0") + b"".join(levels), hashlib.sha256(levels[0]).hexdigest()


def payload(parts):
    """A payload of uncompressed frames (docs/spec/payload.md), and the SHA-256 of header and index."""
    pieces = [(n, off, data[off:off + FRAME]) for n, (_, data) in enumerate(parts)
              for off in range(0, len(data), FRAME)]
    size = 8 + 32 * len(parts) + 64 * len(pieces)
    index = struct.pack("<II", len(parts), len(pieces))
    for name, data in parts:
        index += struct.pack("<16sQ8x", name.encode(), len(data))
    at = 16 + size
    for part, off, data in pieces:
        index += struct.pack("<QQIIBB6x32s", at, off, len(data), len(data), 0, part,
                             hashlib.sha256(data).digest())
        at += len(data)
    head = struct.pack("<8sHHI", b"mp-load\n", 1, 0, size) + index
    return head + b"".join(data for _, _, data in pieces), sha256(head)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Key:
    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.json = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public.hex()}}
        self.id = sha256(canonical(self.json))


class Release:
    def __init__(self, version, size=3 << 20, root=None, product="demo", **manifest):
        self.version = version
        self.root = root or os.urandom(size)
        self.tree, self.root_hash = verity(self.root)
        self.uki = json.dumps({"version": version, "root_hash": self.root_hash}).encode().ljust(70000)
        data, index = payload([("root", self.root), ("verity", self.tree), ("uki", self.uki)])
        name = sha256(data) + ".payload"

        def part(b):
            return {"size": len(b), "sha256": sha256(b)}
        self.manifest = {
            "format": 1, "product": product, "version": version,
            "boards": {"qemu-x86_64": {"os": {
                "root_hash": self.root_hash, "root": part(self.root), "verity": part(self.tree),
                "uki": part(self.uki) | {"name": f"mp_{version}.efi"},
                "sources": [{"type": "full", "target": name, "size": len(data), "index_sha256": index}]}}},
            "app": {"services": []}} | manifest
        self.targets = {name: data, f"{version}.manifest.json": json.dumps(self.manifest).encode()}


class Repository:
    """TUF with one ed25519 key a role and consistent snapshots."""

    def __init__(self):
        self.keys = {role: Key() for role in ("root", "targets", "snapshot", "timestamp")}
        self.targets, self.version, self.days = {}, 0, 30
        self.root = self.sign("root", {
            "_type": "root", "version": 1, "consistent_snapshot": True,
            "keys": {k.id: k.json for k in self.keys.values()},
            "roles": {r: {"keyids": [k.id], "threshold": 1} for r, k in self.keys.items()}})

    def sign(self, role, signed, key=None):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=self.days)
        signed |= {"spec_version": "1.0.0", "expires": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        key = key or self.keys[role]
        return json.dumps({"signed": signed, "signatures": [
            {"keyid": self.keys[role].id, "sig": key.private.sign(canonical(signed)).hex()}]}).encode()

    def publish(self, *releases, forged=False):
        """All files that a device needs, by name."""
        files = {"1.root.json": self.root}
        for release in releases:
            self.targets |= release.targets
        for name, data in self.targets.items():
            files[f"{sha256(data)}.{name}"] = data
        self.version += 1
        v = self.version
        targets = self.sign("targets", {
            "_type": "targets", "version": v, "targets": {
                name: {"length": len(data), "hashes": {"sha256": sha256(data)}}
                for name, data in self.targets.items()}}, Key() if forged else None)
        snapshot = self.sign("snapshot", {"_type": "snapshot", "version": v,
                                          "meta": {"targets.json": {"version": v}}})
        timestamp = self.sign("timestamp", {"_type": "timestamp", "version": v,
                                            "meta": {"snapshot.json": {"version": v}}})
        return files | {f"{v}.targets.json": targets, f"{v}.snapshot.json": snapshot,
                        "timestamp.json": timestamp}
