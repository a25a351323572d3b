"""What is counted of what is sent (docs/events.md), by the clients that people use; read from the ledger as it lies on the disk."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import socket
import sqlite3
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd
import pytest

from tests.e2e.contract_api import people_csv
from tests.e2e.files_api import raw
from tests.server_process import Server

RANGES = 40
pytestmark = pytest.mark.usefixtures("within_a_slot")
# More than the two sockets between a client that does not read and the server hold.
LARGE = 64 * 1024 * 1024


@dataclass
class Entry:
    """One `transfer` or `download` of the ledger."""

    kind: str
    actor: int
    subject_kind: str
    subject_id: str
    bytes: int
    at: int
    detail: dict[str, Any]


def entries_in(data: Path, kind: str, path: str) -> list[Entry]:
    """Of what is called so, oldest first."""
    with sqlite3.connect(f"file:{data}/lakelift.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT kind, actor, subject_kind, subject_id, bytes, at, detail FROM ledger WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    found = [Entry(*row[:6], json.loads(row[6])) for row in rows]
    return [entry for entry in found if entry.detail["path"] == path]


@dataclass
class Person:
    """An account of the server, and its token."""

    server: Server
    name: str
    token: str

    def address(self, path: str, owner: str | None = None) -> str:
        """Of a file."""
        return f"/files/{quote(owner or self.name)}/{quote(path)}"

    def put(self, path: str, content: bytes) -> None:
        """Stores it."""
        assert raw(self.server, "PUT", self.address(path), content, self.token).status == 201

    def get(self, path: str, owner: str | None = None, method: str = "GET", **headers: str) -> bytes:
        """Header names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = raw(self.server, method, self.address(path, owner), None, self.token, sent)
        assert answer.status < 500
        return answer.body


