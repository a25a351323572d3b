"""Two servers on one PostgreSQL and one S3: many equal requests at once are one run, whoever is asked (T17, D14, S6)."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.peers.postgresql import Postgresql
from tests.peers.s3 import S3, storage_flags
from tests.server_process import FLIGHTS_CSV, FULL_DOSE, Server

ROUNDS = 20 if FULL_DOSE else 4
ASKED = 200
PEOPLE = 20
CANCELLED_ROUNDS = 100 if FULL_DOSE else 10
COLUMNS = ["carrier", "dep_delay", "distance", "origin"]


@pytest.fixture(scope="module")
def pair(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    store = S3.of_this_run("two servers")
    folder = tmp_path_factory.mktemp("two")
    env = store.credentials | {"LAKELIFT_DATABASE": postgresql.database()}
    flags = storage_flags("s3://lake/slices", store.address)
    with Server(folder / "one", flags, env) as one, Server(folder / "two", flags, env) as two:
        yield one, two
    store.remove()


@pytest.fixture(scope="module")
def tokens(pair: tuple[Server, Server]) -> list[str]:
    return [pair[0].account(f"waiter{number}@example.com") for number in range(PEOPLE)]


@pytest.fixture(scope="module")
def flights(pair: tuple[Server, Server]) -> int:
    return pair[0].add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)


def runs(pair: tuple[Server, Server]) -> float:
    return sum(server.metric("lakelift_runs_total") for server in pair)


def filters(number: int) -> list[dict]:
    return [
        {"name": "distance", "operator": "<", "value": 1_000 + number},
        {"name": "dep_delay", "operator": ">=", "value": 200},
        {"name": "origin", "operator": "=", "value": "JFK"},
    ]


def test_t17_two_hundred_equal_requests_are_one_run(pair: tuple[Server, Server], tokens: list[str], flights: int) -> None:
    # Each round asks for more rows than those before it, so that no slice lies in one that is held.
    for number in range(ROUNDS):
        before = runs(pair)
        start = threading.Barrier(50)

        def ask(index: int, number: int = number, start: threading.Barrier = start) -> tuple[int, str]:
            dice = random.Random(number * ASKED + index)
            server = pair[index % 2]
            if index < 50:
                start.wait(30)
            answer = server.request(tokens[index % PEOPLE], flights, dice.sample(COLUMNS, 4), dice.sample(filters(number), 3))
            assert answer.status in {200, 201}, answer
            data = server.ask("GET", answer.json["uri"] + "?format=csv", timeout=120)
            assert data.status == 200, data
            return answer.json["id"], data.headers["etag"]

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(ask, range(ASKED)))
        assert len(answers) == ASKED and len(set(answers)) == 1, "one request, the same bytes for everyone"
        assert runs(pair) - before == 1, f"round {number}"


def test_t17_the_last_one_to_leave_ends_it(pair: tuple[Server, Server], tokens: list[str], flights: int) -> None:
    """Two wait, both leave at once, by the two servers: it is cancelled, once, and nobody is left."""
    for number in range(CANCELLED_ROUNDS):
        columns = ["carrier", "flight"]
        wanted = [{"name": "distance", "operator": ">", "value": number}]
        ids = {server.request(tokens[i], flights, columns, wanted).json["id"] for i, server in enumerate(pair)}
        assert len(ids) == 1
        (request_id,) = ids

        def leave(index: int, request_id: int = request_id) -> int:
            return pair[index].ask("DELETE", f"/downloader/requests/{request_id}", token=tokens[index]).status

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(leave, range(2))) == [200, 200]
        for index, server in enumerate(pair):
            assert server.ask("GET", f"/downloader/requests/{request_id}", token=tokens[index]).status == 404
        again = pair[number % 2].request(tokens[0], flights, columns, wanted)
        assert again.status == 201 and again.json["id"] != request_id
        assert pair[0].wait_done(tokens[0], again.json["id"])["state"] == "DONE"
        pair[1].ask("DELETE", f"/downloader/requests/{again.json['id']}", token=tokens[0])
