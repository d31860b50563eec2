# SPDX-License-Identifier: Apache-2.0
"""Our agent and servers that are not ours. They are not part of the tree: without an address the test skips."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "agent")]

from device import BUILD, Device  # noqa: E402
from hawkbit import POLLING, TARGET_TOKENS, Hawkbit  # noqa: E402
from releases import Release, Repository  # noqa: E402


@pytest.fixture(scope="session")
def hawkbit():
    """A hawkBit that lets targets in by their token and wants polls as often as it can."""
    peer = Hawkbit.from_environment()
    if not peer:
        pytest.skip("MP_PEER_HAWKBIT is not set (base URL of a running Eclipse hawkBit)")
    peer.setting(TARGET_TOKENS, True)
    peer.poll_seconds = peer.poll_as_often_as_it_lets()
    yield peer
    peer.close()


@pytest.fixture
def patience(hawkbit):
    """Seconds in which a thing happens that takes a few polls."""
    return 30 + 4 * hawkbit.poll_seconds


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture(scope="session")
def first():
    return Release("1.0.0")


@pytest.fixture
def folder():
    """Not tmp_path: that is closed to others, and the network worker is nobody here."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mp-peer-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_device(folder, hawkbit, repository, first):
    """make_device(**how): a device that runs 1.0.0 and is a target of hawkBit; its agent is not started."""
    if os.geteuid() != 0:
        pytest.skip("the agent's sandbox needs root: users and a network namespace")
    if not (BUILD / "mp-agent").exists():
        pytest.skip(f"{BUILD}/mp-agent is not built (MP_BUILD is the meson build folder)")
    made = []

    def make(token=None, repository=repository, **how):
        device = Device(folder / "device", first, repository, hawkbit, **how)
        made.append(device)
        device.id, right = hawkbit.target()
        if hawkbit.authority:
            device.write("usr/share/microplatform/server-ca.pem", pathlib.Path(hawkbit.authority).read_bytes())
        device.write("efi/microplatform/device-id", device.id)
        device.write("efi/microplatform/target-token", token or right)
        device.boot()
        return device
    yield make
    for device in made:
        device.close()
