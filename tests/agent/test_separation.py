# SPDX-License-Identifier: Apache-2.0
"""What each process may do, and what the network worker cannot do even when it lies."""
import os
import struct
import sys
import threading

import pytest

from device import BUILD
from releases import Release

HOSTILE = """#!{python}
import socket, struct, sys, time
control = socket.socket(fileno=int(sys.argv[sys.argv.index("--control") + 1]))
control.recv(100000)
control.send(bytes.fromhex("{message}"))
time.sleep(60)
"""


def message(kind, *texts):
    """A message as docs/spec/agent.md has it."""
    body = b"".join(struct.pack("<H", len(t)) + t.encode() + b"\0" for t in texts)
    return struct.pack("<BBBBQQ", kind, 0, len(texts), 0, 0, 0) + body


def processes(device):
    """/proc/PID of the device's processes, by program."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            args = open(f"/proc/{pid}/cmdline").read().split("\0")
        except OSError:
            continue
        if str(device.root) in args:
            found[os.path.basename(args[0])] = f"/proc/{pid}"
    return found


def status(proc):
    return dict(line.rstrip("\n").split(":\t", 1) for line in open(f"{proc}/status") if ":\t" in line)


@pytest.fixture
def installing(device, server, repository):
    """The workers, in the middle of a download."""
    done = threading.Event()

    def hold(data):
        done.wait(60)
        return data
    server.spoil = (".payload", hold)
    server.offer("1001", "1.1.0", repository.publish(Release("1.1.0")))
    device.wait(lambda: any(path.endswith(".payload") for path in server.asked))
    yield processes(device)
    done.set()


def test_fetch_is_another_user_without_rights(installing):
    s = status(installing["mp-fetch"])
    assert set(s["Uid"].split()) != {"0"} and "0" not in s["Uid"].split()
    assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"


def test_install_has_no_network_and_no_capabilities(installing, device):
    s = status(installing["mp-install"])
    assert int(s["CapEff"], 16) == int(s["CapBnd"], 16) == 0
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"
    assert os.readlink(installing["mp-install"] + "/ns/net") != os.readlink(f"/proc/{device.process.pid}/ns/net")
    links = [os.readlink(f"{installing['mp-install']}/fd/{fd}") for fd in os.listdir(installing["mp-install"] + "/fd")]
    assert sum(link.startswith("socket:") for link in links) == 2, links


def test_the_supervisor_alone_stays(device):
    device.wait_state("idle")
    device.wait(lambda: set(processes(device)) == {"mp-agent"})
    assert int(status(f"/proc/{device.process.pid}")["VmRSS"].split()[0]) < 8192


@pytest.mark.parametrize("said, why", [
    (message(15, "state", "installed"), "fact"),  # as if it were install
    (message(12, "1.1.0", "1001"), "install"),  # an order
    (b"no message at all", "malformed"),
    (b"\xff" * 9000, "malformed"),
])
def test_a_network_worker_that_breaks_the_rules_is_ended(make_device, folder, said, why):
    device = make_device()
    programs = folder / "programs"
    programs.mkdir()
    for name in ("mp-agent", "mp-install", "mp-containers"):
        (programs / name).symlink_to(BUILD / name)
    fetch = programs / "mp-fetch"
    fetch.write_text(HOSTILE.format(python=sys.executable, message=said.hex()))
    fetch.chmod(0o755)
    device.start("--programs", programs)
    device.wait(lambda: f"worker broke the rules worker=fetch message={why}" in device.said())
    assert device.status()["state"] == "idle" and device.process.poll() is None
    assert device.entries() == ["mp_1.0.0.efi"]
