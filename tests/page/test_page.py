# SPDX-License-Identifier: Apache-2.0
"""The web page in Chromium, against the real server."""
import json

import pytest

TONES = ".badge[data-state]"


def signed_in(browser, fleet, route="#/", heading=None, token=None):
    browser.sign_in(f"{fleet.url}/", token or fleet.admin)
    browser.until_text(".live", "Live")
    if route != "#/":
        go(browser, route, heading)


def go(browser, route, heading=None):
    browser.js(f"location.hash = {json.dumps(route)}")
    if heading:
        browser.until_text("h1", heading)


def said_by(name):
    return (f"(document.querySelector('tr[data-key={json.dumps(name)}]')?.innerText ?? '')"
            r".replace(/[^\S\t]+/g, ' ')")


def row(browser, name):
    """What a row of the table says; cells are parted by tabs."""
    return browser.js(said_by(name))


def until_row(browser, name, text):
    browser.until(f"{said_by(name)}.includes({json.dumps(text)})")


# ---- signing in ----

def test_a_wrong_token_is_told_and_a_right_one_signs_in(fleet, browser):
    browser.goto(fleet.url)
    for wrong in ("wrong", "not a token ü", "x" * 43):
        browser.fill("#token", wrong)
        browser.press("Enter")
        browser.until_text(".login-message", "This token is not valid")
        browser.fill("#token", "")
        browser.js("document.querySelector('.login-message').textContent = ''")
    assert all("401" in said for said in browser.complaints())  # Chromium tells of each answer 401
    assert browser.js("sessionStorage.length") == 0
    browser.fill("#token", fleet.admin)
    browser.press("Enter")
    browser.until_text("h1", "Overview")
    assert browser.js("Object.values(sessionStorage)") == [fleet.admin]
    assert browser.js("localStorage.length + document.cookie.length") == 0


def test_the_token_stays_with_the_tab_until_signing_out(idle, browser):
    signed_in(browser, idle, "#/devices", "Devices")
    browser("page", "reload")
    browser.until_text("h1", "Devices")
    browser.click(".leave")
    browser.until_text("h1", "microPlatform")
    assert browser.js("sessionStorage.length") == 0
    browser("page", "reload")
    browser.until_text("label", "API token")


def test_a_token_that_is_withdrawn_leads_to_the_sign_in(fleet, browser):
    token = fleet.api("POST", "/tokens", {"name": "guest", "role": "viewer"}, want=201)["token"]
    signed_in(browser, fleet, token=token)
    fleet.api("DELETE", "/tokens/guest", want=204)
    go(browser, "#/devices")
    browser.until_text(".login-message", "not valid any more")
    assert all("401" in said for said in browser.complaints())


# ---- empty and filled ----

@pytest.mark.parametrize("route, title, command", [
    ("#/", "No device yet", "mp run"), ("#/devices", "No device yet", "mp run"),
    ("#/rollouts", "No rollout yet", "mp rollout start"), ("#/releases", "No release yet", "mp publish"),
])
def test_an_empty_view_says_what_to_do_next(idle, browser, route, title, command):
    signed_in(browser, idle)
    go(browser, route)
    browser.until_text(".empty-title", title)
    browser.until_text(".empty code", command)


def test_the_overview_counts(filled, browser):
    signed_in(browser, filled)
    browser.until_text(".tile", "of 60 devices")
    numbers = dict(text.split("\n")[:2] for text in browser.texts(".tile"))
    assert numbers == {"Devices online": "60", "Proven": "3", "Failing": "1", "Running rollouts": "1",
                       "Newest release": "1.1.0"}
    assert "demo-003" in browser.texts(".trouble")[0]
    assert "did not become healthy" in browser.texts(".trouble")[0]
    assert "3 of 10 proven" in browser.texts(".mini-rollout")[0]


def test_releases_tell_what_is_in_them(filled, browser):
    signed_in(browser, filled, "#/releases", "Releases")
    browser.until_text(".release", "And more.")
    newest, first = browser.texts(".release")
    for part in ("1.1.0", "Newest", "qemu-x86_64", "web", "kB", "Published"):
        assert part in newest
    assert "Newest" not in first and "First release" in first


