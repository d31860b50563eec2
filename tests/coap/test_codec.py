# SPDX-License-Identifier: Apache-2.0
"""Messages of ours are read by aiocoap and Wireshark as they were meant, and aiocoap's by us."""
import random
import shutil
import subprocess

import aiocoap
import aiocoap.error
import aiocoap.message
import pytest
from aiocoap.transports import tcp

import messages

COUNT = 3000


def to_aiocoap(m):
    theirs = aiocoap.Message(code=aiocoap.Code(m["code"]), payload=m["payload"])
    theirs.mtype, theirs.mid, theirs.token = aiocoap.Type(m["type"]), m["mid"], m["token"]
    for number, value in m["options"]:
        option = aiocoap.OptionNumber(number).create_option(decode=value)
        theirs.opt.add_option(option)
    return theirs


def from_aiocoap(theirs, carrier):
    udp = carrier == "udp"
    return {"type": int(theirs.mtype) if udp else 1, "code": int(theirs.code),
            "mid": theirs.mid if udp else 0, "token": theirs.token, "payload": theirs.payload,
            "options": [[int(o.number), o.encode()] for o in theirs.opt.option_list()]}


def on_stream(m):
    return {**m, "type": 1, "mid": 0}


def test_aiocoap_reads_what_we_write(encode):
    ours = messages.messages(1, COUNT)
    for m, data in zip(ours, encode("udp", map(messages.to_line, ours))):
        theirs = aiocoap.Message.decode(data)
        assert from_aiocoap(theirs, "udp") == m
        theirs.direction = aiocoap.message.Direction.OUTGOING
        assert theirs.encode() == data


def test_we_read_what_aiocoap_writes(decode):
    ours = messages.messages(2, COUNT)
    for m, got in zip(ours, decode("udp", [to_aiocoap(m).encode() for m in ours])):
        assert got == messages.to_line(m)


def test_aiocoap_reads_our_stream(encode):
    ours = messages.messages(3, COUNT)
    for m, data in zip(ours, encode("tcp", map(messages.to_line, ours))):
        assert sum(tcp._extract_message_size(data)) == len(data)
        assert from_aiocoap(tcp._decode_message(data), "tcp") == on_stream(m)


def test_we_read_aiocoaps_stream(decode):
    ours = messages.messages(4, COUNT)
    got = decode("tcp", [tcp._serialize(to_aiocoap(m)) for m in ours])
    for m, line in zip(ours, got):
        assert line == messages.to_line(on_stream(m))


def test_aiocoap_agrees_on_damaged_messages(encode, decode):
    """What we take although it was damaged, aiocoap takes with the same options."""
    rnd = random.Random(5)
    damaged = []
    for data in encode("udp", map(messages.to_line, messages.messages(5, COUNT))):
        data = bytearray(data)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice([0, 0xff, rnd.randrange(256)])
        damaged.append(bytes(data[:rnd.choice([len(data), rnd.randint(0, len(data))])]))
    taken = 0
    for data, got in zip(damaged, decode("udp", damaged)):
        if "error" in got or len(got["token"]) > 16:
            continue
        try:
            theirs = aiocoap.Message.decode(data)
        except (aiocoap.error.UnparsableMessage, UnicodeDecodeError):
            # Values that are no UTF-8 are the application's to judge.
            assert any(o[0] in messages.TEXTS | {35: 0} for o in got["options"])
            continue
        taken += 1
        assert theirs.payload.hex() == got["payload"]
        assert [int(o.number) for o in theirs.opt.option_list()] == [o[0] for o in got["options"]]
    assert taken > COUNT / 10


FIELDS = ["coap.type", "coap.code", "coap.mid", "coap.token", "coap.opt.delta", "coap.opt.delta_ext",
          "coap.opt.length", "coap.opt.length_ext", "coap.payload_length", "coap.opt.uri_port",
          "coap.opt.max_age", "coap.opt.observe", "_ws.malformed"]


def dissect(path):
    """Wireshark's view of each packet: lists of values by field."""
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=;"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        yield dict(zip(FIELDS, [value.split(",") if value else [] for value in line.split(";")]))


def extended(nibbles, extensions):
    """The numbers that nibbles and extension bytes give (RFC 7252, 3.1)."""
    extensions = iter(extensions)
    for nibble in map(int, nibbles):
        yield nibble if nibble < 13 else int(next(extensions)) + (13 if nibble == 13 else 269)


def seen_by_wireshark(seen):
    last, numbers = 0, []
    for delta in extended(seen["coap.opt.delta"], seen["coap.opt.delta_ext"]):
        last += delta
        numbers.append(last)
    return list(zip(numbers, extended(seen["coap.opt.length"], seen["coap.opt.length_ext"])))


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_wireshark_reads_what_we_write(encode, tmp_path, carrier):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    ours = messages.messages(6, COUNT)
    for m in ours:
        # It does not know RFC 9175, wants something in a Uri-Query (RFC 7252 does not), and looks
        # into payloads whose format it knows.
        m["options"] = [o for o in m["options"] if o[0] not in (12, 252, 292) and o != [15, b""]]
    path = tmp_path / "packets.pcap"
    messages.packets(path, encode(carrier, map(messages.to_line, ours)), carrier == "tcp")
    packets = list(dissect(path))
    assert len(packets) == COUNT
    for m, seen in zip(ours, packets):
        assert seen["_ws.malformed"] == [], m
        assert seen["coap.code"] == [str(m["code"])]
        assert "".join(seen["coap.token"]).replace(":", "") == m["token"].hex()
        assert seen_by_wireshark(seen) == [(n, len(value)) for n, value in m["options"]]
        numbers = {n for n, _ in m["options"]}
        if not numbers & {23, 27}:  # blocks wait for the others of their body
            assert [int(n) for n in seen["coap.payload_length"] or [0]] == [len(m["payload"])]
        for field, number in (("uri_port", 7), ("max_age", 14), ("observe", 6)):
            assert [int(v) for v in seen["coap.opt." + field]] == [
                int.from_bytes(value, "big") for n, value in m["options"] if n == number]
        if carrier == "udp":
            assert (seen["coap.type"], seen["coap.mid"]) == ([str(m["type"])], [str(m["mid"])])
