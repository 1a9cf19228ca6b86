# SPDX-License-Identifier: MIT
"""A headless Chromium that is driven over a pipe (the DevTools protocol), with nothing but Python's
standard library.

    with Browser() as browser:
        browser.open("file:///.../page.html")
        browser.evaluate("document.title")

Everything that the page says on the console, every error in it, every request that it makes and every
breach of its Content-Security-Policy is kept: `console`, `requests`, `violations`.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# As the browser is on every machine: no colour profile, no scaling, the same fonts' hinting.
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
           "--disable-extensions", "--disable-background-networking", "--disable-sync",
           "--disable-component-update", "--force-color-profile=srgb", "--font-render-hinting=none",
           "--force-device-scale-factor=1", "--remote-debugging-pipe"]


def program():
    """The browser's name; None where there is none."""
    return next((name for name in PROGRAMS if shutil.which(name)), None)


class Failed(Exception):
    pass


class Browser:
    def __init__(self, width=1200, height=900, seconds=60):
        self.seconds, self.number, self.left = seconds, 0, b""
        self.console, self.requests, self.violations, self.events = [], [], [], []
        self.size = (width, height)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="snap-browser.")
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def place():  # the browser reads commands from 3 and writes answers to 4
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program()] + OPTIONS + ["--user-data-dir=" + self.folder, "about:blank"],
            preexec_fn=place, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network", "Audits":
            self.send(domain + ".enable")
        self.resize(*self.size)
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.send("Browser.close")
            self.process.wait(10)
        except (Failed, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the protocol ----

    def receive(self, end):
        """The next message; None after the time `end`."""
        while b"\0" not in self.left:
            ready, _, _ = select.select([self.read_end], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            data = os.read(self.read_end, 1 << 20)
            if not data:
                raise Failed("the browser has ended")
            self.left += data
        message, self.left = self.left.split(b"\0", 1)
        return json.loads(message)

    def event(self, message):
        method, params = message.get("method"), message.get("params", {})
        self.events.append(method)
        if method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(x.get("value", x.get("description")))
                                         for x in params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(json.dumps(params["exceptionDetails"])[:1000])
        elif method == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Audits.issueAdded":
            self.violations.append(params["issue"]["code"])

    def send(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        end = time.monotonic() + self.seconds
        while True:
            answer = self.receive(end)
            if answer is None:
                raise Failed("%s: no answer" % method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.event(answer)

    def settle(self, seconds=0.2):
        """Takes what the page has to say for a while."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(end)
            if message is None:
                return
            self.event(message)

    # ---- pages ----

    def open(self, url):
        self.events.clear()
        self.send("Page.navigate", url=url)
        end = time.monotonic() + self.seconds
        while "Page.loadEventFired" not in self.events:
            message = self.receive(end)
            if message is None:
                raise Failed("%s does not load" % url)
            self.event(message)
        self.settle()

    def evaluate(self, expression):
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failed("%s: %s" % (expression, json.dumps(result["exceptionDetails"])[:1000]))
        return result["result"].get("value")

    def texts(self, selector):
        """What the elements show."""
        return self.evaluate("[...document.querySelectorAll(%s)].map((x) => x.textContent)"
                             % json.dumps(selector))

    def click(self, selector, number=0):
        """A press and release of the mouse in the middle of an element."""
        box = self.evaluate(
            "(() => { const x = document.querySelectorAll(%s)[%d]; if (!x) return null;"
            " x.scrollIntoView({ block: 'center' }); const r = x.getBoundingClientRect();"
            " return [r.left + r.width / 2, r.top + r.height / 2]; })()"
            % (json.dumps(selector), number))
        if box is None:
            raise Failed("there is no %s" % selector)
        for kind in "mousePressed", "mouseReleased":
            self.send("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                      clickCount=1)
        self.settle(0.05)

    def key(self, key, text=None, code=0):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "Backspace": 8}
        press = dict(key=key, code=key, windowsVirtualKeyCode=codes.get(key, code))
        if key == "Enter":
            text = "\r"
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                  **({"text": text} if text else {}), **press)
        self.send("Input.dispatchKeyEvent", type="keyUp", **press)
        self.settle(0.05)

    def type(self, text):
        self.send("Input.insertText", text=text)
        self.settle(0.3)

    # ---- looks ----

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def scheme(self, name, media=""):
        self.send("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": name}])

    def script(self, on):
        self.send("Emulation.setScriptExecutionDisabled", value=not on)

    def screenshot(self, path, clip=None):
        """Of what can be seen, or of a part of the page (x, y, width, height)."""
        params = {}
        if clip:
            params = {"clip": dict(zip(("x", "y", "width", "height"), clip), scale=1),
                      "captureBeyondViewport": True}
        data = self.send("Page.captureScreenshot", format="png", **params)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def box(self, selector):
        """Where an element is in the page: x, y, width, height."""
        return self.evaluate(
            "(() => { const r = document.querySelector(%s).getBoundingClientRect();"
            " return [r.left + scrollX, r.top + scrollY, r.width, r.height]; })()"
            % json.dumps(selector))

    def pdf(self, path):
        data = self.send("Page.printToPDF", printBackground=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
