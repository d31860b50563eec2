# SPDX-License-Identifier: Apache-2.0
"""A whole machine that is updated by LwM2M alone: the demo's image, with the channel on its ESP."""
import json

import pytest

from machine import missing, wait_for

pytestmark = pytest.mark.skipif(missing("sfdisk", "mcopy") is not None,
                                reason=f"{missing('sfdisk', 'mcopy')} is not installed")


def shown(server, name, path):
    """What the device answers; None while it does not."""
    done = server.mp("lwm2m", "read", name, path, "--json", status=None)
    return json.loads(done.stdout)["values"][0]["value"] if done.returncode == 0 else None


def test_a_machine_is_updated_over_lwm2m_alone(make_machine, server):
    m = make_machine()
    m.make_disk()
    m.write_esp_file("microplatform/update-channels", "lwm2m\n")
    name = m.enroll(server, 240)
    wait_for("the device to register", 240, lambda: shown(server, name, "Device/0/3") == "1.0.0")
    server.mp("rollout", "start", "1.1.0", "--device", name)
    wait_for("the server to name the update", 240, lambda: "update named by=lwm2m" in m.console())
    wait_for("the whole update to wait for its word", 240, lambda: "state=downloaded" in m.console())
    server.wait_state(name, "proven", "1.1.0", 400)
    assert shown(server, name, "Device/0/3") == "1.1.0"
    assert (shown(server, name, "5/0/3"), shown(server, name, "5/0/5")) == (0, 1)
    wait_for("the container of 1.1.0", 60, lambda: "1.1.0" in m.page())
    said = m.console()
    assert "action=lwm2m/" in said and said.count("agent started") == 2
    assert "reporting action=" not in said, "there was feedback over DDI"
