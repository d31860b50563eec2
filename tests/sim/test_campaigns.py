# SPDX-License-Identifier: Apache-2.0
"""Campaigns over software (object 9) and components (33629), pushed and pulled, some of which fail; the server is
killed in the middle. Each device must end as what it is, and those that failed with a sentence."""
import pytest

import crowd
import firmware
from device import wait
from sim import values

N = 12
KINDS = {  # name of the crowd: (profile, which is its board; object; transfer)
    "swpush-": ("thermometer", "software", "push"),
    "swpull-": ("humidity", "software", "pull"),
    "copush-": ("light", "advanced", "push"),
    "copull-": ("power-meter", "advanced", "pull"),
}
QUICK = ("--firmware-seconds", "1", "--time-scale", "4")
VERSION = {"software": "9/0/1", "advanced": "33629/0/15"}
SENTENCES = {
    "software": ["not enough storage", "ran out of memory", "checksum is wrong", "could not install the software",
                 "refused to run the image"],
    "advanced": ["not enough storage", "ran out of memory", "checksum is wrong", "could not bring up the new version"],
}


def read(server, endpoint, path):
    return values(server.rest("GET", f"/devices/{endpoint}/lwm2m/{path}", want=200))[f"/{path}"]


@pytest.fixture(scope="module")
def campaign(shared, make_sim):
    """It has ended; the server was killed when some were done and some were not."""
    for seed, (name, (profile, kind, _)) in enumerate(KINDS.items(), 1):
        make_sim(shared, name, "--profile", profile, "--firmware-object", kind, "--firmware-fail", "35", *QUICK,
                 devices=N, seed=seed)
    for name in KINDS:
        crowd.wait_until_known(shared, name, N)
    firmware.publish(shared, "3.0.0", {profile: transfer for profile, _, transfer in KINDS.values()}, size=6000,
                     objects={profile: kind for profile, kind, _ in KINDS.values()})
    names = [endpoint for name in KINDS for endpoint in crowd.devices(shared, name)]
    crowd.start(shared, "3.0.0", names)

    def proven():
        return sum(d["state"] == "proven" for name in KINDS for d in crowd.devices(shared, name).values())
    wait(lambda: shared.metric("mp_lwm2m_requests_total") > 2 * len(names))
    shared.kill()
    shared.start()
    wait(lambda: proven() > 0, 60)
    assert proven() < len(names)
    shared.kill()
    shared.start()
    crowd.wait_until_ended(shared, KINDS, 100)
    return shared


@pytest.mark.parametrize("name", KINDS)
def test_proven_are_those_that_run_the_new_version(campaign, name):
    kind = KINDS[name][1]
    proven = [e for e, d in crowd.devices(campaign, name).items() if d["state"] == "proven"]
    assert len(proven) > N // 3
    for endpoint in proven:
        assert read(campaign, endpoint, VERSION[kind]) == "3.0.0"
        if kind == "software":
            assert read(campaign, endpoint, "9/0/12") is True


@pytest.mark.parametrize("name", KINDS)
def test_failed_are_those_that_do_not_and_each_has_its_sentence(campaign, name):
    kind = KINDS[name][1]
    failed = {e: d for e, d in crowd.devices(campaign, name).items() if d["state"] != "proven"}
    for endpoint, device in failed.items():
        assert any(sentence in device["reason"] for sentence in SENTENCES[kind]), device["reason"]
        if kind == "software":
            assert not read(campaign, endpoint, "9/0/12")
        else:
            assert read(campaign, endpoint, VERSION[kind]) == "1.0.0"


def test_some_failed_in_each_of_the_ways(campaign):
    """Else the two tests above would have seen too little."""
    reasons = " ".join(d["reason"] for name in KINDS for d in crowd.devices(campaign, name).values())
    assert sum(sentence in reasons for sentence in set().union(*SENTENCES.values())) >= 3


def test_a_component_counts_as_proven_only_after_it_has_registered_again(campaign):
    for endpoint, device in crowd.devices(campaign, "copush-").items():
        if device["state"] == "proven":
            history = str(campaign.rest("GET", f"/devices/{endpoint}/history", want=200)["items"])
            assert "rebooting" in history and "came back with 3.0.0" in history


@pytest.mark.parametrize("transfer, linked", [("push", False), ("pull", True)])
def test_each_component_gets_its_image_and_all_run_together(shared, make_sim, transfer, linked):
    """The server is killed while images are on their way."""
    version, name = ("3.1.0", "parts-") if transfer == "push" else ("3.2.0", "linkedparts-")
    make_sim(shared, name, "--profile", "humidity", "--firmware-object", "advanced", "--components", "3",
             *(["--linked"] if linked else []), *QUICK, devices=3, seed=7)
    crowd.wait_until_known(shared, name, 3)
    names = sorted(crowd.devices(shared, name))
    firmware.publish(shared, version, {"humidity": transfer}, size=20000, components={"humidity": ["modem", "bootloader"]})
    before = {e: d["state"] for e, d in crowd.devices(shared, name).items()}
    crowd.start(shared, version, names)
    wait(lambda: before != {e: d["state"] for e, d in crowd.devices(shared, name).items()})
    shared.kill()
    shared.start()
    crowd.wait_until_ended(shared, [name], 60)
    for endpoint, device in crowd.devices(shared, name).items():
        assert device["state"] == "proven", device
        assert [read(shared, endpoint, f"33629/{i}/15") for i in range(3)] == ["1.0.0", version, version]


