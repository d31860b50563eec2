# SPDX-License-Identifier: Apache-2.0
"""Wireshark sees the entries in our TLV that we meant."""
import shutil
import struct
import subprocess

import pytest

from trees import to_records, trees

COUNT = 300
FIELDS = ("_ws.malformed", "lwm2mtlv.type.type", "lwm2mtlv.identifier")
INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = range(4)


def option(delta, value):
    assert delta < 13 and len(value) < 13
    return bytes([delta << 4 | len(value)]) + value


def packets(path, payloads):
    """A capture of raw IPv4 with a PUT to /3 for each."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 101))
        for mid, payload in enumerate(payloads):
            coap = struct.pack(">BBH", 0x40, 3, mid) + option(11, b"3") + \
                option(1, (11542).to_bytes(2, "big")) + b"\xff" + payload
            udp = struct.pack(">HHHH", 40000, 5683, 8 + len(coap), 0) + coap
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), mid, 0, 64, 17, 0,
                             b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
            out.write(struct.pack("<IIII", mid, 0, len(ip), len(ip)) + ip)


def dissect(path):
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=;"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [dict(zip(FIELDS, [v.split(",") if v else [] for v in line.split(";")]))
            for line in done.stdout.splitlines()]


def entries(leaves):
    """(kind, id) of all entries, each before those within it."""
    last = (None, None)
    for path, _, _ in leaves:
        if path[1] != last[0]:
            yield INSTANCE, path[1]
        if len(path) == 3:
            yield RESOURCE, path[2]
        else:
            if path[1:3] != last:
                yield MULTIPLE, path[2]
            yield RESOURCE_INSTANCE, path[3]
        last = path[1:3]


def test_wireshark_sees_the_entries(encode, tmp_path):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    wanted = [leaves for leaves in trees(20, COUNT) if leaves]
    path = tmp_path / "packets.pcap"
    packets(path, encode("TLV", "/3", map(to_records, wanted)))
    seen = dissect(path)
    assert len(seen) == len(wanted)
    for leaves, fields in zip(wanted, seen):
        assert fields["_ws.malformed"] == []
        assert list(zip(map(int, fields["lwm2mtlv.type.type"]), map(int, fields["lwm2mtlv.identifier"]))) \
            == list(entries(leaves))
