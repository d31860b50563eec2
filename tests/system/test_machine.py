# SPDX-License-Identifier: Apache-2.0
"""What only a machine of its own shows: tampered disks, a dead clock, a server that is away."""
import subprocess

import pytest

from machine import missing, wait_for

pytestmark = pytest.mark.skipif(missing("sfdisk", "mcopy") is not None,
                                reason=f"{missing('sfdisk', 'mcopy')} is not installed")


def refused(machine, *words):
    """It says one of these instead of starting its agent."""
    machine.start()
    wait_for(f"the machine to say {' or '.join(words)}", 60,
             lambda: any(w in machine.console() for w in words))
    assert "agent started" not in machine.console()


def test_a_tampered_boot_loader_is_refused_by_the_firmware(make_machine):
    m = make_machine()
    m.make_disk()
    m.flip_esp_file("EFI/BOOT/BOOTX64.EFI")
    refused(m, "failed to load Boot0001")
    assert "Access Denied" in m.console() or "Security Violation" in m.console()


def test_a_tampered_kernel_image_is_refused(make_machine):
    m = make_machine()
    m.make_disk()
    name = next(n for n in m.esp_names("EFI/Linux") if "mp_1.0.0" in n).split("/")[-1]
    m.flip_esp_file(f"EFI/Linux/{name}")
    refused(m, "No bootable option or device was found")  # it was tried as often as it may be
    assert "mp_1.0.0+1-2.efi: Access denied" in m.console()


def test_a_tampered_root_is_refused_by_dm_verity(make_machine):
    m = make_machine()
    m.make_disk()
    m.flip(m.partition("root-a")[0] + 1024)  # the superblock of erofs
    refused(m, "Kernel panic", "mp-init:")


def test_a_clock_at_1970_still_enrolls_and_takes_up_an_update(make_machine, server):
    m = make_machine()
    before = set(server.devices())
    m.start("-rtc", "base=1970-01-01T00:00:00")
    name = wait_for("the device to enroll", 120,
                    lambda: next(iter(set(server.devices()) - before), None))
    server.mp("rollout", "start", "1.2.0", "--device", name)
    wait_for("the device to take up the update", 60,
             lambda: server.device(name)["state"] in ("downloading", "verifying", "installed",
                                                      "rebooting", "proving"))


def test_a_power_cut_right_after_the_proof_still_boots(make_machine, proven, server):
    """The boot entry loses its counter by a rename on FAT, and the power goes the moment it is done. Docker
    had begun a container whose files were not on the disk yet."""
    m = make_machine()
    m.take_disk(proven[0])
    m.start()
    wait_for("the agent to start", 90, lambda: "agent started" in m.console())
    wait_for("the container to come up again", 150, lambda: "1.0.0" in m.page())


@pytest.mark.skipif(missing("debugfs", "e2fsck") is not None,
                    reason=f"{missing('debugfs', 'e2fsck')} is not installed")
def test_a_data_partition_that_is_nearly_full_refuses_the_update_and_runs_on(make_machine, proven, server):
    m = make_machine()
    m.take_disk(proven[0])
    m.fill_data(20 << 20)
    m.start()
    name = proven[1]
    wait_for("the container, on a nearly full disk", 150, lambda: "1.0.0" in m.page())
    rollout = server.json("rollout", "start", "1.1.0", "--device", name)["id"]
    try:
        said = wait_for("the device to say that there is no room", 120,
                        lambda: next((r for r in [server.device(name)["reason"]] if "MiB left" in r), None))
        print(said)
        assert server.device(name)["release"] == "1.0.0"
        assert "1.0.0" in m.page()
    finally:
        server.mp("rollout", "abort", rollout, status=None)


def test_a_server_that_is_away_for_the_whole_boot_costs_nothing(make_machine, server):
    m = make_machine("1.1.0")
    before = set(server.devices())
    server.stop()
    m.start()
    wait_for("the container, without a server", 150, lambda: "1.1.0" in m.page())
    server.start()
    wait_for("the device to enroll once the server is back", 90,
             lambda: set(server.devices()) - before)


def test_three_power_cuts_at_random_moments_are_survived(server):
    server.stop()  # the lab's command starts its own
    root = server.product.parents[2]
    done = subprocess.run([root / "tests/lab/powercut", "3"], text=True, timeout=1200,
                          capture_output=True, stdin=subprocess.DEVNULL)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