# ---- devices ----

def test_the_table_shows_state_progress_and_reason(filled, browser):
    signed_in(browser, filled, "#/devices", "Devices")
    until_row(browser, "demo-004", "Downloading 34 %")
    meter = browser.js("(() => { const m = document.querySelector('tr[data-key=demo-004] [role=progressbar]');"
                       " return [m.getAttribute('aria-valuenow'), m.firstChild.style.width]; })()")
    assert meter == ["34", "34%"]
    assert "1.1.0" in row(browser, "demo-004").split("\t")[2]
    assert "Rolled back" in row(browser, "demo-003")
    assert "fell back to 1.0.0" in row(browser, "demo-003")
    assert "Proven" in row(browser, "demo-000")


def test_pages_search_and_filter(filled, browser):
    signed_in(browser, filled, "#/devices", "Devices")
    browser.until_text(".pager-text", "1–50 of 60 devices")
    browser.click("[aria-label='Next page']")
    browser.until_text(".pager-text", "51–60 of 60 devices")
    assert len(browser.texts("tbody tr")) == 10
    browser.fill("#q", "demo-00")  # from whatever page: the first of what is found
    browser.until_text(".pager-text", "10 devices")
    browser("#state", "selectOption", "proven")
    browser.until_text(".pager-text", "3 devices")
    assert browser.js("location.hash") == "#/devices?q=demo-00&state=proven"
    browser("page", "reload")  # what is seen is in the address
    browser.until_text(".pager-text", "3 devices")
    assert browser.js("[q.value, state.value]") == ["demo-00", "proven"]
    browser.fill("#q", "no such device")
    browser.until_text(".empty-title", "No device matches")
    assert not browser.js("document.activeElement !== document.querySelector('#q')")


def test_changes_show_without_a_reload(filled, browser):
    signed_in(browser, filled, "#/devices?q=live-", "Devices")
    device = filled.device("live-1")
    until_row(browser, "live-1", "Idle")
    filled.rollout("1.1.0", devices=["live-1"])
    device.offer()
    until_row(browser, "live-1", "Offered")
    for percent in (10, 60):
        device.proceeds(f"downloading {percent} %")
        until_row(browser, "live-1", f"Downloading {percent} %")
    for word, label in (("verifying", "Verifying"), ("rebooting", "Rebooting"), ("proving", "Proving")):
        device.proceeds(word)
        until_row(browser, "live-1", label)
    device.proves("1.1.0")
    until_row(browser, "live-1", "Proven")
    browser.until_text("#announcer", "Device live-1: Proven.")
    filled.api("DELETE", "/devices/live-1", want=204)
    browser.until_text(".empty-title", "No device matches")


def test_a_device_tells_all_that_is_known(filled, browser):
    signed_in(browser, filled, "#/devices/demo-003", "demo-003")
    browser.until_text(".why", "It failed to bring up 1.1.0")
    browser.until_text(".attribute", "6.12.48")
    entries = browser.texts(".entry")
    assert "did not become healthy" in entries[0]
    assert [e.split("\n")[0].lower() for e in entries][-1] == "registered"
    go(browser, "#/devices/nobody", "nobody")
    browser.until_text(".empty-title", "There is no such device")
    assert all("404" in said for said in browser.complaints())


def test_the_detail_follows_the_device(filled, browser):
    device = filled.device("live:2")  # an id with a colon
    filled.rollout("1.1.0", devices=["live:2"], error_threshold=100)
    signed_in(browser, filled, "#/devices/live%3A2", "live:2")
    browser.until_text(".why", "It is offered 1.1.0 as soon as it is heard of again")
    device.offer()
    browser.until_text(".state", "Offered")
    browser.until_text(".entry", "1.1.0")
    device.fails("There is no room: 12 MB are free and 90 MB are needed.")
    browser.until_text(".state", "Failed")
    browser.until_text(".entry", "There is no room")
    browser.until_text(".why", "There is no room")


