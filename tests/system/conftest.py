# SPDX-License-Identifier: Apache-2.0
"""Whole-system tests: ./demo is run once, its story is judged case by case, and the releases that it
built are booted again for the cases that need a machine of their own."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from machine import Machine, Server, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "build" / "demo"


class Story:
    def __init__(self, status):
        self.status = status
        path = DEMO / "story.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        self.events = {e["name"]: e["evidence"] for e in map(json.loads, lines)}

    def evidence(self, name):
        assert name in self.events, f"the demo ended before '{name}'; see its output above"
        return self.events[name]

    def figures(self):
        return json.loads((DEMO / "figures.json").read_text())


@pytest.fixture(scope="session")
def story():
    """./demo as the README has it, without a terminal. MP_KEEP_DEMO=1 judges the last run instead."""
    for program in ("qemu-system-x86_64", "jq"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed (tools/setup test)")
    if os.environ.get("MP_KEEP_DEMO"):
        return Story(0)
    done = subprocess.run([ROOT / "demo"], stdin=subprocess.DEVNULL, stdout=sys.stderr,
                          stderr=sys.stderr, timeout=1500)
    return Story(done.returncode)


@pytest.fixture(scope="session")
def product(story):
    """The demo's product folder with its five releases built."""
    if not (DEMO / "product/build/1.1.0/release.json").exists():
        pytest.fail("the demo did not build its releases")
    return DEMO / "product"


@pytest.fixture
def server(product):
    s = Server(DEMO / "host", product)
    s.start()
    yield s
    s.stop()


@pytest.fixture
def make_machine(product, tmp_path):
    made = []

    def make(version="1.0.0", **kwargs):
        m = Machine(DEMO / "host", product, version, tmp_path / str(len(made)), **kwargs)
        made.append(m)
        return m
    yield make
    for m in made:
        m.kill()


@pytest.fixture(scope="session")
def proven(product, tmp_path_factory):
    """A machine whose power was cut the moment it had proven 1.0.0, and its name. Its disk is copied."""
    s = Server(DEMO / "host", product)
    m = Machine(DEMO / "host", product, "1.0.0", tmp_path_factory.mktemp("proven") / "proven")
    s.start()
    try:
        name = m.enroll(s)
        wait_for("the first release to be proven", 120, lambda: "state=proven" in m.console())
    finally:
        m.kill()
        s.stop()
    return m, name
