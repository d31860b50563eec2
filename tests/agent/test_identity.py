# SPDX-License-Identifier: Apache-2.0
"""A new device becomes known to its server: key, request, certificate, and what is said when not."""
import os
import stat

import pytest

from authority import Authority, Product
from ddi import Server
from test_updates import Release


@pytest.fixture
def secure(folder):
    server = Server(Product(folder))
    yield server
    server.close()


@pytest.fixture
def new_device(make_device, secure):
    def make(token="right", authority=None):
        device = make_device(server=secure)
        device.write("usr/share/microplatform/server-ca.pem", (authority or secure.authority.server).path.read_bytes())
        if token:
            device.write("efi/microplatform/enroll-token", token + "\n")
        return device
    return make


def identity(device, name):
    return device.root / "var/lib/microplatform/identity" / name


def test_a_new_device_enrolls_and_then_shows_its_certificate(new_device, secure):
    device = new_device()
    device.start()
    device.wait(lambda: secure.polls)
    assert secure.enrolled == [secure.device] and secure.device.startswith("demo-")
    key = os.stat(identity(device, "key.pem"))
    assert stat.S_IMODE(key.st_mode) == 0o600 and key.st_uid != 0
    device.wait(lambda: not (device.root / "efi/microplatform/enroll-token").exists())
    assert not identity(device, "enroll-token").exists()
    device.stop()
    device.start()
    polls = secure.polls
    device.wait(lambda: secure.polls > polls)
    assert len(secure.enrolled) == 1


def test_an_update_over_mutual_tls(new_device, secure, repository):
    device = new_device()
    device.start()
    secure.offer("1001", "1.1.0", repository.publish(Release("1.1.0")))
    assert device.wait_reboot() == "1.1.0"
    device.wait(lambda: secure.closed("1001"))
    assert secure.closed("1001")[0] == "success"


def test_the_id_on_the_esp_is_the_devices_id(new_device, secure):
    device = new_device()
    device.write("efi/microplatform/device-id", "pump-7\n")
    device.start()
    device.wait(lambda: secure.polls)
    assert secure.device == "pump-7" and secure.enrolled == ["pump-7"]


def test_a_wrong_token_is_told_in_a_sentence_and_a_right_one_cures_it(new_device, secure):
    device = new_device(token="wrong")
    device.start()
    device.wait(lambda: "check the product's token" in device.said())
    assert "this enrollment token is not known" in device.said()
    assert not secure.polls
    device.stop()
    device.write("efi/microplatform/enroll-token", "right")
    device.start()
    device.wait(lambda: secure.polls)


def test_without_a_token_it_says_where_to_put_one(new_device):
    device = new_device(token=None)
    device.start()
    device.wait(lambda: "put the product's token into the file microplatform/enroll-token" in device.said())


def test_a_name_that_is_taken_is_told(new_device, secure):
    secure.taken = True
    device = new_device()
    device.start()
    device.wait(lambda: "remove it there" in device.said())


def test_a_server_of_another_authority_is_not_spoken_to(new_device, secure, folder):
    device = new_device(authority=Authority(folder, "other-ca"))
    device.start()
    device.wait(lambda: "not a server that we trust" in device.said())
    assert not secure.enrolled


def test_a_hawkbit_target_token_needs_no_enrollment(make_device, server):
    device = make_device()
    device.write("efi/microplatform/target-token", "0123456789abcdef0123456789abcdef\n")
    device.start()
    device.wait(lambda: server.polls)
    assert server.headers[-1]["Authorization"] == "TargetToken 0123456789abcdef0123456789abcdef"
