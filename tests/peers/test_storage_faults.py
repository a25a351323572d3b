"""The wire to the object store breaks in all ways while files are stored, read and deleted (threats D9, T18).

Whatever the fault: what was acknowledged is there, byte for byte, when it is over; what was answered whole is right; the
store is not stormed; soon after the end all goes well again; and /livez does not notice: it is as fast as that of a server beside it that
nobody asks for anything else.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.faults.files_client import FilesClient, LineBroke, World, sha256
from tests.faults.files_streams import probed_livez
from tests.peers.s3 import S3, storage_flags
from tests.peers.wire import Call, Changed, Cut, Fault, Instead, Late, OtherEtag, Skewed, Stale, Wire
from tests.server_process import FULL_DOSE, Server

WORKERS, ROUNDS = (8, 40) if FULL_DOSE else (6, 12)  # a round: a file is stored, read, perhaps deleted
SIZES = (1, 1_000, 300_000, 1_000_000)
LARGE_BYTES = 20_000_000  # goes in parts
LARGE_EVERY = 12
WELL_AGAIN_SECONDS = 60  # 10 on a machine that does nothing else
WELL_SECONDS = 2  # without an error: then it is well
MOST_ATTEMPTS = 3  # times those of a burst without a fault
LIVEZ_SECONDS, LIVEZ_TIMES = 0.25, 5  # by which 99 % of the calls are slower at the most than the idle server's: so long, or so often its own p99
OFTEN = 0.3


@dataclass
class Burst:
    """What some workers did, and what they were told. Names are fresh in each."""

    world: World
    name: str
    stored: dict[str, str] = field(default_factory=dict)  # digest by path: acknowledged
    doubtful: dict[str, str] = field(default_factory=dict)  # an upload was refused, or a removal: there or not
    deleted: set[str] = field(default_factory=set)  # acknowledged
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self) -> Burst:
        with ThreadPoolExecutor(WORKERS) as pool:
            for work in [pool.submit(self.work, number) for number in range(WORKERS)]:
                work.result()
        return self

    def work(self, number: int) -> None:
        dice = random.Random(number)  # the same in each burst
        client, boss = self.world.client(timeout=180), self.world.client("boss", timeout=180)
        for turn in range(ROUNDS):
            path = f"alice/{self.name}/{number}-{turn}"
            size = LARGE_BYTES if turn % LARGE_EVERY == number else dice.choice(SIZES)
            digest = self.put(client, path, dice.randbytes(size))
            if digest:
                self.get(client, path, digest)
            if digest and dice.random() < 0.4:
                self.delete(client, path)
            if turn % 4 == 3:
                self.told("sweep", lambda: boss.call("POST", "/storage/sweep").status)

    def told(self, what: str, ask: Callable[[], int]) -> int:
        """The status; 0: the line broke."""
        try:
            status = ask()
        except LineBroke:
            status = 0
        self.answers[f"{what} {status or 'broke'}"] += 1
        return status

    def put(self, client: FilesClient, path: str, content: bytes) -> str | None:
        """The digest, where it was acknowledged."""
        digest = sha256(content)
        self.doubtful[path] = digest
        if self.told("put", lambda: client.put(path, content).status) != 201:
            return None
        self.stored[path] = self.doubtful.pop(path)
        return digest

    def get(self, client: FilesClient, path: str, digest: str) -> None:
        def whole() -> int:
            answer = client.get(path)
            if answer.status == 200 and sha256(answer.body) != digest:
                self.wrong.append(f"{path}: {len(answer.body)} bytes are others than were stored")
            if answer.status not in {200, 500, 503, 504}:
                self.wrong.append(f"{path}: {answer.status} {answer.body[:200]!r}")
            return answer.status

        self.told("get", whole)

    def delete(self, client: FilesClient, path: str) -> None:
        self.doubtful[path] = self.stored.pop(path)
        if self.told("delete", lambda: client.delete(path).status) in {200, 204}:
            del self.doubtful[path]
            self.deleted.add(path)

    def judge(self) -> None:
        """When no fault is there any more."""
        client = self.world.client()
        assert not self.wrong, self.wrong[:5]
        for path, digest in self.stored.items():
            answer = client.get(path)
            assert answer.status == 200 and sha256(answer.body) == digest, f"{path}: {answer.status}"
        for path, digest in self.doubtful.items():
            answer = client.get(path)
            assert answer.status == 404 or (answer.status == 200 and sha256(answer.body) == digest), f"{path}: {answer.status} {answer.body[:200]!r}"
        for path in self.deleted:
            assert client.get(path).status == 404, path


@dataclass
class Place:
    """A server whose content is behind a wire."""

    s3: S3
    wire: Wire
    world: World
    idle: Server  # which nobody asks for anything: what it takes the machine takes
    normal: int  # attempts of a burst without a fault


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all: what one fault left, the next one must bear."""
    s3 = S3.of_this_run("faults")
    try:
        with Wire(("127.0.0.1", s3.port)) as wire:
            flags = [*storage_flags("s3://lake/content", wire.address), "--trash-days", "0"]
            with Server(tmp_path_factory.mktemp("wire") / "data", flags, s3.credentials) as server, Server(tmp_path_factory.mktemp("idle") / "data") as idle:
                world = World.made(server)
                calm = Burst(world, "calm").run()
                calm.judge()
                assert set(calm.answers) <= {"put 201", "get 200", "delete 200", "delete 204", "sweep 200"}, calm.answers
                calls = dict(wire.calls)
                wire.forget_calls()
                normal = Burst(world, "normal").run()
                print(f"\nattempts of a burst without a fault: {wire.attempts} {dict(wire.calls)} (the first one: {calls}); {dict(normal.answers)}")
                yield Place(s3, wire, world, idle, wire.attempts)
    finally:
        s3.remove()


