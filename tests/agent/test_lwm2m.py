# SPDX-License-Identifier: Apache-2.0
"""The agent's LwM2M channel against mp-server: what it shows of the device, and an update by LwM2M alone."""
import json
import shutil
import signal
import subprocess
import time
import urllib.error

import pytest

from device import BUILD, IMAGE
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
        try:
            if open(f"/proc/{pid}/comm").read().strip() == "mp-lwm2m":
                return pid
        except OSError:  # it has just ended
            pass
    return None


@pytest.fixture
def make_managed(make_device, fleet, first):  # noqa: F811
    """make_managed(channels, **product): a device with an LwM2M server, enrolling, its agent started."""
    def make(channels=("lwm2m",), psk=None, trusts=fleet.repository, uri=None, esp=None, **how):
        device = make_device(server=fleet, repository=trusts, **how)
        path = device.root / "usr/share/microplatform/product.json"
        product = json.loads(path.read_text())
        product["server"]["lwm2m"] = uri or f"coaps://127.0.0.1:{fleet.coaps_port}"
        product["channels"] = list(channels)
        if esp:
            device.write("efi/microplatform/update-channels", f"{esp}\n")
        path.write_text(json.dumps(product))
        device.write("usr/share/microplatform/server-ca.pem", (fleet.product / "keys/server-ca.crt").read_bytes())
        device.write("efi/microplatform/enroll-token", (fleet.product / "keys/enroll.token").read_bytes())
        device.write("proc/meminfo", "MemTotal: 2048000 kB\nMemFree: 1 kB\nMemAvailable: 1024000 kB\n")
        (device.root / "proc/net").mkdir()
        device.write("proc/net/route", "Iface\tDestination\tGateway\nlo\t00000000\t0202000A\t0003\n")
        fleet.publish(first)
        if psk:
            device.write("efi/microplatform/device-id", "psk-device")
            device.write("efi/microplatform/lwm2m.psk", f"{psk[0]}:{psk[1]}\n")
            fleet.call("PUT", "/devices/psk-device/credentials", {"psk": {"identity": psk[0], "key": psk[1]}})
        device.start()
        device.wait(lambda: device.status().get("registered"))
        return device
    return make


@pytest.fixture
def managed(make_managed):
    return make_managed()


@pytest.fixture
def told(make_managed, repository):
    """One that trusts a repository of the test, and is told what to do by hand."""
    return make_managed(trusts=repository)


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
    assert shown["/3/0/11/0"] == 0 and shown["/3/0/20"] == 5 and abs(shown["/3/0/13"] - time.time()) < 60


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
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven")
    assert value(fleet, managed, "3/0/3") == "1.1.0"
    assert value(fleet, managed, "5/0/5") == 1 and value(fleet, managed, "5/0/3") == 0


def test_the_esp_makes_a_device_of_the_field_one_for_lwm2m_alone(make_managed, fleet):  # noqa: F811
    """As tests/system does with the demo's image, whose product has DDI alone."""
    managed = make_managed(channels=("ddi",), esp="lwm2m")
    assert managed.status().get("online") is not True
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    managed.wait(lambda: managed.status()["action"].startswith("lwm2m/"))
    assert managed.wait_reboot(60) == "1.1.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven")


# ---- object 5 by hand: a deployment that is pushed, its files with the small hawkBit of ddi.py ----
def push(fleet, device, server, files, version="1.1.0", action="1001"):  # noqa: F811
    server.offer(action, version, files)
    document = json.dumps(server.deployment(action)).encode()
    write(fleet, device, "5/0/0", document.hex())


def wait_firmware(fleet, device, state, result, seconds=60):  # noqa: F811
    def reached():
        try:
            return (value(fleet, device, "5/0/3"), value(fleet, device, "5/0/5")) == (state, result)
        except urllib.error.HTTPError:  # not registered at this moment
            return False
    device.wait(reached, seconds)


def wait_registered(device):
    device.wait(lambda: device.status().get("registered"))


