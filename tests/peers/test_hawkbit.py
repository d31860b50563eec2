# SPDX-License-Identifier: Apache-2.0
"""The agent and a stock Eclipse hawkBit: the release's files are artifacts of a software module, and that is all.

Set MP_PEER_HAWKBIT to the base URL of one that may be written to (its tenant DEFAULT gets targets and distribution
sets, and its polling time and target tokens are set for the time of the test). MP_PEER_HAWKBIT_USER and
MP_PEER_HAWKBIT_PASSWORD_FILE: admin, admin when not set. MP_PEER_HAWKBIT_CA: the authority (PEM) of one with https.
"""
import contextlib
import datetime
import json
import signal
import socket
import time
import urllib.request

import pytest

from device import BUILD
from hawkbit import CONFIRMATION
from releases import Release, sha256
from test_our_server import Fleet


class Signer(Fleet):
    """Our server where no device reaches it: it signs."""

    def signed(self, name):
        request = urllib.request.Request(f"{self.url}/api/v1/tuf/{name}",
                                         headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, context=self.tls, timeout=20) as answer:
            return answer.read()

    def metadata(self):
        """What of its TUF repository a device needs: the root, and from the timestamp downwards."""
        files = {name: self.signed(name) for name in ("1.root.json", "timestamp.json")}
        above = files["timestamp.json"]
        for role in ("snapshot", "targets"):
            name = f"{json.loads(above)['signed']['meta'][role + '.json']['version']}.{role}.json"
            above = files[name] = self.signed(name)
        return files


@pytest.fixture
def fleet(folder, hawkbit):
    for name in ("mp", "mp-server"):
        if not (BUILD / name).exists():
            pytest.skip(f"{BUILD}/{name} is not built (MP_BUILD is the meson build folder)")
    fleet = Signer(folder)
    yield fleet
    fleet.close()


@pytest.fixture
def device(make_device, patience):
    device = make_device(proof=60 + patience)
    device.start()
    return device


def hold(device, folder):
    """A hook that fails until it is let go."""
    device.hook(folder, "10-hold", f"test -e {device.root}/go-{folder} || {{ echo held by the test; exit 1; }}")
    return lambda: device.write(f"go-{folder}", "")


def updated(device, action, version, patience):
    """From wherever it is to the end of a good update."""
    assert device.wait_reboot(patience) == version
    action.wait("finished", patience)


def test_an_update_is_finished_only_after_the_proof(device, hawkbit, repository, patience):
    prove = hold(device, "health.d")
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    device.wait(lambda: device.process.poll() is not None, patience)
    assert action.active and action.status != "finished"
    assert any(m.startswith("downloading") for m in action.messages()), action.messages()
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: "held by the test" in device.status().get("doubt", ""), patience)
    device.wait(lambda: "proving" in action.messages(), patience)
    assert action.active and action.status != "finished"
    prove()
    action.wait("finished", patience)
    assert "proven" in action.messages() and not action.active
    assert device.entries() == ["mp_1.0.0.efi", "mp_1.1.0.efi"]
    target = hawkbit.call("GET", f"/targets/{device.id}")
    assert target["updateStatus"] == "in_sync", target


def test_the_facts_about_the_device_are_the_targets_attributes(device, hawkbit, first, patience):
    facts = device.wait(lambda: hawkbit.call("GET", f"/targets/{device.id}/attributes"), patience)
    assert facts["release"] == "1.0.0" and facts["product"] == "demo" and facts["root_hash"] == first.root_hash
    assert not hawkbit.call("GET", f"/targets/{device.id}")["requestAttributes"]


def test_the_release_among_the_attributes_follows_an_update(device, hawkbit, repository, patience):
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    updated(device, action, "1.1.0", patience)
    device.wait(lambda: hawkbit.call("GET", f"/targets/{device.id}/attributes")["release"] == "1.1.0", patience)


def test_files_in_several_modules_are_one_release(device, hawkbit, repository, patience):
    files = repository.publish(Release("1.1.0"))
    metadata = {name: data for name, data in files.items() if name.endswith(".json")}
    rest = {name: data for name, data in files.items() if name not in metadata}
    action = hawkbit.assign(hawkbit.distribution("1.1.0", metadata, rest), device.id)
    updated(device, action, "1.1.0", patience)


