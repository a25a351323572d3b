"""Downloads in windows by a real Spark on a real Kafka: what it counts is the truth to the byte, over repeated, bad and late events, and over kill -9."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.files_api import raw
from tests.peers.kafka import Kafka
from tests.peers.postgresql import Postgresql
from tests.peers.spark import ROOT, spark_environment
from tests.peers.streams import QUICK_START, Streams
from tests.peers.topics import Place, Record, Topics
from tests.server_process import FULL_DOSE, Server
from tests.windows_cases import Case, cases, event_value

SUBMIT = ROOT / "jobs/spark/submit.sh"
EVENTS = 40_000 if FULL_DOSE else 4_000
LATEST_SECONDS = 9 * 60  # less than the watermark
BEGIN = datetime(2026, 11, 20, 21, 58, 30, tzinfo=UTC)  # over midnight
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MALFORMED = [
    b"", b"not json at all", b"[]", b"\xff\xfe\x00", b'{"type": "download"}', b'{"type": "rename", "info": "{}", "timestamp": "2026-11-20 22:00:00.000000"}',
    b'{"type": "download", "info": "{}", "timestamp": "2026-11-20 22:00:00.000000"}', b"{" * 5_000,
    event_value("download", "alice", "a.csv", -1, "bob", BEGIN).encode(), event_value("download", "", "a.csv", 1, "bob", BEGIN).encode(),
    event_value("download", "alice", "a.csv", 2**63, "bob", BEGIN).encode(), event_value("download", "alice", "a.csv", 1, "bob", BEGIN).encode()[:-1],
    event_value("upload", "alice", "", 1, "", BEGIN).encode(), event_value("download", "alice", "a.csv", 1, "bob", datetime(9000, 1, 1)).encode(),
]

Windows = dict[datetime, tuple[int, int]]  # start → downloads, bytes


@dataclass
class Shared:
    """What all of the module's jobs talk to."""

    folder: Path
    kafka: Kafka
    topics: Topics
    postgresql: Postgresql
    address: str  # of a database of its own

    @property
    def environment(self) -> dict[str, str]:
        return {"PGPASSWORD": urlsplit(self.address).password or ""}

    def options(self, topic: str, name: str, *more: str) -> list[str]:
        """Of count_downloads.py, with `name` for all that is its own."""
        at = urlsplit(self.address)
        return ["--brokers", self.topics.brokers, "--topic", topic, "--checkpoint", f"{self.folder}/{name}", "--sink", "postgresql", "--postgresql",
                f"postgresql://{at.username}@{at.hostname}:{at.port}{at.path}", "--table", name, *more]

    def windows(self, table: str) -> Windows:
        sql = "SELECT extract(epoch FROM window_start)::bigint, extract(epoch FROM window_end - window_start)::int, downloads, size_bytes FROM " + table
        rows = [list(map(int, row)) for row in self.postgresql.query(sql, self.address)]
        assert len({length for _, length, _, _ in rows}) <= 1
        return {EPOCH + timedelta(seconds=start): (downloads, size) for start, _, downloads, size in rows}

    def is_there(self, table: str) -> bool:
        return self.postgresql.query(f"SELECT to_regclass('{table}') IS NOT NULL", self.address) == [["t"]]


