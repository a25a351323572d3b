"""PostgreSQL goes away, comes back, crashes (threats D8); two servers on one database."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.contract_api import people_csv
from tests.peers.postgresql import Postgresql
from tests.server_process import Answer, Server, cli

CRASHES = 3


@pytest.fixture(scope="module")
def peer() -> Iterator[Postgresql]:
    """One that is stopped and killed."""
    server = Postgresql.of_this_run("faults")
    yield server
    server.remove()


def server_on(database: str, folder: Path, *flags: str) -> Server:
    """A server with its folder there and everything else in the database."""
    return Server(folder, list(flags), env={"LAKELIFT_DATABASE": database})


def assert_away(answer: Answer) -> None:
    """503, when to come again, and nothing of the inside."""
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) > 0
    for word in (b"127.0.0.1", b"SELECT", b"postgres"):
        assert word not in answer.body, answer


def test_away_is_503_and_back_is_back(peer: Postgresql, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    with server_on(peer.database(), tmp_path / "data") as server:
        token = server.account("admin@example.com", "ADMIN")
        item = server.add_item("lake.people", table)
        request = server.request(token, item, ["id"]).json["id"]
        done = server.wait_done(token, request)
        assert server.ask("GET", "/readyz").status == 200

        peer.stop()
        assert server.ask("GET", "/livez").status == 200
        assert_away(server.ask("GET", "/readyz"))
        assert_away(server.ask("GET", "/accounts/me", token=token))
        assert_away(server.ask("GET", "/catalogue/items/", token=token))
        assert_away(server.ask("GET", f"/downloader/requests/{request}", token=token))
        assert_away(server.ask("POST", "/accounts/", {"email": "lost@example.com", "type": "RESEARCHER"}, token))
        assert_away(server.request(token, item, ["name"]))

        peer.start()
        assert server.ask("GET", "/readyz").status == 200
        assert server.ask("GET", "/accounts/me", token=token).json["email"] == "admin@example.com"
        # What was refused did not happen, and can be done now.
        assert server.ask("POST", "/accounts/", {"email": "lost@example.com", "type": "RESEARCHER"}, token).status == 201
        assert server.ask("GET", done["download_uri"]).status == 200
        again = server.request(token, item, ["name"])
        assert again.status == 201
        assert server.wait_done(token, again.json["id"])["state"] == "DONE"
        assert server.stop() == 0


def test_crashes_leave_nothing_half_done(peer: Postgresql, tmp_path: Path) -> None:
    """Accounts are made without a pause while the database crashes: each has its row in the ledger, and the reverse."""
    database = peer.database()
    with server_on(database, tmp_path / "data") as server:
        token = server.account("admin@example.com", "ADMIN")
        acknowledged: list[str] = []
        refused = 0
        numbers = itertools.count(1)
        stop = threading.Event()

        def make_accounts() -> None:
            nonlocal refused
            while not stop.is_set():
                email = f"a{next(numbers)}@example.com"
                answer = server.ask("POST", "/accounts/", {"email": email, "type": "RESEARCHER"}, token)
                if answer.status == 201:
                    acknowledged.append(email)
                else:
                    assert_away(answer)
                    refused += 1

        with ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(make_accounts) for _ in range(4)]
            for _ in range(CRASHES):
                enough = len(acknowledged) + 20
                while len(acknowledged) < enough and not any(w.done() for w in workers):
                    stop.wait(0.01)
                peer.kill()
                peer.start()
            stop.set()
            for worker in workers:
                worker.result()

        assert refused > 0
        kept = {row[0]: row[1] for row in peer.query("SELECT email, id FROM accounts_accounts", database)}
        assert set(acknowledged) <= set(kept)
        recorded = peer.query("SELECT subject_id FROM ledger WHERE kind = 'account.created'", database)
        assert sorted(row[0] for row in recorded) == sorted(kept.values())


def test_two_servers_share_accounts_and_catalogue(peer: Postgresql, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    database = peer.database()
    # Both start at once on an empty database.
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda name: server_on(database, tmp_path / name).start(), ["one", "other"])
    with one, other:
        token = one.account("admin@example.com", "ADMIN")
        assert other.ask("GET", "/accounts/me", token=token).json["email"] == "admin@example.com"
        item = other.add_item("lake.people", table)
        shown = one.ask("GET", f"/catalogue/items/{item}", token=token)
        assert shown.status == 200 and shown.json["name"] == "lake.people"

        def make(pair: tuple[Server, int]) -> int:
            server, number = pair
            return server.ask("POST", "/accounts/", {"email": f"b{number}@example.com", "type": "RESEARCHER"}, token).status

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(make, [(server, number) for number in range(20) for server in (one, other)]))
        assert sorted(statuses) == [201] * 20 + [409] * 20


def test_a_folder_keeps_to_its_database(peer: Postgresql, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    env = {"LAKELIFT_DATABASE": peer.database()}
    made = cli("account", "create", "ada@example.com", data=folder, env=env)
    assert made.returncode == 0, made.stderr
    elsewhere = cli("account", "create", "ada@example.com", data=folder)
    assert elsewhere.returncode == 6, elsewhere
    assert "--database" in elsewhere.stderr
    assert cli("account", "create", "bob@example.com", data=folder, env=env).returncode == 0


def test_the_password_is_shown_nowhere(peer: Postgresql, tmp_path: Path) -> None:
    database = peer.database()
    secret = tmp_path / "secret"
    secret.write_text(database.replace(":lakelift@", ":lake%6Cift@") + "\n")
    shown = cli("serve", "--database-file", str(secret), "--database", database, "--show-config")
    assert shown.returncode == 2 and ":lake" not in shown.stderr
    shown = cli("serve", "--database", database, "--show-config")
    assert "lakelift:***@127.0.0.1" in shown.stdout and ":lakelift@" not in shown.stdout
    with Server(tmp_path / "data", ["--database-file", str(secret)]) as server:
        assert server.ask("GET", "/readyz").status == 200
        assert ":lake" not in server.log.read_text()
    wrong = cli("serve", "--database", database.replace(":lakelift@", ":wrong-secret@"), "--port", "0", data=tmp_path / "other")
    assert wrong.returncode == 1
    assert "authentication" in wrong.stderr and "wrong-secret" not in wrong.stderr
