"""Asking to see an item: nobody learns whether there is one; granting lets the asker in; of two deciders one wins."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.test_catalogue_rights import MISSING, NUMBERS, Person, keeper, person, stranger  # noqa: F401
from tests.e2e.test_contract_catalogue import item_body
from tests.server_process import cli, must


@pytest.fixture
def item(api: Api, admin_token: str, keeper: Person) -> dict[str, Any]:  # noqa: F811
    """An item that nobody is named for."""
    body = item_body(f"asked.for{next(NUMBERS)}", visibility="named", maintained_by_id=keeper.id)
    return api.ask("POST", "/catalogue/items/", body, admin_token, expect=201).json


def ask(api: Api, who: Person, name: str, note: str | None = "please") -> dict[str, Any]:
    """POST; the request."""
    return api.ask("POST", "/catalogue/access_requests/", {"item": name, "note": note}, who.token, expect=202).json


def listed(api: Api, token: str, query: str = "") -> list[dict[str, Any]]:
    """GET; the requests."""
    return api.ask("GET", f"/catalogue/access_requests/{query}", token=token, expect=200).json["access_requests"]


def comparable_request(request: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from asking to asking."""
    return {k: v for k, v in request.items() if k not in ("id", "item", "asked_at", "decided_at")}


def test_nobody_learns_whether_there_is_such_an_item(api: Api, admin_token: str, item: dict[str, Any], stranger: Person) -> None:  # noqa: F811
    """Threats F3: the answer, the list, and what becomes of it when the item goes."""
    there, none = ask(api, stranger, item["name"]), ask(api, stranger, f"no.such{next(NUMBERS)}")
    assert comparable_request(there) == comparable_request(none)
    assert (there["@event"], there["@type"], there["state"]) == ("ACCESS_REQUEST_RECEIVED", "access_request", "ASKED")
    assert there["catalogue_item_id"] is None and there["decided_by"] is None
    assert ask(api, stranger, item["name"], "again")["id"] == there["id"]
    api.ask("DELETE", f"/catalogue/items/{item['id']}", token=admin_token, expect=200)
    assert len(listed(api, stranger.token)) == 2
    for request in (there, none):
        path = f"/catalogue/access_requests/{request['id']}"
        api.ask("PUT", path, {"decision": "REFUSE", "answer": "no"}, admin_token, expect=200)
    first, second = listed(api, stranger.token)
    assert comparable_request(first) == comparable_request(second)
    assert (first["state"], first["answer"], first["decided_by"]) == ("REFUSED", "no", None)


def test_granting(api: Api, item: dict[str, Any], stranger: Person, keeper: Person) -> None:  # noqa: F811
    """By the maintainer; the asker is let in and hears of it."""
    request = ask(api, stranger, item["name"])
    waiting = listed(api, keeper.token, "?role=decider&state=ASKED")
    assert [(r["id"], r["asked_by"]["email"], r["note"], r["catalogue_item_id"]) for r in waiting] == [
        (request["id"], stranger.email, "please", item["id"])
    ]
    path = f"/catalogue/access_requests/{request['id']}"
    granted = api.ask("PUT", path, {"decision": "GRANT", "answer": "welcome"}, keeper.token, expect=200).json
    assert (granted["@event"], granted["state"], granted["decided_by"]["id"]) == ("ACCESS_REQUEST_DECIDED", "GRANTED", keeper.id)
    seen = api.ask("GET", f"/catalogue/items/{item['id']}", token=stranger.token, expect=200).json
    assert [a["id"] for a in seen["researchers"]] == [stranger.id]
    again = api.ask("PUT", path, {"decision": "REFUSE"}, keeper.token, expect=409)
    assert again.json["@event"] == "ACCESS_REQUEST_DECIDED_ALREADY"
    api.ask("DELETE", path, token=stranger.token, expect=409)
    readable = api.ask("POST", "/catalogue/access_requests/", {"item": item["name"]}, stranger.token, expect=409)
    assert readable.json["@event"] == "CATALOGUEITEM_READABLE_ALREADY"
    assert [r["state"] for r in listed(api, stranger.token, "?state=GRANTED")] == ["GRANTED"]
    assert listed(api, stranger.token, "?state=ASKED") == []


