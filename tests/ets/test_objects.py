# SPDX-License-Identifier: Apache-2.0
"""Objects that our simulated device does not have, through the server: a scripted device has them."""
import pytest

from device import EXECUTABLE, VALUES, code, wait
from sim import values

EXECUTABLE.add((1, 0, 9))
#        object   name, a resource to read by name and what it is, one to write and a value
OBJECTS = {
    4: ("Connectivity Monitoring", "Radio Signal Strength", 2, -71, None),
    6: ("Location", "Latitude", 0, 47.5, None),
    7: ("Connectivity Statistics", "Tx Data", 2, 17, (5, 60)),
    10: (None, None, 0, "sms", (0, "tel")),
    11: ("LwM2M APN Connection Profile", "Profile name", 0, "home", (0, "work")),
    16: ("Portfolio", None, None, None, None),
}
BASE = "/devices/many-1/lwm2m"


@pytest.fixture(scope="module")
def device(shared):
    some = {(16, 0, 0, 0): "host", (16, 0, 0, 1): "maker", (7, 0, 5): 0}
    some |= {(o, 0, known[2]): known[3] for o, known in OBJECTS.items() if known[2] is not None}
    return shared.device("many-1", values=VALUES | some).registered()


@pytest.mark.parametrize("number", OBJECTS)
def test_ets_701_801_901_1200_1250_1600_1201_query_the_readable_resources(shared, device, number):
    name, resource, ident, value, _ = OBJECTS[number]
    whole = shared.rest("GET", f"{BASE}/{number}", want=200)
    assert set(values(whole)) == {"/" + "/".join(map(str, path)) for path in device.below((number,))}
    if name:
        assert {v["object"] for v in whole["values"]} == {name}
    if resource:
        path = f"{BASE}/{name}/0/{resource}".replace(" ", "%20")
        assert values(shared.rest("GET", path, want=200)) == {f"/{number}/0/{ident}": value}


@pytest.mark.parametrize("number", [n for n, known in OBJECTS.items() if known[4]])
def test_ets_705_805_905_1201_1605_set_the_writable_resources(shared, device, number):
    resource, value = OBJECTS[number][4]
    shared.rest("PUT", f"{BASE}/{number}/0/{resource}", {"value": value}, want=200)
    assert device.values[number, 0, resource] == value


def test_ets_271_1605_several_instances_of_a_resource_are_written_at_once(shared, device):
    shared.rest("PATCH", f"{BASE}/16/0", {"values": {"0/0": "other", "0/2": "third"}}, want=200)
    assert [device.values[16, 0, 0, n] for n in range(3)] == ["other", "maker", "third"]


@pytest.mark.parametrize("number", OBJECTS)
def test_ets_710_711_810_811_910_911_1210_1610_1611_observe(shared, device, listen, number):
    stream = listen("kinds=notification&device=many-1")
    shared.rest("POST", f"{BASE}/{number}/0/observe", want=200)
    path, old = next(iter(device.below((number, 0)).items()))
    new = "changed" if isinstance(old, str) else old + 1
    device.change(path, new)
    assert values(stream.next()[1])["/" + "/".join(map(str, path))] == new
    shared.rest("DELETE", f"{BASE}/{number}/0/observe?active=yes", want=200)


@pytest.mark.parametrize("refusal", ["4.05", "4.01"])
def test_ets_720_730_735_820_830_835_920_930_935_1230_1620_refusals_are_told(shared, device, refusal):
    device.refuse = refusal
    try:
        for number in OBJECTS:
            for method, path, body in (("POST", "", {"instance": 1, "values": {}}), ("DELETE", "/0", None)):
                answer = shared.rest(method, f"{BASE}/{number}{path}", body, want=422)
                assert answer["code"] == refusal and "told so" in answer["error"]
    finally:
        device.refuse = None


def test_ets_5_server_initiated_bootstrap_is_triggered(shared, device):
    shared.rest("POST", f"{BASE}/1/0/9", want=200)
    wait(lambda: ((1, 0, 9), "") in device.executed)


def test_ets_950_951_two_servers_of_one_device_know_nothing_of_each_other(shared, make_server):
    other = make_server()
    one, two = (server.device("both-1").registered() for server in (shared, other))
    shared.rest("PUT", "/devices/both-1/lwm2m/3/0/9/attributes", {"pmin": 7}, want=200)
    assert one.attributes[3, 0, 9] == {"pmin": "7"} and not two.attributes
    assert one.deregister().code == code("2.02")
    assert other.rest("GET", "/devices/both-1/lwm2m", want=200)["endpoint"] == "both-1"
