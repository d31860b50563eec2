# SPDX-License-Identifier: Apache-2.0
"""A real mp-server on a real product folder, devices with certificates, and releases for them.

Signatures and keys come from the `cryptography` package and not from the project's libraries, so that
the server is judged by code that is not ours.
"""
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ports import free_port

BUILD = pathlib.Path(os.environ.get("MP_BUILD", pathlib.Path(__file__).parents[2] / "build"))
BOARD = "qemu-x86_64"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = {k.lower(): v for k, v in response.getheaders()}

    def json(self):
        return json.loads(self.body)


class Server:
    def __init__(self, folder, *options):
        self.folder, self.product, self.data = folder, folder / "demo", folder / "data"
        self.port, self.http_port = free_port(), free_port()
        self.options, self.process, self.targets_version, self.listed = list(options), None, 0, {}
        self.log = folder / "server.log"
        self.clock = 0  # seconds that it is ahead

    # ---- the process ----
    def start(self):
        command = [BUILD / "mp-server", "--data", self.data, "--product-dir", self.product,
                   "--port", str(self.port), "--http-port", str(self.http_port), "--poll", "5",
                   *self.options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment())
        for _ in range(2400):
            assert self.process.poll() is None, self.log.read_text()
            try:
                assert self.call("GET", "/", token=None, plain=True).status == 200
                break
            except OSError:
                time.sleep(0.025)
        else:
            raise AssertionError("the server does not listen")
        self.admin = (self.product / "server/admin.token").read_text().strip()
        return self

    def environment(self):
        if not self.clock:
            return None
        shim = self.folder / "clock.so"
        if not shim.exists():
            subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, pathlib.Path(__file__).with_name("clock.c")],
                           check=True)
        return os.environ | {"LD_PRELOAD": str(shim), "CLOCK_OFFSET": str(self.clock),
                             "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def restart(self, clock=0):
        assert self.stop() == 0
        self.log.unlink()
        self.clock = clock
        return self.start()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process = None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process = None
        return status

    # ---- requests ----
    def tls(self, certificate=None, key=None):
        context = ssl.create_default_context(cafile=self.product / "keys/server-ca.crt")
        if certificate:
            context.load_cert_chain(certificate, key)
        return context

    def connection(self, context=None, plain=False):
        if plain:
            return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60,
                                           context=context or self.tls())

    def call(self, method, path, body=None, *, headers=None, token="", context=None, plain=False,
             connection=None):
        """`token` "" is the admin's; None sends none. A dict as body becomes JSON."""
        c = connection or self.connection(context, plain)
        headers = dict(headers or {})
        if token is not None and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {token or self.admin}"
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        c.request(method, path, body=body, headers=headers)
        response = c.getresponse()
        answer = Answer(response, response.read())
        if not connection:
            c.close()
        return answer

    def api(self, method, path, body=None, want=200, **kwargs):
        answer = self.call(method, "/api/v1" + path, body, **kwargs)
        assert answer.status == want, (answer.status, answer.body)
        return answer.json() if answer.body else None

    # ---- releases ----
    def sign(self, role, signed):
        pem = (self.product / f"keys/{role}.pem").read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        keyid = sha256(canonical({"keytype": "ed25519", "scheme": "ed25519",
                                  "keyval": {"public": public.hex()}}))
        return json.dumps({"signatures": [{"keyid": keyid, "sig": key.sign(canonical(signed)).hex()}],
                           "signed": signed})

    def put(self, data, want=(200, 201)):
        answer = self.call("PUT", "/api/v1/blobs/" + sha256(data), data)
        assert answer.status in want, (answer.status, answer.body)
        return answer.status

    def manifest(self, version, boards=(BOARD,), minimum=None):
        """A manifest and its files, by target path."""
        files, doc = {}, {"format": 1, "product": "demo", "version": version, "notes": "n " + version,
                          "boards": {}, "app": {"services": []}}
        if minimum:
            doc["minimum_version"] = minimum
        zero = {"size": 4096, "sha256": "0" * 64}
        for board in boards:
            data = f"payload of {version} for {board}".encode()
            path = sha256(data) + ".payload"
            files[path] = data
            doc["boards"][board] = {"os": {
                "root_hash": "1" * 64, "root": zero, "verity": zero,
                "uki": {"name": f"mp_{version}.efi", **zero},
                "sources": [{"type": "full", "target": path, "size": len(data),
                             "index_sha256": "2" * 64}]}}
        config, layer = b'{"config":"' + version.encode() + b'"}', b"layer of " + version.encode()
        files[sha256(config) + ".config"], files[sha256(layer) + ".layer"] = config, layer
        doc["app"]["services"].append({
            "name": "web", "spec": {"restart": "always"},
            "image": {"id": sha256(config),
                      "config": {"target": sha256(config) + ".config", "size": len(config)},
                      "layers": [{"diff_id": sha256(layer), "target": sha256(layer) + ".layer",
                                  "size": len(layer)}]}})
        files[f"{version}.manifest.json"] = json.dumps(doc).encode()
        return files

    def targets(self, files, version=None):
        for path, data in files.items():
            self.listed[path] = {"length": len(data), "hashes": {"sha256": sha256(data)}}
        return {"_type": "targets", "spec_version": "1.0.31", "expires": "2040-01-01T00:00:00Z",
                "version": version or self.targets_version + 1, "targets": self.listed}

    def publish(self, version, want=201, role="targets", upload=True, **kwargs):
        files = self.manifest(version, **kwargs)
        if upload:
            for data in files.values():
                self.put(data)
        text = self.sign(role, self.targets(files))
        answer = self.api("POST", "/releases", {"manifest": f"{version}.manifest.json", "targets": text},
                          want=want)
        if want == 201:
            self.targets_version += 1
        return answer

    def rollout(self, release, want=201, **kwargs):
        return self.api("POST", "/rollouts", {"release": release, **(kwargs or {"all": True})}, want=want)

    # ---- devices ----
    def enroll_token(self):
        return (self.product / "keys/enroll.token").read_text().strip()

    def device(self, name, board=BOARD, release=None):
        """Enrolled, and its first poll and attributes sent."""
        d = Device(self, name)
        assert d.enroll().status == 200
        d.poll()
        d.attributes({"product": "demo", "board": board, **({"release": release} if release else {})})
        return d


