"""Notices: who hears of what, read marks, and listening."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.test_catalogue_rights import MISSING, NUMBERS, Person, keeper, person, stranger  # noqa: F401
from tests.e2e.test_contract_catalogue import item_body
from tests.server_process import LAKELIFT, cli, must


@pytest.fixture
def item(api: Api, admin_token: str, keeper: Person) -> int:  # noqa: F811
    """An item for everyone, kept by `keeper`."""
    body = item_body(f"noticed.table{next(NUMBERS)}", maintained_by_id=keeper.id)
    return api.ask("POST", "/catalogue/items/", body, admin_token, expect=201).json["id"]


def follow(api: Api, who: Person, item: int) -> None:  # noqa: F811
    """From now on."""
    assert api.ask("PUT", f"/catalogue/items/{item}/follow", token=who.token, expect=200).json["is_followed"] is True


def change(api: Api, admin_token: str, item: int, **body: Any) -> None:
    """By an administrator."""
    api.ask("PUT", f"/catalogue/items/{item}", body, admin_token, expect=200)


def notices(api: Api, who: Person, query: str = "") -> dict[str, Any]:
    """GET; the body."""
    return api.ask("GET", f"/notices/{query}", token=who.token, expect=200).json


def test_followers_hear_of_changes(api: Api, admin_token: str, item: int, stranger: Person, keeper: Person) -> None:  # noqa: F811
    """What changed and by whom; small changes are one notice; who does not follow hears nothing."""
    follow(api, stranger, item)
    change(api, admin_token, item, description="one")
    change(api, admin_token, item, tags=["two"])
    body = notices(api, stranger)
    assert (body["@event"], body["@type"], body["unread"]) == ("NOTICES_BULK_READ", "notices_list", 1)
    (notice,) = body["notices"]
    assert (notice["kind"], notice["subject_kind"], notice["subject_id"]) == ("catalogue_item.changed", "catalogue_item", str(item))
    assert notice["detail"]["fields"] == ["description", "tags"]
    assert notice["detail"]["by_email"] == "admin@contract.test"
    assert notices(api, keeper)["notices"] == []
    api.ask("DELETE", f"/catalogue/items/{item}/follow", token=stranger.token, expect=200)
    change(api, admin_token, item, description="three")
    assert notices(api, stranger)["notices"] == [notice]


def test_who_loses_sight_hears_nothing(api: Api, admin_token: str, item: int, stranger: Person) -> None:  # noqa: F811
    """Not of the hiding, and of nothing after; seeing it again is not following it again."""
    follow(api, stranger, item)
    change(api, admin_token, item, visibility="named", description="secret")
    change(api, admin_token, item, description="more secret")
    change(api, admin_token, item, visibility="everyone")
    assert notices(api, stranger)["notices"] == []
    seen = api.ask("GET", f"/catalogue/items/{item}", token=stranger.token, expect=200).json
    assert seen["is_followed"] is False


def test_access_is_told(api: Api, admin_token: str, item: int, stranger: Person, keeper: Person) -> None:  # noqa: F811
    """Asked: to the maintainer; refused and granted: to who asked, and of what was refused no more than was asked."""
    change(api, admin_token, item, visibility="named")
    name = api.ask("GET", f"/catalogue/items/{item}", token=admin_token).json["name"]
    for decision in ("REFUSE", "GRANT"):
        asked = api.ask("POST", "/catalogue/access_requests/", {"item": name, "note": decision}, stranger.token, expect=202).json
        told = notices(api, keeper)["notices"][0]
        assert (told["kind"], told["detail"]["note"], told["detail"]["by_email"]) == ("access.asked", decision, stranger.email)
        assert told["detail"]["access_request_id"] == asked["id"]
        api.ask("PUT", f"/catalogue/access_requests/{asked['id']}", {"decision": decision, "answer": "so"}, keeper.token, expect=200)
    granted, refused = notices(api, stranger)["notices"]
    assert (granted["kind"], granted["detail"]["item_id"], granted["detail"]["answer"]) == ("access.granted", item, "so")
    assert refused["kind"] == "access.refused"
    assert "item_id" not in refused["detail"] and str(item) not in json.dumps(refused["detail"]["item"].replace(name, ""))
    assert [n["kind"] for n in notices(api, keeper)["notices"]] == ["access.asked"], "asked twice within a minute: one to read"


def test_marks_and_pages(api: Api, admin_token: str, person: Callable[[], Person], stranger: Person) -> None:  # noqa: F811
    """One, or all up to one; only one's own."""
    for _ in range(5):
        body = item_body(f"noticed.table{next(NUMBERS)}")
        made = api.ask("POST", "/catalogue/items/", body, admin_token, expect=201).json["id"]
        follow(api, stranger, made)
        change(api, admin_token, made, description="x")
    ids = [n["id"] for n in notices(api, stranger)["notices"]]
    assert len(ids) == 5 and ids == sorted(ids, reverse=True)
    read = api.ask("PUT", f"/notices/{ids[0]}/read", token=stranger.token, expect=200).json
    assert read["@event"] == "NOTICE_UPDATED" and read["read_at"]
    assert [n["id"] for n in notices(api, stranger, "?unread=true")["notices"]] == ids[1:]
    other = person()
    for number in (ids[1], MISSING):
        answer = api.ask("PUT", f"/notices/{number}/read", token=other.token, expect=404)
        assert answer.json["@event"] == "COULD_NOT_FIND_NOTICE"
    nothing = api.ask("POST", "/notices/read/", {"up_to": ids[0]}, other.token, expect=200).json
    assert (nothing["marked"], nothing["unread"]) == (0, 0)
    marked = api.ask("POST", "/notices/read/", {"up_to": ids[2]}, stranger.token, expect=200).json
    assert (marked["marked"], marked["unread"]) == (3, 1)
    seen, url = [], "/notices/?limit=2"
    while url:
        page = api.ask("GET", url, token=stranger.token, expect=200).json
        seen += [n["id"] for n in page["notices"]]
        url = page["next_url"]
    assert seen == ids
    for body in ({}, {"up_to": "x"}, {"up_to": None}):
        assert list(api.ask("POST", "/notices/read/", body, stranger.token, expect=400).json["errors"]) == ["up_to"]
    for query in ("?unread=maybe", "?limit=0", "?before=x"):
        api.ask("GET", f"/notices/{query}", token=stranger.token, expect=400)


