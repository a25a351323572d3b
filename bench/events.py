"""Events to a real Kafka broker on this machine: our relay, and librdkafka alone (kcat) with the same messages, in one run.

Quote the ratio. librdkafka alone is the most that can be had: it reads lines and sends them. The relay reads the ledger, makes the
events, sends a batch, waits until all of it is acknowledged, and writes its place down, before it begins with the next.

    bench/events.py [--events 100000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.peers.kafka import Kafka, Message  # noqa: E402
from tests.server_process import Server  # noqa: E402

FILES = 1_000
ADD = "INSERT INTO ledger(id, at, kind, actor, subject_kind, subject_id, bytes, detail) VALUES(?, ?, 'file.uploaded', 1, 'file', ?, ?, ?)"
# As the relay's producer is set.
STRAIGHT = ["-X", "enable.idempotence=true", "-X", "acks=all", "-X", "compression.type=lz4", "-X", "partitioner=murmur2_random"]
HEADERS = ["-H", f"event_id={uuid.UUID(int=1)}", "-H", f"traceparent=00-{1:032x}-{1:016x}-01"]


def add_uploads(data: Path, count: int) -> None:
    """As they are in the ledger of a server that is not running."""
    now = int(time.time() * 1_000_000)
    rows = ((str(uuid.uuid4()), now + n, str(n % FILES), n, f'{{"owner":"alice","path":"trips/{n % FILES}.csv"}}') for n in range(count))
    with sqlite3.connect(data / "lakelift.db") as database:
        database.executemany(ADD, rows)


def relay_rate(server: Server, count: int) -> float:
    """Events a second, from the first batch to the last."""
    with server:
        began, first = 0.0, 0.0
        while True:
            sent = server.metric("lakelift_events_sent_total")
            now = time.monotonic()
            if sent and not began:
                began, first = now, sent
            if sent >= count:
                return (sent - first) / (now - began)
            time.sleep(0.02)


def straight_rate(kafka: Kafka, lines: str, count: int) -> float:
    """Events a second, the start of kcat with it."""
    began = time.monotonic()
    kafka.kcat("-P", "-t", "file-events", "-K", "\t", *HEADERS, *STRAIGHT, stdin=lines)
    return count / (time.monotonic() - began)


def as_lines(messages: list[Message]) -> str:
    return "".join(f"{one.key}\t{one.value}\n" for one in messages)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    kafka = Kafka.of_this_run("bench")
    try:
        ours, straight = [], []
        lines = ""
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                server = Server(Path(folder) / "data")
                server.start().stop()
                add_uploads(server.data, options.events)
                server.flags = ["--kafka-brokers", kafka.address]
                ours.append(relay_rate(server, options.events))
            lines = lines or as_lines(kafka.read())
            straight.append(straight_rate(kafka, lines, options.events))
        mine, limit = statistics.median(ours), statistics.median(straight)
        print(f"  events a second: relay {mine:,.0f}, librdkafka alone {limit:,.0f}: {mine / limit:.2f} of it")
        print(f"  rounds: relay {[f'{one:,.0f}' for one in ours]}, alone {[f'{one:,.0f}' for one in straight]}")
    finally:
        kafka.remove()


if __name__ == "__main__":
    main()