def test_a_component_that_the_device_does_not_have_is_named(shared, make_sim):
    sim = make_sim(shared, "lacking-", "--profile", "humidity", "--firmware-object", "advanced", *QUICK, seed=9)
    crowd.wait_until_known(shared, "lacking-", 1)
    firmware.publish(shared, "3.3.0", {"humidity": "push"}, components={"humidity": ["application", "radar"]})
    crowd.start(shared, "3.3.0", [sim.endpoint])
    crowd.wait_until_ended(shared, ["lacking-"], 30)
    assert crowd.devices(shared, "lacking-")[sim.endpoint]["reason"] == "The device has no component 'radar'."


def test_software_that_runs_gives_way_to_the_next(shared, make_sim):
    """It is uninstalled first; the installation takes longer than a few looks, and a kill of the server."""
    sim = make_sim(shared, "slow-", "--profile", "thermometer", "--firmware-object", "software", "--firmware-seconds",
                   "8", "--seed", "3")
    crowd.wait_until_known(shared, "slow-", 1)
    for version, kill in (("5.0.0", False), ("5.1.0", True)):
        firmware.publish(shared, version, {"thermometer": "push"}, objects={"thermometer": "software"})
        crowd.start(shared, version, [sim.endpoint])
        if kill:
            wait(lambda: sim.said().count('"update", "detail": "begun"') == 2)
            shared.kill()
            shared.start()
        wait(lambda: crowd.devices(shared, "slow-")[sim.endpoint]["state"] == "proven" and
             read(shared, sim.endpoint, "9/0/1") == version, 60)
        assert read(shared, sim.endpoint, "9/0/12") is True


def test_an_image_may_only_be_brought_and_run_later(shared, make_sim):
    """The device has it and goes on with what it runs; an operator agrees before anything is sent."""
    sim = make_sim(shared, "later-", "--profile", "humidity", *QUICK, seed=5)
    name = sim.endpoint
    crowd.wait_until_known(shared, "later-", 1)
    firmware.publish(shared, "6.0.0", {"humidity": "push"})
    crowd.start(shared, "6.0.0", [name], confirm=True, download_only=True)
    wait(lambda: crowd.devices(shared, "later-")[name]["state"] == "unconfirmed")
    assert read(shared, name, "5/0/3") == 0
    shared.rest("POST", f"/devices/{name}/confirm", want=200)
    wait(lambda: crowd.devices(shared, "later-")[name]["state"] == "downloaded", 30)
    assert read(shared, name, "5/0/3") == 2 and read(shared, name, "3/0/3") == "1.0.0"
    crowd.start(shared, "6.0.0", [name])
    wait(lambda: crowd.devices(shared, "later-")[name]["state"] == "proven", 60)
    assert read(shared, name, "3/0/3") == "6.0.0"


def test_linked_components_stand_and_fall_together(shared, make_sim):
    """By hand: an image for each, and one order. The seed lets some of them fail."""
    sim = make_sim(shared, "linked-", "--profile", "light", "--firmware-object", "advanced", "--linked",
                   "--firmware-fail", "40", *QUICK, devices=16, seed=11)
    crowd.wait_until_known(shared, "linked-", 16)
    octets, ordered, seen = {"Content-Type": "application/octet-stream"}, [], set()
    for endpoint in crowd.devices(shared, "linked-"):
        path = f"/devices/{endpoint}/lwm2m/33629"
        given = [shared.rest("PUT", f"{path}/{i}/0", b"mp-sim 2.5.0\n" + bytes(3000), headers=octets)[0]
                 for i in (0, 1)]
        if given == [200, 200]:
            shared.rest("POST", f"{path}/0/2", want=200)
            ordered.append(endpoint)

    def results(endpoint):
        """Once it has ended, of both: what came of it, and the version."""
        status, answer = shared.rest("GET", f"/devices/{endpoint}/lwm2m/33629")
        found = values(answer) if status == 200 else {}  # it is restarting
        both = [tuple(found.get(f"/33629/{i}/{resource}") for resource in (3, 5, 15)) for i in (0, 1)]
        return both if all(state == 0 and result for state, result, _ in both) else None
    for endpoint in ordered:
        both = wait(lambda: results(endpoint), 30)
        outcome = tuple(result for _, result, _ in both)
        assert outcome in ((1, 1), (8, 12), (12, 8), (8, 8))
        assert {version for _, _, version in both} == ({"2.5.0"} if outcome == (1, 1) else {"1.0.0"})
        seen.add(outcome)
    assert (1, 1) in seen and len(seen) > 1
    assert sim.process.poll() is None