@contextmanager
def listening(api: Api, who: Person) -> Iterator[Callable[[], dict[str, Any]]]:  # noqa: F811
    """GET /notices/events; gives the next event's data."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
    connection.request("GET", "/notices/events", headers={"Authorization": f"Bearer {who.token}"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")

    def following() -> dict[str, Any]:
        while True:
            line = answer.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    try:
        yield following
    finally:
        connection.close()


def test_listening(api: Api, admin_token: str, item: int, stranger: Person) -> None:  # noqa: F811
    """How things stand at once, then each change; also that notices were read."""
    follow(api, stranger, item)
    with listening(api, stranger) as event:
        assert event() == {"unread": 0, "newest": None}
        change(api, admin_token, item, description="heard")
        told = event()
        assert told["unread"] == 1 and told["newest"]["detail"]["fields"] == ["description"]
        api.ask("POST", "/notices/read/", {"up_to": told["newest"]["id"]}, stranger.token, expect=200)
        assert event()["unread"] == 0
    with listening(api, stranger) as event:
        assert event()["newest"]["id"] == told["newest"]["id"]


def test_commands(api: Api, admin_token: str, item: int, stranger: Person) -> None:  # noqa: F811
    """list, list --follow, read."""
    env = {"LAKELIFT_TOKEN": stranger.token, "LAKELIFT_SERVER": api.server.address}
    follow(api, stranger, item)
    with subprocess.Popen([LAKELIFT, "notice", "list", "--follow"], stdout=subprocess.PIPE, text=True,
                          env={**{"PATH": "/usr/bin:/bin"}, **env}) as process:
        assert process.stdout
        change(api, admin_token, item, description="line by line")
        assert "admin@contract.test changed noticed.table" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    shown = must(cli("notice", "list", "--unread", env=env))
    assert "description" in shown
    number = must(cli("notice", "list", "--output", "id", env=env))
    must(cli("notice", "read", number, env=env))
    assert must(cli("notice", "list", "--unread", "--output", "jsonl", env=env)) == ""
    must(cli("notice", "read", "--all", env=env))
    assert cli("notice", "read", env=env).returncode == 2
    assert cli("notice", "read", str(MISSING), env=env).returncode == 3
    assert cli("notice", "list", "--follow", "--output", "csv", env=env).returncode == 2
