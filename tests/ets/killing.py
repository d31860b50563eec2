# SPDX-License-Identifier: Apache-2.0
"""Kill a server under load, again and again, and ask whether it still knows what it had acknowledged.

Of each thing two values are kept: the one that was acknowledged last, and the one that was asked for since
and has no answer. After a restart it must have one of them.
"""
import contextlib
import http.client
import json
import random
import selectors
import socket
import threading
import time

from device import ACK, CON, CONTENT_FORMAT, LINK, LOCATION_PATH, OBSERVE, SENML, TEXT, URI_PATH, URI_QUERY, Message
from device import code, encode

LINKS = b"</1/0>,</3/0>"
GONE = None
LIFETIMES = range(1000, 100000)
WATCHED = [0, 1, 2, 3, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21]


class Known:
    """{thing: what was acknowledged}, and what may have happened to it since."""

    def __init__(self):
        self.certain, self.pending, self.acknowledged = {}, {}, 0

    def begin(self, thing, value):
        self.pending[thing] = value

    def done(self, thing, value):
        self.certain[thing] = value
        self.pending.pop(thing, None)
        self.acknowledged += 1

    def failed(self, thing):
        """It was refused: nothing has changed."""
        self.pending.pop(thing, None)

    def compare(self, found):
        """Sentences about what is not as it must be; `found`: {thing: value} of what there is."""
        wrong = []
        for thing in self.certain.keys() | self.pending.keys() | found.keys():
            may_be = [known[thing] for known in (self.certain, self.pending) if thing in known] or [GONE]
            if thing not in self.certain:
                may_be.append(GONE)
            if found.get(thing, GONE) not in may_be:
                wrong.append(f"{thing}: {found.get(thing, GONE)} is none of {may_be}")
        self.certain, self.pending = dict(found), {}
        return wrong


class Client:
    """One endpoint on a socket of its own; at most one request is under way."""

    def __init__(self, crowd, endpoint, steady=False):
        self.crowd, self.endpoint, self.steady = crowd, endpoint, steady
        self.location, self.token, self.wanted = None, None, None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", crowd.server.coap_port))

    def ask(self, number, path, queries=(), payload=b"", content_format=None):
        options = [(URI_PATH, part) for part in path] + [(URI_QUERY, q) for q in queries]
        if content_format is not None:
            options.append((CONTENT_FORMAT, content_format))
        self.crowd.mid = (self.crowd.mid + 1) & 0xffff
        self.token = self.crowd.dice.randbytes(4)
        with contextlib.suppress(OSError):
            self.socket.send(encode(CON, code(number), self.crowd.mid, self.token, options, payload))

    def register(self, *queries):
        lifetime = self.crowd.dice.choice(LIFETIMES)
        self.wanted = ("register", lifetime)
        self.crowd.known.begin(self.endpoint, lifetime)
        self.ask("0.02", ["rd"], [f"ep={self.endpoint}", "lwm2m=1.1", f"lt={lifetime}", *queries], LINKS, LINK)

    def act(self):
        """Whatever comes next."""
        if not self.location:
            self.register()
        elif self.steady:
            value = self.crowd.dice.randrange(1 << 30)
            self.wanted = ("send", value)
            self.crowd.sent.begin(self.endpoint, value)
            self.ask("0.02", ["dp"], (), json.dumps([{"n": "/3/0/9", "v": value}]).encode(), SENML)
        elif self.crowd.dice.random() < 0.6:
            lifetime = self.crowd.dice.choice(LIFETIMES)
            self.wanted = ("update", lifetime)
            self.crowd.known.begin(self.endpoint, lifetime)
            self.ask("0.02", self.location, [f"lt={lifetime}"])
        else:
            self.wanted = ("deregister", GONE)
            self.crowd.known.begin(self.endpoint, GONE)
            self.ask("0.04", self.location)

    def take(self):
        """All that has come."""
        while True:
            try:
                m = Message(self.socket.recv(4096))
            except OSError:
                return
            if m.code and m.code < 32:
                self.serve(m)
            elif m.code and m.token == self.token:
                self.answered(m)

    def serve(self, m):
        options = [(CONTENT_FORMAT, TEXT)] + ([(OBSERVE, 1)] if m.one(OBSERVE) == 0 else [])
        with contextlib.suppress(OSError):
            self.socket.send(encode(ACK, code("2.05"), m.mid, m.token, options, b"1"))

    def answered(self, m):
        kind, value = self.wanted
        known = self.crowd.sent if kind == "send" else self.crowd.known
        self.token = None
        if m.code >> 5 != 2:
            known.failed(self.endpoint)
            self.location = None
            return
        known.done(self.endpoint, value)
        if kind == "register":
            self.location = [part.decode() for part in m.all(LOCATION_PATH)]
        elif kind == "deregister":
            self.location = None


