"""The power goes at any moment: images of the disk as it may be then, built from the recorded calls of a run, hold all that was
acknowledged before (threats D2, T3). And the record itself is held against strace's."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.crash_images import Disk, write_image
from tests.faults.disk_hook import DiskHook, Kind
from tests.faults.files_client import World, sha256
from tests.faults.files_model import OWNER, Tree, Worker, difference, finished_slice, judge_all
from tests.server_process import FULL_DOSE, Server

ACTIONS = 60
CUTS = 1_000_000 if FULL_DOSE else 50  # moments; of each, three images
IMAGES = 1_000 if FULL_DOSE else 100
WHOLE_EVERY = 50  # images between two with which a server is started
MEMORY = Path("/dev/shm")
FOLDER = "s"


def worker_of(world: World) -> Worker:
    return Worker(FOLDER, 5, finished_slice(world), sizes=(1, 700, 65_536, 300_000))


def tree_in(image: dict[str, bytes], place: Path) -> Tree:
    """What the database of an image says, each object read."""
    for name in ("lakelift.db", "lakelift.db-wal"):
        (place / name).write_bytes(image.get(name, b""))
    (place / "lakelift.db-shm").unlink(missing_ok=True)
    tree = Tree()
    database = sqlite3.connect(place / "lakelift.db")
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        mine = "JOIN accounts_accounts a ON a.id = owner_id WHERE a.username = ?"
        for path, kind, digest, key in database.execute(f"SELECT path, kind, sha256, object_key FROM files_nodes n {mine}", (OWNER,)):
            if kind == "folder":
                tree.folders.add(path)
            else:
                assert_object(image, key, digest, path)
                tree.files[path] = (digest, frozenset())
        for path, digest, key in database.execute(f"SELECT path, sha256, object_key FROM files_trash n {mine}", (OWNER,)):
            assert_object(image, key, digest, f"{path} in the trash")
            tree.trash[path, digest] += 1
        for path, who in database.execute(
            "SELECT n.path, b.username FROM files_grants g JOIN files_nodes n ON n.id = g.node_id "
            "JOIN accounts_accounts b ON b.id = g.grantee_id WHERE g.kind = 'account'"
        ):
            digest, readers = tree.files[path]
            tree.files[path] = (digest, readers | {who})
    finally:
        database.close()
    return tree


def assert_object(image: dict[str, bytes], key: str, digest: str, what: str) -> None:
    content = image.get(f"objects/{key[:2]}/{key[2:]}")
    assert content is not None, f"{what}: its object {key} is not there"
    assert sha256(content) == digest, f"{what}: its object {key} has {len(content)} bytes, which are others"


class Recorded:
    """A run: the folder before it, the calls, and what was there after each acknowledgement."""

    def __init__(self, folder: Path) -> None:
        """Runs it."""
        data = folder / "data"
        with Server(data) as server:
            world = World.made(server)
            self.worker = worker_of(world)
        self.base = folder / "base"
        shutil.copytree(data, self.base)
        self.hook = DiskHook(folder / "hook", data, log=True)
        server.env = self.hook.env
        self.trees = [Tree()]
        with server:
            client = world.client()
            for number in range(1, ACTIONS + 1):
                self.worker.once(client)
                self.hook.mark(number)
                self.trees.append(self.worker.tree)
            judge_all(world, [self.worker])
        self.world = world
        self.records = list(self.hook.records())

    def judge(self, image: dict[str, bytes], acknowledged: int, place: Path) -> None:
        """What was acknowledged then, or that and the next action."""
        found = tree_in(image, place)
        allowed = self.trees[acknowledged : acknowledged + 2]
        assert found in allowed, difference(found, allowed[0], None)

    def judge_whole(self, image: dict[str, bytes], acknowledged: int, place: Path) -> None:
        """The same with a server on it, which reads everything."""
        write_image(image, place)
        with Server(place) as server:
            world = World(server, self.world.tokens)
            worker = Worker(FOLDER, 0)
            worker.tree = self.trees[acknowledged]
            try:
                judge_all(world, [worker])
            except AssertionError:
                worker.tree = self.trees[min(acknowledged + 1, ACTIONS)]
                judge_all(world, [worker])
            assert client_can_go_on(world)
        shutil.rmtree(place)


def client_can_go_on(world: World) -> bool:
    client = world.client()
    return client.put(f"{OWNER}/new", b"new").status in {200, 201} and client.get(f"{OWNER}/new").body == b"new"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("images"))


def test_images_hold_what_was_acknowledged(recorded: Recorded, tmp_path: Path) -> None:
    dice = random.Random(3)
    records = recorded.records
    cuts = set(dice.sample(range(len(records)), min(CUTS, len(records))))
    disk = Disk(recorded.base)
    acknowledged = images = whole = different = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        for number, record in enumerate(records):
            disk.happen(record)
            if record.kind == Kind.MARK:
                acknowledged = record.offset
            if number not in cuts:
                continue
            made = disk.images(number)
            different += made["none"] != made["all"]
            for name, image in made.items():
                try:
                    if images % WHOLE_EVERY == WHOLE_EVERY - 1:
                        recorded.judge_whole(image, acknowledged, tmp_path / "whole")
                        whole += 1
                    recorded.judge(image, acknowledged, Path(place))
                except (AssertionError, sqlite3.Error) as error:
                    raise AssertionError(f"after call {number} of {len(records)} ({record.kind.name} {record.path}), {acknowledged} actions acknowledged, "
                                         f"of what was not synced: {name}: {error}") from error
                images += 1
    print(f"\n{ACTIONS} acknowledged actions, {len(records)} calls, {images:,} images in {time.monotonic() - began:.1f} s, {whole} of them with a server; "
          f"in {different} moments something was not yet synced: nothing lost")
    assert images >= IMAGES and whole >= images // WHOLE_EVERY and different > len(cuts) // 4


def test_an_end_without_crash_is_the_folder_itself(recorded: Recorded) -> None:
    """The record leaves nothing out: what it builds at its end is what lies there."""
    disk = Disk(recorded.base)
    for record in recorded.records:
        disk.happen(record)
    data = recorded.hook.data
    there = {p.relative_to(data).as_posix(): p.read_bytes() for p in data.rglob("*") if p.is_file() and not p.name.endswith("-shm")}
    built = disk.image(lambda: True)
    assert sorted(built) == sorted(there)
    assert [name for name in built if built[name] != there[name]] == []


# --- the record beside strace's ---------------------------------------------------------------------------------------

CALLS = {
    "write": Kind.WRITE, "pwrite64": Kind.WRITE, "writev": Kind.WRITE, "pwritev": Kind.WRITE, "pwritev2": Kind.WRITE, "sendfile": Kind.WRITE,
    "splice": Kind.WRITE, "copy_file_range": Kind.WRITE, "fsync": Kind.SYNC, "fdatasync": Kind.SYNC, "sync_file_range": Kind.SYNC,
    "rename": Kind.RENAME, "renameat": Kind.RENAME, "renameat2": Kind.RENAME, "link": Kind.LINK, "linkat": Kind.LINK,
    "unlink": Kind.UNLINK, "unlinkat": Kind.UNLINK, "ftruncate": Kind.TRUNCATE, "fallocate": Kind.TRUNCATE, "mkdir": Kind.MKDIR,
    "mkdirat": Kind.MKDIR, "rmdir": Kind.RMDIR,
}


def calls_of_strace(text: str, data: Path) -> Counter[Kind]:
    """Calls that succeeded on what lies in the folder; a line is "PID call(args) = result", its descriptors told with their paths."""
    found: Counter[Kind] = Counter()
    begun: dict[str, str] = {}
    for line in text.splitlines():
        pid, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>")
            continue
        if match := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            rest = begun.pop(pid, "") + match[1]
        match = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", rest)
        if not match or match[1] not in CALLS or int(match[3]) < 0:
            continue
        # The first descriptor or path says where; of what is moved between two descriptors, the one that is written.
        if str(data) in match[2] and "-shm" not in match[2] and not (match[1] == "sendfile" and "socket:" in match[2].split(",")[0]):
            found[CALLS[match[1]]] += 1
    return found


def test_the_record_is_what_strace_sees(tmp_path: Path) -> None:
    data = tmp_path / "data"
    hook = DiskHook(tmp_path / "hook", data, log=True)
    trace = tmp_path / "trace"
    with Server(data, env=hook.env) as server:
        world = World.made(server)
        worker = worker_of(world)
        client = world.client()
        worker.once(client)
        strace = subprocess.Popen(["strace", "-f", "-y", "-s", "0", "-o", trace, "-e", "trace=" + ",".join(CALLS), "-p", str(server.pid)],
                                  stderr=subprocess.PIPE, text=True)
        assert strace.stderr
        assert "attached" in strace.stderr.readline()
        hook.mark(1)
        for _ in range(30):
            worker.once(client)
        hook.mark(2)
        strace.terminate()
        strace.communicate(timeout=30)
    records = list(hook.records())
    marks = [i for i, r in enumerate(records) if r.kind == Kind.MARK]
    mine = Counter(r.kind for r in records[marks[0] + 1 : marks[1]] if r.kind in set(CALLS.values()))
    theirs = calls_of_strace(trace.read_text(), data)
    print(f"\nrecorded {dict(mine)}")
    # What the server does by itself may fall on an edge of the time.
    for kind in set(mine) | set(theirs):
        assert abs(mine[kind] - theirs[kind]) <= 2, f"{kind.name}: {mine[kind]} recorded, strace saw {theirs[kind]}"
    assert mine[Kind.WRITE] > 30 and mine[Kind.SYNC] > 30
