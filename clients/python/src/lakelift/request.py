"""Requests for slices: what one waits for, calls something, repeats, and has a receipt of."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelift.errors import LakeliftError
from lakelift.progress import Callback

if TYPE_CHECKING:
    import pandas as pd

    from lakelift.client import Client


class Request:
    """A slice that the account waits for. `Client.request` asks for one, `Client.requests` lists them.

    What it says is as of the last answer of the server; `refresh` asks again. Not threadsafe, as its client.
    """

    def __init__(self, client: Client, answer: dict[str, Any]) -> None:
        self._client = client
        self._answer = answer

    def __repr__(self) -> str:
        called = f" {self.name!r}" if self.name else ""
        stale = ", stale" if self.is_stale else ""
        return f"<lakelift.Request {self.id}{called} of {self.item_name}: {self.state}{stale}>"

    @property
    def id(self) -> int:
        return int(self._answer["id"])

    @property
    def state(self) -> str:
        """QUEUED, RUNNING, DONE, FAILED or CANCELLED."""
        return str(self._answer.get("state", ""))

    @property
    def item_name(self) -> str:
        return str(self._answer["catalogue_item"]["name"])

    @property
    def rows(self) -> int | None:
        return self._answer.get("rows")

    @property
    def name(self) -> str | None:
        """What the account calls it; nobody else sees it."""
        return self._answer.get("name")

    @property
    def note(self) -> str | None:
        return self._answer.get("note")

    @property
    def is_stale(self) -> bool:
        """The table has other data by now, or what was read is older than it may be: see `repeat`."""
        return bool(self._answer.get("is_stale"))

    def refresh(self) -> Request:
        self._answer = self._client._call("GET", self._path)
        return self

    def rename(self, name: str | None) -> Request:
        """None takes the name away."""
        return self._change({"name": name})

    def annotate(self, note: str | None) -> Request:
        """None takes the note away."""
        return self._change({"note": note})

    def repeat(self) -> Request:
        """The same slice of the data as they are now: this very request where nothing has changed."""
        return Request(self._client, self._client._call("POST", self._path + "/repeat", body={}))

    def leave(self) -> None:
        """Waits no more; the last one to leave ends the run."""
        self._client._call("DELETE", self._path)

    def receipt(self, to: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """What a paper can cite, signed: {"receipt", "signature"}; with `to` also in a file.

        `lakelift receipt verify FILE` checks it. Raises LakeliftError while the slice is not DONE.
        """
        answer = self._client._call("GET", self._path + "/receipt")
        signed = {key: answer[key] for key in ("receipt", "signature")}
        if to is not None:
            Path(to).write_bytes(canonical(signed) + b"\n")
        return signed

    def download(
        self,
        *,
        format: str | None = None,
        to: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
        callback: Callback | None = None,
    ) -> Path | pd.DataFrame:
        """As `Client.download`: waits for the run, then brings a DataFrame, or with `to` a file."""
        return self._client._deliver(
            self._client.item(int(self._answer["catalogue_item"]["id"])),
            lambda: self._answer,
            format=format,
            to=to,
            progress=progress,
            callback=callback,
        )

    @property
    def _path(self) -> str:
        return f"/downloader/requests/{self.id}"

    def _change(self, body: dict[str, Any]) -> Request:
        self._answer = self._client._call("PATCH", self._path, body=body)
        return self


def canonical(value: Any) -> bytes:
    """The text that a receipt's signature is over. Raises LakeliftError for numbers that are not whole."""
    def check(part: Any) -> None:
        if isinstance(part, float):
            raise LakeliftError("a receipt holds whole numbers alone", event="ANSWER_NOT_UNDERSTOOD")
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            check(inner)

    check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