# ---- rollouts ----

def test_a_rollout_is_paused_resumed_and_aborted(filled, browser):
    filled.device("steered")
    number = filled.rollout("1.1.0", devices=["steered"])["id"]
    card = f".rollout[data-key='{number}']"
    signed_in(browser, filled, "#/rollouts", "Rollouts")
    browser.until_text(card, "Waiting")
    browser.until_text(card, "Finished when 100 % are proven · stopped when 50 % have failed")
    browser.click(f"{card} [data-verb=pause]")
    browser.until_text(f"{card} .badge", "Paused")
    assert filled.api("GET", f"/rollouts/{number}")["state"] == "paused"
    browser.click(f"{card} [data-verb=resume]")
    browser.until_text(f"{card} .badge", "Running")
    browser.click(f"{card} [data-verb=abort]")
    browser.click("dialog button[value='']")  # no, keep it
    browser.until("!document.querySelector('dialog')")
    assert filled.api("GET", f"/rollouts/{number}")["state"] == "running"
    browser.click(f"{card} [data-verb=abort]")
    browser.click("dialog button[value=yes]")
    browser.until_text(f"{card} .badge", "Aborted")
    browser.until_text(card, "aborted by a person")
    assert browser.js(f"[...document.querySelectorAll({json.dumps(card)} + ' button')]"
                      ".every((b) => b.hidden)")


def test_an_update_is_confirmed_on_the_devices_page(filled, browser):
    device = filled.device("asked")
    number = filled.rollout("1.1.0", devices=["asked"], confirm=True, download_only=True)["id"]
    device.poll()
    signed_in(browser, filled, "#/rollouts", "Rollouts")
    browser.until_text(f".rollout[data-key='{number}']", "named devices · download only · to be confirmed")
    browser.until_text(f".rollout[data-key='{number}'] .legend", "To be confirmed1")
    go(browser, "#/devices/asked", "asked")
    browser.until_text(".device-head .badge", "To be confirmed")
    browser.click("[data-verb=deny]")
    browser.until_text(".why", "so far it was denied")
    browser.click("[data-verb=confirm]")
    browser.until_text(".device-head .badge", "Offered")
    browser.until("document.querySelector('[data-verb=confirm]').parentNode.hidden")
    filled.api("POST", f"/rollouts/{number}/abort")


def test_a_refused_action_is_told(filled, browser):
    filled.device("steered-2")
    number = filled.rollout("1.1.0", devices=["steered-2"])["id"]
    signed_in(browser, filled, "#/rollouts", "Rollouts")
    browser.until_text(f".rollout[data-key='{number}']", "Running")
    browser.js("window.realFetch = fetch; window.fetch = (url, options) => options?.method === 'POST' ?"
               " Promise.reject(new TypeError('cut')) : realFetch(url, options)")
    browser.click(f".rollout[data-key='{number}'] [data-verb=pause]")
    browser.until_text(".toast", "The server cannot be reached.")
    filled.api("POST", f"/rollouts/{number}/abort")


@pytest.mark.parametrize("role, may", [("viewer", False), ("operator", True)])
def test_buttons_are_for_those_who_may(filled, browser, role, may):
    signed_in(browser, filled, "#/rollouts", "Rollouts", token=filled.token_of(role))
    browser.until_text(".rollout", "Rollout 1 ")
    assert (len(browser.texts(".rollout [data-verb]")) > 0) == may
    browser.until_text(".role", f"Signed in as {role}")


def test_progress_of_a_rollout_moves_and_ends(filled, browser):
    devices = [filled.device(f"wave-{i}") for i in range(2)]
    number = filled.rollout("1.1.0", devices=[d.name for d in devices],
                            success_threshold=50, error_threshold=100)["id"]
    card = f".rollout[data-key='{number}']"
    signed_in(browser, filled, "#/rollouts", "Rollouts")
    browser.until_text(f"{card} .legend", "Waiting2")
    devices[0].offer()
    devices[0].proves("1.1.0")
    browser.until_text(f"{card} .legend", "Proven1")
    label = browser.js(f"document.querySelector({json.dumps(card + ' .stack-bar')}).ariaLabel")
    assert label == f"Rollout {number}, 2 devices: 1 proven, 1 waiting"
    devices[1].offer()
    devices[1].fails("No.")
    browser.until_text(f"{card} .badge", "Finished")
    browser.until_text(card, "1 of 2 devices are proven.")
    assert "took" in browser.texts(card)[0]


