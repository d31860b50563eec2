# SPDX-License-Identifier: Apache-2.0
"""TUF against independent code: python-tuf writes and reads repositories, `mp tuf-client` reads.

A `Repo` is a repository written by python-tuf and served over loopback; a `Client` is one metadata
folder and one target folder of `mp tuf-client`.
"""
import datetime
import http.server
import os
import pathlib
import subprocess
import threading
from urllib import parse

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot,
                              SuccinctRoles, TargetFile, Targets, Timestamp)

BUILD = pathlib.Path(os.environ.get("MP_BUILD", pathlib.Path(__file__).parents[2] / "build"))
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
GENERATE = {"ed25519": CryptoSigner.generate_ed25519, "ecdsa": CryptoSigner.generate_ecdsa,
            "rsa": CryptoSigner.generate_rsa}
TOP = ("root", "targets", "snapshot", "timestamp")


def program(name):
    path = BUILD / name
    if not path.exists():
        pytest.skip(f"{path} is not built (MP_BUILD is the meson build folder)")
    return path


class Web:
    """Files and answers over loopback. `files` maps paths (decoded) to bytes or to a function that
    is given the request handler and answers itself; `asked` lists the paths in order."""

    def __init__(self):
        web = self
        self.files, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.asked.append(self.path)
                body = web.files.get(parse.unquote(self.path))
                if callable(body):
                    self.close_connection = True
                    return body(self)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Repo:
    """A repository by python-tuf. Change `md`, then publish()."""

    def __init__(self, web, kind="ed25519", consistent=True, hashes=False):
        self.web, self.kind, self.hashes = web, kind, hashes
        expires = NOW + datetime.timedelta(days=10)
        self.md = {"root": Metadata(Root(expires=expires, consistent_snapshot=consistent)),
                   "targets": Metadata(Targets(expires=expires)),
                   "snapshot": Metadata(Snapshot(expires=expires)),
                   "timestamp": Metadata(Timestamp(expires=expires))}
        self.signers = {}
        self.former = []  # root keys that must still sign the next root
        for role in TOP:
            self.add_key(role)
        self.publish("root", "targets", "snapshot", "timestamp", bump=False)
        self.first_root = web.files["/metadata/1.root.json"]

    @property
    def root(self):
        return self.md["root"].signed

    @property
    def targets(self):
        return self.md["targets"].signed

    def new_key(self):
        return GENERATE[self.kind]()

    def add_key(self, role, key=None):
        key = key or self.new_key()
        self.root.add_key(key.public_key, role)
        self.signers.setdefault(role, []).append(key)

    def rotate(self, role, count=1, threshold=1):
        """Other keys for a top-level role."""
        if role == "root":
            self.former = self.signers[role]
        self.root.roles[role].keyids.clear()
        self.root.roles[role].threshold = threshold
        self.signers[role] = []
        for _ in range(count):
            self.add_key(role)

    def add_target(self, path, data, role="targets", algorithms=("sha256",)):
        info = TargetFile.from_data(path, data, list(algorithms))
        self.md[role].signed.targets[path] = info
        paths = info.get_prefixed_paths() if self.root.consistent_snapshot else [path]
        for name in paths:
            self.web.files["/targets/" + name] = data

    def _describe(self, role):
        data = self.web.files[self._path(role)]
        version = self.md[role].signed.version
        return MetaFile.from_data(version, data, ["sha256"]) if self.hashes else MetaFile(version)

    def _path(self, role):
        version = self.md[role].signed.version
        prefixed = role == "root" or (self.root.consistent_snapshot and role != "timestamp")
        return f"/metadata/{version}.{role}.json" if prefixed else f"/metadata/{role}.json"

    def publish(self, *roles, bump=True):
        """Sign these roles anew, in this order."""
        for role in roles:
            md = self.md[role]
            if bump:
                md.signed.version += 1
            if role == "snapshot":
                for name in self.md:
                    if name not in ("root", "snapshot", "timestamp"):
                        md.signed.meta[f"{name}.json"] = self._describe(name)
            if role == "timestamp":
                md.signed.snapshot_meta = self._describe("snapshot")
            md.signatures.clear()
            for signer in self.signers[role] + (self.former if role == "root" else []):
                md.sign(signer, append=True)
            if role == "root":
                self.former = []
            self.web.files[self._path(role)] = md.to_bytes()

    def publish_all(self, *first):
        self.publish(*first, "targets", "snapshot", "timestamp")

    def delegate(self, by, name, paths=None, prefixes=None, terminating=False, keys=1,
                 threshold=1):
        delegator = self.md[by].signed
        if delegator.delegations is None:
            delegator.delegations = Delegations({}, roles={})
        delegator.delegations.roles[name] = DelegatedRole(name, [], threshold, terminating, paths,
                                                          prefixes)
        for _ in range(keys):
            key = self.new_key()
            delegator.add_key(key.public_key, name)
            self.signers.setdefault(name, []).append(key)
        self._add_role(name)

    def delegate_bins(self, bits, prefix):
        key = self.new_key()
        bins = SuccinctRoles([], 1, bits, prefix)
        self.targets.delegations = Delegations({}, None, bins)
        self.targets.add_key(key.public_key)
        for name in bins.get_roles():
            self.signers[name] = [key]
            self._add_role(name)
        return bins

    def _add_role(self, name):
        if name not in self.md:
            self.md[name] = Metadata(Targets(expires=NOW + datetime.timedelta(days=10)))
            self.publish(name, bump=False)


class Client:
    """`mp tuf-client` with folders of its own."""

    def __init__(self, web, folder, root):
        self.web = web
        self.metadata, self.targets = folder / "metadata", folder / "targets"
        self.metadata.mkdir(parents=True)
        self.targets.mkdir()
        (folder / "root.json").write_bytes(root)
        assert self.run("--metadata-dir", self.metadata, "init", folder / "root.json") == 0

    def run(self, *args):
        done = subprocess.run([program("mp"), "tuf-client", *map(str, args)], timeout=120,
                              capture_output=True, text=True)
        self.said = done.stderr
        return done.returncode

    def refresh(self):
        return self.run("--metadata-dir", self.metadata, "--metadata-url",
                        self.web.url + "/metadata", "refresh")

    def download(self, *names):
        wanted = [arg for name in names for arg in ("--target-name", name)]
        return self.run("--metadata-dir", self.metadata, "--metadata-url",
                        self.web.url + "/metadata/", *wanted, "--target-base-url",
                        self.web.url + "/targets/", "--target-dir", self.targets, "download")

    def version(self, role):
        return Metadata.from_file(str(self.metadata / f"{role}.json")).signed.version

    def got(self, name):
        return (self.targets / parse.quote(name, "")).read_bytes()


@pytest.fixture
def web():
    web = Web()
    yield web
    web.stop()


@pytest.fixture
def make(web, tmp_path):
    """make(**how): a repository of python-tuf and a client that trusts its first root."""

    def make(**how):
        repo = Repo(web, **how)
        return repo, Client(web, tmp_path / "client", repo.first_root)

    return make
