# SPDX-License-Identifier: Apache-2.0
"""Chromium as pytest sees it: a driver in node does what is asked (driver.cjs)."""
import json
import os
import pathlib
import subprocess
import time

HERE = pathlib.Path(__file__).parent


class Browser:
    def __init__(self, log):
        self.log = log
        self.process = subprocess.Popen(["node", HERE / "driver.cjs"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=os.environ)

    def __call__(self, on, call=None, *args):
        self.process.stdin.write(json.dumps({"on": on, "call": call, "args": args}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the driver has ended"
        answer = json.loads(line)
        assert "error" not in answer, f"{call} on {on}: {answer['error']}"
        return answer.get("result")

    def open(self, **options):
        self("open", None, options)

    def goto(self, url):
        self("page", "goto", url)

    def js(self, expression):
        return self("page", "evaluate", expression)

    def until(self, expression, seconds=30):
        """Wait until the page finds this true."""
        end = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < end, (f"never true: {expression}; the page says: "
                                            f"{self.js('document.body.innerText')}")
            time.sleep(0.05)

    def until_text(self, selector, text, seconds=30):
        """Wait until something visible that matches has the text in it."""
        self.until(f"[...document.querySelectorAll({json.dumps(selector)})].some((n) => "
                   f"n.checkVisibility() && n.textContent.includes({json.dumps(text)}))", seconds)

    def texts(self, selector):
        return self(selector, "allInnerTexts")

    def click(self, selector):
        self(selector, "click")

    def fill(self, selector, text):
        self(selector, "fill", text)

    def press(self, key):
        self("keyboard", "press", key)

    def complaints(self):
        """Errors that the page logged since the last time."""
        return self("console", None)

    def picture(self, path, full=False):
        self("page", "screenshot", {"path": str(path), "fullPage": full})

    def sign_in(self, url, token):
        self.goto(url)
        self.fill("#token", token)
        self.press("Enter")
        self.until_text("h1", "Overview")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
