"""Reads tests/cases/windows: events, borders of micro-batches, and the windows that are expected (its README.md has the format)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "cases/windows"


@dataclass(frozen=True)
class Message:
    """What goes to Kafka."""

    id: str
    key: str
    value: str


@dataclass
class Case:
    name: str
    window_seconds: int = 0
    watermark_seconds: int = 0
    batches: list[list[Message]] = field(default_factory=lambda: [[]])
    expected: dict[datetime, tuple[int, int]] = field(default_factory=dict)  # start → downloads, bytes
    expected_in_process: dict[datetime, tuple[int, int]] = field(default_factory=dict)  # instead, of those starts
    late: list[str] = field(default_factory=list)
    malformed: int = 0
    repeated: int = 0  # deliveries of a download that came before


def time_of(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def event_value(kind: str, owner: str, path: str, size_bytes: int, person: str, at: datetime) -> str:
    """As docs/events.md says."""
    info: dict[str, object] = {"owner_username": owner, "path": path, "size_bytes": size_bytes}
    if kind == "download":
        info |= {"downloader_username": person, "bytes_sent": size_bytes}
    return json.dumps({"type": kind, "info": json.dumps(info), "timestamp": at.strftime("%Y-%m-%d %H:%M:%S.%f")})


def read_case(name: str, text: str) -> Case:
    case = Case(name)
    sent: dict[str, Message] = {}
    downloads: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        word, *words = line.split(" ")
        batch = case.batches[-1]
        if not line.strip() or line.startswith("#"):
            continue
        if word == "window":
            case.window_seconds = int(*words)
        elif word == "watermark":
            case.watermark_seconds = int(*words)
        elif word == "event":
            id_, kind, owner, path, size, person, at = words
            assert id_ not in sent, f"{name}:{number}: {id_} is there already"
            sent[id_] = Message(id_, f"{owner}/{path}", event_value(kind, owner, path, int(size), person, time_of(at)))
            downloads |= {id_} if kind == "download" else set()
            batch.append(sent[id_])
        elif word == "again":
            batch.append(sent[words[0]])
            case.repeated += words[0] in downloads
        elif word == "malformed":
            case.malformed += 1
            batch.append(Message(f"malformed-{case.malformed}", "", line.removeprefix("malformed ")))
        elif word == "--":
            case.batches.append([])
        elif word in ("expect", "expect-in-process"):
            start, count, size = words
            (case.expected if word == "expect" else case.expected_in_process)[time_of(start)] = (int(count), int(size))
        elif word == "late":
            assert words[0] in sent, f"{name}:{number}: {words[0]} never came"
            case.late.append(words[0])
        else:
            assert word == "renamed", f"{name}:{number}: what is '{word}'?"
    assert case.window_seconds > 0 and case.watermark_seconds >= 0, f"{name}: no window or watermark"
    return case


def cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.txt")):
        yield read_case(file.stem, file.read_text(encoding="utf-8"))
