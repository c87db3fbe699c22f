"""Headless Chromium, driven over its debugging pipe: no driver, no port, no request of its own.

Messages of the DevTools protocol are JSON, each ended by a NUL: commands go in at descriptor 3,
answers and events come out at descriptor 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.process import require

FLAGS = (
    "--headless",
    "--no-sandbox",  # root has no sandbox; the pages are the tests' own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
DESKTOP, PHONE = (1280, 900), (390, 844)
_APART = 10  # above the two descriptors that the browser wants


def _pipe() -> tuple[int, int]:
    """Return a pipe's two ends, clear of the descriptors that the browser wants."""
    ends = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _APART) for end in ends)
    for end in ends:
        os.close(end)
    return reading, writing


class Browser:
    """One process, with a new profile in `folder`; ended with the block."""

    def __init__(self, folder: Path) -> None:
        orders, self._orders = _pipe()
        self._answers, answers = _pipe()
        chromium = require("chromium", "chromium")
        wiring = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        command = ["bash", "-c", wiring, "bash", str(orders), str(answers)]
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}"],
                pass_fds=(orders, answers),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        for end in (orders, answers):
            os.close(end)
        self._pending = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: object, _trace: TracebackType | None
    ) -> None:
        self.call("Browser.close")
        self._process.wait()
        for end in (self._orders, self._answers):
            os.close(end)

    def call(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        """Return the result of one command; what happened before its answer is in `events`."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._orders, json.dumps(message).encode() + b"\0")
        answer = self.until(lambda said: said.get("id") == self._number)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message that is wanted; the others before it are kept as events."""
        while True:
            said = self._read()
            if wanted(said):
                return said
            self.events.append(said)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            more = os.read(self._answers, 1 << 20)
            assert more, "the browser ended"
            self._pending += more
        message, _, self._pending = self._pending.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        return said

    def open(self, url: str, **look: object) -> Page:
        """Return a new page at `url`, loaded."""
        return Page(self, url, **look)  # type: ignore[arg-type]


class Page:
    """One tab. `size` is in CSS pixels; `dark` and `media` are what the page is told it is shown on."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        media: str = "",
        scripts: bool = True,
    ) -> None:
        self._browser = browser
        made = browser.call("Target.createTarget", url="about:blank")
        self._target = made["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        browser.events.clear()
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=url)
        browser.events.append(
            browser.until(lambda said: said.get("method") == "Page.loadEventFired")
        )

    def close(self) -> None:
        """Close the tab."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the result of one command to this page."""
        return self._browser.call(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is awaited. The page's policy does not bind it."""
        done = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def events(self, method: str) -> list[dict[str, Any]]:
        """Return what has happened on this page of one kind."""
        self.run("1")
        said = (each for each in self._browser.events if each.get("sessionId") == self._session)
        return [each["params"] for each in said if each["method"] == method]

    def press(self, key: str, *, code: int = 0) -> None:
        """Press and release one key."""
        for kind in ("rawKeyDown", "char", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "char" else {}
            if kind != "char" or text:
                self.call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=key,
                    windowsVirtualKeyCode=code,
                    **text,
                )

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def paper(self) -> bytes:
        """Return the page as it is printed, PDF on A4."""
        done = self.call(
            "Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True
        )
        return base64.b64decode(done["data"])
