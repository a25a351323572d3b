"""The audit: every change is there, with who did it, and can be found (threats F5)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.contract_api import Api
from tests.server_process import Server, cli, must


@pytest.fixture(scope="module")
def server(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which nobody else does anything."""
    with server_on(tmp_path_factory.mktemp("audit") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture(scope="module")
def boss(server: Server) -> str:
    return server.account("boss@example.com", "ADMIN")


@pytest.fixture(scope="module")
def story(api: Api, boss: str) -> dict[str, int]:
    """Everything that can be done to an account, once; the ids of those it was done to."""
    ada = api.ask("POST", "/accounts/", {"email": "ada@example.com"}, boss, expect=201).json["id"]
    me = api.ask("GET", "/accounts/me", token=boss, expect=200).json["id"]
    api.ask("PUT", f"/accounts/{ada}", {"username": "ada l", "type": "ADMIN"}, boss, expect=200)
    jwt = api.ask("POST", "/accounts/tokens/", {"email": "ada@example.com"}, boss, expect=201).json["token"]
    named = api.ask("POST", "/accounts/tokens/", {"name": "ci"}, jwt, expect=201).json
    api.ask("DELETE", f"/accounts/tokens/{named['id']}", token=jwt, expect=200)
    api.ask("POST", "/accounts/tokens/revoke/", {"token": jwt}, boss, expect=200)
    group = api.ask("POST", "/accounts/groups/", {"name": "team"}, boss, expect=201).json["id"]
    api.ask("PUT", f"/accounts/groups/{group}/members/{ada}", token=boss, expect=200)
    api.ask("DELETE", f"/accounts/groups/{group}/members/{ada}", token=boss, expect=200)
    api.ask("DELETE", f"/accounts/groups/{group}", token=boss, expect=200)
    api.ask("POST", "/accounts/keys/rotate", {"purpose": "link"}, boss, expect=201)
    api.ask("DELETE", f"/accounts/{ada}", token=boss, expect=200)
    return {"ada": ada, "boss": me, "group": group}


def entries(api: Api, token: str, query: str) -> list[dict]:
    """Of all pages."""
    found, address = [], f"/audit?{query}"
    while address:
        page = api.ask("GET", address, token=token, expect=200).json
        found += page["entries"]
        address = page["next_url"]
    return found


def test_every_change_is_there_with_who_did_it(api: Api, boss: str, story: dict[str, int]) -> None:
    about_ada = entries(api, boss, f"subject_kind=account&subject_id={story['ada']}")
    assert [entry["kind"] for entry in about_ada] == [
        "account.deleted", "token.revoked", "token.revoked", "token.created", "token.issued", "account.updated", "account.created",
    ]
    by_boss = [entry for entry in about_ada if entry["actor"] == story["boss"]]
    assert [entry["kind"] for entry in by_boss] == ["account.deleted", "token.revoked", "token.issued", "account.updated", "account.created"]
    assert {entry["actor_name"] for entry in by_boss} == {"boss@example.com"}
    by_ada = [entry for entry in about_ada if entry["actor"] == story["ada"]]
    assert {entry["actor_name"] for entry in by_ada} == {None}, "she is gone; her id stays"
    updated = about_ada[5]
    assert updated["detail"] == {"type": {"from": "RESEARCHER", "to": "ADMIN"}, "username": {"from": "ada", "to": "ada l"}}
    assert about_ada[0]["detail"]["email"] == "ada@example.com"
    assert about_ada[4]["on_behalf"] == story["ada"]
    group = entries(api, boss, f"subject_kind=group&subject_id={story['group']}")
    assert [entry["kind"] for entry in group] == ["group.deleted", "group.member_removed", "group.member_added", "group.created"]
    assert [entry["detail"]["purpose"] for entry in entries(api, boss, "kind=key.rotated")] == ["link"]


def test_no_secret_is_in_it(api: Api, boss: str, story: dict[str, int]) -> None:
    text = "".join(str(entry) for entry in entries(api, boss, ""))
    assert "lakelift_" not in text and "eyJ" not in text


def test_filters(api: Api, boss: str, story: dict[str, int]) -> None:
    everything = entries(api, boss, "limit=1000")
    assert [entry["seq"] for entry in everything] == sorted((entry["seq"] for entry in everything), reverse=True)

    def expect(query: str, keep) -> None:
        assert entries(api, boss, query) == [entry for entry in everything if keep(entry)], query

    expect("limit=3", lambda _: True)
    expect("kind=account.created", lambda e: e["kind"] == "account.created")
    expect("kind=account.", lambda e: e["kind"].startswith("account."))
    expect("kind=account", lambda _: False)
    expect(f"actor={story['boss']}&limit=2", lambda e: e["actor"] == story["boss"])
    expect("subject_kind=group&kind=group.member_added", lambda e: e["kind"] == "group.member_added")
    middle = everything[len(everything) // 2]
    expect(f"from={middle['at']}", lambda e: e["at"] >= middle["at"])
    expect(f"to={middle['at']}", lambda e: e["at"] < middle["at"])
    expect(f"before={middle['seq']}", lambda e: e["seq"] < middle["seq"])


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "actor=x", "before=-1", "from=yesterday", "to=2026-13-01"])
def test_a_broken_question(api: Api, boss: str, query: str) -> None:
    answer = api.ask("GET", f"/audit?{query}", token=boss, expect=400)
    assert list(answer.json["errors"]) == [query.split("=")[0]]


def test_only_administrators_read_it(api: Api, server: Server) -> None:
    """Threats F5."""
    api.ask("GET", "/audit", token=server.account("reader@example.com"), expect=403)
    api.ask("GET", "/audit", expect=401)


def test_the_command(server: Server, story: dict[str, int]) -> None:
    """As a table, JSON lines and CSV; narrowed."""
    rows = list(csv.DictReader(io.StringIO(must(cli("audit", "--kind", "group.", "--output", "csv", data=server.data)))))
    assert [row["kind"] for row in rows] == ["group.deleted", "group.member_removed", "group.member_added", "group.created"]
    assert {row["actor"] for row in rows} == {"boss@example.com"}
    assert rows[0]["subject"] == f"group {story['group']}"
    by = must(cli("audit", "--actor", "boss@example.com", "--since", "7d", "--limit", "2", "--output", "jsonl", data=server.data))
    assert len(by.splitlines()) == 2
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    assert must(cli("audit", "--since", tomorrow, data=server.data)) == ""
    assert "KIND" in must(cli("audit", data=server.data)).splitlines()[0]
    assert cli("audit", "--actor", "nobody@example.com", data=server.data).returncode == 3
    assert cli("audit", "--since", "soon", data=server.data).returncode == 2