def test_what_was_downloaded_waits_for_its_word_over_restarts_and_power_cuts(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0")))
    wait_firmware(fleet, told, 2, 0)
    assert told.entries() == ["mp_1.0.0.efi", "mp_1.1.0.efi.part"]
    told.stop(signal.SIGKILL)
    assert told.boot() == "1.0.0"
    told.start()
    wait_registered(told)
    wait_firmware(fleet, told, 2, 0)
    told.wait_state("downloaded")
    assert value(fleet, told, "5/0/7") == "1.1.0"
    execute(fleet, told, "5/0/2")
    assert told.wait_reboot() == "1.1.0"
    wait_registered(told)
    wait_firmware(fleet, told, 0, 1)
    assert told.entries() == ["mp_1.0.0.efi", "mp_1.1.0.efi"]


def test_a_power_cut_does_not_bring_back_what_another_deployment_has_replaced(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0")))
    wait_firmware(fleet, told, 2, 0)
    told.hook("preflight.d", "10-hold", f"test -e {told.root}/go")
    server.actions.clear()
    push(fleet, told, server, repository.publish(Release("1.2.0")), "1.2.0", "1002")
    told.wait(lambda: told.status()["waiting"] and told.status()["target"] == "1.2.0")
    told.stop(signal.SIGKILL)
    assert told.boot() == "1.0.0"
    told.start()
    wait_registered(told)
    wait_firmware(fleet, told, 1, 0)
    told.write("go", "")
    wait_firmware(fleet, told, 2, 0)
    assert value(fleet, told, "5/0/7") == "1.2.0"
    execute(fleet, told, "5/0/2")
    assert told.wait_reboot() == "1.2.0"


def test_a_release_whose_boot_entry_is_made_boots_though_that_cannot_be_noted(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0")))
    wait_firmware(fleet, told, 2, 0)
    in_the_way = told.root / "var/lib/microplatform/update/state.json.tmp"  # as a full disk would be
    (in_the_way / "x").mkdir(parents=True)
    execute(fleet, told, "5/0/2")
    told.wait(lambda: told.process.poll() is not None)
    assert "what boots next could not be noted" in told.said() and "state=failed" not in told.said()
    shutil.rmtree(in_the_way)
    assert told.boot() == "1.1.0"
    told.start()
    wait_registered(told)
    wait_firmware(fleet, told, 0, 1)


def test_an_empty_uri_gives_up_what_was_downloaded(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0")))
    wait_firmware(fleet, told, 2, 0)
    write(fleet, told, "5/0/1", "")
    wait_firmware(fleet, told, 0, 0)
    told.wait_state("idle")  # the object says so some milliseconds before the supervisor has it on disk
    told.stop(signal.SIGKILL)
    assert told.boot() == "1.0.0"
    told.start()
    told.wait_state("idle")


def test_a_download_goes_on_after_a_power_cut(told, fleet, server, repository):  # noqa: F811
    def slow(data):
        time.sleep(3)
        return data
    server.spoil = (".payload", slow)
    push(fleet, told, server, repository.publish(Release("1.1.0")))
    told.wait_state("downloading")
    time.sleep(1)
    told.stop(signal.SIGKILL)
    told.boot()
    server.spoil = None
    told.start()
    wait_registered(told)
    wait_firmware(fleet, told, 2, 0)


def test_a_forged_release_is_result_5(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0"), forged=True))
    wait_firmware(fleet, told, 0, 5)
    assert told.entries() == ["mp_1.0.0.efi"]


def test_software_of_another_product_is_result_6(told, fleet, server, repository):  # noqa: F811
    push(fleet, told, server, repository.publish(Release("1.1.0", product="other")))
    wait_firmware(fleet, told, 0, 6)


@pytest.mark.parametrize("uri, result", [("https://127.0.0.1:1x/", 7), ("nonsense", 7), ("coap://127.0.0.1/fw", 9),
                                         ("{url}/DEFAULT/controller/v1/{id}/deploymentBase/77", 7)])
def test_an_address_that_leads_nowhere_is_told(managed, fleet, uri, result):  # noqa: F811
    write(fleet, managed, "5/0/1", uri.format(url=fleet.url, id=name(managed)))
    wait_firmware(fleet, managed, 0, result, 40)


def test_a_package_that_is_no_deployment_is_result_6(managed, fleet):  # noqa: F811
    write(fleet, managed, "5/0/0", b'{"not": "a deployment"}'.hex())
    wait_firmware(fleet, managed, 0, 6)


def test_a_release_that_fell_back_is_result_8_and_an_error_code(make_managed, fleet, server, repository):  # noqa: F811
    managed = make_managed(proof=12, trusts=repository)
    managed.hook("health.d", "10-sensor", 'grep -q mp.release=1.0.0 "$(dirname $0)/../../../../proc/cmdline"')
    push(fleet, managed, server, repository.publish(Release("1.1.0")))
    wait_firmware(fleet, managed, 2, 0)
    execute(fleet, managed, "5/0/2")
    assert managed.wait_reboot() == "1.1.0"
    wait_registered(managed)
    wait_firmware(fleet, managed, 3, 0)
    assert managed.wait_reboot() == "1.0.0"
    wait_registered(managed)
    wait_firmware(fleet, managed, 0, 8)
    assert value(fleet, managed, "3/0/11") == 17
    execute(fleet, managed, "3/0/12")
    assert value(fleet, managed, "3/0/11") == 0


def test_why_it_fell_back_is_the_reason_that_the_server_shows(make_managed, fleet):  # noqa: F811
    managed = make_managed(proof=12)
    managed.hook("health.d", "10-sensor", 'grep -q mp.release=1.0.0 "$(dirname $0)/../../../../proc/cmdline" || '
                 '{ echo "the sensor is silent"; exit 1; }')
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    assert managed.wait_reboot(60) == "1.1.0"
    assert managed.wait_reboot(60) == "1.0.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "failed")
    assert fleet.devices()[0]["reason"] == (
        "The device could not bring up the new version (result 8): release 1.1.0 did not prove itself within 12 s: "
        "the product's health checks did not pass: 10-sensor: the sensor is silent")


def test_an_update_by_ddi_shows_in_object_5_and_is_not_disturbed(make_managed, fleet):  # noqa: F811
    managed = make_managed(channels=("ddi", "lwm2m"))
    managed.wait(lambda: managed.status().get("online"))
    managed.hook("preflight.d", "10-hold", f"test -e {managed.root}/go")
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    wait_firmware(fleet, managed, 1, 0)
    if managed.status()["action"].startswith("lwm2m/"):
        pytest.skip("the server brought it by LwM2M")
    with pytest.raises(urllib.error.HTTPError):
        write(fleet, managed, "5/0/1", f"{fleet.url}/x")
    managed.write("go", "")
    assert managed.wait_reboot(60) == "1.1.0"
    wait_registered(managed)
    wait_firmware(fleet, managed, 0, 1)


def test_services_are_active_as_long_as_they_are_healthy(make_managed, fleet):  # noqa: F811
    def is_active():
        try:
            return [value(fleet, managed, f"9/{i}/12") for i in (0, 1)]
        except urllib.error.HTTPError:  # not registered at this moment, or not with them
            return None
    managed = make_managed()
    managed.stop()
    managed.docker.health.update(web="healthy", db="starting")
    manifest = Release("1.0.0", app={"services": [
        {"name": name, "image": {"id": IMAGE, "config": {"target": "c.config", "size": 5},
                                  "layers": [{"diff_id": IMAGE, "target": "l.layer", "size": 6}]},
         "spec": {"restart": "always"}} for name in ("web", "db")]}).manifest
    folder = managed.root / "var/lib/microplatform/releases/1.0.0"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    managed.start("--look", "1")
    wait_registered(managed)
    managed.wait(lambda: is_active() == [True, False])
    assert [value(fleet, managed, f"9/{i}/0") for i in (0, 1)] == ["web", "db"]
    managed.docker.health["web"] = "unhealthy"
    managed.wait(lambda: is_active() == [False, False])
    managed.docker.health["db"] = "healthy"  # one that is bad is no reason not to look at the others
    managed.wait(lambda: is_active() == [False, True])
    managed.docker.health.update(web="healthy", db="healthy")
    managed.wait(lambda: is_active() == [True, True] and managed.status()["containers"])
    managed.docker.health["db"] = "unhealthy"  # later, while nothing else goes on
    managed.wait(lambda: is_active() == [True, False])
    del managed.docker.health["web"]  # its container is not there any more
    managed.wait(lambda: is_active() == [False, False])
    managed.docker.health.update(web="healthy", db="healthy")
    managed.wait(lambda: is_active() == [True, True])


# ---- what an operator may ask for ----
def test_a_reboot_is_done_by_the_supervisor(managed, fleet):  # noqa: F811
    execute(fleet, managed, "3/0/4")
    assert managed.wait_reboot() == "1.0.0"
    wait_registered(managed)


@pytest.mark.parametrize("arguments, keeps", [(None, True), ("0='identity'", False)])
def test_a_factory_reset_takes_state_and_the_identity_only_when_asked(managed, fleet, arguments, keeps):  # noqa: F811
    (managed.root / "var/lib/docker/volumes").mkdir(parents=True)
    execute(fleet, managed, "3/0/5", arguments)
    managed.wait(lambda: managed.process.poll() is not None)
    subprocess.run([BUILD / "mp-agent", "reset", "--root", managed.root], check=True)
    state = managed.root / "var/lib/microplatform"
    assert not (managed.root / "var/lib/docker").exists() and not (state / "lwm2m").exists()
    assert (state / "identity/key.pem").exists() == keeps
    if keeps:
        managed.boot()
        managed.start()
        wait_registered(managed)


def test_a_pre_shared_key_of_the_esp_is_used(make_managed, fleet):  # noqa: F811
    managed = make_managed(psk=("some:identity", "000102030405060708090a0b0c0d0e0f"))
    assert value(fleet, managed, "3/0/2") == "psk-device"
    managed.wait(lambda: not (managed.root / "efi/microplatform/lwm2m.psk").exists())


def test_a_position_is_there_as_long_as_a_service_writes_it(make_managed, fleet):  # noqa: F811
    managed = make_managed()
    managed.stop()
    managed.boot()
    managed.write("run/microplatform/position.json", '{"latitude": 47.5, "longitude": 8.5, "time": 1700000000}')
    managed.start()
    wait_registered(managed)
    shown = {v["path"]: v["value"] for v in read(fleet, managed, "6/0")["values"]}
    assert shown["/6/0/0"] == 47.5 and shown["/6/0/1"] == 8.5 and "/6/0/2" not in shown


def test_the_link_is_that_of_the_default_route(managed, fleet):  # noqa: F811
    shown = {v["path"]: v.get("value") for v in read(fleet, managed, "4/0")["values"]}
    assert shown["/4/0/0"] == 41 and shown["/4/0/5/0"] == "10.0.2.2", shown


def test_the_log_tells_what_happened(managed, fleet):  # noqa: F811
    assert "registered" in bytes.fromhex(value(fleet, managed, "20/0/4014")).decode()


def test_a_worker_that_dies_is_started_again(managed, fleet):  # noqa: F811
    before = worker(managed)
    subprocess.run(["kill", "-9", str(before)], check=True)
    managed.wait(lambda: worker(managed) not in (None, before))
    wait_registered(managed)


def test_ets_106_a_server_over_tcp(make_managed, fleet):  # noqa: F811
    """The server that product.json names may be on a TCP port (no security: a trusted network)."""
    managed = make_managed(uri=f"coap+tcp://127.0.0.1:{fleet.tcp_port}")
    assert value(fleet, managed, "3/0/2") == name(managed) and value(fleet, managed, "1/0/7") == "T"
    shown = fleet.call("GET", f"/devices/{name(managed)}/lwm2m")
    assert shown["binding"] == "T" and not shown["secure"], shown


def test_ets_106_a_server_over_tls_updates_it(make_managed, fleet):  # noqa: F811
    """Where UDP does not get through: the device shows its certificate as it does over DTLS."""
    managed = make_managed(uri=f"coaps+tcp://127.0.0.1:{fleet.tls_port}")
    assert value(fleet, managed, "3/0/2") == name(managed) and value(fleet, managed, "1/0/7") == "T"
    shown = fleet.call("GET", f"/devices/{name(managed)}/lwm2m")
    assert shown["binding"] == "T" and shown["secure"], shown
    fleet.publish(Release("1.1.0"))
    fleet.roll_out("1.1.0")
    assert managed.wait_reboot(60) == "1.1.0"
    fleet.wait(lambda: fleet.devices()[0]["state"] == "proven")
    assert value(fleet, managed, "3/0/3") == "1.1.0"


# ---- what is kept, and what the worker may do ----
def test_portfolio_and_log_outlive_a_reboot(managed, fleet):  # noqa: F811
    fleet.call("PATCH", f"/devices/{name(managed)}/lwm2m/16/0", {"values": {"0/4": "hall 3"}})
    before = {v["path"]: v["value"] for v in read(fleet, managed, "16/0")["values"]}
    assert before["/16/0/0/0"] == name(managed) and before["/16/0/0/4"] == "hall 3"
    execute(fleet, managed, "3/0/4")
    managed.wait_reboot()
    wait_registered(managed)
    assert {v["path"]: v["value"] for v in read(fleet, managed, "16/0")["values"]} == before
    log = bytes.fromhex(value(fleet, managed, "20/0/4014")).decode()
    assert log.count("started: release 1.0.0") == 2, log


def test_programs_and_servers_hand_each_other_bytes(managed, fleet):  # noqa: F811
    (managed.root / "run/microplatform/data").mkdir()
    managed.write("run/microplatform/data/3", b"\x00measured")
    shown = {v["path"]: v.get("value") for v in read(fleet, managed, "19/0")["values"]}
    assert bytes.fromhex(shown["/19/0/0/3"]) == b"\x00measured"
    fleet.call("PATCH", f"/devices/{name(managed)}/lwm2m/19/1", {"values": {"0/2": b"order".hex()}})
    assert (managed.root / "var/lib/microplatform/lwm2m/data-2").read_bytes() == b"order"


def test_the_worker_has_no_rights(managed):
    s = dict(line.rstrip("\n").split(":\t", 1) for line in open(f"/proc/{worker(managed)}/status") if ":\t" in line)
    assert "0" not in s["Uid"].split() and int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"
    assert int(s["Threads"]) == 1
