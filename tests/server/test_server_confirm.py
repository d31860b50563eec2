# SPDX-License-Identifier: Apache-2.0
"""Updates that wait until somebody agrees, and those that are only fetched: as captured from hawkBit 1.1.0."""
import pytest


@pytest.fixture
def device(server):
    server.publish("1.1.0")
    return server.device("d1", release="1.0.0")


def restart(server, device):
    server.stop()
    server.start()
    device.connection = None


def counts(server, rollout=1):
    return {k: n for k, n in server.api("GET", f"/rollouts/{rollout}")["counts"].items() if n}


def confirmation(device):
    """The number of the update that waits."""
    href, = (href for name, href in device.links().items() if name == "confirmationBase")
    device.action = href.rpartition("/")[2].partition("?")[0]
    return href


def answer(device, word, *details, want=200):
    got = device.call("POST", f"/confirmationBase/{device.action}/feedback",
                      {"confirmation": word, "code": 1, "details": list(details)})
    assert got.status == want, (got.status, got.body)


@pytest.fixture
def asked(server, device):
    server.rollout("1.1.0", all=True, confirm=True)
    device.href = confirmation(device)
    return device


# ---- waiting ----
def test_an_update_that_waits_is_shown_and_not_given(server, asked):
    assert set(asked.links()) == {"confirmationBase"}
    shown = asked.call("GET", asked.href).json()
    assert shown["id"] == asked.action and "deployment" not in shown
    assert (shown["confirmation"]["download"], shown["confirmation"]["update"]) == ("forced", "forced")
    assert len(shown["confirmation"]["chunks"][0]["artifacts"]) == 8
    assert asked.call("GET", f"/deploymentBase/{asked.action}").status == 404
    assert asked.call("GET", f"/cancelAction/{asked.action}").status == 404
    asked.feedback("proceeding", want=404)
    asked.feedback("closed", "success", want=404)
    assert (asked.seen()["state"], counts(server)) == ("unconfirmed", {"unconfirmed": 1})
    assert "waits to be confirmed" in asked.why()


def test_the_base_leads_to_what_waits(asked):
    base = asked.call("GET", "/confirmationBase").json()
    assert base["autoConfirm"] == {"active": False, "activatedAt": 0}
    assert base["_links"]["confirmationBase"]["href"].endswith(asked.href)
    assert set(base["_links"]) == {"activateAutoConfirm", "confirmationBase"}


def test_its_history_can_be_asked_for(asked):
    history = asked.call("GET", f"/confirmationBase/{asked.action}?actionHistory=5").json()["actionHistory"]
    assert history["status"] == "WAIT_FOR_CONFIRMATION" and history["messages"] == ["1.1.0"]


@pytest.mark.parametrize("body", ["{}", "{", '{"confirmation":"zap"}', '{"confirmation":"denied","details":"x"}'])
def test_an_answer_that_is_none_is_400(asked, body):
    got = asked.call("POST", f"/confirmationBase/{asked.action}/feedback", body,
                     headers={"Content-Type": "application/json"})
    assert got.status == 400 and got.json()["errorCode"] == "hawkbit.server.error.rest.body.notReadable"


# ---- answering ----
def test_what_is_denied_goes_on_waiting(server, asked):
    answer(asked, "denied", "user said no")
    assert confirmation(asked)
    assert (asked.seen()["state"], asked.seen()["reason"]) == ("unconfirmed", "user said no")
    assert "denied: user said no" in asked.why()
    assert counts(server) == {"unconfirmed": 1}


def test_what_is_confirmed_is_a_deployment(server, asked):
    answer(asked, "denied")
    answer(asked, "confirmed", "user said yes")
    assert set(asked.links()) == {"deploymentBase"}
    assert (asked.seen()["state"], counts(server)) == ("offered", {"offered": 1})
    answer(asked, "confirmed", want=404)
    asked.update()
    answer(asked, "confirmed", want=410)
    assert counts(server) == {"proven": 1}
    history = [row["what"] for row in server.api("GET", "/devices/d1/history")["items"]]
    assert history[::-1][-5:] == ["offered", "denied", "confirmed", "proceeding", "proven"]


def test_an_operator_answers_for_the_device(server, asked):
    assert server.api("POST", "/devices/d1/deny", {"reason": "not on a Friday"})["state"] == "unconfirmed"
    assert "not on a Friday" in asked.why()
    assert server.api("POST", "/devices/d1/confirm")["state"] == "offered"
    asked.update()
    assert counts(server) == {"proven": 1}
    assert "waits" in server.api("POST", "/devices/d1/confirm", want=409)["error"]


def test_denials_have_a_quota(server, asked):
    for _ in range(1000):
        answer(asked, "denied")
    answer(asked, "denied", want=429)
    server.api("POST", "/devices/d1/deny", want=409)
    answer(asked, "confirmed")


def test_all_of_it_survives_a_restart(server, asked):
    answer(asked, "denied", "no")
    restart(server, asked)
    assert confirmation(asked) == asked.href
    assert "denied: no" in asked.why()
    answer(asked, "confirmed")
    restart(server, asked)
    asked.update()
    assert server.api("GET", "/rollouts/1")["confirm"] and counts(server) == {"proven": 1}


