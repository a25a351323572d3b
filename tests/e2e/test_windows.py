"""Downloads and bytes in windows of time: by what, who sees which, as they happen, made anew, on the command line."""

from __future__ import annotations

import csv
import http.client
import io
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person
from tests.server_process import LAKELIFT, cli, must

New = Callable[[], Person]
CONTENT = b"0123456789" * 10
FIGURES = ("downloads", "size_bytes", "uploads", "uploaded_bytes", "answers", "sent_bytes")


def windows(api: Api, token: str, query: str = "", path: str = "/analytics/windows") -> dict[str, Any]:
    """All of one page."""
    return api.ask("GET", f"{path}?limit=1000&{query}", token=token, expect=200).json


def figures(line: dict[str, Any]) -> tuple[int, ...]:
    """Of a line or a total."""
    return tuple(line[name] for name in FIGURES)


def summed(lines: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    """By name, over all windows."""
    sums: dict[str, tuple[int, ...]] = {}
    for line in lines:
        before = sums.get(line["name"], (0,) * len(FIGURES))
        sums[line["name"]] = tuple(a + b for a, b in zip(before, figures(line), strict=True))
    return sums


@pytest.fixture
def moved(new_person: New) -> tuple[Person, Person]:
    """Alice has two files; Bob has taken one of them whole and ten bytes of the other."""
    alice, bob = new_person(), new_person()
    for path in ("taken.csv", "begun.csv"):
        alice.put(path, CONTENT, expect=201)
        alice.act("grant", path, {"account": bob.name, "right": "read"}, expect=200)
    assert bob.get("taken.csv", owner=alice.name, expect=200).body == CONTENT
    assert bob.get("begun.csv", owner=alice.name, expect=206, Range="bytes=0-9").body == CONTENT[:10]
    # Who has the last byte may ask before the answer is over: what it moved is counted then.
    end = time.monotonic() + 30
    while windows(alice.api, alice.token)["total"]["answers"] < 2:
        assert time.monotonic() < end, "what was sent is not counted"
        time.sleep(0.01)
    return alice, bob


def test_by_everything(api: Api, admin_token: str, moved: tuple[Person, Person]) -> None:
    """Each download once, each byte that was sent; a part is none."""
    alice, bob = moved
    total = (1, 100, 2, 200, 2, 110)
    for by in ("total", "owner", "file", "person"):
        answer = windows(api, alice.token, f"by={by}")
        assert figures(answer["total"]) == total, by
        assert answer["source"] == "ledger" and answer["window_seconds"] == 300
    assert summed(windows(api, alice.token, "by=owner")["lines"]) == {alice.email: total}
    days = windows(api, alice.token, "by=owner&per=day")["lines"]
    assert summed(days) == {alice.email: total} and all(line["start"].endswith("T00:00:00.000000Z") for line in days)
    assert api.ask("GET", "/analytics/windows?per=week", token=alice.token, expect=400).json["errors"]["per"]
    assert summed(windows(api, alice.token, "by=file")["lines"]) == {
        f"{alice.name}/taken.csv": (1, 100, 1, 100, 1, 100),
        f"{alice.name}/begun.csv": (0, 0, 1, 100, 1, 10),
    }
    assert summed(windows(api, alice.token, "by=person")["lines"]) == {
        alice.email: (0, 0, 2, 200, 0, 0),
        bob.email: (1, 100, 0, 0, 2, 110),
    }
    assert windows(api, alice.token, "by=item")["lines"] == []
    everything = windows(api, admin_token, "by=file")["lines"]
    assert summed(everything)[f"{alice.name}/taken.csv"] == (1, 100, 1, 100, 1, 100)
    top = windows(api, alice.token, "by=file", "/analytics/top")["lines"]
    assert [(line["name"], line["downloads"], line["start"]) for line in top] == [(f"{alice.name}/taken.csv", 1, None), (f"{alice.name}/begun.csv", 0, None)]


def test_access(api: Api, admin_token: str, moved: tuple[Person, Person], new_person: New) -> None:
    """Who takes a file sees no figures of it; who has nothing to do with it sees nothing at all; administrators all."""
    alice, bob = moved
    eve = new_person()
    for person in (bob, eve):
        for by in ("total", "owner", "file", "item", "person"):
            answer = windows(api, person.token, f"by={by}")
            assert answer["lines"] == [] and figures(answer["total"]) == (0,) * 6, by
            assert alice.name not in json.dumps(answer)
    for path in ("/analytics/windows?source=stream", "/analytics/rebuild"):
        answer = api.ask("POST" if path.endswith("rebuild") else "GET", path, token=eve.token, expect=403)
        assert answer.json["@event"] == "ACCESS_DENIED"
    answer = api.ask("GET", "/analytics/windows?source=stream", token=admin_token, expect=409)
    assert answer.json["@event"] == "STREAM_NOT_CONFIGURED"
    names = summed(windows(api, admin_token, "by=owner")["lines"])
    assert alice.email in names and eve.email not in names


@contextmanager
def watching(api: Api, token: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """GET /analytics/live; gives the next event."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
    connection.request("GET", "/analytics/live", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")

    def following() -> dict[str, Any]:
        while True:
            line = answer.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    try:
        yield following
    finally:
        connection.close()


def until(event: Callable[[], dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event of which it holds."""
    for _ in range(60):
        told = event()
        if holds(told):
            return told
    raise AssertionError("it never came")


def test_live(api: Api, new_person: New) -> None:
    """A transfer is seen while it goes on, by its owner and by who takes it, and counted when it is over."""
    alice, bob, eve = new_person(), new_person(), new_person()
    size = 40_000_000
    alice.put("large.bin", b"x" * size, expect=201)
    alice.act("grant", "large.bin", {"account": bob.name, "right": "read"}, expect=200)
    with watching(api, alice.token) as event, watching(api, bob.token) as bobs, watching(api, eve.token) as eves:
        began = until(event, lambda told: told["window"]["uploads"] == 1)
        assert began["transfers"] == [] and began["@type"] == "live"
        taking = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
        taking.request("GET", bob.at("large.bin", alice.name), headers={"Authorization": f"Bearer {bob.token}"})
        answer = taking.getresponse()
        assert answer.read(100_000)  # and no more for a while: what the sockets hold is far less than the whole
        seen = until(event, lambda told: told["transfers"])["transfers"][0]
        assert (seen["name"], seen["person"], seen["size_bytes"]) == (f"{alice.name}/large.bin", bob.name, size)
        assert 0 < seen["sent_bytes"] < size
        assert until(bobs, lambda told: told["transfers"])["transfers"][0]["name"] == f"{alice.name}/large.bin"
        answer.read()
        taking.close()
        over = until(event, lambda told: not told["transfers"] and told["window"]["downloads"])
        assert over["window"]["size_bytes"] == over["window"]["sent_bytes"] == size
        first = eves()
        assert first["transfers"] == [] and first["window"]["downloads"] == first["window"]["uploads"] == 0


def test_rebuilt_they_are_the_same(api: Api, admin_token: str, moved: tuple[Person, Person]) -> None:
    """Out of the ledger alone; spending with them."""
    alice, _ = moved
    queries = [f"by={by}" for by in ("total", "owner", "file", "item", "person")]
    before = [windows(api, alice.token, query) for query in queries]
    spending = api.ask("GET", "/ledger/spending?by=person", token=admin_token, expect=200).json
    made = api.ask("POST", "/analytics/rebuild", token=admin_token, expect=200).json
    assert made["entries"] > 4
    assert [windows(api, alice.token, query) for query in queries] == before
    assert api.ask("GET", "/ledger/spending?by=person", token=admin_token, expect=200).json == spending


def test_the_last_window_in_the_metrics(api: Api) -> None:
    """Numbers, of whatever moved five minutes ago."""
    for name in ("lakelift_window_downloads", "lakelift_window_size_bytes"):
        assert api.server.metric(name) >= 0


def test_commands(api: Api, admin_token: str, moved: tuple[Person, Person]) -> None:
    """windows, top, rebuild, and --follow until Ctrl-C."""
    alice, bob = moved
    env = {"LAKELIFT_TOKEN": alice.token, "LAKELIFT_SERVER": api.server.address}
    lines = json.loads(must(cli("analytics", "windows", "--by", "file", "--output", "json", env=env)))
    assert summed(lines)[f"{alice.name}/taken.csv"] == (1, 100, 1, 100, 1, 100)
    table = must(cli("analytics", "windows", "--by", "person", env=env))
    assert bob.email in table and "total" in table
    top = list(csv.DictReader(io.StringIO(must(cli("analytics", "top", "--by", "person", "--output", "csv", env=env)))))
    assert [(line["person"], line["downloads"]) for line in top] == [(bob.email, "1"), (alice.email, "0")]
    assert int(must(cli("analytics", "rebuild", "--output", "id", env={**env, "LAKELIFT_TOKEN": admin_token}))) > 4
    command = [LAKELIFT, "analytics", "windows", "--by", "file", "--follow", "--output", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", **env}) as process:
        assert process.stdout
        first = [json.loads(process.stdout.readline()) for _ in lines]
        assert [line["name"] for line in first] == [line["name"] for line in lines]
        bob.get("begun.csv", owner=alice.name, expect=200)
        changed = json.loads(process.stdout.readline())
        assert changed["name"] == f"{alice.name}/begun.csv"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
