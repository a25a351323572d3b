"""Accounts and groups: what administrators do with them, and what becomes of their tokens (threats A7, F3–F5)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.contract_api import Api, people_csv
from tests.server_process import Server, cli, must

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own: it changes administrators."""
    with server_on(tmp_path_factory.mktemp("accounts") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture(scope="module")
def admin(server: Server) -> str:
    """The token of an administrator who stays one."""
    return server.account("boss@example.com", "ADMIN")


@dataclass
class Person:
    """An account with a token of each kind."""

    id: int
    email: str
    jwt: str
    named: str

    @property
    def tokens(self) -> list[str]:
        return [self.jwt, self.named]


def person(api: Api, admin: str, kind: str = "RESEARCHER") -> Person:
    email = f"person{next(NUMBERS)}@example.com"
    account = api.ask("POST", "/accounts/", {"email": email, "type": kind}, admin, expect=201).json
    jwt = api.ask("POST", "/accounts/tokens/", {"email": email}, admin, expect=201).json["token"]
    scope = "admin" if kind == "ADMIN" else "write"
    named = api.ask("POST", "/accounts/tokens/", {"name": "ci", "scope": scope}, jwt, expect=201).json["token"]
    return Person(account["id"], email, jwt, named)


def statuses(api: Api, tokens: list[str], path: str = "/accounts/me") -> list[tuple[int, str]]:
    """By bearer header and by cookie, each token."""
    answers = [api.ask("GET", path, token=token) for token in tokens]
    answers += [api.ask("GET", path, headers={"Cookie": f"lakey-auth-token={token}"}) for token in tokens]
    return [(answer.status, answer.json["@event"]) for answer in answers]


def test_an_account_from_beginning_to_end(api: Api, admin: str) -> None:
    """Created, read, changed, found, deleted; every answer is held against the document."""
    made = api.ask("POST", "/accounts/", {"email": "Ada@example.com", "username": "Ada L"}, admin, expect=201).json
    assert (made["email"], made["username"], made["type"], made["disabled"], made["groups"]) == ("ada@example.com", "Ada L", "RESEARCHER", False, [])
    path = f"/accounts/{made['id']}"
    read = api.ask("GET", path, token=admin, expect=200).json
    assert {**read, "@event": ""} == {**made, "@event": ""}
    changed = api.ask("PUT", path, {"type": "ADMIN", "username": "ada"}, admin, expect=200).json
    assert (changed["type"], changed["username"], changed["email"]) == ("ADMIN", "ada", "ada@example.com")
    for query in ("q=ADA@", "name=ada", "name=Ada@example.com", "type=ADMIN&q=ada", "disabled=false&name=ada"):
        found = api.ask("GET", f"/accounts/?{query}", token=admin, expect=200).json["accounts"]
        assert [account["id"] for account in found] == [made["id"]], query
    for query in ("q=%25", "name=ad", "type=RESEARCHER&name=ada", "disabled=true&name=ada"):
        assert api.ask("GET", f"/accounts/?{query}", token=admin, expect=200).json["accounts"] == [], query
    assert api.ask("DELETE", path, token=admin, expect=200).json["@event"] == "ACCOUNT_DELETED"
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        assert api.ask(method, path, body, admin, expect=404).json["@event"] == "COULD_NOT_FIND_ACCOUNT"


def test_an_account_with_a_username_alone(api: Api, admin: str) -> None:
    made = api.ask("POST", "/accounts/", {"username": "only a name"}, admin, expect=201).json
    assert made["email"] is None
    twice = api.ask("POST", "/accounts/", {"username": "only a name"}, admin, expect=409)
    assert twice.json["@event"] == "USERNAME_EXISTS_ALREADY"
    api.ask("PUT", f"/accounts/{made['id']}", {"username": "boss"}, admin, expect=409)


@pytest.mark.parametrize("username", ["", "x" * 33, " x", "x ", "a/b", "..", "a\nb", "ä", "<b>", 7, ["x"]])
def test_what_is_no_username(api: Api, admin: str, username: object) -> None:
    """400 with the field's name, and nothing changes."""
    someone = person(api, admin)
    answer = api.ask("PUT", f"/accounts/{someone.id}", {"username": username, "disabled": True}, admin, expect=400)
    assert list(answer.json["errors"]) == ["username"]
    assert api.ask("GET", "/accounts/me", token=someone.jwt, expect=200).json["disabled"] is False


def test_what_no_body_sets(api: Api, admin: str) -> None:
    """Threats F4: who the account is, when it was made and what it is in are not set by a body."""
    body = {"id": 1, "email": "mass@example.com", "created_at": "1970-01-01T00:00:00Z", "groups": [{"id": 1}], "@type": "x", "disabled_at": 1}
    someone = person(api, admin)
    before = api.ask("GET", f"/accounts/{someone.id}", token=admin, expect=200).json
    api.ask("PUT", f"/accounts/{someone.id}", body, admin, expect=409)  # an email is given once
    assert api.ask("GET", f"/accounts/{someone.id}", token=admin, expect=200).json == before
    after = api.ask("PUT", f"/accounts/{someone.id}", {k: v for k, v in body.items() if k != "email"}, admin, expect=200).json
    assert {**after, "@event": ""} == {**before, "@event": ""}
    made = api.ask("POST", "/accounts/", body, admin, expect=201).json
    assert made["id"] != 1 and made["groups"] == [] and made["created_at"] > "2020"
    api.ask("PUT", f"/accounts/{someone.id}", {"type": "ADMIN"}, someone.jwt, expect=403)
    api.ask("PUT", f"/accounts/{someone.id}", {"type": "ROOT"}, admin, expect=400)


def test_the_caller_sees_themselves(api: Api, admin: str) -> None:
    someone = person(api, admin)
    group = api.ask("POST", "/accounts/groups/", {"name": f"me {someone.id}"}, admin, expect=201).json
    api.ask("PUT", f"/accounts/groups/{group['id']}/members/{someone.id}", token=admin, expect=200)
    me = api.ask("GET", "/accounts/me", token=someone.jwt, expect=200).json
    assert (me["id"], me["email"], me["scope"]) == (someone.id, someone.email, "write")
    assert me["groups"] == [{"id": group["id"], "name": group["name"]}]
    assert api.ask("GET", "/accounts/me", token=admin, expect=200).json["scope"] == "admin"


@pytest.mark.parametrize("kind", ["RESEARCHER", "ADMIN"])
def test_a_disabled_account_is_out_at_the_next_request(api: Api, admin: str, kind: str) -> None:
    """Threats A7: by every kind of token, until it is enabled again."""
    someone = person(api, admin, kind)
    assert {status for status, _ in statuses(api, someone.tokens)} == {200}
    api.ask("PUT", f"/accounts/{someone.id}", {"disabled": True}, admin, expect=200)
    assert set(statuses(api, someone.tokens)) == {(401, "AUTH_TOKEN_MISSING_ACCOUNT")}
    refused = api.ask("POST", "/accounts/tokens/", {"email": someone.email}, admin, expect=409)
    assert refused.json["@event"] == "ACCOUNT_IS_DISABLED"
    api.ask("PUT", f"/accounts/{someone.id}", {"disabled": False}, admin, expect=200)
    assert {status for status, _ in statuses(api, someone.tokens)} == {200}


def test_a_deleted_account_is_out_at_the_next_request(api: Api, admin: str) -> None:
    """Threats A7; and an account made anew with that email is another one."""
    someone = person(api, admin)
    api.ask("DELETE", f"/accounts/{someone.id}", token=admin, expect=200)
    again = api.ask("POST", "/accounts/", {"email": someone.email}, admin, expect=201).json
    assert again["id"] != someone.id
    assert set(statuses(api, someone.tokens)) == {(401, "AUTH_TOKEN_MISSING_ACCOUNT"), (401, "AUTH_TOKEN_WAS_BROKEN")}


def test_a_demoted_administrator_is_none_at_the_next_request(api: Api, admin: str) -> None:
    """Threats A7: the JWT names another type and opens nothing; the API token opens what researchers may."""
    someone = person(api, admin, "ADMIN")
    assert {status for status, _ in statuses(api, someone.tokens, "/accounts/")} == {200}
    api.ask("PUT", f"/accounts/{someone.id}", {"type": "RESEARCHER"}, admin, expect=200)
    assert set(statuses(api, [someone.jwt], "/accounts/")) == {(401, "AUTH_TOKEN_MISSING_ACCOUNT")}
    assert set(statuses(api, [someone.named], "/accounts/")) == {(403, "ACCESS_DENIED")}
    assert api.ask("GET", "/accounts/me", token=someone.named, expect=200).json["scope"] == "write"


def test_a_deleted_account_stops_waiting(api: Api, server: Server, admin: str, tmp_path: Path) -> None:
    """Its requests are left, those of others go on; its addresses open nothing; the maker of a request may be gone."""
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    item = server.add_item("lake.people", table)
    leaving, staying = person(api, admin), person(api, admin)
    shared = api.ask_slice(leaving.jwt, item, ["id"])
    assert api.ask_slice(staying.jwt, item, ["id"], expect=200)["id"] == shared["id"]
    api.done(staying.jwt, shared["id"])
    own = api.ask_slice(leaving.jwt, item, ["id", "name"])
    api.done(leaving.jwt, own["id"])
    assert server.ask("GET", own["uri"]).status == 200
    api.ask("DELETE", f"/accounts/{leaving.id}", token=admin, expect=200)
    assert server.ask("GET", own["uri"]).status == 403
    assert server.ask("GET", shared["uri"]).status == 403
    still = api.ask("GET", f"/downloader/requests/{shared['id']}", token=staying.jwt, expect=200).json
    assert still["state"] == "DONE" and still["created_by"] is None
    entries = api.ask("GET", "/audit?subject_kind=download_request&limit=20", token=admin, expect=200).json["entries"]
    kinds = [entry["kind"] for entry in entries if entry["kind"].startswith("request.")]  # downloads are counted beside them
    assert sorted(kinds[:2]) == ["request.cancelled", "request.left"]


def test_a_disabled_accounts_addresses_open_nothing(api: Api, server: Server, admin: str, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text(people_csv())
    item = server.add_item("lake.more", table)
    someone = person(api, admin)
    uri = api.ask_slice(someone.jwt, item, ["id"])["uri"]
    assert server.ask("GET", uri).status == 200
    api.ask("PUT", f"/accounts/{someone.id}", {"disabled": True}, admin, expect=200)
    assert server.ask("GET", uri).status == 403
    api.ask("PUT", f"/accounts/{someone.id}", {"disabled": False}, admin, expect=200)
    assert server.ask("GET", uri).status == 200


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    """409 with a clear text; the machine's owner is never changed."""
    with Server(tmp_path / "data") as server:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        token = server.account("only@example.com", "ADMIN")
        me = api.ask("GET", "/accounts/me", token=token, expect=200).json["id"]
        for body in ({"type": "RESEARCHER"}, {"disabled": True}):
            refused = api.ask("PUT", f"/accounts/{me}", body, token, expect=409)
            assert refused.json["@event"] == "LAST_ADMIN_IS_NEEDED"
            assert "last active administrator" in refused.json["message"]
        assert api.ask("DELETE", f"/accounts/{me}", token=token, expect=409).json["@event"] == "LAST_ADMIN_IS_NEEDED"
        local = api.ask("GET", "/accounts/?name=admin@localhost", token=token, expect=200).json["accounts"][0]["id"]
        for method, body in (("DELETE", None), ("PUT", {"disabled": True}), ("PUT", {"type": "RESEARCHER"}), ("PUT", {"username": "x"})):
            assert api.ask(method, f"/accounts/{local}", body, token, expect=409).json["@event"] == "LOCAL_ADMIN_IS_NEEDED"
        second = server.account("second@example.com", "ADMIN")
        api.ask("PUT", f"/accounts/{me}", {"type": "RESEARCHER"}, token, expect=200)
        api.ask("GET", "/accounts/", token=second, expect=200)
        must(cli("account", "disable", "second@example.com", data=server.data))
        api.ask("GET", "/accounts/", token=second, expect=401)


def test_of_many_equal_creations_one_wins(api: Api, admin: str) -> None:
    """50 at once of an account's email, an account's username, a group's name."""
    bodies = [("/accounts/", {"email": "race@example.com"}), ("/accounts/", {"username": "racer"}), ("/accounts/groups/", {"name": "race"})]
    for path, body in bodies:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _, path=path, body=body: api.server.ask("POST", path, body, admin), range(50)))
        assert sorted(answer.status for answer in answers) == [201] + [409] * 49, path


