# SPDX-License-Identifier: Apache-2.0
"""Device management and information reporting of single values: our server with our client over DTLS."""
import pytest

from sim import values

LAMP = "/3311/0"


# ---- reading ----

@pytest.mark.parametrize("number, path, version", [
    (201, "/3/0/0?format=TEXT", "1.1"), (203, "/3/0?format=TLV", "1.0"), (204, "/3/0?format=JSON", "1.0"),
    (211, "/3/0/9?format=CBOR", "1.1"), (231, "/3/0?format=SENML_JSON", "1.1"),
    (232, "/3/0?format=SENML_CBOR", "1.1"), (232, "/3/0?format=LWM2M_CBOR", "1.2")])
def test_ets_201_203_204_211_231_232_query_in_each_format(sim, number, path, version):
    found = sim.read(path)
    whole = sim.read("/3/0")
    assert found and found.items() <= (whole | {"/3/0/13": found.get("/3/0/13")}).items()
    assert whole["/3/0/0"] == "microPlatform" and whole["/3/0/3"] == "1.0.0" and whole["/3/0/6/0"] == 1


def test_ets_201_text_is_for_single_values(sim):
    assert sim.ask("GET", "/3/0?format=TEXT", want=422)["code"] == "4.06"
    assert sim.read("/3/0/9?format=TEXT")["/3/0/9"] in range(101)


def test_ets_222_read_object(sim):
    assert set(sim.read("/3311")) == {"/3311/0/5850", "/3311/0/5851"}
    assert set(sim.read("/1")) >= {"/1/0/0", "/1/0/1", "/1/0/6", "/1/0/7"}
    assert sim.ask("GET", "/4711", want=422)["code"] == "4.04"


def test_ets_223_read_object_instance(sim):
    assert set(sim.read("/3301/0")) >= {"/3301/0/5601", "/3301/0/5602", "/3301/0/5700", "/3301/0/5701"}
    assert sim.ask("GET", "/3301/7", want=422)["code"] == "4.04"


def test_ets_224_read_resource(sim):
    assert sim.read("/3301/0/5701") == {"/3301/0/5701": "lx"}
    assert sim.ask("GET", "/3/0/99", want=422)["code"] == "4.04"
    assert sim.ask("GET", "/3/0/4", want=422)["code"] == "4.05"


def test_ets_225_670_read_resource_instance(sim):
    assert sim.read("/3/0/6/0") == {"/3/0/6/0": 1}
    assert list(sim.read("/3/0/7")) == ["/3/0/7/0"]
    assert sim.ask("GET", "/3/0/6/9", want=422)["code"] == "4.04"


def test_ets_229_280_read_composite(sim):
    found = sim.read("/composite?paths=/3/0/0,/1/0/1,/3311")
    assert found["/3/0/0"] == "microPlatform" and {"/1/0/1", "/3311/0/5850", "/3311/0/5851"} < set(found)


def test_ets_235_read_composite_of_the_root(sim):
    found = {path.split("/")[1] for path in sim.read("/composite?paths=/")}
    assert found == {"1", "3", "5", "3301", "3311"}


def test_ets_236_281_read_composite_with_partial_presence(sim):
    assert list(sim.read("/composite?paths=/3/0/0,/3/0/99,/4711/0")) == ["/3/0/0"]


def test_ets_237_read_without_a_format(sim):
    assert sim.read("/3/0/0") == {"/3/0/0": "microPlatform"}


def test_ets_221_operations_on_the_security_object_are_refused(sim):
    for method, path, body in (("GET", "/0", None), ("GET", "/0/0/0", None), ("GET", "/0/discover", None),
                               ("PUT", "/0/0/0", {"value": "coap://x"}), ("POST", "/0", {"values": {"0": "x"}}),
                               ("DELETE", "/0/0", None), ("POST", "/0/0/observe", None),
                               ("PUT", "/0/attributes", {"pmin": 1})):
        assert sim.ask(method, path, body, want=422)["code"] in ("4.01", "4.04", "4.05"), (method, path)
    assert not [p for p in sim.read("/composite?paths=/") if p.startswith("/0/")]


# ---- writing ----

@pytest.mark.parametrize("number, format", [(205, "TEXT"), (212, "CBOR"), (215, "TLV"), (220, "JSON"),
                                            (233, "SENML_CBOR"), (234, "SENML_JSON"), (234, "LWM2M_CBOR")])
def test_ets_205_212_215_220_233_234_set_in_each_format(sim, number, format):
    for value in (False, True):
        assert sim.ask("PUT", f"{LAMP}/5850?format={format}", {"value": value}) == {"code": "2.04"}
        assert sim.read(f"{LAMP}/5850") == {f"{LAMP}/5850": value}
    sim.ask("PUT", f"{LAMP}/5851?format={format}", {"value": 17})
    assert sim.read(f"{LAMP}/5851") == {f"{LAMP}/5851": 17}


@pytest.mark.parametrize("format", ["TLV", "JSON", "SENML_JSON", "SENML_CBOR", "LWM2M_CBOR"])
def test_ets_226_write_partial_update(sim, format):
    sim.ask("PUT", f"{LAMP}/5850", {"value": True})
    sim.ask("PATCH", f"{LAMP}?format={format}", {"values": {"5851": 33}})
    assert sim.read(LAMP) == {f"{LAMP}/5850": True, f"{LAMP}/5851": 33}