def test_a_tampered_artifact_is_an_error_with_our_reason_and_a_good_one_installs(device, hawkbit, repository, patience):
    files = repository.publish(Release("1.1.0"))
    payload = next(name for name in files if name.endswith(".payload"))
    data = files[payload]
    spoilt = files | {payload: data[:2000000] + bytes([data[2000000] ^ 1]) + data[2000001:]}
    action = hawkbit.assign(hawkbit.distribution("1.1.0", spoilt), device.id)
    action.wait("error", patience)
    reason = device.status()["reason"]
    assert reason and reason in action.messages(), (reason, action.messages())
    assert device.entries() == ["mp_1.0.0.efi"]
    action = hawkbit.assign(hawkbit.distribution("1.1.0", files), device.id)
    updated(device, action, "1.1.0", patience)


def test_metadata_of_another_key_is_an_error(device, hawkbit, repository, patience):
    files = repository.publish(Release("1.1.0"), forged=True)
    action = hawkbit.assign(hawkbit.distribution("1.1.0", files), device.id)
    action.wait("error", patience)
    assert any("targets" in m for m in action.messages()), action.messages()


def test_a_stale_timestamp_is_an_error_and_a_fresh_one_cures_it(device, hawkbit, repository, patience):
    repository.days = -1
    files = repository.publish(Release("1.1.0"))
    action = hawkbit.assign(hawkbit.distribution("1.1.0", files), device.id)
    action.wait("error", patience)
    assert any("expired" in m for m in action.messages()), action.messages()
    repository.days = 30
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish()), device.id)
    updated(device, action, "1.1.0", patience)


def test_fresh_metadata_can_be_put_into_a_set_that_is_assigned(make_device, hawkbit, repository, patience):
    device = make_device(proof=60 + patience)
    repository.days = -1
    stale = repository.publish(Release("1.1.0"))
    action = hawkbit.assign(hawkbit.distribution("1.1.0", stale), device.id)
    repository.days = 30
    fresh = repository.publish()
    hawkbit.replace(hawkbit.modules[-1], {n: d for n, d in fresh.items() if n not in stale or n == "timestamp.json"})
    device.start()
    updated(device, action, "1.1.0", patience)


def test_metadata_that_our_server_signed_serves_as_well(make_device, hawkbit, fleet, patience):
    device = make_device(repository=fleet.repository, proof=60 + patience)
    device.start()
    release = Release("1.1.0")
    fleet.publish(release)
    files = {f"{sha256(data)}.{name}": data for name, data in release.targets.items()}
    action = hawkbit.assign(hawkbit.distribution("1.1.0", files | fleet.metadata()), device.id)
    updated(device, action, "1.1.0", patience)


def test_a_health_check_that_fails_is_an_error_after_the_fall_back(make_device, hawkbit, repository, patience):
    device = make_device(proof=5)
    hold(device, "health.d")
    device.start()
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    assert device.wait_reboot(patience) == "1.1.0"
    assert device.wait_reboot() == "1.0.0"
    action.wait("error", patience)
    assert any("rolled back to 1.0.0" in m and "held by the test" in m for m in action.messages()), action.messages()
    assert hawkbit.call("GET", f"/targets/{device.id}")["updateStatus"] == "error"


def test_a_cancelled_update_stops_and_the_same_set_can_be_assigned_again(device, hawkbit, repository, patience):
    go = hold(device, "preflight.d")
    distribution = hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0")))
    action = hawkbit.assign(distribution, device.id)
    device.wait(lambda: any("held by the test" in m for m in action.messages()), patience)
    action.cancel()
    action.wait("canceled", patience)
    device.wait_state("idle", patience)
    assert device.entries() == ["mp_1.0.0.efi"]
    go()
    updated(device, hawkbit.assign(distribution, device.id), "1.1.0", patience)


def test_a_cancellation_that_comes_too_late_is_rejected(device, hawkbit, repository, patience):
    prove = hold(device, "health.d")
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    assert device.wait_reboot(patience) == "1.1.0"
    action.cancel()
    device.wait(lambda: any("it is installed already" in m for m in action.messages()), patience)
    prove()
    action.wait("finished", patience)


