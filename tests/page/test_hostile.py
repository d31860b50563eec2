# SPDX-License-Identifier: Apache-2.0
"""What devices and releases say is shown as text, whatever it is; and nothing but our own files
runs in the page."""
import pathlib
import re

import pytest

from test_page import go, signed_in

PAGE = pathlib.Path(__file__).resolve().parents[2] / "apps/server/page"
NASTY = ["<img src=x onerror='window.hacked=1'>", "<script>window.hacked=1</script>",
         "javascript:window.hacked=1", "\"><svg onload=window.hacked=1>", "${window.hacked=1}",
         "</td></tr></table><h1>owned</h1>"]


@pytest.fixture
def hostile(fleet):
    everything = " ".join(NASTY)
    fleet.notes = everything
    fleet.publish("1.0.0")
    fleet.publish("1.1.0")
    device = fleet.device("demo-evil", "1.0.0", **{text[:60]: text for text in NASTY})
    fleet.rollout("1.1.0", all=True, error_threshold=100, success_threshold=0)
    device.offer()
    device.fails(everything)
    return fleet


def test_nothing_that_a_device_says_becomes_markup(hostile, browser):
    signed_in(browser, hostile)
    for route, where in [("#/", ".trouble"), ("#/devices", "tbody tr"), ("#/devices/demo-evil", ".entry"),
                         ("#/devices/demo-evil", ".attribute"), ("#/devices/demo-evil", ".why"),
                         ("#/releases", ".release")]:
        go(browser, route)
        for text in NASTY:
            browser.until_text(where, text[:60])
        assert browser.js("document.querySelectorAll('main img, main script, main h1').length") == 1
    go(browser, "#/rollouts")
    browser.until_text(".rollout", "1.1.0")
    assert browser.js("window.hacked") is None


@pytest.mark.parametrize("route", ["#/devices/%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E",
                                   "#/devices?q=%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E",
                                   "#/%3Cimg%20src%3Dx%3E", "#/devices/%", "#/devices/a/b",
                                   "#/devices?page=-1&state=constructor", "#/devices?page=1e99",
                                   "#__proto__", "#/constructor"])
def test_no_address_leads_to_harm(idle, browser, route):
    signed_in(browser, idle, route)
    browser.until("document.querySelector('main .empty:not([hidden])')")
    assert browser.js("window.hacked") is None
    assert browser.js("document.querySelectorAll('img').length") == 0
    assert all("404" in said for said in browser.complaints())


def test_the_browser_is_told_to_run_our_files_alone(idle, browser):
    browser.goto(idle.url)
    headers = browser.js("fetch('/').then((r) => Object.fromEntries(r.headers))")
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    browser.js("document.body.append(Object.assign(document.createElement('script'),"
               " { textContent: 'window.hacked = 1' }))")
    assert browser.js("window.hacked") is None
    assert "Content Security Policy" in " ".join(browser.complaints())


def test_every_file_of_the_page_is_served(idle, browser):
    for path in sorted(p for p in PAGE.rglob("*") if p.is_file()):
        answer = idle.call("GET", f"/{path.relative_to(PAGE)}", token=None)
        assert answer.status == 200 and answer.body == path.read_bytes(), path


@pytest.mark.parametrize("path", sorted(PAGE.rglob("*.js")), ids=lambda p: str(p.relative_to(PAGE)))
def test_the_code_has_no_way_to_make_markup_of_text(path):
    text = path.read_text()
    for way in (r"innerHTML", r"outerHTML", r"insertAdjacentHTML", r"document\.write", r"\beval\(",
                r"new Function", r"DOMParser", r"createContextualFragment", r"setHTML", r"srcdoc"):
        assert not re.search(way, text), way
    assert len(text.splitlines()) < 800


def test_the_markup_has_no_inline_code():
    text = (PAGE / "index.html").read_text()
    assert not re.search(r"\son\w+=|style=|<style|javascript:|https?://", text)
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.S) == [""]
