# SPDX-License-Identifier: Apache-2.0
"""Firmware (object 5): by hand over REST, and as rollouts, which must end in a sentence for each device."""

import pytest

import firmware
from device import wait
from sim import values

OCTETS = {"Content-Type": "application/octet-stream"}


def state(sim):
    found = sim.read("/5/0")
    return found["/5/0/3"], found["/5/0/5"]


@pytest.fixture(scope="module")
def quick(make_sim):
    """A lamp that installs and boots in no time."""
    return make_sim("fw-", "--profile", "light", "--firmware-seconds", "1", "--time-scale", "10", secure=True)


def set_package(sim, data):
    sim.server.rest("PUT", f"/devices/{sim.endpoint}/lwm2m/5/0/0", data, headers=OCTETS, want=200)


def test_ets_751_query_the_readable_resources(quick):
    found = quick.read("/5/0")
    assert (found["/5/0/3"], found["/5/0/5"], found["/5/0/9"]) == (0, 0, 2) and "/5/0/0" not in found
    assert quick.ask("GET", "/5/0/0", want=422)["code"] == "4.05"


def test_ets_772_error_1_no_install_without_a_package(quick):
    assert quick.ask("POST", "/5/0/2", want=422)["code"] in ("4.05", "4.00")
    assert state(quick)[0] == 0


def test_ets_755_760_771_a_package_by_push_is_installed(quick, listen):
    """Written block by block over DTLS; what its state becomes is observed on the way."""
    stream = listen(f"device={quick.endpoint}&kinds=notification,registration")
    assert values(quick.ask("POST", "/5/0/3/observe")) == {"/5/0/3": 0}
    set_package(quick, b"mp-sim 2.5.0\n" + bytes(60000))
    assert state(quick) == (2, 0)
    quick.ask("POST", "/5/0/2")
    seen = []
    while True:
        kind, event = stream.next()
        if kind == "registration" and event["event"] == "registered":
            break
        seen += values(event).values() if kind == "notification" else []
    assert seen[-2:] == [2, 3]
    wait(lambda: state(quick) == (0, 1))
    assert quick.read("/3/0/3") == {"/3/0/3": "2.5.0"}


def test_ets_755_an_empty_package_resets_the_state(quick):
    set_package(quick, b"mp-sim 2.6.0\n")
    assert state(quick) == (2, 0)
    set_package(quick, b"\0")
    assert state(quick)[0] == 0


def test_ets_756_778_780_a_uri_that_cannot_be_used(quick):
    for uri, result in (("ftp://127.0.0.1/fw", 9), ("coap", 7)):
        quick.server.rest("PUT", f"/devices/{quick.endpoint}/lwm2m/5/0/1", {"value": uri})
        wait(lambda: state(quick) == (0, result))
        quick.ask("PUT", "/5/0/1", {"value": ""})
    assert state(quick) == (0, 0)


# ---- rollouts ----

FINAL = {2: "not enough storage", 6: "does not know this type", 7: "could not use the address",
         9: "does not speak the protocol"}
AGAIN = {3: "ran out of memory", 4: "lost the connection", 5: "checksum is wrong"}


@pytest.fixture(scope="module")
def campaign(shared, make_sim):
    """One rollout over devices of ours, which fetch or are given their image, and scripted ones that err."""
    how = ("--firmware-seconds", "1", "--time-scale", "5")
    sims = {transfer: make_sim(f"{transfer}-", "--profile", profile, *how, secure=True)
            for transfer, profile in (("push", "humidity"), ("pull", "thermometer"))}
    boards = {"humidity": "push", "thermometer": "pull", "late": "push"} | {
        f"result-{n}": "pull" if n in (7, 9) else "push" for n in [*FINAL, *AGAIN]}
    devices = {n: firmware.Updating(f"result-{n}", shared.coap_port, f"result-{n}", n) for n in [*FINAL, *AGAIN]}
    devices["late"] = firmware.Updating("late", shared.coap_port, "late", 8, late=True)
    devices["liar"] = firmware.Updating("liar", shared.coap_port, "late")
    shared.devices += devices.values()
    for device in devices.values():
        device.registered()
    firmware.publish(shared, "3.0.0", boards, size=20000)
    names = [sim.endpoint for sim in sims.values()] + [device.endpoint for device in devices.values()]
    wait(lambda: all(shared.rest("GET", f"/devices/{name}")[1].get("board") for name in names))
    shared.rest("POST", "/rollouts", {"release": "3.0.0", "devices": names, "error_threshold": 100}, want=201)
    return shared


def why(server, name):
    return server.rest("GET", f"/devices/{name}/why", want=200)["reason"]


def history(server, name):
    return " ".join(str(entry) for entry in server.rest("GET", f"/devices/{name}/history", want=200)["items"])


def device_state(server, name):
    return server.rest("GET", f"/devices/{name}", want=200)["state"]


@pytest.mark.parametrize("result", FINAL)
def test_ets_773_777_778_780_a_failure_ends_with_its_sentence(campaign, result):
    wait(lambda: device_state(campaign, f"result-{result}") == "failed")
    assert FINAL[result] in history(campaign, f"result-{result}")
    assert FINAL[result] in why(campaign, f"result-{result}")


@pytest.mark.parametrize("result", AGAIN)
def test_ets_774_775_776_what_may_work_the_next_time_is_tried_again(campaign, result):
    wait(lambda: "tried again" in history(campaign, f"result-{result}"))
    assert AGAIN[result] in history(campaign, f"result-{result}")


def test_ets_779_error_8_unsuccessful_update(campaign):
    wait(lambda: device_state(campaign, "late") == "failed", 30)
    assert "could not bring up the new version" in why(campaign, "late")


def test_a_device_that_says_success_and_runs_the_old_version_is_not_believed(campaign):
    wait(lambda: device_state(campaign, "liar") in ("failed", "rolled_back"), 30)
    assert "came back with 1.0.0" in why(campaign, "liar")


@pytest.mark.parametrize("transfer", ["push", "pull"])
def test_ets_770_successful_update_via_coap(campaign, transfer):
    """Proven when it has registered again and reports the new version, over DTLS."""
    wait(lambda: device_state(campaign, f"{transfer}-000") == "proven", 40)
    found = campaign.rest("GET", f"/devices/{transfer}-000/lwm2m/3/0/3", want=200)
    assert values(found) == {"/3/0/3": "3.0.0"}
    if transfer == "pull":
        assert campaign.metric("mp_lwm2m_firmware_reads_total") >= 1


def test_an_instance_for_software_is_made_once(shared):
    """Whether or not the device tells of it in its registration."""
    device = firmware.Making("making", shared.coap_port, "making")
    shared.devices.append(device)
    device.registered()
    firmware.publish(shared, "3.1.0", {"making": "push"}, objects={"making": "software"})
    wait(lambda: shared.rest("GET", "/devices/making")[1].get("board"))
    shared.rest("POST", "/rollouts", {"release": "3.1.0", "devices": ["making"]}, want=201)
    wait(lambda: device_state(shared, "making") in ("proven", "failed"))
    assert (device_state(shared, "making"), device.made) == ("proven", 1), why(shared, "making")