def test_who_decides(api: Api, item: dict[str, Any], person: Callable[[], Person], stranger: Person) -> None:  # noqa: F811
    """For others it is not there; one's own is for others to decide."""
    request = ask(api, stranger, item["name"])
    other = person()
    path = f"/catalogue/access_requests/{request['id']}"
    for body in ({"decision": "GRANT"}, {"decision": "REFUSE"}):
        there = api.ask("PUT", path, body, other.token, expect=404).json
        none = api.ask("PUT", f"/catalogue/access_requests/{MISSING}", body, other.token, expect=404).json
        assert there["@event"] == none["@event"] == "COULD_NOT_FIND_ACCESSREQUEST"
        api.ask("PUT", path, body, stranger.token, expect=403)
    api.ask("DELETE", path, token=other.token, expect=404)
    assert listed(api, other.token, "?role=decider") == []
    for body in ({}, {"decision": "MAYBE"}, {"decision": 1}, {"decision": "GRANT", "answer": 1}, {"decision": "GRANT", "answer": "a\u0000"}):
        api.ask("PUT", path, body, stranger.token, expect=400)
    api.ask("DELETE", path, token=stranger.token, expect=200)
    assert listed(api, stranger.token) == []


def test_wrong_questions(api: Api, stranger: Person) -> None:  # noqa: F811
    """Field errors."""
    for body, field in (
        ({}, "item"),
        ({"item": 1}, "item"),
        ({"item": ""}, "item"),
        ({"item": "x" * 257}, "item"),
        ({"item": "a\nb"}, "item"),
        ({"item": "x", "note": 1}, "note"),
        ({"item": "x", "note": "a\u0000"}, "note"),
        ({"item": "x", "note": "x" * 5000}, "note"),
    ):
        answer = api.ask("POST", "/catalogue/access_requests/", body, stranger.token, expect=400).json
        assert (answer["@event"], list(answer["errors"])) == ("BODY_DID_NOT_VALIDATE", [field])
    for query in ("role=owner", "state=OPEN", "limit=0", "before=x"):
        answer = api.ask("GET", f"/catalogue/access_requests/?{query}", token=stranger.token, expect=400).json
        assert list(answer["errors"]) == [query.split("=")[0]]
    assert listed(api, stranger.token) == []


def test_a_limit_on_what_is_open(api: Api, stranger: Person) -> None:  # noqa: F811
    """100 of one account; pages of them."""
    for i in range(100):
        ask(api, stranger, f"many.x{i}")
    refused = api.ask("POST", "/catalogue/access_requests/", {"item": "many.more"}, stranger.token, expect=409)
    assert refused.json["@event"] == "TOO_MANY_ACCESS_REQUESTS"
    names, url = [], "/catalogue/access_requests/?limit=30&state=ASKED"
    while url:
        page = api.ask("GET", url, token=stranger.token, expect=200).json
        names += [r["item"] for r in page["access_requests"]]
        url = page["next_url"]
    assert names == [f"many.x{i}" for i in reversed(range(100))]


def test_of_many_deciders_one_wins(api: Api, admin_token: str, item: dict[str, Any], stranger: Person, keeper: Person) -> None:  # noqa: F811
    """Eight at once: one 200, the others 409; the right follows the one."""
    request = ask(api, stranger, item["name"])
    answers: list[tuple[int, str]] = []

    def decide(number: int) -> None:
        decision = "GRANT" if number % 2 else "REFUSE"
        token = keeper.token if number % 3 else admin_token
        answer = api.server.ask("PUT", f"/catalogue/access_requests/{request['id']}", {"decision": decision}, token)
        answers.append((answer.status, decision))

    threads = [threading.Thread(target=decide, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    won = next(decision for status, decision in answers if status == 200)
    status = api.ask("GET", f"/catalogue/items/{item['id']}", token=stranger.token).status
    assert status == (200 if won == "GRANT" else 404)


def test_commands(api: Api, item: dict[str, Any], stranger: Person, keeper: Person) -> None:  # noqa: F811
    """request-access, access list, grant, refuse, withdraw."""

    def run(person_: Person, *arguments: str) -> str:
        return must(cli(*arguments, env={"LAKELIFT_TOKEN": person_.token, "LAKELIFT_SERVER": api.server.address}))

    asked = run(stranger, "catalogue", "request-access", item["name"], "--note", "for me", "--output", "id")
    assert run(stranger, "access", "list", "--asked", "--output", "id") == asked
    line = json.loads(run(keeper, "access", "list", "--output", "jsonl"))
    assert (line["id"], line["note"]) == (int(asked), "for me")
    run(keeper, "access", "refuse", asked, "--answer", "not yet")
    assert "not yet" in run(stranger, "access", "list", "--asked")
    again = run(stranger, "catalogue", "request-access", item["name"], "--output", "id")
    run(keeper, "access", "grant", again)
    assert run(stranger, "catalogue", "show", item["name"], "--output", "id") == str(item["id"])
    other = run(stranger, "catalogue", "request-access", "no.such.table", "--output", "id")
    run(stranger, "access", "withdraw", other)
    late = cli("access", "grant", asked, env={"LAKELIFT_TOKEN": keeper.token, "LAKELIFT_SERVER": api.server.address})
    assert late.returncode == 6 and "decided before" in late.stderr
