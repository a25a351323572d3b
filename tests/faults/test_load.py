"""Many at once: equal requests become one run, waiting holds no thread, slow readers cost no memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import random
import signal
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import pytest

from tests.server_process import FLIGHTS_CSV, FULL_DOSE, WEATHER, Server

FORMATS = ("csv", "parquet", "arrow", "jsonl")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with Server(tmp_path_factory.mktemp("load") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory):
    """Another one, which nobody asks for anything: what it takes the machine takes."""
    with Server(tmp_path_factory.mktemp("idle") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def flights(server: Server) -> int:
    return server.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""))


@pytest.fixture(scope="module")
def tokens(server: Server, flights: int) -> list[str]:
    admin = server.account("admin@lakelift.test", "ADMIN")
    made = []
    for i in range(50):
        email = f"reader{i}@lakelift.test"
        assert server.ask("POST", "/accounts/", {"email": email, "type": "RESEARCHER"}, admin).status == 201
        answer = server.ask("POST", "/accounts/tokens/", {"email": email}, admin)
        assert answer.status == 201, answer
        made.append(answer.json["token"])
    return made


def rows_of(body: bytes, fmt: str) -> int:
    if fmt == "csv":
        return pa.csv.read_csv(io.BytesIO(body)).num_rows
    if fmt == "parquet":
        return pa.parquet.read_table(io.BytesIO(body)).num_rows
    if fmt == "arrow":
        return pa.ipc.open_file(io.BytesIO(body)).read_all().num_rows
    return body.count(b"\n")


def test_fifty_equal_requests_are_one_run(server: Server, flights: int, tokens: list[str]) -> None:
    columns = ["carrier", "dep_delay", "distance", "origin"]
    filters = [
        {"name": "dep_delay", "operator": ">=", "value": 10},
        {"name": "distance", "operator": "<", "value": 2000},
        {"name": "origin", "operator": "=", "value": "JFK"},
    ]
    before = server.metric("lakelift_runs_total")

    def ask(number: int) -> tuple[int, int, str, str, bytes]:
        rng = random.Random(number)
        answer = server.request(tokens[number], flights, rng.sample(columns, 4), rng.sample(filters, 3), 1)
        assert answer.status in (200, 201), answer
        fmt = FORMATS[number % 4]
        data = server.ask("GET", f"{answer.json['uri']}?format={fmt}")
        assert data.status == 200, data
        assert data.headers["content-length"] == str(len(data.body))
        return answer.status, answer.json["id"], fmt, data.headers["etag"], data.body

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))

    assert len({a[1] for a in answers}) == 1, "one id"
    assert [a[0] for a in answers].count(201) == 1, "created once"
    assert server.metric("lakelift_runs_total") - before == 1, "one run"
    counts = set()
    for fmt in FORMATS:
        same = [a for a in answers if a[2] == fmt]
        assert len({a[3] for a in same}) == 1 and len({hashlib.sha256(a[4]).digest() for a in same}) == 1
        counts.add(rows_of(same[0][4], fmt))
    assert len(counts) == 1 and counts.pop() > 1000


def seconds_of_livez(sock: socket.socket) -> float:
    start = time.perf_counter()
    sock.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    got = b""
    while b"\r\n\r\n" not in got:
        got += sock.recv(4096)
    took = time.perf_counter() - start
    assert got.startswith(b"HTTP/1.1 200")
    return took


def livez_p99(count: int, *servers: Server) -> list[float]:
    """Seconds; over one kept connection a server, as a prober would; of several servers by turns, so in the same moments."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for server in servers]
        rounds = [[seconds_of_livez(sock) for sock in socks] for _ in range(count)]
    return [statistics.quantiles(times, n=100)[98] for times in zip(*rounds, strict=True)]


def release_workers(server: Server) -> None:
    for pid in server.workers():
        os.kill(pid, signal.SIGCONT)


def slowed_by_waiters(waited: Server, idle: Server) -> bool:
    """A stall that the waiters cause is in every round; one of the machine is not."""
    for _ in range(5):
        beside, busy = livez_p99(2000, idle, waited)
        print(f"\n/livez p99 of an idle server {beside * 1e3:.3f} ms, of the one that is waited on {busy * 1e3:.3f} ms: ratio {busy / beside:.2f}")
        if busy <= max(5 * beside, 0.005):
            return False
    return True


