"""A real Chromium, headless, driven over a pipe in its own protocol (DevTools): no driver, no port, no other package.

Source: Chrome DevTools Protocol; ``--remote-debugging-pipe`` reads messages on descriptor 3 and writes them on 4, each
ended by a NUL byte.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S: Final = 60.0  # a fault must not hang the run; nothing is measured
_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


def program() -> str | None:
    """Path of the browser of this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class PageFault(AssertionError):
    """The page did not do what was asked of it."""


class Chromium:
    """One browser."""

    def __init__(self, process: subprocess.Popen[bytes], to_it: int, from_it: int) -> None:
        self._process = process
        self._to_it = to_it
        self._from_it = from_it
        self._unread = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str = "", **params: Any) -> Any:
        """Result of one command."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to_it, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise PageFault(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer)

    def page(self, width: int = 1280, height: int = 900, *, script: bool = True) -> Page:
        """A new page, empty."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            page.ask(f"{domain}.enable")
        page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if not script:
            page.ask("Emulation.setScriptExecutionDisabled", value=True)
        return page

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from_it], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(self._from_it, 1 << 16) if ready else b""
            if not piece:
                raise PageFault("the browser does not answer")
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Page:
    """One page of it, as a person uses it."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target

    def close(self) -> None:
        """Closes it."""
        self._browser.ask("Target.closeTarget", targetId=self._target)

    def ask(self, method: str, **params: Any) -> Any:
        """Result of one command of this page."""
        return self._browser.ask(method, self._session, **params)

    def open(self, url: str) -> None:
        """Goes to `url`, and waits until the page is there."""
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise PageFault(f"{expression}: {found['exceptionDetails'].get('text')}")
        return found["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits until the expression is true, through the pages that come in between."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if self.value(f"Boolean({expression})"):
                    return
            except PageFault:
                pass  # between two pages
            time.sleep(0.05)
        raise PageFault(f"never true: {expression}")

    def text(self, selector: str) -> str:
        """Words shown by the first element of a CSS selector."""
        return str(self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def leave_by(self, selector: str) -> None:
        """Clicks what leads to another page, and waits for it."""
        self.value("window.here = true")
        self.click(selector)
        self.until("!window.here && document.readyState === 'complete'")

    def click(self, selector: str) -> None:
        """Clicks in the middle of an element with the mouse, once it is in sight."""
        place = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Presses one key."""
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def fill(self, selector: str, words: str) -> None:
        """Puts `words` in a field."""
        self.value(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(words)}")

    def choose_file(self, selector: str, path: Path) -> None:
        """Chooses a file in a file field."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Picture of what is in sight, or of the whole page."""
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b64decode(taken["data"]))

    def frame(self) -> Page:
        """The sandboxed frame of the page, which the browser keeps apart like a page of its own."""
        (found,) = (
            one["targetId"]
            for one in self._browser.ask("Target.getTargets", filter=[{"type": "iframe"}])["targetInfos"]
            if one["parentId"] == self._target
        )
        session = self._browser.ask("Target.attachToTarget", targetId=found, flatten=True)["sessionId"]
        return Page(self._browser, session, found)

    def complaints(self) -> list[str]:
        """What the browser reproached the pages: refused styles and scripts, errors."""
        self.value("1")  # what is under way arrives first
        return [
            str(event["params"].get("entry", event["params"]).get("text"))
            for event in self._browser.events
            if event.get("sessionId") == self._session
            and event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")
        ]

    def accessibility(self) -> list[dict[str, Any]]:
        """Nodes that a screen reader is given."""
        nodes: list[dict[str, Any]] = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [node for node in nodes if not node.get("ignored")]


@contextmanager
def chromium(path: str, profile: Path) -> Iterator[Chromium]:
    """A browser with a profile of its own, ended at the end."""
    it_reads, to_it = os.pipe()
    from_it, it_writes = os.pipe()

    def take_descriptors() -> None:
        os.dup2(it_reads, 13)  # out of the way first: one of them may be 3 or 4
        os.dup2(it_writes, 14)
        os.dup2(13, 3)
        os.dup2(14, 4)

    process = subprocess.Popen(
        [path, *_OPTIONS, f"--user-data-dir={profile}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=take_descriptors,
        pass_fds=(3, 4),
    )
    os.close(it_reads)
    os.close(it_writes)
    browser = Chromium(process, to_it, from_it)
    try:
        yield browser
    finally:
        try:
            browser.ask("Browser.close")
            process.wait(PATIENCE_S)
        except (PageFault, OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        os.close(to_it)
        os.close(from_it)