def test_groups(api: Api, admin: str) -> None:
    """Made, filled, listed page by page, emptied, deleted."""
    group = api.ask("POST", "/accounts/groups/", {"name": "oceanography"}, admin, expect=201).json
    path = f"/accounts/groups/{group['id']}"
    assert (group["name"], group["members"]) == ("oceanography", 0)
    assert api.ask("POST", "/accounts/groups/", {"name": "oceanography"}, admin, expect=409).json["@event"] == "GROUP_EXISTS_ALREADY"
    people = [person(api, admin).id for _ in range(3)]
    for someone in [*people, people[0]]:
        api.ask("PUT", f"{path}/members/{someone}", token=admin, expect=200)
    assert api.ask("GET", path, token=admin, expect=200).json["members"] == 3
    found, address = [], f"{path}/members/?limit=2"
    while address:
        page = api.ask("GET", address, token=admin, expect=200).json
        found += [account["id"] for account in page["accounts"]]
        address = page["next_url"]
    assert found == people
    api.ask("DELETE", f"{path}/members/{people[0]}", token=admin, expect=200)
    api.ask("DELETE", f"/accounts/{people[1]}", token=admin, expect=200)
    assert api.ask("GET", path, token=admin, expect=200).json["members"] == 1
    names = [g["name"] for g in api.ask("GET", "/accounts/groups/?name=oceanography", token=admin, expect=200).json["groups"]]
    assert names == ["oceanography"]
    api.ask("DELETE", path, token=admin, expect=200)
    for method, where in (("GET", path), ("DELETE", path), ("GET", f"{path}/members/"), ("PUT", f"{path}/members/{people[2]}")):
        assert api.ask(method, where, token=admin, expect=404).json["@event"] == "COULD_NOT_FIND_GROUP"
    assert api.ask("GET", f"/accounts/{people[2]}", token=admin, expect=200).json["groups"] == []


