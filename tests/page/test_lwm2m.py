# SPDX-License-Identifier: Apache-2.0
"""What the page shows of LwM2M devices: mp-sim plays some, one of which sleeps most of the time."""
import json
import os
import pathlib
import subprocess
import time

import pytest

from demo_fleet import BUILD, Fleet
from ports import free_port
from test_looks import CONTRAST
from test_page import go, row, signed_in, until_row

LAMP, SENSOR, SLEEPER = "mixed-002", "mixed-000", "sleeper-000"
VALUE = "/3303/0/5700"


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def crowd(chromium, tmp_path_factory):
    """A server with four LwM2M devices that are awake, and one that went to sleep."""
    if not (BUILD / "mp-sim").exists():
        pytest.skip(f"{BUILD / 'mp-sim'} is not built (MP_BUILD is the meson build folder)")
    fleet = Fleet(tmp_path_factory.mktemp("crowd"))
    port = free_port()
    fleet.options += ["--coap-port", str(port), "--open-registration", "--awake", "1"]
    fleet.start()

    def sim(*options):
        return subprocess.Popen([BUILD / "mp-sim", "--server", f"coap://127.0.0.1:{port}", "--seconds", "600",
                                 *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    sims = [sim("--devices", "4", "--first-name", "mixed-", "--time-scale", "10", "--lifetime", "6000"),
            sim("--devices", "1", "--first-name", "sleeper-", "--queue-mode", "--awake", "1",
                "--lifetime", "6000")]
    try:
        until(lambda: fleet.api("GET", "/devices")["total"] == 5)
        until(lambda: all(d["board"] for d in fleet.api("GET", "/devices?q=mixed")["items"]))
        until(lambda: fleet.api("GET", f"/devices/{SLEEPER}")["lwm2m"] == "asleep")
        yield fleet
    finally:
        for process in sims:
            process.terminate()
            process.wait(60)
        fleet.kill()


def resource(path, part=""):
    return f".resource[data-path='{path}'] {part}"


def opened(browser, device, instance):
    go(browser, f"#/devices/{device}", device)
    browser.until_text(".instance", instance)
    browser.click(f".instance[data-key='{instance}'] summary")
    browser.until_text(f".instance[data-key='{instance}'] .resource", "")


def test_the_list_says_who_is_online_and_who_sleeps(crowd, browser):
    signed_in(browser, crowd, "#/devices", "Devices")
    until_row(browser, SENSOR, "Online")
    until_row(browser, SLEEPER, "Sleeping")
    assert "thermometer" in row(browser, SENSOR)


def test_a_registration_and_its_objects_are_shown(crowd, browser):
    signed_in(browser, crowd, f"#/devices/{SENSOR}", SENSOR)
    for text in ("Online", "1.1", "none", "127."):
        browser.until_text("[aria-label='LwM2M registration']", text)
    for name in ("Device", "Firmware Update", "Temperature"):
        browser.until_text(".instance", name)


def test_resources_have_names_values_and_units(crowd, browser):
    signed_in(browser, crowd)
    opened(browser, SENSOR, "/3/0")
    browser.until_text(resource("/3/0/9"), "Battery Level")
    browser.until_text(resource("/3/0/9", ".resource-value"), " %")
    browser.until_text(resource("/3/0/0", ".resource-value"), "microPlatform")
    verbs = browser.js("[...document.querySelectorAll(\"[data-path='/3/0/4'] button\")].map((b) => b.innerText)")
    assert verbs == ["Execute"]


def test_a_resource_is_written_read_back_and_executed(crowd, browser):
    signed_in(browser, crowd)
    opened(browser, LAMP, "/3311/0")
    browser.until_text(resource("/3311/0/5851", ".resource-value"), "0")
    browser.click(resource("/3311/0/5851", "[data-verb=write]"))
    browser.fill("dialog input", "70")
    browser.press("Enter")
    browser.until_text(".toast", "done")
    browser.until_text(resource("/3311/0/5851", ".resource-value"), "70")
    assert crowd.api("GET", f"/devices/{LAMP}/lwm2m/3311/0/5851")["values"][0]["value"] == 70
    browser.click(resource("/3311/0/5851", "[data-verb=write]"))
    browser.fill("dialog input", "bright")
    browser.press("Enter")
    browser.until_text(".toast[data-tone=bad]", "is no integer")
    assert all("400" in said for said in browser.complaints())
    opened(browser, LAMP, "/3301/0")
    browser.click(resource("/3301/0/5605", "[data-verb=execute]"))
    browser.until_text(".toast[data-tone=good]", "Reset")


def test_observed_values_arrive_and_are_drawn(crowd, browser):
    signed_in(browser, crowd)
    opened(browser, SENSOR, "/3303/0")
    browser.click(resource(VALUE, "[data-verb=observe]"))
    browser.until_text(resource(VALUE, "[data-verb=cancel]"), "Stop observing")
    until(lambda: crowd.api("GET", f"/devices/{SENSOR}/telemetry")["total"] == 1, 40)
    browser.until("(document.querySelector('.chart-line')?.getAttribute('d') ?? '').split('L').length > 2", 20)
    said = browser.js("document.querySelector('.chart svg').ariaLabel")
    assert "Temperature" in said and " to " in said
    shown = browser.js(f"document.querySelector(\"{resource(VALUE, '.resource-value')}\").innerText")
    browser.until(f"document.querySelector(\"{resource(VALUE, '.resource-value')}\").innerText !== {json.dumps(shown)}",
                  30)
    pictures = os.environ.get("MP_PICTURES_DIR")
    if pictures:
        browser.picture(pathlib.Path(pictures) / "lwm2m.png", full=True)
    browser.click(resource(VALUE, "[data-verb=cancel]"))
    browser.until_text(resource(VALUE, "[data-verb=observe]"), "Observe")
    assert crowd.api("GET", f"/devices/{SENSOR}/lwm2m")["observations"] == []


def test_what_waits_for_a_sleeping_device_is_listed_and_taken_back(crowd, browser):
    crowd.api("POST", f"/devices/{SLEEPER}/lwm2m/3/0/4", {}, want=202)
    signed_in(browser, crowd, f"#/devices/{SLEEPER}", SLEEPER)
    browser.until_text("[aria-label='LwM2M registration']", "Sleeping")
    browser.until_text(".queued", "/3/0/4")
    browser.until_text(".queued", "Waiting")
    browser.click(".instance[data-key='/3/0'] summary")
    browser.until_text(".instance .note", "The device is asleep")
    browser.click("[aria-label=Queue] button")
    browser.until_text("[aria-label=Queue]", "Nothing waits")


def test_a_viewer_sees_but_does_not_ask(crowd, browser):
    signed_in(browser, crowd, f"#/devices/{SENSOR}", SENSOR, token=crowd.token_of("viewer"))
    browser.until_text(".instance", "Temperature")
    assert browser.js("document.querySelectorAll('.instance summary, .resource button').length") == 0


def fits(browser, width):
    """Its text stands out, and nothing reaches beyond the right edge of the page or of its table."""
    assert browser.js(CONTRAST) == []
    over = browser.js("[document.documentElement.scrollWidth, ...[...document.querySelectorAll('main *')].filter((n) =>"
                      " n.getBoundingClientRect().right > Math.min(innerWidth, (n.closest('.devices') ??"
                      " document.body).getBoundingClientRect().right) + 1 && n.checkVisibility() &&"
                      " !n.closest('thead')).map((n) => n.className || n.tagName)]")
    assert over[0] <= width and over[1:] == [], over


@pytest.mark.parametrize("width, scheme", [(320, "light"), (390, "dark"), (1280, "light")])
def test_it_looks_right_at_every_size(crowd, browser, width, scheme):
    browser.open(viewport={"width": width, "height": 800}, colorScheme=scheme, isMobile=width < 760)
    crowd.api("POST", f"/devices/{SENSOR}/lwm2m{VALUE}/observe", want=200)
    signed_in(browser, crowd)
    opened(browser, SENSOR, "/3303/0")
    browser.until_text(".chart figcaption", "Cel")
    fits(browser, width)
    pictures = os.environ.get("MP_PICTURES_DIR")
    if pictures:
        browser.picture(pathlib.Path(pictures) / f"lwm2m-{width}.png", full=True)
    go(browser, "#/devices", "Devices")
    until_row(browser, SLEEPER, "Sleeping")
    fits(browser, width)