def test_an_answer_that_breaks_off_is_told(idle, browser):
    signed_in(browser, idle)
    browser.js("window.realFetch = fetch; window.fetch = async (url, options) => {"
               " if (!String(url).includes('/releases')) return realFetch(url, options);"
               " return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('{'));"
               " c.error(new TypeError('network error')); } })); }")
    go(browser, "#/releases")
    browser.until_text(".problem", "The server cannot be reached.")
    browser.js("window.fetch = async () => new Response('<html>a proxy')")
    go(browser, "#/devices")
    browser.until_text(".problem", "something else than JSON")


# ---- live, and what happens when it breaks ----

def test_the_stream_comes_back_after_a_restart(fleet, browser):
    device = fleet.device("demo-1")
    browser("context", "addInitScript", """
        const real = window.fetch;
        window.streams = [];
        window.fetch = (url, options) => {
            if (String(url).endsWith('/events'))
                window.streams.push(options.headers['Last-Event-ID'] ?? null);
            return real(url, options);
        };""")
    signed_in(browser, fleet, "#/devices", "Devices")
    device.report("1.2.3")
    until_row(browser, "demo-1", "1.2.3")
    fleet.stop()
    browser.until_text(".live", "Reconnecting")
    browser.until_text(".problem", "The server cannot be reached.")
    fleet.start()
    device.connection = None
    device.report("1.2.4")
    browser.until_text(".live", "Live", 30)
    until_row(browser, "demo-1", "1.2.4")
    browser.until("document.querySelector('.problem').hidden")
    device.report("1.2.5")
    until_row(browser, "demo-1", "1.2.5")
    streams = browser.js("window.streams")
    assert streams[0] is None and int(streams[-1]) > 0  # where it broke
    browser.complaints()  # of the connections that were refused


def test_without_a_stream_the_page_polls(fleet, browser):
    browser("context", "addInitScript", """
        const real = window.fetch;
        window.fetch = (url, options) => String(url).endsWith('/events') && !window.mended ?
            Promise.resolve(new Response('Too many.', { status: 503 })) : real(url, options);""")
    device = fleet.device("demo-1")
    browser.sign_in(fleet.url, fleet.admin)
    browser.until_text(".live", "Polling")
    go(browser, "#/devices", "Devices")
    until_row(browser, "demo-1", "1.0.0")
    device.report("1.2.3")
    until_row(browser, "demo-1", "1.2.3")
    browser.js("window.mended = true")
    browser.until_text(".live", "Live", 30)


def test_an_event_stream_may_be_cut_anywhere(idle, browser):
    browser.goto(idle.url)
    cuts = browser.js(r"""(async () => {
        const { EventParser } = await import('/sse.js');
        const text = ': beat\n\nid: 7\nevent: device\ndata: {"a":\ndata:  1}\r\n\r\nid: 8\rdata: x\r\r' +
            'event: empty\n\nid: 9\nevent: release\ndata\n\n:\n\nid: 10\ndata: never ended';
        const parse = (parts) => {
            const events = [], parser = new EventParser((event) => events.push(event));
            parts.forEach((part) => parser.push(part));
            return JSON.stringify(events);
        };
        const all = new Set([parse([text]), parse([...text])]);
        for (let i = 0; i <= text.length; i++)
            all.add(parse([text.slice(0, i), text.slice(i)]));
        return [...all];
    })()""")
    assert [json.loads(cut) for cut in cuts] == [[
        {"id": "7", "type": "device", "data": '{"a":\n 1}'},
        {"id": "8", "type": "message", "data": "x"},
        {"id": "9", "type": "release", "data": ""}]]
