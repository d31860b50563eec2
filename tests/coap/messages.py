# SPDX-License-Identifier: Apache-2.0
"""Random messages, alike for every seed, and files of packets that hold them."""
import random
import struct

UINTS = {6: 3, 7: 2, 12: 2, 14: 4, 17: 2, 23: 3, 27: 3, 28: 4, 60: 4}
TEXTS = {3: (1, 255), 8: (0, 255), 11: (0, 255), 15: (0, 255), 20: (0, 255), 39: (1, 255)}
OPAQUES = {1: (0, 8), 4: (1, 8), 5: (0, 0), 252: (1, 40), 292: (0, 8)}
REPEATABLE = {1, 4, 8, 11, 15, 20, 292}
REQUESTS, RESPONSES = range(1, 8), (65, 66, 67, 68, 69, 95, 128, 129, 130, 132, 133, 136, 140,
                                    141, 143, 157, 160, 161, 163)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-._~=&/äß€"


def number(rnd, size):
    value = rnd.randrange(256 ** rnd.randint(0, size))
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def text(rnd, least, most):
    wanted = rnd.choice([least, rnd.randint(least, 12), rnd.randint(least, most)])
    out = ""
    while len((out + "€").encode()) <= wanted:
        out += rnd.choice(LETTERS)
    return (out + "x" * (wanted - len(out.encode()))).encode()


def option(rnd, strange):
    if strange and rnd.random() < 0.2:
        return [rnd.choice([rnd.randrange(64999, 65536), 2048 + rnd.randrange(9999)]),
                rnd.randbytes(rnd.choice([0, 1, 12, 13, 14, 268, 269, 270, 400]))]
    kind = rnd.randrange(3)
    if kind == 0:
        n, size = rnd.choice(list(UINTS.items()))
        return [n, number(rnd, size)]
    n, (least, most) = rnd.choice(list((TEXTS if kind == 1 else OPAQUES).items()))
    return [n, text(rnd, least, most) if kind == 1 else rnd.randbytes(rnd.randint(least, most))]


def message(rnd, strange=True):
    """As the driver writes it, with bytes for hexadecimal text."""
    options, seen = [], set()
    for n, value in (option(rnd, strange) for _ in range(rnd.choice([0, 1, 2, 5, 12]))):
        if n not in seen or n in REPEATABLE:
            options.append([n, value])
            seen.add(n)
    options.sort(key=lambda o: o[0])
    return {"type": rnd.randrange(3), "code": rnd.choice(rnd.choice([REQUESTS, RESPONSES])),
            "mid": rnd.randrange(65536), "token": rnd.randbytes(rnd.randint(0, 8)),
            "options": options,
            "payload": rnd.randbytes(rnd.choice([0, 0, 1, 12, 13, 300, 1024]))}


def messages(seed, count, **kinds):
    rnd = random.Random(seed)
    return [message(rnd, **kinds) for _ in range(count)]


def to_line(m):
    return {**m, "token": m["token"].hex(), "payload": m["payload"].hex(),
            "options": [[n, value.hex()] for n, value in m["options"]]}


def packets(path, payloads, tcp=False):
    """A pcap file of raw IPv4 packets from 127.0.0.2 to port 5683 of 127.0.0.1."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        for i, payload in enumerate(payloads):
            port = 20000 + i % 40000
            above = (struct.pack(">HHIIBBHHH", port, 5683, 1, 1, 0x50, 0x18, 65535, 0, 0) if tcp
                     else struct.pack(">HHHH", port, 5683, 8 + len(payload), 0))
            size = 20 + len(above) + len(payload)
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, i % 65536, 0, 64, 6 if tcp else 17, 0,
                             bytes([127, 0, 0, 2]), bytes([127, 0, 0, 1]))
            file.write(struct.pack("<IIII", i, 0, size, size) + ip + above + payload)
