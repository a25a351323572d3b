"""API tokens and keys: what a token may, how it ends, and who guesses (threats A1, A2, A7, A8, F3, F4, U2)."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.contract_api import Api, comparable, people_csv
from tests.server_process import Server, cli, must

NUMBERS = itertools.count(1)
TOKENS = "/accounts/tokens/"


@pytest.fixture(scope="module")
def server(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own: it rotates keys."""
    with server_on(tmp_path_factory.mktemp("tokens") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture
def admin(server: Server) -> str:
    """Made anew for each test: keys are retired here."""
    return server.account(f"boss{next(NUMBERS)}@example.com", "ADMIN")


@pytest.fixture
def reader(server: Server) -> str:
    """The JWT of a researcher of whom nothing is known."""
    return server.account(f"reader{next(NUMBERS)}@example.com")


def make(api: Api, jwt: str, expect: int = 201, **fields: object) -> dict:
    return api.ask("POST", TOKENS, {"name": f"token {next(NUMBERS)}"} | fields, jwt, expect=expect).json


def days_from_now(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.now(UTC)) / timedelta(days=1)


def test_is_shown_once(api: Api, reader: str) -> None:
    """The answer to its making has it; no list does."""
    made = make(api, reader, name="laptop")
    token = made["token"]
    assert made["@event"] == "API_TOKEN_CREATED" and made["scope"] == "write" and made["last_used_at"] is None
    assert 89.9 < days_from_now(made["expires_at"]) < 90.1
    listed = api.ask("GET", TOKENS, token=reader, expect=200)
    assert [t["name"] for t in listed.json["tokens"]] == ["laptop"]
    assert token not in listed.body.decode()
    api.ask("GET", "/accounts/me", token=token, expect=200)
    used = api.ask("GET", TOKENS, token=reader, expect=200).json["tokens"][0]
    assert used["last_used_at"] is not None and days_from_now(used["last_used_at"]) > -0.01


def test_a_scope_is_what_a_token_may(api: Api, server: Server, admin: str, tmp_path: Path) -> None:
    """read looks, write asks, admin administers; by header and by cookie."""
    tokens = {scope: make(api, admin, scope=scope)["token"] for scope in ("read", "write", "admin")}
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    item = server.add_item("lake.people", table)
    ask = {"spec": {"columns": ["id"]}, "catalogue_item_id": item}
    expected = {"read": (200, 200, 403, 403, 403), "write": (200, 200, 200, 403, 403), "admin": (200, 200, 200, 200, 201)}
    make(api, admin)  # so that there is something to list
    api.ask("POST", "/downloader/requests/", ask, admin, expect=201)
    for scope, token in tokens.items():
        for sent in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"lakey-auth-token={token}", "Sec-Fetch-Site": "same-origin"}):
            answers = [
                api.ask("GET", "/accounts/me", headers=sent),
                api.ask("POST", "/downloader/requests/estimate/", ask, headers=sent),
                api.ask("POST", "/downloader/requests/", ask, headers=sent),
                api.ask("GET", "/accounts/", headers=sent),
                api.ask("POST", "/accounts/groups/", {"name": f"g{next(NUMBERS)}"}, headers=sent),
            ]
            got = tuple(answer.status for answer in answers)
            assert got == expected[scope], scope
            assert answers[0].json["scope"] == scope
            assert [a.json["@event"] for a in answers if a.status == 403] == ["ACCESS_DENIED"] * sum(s == 403 for s in got)


def test_nobody_gives_more_than_they_have(api: Api, admin: str, reader: str) -> None:
    """A token makes none of a greater scope; one that only reads makes none."""
    write = make(api, admin, scope="write")["token"]
    read = make(api, admin, scope="read")["token"]
    assert list(make(api, reader, 400, scope="admin")["errors"]) == ["scope"]
    make(api, read, 403, scope="read")
    assert list(make(api, reader, 400, expires_at=None)["errors"]) == ["expires_at"]
    assert make(api, admin, expires_at=None)["expires_at"] is None
    # An administrator's lesser token is no administrator's.
    email = api.ask("GET", "/accounts/me", token=reader, expect=200).json["email"]
    make(api, write, 403, email=email)
    api.ask("POST", TOKENS, {"email": email}, write, expect=403)
    api.ask("POST", TOKENS, {"email": email}, reader, expect=403)
    assert list(make(api, admin, 400, email=email, scope="admin")["errors"]) == ["scope"], "a researcher's"


