# SPDX-License-Identifier: Apache-2.0
"""CoAP by hand: messages are bytes, and nothing repairs them on their way."""
import os
import socket

GET, POST, PUT, DELETE = 1, 2, 3, 4
CON, NON, ACK, RST = 0, 1, 2, 3
LINKS = b'</>;rt="oma.lwm2m",</1/0>,</3/0>,</5/0>'


def option(number, last, value):
    delta, out = number - last, b""

    def nibble(n):
        if n < 13:
            return n, b""
        return (13, bytes([n - 13])) if n < 269 else (14, (n - 269).to_bytes(2, "big"))
    (d, d_more), (n, n_more) = nibble(delta), nibble(len(value))
    out = bytes([d << 4 | n]) + d_more + n_more + value
    return out


def message(code, path, query=(), payload=b"", kind=CON, mid=None, token=None, extra=()):
    token = os.urandom(4) if token is None else token
    mid = int.from_bytes(os.urandom(2), "big") if mid is None else mid
    out = bytes([0x40 | kind << 4 | len(token), code]) + mid.to_bytes(2, "big") + token
    options = [(11, p.encode()) for p in path.split("/") if p] + [(15, q.encode()) for q in query] + list(extra)
    last = 0
    for number, value in sorted(options, key=lambda o: o[0]):
        out += option(number, last, value)
        last = number
    return out + (b"\xff" + payload if payload else b"")


def code(answer):
    return f"{answer[1] >> 5}.{answer[1] & 31:02d}"


def location(answer):
    """The Location-Path of an answer."""
    at, number, parts = 4 + (answer[0] & 15), 0, []
    while at < len(answer) and answer[at] != 0xFF:
        delta, length = answer[at] >> 4, answer[at] & 15
        at += 1
        if delta == 13:
            delta, at = answer[at] + 13, at + 1
        if length == 13:
            length, at = answer[at] + 13, at + 1
        number += delta
        if number == 8:
            parts.append(answer[at:at + length].decode())
        at += length
    return "/".join(parts)


class Client:
    def __init__(self, port, timeout=5):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(timeout)

    def send(self, data):
        self.socket.send(data)

    def ask(self, data):
        """The answer to a message, or None; others that come meanwhile are passed over."""
        self.socket.send(data)
        while True:
            try:
                answer = self.socket.recv(2048)
            except (TimeoutError, ConnectionRefusedError):
                return None
            if answer[2:4] == data[2:4]:
                return answer

    def register(self, endpoint, *more, links=LINKS):
        return self.ask(message(POST, "rd", [f"ep={endpoint}", "lwm2m=1.1", *more], links))

    def close(self):
        self.socket.close()