def test_an_aborted_rollout_asks_no_more(server, asked):
    server.api("POST", "/rollouts/1/abort")
    assert asked.links() == {}
    answer(asked, "confirmed", want=410)
    assert (asked.seen()["state"], counts(server)) == ("idle", {"waiting": 1})


def test_another_rollout_asks_anew_or_not_at_all(server, asked):
    first = asked.action
    server.rollout("1.1.0", all=True, confirm=True)
    confirmation(asked)
    assert asked.action != first and counts(server, 2) == {"unconfirmed": 1}
    server.rollout("1.1.0")
    asked.update()
    assert (counts(server, 2), counts(server, 3)) == ({"superseded": 1}, {"proven": 1})


# ---- automatically ----
def test_a_device_may_agree_to_all_at_once(server, asked):
    wish = {"initiator": "dev", "remark": "trust"}
    assert asked.call("POST", "/confirmationBase/activateAutoConfirm", wish).status == 200
    again = asked.call("POST", "/confirmationBase/activateAutoConfirm", wish)
    assert again.status == 409 and again.json()["errorCode"] == "hawkbit.server.error.repo.autoConfAlreadyActive"
    assert set(asked.links()) == {"deploymentBase"}  # what waited, too
    restart(server, asked)
    base = asked.call("GET", "/confirmationBase").json()
    since = base["autoConfirm"].pop("activatedAt")
    assert since > 1_600_000_000_000 and base["autoConfirm"] == {"active": True, **wish}
    assert set(base["_links"]) == {"deactivateAutoConfirm"}
    assert asked.seen()["auto_confirm"]
    asked.update()
    server.publish("1.2.0")
    server.rollout("1.2.0", all=True, confirm=True)
    assert "deploymentBase" in asked.links()


def test_a_device_asks_again_once_it_no_longer_agrees_to_all(server, device):
    assert device.call("POST", "/confirmationBase/activateAutoConfirm").status == 200
    for _ in range(2):
        assert device.call("POST", "/confirmationBase/deactivateAutoConfirm", {}).status == 200
    assert not device.seen()["auto_confirm"]
    server.rollout("1.1.0", all=True, confirm=True)
    confirmation(device)


def test_a_wish_that_is_none_is_400(device):
    got = device.call("POST", "/confirmationBase/activateAutoConfirm", "{", headers={"Content-Type": "application/json"})
    assert got.status == 400 and not device.seen()["auto_confirm"]


# ---- fetching alone ----
@pytest.fixture
def fetching(server, device):
    server.rollout("1.1.0", all=True, download_only=True)
    device.deployment = device.offer()["deployment"]
    return device


def test_downloaded_ends_what_is_only_to_be_fetched(server, fetching):
    assert (fetching.deployment["download"], fetching.deployment["update"]) == ("forced", "skip")
    fetching.feedback("download", "none", "downloading 50 %")
    assert counts(server) == {"downloading": 1}
    fetching.feedback("downloaded")
    assert set(fetching.links()) == {"configData"}
    fetching.feedback("closed", "success", want=410)
    seen, rollout = fetching.seen(), server.api("GET", "/rollouts/1")
    assert (seen["state"], seen["release"], seen["target"]) == ("downloaded", "1.0.0", "")
    assert counts(server) == {"downloaded": 1}
    assert (rollout["state"], rollout["reason"]) == ("finished", "1 of 1 devices have it.")
    assert "fetched 1.1.0" in fetching.why()


def test_closed_says_no_more_than_that_it_is_there(server, fetching):
    fetching.feedback("closed", "success")
    assert (fetching.seen()["state"], fetching.seen()["release"]) == ("downloaded", "1.0.0")
    assert counts(server) == {"downloaded": 1}


def test_a_download_may_fail(server, fetching):
    fetching.feedback("closed", "failure", "disk full")
    assert (fetching.seen()["state"], counts(server)) == ("failed", {"failed": 1})
    assert server.api("GET", "/rollouts/1")["state"] == "stopped"


def test_what_was_fetched_is_installed_by_the_next_rollout(server, fetching):
    fetching.feedback("downloaded")
    server.rollout("1.1.0")
    assert fetching.offer()["deployment"]["update"] == "forced"
    fetching.feedback("closed", "success")
    assert (fetching.seen()["release"], counts(server, 2)) == ("1.1.0", {"proven": 1})


def test_a_download_under_way_becomes_an_update(server, fetching):
    """The address changes with the kind, so that the device reads it anew."""
    before = fetching.links()["deploymentBase"]
    server.rollout("1.1.0")
    after = fetching.links()["deploymentBase"]
    assert after != before and after.partition("?")[0] == before.partition("?")[0]
    assert fetching.offer()["deployment"]["update"] == "forced"
    fetching.feedback("downloaded")  # on the way now, not the end
    fetching.feedback("closed", "success")
    assert (fetching.seen()["release"], counts(server, 2)) == ("1.1.0", {"proven": 1})


def test_a_rollout_that_only_fetches_survives_a_restart(server, fetching):
    restart(server, fetching)
    assert fetching.offer()["deployment"]["update"] == "skip"
    fetching.feedback("downloaded")
    assert server.api("GET", "/rollouts/1")["download_only"] and counts(server) == {"downloaded": 1}


def test_downloaded_ends_no_update(server, device):
    server.rollout("1.1.0")
    device.offer()
    device.feedback("downloaded")
    assert (device.seen()["state"], counts(server)) == ("verifying", {"installing": 1})
