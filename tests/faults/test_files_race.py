"""Many at once on few names: what they were answered could have been answered one after another (threats F6, F8, F9, T16)."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.files_client import FilesClient, LineBroke, World, sha256
from tests.faults.linearizability import Operation, violations
from tests.server_process import BIN, FULL_DOSE, ROOT, Answer, Server

CLIENTS = 64
NAMES = [f"alice/shared/name{i}" for i in range(8)]
RUNS, SECONDS = (20, 10.0) if FULL_DOSE else (1, 5.0)
OPERATIONS = 5_000 if FULL_DOSE else 300  # of one run, at least
TSAN = ROOT / "build/tsan/bin/lakelift"
WHATS = ["get"] * 5 + ["read"] * 6 + ["put"] * 4 + ["create", "swap", "swap", "delete", "delete", "grant", "grant", "grant", "revoke", "revoke", "revoke"]
ID_BYTES = 16


def content_of(number: int, dice: random.Random) -> bytes:
    """Says in each of its pieces which one it is, so that a mix of two is seen."""
    return f"{number:0{ID_BYTES}x}".encode() * dice.choice([1, 1, 1, 3, 100, 5_000])


def id_of(body: bytes) -> str:
    piece = body[:ID_BYTES]
    assert piece and len(body) % ID_BYTES == 0 and body == piece * (len(body) // ID_BYTES), "a mix of several contents, or half of one"
    return piece.decode()


class Racer:
    """One client: asks at random, and writes down what it was answered and when."""

    def __init__(self, world: World, number: int, seed: int, seen: dict[str, str]) -> None:
        """`seen`: what anybody met last under a name; shared by all."""
        self.owner, self.readers = world.client(), {name: world.client(name) for name in ("bob", "carol")}
        self.dice = random.Random(seed * CLIENTS + number)
        self.numbers = iter(range(number, 1 << 40, CLIENTS))
        self.seen = seen
        self.history: list[Operation] = []

    def run(self, until: float, etags: dict[str, str]) -> None:
        """`etags`: digest by content; shared, each makes entries of its own."""
        while time.monotonic() < until:
            self.once(etags)

    def once(self, etags: dict[str, str]) -> None:
        name, what = self.dice.choice(NAMES), self.dice.choice(WHATS)
        if what == "swap":
            self.one(name, "get", etags)
        self.one(name, what, etags)

    def one(self, name: str, what: str, etags: dict[str, str]) -> None:
        content = expected = None
        who = self.dice.choice(sorted(self.readers)) if what in {"read", "grant", "revoke"} else None
        body = b""
        if what in {"put", "create", "swap"}:
            body = content_of(next(self.numbers), self.dice)
            content = id_of(body)
            etags[content] = sha256(body)
        if what == "swap":
            expected = self.seen.get(name)
            if expected is None:
                what = "put"
        begin = time.monotonic_ns()
        try:
            answer = self.ask(name, what, who, body, etags.get(expected or ""))
        except LineBroke:
            if what not in {"get", "read"}:
                self.history.append(Operation(name, what, begin, None, None, content, expected, who))
            return
        end = time.monotonic_ns()
        if what in {"get", "read"}:
            content = id_of(answer.body) if answer.status == 200 else None
            what = "get"
            if content is not None:
                assert answer.headers["etag"] == f'"{etags[content]}"', "the ETag is of these bytes"
        if content is not None and answer.status in {200, 201}:
            self.seen[name] = content
        assert answer.status in {200, 201, 404, 412}, answer
        self.history.append(Operation(name, what, begin, end, answer.status, content, expected, who))

    def ask(self, name: str, what: str, who: str | None, body: bytes, etag: str | None) -> Answer:
        client: FilesClient = self.owner
        match what:
            case "get":
                return client.get(name)
            case "read":
                return self.readers[who or ""].get(name)
            case "put":
                return client.put(name, body)
            case "create":
                return client.put(name, body, if_none_match="*")
            case "swap":
                return client.put(name, body, if_match=f'"{etag}"')
            case "delete":
                return client.delete(name)
            case "grant":
                return client.grant(name, who or "")
            case _:
                return client.revoke(name, who or "")


def race(world: World, seed: int, seconds: float) -> list[Operation]:
    """The history of one run, which begins with nothing there."""
    for name in NAMES:
        assert world.client().delete(name).status in {200, 404}
    seen: dict[str, str] = {}
    racers = [Racer(world, number, seed, seen) for number in range(CLIENTS)]
    etags: dict[str, str] = {}
    faults: list[BaseException] = []

    def run(racer: Racer) -> None:
        try:
            racer.run(until, etags)
        except BaseException as fault:
            faults.append(fault)

    until = time.monotonic() + seconds
    threads = [threading.Thread(target=run, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return [op for racer in racers for op in racer.history]


def judge(history: list[Operation], title: str) -> None:
    began = time.monotonic()
    wrong = violations(history)
    counts = Counter(f"{op.what} {op.status}" for op in history)
    print(f"\n{title}: {len(history):,} operations, {sum(op.end is None for op in history)} of unknown outcome, judged in "
          f"{time.monotonic() - began:.1f} s: {len(wrong)} violations; {dict(sorted(counts.items()))}")
    assert not wrong, "\n\n".join(wrong)
    for needed in ("put 200", "put 201", "swap 200", "swap 412", "delete 200", "grant 200", "revoke 200", "get 200", "get 404"):
        assert counts[needed] > 0, f"the run never met {needed}"


def test_histories_are_linearizable(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        world = World.made(server)
        for seed in range(RUNS):
            history = race(world, seed, SECONDS)
            judge(history, f"run {seed + 1} of {RUNS}, {CLIENTS} clients, {len(NAMES)} names")
            assert len(history) >= OPERATIONS
            assert world.client().drop("alice").status == 200


@pytest.mark.skipif(not FULL_DOSE, reason="builds the server once more; part of make test-full")
def test_the_race_on_a_thread_sanitizer_build(tmp_path: Path) -> None:
    """The same run; a report of ThreadSanitizer is a failure. `make test-full` has built it."""
    assert TSAN.exists(), "cmake --preset tsan && cmake --build --preset tsan"
    setarch = shutil.which("setarch")
    assert setarch
    reports = tmp_path / "tsan"
    reports.mkdir()
    options = f"halt_on_error=0 exitcode=0 second_deadlock_stack=1 log_path={reports}/report suppressions={ROOT / 'tests/faults/tsan.txt'}"
    # Its shadow memory has fixed places, which addresses chosen at random may take.
    server = Server(tmp_path / "data", ["--columnar-program", str(BIN / "lakelift-columnar")], env={"TSAN_OPTIONS": options},
                    program=[setarch, os.uname().machine, "-R", str(TSAN)])
    with server:
        maps = Path(f"/proc/{server.pid}/maps").read_text()
        assert "libtsan" in maps or subprocess.run(["grep", "-q", "__tsan_init", TSAN], check=False).returncode == 0, "it is that build"
        judge(race(World.made(server), 1, SECONDS), "ThreadSanitizer")
    found = [file.read_text() for file in reports.iterdir()]
    assert not found, found[0][:8000]
