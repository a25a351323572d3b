"""One message of the topic of events, read: what count_downloads.py does on the executors. Needs no Spark."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

VALUE_CHARACTERS = 10_000  # of an event that is set aside
MOST_BYTES = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?", re.ASCII)
# Why an event is set aside.
REASONS = {
    "value": "the message has no value",
    "json": "the value is no JSON object",
    "type": "type is neither upload nor download",
    "timestamp": "timestamp is no time as YYYY-MM-DD HH:MM:SS.ffffff, from 1970 on",
    "ahead": "timestamp is later than Kafka's own time of the message by more than --ahead",
    "info": "info is no JSON object as text",
    "owner_username": "info has no owner_username",
    "path": "info has no path",
    "downloader_username": "info of a download has no downloader_username",
    "size_bytes": "info has no size_bytes from 0 to 2^63-1",
}


# And of one that is whole, and came too late for its window.
LATE, LATE_REASON = "late", "its time is not after the watermark: it came later than --watermark"


class Event(NamedTuple):
    """`problem`: a key of REASONS, and all else is nothing; or nothing."""

    problem: str | None
    type: str | None = None
    micros: int | None = None  # since 1970
    size_bytes: int | None = None


def micros_of(text: Any) -> int | None:
    match = TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    *parts, fraction = match.groups()
    try:
        at = datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    return (at - EPOCH) // timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")) if at >= EPOCH else None


def json_object(text: Any) -> dict[str, Any] | None:
    """Strictly: NaN and its like, which Python takes, are no JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        found = json.loads(text.decode() if isinstance(text, bytes) else text, parse_constant=refuse)
    except (ValueError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def read_event(value: bytes | None, received_micros: int, ahead_micros: int) -> Event:
    """What a message says. A time that is far ahead would make every event after it late, so it is a problem too."""
    if not value:
        return Event("value")
    event = json_object(bytes(value))
    if event is None:
        return Event("json")
    if event.get("type") not in ("upload", "download"):
        return Event("type")
    micros = micros_of(event.get("timestamp"))
    if micros is None:
        return Event("timestamp")
    if micros > received_micros + ahead_micros:
        return Event("ahead")
    info = json_object(event["info"]) if isinstance(event.get("info"), str) else None
    if info is None:
        return Event("info")
    names = ["owner_username", "path"] + ["downloader_username"] * (event["type"] == "download")
    for name in names:
        if not is_name(info.get(name)):
            return Event(name)
    size = info.get("size_bytes")
    if type(size) is not int or not 0 <= size <= MOST_BYTES:  # not isinstance: True is no size
        return Event("size_bytes")
    return Event(None, event["type"], micros, size)


class Keeps(Enum):
    """Of which events the value goes on."""

    NONE, WRONG, ALL = range(3)


def arrow_reader(ahead_micros: int, keeps: Keeps) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """For mapInArrow: messages to events."""
    all_, wrong = keeps is Keeps.ALL, keeps is not Keeps.NONE  # an Enum would come to executors as another one

    def read(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            values, received = batch.column("value").to_pylist(), batch.column("received").to_pylist()
            events = [read_event(value, at, ahead_micros) for value, at in zip(values, received, strict=True)]
            shown = [(value or b"").decode(errors="replace")[:VALUE_CHARACTERS] if all_ or (wrong and event.problem) else None
                     for value, event in zip(values, events, strict=True)]
            yield pa.RecordBatch.from_pydict({
                **{name: batch.column(name) for name in ("topic", "partition", "offset", "event_id")},
                "problem": pa.array([event.problem for event in events], pa.string()),
                "type": pa.array([event.type for event in events], pa.string()),
                "micros": pa.array([event.micros for event in events], pa.int64()),
                "size_bytes": pa.array([event.size_bytes for event in events], pa.int64()),
                "value": pa.array(shown, pa.string())})

    return read
