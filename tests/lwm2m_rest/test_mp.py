# SPDX-License-Identifier: Apache-2.0
"""mp lwm2m against a server and a device."""
import json
import os
import signal
import subprocess
import threading

import pytest

import fleet
from device import code, wait


@pytest.fixture
def mp(server, tmp_path):
    def run(*args, want=0, **kwargs):
        done = subprocess.run([fleet.BUILD / "mp", "-C", server.product, "lwm2m", *args, "--server",
                               f"https://127.0.0.1:{server.port}"], capture_output=True, text=True, timeout=60, **kwargs)
        assert done.returncode == want, done.stderr
        return done.stdout if want == 0 else done.stderr
    return run


@pytest.fixture
def device(server):
    return server.device("dev-1").registered()


def test_values_are_shown_with_names_and_units(mp, device):
    assert "dev-1" in mp("ls") and "awake" in mp("ls", "--search", "dev")
    line = mp("read", "dev-1", "Device/battery-level").splitlines()[1]
    assert line.split() == ["Device/Battery", "Level", "/3/0/9", "87", "%"]
    tree = mp("tree", "dev-1")
    assert "Temperature/Sensor Value" in tree and "20.1" in tree and "Maker" in tree
    assert json.loads(mp("read", "dev-1", "/3/0/9", "--json"))["values"][0]["value"] == 87


def test_a_profile_id_stands_for_the_list_and_is_shown(server, mp):
    first, second = (server.device(name, version="1.2") for name in ("dev-1", "dev-2"))
    assert second.register("pid=6:1234abcd", has_links=False).code == code("4.09")
    assert first.register("pid=6:1234abcd").code == code("2.01")
    assert second.register("pid=6:1234abcd", has_links=False).code == code("2.01")
    lines = mp("ls").splitlines()
    assert lines[0].endswith("PROFILE") and all(line.endswith("6:1234abcd") for line in lines[1:]), lines
    whole = server.rest("GET", "/devices/dev-2/lwm2m", want=200)
    assert whole["profile"] == "6:1234abcd" and {o["id"] for o in whole["objects"]} >= {3, 3303}
    assert mp("read", "dev-2", "3/0/9")


def test_writing_and_executing(mp, device):
    mp("write", "dev-1", "3/0/15", "Europe/Oslo")
    mp("write", "dev-1", "/1/0/1", "99")
    assert device.values[3, 0, 15] == "Europe/Oslo" and device.values[1, 0, 1] == 99
    mp("exec", "dev-1", "Device/Reboot")
    mp("exec", "dev-1", "3/0/12", "0='x'")
    assert device.executed == [((3, 0, 4), ""), ((3, 0, 12), "0='x'")]
    assert "4.05" in mp("write", "dev-1", "3/0/0", "x", want=1)
    assert "integer" in mp("write", "dev-1", "/1/0/1", "many", want=1)
    assert "not registered" in mp("read", "nobody", "3", want=1)


def test_observing_goes_on_until_ctrl_c(server, mp, device):
    process = subprocess.Popen([fleet.BUILD / "mp", "-C", server.product, "lwm2m", "observe", "dev-1", "3/0/9", "--server",
                                f"https://127.0.0.1:{server.port}"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().split()[1:] == ["Device/Battery", "Level", "/3/0/9", "87", "%"]
    beating = threading.Event()

    def change():
        level = 86
        while not beating.wait(0.1):
            device.change((3, 0, 9), level)
            level -= 1
    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert "/3/0/9" in process.stdout.readline()
    finally:
        beating.set()
        thread.join()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    mp("unobserve", "dev-1", "3/0/9")
    assert "no such observation" in mp("unobserve", "dev-1", "3/0/9", want=1)


def test_a_key_is_made_and_lies_in_a_file_for_its_owner_alone(server, mp):
    mp("psk", "add", "meter-1", "--identity", "m1")
    path = server.product / "meter-1.psk"
    assert os.stat(path).st_mode & 0o777 == 0o600 and len(path.read_text().strip()) == 32
    assert server.rest("GET", "/devices/meter-1/credentials", want=200)["identity"] == "m1"
    assert "already" in mp("psk", "add", "meter-1", want=1)
    assert server.device("meter-1").register().code == code("4.03")
    mp("psk", "rm", "meter-1")
    assert server.device("meter-1").register().code == code("2.01")


def test_a_key_comes_from_a_file_or_from_standard_input(server, mp, tmp_path):
    (tmp_path / "key").write_text("00112233445566778899aabbccddeeff\n")
    mp("psk", "add", "meter-2", "--key-file", tmp_path / "key")
    mp("psk", "add", "meter-3", "--key-file", "-", input="aabb")
    for bad in ("", "xx", "abc", "00" * 65):
        mp("psk", "add", "meter-4", "--key-file", "-", input=bad, want=1)
    assert server.rest("GET", "/credentials", want=200)["total"] == 2
    assert not (server.product / "meter-2.psk").exists()