def is_upload(call: Call) -> bool:
    return call.operation in {"put", "part", "finish"}


def is_read(call: Call) -> bool:
    return call.operation == "get"


Broken = Callable[[Place], None]


def often(fault: Fault, when: Callable[[Call], bool] = lambda _: True, probability: float = OFTEN) -> Broken:
    return lambda place: place.wire.break_with(fault, probability, when=when)


FAULTS: dict[str, Broken] = {
    "500": often(Instead(500, "InternalError")),
    "503 SlowDown": often(Instead(503, "SlowDown")),
    "nothing but 503 SlowDown": often(Instead(503, "SlowDown"), probability=1),
    "reset in the middle of what is sent": often(Cut(upwards=True)),
    "reset in the middle of an answer": often(Cut()),
    "a truncated answer": often(Cut(reset=False)),
    "2 s of latency": often(Late(2), probability=0.1),
    "200 with an error for uploads": often(Instead(200, "InternalError"), is_upload),
    "200 with an error for reads": often(Instead(200, "InternalError"), is_read),
    "a changed byte in what is sent": often(Changed(upwards=True), is_upload),
    "a changed byte in an answer": often(Changed(), is_read),
    "stale lists": lambda place: place.wire.break_with(Stale(place.wire.lists), when=lambda call: call.operation == "list"),
    "wrong ETags": often(OtherEtag()),
    "a clock an hour ahead": lambda place: place.wire.break_with(Skewed(3600, place.s3.signed_now)),
    "refused connections": lambda place: place.wire.refuse(),
}
# Of these the server itself makes good whatever happens.
UNNOTICED = {"stale lists", "a clock an hour ahead", "2 s of latency"}


def seconds_until_well(world: World, name: str) -> float:
    """Until the last error, from now on."""
    began, error, number = time.monotonic(), 0.0, 0
    client = world.client()
    while (now := time.monotonic() - began) < error + WELL_SECONDS:
        assert now < 3 * WELL_AGAIN_SECONDS, "it does not get well"
        path, number = f"alice/{name} after/{number}", number + 1
        try:
            went_well = client.put(path, path.encode()).status == 201 and client.get(path).body == path.encode()
        except LineBroke:
            went_well = False
        if not went_well:
            error = time.monotonic() - began
        time.sleep(0.02)
    return error


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_wire(place: Place, name: str) -> None:
    place.wire.forget_calls()
    burst = Burst(place.world, name)
    began = time.monotonic()
    with probed_livez(place.world.server, place.idle) as livez:
        FAULTS[name](place)
        burst.run()
    seconds, attempts, struck = time.monotonic() - began, place.wire.attempts, place.wire.struck
    place.wire.mend()
    until_well = seconds_until_well(place.world, name)
    slower, idle = p99([ours - its for ours, its in livez]), p99([its for _, its in livez])
    print(f"\n{name}: {seconds:.1f} s, {struck} of {attempts} attempts struck ({attempts / place.normal:.2f} x normal), {dict(sorted(burst.answers.items()))}; "
          f"last error {until_well:.1f} s after the end; /livez p99 {slower * 1e3:.0f} ms slower "
          f"than an idle server's of {idle * 1e3:.0f} ms")
    assert struck or name == "refused connections"
    burst.judge()
    assert attempts <= MOST_ATTEMPTS * place.normal
    assert until_well <= WELL_AGAIN_SECONDS
    assert slower <= max(LIVEZ_SECONDS, LIVEZ_TIMES * idle)
    if name in UNNOTICED:
        assert not [told for told in burst.answers if told.split()[1] not in {"200", "201", "204"}], burst.answers
    for word in (place.s3.secret, "X-Amz-Signature", "Signature="):
        assert word not in place.world.server.log.read_text()


def test_nothing_is_left_over(place: Place) -> None:
    """After all of that: a sweep, and what the bucket holds is what rows refer to."""
    swept = place.world.client("boss").call("POST", "/storage/sweep")
    assert swept.status == 200, swept
    referred = len([entry for entry in place.world.client().tree("alice") if entry["kind"] == "file"])
    assert len(place.s3.objects(prefix="content/")) == referred
    assert place.s3.unfinished() == []
