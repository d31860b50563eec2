# SPDX-License-Identifier: Apache-2.0
"""The agent's LwM2M channel against mp-server: what it shows of the device, and an update by LwM2M alone."""
import json
import os
import time
import urllib.error

import pytest

from releases import Release
from test_our_server import Fleet, fleet  # noqa: F401 (a fixture)


def status_kb(pid, key):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def children(pid):
    return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def worker(device):
    """The pid of mp-lwm2m."""
    for pid in children(device.process.pid):
        if open(f"/proc/{pid}/comm").read().strip() == "mp-lwm2m":
            return pid
    return None


@pytest.fixture
def make_managed(make_device, fleet, first):  # noqa: F811
    """make_managed(channels, **product): a device with an LwM2M server, enrolling, its agent started."""
    def make(channels=("lwm2m",), **how):
        device = make_device(server=fleet, repository=fleet.repository, **how)
        path = device.root / "usr/share/microplatform/product.json"
        product = json.loads(path.read_text())
        product["server"]["lwm2m"] = f"coaps://127.0.0.1:{fleet.coaps_port}"
        product["channels"] = list(channels)
        path.write_text(json.dumps(product))
        device.write("usr/share/microplatform/server-ca.pem", (fleet.product / "keys/server-ca.crt").read_bytes())
        device.write("efi/microplatform/enroll-token", (fleet.product / "keys/enroll.token").read_bytes())
        device.write("proc/meminfo", "MemTotal: 2048000 kB\nMemFree: 1 kB\nMemAvailable: 1024000 kB\n")
        (device.root / "proc/net").mkdir()
        device.write("proc/net/route", "Iface\tDestination\tGateway\nlo\t00000000\t0202000A\t0003\n")
        fleet.publish(first)
        device.start()
        device.wait(lambda: device.status().get("registered"))
        return device
    return make


@pytest.fixture
def managed(make_managed):
    return make_managed()


def name(device):
    return (device.root / "var/lib/microplatform/identity/device-id").read_text().strip()


def read(fleet, device, path):  # noqa: F811
    return fleet.call("GET", f"/devices/{name(device)}/lwm2m/{path}")


def value(fleet, device, path):  # noqa: F811
    return read(fleet, device, path)["values"][0]["value"]


def write(fleet, device, path, what):  # noqa: F811
    return fleet.call("PUT", f"/devices/{name(device)}/lwm2m/{path}", {"value": what})


def execute(fleet, device, path, arguments=None):  # noqa: F811
    return fleet.call("POST", f"/devices/{name(device)}/lwm2m/{path}", {"arguments": arguments} if arguments else {})


def test_the_device_object_says_what_the_machine_is(managed, fleet):  # noqa: F811
    shown = {v["path"]: v["value"] for v in read(fleet, managed, "3/0")["values"]}
    assert shown["/3/0/0"] == "demo" and shown["/3/0/1"] == "qemu-x86_64" and shown["/3/0/2"] == name(managed)
    assert shown["/3/0/3"] == "1.0.0" and shown["/3/0/10"] == 1024000 and shown["/3/0/21"] == 2048000
    assert shown["/3/0/11/0"] == 0 and shown["/3/0/20"] == 5 and abs(shown["/3/0/13"] - time.time()) < 5


def test_supervisor_and_worker_stay_small(managed, fleet):  # noqa: F811
    read(fleet, managed, "3")
    read(fleet, managed, "4")
    time.sleep(4)  # the session is parked
    both = status_kb(managed.process.pid, "VmRSS:") + status_kb(worker(managed), "VmRSS:")
    assert both <= 8192, both


def test_an_update_by_lwm2m_alone_ends_proven(managed, fleet):  # noqa: F811
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    assert managed.wait_reboot(60) == "1.1.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven", 60)
    assert value(fleet, managed, "3/0/3") == "1.1.0"
    assert value(fleet, managed, "5/0/5") == 1 and value(fleet, managed, "5/0/3") == 0
    assert "/DEFAULT/controller/v1/" not in managed.said().split("update named")[0]
