"""Who may see an item, on every path: what one may not see is not there (threats F3, F5, U4)."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.contract_api import Api, comparable, people_csv
from tests.e2e.test_contract_catalogue import item_body
from tests.server_process import Answer, Server, cli, must, until

MISSING = 999_999_999
NUMBERS = itertools.count(1)


@dataclass
class Person:
    """An account that a test made."""

    email: str
    id: int
    token: str


@pytest.fixture(scope="module")
def person(api: Api, admin_token: str) -> Callable[[], Person]:
    """Makes a researcher."""

    def make() -> Person:
        email = f"rights{next(NUMBERS)}@contract.test"
        made = api.ask("POST", "/accounts/", {"email": email, "type": "RESEARCHER"}, admin_token, expect=201).json
        token = api.ask("POST", "/accounts/tokens/", {"email": email}, admin_token, expect=201).json["token"]
        return Person(email, made["id"], token)

    return make


@pytest.fixture
def keeper(person: Callable[[], Person]) -> Person:
    """Who maintains."""
    return person()


@pytest.fixture
def stranger(person: Callable[[], Person]) -> Person:
    """Who is named nowhere, at first."""
    return person()


@pytest.fixture
def hidden(api: Api, admin_token: str, keeper: Person, tmp_path: Path) -> int:
    """A table of people for those who are named: nobody yet; kept by `keeper`."""
    path = tmp_path / "people.csv"
    path.write_text(people_csv())
    item = api.server.add_item(f"hidden.people{next(NUMBERS)}", path)
    body = {"visibility": "named", "maintained_by_id": keeper.id}
    assert api.ask("PUT", f"/catalogue/items/{item}", body, admin_token, expect=200).json["visibility"] == "named"
    return item


def share(api: Api, keeper: Person, item: int, *emails: str, visibility: str = "named") -> Answer:
    """Exactly these from now on."""
    body = {"visibility": visibility, "accounts": list(emails)}
    return api.ask("PUT", f"/catalogue/items/{item}/readers/", body, keeper.token, expect=200)


def question(item: int) -> dict[str, Any]:
    """A small slice."""
    return {"spec": {"columns": ["id"], "filters": [], "randomize_ratio": 1}, "catalogue_item_id": item}


PATHS = [
    ("GET", "/catalogue/items/{}", None),
    ("GET", "/catalogue/items/{}/history", None),
    ("PUT", "/catalogue/items/{}/follow", None),
    ("DELETE", "/catalogue/items/{}/follow", None),
    ("GET", "/catalogue/items/{}/readers/", None),
    ("PUT", "/catalogue/items/{}/readers/", {"visibility": "everyone"}),
    ("POST", "/catalogue/items/{}/readers/", {"account": "x@contract.test"}),
    ("DELETE", "/catalogue/items/{}/readers/account/1", None),
    ("POST", "/downloader/requests/", "question"),
    ("POST", "/downloader/requests/estimate/", "question"),
    ("POST", "/downloader/requests/render_ui_data/", "item"),
]


@pytest.mark.parametrize(("method", "path", "body"), PATHS, ids=[f"{m} {p}" for m, p, _ in PATHS])
def test_a_hidden_item_answers_as_a_missing_one(
    api: Api, hidden: int, stranger: Person, keeper: Person, method: str, path: str, body: Any
) -> None:
    """The same status and body for a stranger; the maintainer is served."""

    def ask(item: int, who: Person) -> Answer:
        sent = {"question": question(item), "item": {"catalogue_item_id": item}}.get(body, body) if isinstance(body, str) else body
        return api.ask(method, path.format(item), sent, who.token)

    there, none = ask(hidden, stranger), ask(MISSING, stranger)
    assert there.status == none.status and there.status in (400, 404)
    assert comparable(there, hidden) == comparable(none, MISSING)
    if there.status == 400:
        text = f"catalogue item instance with id {hidden} does not exist."
        assert there.json["errors"] == {"catalogue_item": [text]}
    served = ask(hidden, keeper).status
    assert served in (200, 201) or (served, path[-9:]) == (400, "/readers/") or path.endswith("account/1")


def test_lists_leave_it_out(api: Api, admin_token: str, hidden: int, stranger: Person, keeper: Person) -> None:
    """For the stranger; admins and the maintainer have it."""

    def listed(token: str, query: str = "") -> bool:
        items = api.ask("GET", f"/catalogue/items/{query}", token=token, expect=200).json["items"]
        return hidden in [item["id"] for item in items]

    name = api.ask("GET", f"/catalogue/items/{hidden}", token=keeper.token, expect=200).json["name"]
    for query in ("", f"?name={name}", "?query=hidden", "?has_samples=true"):
        assert not listed(stranger.token, query)
        assert listed(admin_token, query) and listed(keeper.token, query)
    share(api, keeper, hidden, stranger.email)
    assert listed(stranger.token)


def test_what_is_told_of_readers(api: Api, admin_token: str, hidden: int, person: Callable[[], Person], keeper: Person) -> None:
    """Admins and the maintainer read all of them, a reader itself alone."""
    first, second = person(), person()
    shared = share(api, keeper, hidden, first.email, second.email).json
    assert [a["email"] for a in shared["accounts"]] == [first.email, second.email]

    def researchers(token: str) -> list[str]:
        item = api.ask("GET", f"/catalogue/items/{hidden}", token=token, expect=200).json
        assert (item["visibility"], item["groups"]) == ("named", [])
        return [account["email"] for account in item["researchers"]]

    assert researchers(admin_token) == researchers(keeper.token) == [first.email, second.email]
    assert researchers(first.token) == [first.email]
    api.ask("GET", f"/catalogue/items/{hidden}/readers/", token=first.token, expect=403)
    # Nor may a reader let others in.
    api.ask("POST", f"/catalogue/items/{hidden}/readers/", {"account": first.email}, first.token, expect=403)
    body = {"visibility": "everyone"}
    denied = api.ask("PUT", f"/catalogue/items/{hidden}/readers/", body, first.token, expect=403)
    assert denied.json["@event"] == "ACCESS_DENIED"


def test_readers_one_by_one(api: Api, hidden: int, stranger: Person, keeper: Person) -> None:
    """Add, again, remove, again; unknown names are field errors and change nothing."""
    path = f"/catalogue/items/{hidden}/readers/"
    for _ in range(2):
        added = api.ask("POST", path, {"account": stranger.email.upper()}, keeper.token, expect=200).json
        assert [a["id"] for a in added["accounts"]] == [stranger.id]
    wrong = api.ask("PUT", path, {"visibility": "named", "accounts": ["no@contract.test"], "groups": ["nogroup"]}, keeper.token, expect=400)
    assert wrong.json["@event"] == "BODY_DID_NOT_VALIDATE"
    assert wrong.json["errors"] == {
        "accounts": ["account instance with email no@contract.test does not exist."],
        "groups": ["group instance with name nogroup does not exist."],
    }
    for body in ({}, {"account": stranger.email, "group": "x"}, {"account": 7}, {"group": "nogroup"}):
        api.ask("POST", path, body, keeper.token, expect=400)
    for body in ({}, {"visibility": "all"}, {"visibility": "everyone", "accounts": [stranger.email]}, {"visibility": "named", "accounts": "x"}):
        api.ask("PUT", path, body, keeper.token, expect=400)
    api.ask("GET", f"/catalogue/items/{hidden}", token=stranger.token, expect=200)
    api.ask("DELETE", f"{path}account/{stranger.id}", token=keeper.token, expect=200)
    gone = api.ask("DELETE", f"{path}account/{stranger.id}", token=keeper.token, expect=404)
    assert gone.json["@event"] == "COULD_NOT_FIND_READER"
    api.ask("DELETE", f"{path}planet/{stranger.id}", token=keeper.token, expect=404)
    api.ask("GET", f"/catalogue/items/{hidden}", token=stranger.token, expect=404)


def test_an_item_for_everyone_names_nobody(api: Api, hidden: int, stranger: Person, keeper: Person) -> None:
    """Sharing never takes away: one more of everyone is a conflict."""
    share(api, keeper, hidden, visibility="everyone")
    item = api.ask("GET", f"/catalogue/items/{hidden}", token=stranger.token, expect=200).json
    assert (item["researchers"], item["visibility"]) == ([], "everyone")
    answer = api.ask("POST", f"/catalogue/items/{hidden}/readers/", {"account": stranger.email}, keeper.token, expect=409)
    assert answer.json["@event"] == "CATALOGUEITEM_IS_FOR_EVERYONE"


def test_links_and_requests_end_with_the_right(api: Api, hidden: int, stranger: Person, keeper: Person) -> None:
    """Threats U4: at once, for both kinds of address; and they are there again with the right."""
    share(api, keeper, hidden, stranger.email)
    request = api.ask_slice(stranger.token, hidden, ["id"])
    done = api.done(stranger.token, request["id"])
    links = [request["uri"], done["download_uri"]]
    for link in links:
        assert api.server.ask("GET", link).status == 200
    share(api, keeper, hidden)
    for link in links:
        answer = api.ask("GET", link, expect=403)
        assert answer.json["@event"] == "LINK_NOT_VALID"
        assert b"name 1" not in answer.body
    for method in ("GET", "DELETE"):
        there = api.ask(method, f"/downloader/requests/{request['id']}", token=stranger.token, expect=404)
        none = api.ask(method, f"/downloader/requests/{MISSING}", token=stranger.token, expect=404)
        assert comparable(there, request["id"]) == comparable(none, MISSING)
    api.ask("GET", f"/downloader/requests/{request['id']}/events", token=stranger.token, expect=404)
    assert api.waited_for(stranger.token) == []
    share(api, keeper, hidden, stranger.email)
    assert [r["id"] for r in api.waited_for(stranger.token)] == [request["id"]]
    assert api.server.ask("GET", links[0]).status == 200


def test_a_wait_that_has_begun_ends_in_a_refusal(tmp_path: Path) -> None:
    """Threats U4: the right goes while the address waits for the data."""
    with Server(tmp_path / "data") as server:
        rows = "\n".join(f"{i},{i % 97},{i * 7 % 1013}" for i in range(600_000))
        table = tmp_path / "big.csv"
        table.write_text("id,a,b\n" + rows + "\n")
        item = server.add_item("big.numbers", table, profile=False)
        admin, token = server.account("admin@contract.test", "ADMIN"), server.account("waits@contract.test")
        spec = {"columns": ["id", "a", "b"], "filters": [], "randomize_ratio": 1}
        server.stopped_workers()  # so that the wait is a wait
        asked = server.ask("POST", "/downloader/requests/", {"spec": spec, "catalogue_item_id": item}, token).json
        answers: list[Answer] = []
        waiting = threading.Thread(target=lambda: answers.append(server.ask("GET", asked["uri"])))
        until(lambda: server.metric("lakelift_http_connections") == 1)  # the one that asks, and none that is being closed
        waiting.start()
        until(lambda: server.metric("lakelift_http_connections") > 1)
        hidden = server.ask("PUT", f"/catalogue/items/{item}", {"visibility": "named"}, admin)
        assert hidden.status == 200
        for worker in server.workers():
            os.kill(worker, signal.SIGCONT)
        waiting.join(60)
        assert answers and answers[0].status == 403, answers
        assert answers[0].json["@event"] == "LINK_NOT_VALID"


def test_an_engine_that_is_not_configured(api: Api, admin_token: str, stranger: Person) -> None:
    """Stored, listed and read; asking for it and profiling it are 409."""
    body = item_body(f"athena.table{next(NUMBERS)}", executor_type="ATHENA")
    item = api.ask("POST", "/catalogue/items/", body, admin_token, expect=201).json
    listed = api.ask("GET", f"/catalogue/items/?name={item['name']}", token=stranger.token, expect=200).json["items"]
    assert [i["executor_type"] for i in listed] == ["ATHENA"]
    asked = api.ask("POST", "/downloader/requests/", question(item["id"]) | {"spec": {"columns": ["product"]}}, stranger.token, expect=409)
    assert asked.json["@event"] == "EXECUTOR_NOT_CONFIGURED"
    profiled = api.ask("PUT", f"/catalogue/items/{item['id']}/samples_and_distributions/", token=admin_token, expect=409)
    assert profiled.json["@event"] == "EXECUTOR_NOT_CONFIGURED"


def test_visibility_and_tags_of_bodies(api: Api, admin_token: str) -> None:
    """Set by POST and PUT, in their normal form; wrong ones are field errors; what was read can be sent back."""
    name = f"tagged.table{next(NUMBERS)}"
    made = api.ask("POST", "/catalogue/items/", item_body(name, tags=["Weather", "AIR ", "air"], visibility="named"), admin_token, expect=201).json
    assert (made["tags"], made["visibility"], made["is_followed"]) == (["air", "weather"], "named", False)
    same = api.ask("PUT", f"/catalogue/items/{made['id']}", made, admin_token, expect=200).json
    assert same["tags"] == made["tags"] and same["visibility"] == "named"
    for body, field in (
        ({"tags": "x"}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 65]}, "tags"),
        ({"tags": [f"t{i}" for i in range(33)]}, "tags"),
        ({"tags": ["a\u0000b"]}, "tags"),
        ({"visibility": None}, "visibility"),
        ({"visibility": "nobody"}, "visibility"),
        ({"description": "a\u0000b"}, "description"),
    ):
        assert list(api.ask("PUT", f"/catalogue/items/{made['id']}", body, admin_token, expect=400).json["errors"]) == [field]
    for text in ("<script>alert(1)</script>", "'; DROP TABLE catalogue_items; --", "javascript:alert(1)", "\u202e\u2066", "𝕿𝖊𝖘𝖙 👩‍🔬"):
        changed = api.ask("PUT", f"/catalogue/items/{made['id']}", {"description": text}, admin_token, expect=200).json
        assert changed["description"] == text


def test_history(api: Api, admin_token: str, hidden: int, stranger: Person, keeper: Person) -> None:
    """Who changed what from what to what; who was named is for those who decide."""
    path = f"/catalogue/items/{hidden}"
    api.ask("PUT", path, {"description": "# New", "tags": ["a"]}, admin_token, expect=200)
    share(api, keeper, hidden, stranger.email)
    entries = api.ask("GET", f"{path}/history", token=keeper.token, expect=200).json["entries"]
    assert [e["kind"] for e in entries[:2]] == ["catalogue_item.readers_changed", "catalogue_item.updated"]
    assert entries[0]["actor"]["email"] == keeper.email
    assert entries[0]["changes"]["readers"]["added"] == [{"kind": "account", "id": stranger.id}]
    assert entries[1]["changes"] == {"description": {"from": None, "to": "# New"}, "tags": {"from": [], "to": ["a"]}}
    assert entries[-1]["kind"] == "catalogue_item.created"
    seen = api.ask("GET", f"{path}/history", token=stranger.token, expect=200).json["entries"]
    assert seen == entries[1:]
    # Page by page, by the addresses that the answers name.
    pages, url = [], f"{path}/history?limit=1"
    while url:
        page = api.ask("GET", url, token=keeper.token, expect=200).json
        pages += page["entries"]
        url = page["next_url"]
    assert pages == entries
    for query in ("limit=0", "limit=1001", "before=x", "before=-1"):
        api.ask("GET", f"{path}/history?{query}", token=keeper.token, expect=400)


def test_commands(api: Api, hidden: int, stranger: Person, keeper: Person, tmp_path: Path) -> None:
    """share, readers, unshare, edit, tag, follow, history: what the API does, for people."""
    name = api.ask("GET", f"/catalogue/items/{hidden}", token=keeper.token, expect=200).json["name"]

    def run(person: Person | None, *arguments: str, **kwargs: Any) -> str:
        if person is None:  # the machine's owner
            return must(cli(*arguments, data=api.server.data, **kwargs))
        env = {"LAKELIFT_TOKEN": person.token, "LAKELIFT_SERVER": api.server.address}
        return must(cli(*arguments, env=env, **kwargs))

    def readers() -> list[str]:
        return [json.loads(line)["name"] for line in run(keeper, "catalogue", "readers", name, "--output", "jsonl").splitlines()]

    run(keeper, "catalogue", "share", name, stranger.email)
    assert readers() == [stranger.email]
    run(keeper, "catalogue", "unshare", name, stranger.email)
    assert readers() == []
    run(keeper, "catalogue", "share", name, "--only", keeper.email, stranger.email)
    assert readers() == [keeper.email, stranger.email]
    run(keeper, "catalogue", "share", name, "--only")
    assert readers() == []
    run(keeper, "catalogue", "share", name, "--everyone")
    assert run(stranger, "catalogue", "show", name, "--output", "id") == str(hidden)
    run(stranger, "catalogue", "follow", name)
    run(None, "catalogue", "tag", name, "+Hourly", "+air")
    run(None, "catalogue", "tag", name, "-HOURLY", "+sea")
    run(None, "catalogue", "edit", name, "--description", "-", input="# From stdin\n")
    item = api.ask("GET", f"/catalogue/items/{hidden}", token=stranger.token, expect=200).json
    assert (item["tags"], item["description"], item["is_followed"]) == (["air", "sea"], "# From stdin\n", True)
    (tmp_path / "d.md").write_text("# From a file")
    run(None, "catalogue", "edit", name, "--description", f"@{tmp_path}/d.md", "--maintainer", stranger.email, "--no-tags")
    item = api.ask("GET", f"/catalogue/items/{hidden}", token=stranger.token, expect=200).json
    assert (item["tags"], item["description"], item["maintained_by"]["id"]) == ([], "# From a file", stranger.id)
    told = run(stranger, "notice", "list", "--output", "jsonl").splitlines()
    assert json.loads(told[0])["kind"] == "catalogue_item.changed"
    history = run(stranger, "catalogue", "history", name)
    assert "maintained_by: " + keeper.email in history and "admin@localhost" in history
    run(stranger, "catalogue", "unfollow", name)
    for arguments, code in (
        (("catalogue", "share", name), 2),
        (("catalogue", "share", name, "--everyone", stranger.email), 2),
        (("catalogue", "unshare", name, "no@contract.test"), 3),
        (("catalogue", "edit", name), 2),
        (("catalogue", "tag", name, "plain"), 2),
        (("catalogue", "edit", name, "--maintainer", "no@contract.test"), 3),
    ):
        assert cli(*arguments, data=api.server.data).returncode == code, arguments
