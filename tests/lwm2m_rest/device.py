# SPDX-License-Identifier: Apache-2.0
"""A small LwM2M device for the tests of what surrounds the server's core: SenML JSON and text over
plain CoAP, one thread, and obedient in whatever way a test wants."""
import base64
import contextlib
import json
import secrets
import socket
import struct
import threading
import time

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = range(1, 8)
OBSERVE, URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT, LOCATION_PATH, BLOCK1, BLOCK2 = 6, 11, 12, 15, 17, 8, 27, 23
SENML, LINK, TEXT, OPAQUE, TLV = 110, 40, 0, 42, 11542


def code(text):
    whole, part = text.split(".")
    return int(whole) << 5 | int(part)


def uint(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode(kind, number, mid, token, options=(), payload=b""):
    out = bytearray([1 << 6 | kind << 4 | len(token), number]) + struct.pack(">H", mid) + token
    last = 0
    for option, value in sorted(options, key=lambda o: o[0]):
        value = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else uint(value)
        head, more = 0, b""
        for shift, n in ((4, option - last), (0, len(value))):
            if n < 13:
                head |= n << shift
            elif n < 269:
                head |= 13 << shift
                more += bytes([n - 13])
            else:
                head |= 14 << shift
                more += struct.pack(">H", n - 269)
        out += bytes([head]) + more + value
        last = option
    return bytes(out) + (b"\xff" + payload if payload else b"")


class Message:
    def __init__(self, data):
        self.kind, length = data[0] >> 4 & 3, data[0] & 15
        self.code, self.mid = data[1], struct.unpack(">H", data[2:4])[0]
        self.token, at, option = data[4:4 + length], 4 + length, 0
        self.options, self.payload = [], b""
        while at < len(data):
            if data[at] == 0xff:
                self.payload = data[at + 1:]
                break
            head, at, part = data[at], at + 1, []
            for n in (head >> 4, head & 15):
                if n == 13:
                    n, at = data[at] + 13, at + 1
                elif n == 14:
                    n, at = struct.unpack(">H", data[at:at + 2])[0] + 269, at + 2
                part.append(n)
            option += part[0]
            self.options.append((option, data[at:at + part[1]]))
            at += part[1]

    def all(self, number):
        return [value for option, value in self.options if option == number]

    def one(self, number):
        found = self.all(number)
        return int.from_bytes(found[0], "big") if found else None


def path_of(text):
    return tuple(int(part) for part in text.strip("/").split("/") if part)


def text_of(path):
    return "/" + "/".join(map(str, path))


class Link(tuple):
    """A link to an object."""


class Time(int):
    """A time in seconds."""


def record(path, value):
    base = {"n": text_of(path)}
    if isinstance(value, bool):
        return base | {"vb": value}
    if isinstance(value, Link):
        return base | {"vlo": "%d:%d" % value}
    if isinstance(value, (int, float)):
        return base | {"v": value}
    if isinstance(value, bytes):
        return base | {"vd": base64.urlsafe_b64encode(value).decode().rstrip("=")}
    return base | {"vs": value}


def records(payload, base):
    """SenML JSON as {path: value}."""
    name, found = "", {}
    for entry in json.loads(payload):
        name = entry.get("bn", name)
        path = path_of(name + entry.get("n", "")) if name or entry.get("n") else base
        value = next((entry[key] for key in ("v", "vb", "vs", "vlo", "vd") if key in entry), None)
        if "vd" in entry:
            value = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        found[path] = value
    return found


def tlv(data):
    """TLV as [(kind, id, bytes)]: kind 0 instance, 1 resource instance, 2 multiple resource, 3 resource."""
    found, at = [], 0
    while at < len(data):
        head, at = data[at], at + 1
        ident = int.from_bytes(data[at:at + 1 + (head >> 5 & 1)], "big")
        at += 1 + (head >> 5 & 1)
        size = head >> 3 & 3
        length = int.from_bytes(data[at:at + size], "big") if size else head & 7
        at += size
        found.append((head >> 6, ident, data[at:at + length]))
        at += length
    return found


def instance_of_tlv(data):
    """What a Create in TLV makes: (its number or None, {resource: text})."""
    entries, instance = tlv(data), None
    if entries and entries[0][0] == 0:
        instance, entries = entries[0][1], tlv(entries[0][2])
    return instance, {ident: value.decode() for _, ident, value in entries}


VALUES = {
    (1, 0, 0): 123, (1, 0, 1): 120, (1, 0, 6): False, (1, 0, 7): "U",
    (3, 0, 0): "Maker", (3, 0, 1): "Model 500", (3, 0, 3): "1.0.0", (3, 0, 9): 87, (3, 0, 11, 0): 0,
    (3, 0, 13): Time(1795506896), (3, 0, 14): "Z", (3, 0, 15): "Etc/UTC",
    (3303, 0, 5700): 20.1, (3303, 0, 5701): "Cel",
}
READ_ONLY = {(3, 0, 0), (3, 0, 1), (3, 0, 3), (3, 0, 9)}
EXECUTABLE = {(3, 0, 4), (3, 0, 12)}


class Device:
    def __init__(self, endpoint, port, values=None, version="1.1", binding="U", lifetime=300, queue=False,
                 links=None, carrier=None):
        """`carrier`: what moves its messages, in place of UDP; a socket, or alike."""
        self.endpoint, self.port, self.version = endpoint, port, version
        self.values = dict(VALUES if values is None else values)
        self.binding, self.lifetime, self.queue = binding, lifetime, queue
        self.extra_links = links
        self.socket = carrier or socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if not carrier:
            self.socket.bind(("127.0.0.1", 0))
            self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.1)
        self.mid = secrets.randbelow(60000)
        self.waiting, self.answers = {}, {}
        self.observations, self.executed, self.attributes, self.log = {}, [], {}, []
        self.said = {}  # answers by message id and token
        self.silent = False  # does not answer, as if it were gone
        self.refuse = None  # "4.03": answers this to everything
        self.bootstrapping = False
        self.location, self.running, self.body = None, True, b""
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    # ---- asking ----

    def request(self, number, path, queries=(), payload=b"", content_format=None, timeout=60):
        self.mid = (self.mid + 1) & 0xffff
        token, done = secrets.token_bytes(4), threading.Event()
        options = [(URI_PATH, part) for part in path] + [(URI_QUERY, q) for q in queries]
        if content_format is not None:
            options.append((CONTENT_FORMAT, content_format))
        self.waiting[token] = done
        data = encode(CON, number, self.mid, token, options, payload)
        for _ in range(round(timeout / 1.5)):
            self.socket.send(data)
            if done.wait(1.5):
                return self.answers.pop(token)
        raise TimeoutError(f"{self.endpoint}: no answer")

    def links(self):
        if self.extra_links is not None:
            return self.extra_links
        instances = sorted({path[:2] for path in self.values})
        return '</>;rt="oma.lwm2m";ct=110,' + ",".join(f"<{text_of(i)}>" for i in instances)

    def register(self, *more, has_links=True):
        queries = [f"ep={self.endpoint}", f"lt={self.lifetime}", f"lwm2m={self.version}", f"b={self.binding}", *more]
        if self.queue:
            queries.append("Q")
        answer = self.request(POST, ["rd"], queries, self.links().encode() if has_links else b"", LINK)
        self.location = [value.decode() for value in answer.all(LOCATION_PATH)]
        return answer

    def registered(self):
        answer = self.register()
        assert answer.code == code("2.01"), (answer.code >> 5, answer.code & 31, answer.payload)
        return self

    def bootstrap(self):
        """Ask a bootstrap server, which `port` is that of then."""
        self.bootstrapping = True
        return self.request(POST, ["bs"], [f"ep={self.endpoint}", f"pct={SENML}"])

    def update(self, *queries):
        return self.request(POST, self.location, queries)

    def deregister(self):
        return self.request(DELETE, self.location)

    def send(self, values):
        body = json.dumps([record(path, value) for path, value in values.items()]).encode()
        return self.request(POST, ["dp"], (), body, SENML)

    # ---- being asked ----

    def run(self):
        while self.running:
            try:
                data = self.socket.recv(65536)
            except (socket.timeout, ConnectionError):
                continue
            except OSError:
                return
            self.take(Message(data))

    def take(self, m):
        if m.code == 0:
            if m.kind == RST:
                self.observations = {}
            return
        if m.code >= 32:
            if m.kind == CON:
                self.socket.send(encode(ACK, 0, m.mid, b""))
            done = self.waiting.pop(m.token, None)
            if done:
                self.answers[m.token] = m
                done.set()
            return
        if not self.silent and (m.mid, m.token) in self.said:  # a repetition (RFC 7252, 4.5)
            self.socket.send(self.said[m.mid, m.token])
            return
        self.log.append(m)
        if self.silent:
            return
        block = m.one(BLOCK1)
        if block is not None:
            self.body = (self.body if block >> 4 else b"") + m.payload
            if block & 8:
                self.socket.send(encode(ACK, code("2.31"), m.mid, m.token, [(BLOCK1, block)]))
                return
            m.payload = self.body
        answer, options, payload = self.serve(m)
        if block is not None:
            options = options + [(BLOCK1, block)]
        self.said = dict([*self.said.items()][-50:])
        self.said[m.mid, m.token] = encode(ACK, code(answer), m.mid, m.token, options, payload)
        self.socket.send(self.said[m.mid, m.token])

    def below(self, path):
        return {p: v for p, v in sorted(self.values.items()) if p[:len(path)] == path}

    def serve(self, m):
        if m.all(URI_PATH) == [b"bs"] and m.code == POST:
            self.bootstrapping = False
            return "2.04", [], b""
        try:
            path = tuple(int(part) for part in m.all(URI_PATH))
        except ValueError:
            return "4.04", [], b""
        if self.refuse:
            return self.refuse, [], b"told so"
        handlers = {GET: self.get, PUT: self.put, POST: self.post, DELETE: self.delete, FETCH: self.fetch,
                    IPATCH: self.ipatch}
        return handlers[m.code](m, path)

    def get(self, m, path):
        found = self.below(path)
        if m.one(ACCEPT) == LINK:
            return self.discover(path)
        if path in EXECUTABLE:
            return "4.05", [], b""
        if not found:
            return "4.04", [], b""
        options = self.watch(m, [path])
        if m.one(ACCEPT) == TEXT and len(found) == 1:
            return "2.05", options + [(CONTENT_FORMAT, TEXT)], str(list(found.values())[0]).encode()
        return "2.05", options + [(CONTENT_FORMAT, SENML)], self.senml([path])

    def watch(self, m, paths):
        if m.one(OBSERVE) is None:
            return []
        if m.one(OBSERVE) == 1:
            self.observations = {t: o for t, o in self.observations.items() if o[0] != paths}
            return []
        self.observations[m.token] = (paths, [2])
        return [(OBSERVE, 1)]

    def senml(self, paths):
        found = {}
        for path in paths:
            found |= self.below(path)
        return json.dumps([record(path, value) for path, value in found.items()]).encode()

    def discover(self, path):
        found = sorted({p[:n] for p in self.below(path) for n in range(len(path), 4) if n})
        if not found:
            return "4.04", [], b""
        links = []
        for p in found:
            more = "".join(f";{key}={value}" for key, value in self.attributes.get(p, {}).items())
            links.append(f"<{text_of(p)}>{more}")
        return "2.05", [(CONTENT_FORMAT, LINK)], ",".join(links).encode()

    def parse(self, m, path):
        kind = m.one(CONTENT_FORMAT)
        if kind == SENML:
            return records(m.payload, path)
        if kind == OPAQUE:
            return {path: m.payload}
        return {path: m.payload.decode()}

    def write(self, values):
        if self.bootstrapping:
            self.values |= values
            return "2.04", [], b""
        for path, value in values.items():
            if path in READ_ONLY:
                return "4.05", [], b""
            if not self.below(path[:2]):
                return "4.04", [], b""
        self.values |= values
        return "2.04", [], b""

    def put(self, m, path):
        queries = [q.decode() for q in m.all(URI_QUERY)]
        if queries:
            kept = self.attributes.setdefault(path, {})
            for query in queries:
                name, _, value = query.partition("=")
                if value:
                    kept[name] = value
                else:
                    kept.pop(name, None)
            return "2.04", [], b""
        return self.write(self.parse(m, path))

    def post(self, m, path):
        if len(path) == 3:
            if path not in EXECUTABLE:
                return "4.05", [], b""
            self.executed.append((path, m.payload.decode()))
            return "2.04", [], b""
        if len(path) == 2:
            return self.write(self.parse(m, path))
        return self.create(m, path)

    def create(self, m, path):
        taken = {p[1] for p in self.below(path)}
        assert m.one(CONTENT_FORMAT) == TLV
        instance, values = instance_of_tlv(m.payload)
        chosen = instance is None or instance == 65535
        if chosen:
            instance = next(i for i in range(100) if i not in taken)
        self.values[path + (instance, 5701)] = ""
        for resource, value in values.items():
            self.values[path + (instance, resource)] = value
        return "2.01", [(LOCATION_PATH, str(path[0])), (LOCATION_PATH, str(instance))] if chosen else [], b""

    def delete(self, m, path):
        if self.bootstrapping:
            self.values = {p: v for p, v in self.values.items() if p[:len(path)] != path}
            return "2.02", [], b""
        if not self.below(path):
            return "4.04", [], b""
        if path == (3, 0):
            return "4.05", [], b""
        self.values = {p: v for p, v in self.values.items() if p[:len(path)] != path}
        return "2.02", [], b""

    def fetch(self, m, path):
        paths = list(records(m.payload, ()))
        options = self.watch(m, paths)
        return "2.05", options + [(CONTENT_FORMAT, SENML)], self.senml(paths)

    def ipatch(self, m, path):
        return self.write(records(m.payload, ()))

    def change(self, path, value):
        """Set a value and notify whoever observes it."""
        self.values[path] = value
        for token, (paths, number) in list(self.observations.items()):
            if any(path[:len(p)] == p for p in paths):
                number[0] += 1
                self.mid = (self.mid + 1) & 0xffff
                self.socket.send(encode(NON, code("2.05"), self.mid, token,
                                        [(OBSERVE, number[0]), (CONTENT_FORMAT, SENML)], self.senml(paths)))

    def close(self):
        self.running = False
        self.thread.join()
        self.socket.close()


def wait(condition, seconds=60):
    """What the condition returns once that is true. It may look for what is not there yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(LookupError):
            found = condition()
            if found:
                return found
        time.sleep(0.02)
    raise TimeoutError("it did not happen")