def test_an_api_token_has_no_successors(api: Api, admin: str, reader: str) -> None:
    """What leaks from a program makes none that outlive it and ends no others; an administrator's of that scope may."""
    leaked, kept = make(api, reader), make(api, reader)
    make(api, leaked["token"], 403, scope="read")
    api.ask("DELETE", f"{TOKENS}{kept['id']}", token=leaked["token"], expect=403)
    api.ask("GET", "/accounts/me", token=kept["token"], expect=200)
    whole = make(api, admin, scope="admin")["token"]
    child = make(api, whole, scope="admin")
    api.ask("DELETE", f"{TOKENS}{child['id']}", token=whole, expect=200)


def test_nobody_else_makes_tokens_for_the_local_administrator(api: Api, admin: str) -> None:
    """That account can't be disabled or demoted: what opens it stays with the machine's owner."""
    api.ask("POST", TOKENS, {"email": "admin@localhost"}, admin, expect=403)
    make(api, admin, 403, email="admin@localhost", scope="admin")


def test_an_administrator_makes_one_for_another(api: Api, admin: str, reader: str) -> None:
    me = api.ask("GET", "/accounts/me", token=reader, expect=200).json
    made = make(api, admin, email=me["email"], scope="read")
    assert made["account_id"] == me["id"]
    assert api.ask("GET", "/accounts/me", token=made["token"], expect=200).json["id"] == me["id"]
    listed = api.ask("GET", f"{TOKENS}?account_id={me['id']}", token=admin, expect=200).json["tokens"]
    assert [t["id"] for t in listed] == [made["id"]]
    make(api, admin, 404, email="nobody@example.com")
    api.ask("GET", f"{TOKENS}?account_id=999999", token=admin, expect=404)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"), ({"name": None}, "name"), ({"name": 7}, "name"), ({"name": "x" * 65}, "name"), ({"name": "a\nb"}, "name"),
        ({"scope": "root"}, "scope"), ({"scope": 1}, "scope"), ({"expires_at": "soon"}, "expires_at"), ({"expires_at": 5}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"), ({"expires_at": "9999-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_in_seconds": 0}, "expires_in_seconds"), ({"expires_in_seconds": -5}, "expires_in_seconds"),
        ({"expires_in_seconds": 366 * 86400}, "expires_in_seconds"), ({"expires_in_seconds": 2**62}, "expires_in_seconds"),
        ({"expires_in_seconds": "x"}, "expires_in_seconds"), ({"expires_in_seconds": 5, "expires_at": "2030-01-01"}, "expires_in_seconds"),
    ],
)
def test_what_is_no_token(api: Api, reader: str, fields: dict, wrong: str) -> None:
    """400 with the field's name; nothing is made."""
    assert list(make(api, reader, 400, **fields)["errors"]) == [wrong]
    assert api.ask("GET", TOKENS, token=reader, expect=200).json["tokens"] == []


def test_what_no_body_sets(api: Api, reader: str) -> None:
    """Threats F4."""
    made = make(api, reader, account_id=1, id=1, created_by=1, token="lakelift_mine", last_used_at="2020-01-01", hash="x")
    me = api.ask("GET", "/accounts/me", token=made["token"], expect=200).json["id"]
    assert (made["account_id"], made["created_by"], made["last_used_at"]) == (me, me, None)
    api.ask("GET", "/accounts/me", token="lakelift_mine", expect=401)