def test_a_newer_assignment_takes_the_place_of_a_running_one(device, hawkbit, repository, patience):
    go = hold(device, "preflight.d")
    older = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    device.wait(lambda: any("held by the test" in m for m in older.messages()), patience)
    newer = hawkbit.assign(hawkbit.distribution("1.2.0", repository.publish(Release("1.2.0"))), device.id)
    older.wait("canceled", patience)
    go()
    updated(device, newer, "1.2.0", patience)
    assert device.entries() == ["mp_1.0.0.efi", "mp_1.2.0.efi"]


def test_an_action_that_is_forced_to_quit_harms_nothing(device, hawkbit, repository, patience):
    go = hold(device, "preflight.d")
    action = hawkbit.assign(hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0"))), device.id)
    device.wait(lambda: any("held by the test" in m for m in action.messages()), patience)
    action.cancel()
    action.cancel(force=True)
    go()
    action = hawkbit.assign(hawkbit.distribution("1.2.0", repository.publish(Release("1.2.0"))), device.id)
    while device.wait_reboot(patience) != "1.2.0":
        pass
    action.wait("finished", patience)


def test_an_agent_killed_during_the_download_goes_on(device, hawkbit, repository, patience):
    files = repository.publish(Release("1.1.0", size=7 << 20))
    action = hawkbit.assign(hawkbit.distribution("1.1.0", files), device.id)
    device.wait(lambda: device.status().get("state") == "downloading", patience)
    for n in range(4):
        time.sleep(0.1 + 0.1 * n)
        if device.process.poll() is None:
            device.stop(signal.SIGKILL)
            device.boot()
            device.start()
    if device.status().get("release") != "1.1.0":
        device.wait(lambda: device.process.poll() is not None or device.status().get("release") == "1.1.0", patience)
    if device.process.poll() is not None:
        assert device.wait_reboot() == "1.1.0"
    action.wait("finished", patience)


def test_a_maintenance_window_is_waited_for(device, hawkbit, repository, patience):
    distribution = hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0")))
    begin = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    begin += datetime.timedelta(seconds=15 + hawkbit.poll_seconds)
    action = hawkbit.assign(distribution, device.id, maintenanceWindow={
        "schedule": begin.strftime("%-S %-M %-H %-d %-m ? %Y"), "duration": "00:30:00", "timezone": "+00:00"})
    device.wait(lambda: device.process.poll() is not None, patience + 15 + hawkbit.poll_seconds)
    assert datetime.datetime.now(datetime.timezone.utc) >= begin
    updated(device, action, "1.1.0", patience)


@pytest.fixture
def confirmations(hawkbit):
    hawkbit.setting(CONFIRMATION, True)
    yield
    hawkbit.restore(CONFIRMATION)


def test_a_confirmation_is_waited_for(confirmations, device, hawkbit, repository, patience):
    distribution = hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0")))
    action = hawkbit.assign(distribution, device.id, confirmationRequired=True)
    action.wait("wait_for_confirmation", patience)
    time.sleep(3 * hawkbit.poll_seconds)
    assert device.status()["state"] == "idle"
    action.confirm()
    updated(device, action, "1.1.0", patience)


def test_a_soft_action_is_installed(device, hawkbit, repository, patience):
    distribution = hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0")))
    updated(device, hawkbit.assign(distribution, device.id, type="soft"), "1.1.0", patience)


def test_a_download_only_action_is_not_installed(device, hawkbit, repository, patience):
    distribution = hawkbit.distribution("1.1.0", repository.publish(Release("1.1.0")))
    action = hawkbit.assign(distribution, device.id, type="downloadonly")
    device.wait(lambda: any("Target retrieved" in m for m in action.messages()), patience)
    time.sleep(3 * hawkbit.poll_seconds)
    assert device.status()["state"] == "idle" and action.active


def test_a_wrong_token_is_told_in_a_sentence(make_device, patience):
    device = make_device(token="0" * 32)
    device.start()
    device.wait(lambda: "the server does not let this device in (401)" in device.said(), patience)


def test_many_listeners_do_not_cost_all_attributes(make_device, hawkbit, patience):
    """hawkBit takes values of at most 128 characters, and refuses all when one is longer."""
    device = make_device()
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(socket.create_server(("", 0)))
        device.start()
        facts = device.wait(lambda: hawkbit.call("GET", f"/targets/{device.id}/attributes"), patience)
    assert int(facts["listeners"]) >= 12 and len(facts["listeners_routed"]) > 100, facts
