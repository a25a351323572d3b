"""What the contract tests share: a running server for each database, with a small table, and tokens."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.contract_api import Api, people_csv
from tests.e2e.files_api import Person
from tests.server_process import Server

SLOT_SECONDS = 300  # of sessions, and of windows


@pytest.fixture
def within_a_slot() -> None:
    """Such tests take seconds: one that would meet the end of a slot waits until the next one has begun."""
    left = SLOT_SECONDS - time.time() % SLOT_SECONDS
    if left < 30:
        time.sleep(left)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on an empty data folder and an empty database."""
    env = {}
    if request.param == "postgresql":
        env["LAKELIFT_DATABASE"] = request.getfixturevalue("postgresql").database()
    with Server(tmp_path_factory.mktemp("contract") / "data", env=env) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server_on(request: pytest.FixtureRequest) -> Callable[..., Server]:
    """Makes servers on a data folder each, with flags; all that a module tells of them is told on each database in turn."""

    def make(data: Path, *flags: str) -> Server:
        env = {}
        if request.param == "postgresql":
            env["LAKELIFT_DATABASE"] = request.getfixturevalue("postgresql").database()
        return Server(data, list(flags), env=env)

    return make


@pytest.fixture(scope="session")
def api(server: Server) -> Api:
    """The server, asked with every answer checked."""
    return Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture(scope="session")
def admin_token(server: Server) -> str:
    """Of an account of type ADMIN."""
    return server.account("admin@contract.test", "ADMIN")


@pytest.fixture(scope="session")
def new_researcher(api: Api, admin_token: str) -> Callable[[], str]:
    """Makes an account of type RESEARCHER nobody has used; its token."""
    numbers = itertools.count(1)

    def make() -> str:
        email = f"researcher{next(numbers)}@contract.test"
        api.ask("POST", "/accounts/", {"email": email, "type": "RESEARCHER"}, admin_token, expect=201)
        return api.ask("POST", "/accounts/tokens/", {"email": email}, admin_token, expect=201).json["token"]

    return make


@pytest.fixture(scope="session")
def researcher_token(new_researcher: Callable[[], str]) -> str:
    """Of an account of type RESEARCHER."""
    return new_researcher()


@pytest.fixture(scope="session")
def people(server: Server, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The id of the catalogue item lake.people: people_csv()."""
    path: Path = tmp_path_factory.mktemp("tables") / "people.csv"
    path.write_text(people_csv())
    return server.add_item("lake.people", path)


@pytest.fixture(scope="session")
def new_person(api: Api, admin_token: str) -> Callable[[], Person]:
    """Makes an account that has no files yet."""
    numbers = itertools.count(1)

    def make() -> Person:
        name = f"person {next(numbers)}"
        email = f"{name.replace(' ', '')}@files.test"
        api.ask("POST", "/accounts/", {"email": email, "username": name}, admin_token, expect=201)
        token = api.ask("POST", "/accounts/tokens/", {"email": email}, admin_token, expect=201).json["token"]
        return Person(api, name, token, email)

    return make


@pytest.fixture(scope="session")
def file_admin(api: Api, admin_token: str) -> Person:
    """The administrator."""
    account = api.ask("GET", "/accounts/me", token=admin_token, expect=200).json
    return Person(api, account["username"], admin_token, account["email"])