@dataclass
class Ledger:
    """Events as the relay sends them, and what injects faults into them."""

    shared: Shared
    topic: str
    rows: list[tuple[str, str, datetime, int]] = field(default_factory=list)  # id, kind, time, bytes
    repeated: int = 0
    aside: set[Place] = field(default_factory=set)
    sent_to: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(8))

    def fill(self, events: int) -> Ledger:
        """Ten hours or more, in the order in which they are sent: nearly that of time; some come up to eight minutes late."""
        for number in range(events):
            at = BEGIN + timedelta(microseconds=number * 9_000_013) - self.chance.random() ** 8 * timedelta(minutes=8)
            size = self.chance.choice([0, 1, 100, 2**53 + 1, self.chance.randrange(2**62)])
            self.rows.append((f"{number:06}-{self.chance.getrandbits(64):016x}", self.chance.choice(["download"] * 4 + ["upload"]), at, size))
        return self

    def record(self, row: tuple[str, str, datetime, int]) -> Record:
        id_, kind, at, size = row
        path = f"folder/{int(id_[:6]) % 17}.csv"
        return Record(event_value(kind, "alice", path, size, "bob", at).encode(), f"alice/{path}", id_)

    def send(self, until: int) -> None:
        """The rows up to `until`, in pieces of less than a minute; repeated ones, soon or a few minutes later, and bad ones between them."""
        while self.sent_to < until:
            piece = self.rows[self.sent_to:min(until, self.sent_to + 6)]
            records = [self.record(row) for row in piece]
            for row in piece + self.rows[max(0, self.sent_to - 10):self.sent_to]:
                if self.chance.random() < 0.08:
                    records.append(self.record(row))
                    self.repeated += row[1] == "download"
            places = self.shared.topics.send(self.topic, records)
            if self.chance.random() < 0.1:
                places = self.shared.topics.send(self.topic, [Record(self.chance.choice(MALFORMED), "k", self.chance.choice([None, piece[0][0]]))])
                self.aside |= set(places)
            self.sent_to += len(piece)

    def truth(self) -> Windows:
        """By PostgreSQL, of the rows."""
        self.shared.postgresql.query("CREATE TABLE ledger (id text PRIMARY KEY, kind text, at timestamptz, size numeric)", self.shared.address)
        values = ", ".join(f"('{id_}', '{kind}', '{at.isoformat()}', {size})" for id_, kind, at, size in self.rows)
        done = subprocess.run(["psql", self.shared.address, "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=f"INSERT INTO ledger VALUES {values};", text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        rows = self.shared.postgresql.query("SELECT extract(epoch FROM date_bin('5 minutes', at, 'epoch'))::bigint, count(*), sum(size) FROM ledger "
                                            "WHERE kind = 'download' GROUP BY 1", self.shared.address)
        return {EPOCH + timedelta(seconds=int(start)): (int(count), int(size)) for start, count, size in rows}


@pytest.fixture(scope="module")
def shared(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    kafka = Kafka.of_this_run("windows")
    yield Shared(tmp_path_factory.mktemp("windows"), kafka, Topics(kafka.address), postgresql, postgresql.database())
    kafka.remove()


def wait(what: str, happened: object, seconds: float = 900) -> None:
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.1)


def lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def job_options(shared: Shared, topic: str) -> list[str]:
    return shared.options(topic, "killed", "--sink", "kafka", "--windows-topic", "download-windows", "--aside", f"{shared.folder}/aside", "--sink", "console")


def run_and_kill(shared: Shared, ledger: Ledger, until: int) -> str:
    """Submits the job, and ends its driver by kill -9 in the middle of what is sent; its log."""
    log = shared.folder / f"submit-{until}.log"
    before = shared.windows("killed") if shared.is_there("killed") else {}
    with log.open("wb") as out:
        process = subprocess.Popen([SUBMIT, "--master", "local[2]", "--driver-memory", "1g", "--conf", f"spark.driver.extraJavaOptions={QUICK_START}",
                                    *job_options(shared, ledger.topic), "--trigger", "0 seconds"], stdout=out, stderr=subprocess.STDOUT,
                                   env=os.environ | spark_environment() | shared.environment, start_new_session=True)
    try:
        def says() -> str:
            return log.read_text(errors="replace")[-3_000:]

        wait("no windows", lambda: process.poll() is not None or (shared.is_there("killed") and shared.windows("killed") != before))
        assert process.poll() is None, says()
        then = shared.windows("killed")
        ledger.send(until)
        wait("windows do not move on", lambda: process.poll() is not None or shared.windows("killed") != then)
        assert process.poll() is None, says()
    finally:
        process.kill()  # the virtual machine: spark-submit has become it
        process.wait(10)
    wait("the driver's Python lives on", lambda: not lives(process.pid), 60)
    return log.read_text(errors="replace")


@pytest.fixture(scope="module")
def ledger(shared: Shared) -> Ledger:
    """Sent, with its faults, while a submitted job counted and was killed; the rest of it too, when no job ran."""
    made = Ledger(shared, shared.topics.make("ledger")).fill(EVENTS)
    shared.topics.make("download-windows", 1)
    kills = 5 if FULL_DOSE else 1
    for kill in range(kills):
        made.send(EVENTS * (2 * kill + 1) // (2 * kills + 1))
        said = run_and_kill(shared, made, EVENTS * (2 * kill + 2) // (2 * kills + 1))
        assert "|Number of downloads|Total size (in bytes)" in said
    made.send(EVENTS)
    return made


@pytest.fixture(scope="module")
def streams(shared: Shared, ledger: Ledger) -> Iterator[Streams]:
    """After the submitted ones: never two at a time."""
    started = Streams(shared.folder / "streams", shared.environment).start()
    yield started
    started.stop()


def set_aside(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for file in folder.glob("*/*/part-*.json") for line in file.read_text().splitlines()]


def test_killed_in_the_middle_it_counts_the_truth(shared: Shared, ledger: Ledger, streams: Streams) -> None:
    streams.begin("killed", *job_options(shared, ledger.topic), "--trigger", "0 seconds")
    streams.settle("killed")
    report = streams.end("killed")
    truth = ledger.truth()
    assert shared.windows("killed") == truth
    # The topic too: the last value of each window.
    told = {message.key: json.loads(message.value) for message in shared.kafka.read("download-windows")}
    expected = {f"{start:%Y-%m-%d %H:%M:%S}": {"window_start": f"{start:%Y-%m-%d %H:%M:%S}", "window_end": f"{start + timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
                                               "downloads": count, "size_bytes": size} for start, (count, size) in truth.items()}
    assert told == expected
    # Bad ones are set aside, each once, by their place.
    lines = set_aside(shared.folder / "aside")
    assert len(lines) == len(ledger.aside)
    assert {Place(line["partition"], line["offset"]) for line in lines} == ledger.aside
    assert all(line["topic"] == ledger.topic and line["reason"] for line in lines)
    assert report["late"] == 0 and report["repeated"] > 0 and report["aside"] > 0
    print(f"windows: {EVENTS} events, {ledger.repeated} downloads repeated, {len(ledger.aside)} bad ones: {len(truth)} windows equal to SQL's")


def deliver(shared: Shared, streams: Streams, case: Case) -> None:
    topic = shared.topics.make(f"case-{case.name}")
    table = f"case_{case.name}"
    aside = ["--aside", f"{shared.folder}/{table}-aside"] if case.late else []  # another query, which takes its time
    streams.begin(table, *shared.options(topic, table, "--window", f"{case.window_seconds} seconds", "--watermark", f"{case.watermark_seconds} seconds",
                                         "--ahead", "100000 days", "--trigger", "0 seconds", *aside))
    try:
        for batch in case.batches:
            shared.topics.send(topic, [Record(message.value.encode(), message.key, message.id) for message in batch])
            streams.settle(table)
    finally:
        report = streams.end(table)
    assert shared.windows(table) == case.expected, case.name
    assert (report["late"], report["aside"], report["repeated"]) == (len(case.late), case.malformed, case.repeated), case.name
    if case.late:
        late = {line["event_id"]: line["value"] for line in set_aside(shared.folder / f"{table}-aside") if line["problem"] == "late"}
        assert late == {message.id: message.value for batch in case.batches for message in batch if message.id in case.late}


def test_the_cases_that_both_count(shared: Shared, streams: Streams) -> None:
    for case in cases():
        deliver(shared, streams, case)


def console_windows(text: str) -> Windows:
    """The last figures of each window that Spark's console shows."""
    found = re.findall(r"\|\{(\S+ \S+), \S+ \S+\} *\|(\d+) *\|(\d+) *\|", text)
    return {datetime.fromisoformat(start).replace(tzinfo=UTC): (int(count), int(size)) for start, count, size in found}


def test_events_without_ids(shared: Shared, streams: Streams) -> None:
    """LiftBit's own job counts what is sent once; ours does too, and drops nothing. Two events that look the same are two."""
    topic = shared.topics.make("file-events")
    ats = [BEGIN + timedelta(seconds=number * 37) for number in range(60)]
    records = [Record(event_value(kind, "alice", "a.csv", number, "bob", at).encode(), "alice/a.csv")
               for number, at in enumerate(ats) for kind in ("download", "upload", "download")]
    shared.topics.send(topic, records)
    expected: Windows = {}
    for number, at in enumerate(ats):
        start = EPOCH + (at - EPOCH) // timedelta(minutes=5) * timedelta(minutes=5)
        count, size = expected.get(start, (0, 0))
        expected[start] = (count + 2, size + 2 * number)
    seen = streams.log.stat().st_size
    streams.begin("liftbit", shared.topics.brokers, job="liftbit")
    streams.settle("liftbit")
    streams.end("liftbit")
    assert console_windows(streams.log.read_bytes()[seen:].decode(errors="replace")) == expected
    streams.begin("no_ids", *shared.options(topic, "no_ids"))
    assert streams.settle("no_ids") == {"events": 180, "downloads": 120, "repeated": 0, "late": 0, "aside": 0, "reasons": {}}
    streams.end("no_ids")
    assert shared.windows("no_ids") == expected
    with pytest.raises(AssertionError, match="windows of another length"):
        streams.begin("hours", *shared.options(topic, "no_ids", "--window", "1 hour"))


def move_bytes(server: Server) -> int:
    """Uploads and downloads as people have them; how many pairs of a person and a file were whole: downloads, each once."""
    tokens = {name: server.account(f"{name}@lake.test") for name in ("alice", "bob", "carol")}
    names = {name: server.ask("GET", "/accounts/me", token=token).json["username"] for name, token in tokens.items()}
    whole = 0
    for number in range(24):
        address = f"/files/{names['alice']}/folder/{number}.bin"
        content = bytes([number]) * (number * 4_099)
        assert raw(server, "PUT", address, content, tokens["alice"]).status == 201
        for name in ("bob", "carol"):
            granted = server.ask("POST", f"{address}?action=grant", {"account": names[name], "right": "read"}, tokens["alice"])
            assert granted.status == 200, granted
        assert raw(server, "GET", address, token=tokens["bob"]).body == content
        assert raw(server, "HEAD", address, token=tokens["carol"]).status == 200
        whole += 1
        if number >= 3:
            third = len(content) // 3
            for begin in (2 * third, 0, third):  # the last one to the end
                last = "" if begin == 2 * third else begin + third - 1
                assert raw(server, "GET", address, token=tokens["carol"], headers={"Range": f"bytes={begin}-{last}"}).status == 206
            assert raw(server, "GET", address, token=tokens["alice"], headers={"Range": "bytes=0-99"}).status == 206
            whole += 1
    return whole


def by_ledger(server: Server) -> Windows:
    """SQL over the ledger itself."""
    sql = ("SELECT at / 300000000 * 300, count(*), sum(json_extract(detail, '$.size_bytes')) FROM ledger WHERE kind = 'download' GROUP BY 1")
    with sqlite3.connect(f"file:{server.data / 'lakelift.db'}?mode=ro", uri=True) as database:
        return {EPOCH + timedelta(seconds=start): (count, size) for start, count, size in database.execute(sql)}


def by_server(server: Server, admin: str, source: str) -> Windows:
    answer = server.ask("GET", f"/analytics/windows?limit=1000&source={source}", token=admin)
    assert answer.status == 200, answer
    return {datetime.fromisoformat(line["start"]): (line["downloads"], line["size_bytes"]) for line in answer.json["lines"] if line["downloads"]}


def append_late(server: Server, chance: random.Random) -> int:
    """Downloads that reach the ledger late, of the last minutes: as a server enters them that was cut off from the database. How many."""
    database = sqlite3.connect(server.data / "lakelift.db")
    database.row_factory = sqlite3.Row
    found = [dict(row) for row in database.execute("SELECT * FROM ledger WHERE kind = 'download' ORDER BY seq")]
    newest = max(row["at"] for row in found)
    for row in found:
        del row["seq"]
        row |= {"id": str(uuid.UUID(int=chance.getrandbits(128))), "at": newest - chance.randrange(LATEST_SECONDS * 1_000_000)}
        database.execute(f"INSERT INTO ledger ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    database.commit()
    database.close()
    return len(found)


def test_a_server_and_spark_count_alike(shared: Shared, streams: Streams) -> None:
    """The ledger by SQL, the windows in the process, the job's in PostgreSQL, and those that the server reads back from the job's topic. The events are what
    the server's relay has sent; half of the downloads come late, by less than the watermark; all are there twice, with bad ones between."""
    shared.topics.make("server-windows", 1)
    chance = random.Random(9)
    flags = ["--kafka-brokers", shared.kafka.address, "--kafka-topic", "moved", "--kafka-windows-topic", "server-windows"]

    def sent(count: int) -> list[Record]:
        """So many, once they are there."""
        wait("events do not reach Kafka", lambda: shared.kafka.topics().get("moved") == 3 and len(shared.kafka.read("moved")) == count, 60)
        return [Record(message.value.encode(), message.key, message.headers["event_id"]) for message in shared.kafka.read("moved")]

    with Server(shared.folder / "data", flags) as server:
        admin = server.account("admin@lake.test", "ADMIN")
        whole = move_bytes(server)
        first = sent(24 + whole)
        shared.topics.send("moved", first)  # what is sent at least once comes again: all of it
        streams.begin("moved", *shared.options("moved", "moved", "--sink", "kafka", "--windows-topic", "server-windows"))
        assert streams.settle("moved")["downloads"] == 2 * whole  # these have moved the watermark
        assert server.stop() == 0
        assert append_late(server, chance) == whole
        server.start()
        known = {record.id for record in first}
        late = [record for record in sent(2 * len(first) + whole) if record.id not in known]
        again = [*late, *(Record(bad, "k") for bad in MALFORMED)]
        chance.shuffle(again)
        shared.topics.send("moved", again)
        report = streams.settle("moved")
        streams.end("moved")
        truth = by_ledger(server)
        assert sum(count for count, _ in truth.values()) == 2 * whole and len(truth) > 1
        assert shared.windows("moved") == truth
        assert by_server(server, admin, "ledger") == truth
        wait("the server does not read the windows back", lambda: by_server(server, admin, "stream") == truth, 60)
        assert "lakelift_stream_windows_malformed_messages 0" in server.ask("GET", "/metrics").body.decode().splitlines()
    assert sum(report.pop("reasons").values()) == len(MALFORMED)
    assert report == {"events": 2 * (len(first) + whole) + len(MALFORMED), "downloads": 4 * whole, "repeated": 2 * whole, "late": 0, "aside": len(MALFORMED)}
    print(f"windows: {2 * whole} downloads of a server, half of them late, all repeated, {len(MALFORMED)} bad ones: the ledger, the process, Spark and what "
          f"is read back of it are equal, {len(truth)} windows")


def test_where_it_begins(shared: Shared, streams: Streams) -> None:
    """At a time of Kafka's own; and an event that says it is of later than Kafka had it by more than is allowed is none."""
    topic = shared.topics.make("begins")
    now = datetime.now(UTC).replace(microsecond=0)
    ats = [now - timedelta(minutes=30), now - timedelta(minutes=20), now - timedelta(minutes=10)]
    records = [Record(event_value("download", "alice", "a.csv", size, "bob", at).encode(), f"{size}", f"id{size}", int(at.timestamp() * 1_000))
               for size, at in enumerate(ats, 1)]
    ahead = event_value("download", "alice", "a.csv", 8, "bob", ats[1] + timedelta(minutes=6)).encode()
    shared.topics.send(topic, [*records, Record(ahead, "a", "ahead", int(ats[1].timestamp() * 1_000))])
    streams.begin("begins", *shared.options(topic, "begins", "--from", f"{now - timedelta(minutes=25):%Y-%m-%d %H:%M:%S}"))
    report = streams.settle("begins")
    streams.end("begins")
    assert (report["downloads"], report["reasons"]) == (2, {"ahead": 1})
    assert sum(size for _, size in shared.windows("begins").values()) == 2 + 3


def test_what_is_not_there_is_told(shared: Shared, streams: Streams) -> None:
    with pytest.raises(AssertionError, match="UnknownTopicOrPartition"):
        streams.begin("nowhere", *shared.options("nowhere", "nowhere"))
        streams.settle("nowhere")
