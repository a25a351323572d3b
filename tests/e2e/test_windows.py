"""Downloads and bytes in windows of time: by what, who sees which, as they happen, made anew, on the command line."""

from __future__ import annotations

import csv
import http.client
import io
import json
import math
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.files_api import Person
from tests.server_process import LAKELIFT, Server, cli, must

pytestmark = pytest.mark.usefixtures("within_a_slot")
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


def test_who_took_what(api: Api, admin_token: str, moved: tuple[Person, Person]) -> None:
    """Of one file, by person; for its owner and administrators. To others it is as what is not there."""
    alice, bob = moved
    file = f"file={quote(alice.name)}/taken.csv"
    expected = {alice.email: (0, 0, 1, 100, 0, 0), bob.email: (1, 100, 0, 0, 1, 100)}
    for token in (alice.token, admin_token):
        for path in ("/analytics/windows", "/analytics/top"):
            answer = windows(api, token, f"by=person&{file}", path)
            assert summed(answer["lines"]) == expected and figures(answer["total"]) == (1, 100, 1, 100, 1, 100)
    by_bob = summed(windows(api, alice.token, f"by=file&person={quote(bob.name)}")["lines"])
    assert by_bob == {f"{alice.name}/taken.csv": (1, 100, 0, 0, 1, 100), f"{alice.name}/begun.csv": (0, 0, 0, 0, 1, 10)}
    nothing = windows(api, bob.token, f"by=person&file={quote(alice.name)}/nothing.csv")
    assert nothing["lines"] == [] and windows(api, bob.token, f"by=person&{file}") == nothing


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
    for name in ("lakelift_window_downloads", "lakelift_window_size_bytes", "lakelift_window_malformed_entries"):
        assert api.server.metric(name) >= 0


def test_commands(api: Api, admin_token: str, moved: tuple[Person, Person]) -> None:
    """windows, top, rebuild, and --follow until Ctrl-C."""
    alice, bob = moved
    env = {"LAKELIFT_TOKEN": alice.token, "LAKELIFT_SERVER": api.server.address}
    lines = json.loads(must(cli("analytics", "windows", "--by", "file", "--output", "json", env=env)))
    assert summed(lines)[f"{alice.name}/taken.csv"] == (1, 100, 1, 100, 1, 100)
    table = must(cli("analytics", "windows", "--by", "person", env=env))
    assert bob.email in table and "total" in table
    taken = json.loads(must(cli("analytics", "windows", "--file", "taken.csv", "--by", "person", "--output", "json", env=env)))
    assert summed(taken) == {alice.email: (0, 0, 1, 100, 0, 0), bob.email: (1, 100, 0, 0, 1, 100)}
    top = list(csv.DictReader(io.StringIO(must(cli("analytics", "top", "--by", "person", "--output", "csv", env=env)))))
    assert [(line["person"], line["downloads"]) for line in top] == [(bob.email, "1"), (alice.email, "0")]
    assert int(must(cli("analytics", "rebuild", "--output", "id", env={**env, "LAKELIFT_TOKEN": admin_token}))) > 4
    for what, count in (("windows", len(lines)), ("top", 2)):
        command = [LAKELIFT, "analytics", what, "--by", "file", "--follow", "--output", "jsonl"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", **env}) as process:
            assert process.stdout
            first = [json.loads(process.stdout.readline()) for _ in range(count)]
            assert {line["name"] for line in first} == {f"{alice.name}/begun.csv", f"{alice.name}/taken.csv"}
            bob.get("begun.csv", owner=alice.name, expect=200)
            changed = json.loads(process.stdout.readline())
            assert changed["name"] == f"{alice.name}/begun.csv"
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130


SEED = """
WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)
INSERT INTO ledger (id, at, kind, actor, subject_kind, subject_id, object, bytes, detail)
SELECT 'seed ' || i, 1795780800000000 + i, 'download', 1, 'file', '7', '0f', 1,
  '{"owner":"alice","path":"a.csv","size_bytes":1,"person":"alice","session":"s"}' FROM number
"""


def test_a_large_ledger_holds_up_neither_a_scrape_nor_a_stop(tmp_path: Path) -> None:
    """Both meet the windows while they are being made; whoever reads after the start has all of it."""
    entries = 400_000
    with Server(tmp_path / "data") as server:
        admin = server.account("admin@windows.test", "ADMIN")
        server.stop()
        with sqlite3.connect(server.data / "lakelift.db") as database:
            database.execute(SEED, (entries,))
        database.close()
        server.start()
        assert math.isnan(server.metric("lakelift_window_downloads"))
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(server.ask, "POST", "/analytics/rebuild", None, admin)
            end = time.monotonic() + 60
            while not 0 < windows_seq(server) < entries:
                assert not made.done() and time.monotonic() < end, "it was not seen while it went on"
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 30
            assert 0 < windows_seq(server) < entries, "it was waited for"
            if made.exception() is None:  # the connection may have been closed by then
                assert made.result().status == 503 and made.result().json["@event"] == "WINDOWS_BEING_MADE"
        server.start()
        total = server.ask("GET", "/analytics/windows?from=2026-11-27T12:00:00Z&to=2026-11-27T12:05:00Z", token=admin, timeout=300).json["total"]
        assert total["downloads"] == entries
        assert server.metric("lakelift_window_malformed_entries") == 0


def windows_seq(server: Server) -> int:
    """How far the windows go in the ledger; -1: nowhere."""
    with sqlite3.connect(f"file:{server.data}/lakelift.db?mode=ro", uri=True) as database:
        row = database.execute("SELECT seq FROM analytics_progress WHERE view = 'windows'").fetchone()
    database.close()
    return row[0] if row else -1
