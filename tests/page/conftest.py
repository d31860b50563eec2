# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

from browser import Browser  # noqa: E402
from demo_fleet import Fleet  # noqa: E402


def why_not():
    if not shutil.which(os.environ.get("CHROMIUM", "/usr/bin/chromium")):
        return "Chromium is not there"
    if subprocess.run(["node", "-e", "require('playwright-core')"], capture_output=True).returncode:
        return "node does not find playwright-core (npm ci in tests/page, then NODE_PATH)"
    return None


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with open(tmp_path_factory.mktemp("chromium") / "log", "w+") as log:
        browser = Browser(log)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium):
    """A fresh browser context at a desktop's size; the page may not have complained at the end."""
    chromium.open(viewport={"width": 1280, "height": 800})
    yield chromium
    assert chromium.complaints() == []


@pytest.fixture
def fleet(chromium, tmp_path):
    """A server without anything."""
    fleet = Fleet(tmp_path)
    fleet.start()
    yield fleet
    fleet.kill()


@pytest.fixture(scope="session")
def idle(chromium, tmp_path_factory):
    """A server without anything, which no test changes."""
    fleet = Fleet(tmp_path_factory.mktemp("idle"))
    fleet.start()
    yield fleet
    fleet.kill()


@pytest.fixture(scope="module")
def filled(chromium, tmp_path_factory):
    """A server with three releases, sixty devices and a rollout under way; tests look at it and
    change only devices of their own."""
    fleet = Fleet(tmp_path_factory.mktemp("filled"))
    fleet.start()
    fleet.notes = "First release"
    fleet.publish("1.0.0")
    fleet.notes = "Fixes.\nAnd more."
    fleet.publish("1.1.0")
    devices = [fleet.device(f"demo-{i:03}", kernel="6.12.48") for i in range(60)]
    fleet.rollout("1.1.0", devices=[d.name for d in devices[:10]], error_threshold=80)
    for device in devices[:6]:
        device.offer()
    for device in devices[:3]:
        device.proves("1.1.0")
    devices[3].fails("The container web did not become healthy; it fell back to 1.0.0.")
    devices[4].proceeds("downloading 34 %")
    yield fleet
    fleet.kill()
