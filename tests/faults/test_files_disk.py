"""A full disk, and a disk that fails: no wrong success, reads go on, and what can come back comes back by itself (threats D3, D4, T4)."""

from __future__ import annotations

import errno
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk_hook import DiskHook, Kind, Mode
from tests.faults.files_client import FilesClient, World, sha256
from tests.faults.files_model import DONE, OWNER, Worker, judge_all, perform
from tests.server_process import FULL_DOSE, Server

MIB = 1 << 20
FAULTS, SYNC_FAULTS = (420, 80) if FULL_DOSE else (32, 8)
FAILED = {500, 503, 507}
BACK_SECONDS = 60
# A kind of call, and how it may fail.
WAYS = (
    [(Kind.WRITE, Mode.ERROR, code) for code in (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR)]
    + [(Kind.WRITE, Mode.SHORT, 0)] * 2
    + [(kind, Mode.ERROR, code) for kind in (Kind.CREATE, Kind.MKDIR, Kind.RENAME, Kind.UNLINK, Kind.TRUNCATE) for code in (errno.EIO, errno.ENOSPC)]
)


# --- a small disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB. Mounting needs root: without it this fails."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "lakelift-small-disk", place], check=True, timeout=30)
    yield place
    subprocess.run(["umount", "-l", place], check=True, timeout=30)


def fill(client: FilesClient, size: int, dice: random.Random, there: dict[str, str]) -> int:
    """Uploads until one is refused; how many were not."""
    for number in range(10_000):
        name, content = f"{OWNER}/full/{size}-{number}", dice.randbytes(size)
        answer = client.put(name, content)
        if answer.status not in DONE:
            assert answer.status == 507 and answer.json["@event"] == "NO_SPACE", answer
            assert client.get(name).status == 404, "what was refused is not there"
            return number
        there[name] = sha256(content)
    raise AssertionError("8 MiB were never full")


def assert_all_there(client: FilesClient, there: dict[str, str]) -> None:
    for name, digest in there.items():
        answer = client.get(name)
        assert answer.status == 200 and sha256(answer.body) == digest, f"{name}: {answer.status}"


def until_stored(client: FilesClient, name: str, content: bytes) -> float:
    """Seconds until an upload succeeds."""
    began = time.monotonic()
    while (answer := client.put(name, content)).status not in DONE:
        assert answer.status == 507, answer
        assert time.monotonic() - began < BACK_SECONDS, "space came back, uploads did not"
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_full_disk(small: Path) -> None:
    dice = random.Random(8)
    with Server(small / "data") as server:
        world = World.made(server)
        client = world.client()
        there: dict[str, str] = {}
        large = fill(client, 200_000, dice, there)
        assert large > 10
        for _ in range(20):
            assert client.put(f"{OWNER}/full/again", dice.randbytes(200_000)).status == 507
        assert_all_there(client, there)
        assert len(client.tree(OWNER)) == len(there) + 1 and server.ask("GET", "/livez").status == 200

        for name in list(there)[: large // 2]:
            # The first one may find the log of the database full, which then begins anew.
            assert client.delete(name).status == 200 or client.delete(name).status == 200, "there is room for a row"
            del there[name]
        assert client.drop(OWNER).status == 200
        back = until_stored(client, f"{OWNER}/back", dice.randbytes(200_000))
        assert_all_there(client, there)
        server.kill()
        server.start()
        assert_all_there(world.client(), there)
    print(f"\n8 MiB were full after {large} uploads of 200 kB; {back * 1e3:.0f} ms after deleting the next succeeded")


def test_a_disk_without_a_single_byte(small: Path) -> None:
    """Others fill it to the last byte: nothing can be stored, everything can be read; then they go."""
    dice = random.Random(9)
    with Server(small / "data") as server:
        world = World.made(server)
        worker = Worker("w", 9, sizes=(1, 20_000, 100_000))
        client = world.client()
        for _ in range(40):
            worker.once(client)
        ballast = small / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC
        refused = Counter[int]()
        for number in range(60):
            worker.pending = action = worker.choose()
            status = perform(client, action).status
            refused[status] += 1
            if status in DONE:  # a few bytes may be left within pages
                worker.acknowledge()
            else:
                assert status == 507, f"{number}: {action}: {status}"
                judge_all(world, [worker])
        assert refused[507] > 20, refused
        ballast.unlink()
        back = until_stored(client, f"{OWNER}/back", dice.randbytes(100_000))
        judge_all(world, [worker])
        for _ in range(20):
            worker.once(client)
        server.kill()
        server.start()
        judge_all(world, [worker])
    print(f"\nwithout a byte left: {dict(refused)}; {back * 1e3:.0f} ms after there was room an upload succeeded")


# --- a disk that fails ------------------------------------------------------------------------------------------------


class Failing:
    """A server whose calls fail as told, and a worker that knows what must be there."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Starts it."""
        self.hook = DiskHook(folder / "hook", folder / "data")
        self.server = Server(folder / "data", env=self.hook.env).start()
        self.world = World.made(self.server)
        self.worker = Worker("w", seed, sizes=(1, 5_000, 300_000))
        self.client = self.world.client()
        self.dice = random.Random(seed)
        self.restarts = 0
        self.where = ""  # what the call that failed last was for
        for _ in range(10):
            self.worker.once(self.client)

    def restart(self) -> None:
        self.hook.off()
        self.server.kill()
        self.server.start()
        self.client = self.world.client()
        self.restarts += 1
        judge_all(self.world, [self.worker])

    def one(self, kind: Kind, mode: Mode, code: int, target: int) -> int | None:
        """The status of an action in which that call failed; None: it did not get so far."""
        self.worker.pending = action = self.worker.choose()
        self.hook.arm(mode, target, (kind,), code)
        status = perform(self.client, action).status
        fired, self.where = self.hook.fired, self.hook.path
        self.hook.arm(Mode.OFF)
        assert self.server.process and self.server.process.poll() is None, "it ended"
        if status in DONE:
            self.worker.acknowledge()
        else:
            assert fired and status in FAILED, f"{action}: {status} after {kind.name} failed with {errno.errorcode.get(code)}: {fired}"
        return status if fired else None


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Failing]:
    made = Failing(tmp_path, 4)
    yield made
    if made.server.process:
        made.server.kill()
    made.hook.close()


