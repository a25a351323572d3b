"""Crashes of the server and of its workers: what was acknowledged stays, nothing is half (threats D1, S5, T1, T21)."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import sqlite3
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.server_process import FLIGHTS_CSV, FULL_DOSE, Server, cli, until

KILLS = 200 if FULL_DOSE else 50
BOMB_SECONDS = 300  # of a slow machine; what is asserted are the clear error and the memory


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    rng = random.Random(20130101)
    server = Server(tmp_path / "data").start()
    item = server.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)
    token = server.account("reader@lakelift.test")
    asked: dict[int, int] = {}  # acknowledged: request id -> its distance filter
    done: dict[int, tuple[str, str]] = {}  # seen DONE: request id -> sha256 of the result, sha256 of the CSV
    starts = []

    def work(stop: threading.Event) -> None:
        """Asks, waits and downloads until the server is gone."""
        while not stop.is_set():
            try:
                distance = rng.randrange(80, 4900)
                answer = server.request(token, item, ["carrier", "distance", "flight"],
                                        [{"name": "distance", "operator": ">=", "value": distance}])
                if answer.status not in (200, 201):
                    continue
                asked[answer.json["id"]] = distance
                data = server.ask("GET", answer.json["uri"] + "?format=csv")
                if data.status == 200:
                    state = server.ask("GET", f"/downloader/requests/{answer.json['id']}", token=token).json
                    done[answer.json["id"]] = (state["sha256"], hashlib.sha256(data.body).hexdigest())
            except (OSError, ValueError, KeyError, AssertionError):
                return  # killed in the middle
            except Exception:  # http.client's many ways to say that the line broke
                return

    def check(ids: list[int]) -> None:
        for request_id in ids:
            state = server.ask("GET", f"/downloader/requests/{request_id}", token=token).json
            assert state["state"] == "DONE", f"DONE stays DONE: {state}"
            assert state["sha256"] == done[request_id][0]
            data = server.ask("GET", state["uri"] + "?format=csv")
            assert data.status == 200 and hashlib.sha256(data.body).hexdigest() == done[request_id][1], "byte-equal"

    for kill in range(1, KILLS + 1):
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=(stop,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(rng.uniform(0.0, 0.5))
            # A machine that does little in that time gets more of it.
            until(lambda so_far=kill: len(asked) > so_far // 2 and len(done) > 5 * so_far // KILLS, "too little is acknowledged or done")
        finally:
            server.kill()
            stop.set()
        for thread in threads:
            thread.join(30)
        began = time.monotonic()
        server.start()
        assert server.ask("GET", "/livez").status == 200
        starts.append(time.monotonic() - began)
        check(rng.sample(sorted(done), min(3, len(done))))

    for request_id in asked:
        assert server.wait_done(token, request_id)["state"] == "DONE", "what was asked goes on"
    check(sorted(done))
    server.stop()
    database = sqlite3.connect(server.data / "lakelift.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(f"\n{KILLS} kills, {len(asked)} acknowledged requests, {len(done)} seen DONE; restart to first answer: "
          f"median {sorted(starts)[len(starts) // 2] * 1e3:.0f} ms, worst {max(starts) * 1e3:.0f} ms")
    assert len(asked) > KILLS // 2 and len(done) > 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with Server(tmp_path_factory.mktemp("crash") / "data", ["--worker-memory-mib", "256"]) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.account("reader@lakelift.test")


def test_a_worker_killed_in_the_middle_never_leaves_half_a_file(server: Server, token: str) -> None:
    item = server.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)
    for day in range(1, 6):
        spares = server.stopped_workers()
        answer = server.request(token, item, ["day", "month", "tailnum"], [{"name": "day", "operator": "=", "value": day}])
        assert answer.status == 201, answer
        until(lambda: server.metric("lakelift_worker_jobs_running") == 1, "its job does not begin")
        for pid in spares:
            os.kill(pid, signal.SIGKILL)
        state = server.wait_done(token, answer.json["id"])
        if state["state"] == "FAILED":
            assert state["failure"]["message"]
            again = server.request(token, item, ["day", "month", "tailnum"], [{"name": "day", "operator": "=", "value": day}])
            state = server.wait_done(token, again.json["id"])
        assert state["state"] == "DONE", state
        body = server.ask("GET", state["download_uri"] + "?format=parquet").body
        assert set(pq.read_table(io.BytesIO(body))["day"].to_pylist()) == {day}


def varint(number: int) -> bytes:
    """A number as Thrift's compact protocol writes it (zigzag: twice a number that is not negative)."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def bombs(folder: Path) -> dict[str, Path]:
    """Files that ask for far more than they bring, and files that are not what they claim."""
    folder.mkdir(exist_ok=True)
    made = {}

    # About 130 KB that decode to 839 MB: one long text, repeated.
    bomb = folder / "bomb.parquet"
    text = "x" * 100_000
    pq.write_table(pa.table({"text": pa.array([text] * 8_390)}), bomb, compression="zstd", use_dictionary=True,
                   data_page_size=1 << 30, write_statistics=False)
    made["bomb"] = bomb

    good = folder / "good.parquet"
    pq.write_table(pa.table({"n": np.arange(50_000), "text": [str(i) for i in range(50_000)]}), good, compression="snappy")
    whole = good.read_bytes()
    for name, cut in (("half", len(whole) // 2), ("no-footer", len(whole) - 9), ("only-magic", 4), ("empty", 0)):
        made[name] = folder / f"{name}.parquet"
        made[name].write_bytes(whole[:cut])
    footer = int.from_bytes(whole[-8:-4], "little")
    made["long-footer"] = folder / "long-footer.parquet"
    made["long-footer"].write_bytes(whole[:-8] + (0x7FFFFFF0).to_bytes(4, "little") + b"PAR1")
    # 400 texts of 1 MB in one page of one row group: there is no smaller piece that could be read.
    made["indivisible"] = folder / "indivisible.parquet"
    pq.write_table(pa.table({"text": [f"{i:04}" + "x" * 1_000_000 for i in range(400)]}), made["indivisible"], compression="zstd",
                   use_dictionary=False, data_page_size=1 << 30, write_batch_size=1 << 20, write_statistics=False)

    # Counts that the file does not hold: each 50,000 of the footer (rows, values) becomes far more.
    for power in (31, 40, 62):
        forged = whole[-8 - footer : -8].replace(varint(2 * 50_000), varint(2 * (2**power - 1)))
        made[f"forged-2^{power}"] = folder / f"forged-{power}.parquet"
        made[f"forged-2^{power}"].write_bytes(whole[: -8 - footer] + forged + len(forged).to_bytes(4, "little") + b"PAR1")

    rng = random.Random(7)
    for n in range(6):
        damaged = bytearray(whole)
        place = range(len(whole) - footer - 8, len(whole) - 8) if n % 2 else range(4, len(whole) - footer - 8)
        for at in rng.sample(place, 40):
            damaged[at] = rng.randrange(256)
        made[f"damaged-{n}"] = folder / f"damaged-{n}.parquet"
        made[f"damaged-{n}"].write_bytes(bytes(damaged))
    return made


def test_bombs_and_forgeries_end_with_a_clear_error(server: Server, token: str, tmp_path: Path) -> None:
    before = server.status("VmRSS")
    most = before
    outcomes = {}
    reasons = {}
    for name, path in bombs(tmp_path / "bombs").items():
        began = time.monotonic()
        added = cli("catalogue", "add", f"bombs.{name}", str(path), "--no-profile", data=server.data, timeout=BOMB_SECONDS)
        if added.returncode != 0:
            assert added.stderr.startswith("error: ") and "internal" not in added.stderr.lower(), added.stderr
            outcomes[name] = "refused"
            reasons[name] = added.stderr
        else:
            item = int(cli("catalogue", "show", f"bombs.{name}", "--output", "id", data=server.data).stdout)
            columns = [c["name"] for c in server.ask("GET", f"/catalogue/items/{item}", token=token).json["spec"]]
            answer = server.request(token, item, columns)
            state = server.wait_done(token, answer.json["id"], BOMB_SECONDS)
            outcomes[name] = state["state"]
            if state["state"] == "FAILED":
                assert state["failure"]["message"], state
                reasons[name] = state["failure"]["message"]
        most = max(most, server.status("VmRSS"))
        assert server.ask("GET", "/livez").status == 200
        assert time.monotonic() - began < BOMB_SECONDS, name
    print(f"\n{outcomes}\nserver memory +{(most - before) / 1024:.1f} MiB")
    for name in ("half", "no-footer", "only-magic", "empty", "long-footer"):
        assert outcomes[name] == "refused", (name, outcomes)
    for name in (n for n in outcomes if n.startswith("forged")):
        assert outcomes[name] in {"refused", "FAILED"}, (name, outcomes)
    assert outcomes["indivisible"] == "FAILED" and "memory_bytes" in reasons["indivisible"], "dead at its own limit, and it says so"
    assert most - before <= 32 * 1024