class Device:
    def __init__(self, server, name, key=None):
        self.server, self.name, self.connection = server, name, None
        self.base = f"/DEFAULT/controller/v1/{name}"
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        folder = server.folder / "devices"
        folder.mkdir(exist_ok=True)
        self.key_file = folder / f"{name}-{id(self)}.pem"
        self.certificate_file = folder / f"{name}-{id(self)}.crt"
        self.key_file.write_bytes(self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    def csr(self, name=None):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or self.name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject)
        return request.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def enroll(self, token=None):
        answer = self.server.call("POST", "/enroll", self.csr(), headers={
            "Authorization": "EnrollToken " + (token or self.server.enroll_token())})
        if answer.status == 200:
            self.certificate_file.write_bytes(answer.body)
        return answer

    def call(self, method, path, body=None, headers=None):
        """With the certificate; `path` is below the device's base, or whole."""
        if not self.connection:
            context = self.server.tls(self.certificate_file, self.key_file)
            self.connection = self.server.connection(context)
        if not path.startswith("/DEFAULT"):
            path = self.base + path
        try:
            return self.server.call(method, path, body, headers=headers, token=None,
                                    connection=self.connection)
        except (http.client.HTTPException, OSError):
            self.connection.close()
            self.connection = None
            raise

    def poll(self):
        answer = self.call("GET", "")
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def links(self):
        return {k: v["href"].split(f":{self.server.port}", 1)[1]
                for k, v in self.poll().get("_links", {}).items()}

    def attributes(self, data, mode="merge"):
        answer = self.call("PUT", "/configData", {"mode": mode, "data": data})
        assert answer.status == 200, (answer.status, answer.body)

    def offer(self):
        """Poll and read the deployment: its id and the whole."""
        answer = self.call("GET", self.links()["deploymentBase"])
        assert answer.status == 200
        self.action = answer.json()["id"]
        return answer.json()

    def feedback(self, execution, finished="none", *details, kind="deploymentBase", want=200):
        answer = self.call("POST", f"/{kind}/{self.action}/feedback", {
            "id": self.action, "status": {"execution": execution, "result": {"finished": finished},
                                          "details": list(details)}})
        assert answer.status == want, (answer.status, answer.body)

    def update(self, succeeds=True, why="The container web was not healthy; rolled back."):
        self.offer()
        self.feedback("proceeding", "none", "downloading 34 %")
        if succeeds:
            self.feedback("closed", "success")
        else:
            self.feedback("closed", "failure", why)

    def seen(self):
        return self.server.api("GET", f"/devices/{self.name}")

    def why(self):
        return self.server.api("GET", f"/devices/{self.name}/why")["reason"]


def copy_product(template, folder):
    shutil.copytree(template, folder / "demo")
