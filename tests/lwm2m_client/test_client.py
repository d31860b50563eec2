# SPDX-License-Identifier: Apache-2.0
import asyncio
import json

from aiocoap.numbers.codes import Code

from server import ETCH_JSON, LINK, OPAQUE, SENML_JSON, TLV

ONE = ("--devices", "1", "--profile", "light")


def values(payload):
    """SenML JSON as {path: value}."""
    base, found = "", {}
    for record in json.loads(payload):
        base = record.get("bn", base)
        value = next((v for k, v in record.items() if k in ("v", "vs", "vb", "vd", "vlo")), None)
        found[base + record.get("n", "")] = value
    return found


def test_ets_101_102_103_registration_update_deregistration(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        r = server.device("sensor-000")
        assert r.queries == {"ep": "sensor-000", "lt": "4", "lwm2m": "1.1", "b": "U"}
        assert '</>;rt="oma.lwm2m"' in r.links
        assert "</3/0>" in r.links and "</5/0>" in r.links and "</3311/0>" in r.links
        await server.wait(lambda: r.updates >= 2)
        sim.process.terminate()
        await server.wait(lambda: ("deregister", "sensor-000") in server.history)
    scene(test, *ONE, "--lifetime", "4", "--deregister")


def test_ets_105_discarded_update_leads_to_a_registration(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        server.registrations.clear()
        await server.wait(lambda: [h[0] for h in server.history].count("register") == 2)
    scene(test, *ONE, "--lifetime", "4")


def test_ets_201_222_224_229_260_reading(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        a = await server.ask("sensor-000", Code.GET, "3/0/0")
        assert a.code == Code.CONTENT and a.payload == b"microPlatform"
        a = await server.ask("sensor-000", Code.GET, "3", accept=SENML_JSON)
        assert a.opt.content_format == SENML_JSON
        assert values(a.payload)["/3/0/2"] == "sensor-000"
        a = await server.ask("sensor-000", Code.GET, "3", accept=TLV)
        assert a.opt.content_format == TLV and b"microPlatform" in a.payload
        a = await server.ask("sensor-000", Code.GET, "3/0", accept=LINK)
        assert a.payload.startswith(b"</3/0>,</3/0/0>,")
        a = await server.ask("sensor-000", Code.FETCH, "",
                             b'[{"n":"/3/0/0"},{"n":"/3301/0/5700"},{"n":"/99"}]',
                             content_format=ETCH_JSON, accept=SENML_JSON)
        assert set(values(a.payload)) == {"/3/0/0", "/3301/0/5700"}
        for path, code in (("3/0/99", Code.NOT_FOUND), ("99", Code.NOT_FOUND),
                           ("0/0/0", Code.UNAUTHORIZED), ("3/0/4", Code.METHOD_NOT_ALLOWED)):
            assert (await server.ask("sensor-000", Code.GET, path)).code == code, path
    scene(test, *ONE)


def test_ets_205_215_230_writing(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        a = await server.ask("sensor-000", Code.PUT, "3311/0/5850", b"1", content_format=0)
        assert a.code == Code.CHANGED
        assert (await server.ask("sensor-000", Code.GET, "3311/0/5850")).payload == b"1"
        a = await server.ask("sensor-000", Code.POST, "3311/0", b"\xe1\x16\xdb\x2a",
                             content_format=TLV)
        assert a.code == Code.CHANGED
        assert (await server.ask("sensor-000", Code.GET, "3311/0/5851")).payload == b"42"
        a = await server.ask("sensor-000", Code.iPATCH, "", content_format=SENML_JSON, payload=(
            b'[{"n":"/1/0/1","v":500},{"n":"/3311/0/5851","v":7}]'))
        assert a.code == Code.CHANGED
        assert (await server.ask("sensor-000", Code.GET, "1/0/1")).payload == b"500"
        a = await server.ask("sensor-000", Code.PUT, "3311/0/5851", b"101", content_format=0)
        assert a.code == Code.BAD_REQUEST
        a = await server.ask("sensor-000", Code.PUT, "3/0/0", b"x", content_format=0)
        assert a.code == Code.METHOD_NOT_ALLOWED
    scene(test, *ONE)


def test_ets_301_303_observation(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        request = server.context.request(server.message("sensor-000", Code.GET, "3311/0/5851",
                                                        observe=0))
        first = await asyncio.wait_for(request.response, 10)
        assert first.payload == b"100" and first.opt.observe is not None
        seen = []
        request.observation.register_callback(lambda m: seen.append(m.payload))
        await server.ask("sensor-000", Code.PUT, "3311/0/5851", b"55", content_format=0)
        await server.wait(lambda: seen == [b"55"])
        request.observation.cancel()
        await asyncio.sleep(0.2)
        await server.ask("sensor-000", Code.PUT, "3311/0/5851", b"66", content_format=0)
        await asyncio.sleep(0.5)
        assert seen == [b"55"]
    scene(test, *ONE)


def test_ets_306_send(scene):
    async def test(server, sim):
        await server.wait(lambda: server.sent)
        assert server.sent[0][1] == 112
    scene(test, *ONE, "--send", "1")


def test_ets_241_reboot_comes_back_with_a_new_registration(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        assert (await server.ask("sensor-000", Code.POST, "3/0/4")).code == Code.CHANGED
        await server.wait(lambda: [h[0] for h in server.history].count("register") == 2)
    scene(test, *ONE)


async def update_state(server):
    state = await server.ask("sensor-000", Code.GET, "5/0/3")
    result = await server.ask("sensor-000", Code.GET, "5/0/5")
    return int(state.payload), int(result.payload)


async def install(server):
    a = await server.ask("sensor-000", Code.POST, "5/0/2")
    assert a.code == Code.CHANGED
    await server.wait(lambda: [h[0] for h in server.history].count("register") == 2)


def test_ets_770_firmware_by_push(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        a = await server.ask("sensor-000", Code.PUT, "5/0/0", b"mp-sim 3.1.4\n" + bytes(50000),
                             content_format=OPAQUE)
        assert a.code == Code.CHANGED
        assert await update_state(server) == (2, 0)
        await install(server)
        assert await update_state(server) == (0, 1)
        assert (await server.ask("sensor-000", Code.GET, "3/0/3")).payload == b"3.1.4"
    scene(test, *ONE, "--firmware-seconds", "0.5")


def test_ets_771_firmware_by_pull(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        a = await server.ask("sensor-000", Code.PUT, "5/0/1", f"{server.uri}/fw".encode(),
                             content_format=0)
        assert a.code == Code.CHANGED
        for _ in range(600):
            if (await update_state(server))[0] == 2:
                break
            await asyncio.sleep(0.1)
        await install(server)
        assert (await server.ask("sensor-000", Code.GET, "3/0/3")).payload == b"2.7.0"
    scene(test, *ONE, "--firmware-seconds", "0.5", package=b"mp-sim 2.7.0\n" + bytes(30000))


def test_failing_updates_are_told_with_their_results(scene):
    async def test(server, sim):
        names = [f"sensor-{i:03}" for i in range(10)]
        await server.wait(lambda: all(server.device(n) for n in names))
        for name in names:
            a = await server.ask(name, Code.PUT, "5/0/0", bytes(8000), content_format=OPAQUE)
            if a.code == Code.CHANGED:
                await server.ask(name, Code.POST, "5/0/2")
        await asyncio.sleep(8)
        report = sim.stop()
        assert report["packages"] == 10 and report["installed"] == 0
        assert sum(report["firmware_results"].values()) == 10
        assert {d["version"] for d in report["devices"]} == {"1.0.0"}
        assert all(d["registered"] and d["result"] in (2, 3, 5, 8) for d in report["devices"])
        assert sim.code == 0
    scene(test, "--devices", "10", "--firmware-seconds", "1", "--firmware-fail", "100")


def test_a_crowd_at_twenty_percent_loss_registers_and_is_the_same_for_the_same_seed(scene):
    reports = []

    async def test(server, sim):
        # All five datagrams of a request are lost to one device in 3,000: it tries again after some 150 seconds.
        await server.wait(lambda: len(server.registrations) == 30, 330)
        reports.append(sorted(r.links for r in server.registrations.values()))
    # 1: the server knows a device whose answer was lost, so that the device does not know it yet
    for _ in range(2):
        scene(test, "--devices", "30", "--loss", "20", "--seed", "7", codes=(0, 1))
    assert reports[0] == reports[1]


def test_ets_108_queue_mode(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        assert "Q" in server.device("sensor-000").queries
        await asyncio.sleep(6)
        message = server.message("sensor-000", Code.GET, "3/0/0")
        try:
            await asyncio.wait_for(server.context.request(message).response, 1)
            assert False, "it is asleep and should not have answered"
        except asyncio.TimeoutError:
            pass
    scene(test, *ONE, "--queue-mode", "--awake", "1")


def test_ets_106_tcp_binding(scene):
    """Everything over one TCP connection (RFC 8323): registration, requests of the server, notifications, blocks."""
    package = b"mp-sim 2.0.0\n" + bytes(20000)

    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        assert server.device("sensor-000").queries == {"ep": "sensor-000", "lt": "86400", "lwm2m": "1.1", "b": "T"}
        assert (await server.ask("sensor-000", Code.GET, "3/0/16")).payload == b"UT"
        assert (await server.ask("sensor-000", Code.GET, "1/0/7")).payload == b"T"
        a = await server.ask("sensor-000", Code.PUT, "3311/0/5850", b"1", content_format=0)
        assert a.code == Code.CHANGED
        request = server.context.request(server.message("sensor-000", Code.GET, "3311/0/5851", observe=0))
        assert (await asyncio.wait_for(request.response, 10)).code == Code.CONTENT
        notified = asyncio.ensure_future(request.observation.__aiter__().__anext__())
        await server.ask("sensor-000", Code.PUT, "3311/0/5851", b"77", content_format=0)
        assert (await asyncio.wait_for(notified, 10)).payload == b"77"
        a = await server.ask("sensor-000", Code.PUT, "5/0/0", package, content_format=OPAQUE)
        assert a.code == Code.CHANGED
        assert (await server.ask("sensor-000", Code.GET, "5/0/3")).payload == b"2"
    scene(test, *ONE, "--lifetime", "86400", transport="tcpserver")


def test_a_tcp_connection_that_broke_is_made_again_and_the_registration_goes_on(scene):
    async def test(server, sim):
        await server.wait(lambda: server.device("sensor-000"))
        server.device("sensor-000").remote._transport.abort()
        await server.wait(lambda: ("update", "sensor-000") in server.history)
        a = await server.ask("sensor-000", Code.GET, "3/0/2")
        assert a.payload == b"sensor-000"
        assert [h[0] for h in server.history] == ["register", "update"]
    scene(test, *ONE, "--lifetime", "86400", transport="tcpserver")


def test_a_crowd_registers_over_tcp_and_deregisters(scene):
    async def test(server, sim):
        await server.wait(lambda: len(server.registrations) == 50)
        sim.process.terminate()
        await server.wait(lambda: not server.registrations)
    scene(test, "--devices", "50", "--profile", "mixed", "--lifetime", "86400", "--deregister", transport="tcpserver")


def test_a_profile_id_spares_all_but_the_first_device_of_a_kind_the_list(scene):
    async def test(server, sim):
        await server.wait(lambda: len(server.registrations) == 20)
        assert [h[0] for h in server.history].count("conflict") in range(1, 21)
        assert len(server.profiles) == 1
        assert all(r.queries["lwm2m"] == "1.2" and "</3/0>" in r.links for r in server.registrations.values())
        assert next(iter(server.profiles)).startswith("5:")
        await server.ask("sensor-000", Code.POST, "3/0/4")
        await server.wait(lambda: [h for h in server.history if h == ("register", "sensor-000")][1:])
        assert ("conflict", "sensor-000") not in server.history[20:]
    scene(test, "--devices", "20", "--profile", "light", "--version", "1.2", "--profile-id", "--rate", "50",
          "--lifetime", "86400", profiles={})


def test_usage(tmp_path):
    import subprocess

    from conftest import SIM
    for options in ([], ["--server", "http://x"], ["--server", "coap://127.0.0.1", "--devices", "0"],
                    ["--server", "coap://127.0.0.1", "--profile", "toaster"], ["load", "nothing"]):
        assert subprocess.run([SIM, *options], capture_output=True).returncode == 2
