"""What a download says while it takes its time: one bar a state, in a notebook or a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tqdm.auto import tqdm

# (state, done, total): QUEUED and RUNNING count rows, DOWNLOADING bytes; total is None while it is not known.
Callback = Callable[[str, int, int | None], None]


class Progress:
    def __init__(self, show: bool | None = None, callback: Callback | None = None) -> None:
        self._show = show if show is not None else not os.environ.get("LAKELIFT_DISABLE_PROGRESS")
        self._callback = callback
        self._state = ""
        self._bar: Any = None

    def update(self, state: str, done: int, total: int | None) -> None:
        if self._callback:
            self._callback(state, done, total)
        if not self._show:
            return
        if state != self._state:
            self.close()
            self._state = state
            is_bytes = state == "DOWNLOADING"
            self._bar = tqdm(
                desc=state.lower(),
                unit="B" if is_bytes else " rows",
                unit_scale=True,
                total=total,
                initial=done,
                leave=is_bytes,
            )
        if total and self._bar.total != total:
            self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        self._state = ""