def test_of_many_with_one_name_one_is_made(api: Api, reader: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: api.server.ask("POST", TOKENS, {"name": "race"}, reader), range(50)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 49
    assert make(api, reader, 409, name="race")["@event"] == "API_TOKEN_EXISTS_ALREADY"


def test_anothers_token_is_not_there(api: Api, reader: str, server: Server) -> None:
    """Threats F3: the same answer as for none."""
    other = server.account(f"other{next(NUMBERS)}@example.com")
    made = make(api, other)
    there = api.ask("DELETE", f"{TOKENS}{made['id']}", token=reader, expect=404)
    none = api.ask("DELETE", f"{TOKENS}999999", token=reader, expect=404)
    assert comparable(there, made["id"]) == comparable(none, 999999)
    assert there.json["@event"] == "COULD_NOT_FIND_API_TOKEN"
    api.ask("GET", f"{TOKENS}?account_id={made['account_id']}", token=reader, expect=403)
    api.ask("POST", f"{TOKENS}revoke/", {"token": made["token"]}, reader, expect=403)
    api.ask("GET", "/accounts/me", token=made["token"], expect=200)


def test_a_deleted_or_revoked_token_is_broken_at_the_next_request(api: Api, reader: str, admin: str) -> None:
    """Threats A7: by its owner or by an administrator, by its id or by itself."""
    def end(token: dict, caller: str, by_id: bool) -> None:
        if by_id:
            api.ask("DELETE", f"{TOKENS}{token['id']}", token=caller, expect=200)
        else:
            api.ask("POST", f"{TOKENS}revoke/", {"token": token["token"]}, caller, expect=200)

    for caller, by_id in itertools.product((reader, admin), (True, False)):
        token = make(api, reader)
        api.ask("GET", "/accounts/me", token=token["token"], expect=200)
        end(token, caller, by_id)
        assert api.ask("GET", "/accounts/me", token=token["token"], expect=401).json["@event"] == "AUTH_TOKEN_WAS_BROKEN"
        api.ask("POST", f"{TOKENS}revoke/", {"token": token["token"]}, caller, expect=200)
    itself = make(api, reader)["token"]
    api.ask("POST", f"{TOKENS}revoke/", {"token": itself}, itself, expect=200)
    api.ask("GET", "/accounts/me", token=itself, expect=401)


def test_a_disabled_accounts_token_can_be_revoked(api: Api, reader: str, admin: str) -> None:
    """It must not come back with the account."""
    me = api.ask("GET", "/accounts/me", token=reader, expect=200).json["id"]
    named = make(api, reader)["token"]
    api.ask("PUT", f"/accounts/{me}", {"disabled": True}, admin, expect=200)
    for token in (named, reader):
        api.ask("POST", f"{TOKENS}revoke/", {"token": token}, admin, expect=200)
    api.ask("PUT", f"/accounts/{me}", {"disabled": False}, admin, expect=200)
    for token in (named, reader):
        assert api.ask("GET", "/accounts/me", token=token, expect=401).json["@event"] == "AUTH_TOKEN_WAS_BROKEN"


def test_what_is_left_out_or_added_breaks_it(api: Api, reader: str) -> None:
    """Threats A1: always the same answer, that does not say what is wrong."""
    token = make(api, reader)["token"]
    texts = set()
    for i in range(0, len(token), 3):
        for changed in (token[:i] + token[i + 1 :], token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :]):
            answer = api.ask("GET", "/accounts/me", token=changed)
            assert answer.status in (401, 429)
            if answer.status == 401:
                texts.add((answer.json["@event"], answer.json["message"]))
    assert len(texts) == 1
    api.ask("GET", "/accounts/me", token=token, expect=200)


def guess() -> str:
    return "lakelift_" + "".join(random.choices(string.ascii_letters, k=49))


def test_who_guesses_is_slowed_down(tmp_path: Path) -> None:
    """Threats A8: 429 with Retry-After; who had a good token is let in beside the guesser, and so is a JWT."""
    with Server(tmp_path / "data") as server:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        jwt = server.account("reader@example.com")
        token = make(api, jwt)["token"]
        api.ask("GET", "/accounts/me", token=token, expect=200)
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: server.ask("GET", "/accounts/me", token=guess()), range(200)))
        assert {answer.status for answer in answers} == {401, 429}
        refused = [answer for answer in answers if answer.status == 429]
        assert refused[0].json["@event"] == "TOO_MANY_ATTEMPTS" and int(refused[0].headers["retry-after"]) >= 1
        api.ask("GET", "/accounts/me", token=token, expect=200)
        api.ask("GET", "/accounts/me", token=jwt, expect=200)


def test_lists_are_pages(api: Api, reader: str) -> None:
    made = [make(api, reader)["id"] for _ in range(5)]
    found, address = [], f"{TOKENS}?limit=2"
    while address:
        page = api.ask("GET", address, token=reader, expect=200).json
        found += [token["id"] for token in page["tokens"]]
        address = page["next_url"]
    assert found == made