@pytest.mark.parametrize("name", ["", "x" * 65, " x", "a/b", "a\tb", "ö", None, 7])
def test_what_is_no_group(api: Api, admin: str, name: object) -> None:
    answer = api.ask("POST", "/accounts/groups/", {"name": name}, admin, expect=400)
    assert list(answer.json["errors"]) == ["name"]


def test_the_commands(server: Server) -> None:
    """What an administrator types, from a new account to its end."""
    data = server.data
    must(cli("account", "create", "typed@example.com", data=data))
    must(cli("account", "rename", "typed@example.com", "typed by hand", data=data))
    must(cli("account", "set-type", "typed by hand", "ADMIN", data=data))
    must(cli("group", "create", "typists", data=data))
    must(cli("group", "add", "typists", "typed@example.com", "boss@example.com", data=data))
    shown = json.loads(must(cli("account", "show", "typed by hand", "--output", "json", data=data)))
    assert (shown["email"], shown["type"], shown["groups"][0]["name"]) == ("typed@example.com", "ADMIN", "typists")
    assert "typed@example.com" in must(cli("group", "members", "typists", data=data))
    must(cli("group", "remove", "typists", "boss@example.com", data=data))
    assert "typists" in must(cli("group", "list", data=data))
    must(cli("account", "disable", str(shown["id"]), data=data))
    assert must(cli("account", "list", "--disabled", "--search", "typed", "--output", "id", data=data)) == str(shown["id"])
    must(cli("account", "enable", str(shown["id"]), data=data))
    asked = cli("account", "delete", "typed@example.com", data=data, input="")
    assert asked.returncode == 2 and "--yes" in asked.stderr
    must(cli("account", "delete", "typed@example.com", "--yes", data=data))
    assert cli("account", "show", "typed@example.com", data=data).returncode == 3
    must(cli("group", "delete", "typists", "--yes", data=data))
    refused = cli("account", "delete", "admin@localhost", "--yes", data=data)
    assert refused.returncode == 6 and "owner" in refused.stderr
