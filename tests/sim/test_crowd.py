# SPDX-License-Identifier: Apache-2.0
"""Many devices: whom the server asks first, and a campaign over DTLS with a key for each."""
import subprocess

import pytest

import crowd
import firmware
import fleet
from device import wait
from ports import free_port

SILENT = 1500


def test_a_device_does_not_wait_for_a_crowd_that_never_answers(make_server, make_sim):
    """Those registered and went; at 20 questions a second it takes more than a minute to ask them all."""
    server = make_server("--interviews", "20")
    subprocess.run([fleet.BUILD / "mp-sim", "load", "register", "--server", f"coap://127.0.0.1:{server.coap_port}",
                    "--endpoints", str(SILENT)], check=True, capture_output=True)
    wait(lambda: server.rest("GET", "/devices?limit=1", want=200)["total"] == SILENT)
    for how in ("fresh", "after a restart"):
        name = how.replace(" ", "-") + "-"
        make_sim(server, name, "--profile", "light")
        crowd.wait_until_known(server, name, 1, 15)
        server.kill()
        server.start()


def test_a_campaign_over_dtls_explains_each_of_200_devices(shared, make_sim):
    sim = make_sim(shared, "dtls-", "--profile", "humidity", "--firmware-seconds", "1", "--firmware-fail", "10",
                   "--time-scale", "2", devices=200, secure=True)
    crowd.wait_until_known(shared, "dtls-", 200, 60)
    firmware.publish(shared, "6.0.0", {"humidity": "push"}, size=5000)
    crowd.start(shared, "6.0.0", sorted(crowd.devices(shared, "dtls-")))
    crowd.wait_until_ended(shared, ["dtls-"], 200)
    found = crowd.devices(shared, "dtls-")
    proven = [e for e, d in found.items() if d["state"] == "proven"]
    failed = {e: d["reason"] for e, d in found.items() if d["state"] != "proven"}
    assert len(proven) + len(failed) == 200 and 150 < len(proven) < 200
    assert all("(result " in reason for reason in failed.values()), failed
    registered = shared.rest("GET", f"/devices/{sim.endpoint}/lwm2m", want=200)
    assert registered["secure"] and shared.rest("GET", "/credentials?limit=1", want=200)["total"] >= 200
    running = [line for line in sim.said().splitlines() if '"event": "update", "detail": "6.0.0"' in line]
    assert len(running) == len(proven)


@pytest.mark.parametrize("secure", [False, True])
def test_a_crowd_over_tcp_comes_back_after_a_kill_of_the_server(make_server, make_sim, secure):  # noqa: F811
    port = free_port()
    server = make_server("--coaps-tcp-port" if secure else "--coap-tcp-port", str(port))
    make_sim(server, "tcp-", "--time-scale", "10", secure=secure, devices=100, tcp_port=port)

    def awake():
        found = server.rest("GET", "/lwm2m?q=tcp-&limit=500", want=200)["items"]
        return sum(1 for r in found if not r["sleeping"] and r["secure"] == secure)
    wait(lambda: awake() == 100, 60)
    server.kill()
    server.start()
    wait(lambda: awake() == 100, 120)
    answer = server.rest("GET", "/devices/tcp-042/lwm2m/3/0/0", want=200)
    assert answer["values"][0]["value"] == "microPlatform"


def test_a_crowd_of_one_kind_tells_its_list_once_and_then_its_profile_id(shared, make_sim):
    make_sim(shared, "pid-", "--profile", "light", "--version", "1.2", "--profile-id", devices=20)

    def registered():
        return shared.rest("GET", "/lwm2m?q=pid-", want=200)["items"]
    wait(lambda: len(registered()) == 20, 30)
    assert len({r["profile"] for r in registered()}) == 1 and registered()[0]["profile"].startswith("5:")
    whole = shared.rest("GET", "/devices/" + registered()[-1]["endpoint"] + "/lwm2m", want=200)
    assert 3 in {o["id"] for o in whole["objects"]}
