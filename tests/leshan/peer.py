# SPDX-License-Identifier: Apache-2.0
"""A server that speaks Leshan's REST (Leshan itself, or ours), and clients for it."""
import http.client
import json
import os
import subprocess
import urllib.parse

import fleet
from device import wait


def next_port(address):
    host, port = address.rsplit(":", 1)
    return f"{host}:{int(port) + 1}"


class Leshan:
    def __init__(self, base, coap, coaps=None):
        parts = urllib.parse.urlsplit(base)
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self.coap, self.coaps = coap, coaps or next_port(coap)

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def ask(self, method, path, body=None, headers=None):
        """(status, parsed JSON or text)."""
        connection, headers = self.connect(), dict(headers or {})
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, self.prefix + path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, json.loads(data) if "json" in (answer.getheader("Content-Type") or "") else data.decode()

    def client(self, name):
        status, found = self.ask("GET", f"/api/clients/{name}")
        return found if status == 200 else None

    def events(self, name):
        return Events(self, name)


class Events:
    """The stream of one endpoint."""

    def __init__(self, server, name):
        self.connection = server.connect()
        self.connection.request("GET", f"{server.prefix}/api/event?ep={name}", headers={"Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200

    def next(self, *kinds):
        kind = None
        while True:
            line = self.answer.readline()
            assert line, "the stream has ended"
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                kind = value
            elif field == "data" and kind in kinds:
                return kind, json.loads(value)

    def close(self):
        self.connection.close()


class Process:
    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


class Registered(Process):
    """Requests about one registered endpoint, in Leshan's dialect."""

    def ask(self, method, path, body=None, headers=None, want=200):
        status, found = self.server.ask(method, f"/api/clients/{self.endpoint}{path}", body, headers)
        assert status == want, (status, found)
        return found

    def value(self, path):
        return self.ask("GET", path)["content"]["value"]

    def state(self):
        """Of its firmware: state and result."""
        found = {r["id"]: r["value"] for r in self.ask("GET", "/5/0")["content"]["resources"] if "value" in r}
        return int(found[3]), int(found[5])


class Lamp(Registered):
    def __init__(self, folder, server, name, *options, secure=False, seed=1, uri=None):
        self.server, self.endpoint = server, name + "000"
        options = ["--deregister", "--first-name", name, "--profile", "light", "--devices", "1", "--seed", str(seed), *options]
        if secure:
            keys = subprocess.run([fleet.BUILD / "mp-sim", "--keys", *options], check=True, capture_output=True,
                                  text=True).stdout
            endpoint, identity, key = keys.split()
            status, found = server.ask("PUT", "/api/security/clients/", {
                "endpoint": endpoint, "tls": {"mode": "psk", "details": {"identity": identity, "key": key}}})
            assert status == 200, found
        address = uri or (f"coaps://{server.coaps}" if secure else f"coap://{server.coap}")
        log = open(folder / f"{name}{server.port}.log", "wb")
        self.process = subprocess.Popen([fleet.BUILD / "mp-sim", "--server", address, "--json", *options],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait(lambda: server.client(self.endpoint))


class DemoClient(Registered):
    def __init__(self, jar, folder, server, name, *options, secure=False, uri=None):
        self.server, self.endpoint, self.log = server, name, folder / "log"
        log = open(self.log, "wb")
        self.process = subprocess.Popen(
            ["java", "-Xmx200m", "-XX:TieredStopAtLevel=1", "-jar", jar, "-n", name,
             "-u", uri or (f"coaps://{server.coaps}" if secure else f"coap://{server.coap}"), *options],
            cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log, env=os.environ)
        log.close()

    def registered(self):
        wait(lambda: self.process.poll() is not None or self.server.client(self.endpoint), 60)
        assert self.server.client(self.endpoint), self.log.read_text()[-2000:]
        return self