def test_calls_that_fail(failing: Failing) -> None:
    """One call fails; what is acknowledged all the same is there, what is refused is whole: all of it or nothing."""
    told: Counter[str] = Counter()
    met = tries = 0
    while met < FAULTS:
        tries += 1
        assert tries < 20 * FAULTS, "few faults are met"
        kind, mode, code = failing.dice.choice(WAYS)
        status = failing.one(kind, mode, code, failing.dice.randrange(1, 7 if kind == Kind.WRITE else 2))
        if status is None:
            continue
        met += 1
        told[f"{kind.name} {errno.errorcode.get(code, 'SHORT')} {status}"] += 1
        assert mode != Mode.SHORT or status in DONE, "a short write is gone on with"
        assert code != errno.ENOSPC or status in {*DONE, 507}, told
        judge_all(failing.world, [failing.worker])
        # The next one, without a fault, is stored; or nothing is until it is started anew.
        failing.worker.pending = failing.worker.choose()
        after = perform(failing.client, failing.worker.pending).status
        if after in DONE:
            failing.worker.acknowledge()
        else:
            assert code in {errno.EIO, errno.EDQUOT}, f"the server goes on after {errno.errorcode.get(code)}: {after}"
            failing.restart()
    failing.restart()
    print(f"\n{met} failed calls, {failing.restarts - 1} times nothing was stored until the next start: {dict(sorted(told.items()))}")


def test_after_a_failed_fsync_nothing_more_is_acknowledged(failing: Failing) -> None:
    """The kernel may have dropped what it could not write, and the next fsync would say that all is well."""
    told: Counter[str] = Counter()
    met = tries = 0
    while met < SYNC_FAULTS:
        tries += 1
        assert tries < 20 * SYNC_FAULTS, "few faults are met"
        status = failing.one(Kind.SYNC, Mode.ERROR, failing.dice.choice([errno.EIO, errno.EIO, errno.EINTR]), failing.dice.randrange(1, 6))
        if status is None:
            continue
        if not failing.where:  # of the data folder itself: SQLite asks for it at its first commit and does not look at the answer
            failing.restart()
            continue
        met += 1
        of_database = failing.where.startswith("lakelift.db")
        told[f"{'database' if of_database else 'storage'} {status}"] += 1
        for number in range(5):
            refused = failing.client.put(f"{OWNER}/w/after{number}", b"after")
            assert refused.status in FAILED, f"after a failed fsync of {failing.where}: {refused}"
        if of_database:
            assert failing.client.make_folder(f"{OWNER}/w/folder").status in FAILED
        for name in list(failing.worker.tree.files)[:3]:
            assert failing.client.get(f"{OWNER}/{name}").status == 200, "reads go on"
        failing.restart()
    print(f"\n{met} failed fsyncs: {dict(told)}")


def test_strace_fails_the_calls(tmp_path: Path) -> None:
    """The same by a program of others, which knows nothing of our library: every fsync, every write of the database."""

    def attached(inject: str) -> subprocess.Popen[str]:
        strace = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}", "-p", str(server.pid)],
                                  stderr=subprocess.PIPE, text=True)
        assert strace.stderr and "attached" in strace.stderr.readline()
        return strace

    def detached(strace: subprocess.Popen[str]) -> None:
        strace.terminate()
        strace.communicate(timeout=30)

    with Server(tmp_path / "data") as server:
        world = World.made(server)
        client = world.client()
        assert client.put(f"{OWNER}/there", b"there").status == 201

        strace = attached("pwrite64:error=ENOSPC")
        assert client.put(f"{OWNER}/new", b"new").status == 507
        assert client.make_folder(f"{OWNER}/folder").status == 507
        assert client.get(f"{OWNER}/there").body == b"there"
        detached(strace)
        assert until_stored(client, f"{OWNER}/new", b"new") < BACK_SECONDS

        strace = attached("fsync,fdatasync:error=EIO")
        assert client.put(f"{OWNER}/lost", b"lost").status in FAILED
        detached(strace)
        assert client.put(f"{OWNER}/lost", b"lost").status in FAILED, "what fsync refused once is not believed again"
        assert client.get(f"{OWNER}/there").body == b"there"
        server.kill()
        server.start()
        client = world.client()
        assert client.get(f"{OWNER}/lost").status == 404 and client.get(f"{OWNER}/new").body == b"new"
        assert client.put(f"{OWNER}/lost", b"lost").status == 201