class Crowd(threading.Thread):
    """Devices that register, update, deregister and send as fast as one thread can."""

    def __init__(self, server, seed, movers=40, steady=8):
        super().__init__(daemon=True)
        self.server, self.dice, self.mid = server, random.Random(seed), seed & 0xffff
        self.known, self.sent = Known(), Known()
        self.clients = [Client(self, f"mover-{n}") for n in range(movers)]
        self.clients += [Client(self, f"steady-{n}", True) for n in range(steady)]
        self.running, self.paused, self.is_paused = True, True, threading.Event()

    def run(self):
        with selectors.DefaultSelector() as selector:
            for client in self.clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            while self.running:
                if self.paused:
                    self.is_paused.set()
                    time.sleep(0.005)
                    continue
                for client in self.clients:
                    if not client.token:
                        client.act()
                for key, _ in selector.select(0.01):
                    key.data.take()

    def resume(self):
        self.paused = False

    def pause(self):
        """Afterwards all that was acknowledged has been seen."""
        self.paused = True
        self.is_paused.clear()
        self.is_paused.wait()
        for client in self.clients:
            client.take()
            if client.token and client.wanted[0] in ("register", "deregister"):
                client.location = None  # it has another one, or none
            client.token = None

    def wait_until_registered(self):
        end = time.monotonic() + 20
        while not all(c.location for c in self.clients if c.steady):
            assert time.monotonic() < end, "the steady devices do not register"
            time.sleep(0.02)


class People(threading.Thread):
    """Who gives keys, queues requests and observes over REST."""

    def __init__(self, server, seed, sleepers, steady):
        super().__init__(daemon=True)
        self.server, self.dice = server, random.Random(seed)
        self.sleepers, self.steady, self.running, self.n = sleepers, steady, True, seed * 1000000
        self.keys, self.queued, self.observed = Known(), Known(), Known()
        self.stopped = threading.Event()

    def ask(self, method, path, body=None):
        try:
            return self.server.rest(method, path, body)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return None, None

    def run(self):
        while self.running:
            self.dice.choice([self.give, self.take_away, self.queue, self.queue, self.unqueue, self.observe])()
        self.stopped.set()

    def finish(self, known, thing, value, status, good):
        if status == good:
            known.done(thing, value)
        elif status is not None:
            known.failed(thing)

    def give(self):
        self.n += 1
        name = f"key-{self.dice.randrange(300)}"
        identity = f"id-{self.n}"
        self.keys.begin(name, identity)
        status, _ = self.ask("PUT", f"/devices/{name}/credentials", {"psk": {"identity": identity, "key": "00" * 16}})
        self.finish(self.keys, name, identity, status, 204)

    def take_away(self):
        if self.keys.certain and not self.keys.pending:
            name = self.dice.choice(sorted(self.keys.certain))
            self.keys.begin(name, GONE)
            status, _ = self.ask("DELETE", f"/devices/{name}/credentials")
            self.finish(self.keys, name, GONE, status, 204)

    def queue(self):
        name = self.dice.choice(self.sleepers)
        self.n += 1
        status, answer = self.ask("PUT", f"/devices/{name}/lwm2m/1/0/1", {"value": self.n % 100000 + 1})
        if status == 202:
            self.queued.done((name, answer["request"]), "waiting")

    def unqueue(self):
        waiting = sorted(thing for thing, state in self.queued.certain.items() if state is not GONE)
        if waiting:
            name, request = thing = self.dice.choice(waiting)
            self.queued.begin(thing, GONE)
            status, _ = self.ask("DELETE", f"/devices/{name}/lwm2m/queue/{request}")
            self.finish(self.queued, thing, GONE, status, 204)

    def observe(self):
        thing = name, path = self.dice.choice(self.steady), f"/3/0/{self.dice.choice(WATCHED)}"
        wanted = GONE if self.observed.certain.get(thing) else "observed"
        self.observed.begin(thing, wanted)
        method, good = ("POST", 200) if wanted else ("DELETE", 204)
        status, _ = self.ask(method, f"/devices/{name}/lwm2m{path}/observe?timeout=2")
        if status == 504:  # asked, but the answer came too late: it may be there or not
            return
        self.finish(self.observed, thing, wanted, status, good)


