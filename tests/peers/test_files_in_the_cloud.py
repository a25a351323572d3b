"""Files whose content lies in S3 or Azure: a server that is killed, large files at once, and content that moves while it is used."""

from __future__ import annotations

import os
import random
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.files_client import LineBroke, World, objects_on_disk, sha256
from tests.faults.files_crash import acknowledged_by, assert_no_orphans, keys_of_postgresql, kill_again_and_again, sweep_and_stop
from tests.faults.files_streams import Streams
from tests.peers.azurite import Azurite
from tests.peers.postgresql import Postgresql
from tests.peers.s3 import REGION, S3, storage_flags
from tests.peers.wire import Call, Fault, Wire
from tests.server_process import FULL_DOSE, Server, cli, must, until

KILLS, ACKNOWLEDGED = (40, 400) if FULL_DOSE else (6, 40)
STREAMS, FILE_BYTES = (64, 200_000_000) if FULL_DOSE else (8, 50_000_000)
SERVER_MIB = 256
DAY = 86_400
MOVED_FILES = 300 if FULL_DOSE else 80
MOVED_LARGE_BYTES = 40_000_000
MOVE_SECONDS = 600


@pytest.fixture
def s3(request: pytest.FixtureRequest) -> Iterator[S3]:
    """One a test: its bucket is counted."""
    store = S3.of_this_run(request.node.name)
    yield store
    store.remove()


@pytest.fixture
def azurite(request: pytest.FixtureRequest) -> Iterator[Azurite]:
    store = Azurite.of_this_run(request.node.name)
    yield store
    store.remove()


def make_older(s3: S3, seconds: int) -> None:
    """What lies in the bucket, finished or not: its objects are plain files."""
    then = time.time() - seconds
    for folder, folders, files in os.walk(s3.folder / "data" / "lake"):
        for name in [*folders, *files]:
            os.utime(Path(folder, name), (then, then))


def test_kill_9_with_content_on_s3_and_metadata_on_postgresql(s3: S3, postgresql: Postgresql, tmp_path: Path) -> None:
    address = postgresql.database()
    with Server(tmp_path / "data", storage_flags("s3://lake/files", s3.address), s3.credentials | {"LAKELIFT_DATABASE": address}) as server:
        world = World.made(server)
        workers = kill_again_and_again(world, KILLS, ACKNOWLEDGED)
        assert acknowledged_by(workers) >= ACKNOWLEDGED
        # On a database that other servers may share, orphans and unfinished uploads are taken when they are a day old.
        make_older(s3, 2 * DAY)
        orphans = sweep_and_stop(world)
        objects = s3.objects(prefix="files/")
        assert_no_orphans(objects, keys_of_postgresql(postgresql, address))
        assert s3.unfinished() == []
        assert objects_on_disk(server.data) == {} and not list((server.data / "staging").iterdir())
        print(f"the sweep took {orphans} orphans; each of {len(objects)} objects in the bucket is referred to")


def test_large_files_go_to_s3_through_little_memory(s3: S3, tmp_path: Path) -> None:
    try:
        with Server(tmp_path / "data", storage_flags("s3://lake", s3.address), s3.credentials) as server:
            streams = Streams(World.made(server), STREAMS, FILE_BYTES)
            # An upload lies on the disk before it goes to the store, which keeps its parts until they are one object.
            needed = 3 * streams.needed_bytes
            free = shutil.disk_usage(tmp_path).free
            print(f"\n{free / 1e9:.0f} GB are free, {needed / 1e9:.1f} GB are needed")
            assert free > needed
            assert streams.run() <= SERVER_MIB
            assert s3.unfinished() == [] and objects_on_disk(server.data) == {}
    finally:
        shutil.rmtree(tmp_path, ignore_errors=True)


# --- content moves ------------------------------------------------------------------------------------------------------


