# SPDX-License-Identifier: Apache-2.0
"""The agent's real programs on this machine, a folder as device, a small hawkBit as server."""
import os
import pathlib
import shutil
import tempfile

import pytest

from ddi import Server
from device import BUILD, Device
from releases import Release, Repository


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture(scope="session")
def first():
    return Release("1.0.0")


@pytest.fixture(scope="session")
def second():
    return Release("1.1.0")


@pytest.fixture
def folder():
    """Not tmp_path: that is closed to others, and the network worker is nobody here."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mp-agent-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_device(folder, server, repository, first):
    """make_device(**how): a device that runs 1.0.0, booted, its agent not started."""
    if os.geteuid() != 0:
        pytest.skip("the agent's sandbox needs root: users and a network namespace")
    if not (BUILD / "mp-agent").exists():
        pytest.skip(f"{BUILD}/mp-agent is not built (MP_BUILD is the meson build folder)")
    made = []

    def make(server=server, repository=repository, **how):
        device = Device(folder / "device", first, repository, server, **how)
        made.append(device)
        device.boot()
        return device
    yield make
    for device in made:
        device.close()


@pytest.fixture
def device(make_device):
    device = make_device()
    device.start()
    return device
