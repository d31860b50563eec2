# SPDX-License-Identifier: Apache-2.0
"""Random values below an object, as the driver takes and gives them, and as Python's own."""
import base64
import datetime
import random
import string

TYPES = {1: "string", 2: "integer", 3: "unsigned", 4: "float", 5: "boolean", 6: "opaque", 7: "time",
         8: "objlnk"}
LETTERS = string.ascii_letters + string.digits + " \"\\/\b\f\n\r\t\x01{}[]:,äß€😀"


def random_value(rnd, kind):
    """A Python value of this type."""
    if kind == "string":
        return "".join(rnd.choices(LETTERS, k=rnd.randint(0, 40)))
    if kind == "integer":
        return rnd.choice([-1, 1]) * rnd.getrandbits(rnd.randint(0, 63))
    if kind == "unsigned":
        return rnd.getrandbits(rnd.randint(0, 64))
    if kind == "float":
        return rnd.choice([rnd.uniform(-1e6, 1e6), rnd.uniform(-1, 1) * 10.0 ** rnd.randint(-300, 300),
                           rnd.randint(-1000, 1000) / 8])
    if kind == "boolean":
        return rnd.random() < 0.5
    if kind == "opaque":
        return rnd.randbytes(rnd.randint(0, 300))
    if kind == "time":
        return rnd.randint(-60000000000, 250000000000)
    return (rnd.randrange(65536), rnd.randrange(65536))


def to_text(kind, value):
    """The text for people."""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "opaque":
        return value.hex()
    if kind == "time":
        epoch = datetime.datetime(1970, 1, 1)
        moment = epoch + datetime.timedelta(seconds=value)
        return moment.isoformat(timespec="seconds") + "Z"
    if kind == "objlnk":
        return "%d:%d" % value
    return repr(value) if kind == "float" else str(value)


def from_text(kind, text):
    if kind == "string":
        return text
    if kind == "float":
        return float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind == "opaque":
        return bytes.fromhex(text)
    if kind == "time":
        epoch = datetime.datetime(1970, 1, 1)
        return round((datetime.datetime.fromisoformat(text.removesuffix("Z")) - epoch).total_seconds())
    if kind == "objlnk":
        return tuple(map(int, text.split(":")))
    return int(text)


def tree(rnd):
    """[(path, type, value)] below /3 in their order; the type is in the resource's id."""
    leaves = []
    for instance in sorted(rnd.sample(range(600), rnd.randint(0, 3))):
        for kind in sorted(rnd.sample(sorted(TYPES), rnd.randint(1, 8))):
            resource = 100 * kind + rnd.randrange(100)
            many = rnd.choice([None, None, sorted(rnd.sample(range(1000), rnd.randint(1, 5)))])
            for path in [(3, instance, resource)] if many is None else \
                        [(3, instance, resource, i) for i in many]:
                leaves.append((path, TYPES[kind], random_value(rnd, TYPES[kind])))
    return leaves


def trees(seed, count):
    rnd = random.Random(seed)
    return [tree(rnd) for _ in range(count)]


def slashes(path):
    return "/" + "/".join(map(str, path))


def to_records(leaves):
    """What the driver takes."""
    return [{"path": slashes(p), "type": kind, "value": to_text(kind, v)} for p, kind, v in leaves]


def from_answer(answer):
    """What the driver gave, as a tree again."""
    assert answer["end"] == 0, answer
    return [(tuple(map(int, r["path"].split("/")[1:])), r["type"], from_text(r["type"], r["value"]))
            for r in answer["records"]]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