def test_keys_rotate(api: Api, admin: str, reader: str, server: Server) -> None:
    """Threats U2: older keys verify until they are retired; the secrets are nowhere."""
    before = api.ask("GET", "/accounts/keys/", token=admin, expect=200).json["keys"]
    assert {key["purpose"] for key in before} == {"token", "link", "webhook", "receipt"}
    made = api.ask("POST", "/accounts/keys/rotate", {"purpose": "token"}, admin, expect=201).json
    assert made["signs"] and made["valid_until"] is None
    keys = api.ask("GET", "/accounts/keys/", token=admin, expect=200).json["keys"]
    assert [key["signs"] for key in keys if key["purpose"] == "token"][:2] == [True, False]
    assert 29.9 < days_from_now(next(k for k in keys if k["id"] == before[0]["id"])["valid_until"]) < 30.1
    api.ask("GET", "/accounts/me", token=reader, expect=200)
    fresh = server.account(f"fresh{next(NUMBERS)}@example.com")
    named = make(api, fresh)["token"]
    api.ask("POST", "/accounts/keys/rotate", {"purpose": "token", "retire": True}, admin, expect=201)
    for token in (reader, fresh, admin):
        assert api.ask("GET", "/accounts/me", token=token, expect=401).json["@event"] == "AUTH_TOKEN_WAS_BROKEN"
    api.ask("GET", "/accounts/me", token=named, expect=200)
    assert "secret" not in must(cli("key", "list", "--output", "json", data=server.data))


def test_retired_link_keys_break_addresses(api: Api, admin: str, reader: str, server: Server, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    item = server.add_item(f"lake.links{next(NUMBERS)}", table)
    request = api.ask_slice(reader, item, ["id"])
    assert server.ask("GET", request["uri"]).status == 200
    must(cli("key", "rotate", "link", data=server.data))
    assert server.ask("GET", request["uri"]).status == 200
    must(cli("key", "rotate", "link", "--now", data=server.data))
    assert server.ask("GET", request["uri"]).status == 403
    fresh = api.ask("GET", f"/downloader/requests/{request['id']}", token=reader, expect=200).json
    assert server.ask("GET", fresh["uri"]).status == 200
    api.ask("GET", "/accounts/me", token=reader, expect=200)


@pytest.mark.parametrize("body", [{}, {"purpose": "cookie"}, {"purpose": None}, {"purpose": "token", "retire": "yes"}])
def test_what_is_no_rotation(api: Api, admin: str, body: dict) -> None:
    before = api.ask("GET", "/accounts/keys/", token=admin, expect=200).json["keys"]
    api.ask("POST", "/accounts/keys/rotate", body, admin, expect=400)
    assert api.ask("GET", "/accounts/keys/", token=admin, expect=200).json["keys"] == before


def test_rotated_keys_outlive_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        token = server.account("reader@example.com")
        must(cli("key", "rotate", "token", data=server.data))
        later = server.account("later@example.com")
        server.stop()
        server.start()
        for each in (token, later):
            assert server.ask("GET", "/accounts/me", token=each).status == 200


def test_the_commands(server: Server, reader: str, api: Api) -> None:
    """An administrator on the machine, and a researcher over the network."""
    email = api.ask("GET", "/accounts/me", token=reader, expect=200).json["email"]
    ci = must(cli("token", "create", email, "--name", "ci", "--scope", "read", "--expires", "90d", data=server.data))
    assert ci.startswith("lakelift_")
    env = {"LAKELIFT_TOKEN": reader}
    laptop = must(cli("token", "create", "--name", "laptop", "--server", server.address, env=env))
    listed = must(cli("token", "list", "--output", "csv", "--server", server.address, env=env)).splitlines()
    assert [line.split(",")[1:3] for line in listed[1:]] == [["ci", "read"], ["laptop", "write"]]
    refused = cli("token", "create", "--name", "x", "--server", server.address, env={"LAKELIFT_TOKEN": ci})
    assert refused.returncode == 6
    must(cli("token", "delete", "ci", "--account", email, data=server.data))
    must(cli("token", "revoke", "--server", server.address, env=env, input=laptop + "\n"))
    assert must(cli("token", "list", "--output", "id", "--server", server.address, env=env)) == ""
    assert cli("token", "list", "--server", server.address, env={"LAKELIFT_TOKEN": laptop}).returncode == 4
    assert cli("token", "create", "--server", server.address, env=env).returncode == 2
