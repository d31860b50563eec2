# SPDX-License-Identifier: Apache-2.0
"""Random trees in JSON, SenML and LwM2M CBOR, against Python's json and cbor2, both ways."""
import json
import random
import struct

import cbor2
import pytest

from trees import (TYPES, base64url, from_answer, from_base64url, slashes, to_records, trees)

COUNT = 400
LABELS = {"bn": -2, "bt": -3, "n": 0, "v": 2, "vs": 3, "vb": 4, "t": 6, "vd": 8, "vlo": "vlo"}
FIELDS = {"string": "vs", "integer": "v", "unsigned": "v", "float": "v", "boolean": "vb",
          "opaque": "vd", "time": "v", "objlnk": "vlo"}


def plain(kind, value, binary):
    """The value as it stands in a record."""
    if kind == "opaque" and not binary:
        return base64url(value)
    return "%d:%d" % value if kind == "objlnk" else value


def of_plain(kind, value, binary):
    if kind == "opaque" and not binary:
        return from_base64url(value)
    if kind == "objlnk":
        return tuple(map(int, value.split(":")))
    return float(value) if kind == "float" else value


def type_of(path):
    return TYPES[path[2] // 100]


def senml_of(leaves, rnd, binary):
    """Records with base names that change at random."""
    records, base = [], ""
    for path, kind, value in leaves:
        full, record = slashes(path), {}
        if not full.startswith(base) or rnd.random() < 0.2:
            base = record["bn"] = full[:rnd.randint(0, len(full))]
        name = full[len(base):]
        if name:
            record["n"] = name
        record[FIELDS[kind]] = plain(kind, value, binary)
        items = list(record.items())
        rnd.shuffle(items)
        records.append(dict(items))
    return records


def leaves_of(records, binary):
    leaves, base = [], ""
    for record in records:
        base = record.get("bn", base)
        path = tuple(map(int, (base + record.get("n", "")).split("/")[1:]))
        kind = type_of(path)
        leaves.append((path, kind, of_plain(kind, record[FIELDS[kind]], binary)))
    return leaves


def labelled(records):
    return [{LABELS[k]: v for k, v in r.items()} for r in records]


def unlabelled(records):
    names = {v: k for k, v in LABELS.items()}
    return [{names[k]: v for k, v in r.items()} for r in records]


def test_json_reads_our_senml(encode):
    wanted = trees(1, COUNT)
    for leaves, data in zip(wanted, encode("SENML_JSON", "/3", map(to_records, wanted))):
        assert leaves_of(json.loads(data), binary=False) == leaves


def test_we_read_senml_of_json(decode):
    rnd, wanted = random.Random(2), trees(2, COUNT)
    payloads = [json.dumps(senml_of(leaves, rnd, binary=False), ensure_ascii=rnd.random() < 0.5,
                           indent=rnd.choice([None, 1])).encode() for leaves in wanted]
    for leaves, answer in zip(wanted, decode("SENML_JSON", "/", payloads)):
        assert from_answer(answer) == leaves


def test_cbor2_reads_our_senml(encode):
    wanted = trees(3, COUNT)
    for leaves, data in zip(wanted, encode("SENML_CBOR", "/3", map(to_records, wanted))):
        assert leaves_of(unlabelled(cbor2.loads(data)), binary=True) == leaves


@pytest.mark.parametrize("canonical", [False, True])
def test_we_read_senml_of_cbor2(decode, canonical):
    """Canonical: floats in the shortest of three forms."""
    rnd, wanted = random.Random(4), trees(4, COUNT)
    payloads = [cbor2.dumps(labelled(senml_of(leaves, rnd, binary=True)), canonical=canonical)
                for leaves in wanted]
    for leaves, answer in zip(wanted, decode("SENML_CBOR", "/", payloads)):
        assert from_answer(answer) == leaves


def test_python_reads_our_old_json(encode):
    fields = {"string": "sv", "opaque": "sv", "boolean": "bv", "objlnk": "ov"}
    wanted = trees(5, COUNT)
    for leaves, data in zip(wanted, encode("JSON", "/3", map(to_records, wanted))):
        pack = json.loads(data)
        assert len(pack["e"]) == len(leaves)
        for entry, (path, kind, value) in zip(pack["e"], leaves):
            assert pack["bn"] + entry["n"] == slashes(path)
            assert of_plain(kind, entry[fields.get(kind, "v")], False) == value


def test_we_read_old_json_of_python(decode):
    fields = {"string": "sv", "opaque": "sv", "boolean": "bv", "objlnk": "ov"}
    rnd, wanted = random.Random(6), trees(6, COUNT)
    payloads = []
    for leaves in wanted:
        pack = {"bn": "/3/", "e": [{"n": slashes(p)[3:], fields.get(k, "v"): plain(k, v, False)}
                                   for p, k, v in leaves]}
        payloads.append(json.dumps(pack, sort_keys=rnd.random() < 0.5, indent=rnd.choice([None, 2])).encode())
    for leaves, answer in zip(wanted, decode("JSON", "/3", payloads)):
        assert from_answer(answer) == leaves


def flattened(tree, path=()):
    if not isinstance(tree, dict):
        return [(path, type_of(path), of_plain(type_of(path), tree, True))]
    return [leaf for key, below in tree.items()
            for leaf in flattened(below, path + (key if isinstance(key, tuple) else (key,)))]


def grouped(leaves, rnd, depth=0):
    """Maps within maps, whose keys take one or several levels at once, as the dice fall."""
    tree = {}
    for first in dict.fromkeys(p[depth] for p, _, _ in leaves):
        below = [leaf for leaf in leaves if leaf[0][depth] == first]
        key, deep = [first], depth + 1
        while rnd.random() < 0.5 and len({p[:deep + 1] for p, _, _ in below}) == 1 \
                and len(below[0][0]) > deep:
            key.append(below[0][0][deep])
            deep += 1
        whole = len(below[0][0]) == deep
        tree[tuple(key) if len(key) > 1 or rnd.random() < 0.3 else key[0]] = \
            plain(*below[0][1:], True) if whole else grouped(below, rnd, deep)
    return tree


def test_cbor2_reads_our_tree(encode):
    wanted = trees(7, COUNT)
    for leaves, data in zip(wanted, encode("LWM2M_CBOR", "/3", map(to_records, wanted))):
        assert flattened(cbor2.loads(data)) == leaves


def test_we_read_a_tree_of_cbor2(decode):
    rnd, wanted = random.Random(8), trees(8, COUNT)
    payloads = [cbor2.dumps(grouped(leaves, rnd)) for leaves in wanted]
    for leaves, answer in zip(wanted, decode("LWM2M_CBOR", "/3", payloads)):
        assert from_answer(answer) == leaves


def test_single_values_of_cbor2(encode, decode):
    for kind, number in ((k, n) for n, k in TYPES.items()):
        path = (3, 0, 100 * number)
        values = [v for leaves in trees(9, COUNT) for p, k, v in leaves if k == kind]
        records = [to_records([(path, kind, v)]) for v in values]
        for value, data in zip(values, encode("CBOR", slashes(path), records)):
            theirs = cbor2.loads(data)
            if kind == "time":
                theirs = round(theirs.timestamp())
            assert of_plain(kind, theirs, True) == value
        payloads = [cbor2.dumps(plain(kind, v, True)) for v in values]
        for value, answer in zip(values, decode("CBOR", slashes(path), payloads)):
            assert from_answer(answer) == [(path, kind, value)]


def test_numbers_at_their_limits(decode):
    """What JSON and CBOR can say and LwM2M cannot is refused, and never something else."""
    integer, unsigned, real = (["/3/0/%d00" % i] for i in (2, 3, 4))

    def ends(kind, path, values):
        dumps = (lambda v: json.dumps(v).encode()) if kind == "SENML_JSON" else cbor2.dumps
        n, v = ("n", "v") if kind == "SENML_JSON" else (0, 2)
        return [a["end"] or a["records"][0].get("value") for a in
                decode(kind, "/", [dumps([{n: path[0], v: value}]) for value in values])]
    for kind in ("SENML_JSON", "SENML_CBOR"):
        assert ends(kind, integer, [2**63 - 1, -2**63, 2.0**53, 2.0**53 + 2, 2**63, 1.5]) == \
            ["9223372036854775807", "-9223372036854775808", "9007199254740992", None, None, None]
        assert ends(kind, unsigned, [2**64 - 1, -1]) == ["18446744073709551615", None]
        assert all(e is None or int(e) < 0 for e in ends(kind, unsigned, [2**64, 2**70, -2**65]))
        assert all(int(e) < 0 for e in ends(kind, real, [float("nan"), float("inf"), -float("inf")]))


def test_damaged_payloads_end_in_an_error_or_a_value(encode, decode):
    rnd, wanted = random.Random(10), trees(10, COUNT)
    for kind in ("TLV", "JSON", "SENML_JSON", "SENML_CBOR", "LWM2M_CBOR"):
        damaged = []
        for data in encode(kind, "/3", map(to_records, wanted)):
            data = bytearray(data)
            for _ in range(rnd.randint(1, 4) if data else 0):
                data[rnd.randrange(len(data))] = rnd.choice([0, 0xff, rnd.randrange(256)])
            damaged.append(bytes(data[:rnd.choice([len(data), rnd.randint(0, len(data))])]))
        ends = {answer["end"] for answer in decode(kind, "/3", damaged)}
        assert ends <= {0, -74, -71, -95}, ends  # EBADMSG, EPROTO, ENOTSUP


def test_damaged_cbor_is_taken_only_where_cbor2_takes_it(encode, decode):
    rnd, wanted = random.Random(11), trees(11, COUNT)
    damaged = []
    for data in encode("SENML_CBOR", "/3", map(to_records, wanted)):
        data = bytearray(data)
        data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
        damaged.append(bytes(data))
    for data, answer in zip(damaged, decode("SENML_CBOR", "/3", damaged)):
        if answer["end"] == 0:
            assert isinstance(cbor2.loads(data), list)


# ---- TLV, whose rules are short enough to be written down once more ----

def tlv(kind, ident, value):
    n = len(value)
    width = 0 if n < 8 else 1 if n < 256 else 2 if n < 65536 else 3
    head = kind << 6 | (ident > 255) << 5 | width << 3 | (n if width == 0 else 0)
    size = n.to_bytes(width, "big") if width else b""
    return bytes([head]) + ident.to_bytes(1 + (ident > 255), "big") + size + value


def tlv_value(kind, value):
    if kind == "string":
        return value.encode()
    if kind == "opaque":
        return value
    if kind in ("integer", "time"):
        return next(value.to_bytes(n, "big", signed=True) for n in (1, 2, 4, 8)
                    if -2**(8 * n - 1) <= value < 2**(8 * n - 1))
    if kind == "unsigned":
        return next(value.to_bytes(n, "big") for n in (1, 2, 4, 8) if value < 2**(8 * n))
    if kind == "boolean":
        return bytes([value])
    if kind == "objlnk":
        return struct.pack(">HH", *value)
    try:
        single = struct.pack(">f", value)
        return single if struct.unpack(">f", single)[0] == value else struct.pack(">d", value)
    except OverflowError:
        return struct.pack(">d", value)


def tlv_of(leaves):
    out = b""
    for instance in dict.fromkeys(p[1] for p, _, _ in leaves):
        resources = b""
        for resource in dict.fromkeys(p[2] for p, _, _ in leaves if p[1] == instance):
            below = [leaf for leaf in leaves if leaf[0][1:3] == (instance, resource)]
            if len(below[0][0]) == 3:
                resources += tlv(3, resource, tlv_value(*below[0][1:]))
            else:
                resources += tlv(2, resource, b"".join(tlv(1, p[3], tlv_value(k, v)) for p, k, v in below))
        out += tlv(0, instance, resources)
    return out


def test_tlv_is_as_the_tables_say(encode, decode):
    wanted = trees(12, COUNT)
    payloads = list(map(tlv_of, wanted))
    assert encode("TLV", "/3", map(to_records, wanted)) == payloads
    for leaves, answer in zip(wanted, decode("TLV", "/3", payloads)):
        assert from_answer(answer) == leaves
