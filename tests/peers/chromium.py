"""tests/peers/browser/driver.mjs for Python: one real Chromium of the test's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "browser"


class Chromium:
    """`with Chromium() as browser: browser.open(address); browser.click("text=Sign in")`."""

    def __enter__(self) -> Chromium:
        self.process = subprocess.Popen(["node", FOLDER / "driver.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline() or '{"error": "the browser has ended"}')
        assert "error" not in answer, f"{answer['error']}\nat {answer.get('address')}\n{answer.get('text')}"
        return answer["value"]

    def _step(self, do: str, **step: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do} | step) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def fresh(self, **options: Any) -> None:
        """A browser without cookies."""
        self._step("fresh", options=options)

    def open(self, address: str) -> int:
        """Goes there; the status."""
        return self._step("open", address=address)

    def download(self, address: str) -> str | None:
        """Goes there; what the browser calls the file that it saves, nothing where it shows a page."""
        return self._step("download", address=address)

    def html(self, text: str) -> None:
        """A page of the test's own."""
        self._step("html", text=text)

    def fill(self, selector: str, text: str) -> None:
        """Sets a field."""
        self._step("fill", selector=selector, text=text)

    def type(self, selector: str, text: str) -> None:
        """Key by key."""
        self._step("type", selector=selector, text=text)

    def click(self, selector: str) -> None:
        """And waits for where it leads."""
        self._step("click", selector=selector)

    def wait(self, selector: str) -> None:
        """Until it is there."""
        self._step("wait", selector=selector)

    def text(self, selector: str = "body") -> str:
        """As a person sees it."""
        return self._step("text", selector=selector)

    def value(self, selector: str) -> str:
        """Of a field."""
        return self._step("value", selector=selector)

    def count(self, selector: str) -> int:
        """How many there are."""
        return self._step("count", selector=selector)

    def address(self) -> str:
        """Where it is."""
        return self._step("address")

    def screenshot(self, path: Path) -> None:
        """Of the whole page."""
        self._step("screenshot", path=str(path))

    def errors(self) -> list[str]:
        """What the console, the pages and dialogs said since fresh()."""
        return self._step("errors")