@dataclass
class World:
    """A server on SQLite, with alice and bob."""

    server: Server
    alice: Person
    bob: Person

    def settle(self) -> None:
        """All that was sent until now is counted. Entries are committed in the order in which answers end, and a connection's next
        request is taken when its last answer's is."""
        end = time.monotonic() + 30
        while self.server.metric("lakelift_transfers_in_progress") > 0:
            assert time.monotonic() < end, "an answer goes on"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        for address in (self.alice.address("settle"), "/livez"):
            connection.request("GET", address, headers={"Authorization": f"Bearer {self.alice.token}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()

    def transfers(self, path: str) -> list[Entry]:
        """Its answers."""
        self.settle()
        return entries_in(self.server.data, "transfer", path)

    def downloads(self, path: str) -> list[Entry]:
        """Those who took it whole."""
        self.settle()
        return entries_in(self.server.data, "download", path)

    def wait_for_transfers(self, path: str, count: int) -> list[Entry]:
        """The end of one that was cut off is noticed by the server alone."""
        end = time.monotonic() + 30
        while len(found := self.transfers(path)) < count:
            assert time.monotonic() < end, f"{path}: {len(found)} of {count}"
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two people and their server."""
    with Server(tmp_path_factory.mktemp("transfers") / "data", ["--liftbit-open"]) as server:
        people = [Person(server, name, server.account(f"{name}@example.com")) for name in ("alice", "bob")]
        for person in people:
            person.name = server.ask("GET", "/accounts/me", token=person.token).json["username"]
        people[0].put("settle", b"")
        yield World(server, *people)


def pattern(size: int) -> bytes:
    """That is nowhere like itself."""
    block = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(4096))
    return (block * (size // len(block) + 1))[:size]


def cut_off(server: Server, address: str, token: str, bytes_read: int, **headers: str) -> None:
    """Reads so much of the answer, then is gone."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        lines = [f"GET {address} HTTP/1.1", "Host: a", f"Authorization: Bearer {token}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        got = 0
        while got < bytes_read:
            piece = client.recv(65536)
            assert piece
            got += len(piece)


def test_curl_in_forty_ranges(world: World, tmp_path: Path) -> None:
    """As download managers do: forty calls, on one connection and on many; one download."""
    content = pattern(4_000_000)
    world.alice.put("ranges.bin", content)
    step = len(content) // RANGES
    out = tmp_path / "parts"
    out.mkdir()
    lines = []
    for i in range(RANGES):
        lines += [
            f'url = "{world.server.address}{world.alice.address("ranges.bin")}"',
            f'output = "{out}/{i:02}"',
            f'range = "{i * step}-{(i + 1) * step - 1}"',
            f'header = "Authorization: Bearer {world.alice.token}"',
            "next",
        ]
    config = tmp_path / "curl.conf"
    config.write_text("\n".join(lines[:-1]) + "\n")
    subprocess.run(["curl", "-sS", "--fail", "--parallel", "--parallel-max", "8", "--config", config], check=True, timeout=120)
    assert b"".join(part.read_bytes() for part in sorted(out.iterdir())) == content
    transfers = world.transfers("ranges.bin")
    assert [entry.bytes for entry in transfers] == [step] * RANGES
    assert len({entry.detail["session"] for entry in transfers}) == 1
    [download] = world.downloads("ranges.bin")
    assert download.bytes == len(content) and download.detail["size_bytes"] == len(content)
    assert download.detail["owner"] == "alice" and download.detail["person"] == "alice"
    assert download.at == max(entry.at for entry in transfers)


def test_several_ranges_of_one_answer(world: World) -> None:
    """Without the boundaries between them."""
    world.alice.put("several.bin", pattern(100_000))
    world.alice.get("several.bin", Range="bytes=0-49999,60000-69999")
    assert [entry.bytes for entry in world.transfers("several.bin")] == [60_000]
    assert not world.downloads("several.bin")
    world.alice.get("several.bin", Range="bytes=50000-59999,70000-")
    [download] = world.downloads("several.bin")
    assert download.bytes == 100_000


def test_cut_off_at_half_and_resumed(world: World, tmp_path: Path) -> None:
    """Cut off: its bytes are told, it is none. Resumed by curl from what came: one."""
    content = pattern(LARGE)
    world.alice.put("large.bin", content)
    address = world.alice.address("large.bin")
    cut_off(world.server, address, world.alice.token, LARGE // 2)
    [first] = world.wait_for_transfers("large.bin", 1)
    assert LARGE // 2 - 1024 <= first.bytes < LARGE, "what was still on its way is sent too"
    assert not world.downloads("large.bin")
    part = tmp_path / "large.bin"
    part.write_bytes(content[: LARGE // 2])
    subprocess.run(
        ["curl", "-sS", "--fail", "-C", "-", "-o", part, "-H", f"Authorization: Bearer {world.alice.token}", world.server.address + address],
        check=True,
        timeout=120,
    )
    assert part.read_bytes() == content
    [download] = world.downloads("large.bin")
    second = world.transfers("large.bin")[1]
    assert second.bytes == LARGE // 2 and second.detail["session"] == first.detail["session"]
    assert download.detail["size_bytes"] == LARGE and download.bytes == first.bytes + second.bytes


def test_answers_without_a_body(world: World) -> None:
    """HEAD, 304, 412, 416: nothing; of an empty file too, whose GET is a download."""
    for path, content in (("small.txt", b"some text"), ("empty.txt", b"")):
        world.alice.put(path, content)
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        for _ in range(3):
            world.alice.get(path, method="HEAD")
            world.alice.get(path, If_None_Match=tag)
        world.alice.get(path, If_Match='"other"')
        world.alice.get(path, Range="bytes=100-")
        if content:
            assert not world.transfers(path)
        before = len(world.downloads(path))
        world.alice.get(path)
        assert len(world.downloads(path)) == max(before, 1)
    assert len(world.transfers("small.txt")) == 1
    [empty] = world.downloads("empty.txt")
    assert empty.bytes == 0 and empty.detail["size_bytes"] == 0


def test_twice_in_a_row_and_by_two(world: World) -> None:
    """Within a slot one download a person, with the bytes of both; another's is another."""
    world.alice.put("shared.txt", b"0123456789")
    granted = raw(
        world.server,
        "POST",
        world.alice.address("shared.txt") + "?action=grant",
        json.dumps({"account": "bob", "right": "read"}).encode(),
        world.alice.token,
        {"Content-Type": "application/json"},
    )
    assert granted.status == 200, granted.body
    for _ in range(2):
        assert world.alice.get("shared.txt") == b"0123456789"
    assert world.bob.get("shared.txt", owner="alice") == b"0123456789"
    assert [entry.detail["person"] for entry in world.transfers("shared.txt")] == ["alice", "alice", "bob"]
    assert [(entry.detail["person"], entry.detail["owner"]) for entry in world.downloads("shared.txt")] == [("alice", "alice"), ("bob", "alice")]


def test_a_copy_is_counted_for_itself(world: World) -> None:
    """It has the file's stored object, and what is taken of one is not taken of the other."""
    content = pattern(100_000)
    for name in ("both", "halves"):
        world.alice.put(f"{name}.bin", content)
        body = json.dumps({"to": world.alice.address(f"{name}-copy.bin")}).encode()
        answer = raw(world.server, "POST", world.alice.address(f"{name}.bin") + "?action=copy", body, world.alice.token, {"Content-Type": "application/json"})
        assert answer.status == 201, answer.body
    for path in ("both.bin", "both-copy.bin"):
        assert world.alice.get(path) == content
    [download], [copy] = world.downloads("both.bin"), world.downloads("both-copy.bin")
    assert download.detail["session"] != copy.detail["session"] and download.subject_id != copy.subject_id
    world.alice.get("halves.bin", Range="bytes=0-49999")
    world.alice.get("halves-copy.bin", Range="bytes=50000-")
    assert [entry.bytes for path in ("halves.bin", "halves-copy.bin") for entry in world.transfers(path)] == [50_000, 50_000]
    assert not world.downloads("halves.bin") and not world.downloads("halves-copy.bin")
    world.alice.get("halves-copy.bin", Range="bytes=0-49999")
    assert not world.downloads("halves.bin")
    [download] = world.downloads("halves-copy.bin")
    assert download.bytes == 100_000


def test_the_next_request_of_a_connection_finds_it_counted(world: World) -> None:
    """A hundred downloads on one connection, each counted by the time that its next request is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=60)
    for i in range(100):
        if i % 10 == 0:
            world.alice.put(f"kept/{i // 10}.txt", b"text")
        connection.request("GET", world.alice.address(f"kept/{i // 10}.txt"), headers={"Authorization": f"Bearer {world.alice.token}"})
        assert connection.getresponse().read() == b"text"
        connection.request("GET", "/livez")
        connection.getresponse().read()
        assert len(entries_in(world.server.data, "transfer", f"kept/{i // 10}.txt")) == i % 10 + 1
    connection.close()
    assert all(len(world.downloads(f"kept/{i}.txt")) == 1 for i in range(10))


class RangedFile(io.RawIOBase):
    """A file at an address, read by ranges."""

    def __init__(self, server: Server, address: str) -> None:
        """HEAD tells the size."""
        super().__init__()
        self.server, self.address, self.at, self.calls = server, address, 0, 0
        self.size = int(server.ask("HEAD", address).headers["content-length"])

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do."""
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer: Any) -> int:
        """One call."""
        count = min(len(buffer), self.size - self.at)
        if count <= 0:
            return 0
        answer = self.server.ask("GET", self.address, headers={"Range": f"bytes={self.at}-{self.at + count - 1}"})
        assert answer.status == 206 and len(answer.body) == count
        buffer[:count] = answer.body
        self.at += count
        self.calls += 1
        return count


def test_pandas_reads_a_slice_by_its_signed_address(world: World, tmp_path: Path) -> None:
    """The footer first, then column by column; whole when all of it has gone. The person is the one for whom it was signed."""
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    item = world.server.add_item("lake.people", table)
    made = world.server.request(world.bob.token, item, ["id", "name", "score"])
    assert made.status in {200, 201}, made.body
    done = world.server.wait_done(world.bob.token, made.json["id"])
    address = done["download_uri"] + "?format=parquet"
    with RangedFile(world.server, address) as source:
        frame = pd.read_parquet(io.BufferedReader(source, 64))
        assert list(frame.columns) == ["id", "name", "score"] and len(frame) > 100
        assert source.calls > 1
        size = source.size
    name = f"slices/lake.people-{made.json['id']}.parquet"
    transfers = world.transfers(name)
    assert len(transfers) > 1 and {entry.detail["person"] for entry in transfers} == {"bob"}
    magic = world.server.ask("GET", address, headers={"Range": "bytes=0-3"})  # which pandas does not look at
    assert magic.body == b"PAR1"
    [download] = world.downloads(name)
    assert download.subject_kind == "download_request" and download.subject_id == str(made.json["id"])
    assert download.detail["owner"] == download.detail["person"] == "bob"
    assert download.detail["catalogue_item"] == item and download.detail["size_bytes"] == size
    assert len({entry.detail["session"] for entry in world.transfers(name)}) == 1


def test_liftbits_download_file(world: World) -> None:
    """POST /download_file of a script that has no token."""
    world.alice.put("liftbit.txt", b"from long ago")
    for path, query in (
        ("give_permission", {"username": "alice", "filename": "liftbit.txt", "other_username": "bob"}),
        ("download_file", {"username": "bob", "filename": "liftbit.txt", "owner": "alice"}),
    ):
        assert raw(world.server, "POST", f"/{path}?{urlencode(query)}").status == 200
    [download] = world.downloads("liftbit.txt")
    assert (download.detail["owner"], download.detail["person"]) == ("alice", "bob")


def test_the_call_that_moved_it(world: World) -> None:
    """Its trace is in the entries."""
    world.alice.put("traced.txt", b"text")
    trace = "0af7651916cd43dd8448eb211c80319c"
    world.alice.get("traced.txt", traceparent=f"00-{trace}-b7ad6b7169203331-01")
    assert [entry.detail["trace_id"] for entry in world.transfers("traced.txt") + world.downloads("traced.txt")] == [trace] * 2


def test_metrics(world: World) -> None:
    """Of this process."""
    names = ("lakelift_downloads_total", "lakelift_download_bytes_total", "lakelift_sent_bytes_total")
    world.alice.put("metrics.txt", b"0123456789")
    world.settle()
    before = [world.server.metric(name) for name in names]
    world.alice.get("metrics.txt")
    world.alice.get("metrics.txt")
    world.settle()
    after = [world.server.metric(name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 10, 20]
    assert world.server.metric("lakelift_transfers_in_progress") == 0
    assert world.server.metric("lakelift_transfer_commit_seconds_count") > 0
    assert world.server.metric("lakelift_transfers_lost_total") == 0


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_server_that_ends_has_counted_what_was_taken(tmp_path: Path, end: str) -> None:
    """kill -9 200 ms after the last byte came, and SIGTERM at once: nothing is lost; what was begun goes on after the start."""
    with Server(tmp_path / "data") as server:
        alice = Person(server, "alice", server.account("alice@example.com"))
        content = pattern(300_000)
        alice.put("a.bin", content)
        for round_number in range(3):
            path = f"{round_number}.bin"
            alice.put(path, content)
            taken: list[Callable[[], bytes]] = [lambda p=path: alice.get(p) for _ in range(5)]
            for take in taken:
                assert take() == content
            assert alice.get("a.bin", Range=f"bytes={round_number * 100_000}-{round_number * 100_000 + 99_999}")
            if end == "kill":
                time.sleep(0.2)
                server.kill()
            else:
                assert server.stop() == 0
            assert len(entries_in(server.data, "transfer", path)) == 5
            assert len(entries_in(server.data, "download", path)) == 1
            server.start()
        [download] = entries_in(server.data, "download", "a.bin")
        assert download.bytes == 300_000, "a third before each of three ends of the server"