@pytest.mark.parametrize("format", ["TLV", "JSON", "SENML_JSON", "SENML_CBOR", "LWM2M_CBOR"])
def test_ets_227_write_replace(sim, format):
    sim.ask("PUT", f"{LAMP}?format={format}", {"values": {"5850": False, "5851": 34}})
    assert sim.read(LAMP) == {f"{LAMP}/5850": False, f"{LAMP}/5851": 34}


def test_ets_230_257_write_composite(sim):
    sim.ask("PUT", "/composite", {"values": {f"{LAMP}/5850": True, f"{LAMP}/5851": 50, "/1/0/6": True}})
    found = sim.read(f"/composite?paths={LAMP},/1/0/6")
    assert found == {f"{LAMP}/5850": True, f"{LAMP}/5851": 50, "/1/0/6": True}


def test_ets_256_257_write_failure_changes_nothing(sim):
    sim.ask("PUT", f"{LAMP}/5851", {"value": 5})
    refused = sim.ask("PUT", "/composite", {"values": {f"{LAMP}/5851": 6, "/3/0/0": "mine"}}, want=422)
    assert refused["code"] == "4.05"
    assert sim.ask("PUT", "/3/0/0", {"value": "mine"}, want=422)["code"] == "4.05"
    assert sim.ask("PUT", f"{LAMP}/5851", {"value": 500}, want=422)["code"] == "4.00"
    assert sim.read(f"{LAMP}/5851") == {f"{LAMP}/5851": 5}


# ---- executing ----

def test_ets_241_655_656_reboot_and_factory_reset(make_sim, listen):
    sim = make_sim("boot-", "--time-scale", "10", secure=True)
    for resource in (4, 5):
        stream = listen(f"kinds=registration&device={sim.endpoint}")
        sim.ask("POST", f"/3/0/{resource}")
        assert stream.next()[1]["event"] == "registered"
    assert sim.said().count('"reboot"') == 2


def test_ets_657_error_code(sim):
    found = sim.read("/3/0/11")
    assert set(found) == {"/3/0/11/0"}
    sim.ask("POST", "/3/0/12")
    assert sim.read("/3/0/11") == {"/3/0/11/0": 0}


def test_ets_651_652_the_device_object(sim):
    found = sim.read("/3/0")
    assert found["/3/0/3"] == "1.0.0" and found["/3/0/16"] == "UT" and found["/3/0/21"] == 64
    for resource in (0, 1, 2, 3, 9, 10):
        assert sim.ask("PUT", f"/3/0/{resource}", {"value": found[f"/3/0/{resource}"]}, want=422)["code"] == "4.05"
    assert sim.ask("POST", "/3/0/0", want=422)["code"] == "4.05"


def test_ets_680_685_the_device_instance_is_there_for_good(sim):
    assert sim.ask("DELETE", "/3/0", want=422)["code"] == "4.05"
    assert sim.ask("POST", "/3", {"instance": 1, "values": {}}, want=422)["code"] == "4.05"


def test_ets_551_565_566_the_server_object(make_sim):
    sim = make_sim("srv-", secure=True)
    sim.ask("PUT", "/1/0/2", {"value": 1})
    sim.ask("PUT", "/1/0/3", {"value": 60})
    assert sim.read("/1/0").items() >= {"/1/0/0": 1, "/1/0/2": 1, "/1/0/3": 60}.items()
    assert sim.ask("PUT", "/1/0/0", {"value": 9}, want=422)["code"] == "4.05"
    sim.ask("POST", "/1", {"instance": 5, "values": {"0": 7, "1": 60, "6": False, "7": "U"}}, want=201)
    assert sim.read("/1/5/0") == {"/1/5/0": 7}
    assert sim.ask("DELETE", "/1/5") == {"code": "2.02"}
    assert sim.ask("GET", "/1/5", want=422)["code"] == "4.04"


# ---- discover and attributes ----

def test_ets_260_discover(sim):
    links = {link["path"]: link for link in sim.ask("GET", "/3301/discover")["links"]}
    assert {"/3301", "/3301/0", "/3301/0/5700", "/3301/0/5605"} <= set(links)
    assert links["/3301/0/5700"]["name"] == "Sensor Value"
    assert [link["path"] for link in sim.ask("GET", "/3301/0/5700/discover")["links"]] == ["/3301/0/5700"]
    assert sim.ask("GET", "/4711/discover", want=422)["code"] == "4.04"


def test_ets_261_write_attributes_of_several_resources(sim):
    def attributes(path):
        return {link["path"]: link["attributes"] for link in sim.ask("GET", f"{path}/discover")["links"]}
    sim.ask("PUT", "/3301/0/attributes", {"pmin": 2, "pmax": 20})
    sim.ask("PUT", "/3301/0/5700/attributes", {"gt": 99999, "st": 1.5})
    sim.ask("PUT", "/3301/0/5601/attributes", {"pmax": 7})
    found = attributes("/3301/0")
    assert found["/3301/0"].items() >= {"pmin": "2", "pmax": "20"}.items()
    assert found["/3301/0/5700"].items() >= {"gt": "99999", "st": "1.5"}.items()
    assert found["/3301/0/5601"]["pmax"] == "7"
    for path, taken in (("/3301/0", ["pmin", "pmax"]), ("/3301/0/5700", ["gt", "st"]), ("/3301/0/5601", ["pmax"])):
        sim.ask("PUT", f"{path}/attributes", dict.fromkeys(taken))
    assert not any(attributes("/3301/0").values())


def test_paths_that_are_names_reach_the_device(sim):
    assert values(sim.ask("GET", "/Device/Manufacturer")) == {"/3/0/0": "microPlatform"}