def test_two_thousand_wait_on_one_address(server: Server, idle: Server, flights: int, tokens: list[str]) -> None:
    waiting = 2000
    livez_p99(2000, server)  # whatever it starts for its first connections is there
    threads_before = server.status("Threads")
    server.stopped_workers()
    try:
        answer = server.request(tokens[0], flights, ["dest", "tailnum"], [{"name": "month", "operator": "=", "value": 7}])
        assert answer.status == 201, answer
        path = answer.json["uri"][len(server.address):]

        async def wait_for_data() -> list[tuple[int, str]]:
            opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(waiting)))
            for _, writer in opened:
                writer.write(f"GET {path}?format=csv HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
            await asyncio.gather(*(writer.drain() for _, writer in opened))
            await asyncio.sleep(1)
            is_slowed = await asyncio.to_thread(slowed_by_waiters, server, idle)
            threads = server.status("Threads")
            print(f"{waiting} waiting: threads {threads_before} -> {threads}")
            assert threads - threads_before <= 4, "waiting holds no thread"
            assert not is_slowed
            # Not one byte before the run is done.
            first = [asyncio.create_task(reader.read(1)) for reader, _ in opened]
            done, _ = await asyncio.wait(first, timeout=0.5)
            assert not done
            await asyncio.to_thread(release_workers, server)

            async def rest(task: asyncio.Task[bytes], reader: asyncio.StreamReader) -> tuple[int, str]:
                body = await task + await reader.read()
                head, _, content = body.partition(b"\r\n\r\n")
                return int(head.split()[1]), hashlib.sha256(content).hexdigest()

            return await asyncio.wait_for(asyncio.gather(*(rest(t, r) for t, (r, _) in zip(first, opened, strict=True))), 600)

        results = asyncio.run(wait_for_data())
    finally:
        release_workers(server)
    assert {status for status, _ in results} == {200}
    assert len({digest for _, digest in results}) == 1


def test_waiting_ends_with_503_when_the_wait_is_over(tmp_path: Path) -> None:
    with Server(tmp_path / "data", ["--uri-wait-ms", "500"]) as server:
        item = server.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)
        token = server.account("reader@lakelift.test")
        server.stopped_workers()
        try:
            asked = server.request(token, item, ["dest"]).json
            started = time.monotonic()
            answer = server.ask("GET", asked["uri"])
            assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
            assert 0.4 < time.monotonic() - started < 60
        finally:
            release_workers(server)
        assert server.wait_done(token, asked["id"])["state"] == "DONE"
        assert server.ask("GET", asked["uri"]).status == 200


def test_slow_readers_and_a_rendition_cost_no_memory(server: Server, tokens: list[str]) -> None:
    """20 readers take a CSV of more than 200 MB a little at a time while another rendition is made."""
    weather = server.add_item("weather", WEATHER, profile=False)
    columns = [c["name"] for c in server.ask("GET", f"/catalogue/items/{weather}", token=tokens[0]).json["spec"]]
    answer = server.request(tokens[0], weather, columns)
    assert server.wait_done(tokens[0], answer.json["id"], 600)["state"] == "DONE"
    path = answer.json["uri"][len(server.address):]
    head = server.ask("HEAD", f"{path}?format=csv", timeout=600)
    size = int(head.headers["content-length"])
    assert head.status == 200 and size > 200e6, size

    readers = []
    for _ in range(20):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(f"GET {path}?format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        readers.append(sock)
    making = ThreadPoolExecutor(1).submit(server.ask, "HEAD", f"{path}?format=jsonl", timeout=600)
    most = 0
    end = time.monotonic() + (60 if FULL_DOSE else 10)
    while time.monotonic() < end or not making.done():
        for sock in readers:
            assert sock.recv(64 * 1024)
        most = max(most, server.status("VmRSS"))
        time.sleep(0.05 if time.monotonic() < end else 0.5)  # the CSV has to last until the rendition is made
    assert making.result().status == 200
    (p99,) = livez_p99(500, server)
    for sock in readers:
        sock.close()
    print(f"\n{size / 1e6:.0f} MB of CSV to 20 slow readers beside a JSON lines rendition: server at most {most / 1024:.0f} MiB, /livez p99 {p99 * 1e3:.2f} ms")
    assert most < 128 * 1024
