"""A consumer of the topic, written from the contract alone (LiftBit's "Events"): it knows nothing of ours."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)


@dataclass(frozen=True)
class FileEvent:
    type: str
    owner_username: str
    path: str
    size_bytes: int
    downloader_username: str | None
    timestamp: datetime


def understand(value: str) -> FileEvent:
    """The event of a message. Raises where it is not what the contract says."""
    event = json.loads(value)
    if event["type"] not in {"upload", "download"}:
        raise ValueError(f"unknown type {event['type']!r}")
    if not isinstance(event["info"], str):
        raise TypeError("info is JSON as text")
    info = json.loads(event["info"])
    owner, path, size = info["owner_username"], info["path"], info["size_bytes"]
    downloader = info["downloader_username"] if event["type"] == "download" else None
    if not (isinstance(owner, str) and owner and isinstance(path, str) and path and type(size) is int and size >= 0):
        raise ValueError(f"no whole info: {info}")
    return FileEvent(event["type"], owner, path, size, downloader, datetime.strptime(event["timestamp"], "%Y-%m-%d %H:%M:%S.%f"))


def windows(values: Iterable[str]) -> dict[datetime, tuple[int, int]]:
    """ "Number of downloads" and "Total size (in bytes)" by the start of each window of five minutes, as today's job counts them."""
    found: dict[datetime, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for event in map(understand, values):
        if event.type == "download":
            start = event.timestamp - (event.timestamp - datetime.min) % WINDOW
            count, size = found[start]
            found[start] = (count + 1, size + event.size_bytes)
    return dict(found)