class Load:
    """All of them at one server; rounds() kills it."""

    def __init__(self, server, seed):
        self.server, self.dice = server, random.Random(seed)
        self.crowd = Crowd(server, seed)
        self.sleepers = [f"sleeper-{n}" for n in range(6)]
        self.known_by_people = Known(), Known(), Known()
        self.acknowledged = self.rounds_done = 0
        self.starts = []
        self.put_to_sleep()
        self.crowd.start()

    def put_to_sleep(self):
        for name in self.sleepers:
            device = self.server.device(name, queue=True, lifetime=86400, values={(3, 0, 9): 1})
            device.registered()
            self.crowd.known.done(name, 86400)
            device.close()
        self.server.devices.clear()
        time.sleep(2.1)  # --awake 1

    def round(self, seconds=None):
        """What is wrong after it, as sentences; empty: nothing."""
        seconds = seconds or self.dice.uniform(0.05, 0.6)
        steady = [c.endpoint for c in self.crowd.clients if c.steady]
        people = [People(self.server, self.dice.randrange(1 << 30), self.sleepers, steady)]
        for person in people:
            person.keys, person.queued, person.observed = self.known_by_people
        self.crowd.resume()
        self.crowd.wait_until_registered()
        for person in people:
            person.start()
        time.sleep(seconds)
        self.server.kill()
        self.crowd.pause()
        for person in people:
            person.running = False
            person.stopped.wait()
        began = time.monotonic()
        self.server.start()
        self.starts.append(time.monotonic() - began)
        self.rounds_done += 1
        return self.check()

    def everything(self, path):
        items, offset = [], 0
        while True:
            page = self.server.rest("GET", f"{path}?limit=500&offset={offset}", want=200)
            items += page["items"]
            offset += 500
            if offset >= page["total"]:
                return items

    def check(self):
        keys, queued, observed = self.known_by_people
        self.acknowledged = sum(k.acknowledged for k in (self.crowd.known, self.crowd.sent, *self.known_by_people))
        registered = {r["endpoint"]: r["lifetime"] for r in self.everything("/lwm2m")}
        wrong = [f"registration {w}" for w in self.crowd.known.compare(registered)]
        identities = {c["endpoint"]: c["identity"] for c in self.everything("/credentials")}
        wrong += [f"credentials {w}" for w in keys.compare(identities)]
        wrong += [f"queue {w}" for w in self.check_queue(queued)]
        seen, sent = {}, {}
        for client in self.crowd.clients:
            if client.steady and client.endpoint in registered:
                whole = self.server.rest("GET", f"/devices/{client.endpoint}/lwm2m", want=200)
                seen |= {(client.endpoint, o["paths"][0]): "observed" for o in whole["observations"]}
                series = self.server.rest("GET", f"/devices/{client.endpoint}/telemetry")[1].get("items", [])
                sent |= {client.endpoint: int(s["value"]) for s in series if s["path"] == "/3/0/9"}
        wrong += [f"observation {w}" for w in observed.compare(seen)]
        return wrong + [f"sent value {w}" for w in self.crowd.sent.compare(sent)]

    def check_queue(self, queued):
        """A request that was asked for without an answer may be there too: its number was told to nobody."""
        found = {}
        for name in self.sleepers:
            items = self.server.rest("GET", f"/devices/{name}/lwm2m/queue", want=200)["items"]
            found |= {(name, item["request"]): item["state"] for item in items}
        unheard = [thing for thing in found if thing not in queued.certain and thing not in queued.pending]
        wrong = [f"{len(unheard)} requests that nobody made"] if len(unheard) > 1 else []
        for thing in unheard:
            queued.begin(thing, "waiting")
        wrong += queued.compare(found)
        for name in self.sleepers:
            if sum(1 for thing in found if thing[0] == name) > 150:
                self.server.rest("DELETE", f"/devices/{name}/lwm2m/queue", want=200)
                for thing in [thing for thing in queued.certain if thing[0] == name]:
                    del queued.certain[thing]
        return wrong

    def stop(self):
        self.crowd.running = False
        self.crowd.join()
        for client in self.crowd.clients:
            client.socket.close()
