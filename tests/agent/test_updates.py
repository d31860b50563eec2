# SPDX-License-Identifier: Apache-2.0
"""Updates of one device, from the offer to what the server is told."""
import json
import os
import signal
import threading
import time

from releases import Release


def test_an_update_is_installed_proven_and_only_then_reported(device, server, repository, second):
    device.wait_state("idle")
    server.offer("1001", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    assert server.closed("1001") is None
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001") == ("success", "proven")
    assert device.entries() == ["mp_1.0.0.efi", "mp_1.1.0.efi"]
    details = server.details("1001")
    assert any(d.startswith("downloading") for d in details) and "rebooting" in details, details


def test_a_second_update_goes_back_into_the_first_slot(device, server, repository, second):
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait_reboot()
    device.wait(lambda: server.closed("1001"))
    server.offer("1002", "1.2.0", repository.publish(Release("1.2.0")))
    assert device.wait_reboot() == "1.2.0"
    device.wait(lambda: server.closed("1002"))
    assert server.closed("1002")[0] == "success"
    assert device.entries() == ["mp_1.1.0.efi", "mp_1.2.0.efi"]


def test_the_facts_about_the_device_reach_the_server(device, server, first):
    device.wait(lambda: server.attributes)
    facts = server.attributes
    assert facts["product"] == "demo" and facts["release"] == "1.0.0" and facts["slot"] == "a"
    assert facts["root_hash"] == first.root_hash and facts["board"] == "qemu-x86_64"
    assert 0 < int(facts["agent_idle_rss_kb"]) < 8192, facts
    assert server.device.startswith("demo-") and len(server.device) == len("demo-") + 12


def test_what_install_and_fetch_took_in_memory_is_reported(device, server, repository, second):
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait_reboot()
    device.wait(lambda: "install_peak_rss_kb" in server.attributes)
    assert 1000 < int(server.attributes["install_peak_rss_kb"]) < 32 * 1024, server.attributes


def test_a_health_check_that_fails_brings_the_old_release_back(make_device, server, repository, second):
    device = make_device(proof=12)
    device.hook("health.d", "10-sensor", 'grep -q mp.release=1.0.0 "$(dirname $0)/../../../../proc/cmdline" || '
                '{ echo looking; echo "no sensor on the bus" >&2; exit 1; }')
    device.start()
    server.offer("1001", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    assert device.wait_reboot() == "1.0.0"
    device.wait(lambda: server.closed("1001"))
    finished, why = server.closed("1001")
    assert finished == "failure"
    assert "rolled back to 1.0.0" in why and "no sensor on the bus" in why and "within 12 s" in why, why
    assert device.status()["state"] == "rolled_back"


def test_a_release_whose_kernel_panics_is_reported_by_the_one_before(device, server, repository, second):
    server.offer("1001", "1.1.0", repository.publish(second))
    os.makedirs(device.root / "sys/fs/pstore")
    device.wait(lambda: device.process.poll() is not None)  # it waits for its reboot
    device.write("sys/fs/pstore/dmesg-efi-1", "<4>[    1.2] x\nKernel panic - not syncing: no init\n")
    assert device.wait_reboot(panic=["1.1.0"]) == "1.0.0"
    device.wait(lambda: server.closed("1001"))
    finished, why = server.closed("1001")
    assert finished == "failure" and "did not come up" in why and "no init" in why, why
    assert not os.listdir(device.root / "sys/fs/pstore")  # read once, they go


def test_a_payload_with_one_flipped_bit_is_refused(device, server, repository, second):
    def flip(data):
        return data[:2000000] + bytes([data[2000000] ^ 1]) + data[2000001:]
    server.spoil = (".payload", flip)
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "failure" and server.closed("1001")[1], server.closed("1001")
    assert device.status()["state"] == "failed"
    assert device.entries() == ["mp_1.0.0.efi"]


def test_metadata_signed_by_a_wrong_key_is_refused(device, server, repository, second):
    server.offer("1001", "1.1.0", repository.publish(second, forged=True))
    device.wait(lambda: server.closed("1001"))
    finished, why = server.closed("1001")
    assert finished == "failure" and "targets" in why, why
    assert not any(path.endswith(".payload") for path in server.asked)


def test_the_same_action_is_not_tried_twice_and_another_one_is(device, server, repository, second):
    bad = repository.publish(second, forged=True)
    server.offer("1001", "1.1.0", bad)
    device.wait(lambda: server.closed("1001"))
    server.feedback.clear()
    asked = len(server.asked)
    server.offer("1001", "1.1.0", bad)
    device.wait(lambda: server.closed("1001"))
    assert not any("/files/" in path for path in server.asked[asked:])
    server.offer("1002", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: server.closed("1002"))
    assert server.closed("1002")[0] == "success"


def test_software_of_another_product_is_refused(device, server, repository):
    server.offer("1001", "1.1.0", repository.publish(Release("1.1.0", product="other")))
    device.wait(lambda: server.closed("1001"))
    finished, why = server.closed("1001")
    assert finished == "failure" and "'other'" in why and "'demo'" in why, why


def test_a_version_that_goes_down_is_refused(device, server, repository):
    server.offer("1001", "0.9.0", repository.publish(Release("0.9.0")))
    device.wait(lambda: server.closed("1001"))
    finished, why = server.closed("1001")
    assert finished == "failure" and "older" in why, why


def test_a_minimum_version_is_respected(device, server, repository):
    server.offer("1001", "1.2.0", repository.publish(Release("1.2.0", minimum_version="1.1.0")))
    device.wait(lambda: server.closed("1001"))
    assert "1.1.0 or later" in server.closed("1001")[1], server.closed("1001")


def test_the_release_that_runs_is_a_success_at_once(device, server, repository, first):
    device.wait_state("idle")
    server.offer("1001", "1.0.0", repository.publish(first))
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"
    assert not any("/files/" in path for path in server.asked)


def test_a_connection_that_is_cut_goes_on_where_it_was(device, server, repository, second):
    server.cut_after = 2 << 20
    server.offer("1001", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"
    starts = [int(h["Range"].split("=")[1].split("-")[0]) for p, h in zip(server.asked, server.headers)
              if p.endswith(".payload") and "Range" in h]
    assert max(starts) >= 1 << 20, starts
    assert 'job="install" reason="' in device.said()


def test_a_server_without_ranges_will_do(device, server, repository, second):
    server.ranges = False
    server.offer("1001", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: server.closed("1001"))


def test_an_agent_killed_during_the_installation_resumes(make_device, server, repository):
    device = make_device()
    release = Release("1.1.0", size=8 << 20)
    server.offer("1001", "1.1.0", repository.publish(release))
    for n in range(6):
        device.start()
        time.sleep(0.15 + 0.1 * n)
        device.stop(signal.SIGKILL)
        device.boot()
    device.start()
    version = device.status().get("release")
    if version != "1.1.0":
        device.wait(lambda: device.process.poll() is not None or device.status().get("release") == "1.1.0")
        if device.process.poll() is not None:
            assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"


def test_a_cancellation_during_the_download_is_accepted(device, server, repository):
    answered = threading.Event()

    def hold(data):
        server.cancel("1001")
        answered.wait(60)
        return data
    server.spoil = (".payload", hold)
    server.offer("1001", "1.1.0", repository.publish(Release("1.1.0")))
    device.wait(lambda: server.closed("cancel 1001"))
    answered.set()
    assert server.closed("cancel 1001")[0] == "success"
    device.wait_state("idle")
    assert device.entries() == ["mp_1.0.0.efi"]


def test_a_cancellation_during_the_proof_is_rejected(make_device, server, repository, second):
    device = make_device(proof=30)
    device.hook("health.d", "10-slow", "test -e %s/go || exit 1" % device.root)
    device.start()
    server.offer("1001", "1.1.0", repository.publish(second))
    assert device.wait_reboot() == "1.1.0"
    server.cancel("1001")
    device.wait(lambda: any(a == "cancel 1001" for a, _ in server.feedback))
    assert [s["execution"] for a, s in server.feedback if a == "cancel 1001"] == ["rejected"]
    device.write("go", "")
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"


def test_a_preflight_hook_delays_an_update_with_its_reason(make_device, server, repository, second):
    device = make_device()
    device.hook("preflight.d", "10-battery", f"test -e {device.root}/charged || {{ echo battery at 9 %; exit 1; }}")
    device.start()
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait(lambda: any("battery at 9 %" in d for d in server.details("1001")))
    assert not any("/files/" in path for path in server.asked)
    device.write("charged", "")
    assert device.wait_reboot() == "1.1.0"


def test_a_closed_maintenance_window_is_waited_for(device, server, repository, second):
    server.offer("1001", "1.1.0", repository.publish(second), update="skip", maintenanceWindow="unavailable")
    polls = server.polls
    device.wait(lambda: server.polls > polls + 2)
    assert not any("/files/" in path for path in server.asked)
    server.actions[0]["more"] = {"maintenanceWindow": "available"}
    assert device.wait_reboot() == "1.1.0"


def test_a_server_that_was_down_for_the_whole_boot_gets_its_answer(make_device, server, repository, second):
    device = make_device(grace=2)
    device.start()
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait(lambda: device.process.poll() is not None)
    server.down = True
    assert device.wait_reboot() == "1.1.0"
    device.wait_state("proven")
    device.stop(signal.SIGKILL)  # what is owed survives
    device.start()
    time.sleep(1)
    assert server.closed("1001") is None
    server.down = False
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"


def test_without_grace_a_server_that_is_down_brings_the_old_release_back(make_device, server, repository, second):
    device = make_device(proof=12)
    device.start()
    server.offer("1001", "1.1.0", repository.publish(second))
    device.wait(lambda: device.process.poll() is not None)
    server.down = True
    assert device.wait_reboot() == "1.1.0"
    assert device.wait_reboot() == "1.0.0"
    server.down = False
    device.wait(lambda: server.closed("1001"))
    assert "the server was not reached" in server.closed("1001")[1], server.closed("1001")


def test_a_factory_image_proves_itself(make_device, server):
    device = make_device(trial=True)
    assert device.entries() == ["mp_1.0.0+2-1.efi"]
    device.start()
    device.wait(lambda: device.entries() == ["mp_1.0.0.efi"])
    device.wait_state("proven")


def test_a_factory_image_in_doubt_stays_since_there_is_no_other(make_device, server):
    device = make_device(trial=True, proof=2)
    server.down = True
    device.start()
    time.sleep(5)
    assert device.process.poll() is None and device.entries() == ["mp_1.0.0+2-1.efi"], device.said()
    server.down = False
    device.wait(lambda: device.entries() == ["mp_1.0.0.efi"])


def test_a_release_that_only_differs_in_its_manifest_shares_the_slot(device, server, repository, first):
    server.offer("1001", "1.1.0", repository.publish(Release("1.1.0", root=first.root)))
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: server.closed("1001"))
    assert server.closed("1001")[0] == "success"
    assert json.loads(json.dumps(device.status()))["slot"] == "a"