@dataclass
class Load:
    """Reads what is there again and again, stores and deletes meanwhile; each answer is looked at."""

    world: World
    contents: dict[str, bytes]  # that stay
    folder: str = "meanwhile"  # of what comes
    is_rough: bool = False  # the server dies meanwhile: a line may break
    reads: int = 0
    broken: int = 0
    stored: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self) -> Load:
        self._stop, self._pool = threading.Event(), ThreadPoolExecutor(4)
        self._working: list[Future[None]] = [self._pool.submit(self._read, number) for number in range(3)] + [self._pool.submit(self._write)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for each in self._working:
            each.result()

    def _read(self, number: int) -> None:
        dice, client, paths = random.Random(number), self.world.client(), sorted(self.contents)
        while not self._stop.is_set():
            path = dice.choice(paths)
            try:
                answer = client.get(path)
            except LineBroke:
                assert self.is_rough, path
                self.broken += 1
                time.sleep(0.05)
                continue
            assert answer.status == 200, f"{path}: {answer.status} {answer.body[:300]!r}"
            assert sha256(answer.body) == sha256(self.contents[path]), f"{path} holds other bytes"
            self.reads += 1

    def _write(self) -> None:
        dice, client, number = random.Random(7), self.world.client(), 0
        while not self._stop.is_set():
            path, content, number = f"alice/{self.folder}/{number}", dice.randbytes(dice.choice((1, 3_000, 400_000))), number + 1
            try:
                assert client.put(path, content).status == 201
                self.stored[path] = content
                if number % 3 == 0:
                    assert client.delete(path).status in {200, 204}
                    del self.stored[path]
            except LineBroke:
                assert self.is_rough, path
                self.stored.pop(path, None)
                time.sleep(0.05)
            time.sleep(0.02)


def fill(world: World) -> dict[str, bytes]:
    dice, client = random.Random(11), world.client()
    contents = {f"alice/kept/{n}": dice.randbytes(dice.choice((1, 5_000, 200_000, 1_000_000))) for n in range(MOVED_FILES)}
    contents["alice/kept/large"] = dice.randbytes(MOVED_LARGE_BYTES)
    for path, content in contents.items():
        assert client.put(path, content).status == 201
    return contents


def assert_all_there(world: World, contents: dict[str, bytes]) -> None:
    client = world.client()
    for path, content in contents.items():
        answer = client.get(path)
        assert answer.status == 200 and answer.body == content, f"{path}: {answer.status}"


def moving(world: World) -> dict[str, Any]:
    answer = world.client("boss").call("GET", "/storage/move")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def start_move(world: World, to: str) -> None:
    answer = world.client("boss").ask("POST", "/storage/move", {"to": to})
    assert answer.status == 202, answer


def wait_moved(world: World, to: str) -> dict[str, Any]:
    end = time.monotonic() + MOVE_SECONDS
    while (state := moving(world))["state"] == "running":
        assert time.monotonic() < end, state
        time.sleep(0.05)
    assert state["to"] == to and not state["problems"], state
    return state


def azure_flags(azurite: Azurite) -> list[str]:
    return ["--azure-account", azurite.account, "--azure-endpoint", azurite.address]


PLACES = "disk,s3://lake/moved,azure://lake/moved"


def server_of_three(folder: Path, s3: S3, azurite: Azurite, s3_address: str = "") -> Server:
    flags = ["--storage", PLACES, "--s3-endpoint", s3_address or s3.address, "--s3-region", REGION, *azure_flags(azurite), "--trash-days", "0"]
    return Server(folder / "data", flags, s3.credentials | azurite.credentials)


def test_content_moves_from_the_disk_to_s3_to_azure_under_load(s3: S3, azurite: Azurite, tmp_path: Path) -> None:
    with server_of_three(tmp_path, s3, azurite) as server:
        world = World.made(server)
        contents = fill(world)
        assert len(objects_on_disk(server.data)) == len(contents) and not s3.objects()
        for to in ("s3://lake/moved", "azure://lake/moved"):
            began = time.monotonic()
            with Load(world, contents, to.partition(":")[0]) as load:
                if to.startswith("s3:"):
                    start_move(world, to)
                    state = wait_moved(world, to)
                else:  # as an operator does it
                    token = {"LAKELIFT_TOKEN": world.tokens["boss"], "LAKELIFT_URL": server.address}
                    must(cli("move-storage", "--to", to, "--wait", data=server.data, env=token, timeout=MOVE_SECONDS))
                    state = moving(world)
                seconds, before = time.monotonic() - began, load.reads
                # There are reads that come after it, and on a slow machine enough of all.
                until(lambda load=load, before=before: load.reads > before + 10 and len(load.stored) > 2, "nothing is read after the move")
            print(f"\nto {to}: {seconds:.1f} s, {state['objects']} objects, {state['bytes'] / 1e6:.0f} MB; meanwhile {load.reads} files read, "
                  f"{len(load.stored)} stored")
            contents |= load.stored
            assert_all_there(world, contents)
            assert world.client("boss").call("POST", "/storage/sweep").status == 200
            assert objects_on_disk(server.data) == {}
            assert (len(s3.objects()) == len(contents)) if to.startswith("s3:") else s3.objects() == {}
        assert s3.unfinished() == []
        # What comes now is stored there too, also by a server that is started anew.
        server.stop()
        server.start()
        assert world.client().put("alice/later", b"later").status == 201
        assert_all_there(world, contents | {"alice/later": b"later"})
        assert objects_on_disk(server.data) == {} and s3.objects() == {}


class Turnstile(Fault):
    """Calls wait until the test lets them through: what makes them can't get ahead of it."""

    def __init__(self) -> None:
        self._passes = threading.Semaphore(0)

    def let_through(self, count: int) -> None:
        self._passes.release(count)

    def begin(self, call: Call) -> None:
        self._passes.acquire()


def test_a_move_goes_on_after_a_crash(s3: S3, azurite: Azurite, tmp_path: Path) -> None:
    to = "s3://lake/moved"
    turnstile = Turnstile()
    with Wire(("127.0.0.1", s3.port)) as wire, server_of_three(tmp_path, s3, azurite, wire.address) as server:
        wire.break_with(turnstile, when=lambda call: call.operation in {"put", "finish"} and re.search(r"/[0-9a-f]{32}$", call.path) is not None)
        world = World.made(server)
        contents = fill(world)
        start_move(world, to)
        kills = []
        with Load(world, contents, is_rough=True) as load:
            for share in (0.1, 0.4, 0.7):
                end = time.monotonic() + MOVE_SECONDS
                while len(s3.objects()) < share * len(contents):
                    assert time.monotonic() < end, moving(world)
                    turnstile.let_through(2)
                    time.sleep(0.005)
                kills.append(len(s3.objects()))
                assert moving(world)["state"] == "running", "it was over before it was killed"
                server.kill()
                server.start()
            wire.mend()
            turnstile.let_through(1_000)
            if moving(world)["state"] != "running" and objects_on_disk(server.data):
                start_move(world, to)
            wait_moved(world, to)
        print(f"\nkilled with {kills} of {len(contents)} objects in the bucket; meanwhile {load.reads} files read, {load.broken} broken lines")
        assert max(kills) < len(contents), "it was over before it was killed"
        contents |= load.stored
        assert_all_there(world, contents)
        assert world.client("boss").call("POST", "/storage/sweep").status == 200
        assert objects_on_disk(server.data) == {} and s3.unfinished() == []
        there = len([entry for entry in world.client().tree("alice") if entry["kind"] == "file"])
        assert len(s3.objects()) == there
        assert not list((server.data / "staging").iterdir())
