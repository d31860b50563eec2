# SPDX-License-Identifier: Apache-2.0
"""The page for everybody: on a phone, with a keyboard, with little contrast, without jumps."""
import json

import pytest

from test_page import go, signed_in, until_row

ROUTES = {"#/": ".mini-rollout", "#/devices": "tbody tr", "#/devices/demo-003": ".entry",
          "#/rollouts": ".rollout", "#/releases": ".release"}

# Contrast of every visible text with what lies behind it (WCAG 2, 1.4.3): those below 4.5.
CONTRAST = r"""(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const color = rgba(getComputedStyle(node).backgroundColor);
            if (color[3] === 255)
                return color;
        }
        return [255, 255, 255, 255];
    };
    const bad = [];
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || !node.checkVisibility({ visibilityProperty: true }) || node.closest('.unseen, noscript, .skip'))
            continue;
        const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5)
            bad.push(`${node.className || node.tagName} "${node.textContent.slice(0, 20)}" ${ratio.toFixed(2)}`);
    }
    return bad;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(filled, browser, scheme):
    browser.open(viewport={"width": 1280, "height": 800}, colorScheme=scheme)
    browser.goto(filled.url)
    browser.until_text("label", "API token")
    assert browser.js(CONTRAST) == []
    signed_in(browser, filled)
    for route, part in ROUTES.items():
        go(browser, route)
        browser.until_text(part, "")
        assert browser.js(CONTRAST) == [], route


@pytest.mark.parametrize("width", [320, 390, 820, 1280])
def test_nothing_is_cut_off_at_any_width(filled, browser, width):
    browser.open(viewport={"width": width, "height": 800}, isMobile=width < 760, hasTouch=width < 760)
    signed_in(browser, filled)
    for route, part in ROUTES.items():
        go(browser, route)
        browser.until_text(part, "")
        over = browser.js("[document.documentElement.scrollWidth, innerWidth,"
                          " ...[...document.querySelectorAll('main *')].filter((n) =>"
                          " n.getBoundingClientRect().right > innerWidth + 1 && n.checkVisibility() &&"
                          " !n.closest('thead')).map((n) => n.className || n.tagName)]")
        assert over[0] <= width and over[2:] == [], (route, over)
        assert browser.js("[...document.querySelectorAll('.nav a')].every((a) => a.checkVisibility())")


def test_the_keyboard_reaches_everything(filled, browser):
    signed_in(browser, filled, "#/rollouts", "Rollouts")
    browser.until_text(".rollout", "Rollout 1 ")
    browser("page", "reload")
    browser.until_text(".rollout", "Rollout 1 ")
    seen = []
    for _ in range(24):
        browser.press("Tab")
        if browser.js("document.activeElement === document.body"):  # past the last one
            break
        seen.append(browser.js("document.activeElement.ariaLabel || document.activeElement.innerText"))
        assert browser.js("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
    assert seen[0] == "Skip to content"
    for name in ("Overview", "Devices", "Rollouts", "Releases", "Sign out", "Pause rollout 1",
                 "Abort rollout 1"):
        assert any(name in text for text in seen), (name, seen)
    go(browser, "#/devices", "Devices")
    assert browser.js("document.activeElement.id") == "main"  # a new view is where one reads on


def test_the_skip_link_leads_past_the_navigation(filled, browser):
    signed_in(browser, filled)
    browser("page", "reload")
    browser.until_text("h1", "Overview")
    browser.press("Tab")
    browser.press("Enter")
    assert browser.js("document.activeElement.id") == "main"
    assert browser.js("location.hash") in ("", "#/")


def test_every_control_has_a_name(filled, browser):
    signed_in(browser, filled)
    for route, part in ROUTES.items():
        go(browser, route)
        browser.until_text(part, "")
        nameless = browser.js("[...document.querySelectorAll('a, button, input, select')].filter((n) =>"
                              " n.checkVisibility() && !(n.ariaLabel || n.innerText.trim() ||"
                              " n.labels?.length)).map((n) => n.outerHTML)")
        assert nameless == [], route


def test_changes_move_nothing_else(filled, browser):
    device = filled.device("still-0")
    filled.device("still-1")
    signed_in(browser, filled, "#/devices?q=still", "Devices")
    until_row(browser, "still-1", "1.0.0")
    browser.js("window.shifts = []; new PerformanceObserver((list) => { for (const e of list.getEntries())"
               " shifts.push(e.value); }).observe({ type: 'layout-shift' })")
    place = "JSON.stringify(document.querySelector('tr[data-key=still-1]').getBoundingClientRect())"
    before = browser.js(place)
    filled.rollout("1.1.0", devices=["still-0"], error_threshold=100)
    device.offer()
    device.proceeds("downloading 5 %")
    until_row(browser, "still-0", "Downloading 5 %")
    device.fails("A long reason that says what to do. " * 12)
    until_row(browser, "still-0", "A long reason")
    assert browser.js(place) == before
    assert browser.js("shifts") == []


def test_times_age_while_one_looks(filled, browser):
    signed_in(browser, filled, "#/devices?q=demo-00", "Devices")
    until_row(browser, "demo-000", "1.1.0")
    ages = json.loads(browser.js("import('/format.js').then((f) => { f.setServerTime(1000000); return JSON.stringify("
                                 "[0, 1000000, 1000000 - 20, 1000000 - 61, 1000000 - 7200, 1000000 - 90000]"
                                 ".map(f.ago)); })"))
    assert ages == ["never", "just now", "20 sec. ago", "1 min. ago", "2 hr. ago", "yesterday"]
