# SPDX-License-Identifier: Apache-2.0
"""Messages of CoAP by hand, to a port without security."""
import os
import random
import socket
import time

from device import CON, CONTENT_FORMAT, LINK, URI_PATH, URI_QUERY, Message, code, encode

LINKS = b"</1/0>,</3/0>"


def options_of(endpoint, queries=(), version="1.1"):
    """Of a registration."""
    options = [(URI_PATH, "rd"), (CONTENT_FORMAT, LINK), (URI_QUERY, f"ep={endpoint}")]
    options += [(URI_QUERY, f"lwm2m={version}")] if version else []
    return options + [(URI_QUERY, q) for q in queries]


class Wire:
    """Datagrams to the port without security."""

    def __init__(self, server):
        self.server, self.mid = server, random.randrange(60000)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", server.coap_port))
        self.socket.settimeout(1.5)

    def send(self, data):
        self.socket.send(data)

    def message(self, number, options=(), payload=b"", kind=CON):
        self.mid = (self.mid + 1) & 0xffff
        return encode(kind, number, self.mid, os.urandom(4), options, payload)

    def ask(self, number, options=(), payload=b"", kind=CON):
        """The answer to one request, piggybacked or not; sent again when it or its answer was lost."""
        data = self.message(number, options, payload, kind)
        for _ in range(6):
            self.send(data)
            try:
                return self.answer_to(data)
            except socket.timeout:
                continue
        raise TimeoutError("no answer")

    def response(self, seconds=60):
        """The bytes of the next answer; the server may ask something of its own in between."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                data = self.socket.recv(65536)
            finally:
                self.socket.settimeout(1.5)
            if not 0 < data[1] < 32:
                return data

    def answer_to(self, data):
        while True:
            answer = Message(self.socket.recv(65536))
            if answer.token == data[4:8] or answer.mid == self.mid:
                return answer

    def register(self, endpoint, *queries, payload=LINKS, kind=CON, version="1.1"):
        return self.ask(code("0.02"), options_of(endpoint, queries, version), payload, kind)

    def registration(self, endpoint):
        """The bytes of one."""
        return self.message(code("0.02"), options_of(endpoint), LINKS)

    def update(self, location, *queries):
        """Of the registration that lies there; its code."""
        return self.ask(code("0.02"), [(URI_PATH, part) for part in location] + [(URI_QUERY, q) for q in queries]).code

    def is_alive(self):
        """Asked several times, since an answer to earlier noise may bear the same message id."""
        return any(self.ask(code("0.01"), [(URI_PATH, ".well-known"), (URI_PATH, "core")]).code == code("2.05")
                   for _ in range(20))
