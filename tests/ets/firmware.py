# SPDX-License-Identifier: Apache-2.0
"""Releases that hold firmware for microcontrollers, and a scripted device that takes it."""
import json
import threading

import fleet
from device import EXECUTABLE, Device

EXECUTABLE.add((5, 0, 2))


def publish(server, version, boards, size=3000, shown=None, objects=None, components=None):
    """`boards`: {model: "push" or "pull"}; `objects`: {model: "software"}, firmware where none is named; `components`: {model: [name]}, each with an image of its own. The images say what they install (mp-sim reads it)."""
    files, doc = {}, {"format": 1, "product": "demo", "version": version, "notes": "n", "boards": {},
                      "app": {"services": []}}
    for board, transfer in boards.items():
        def described(kind, name=board):
            image = (f"mp-sim {shown or version}\n{name} ".encode() * size)[:size]
            digest = fleet.sha256(image)
            files[digest + ".firmware"] = image
            return {"version": shown or version, "target": digest + ".firmware", "size": size, "sha256": digest,
                    "object": kind, "transfer": transfer}
        if board in (components or {}):
            doc["boards"][board] = {"components": [{"name": name, **described("advanced", name)}
                                                   for name in components[board]]}
        else:
            doc["boards"][board] = {"firmware": described((objects or {}).get(board, "firmware"))}
    files[f"{version}.manifest.json"] = json.dumps(doc).encode()
    for data in files.values():
        server.put(data)
    text = server.sign("targets", server.targets(files))
    server.api("POST", "/releases", {"manifest": f"{version}.manifest.json", "targets": text}, want=201)
    server.targets_version += 1
    return doc


class Updating(Device):
    """Its board is its model. `result`: what comes of the transfer or, when `late`, of the update."""

    def __init__(self, endpoint, port, board, result=1, late=False, **how):
        self.result, self.late, self.image = result, late, None
        super().__init__(endpoint, port, values={
            (3, 0, 0): "Maker", (3, 0, 1): board, (3, 0, 3): "1.0.0",
            (5, 0, 1): "", (5, 0, 3): 0, (5, 0, 5): 0}, **how)

    def put(self, m, path):
        if path in ((5, 0, 0), (5, 0, 1)):
            self.image = next(iter(self.parse(m, path).values()))
            bad = self.result != 1 and not self.late
            self.values |= {(5, 0, 3): 0 if bad else 2, (5, 0, 5): self.result if bad else 0}
            return "2.04", [], b""
        return super().put(m, path)

    def post(self, m, path):
        if path == (5, 0, 2):
            self.values |= {(5, 0, 3): 0, (5, 0, 5): self.result}
            threading.Timer(0.3, self.register).start()
        return super().post(m, path)


class Making(Device):
    """Software (object 9): its instance is made when the server asks for it, and shown to nobody before the software
    has come."""

    def __init__(self, endpoint, port, board):
        self.made = 0
        super().__init__(endpoint, port, values={(3, 0, 0): "Maker", (3, 0, 1): board, (3, 0, 3): "1.0.0"})

    def create(self, m, path):
        self.made += 1
        return "2.01", [], b""

    def put(self, m, path):
        if path == (9, 0, 2):
            image = next(iter(self.parse(m, path).values()))
            self.values |= {(9, 0, 1): image.split()[1].decode(), (9, 0, 7): 3, (9, 0, 9): 3, (9, 0, 12): False}
            return "2.04", [], b""
        return super().put(m, path)

    def post(self, m, path):
        done = {(9, 0, 4): {(9, 0, 7): 4, (9, 0, 9): 2}, (9, 0, 10): {(9, 0, 12): True}}.get(path)
        if done:
            self.values |= done
            return "2.04", [], b""
        return super().post(m, path)
