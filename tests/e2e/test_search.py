"""Search over HTTP: the contract's language against an evaluation of its own, full text, facets, pages, rights (threats S1, S3)."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.e2e.contract_api import Api
from tests.e2e.test_contract_catalogue import column, item_body
from tests.server_process import FULL_DOSE, Server, cli, must, until

PIECES = (
    "flights", "Weather", "SALES", "nyc", "a", "b", "13", "2013", "été", "ÉTÉ", "E\u0301te\u0301", "straße", "STRASSE", "ﬁn", "日本", "日", "İstanbul",
    "&", "~", "|", "a&b", "%", "_", "'", '"', "\\", ".", "-", " ", "🎉", "о", "o", "ſ", "Σ", "ς", "σ", "ǅ", "ŉ",
)


def folded(text: str) -> str:
    """As names are compared: composed, case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def evaluate(query: str, name: str) -> bool:
    """The contract's sentence, read anew: words folded from left to right; the first one stands for itself."""
    words: list[tuple[str, str]] = []
    sign = None
    for raw in query.split(" "):
        text = raw
        while text:
            if sign is None and text[0] in "&~|":
                sign, text = text[0], text[1:]
                continue
            words.append((sign or "|", text))
            sign, text = None, ""
    if not words:
        return True
    result = words[0][0] != "|"
    for operator, word in words:
        hit = folded(word) in folded(name)
        if operator == "|":
            result = result or hit
        elif operator == "&":
            result = result and hit
        else:
            result = result and not hit
    return result


@pytest.fixture(scope="module")
def alone(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server whose catalogue is this module's."""
    with server_on(tmp_path_factory.mktemp("search") / "data") as server:
        yield Api(server, server.ask("GET", "/openapi.json").json)


@pytest.fixture(scope="module")
def admin(alone: Api) -> str:
    """A token."""
    return alone.server.account("admin@search.test", "ADMIN")


def any_text(dice: random.Random, most: int) -> str:
    """Pieces, often of one letter or an odd sign."""
    return "".join(dice.choice(PIECES) for _ in range(dice.randint(1, most)))


@pytest.fixture(scope="module")
def names(alone: Api, admin: str) -> list[str]:
    """Of 150 items; odd ones among them."""
    dice = random.Random(4)
    made = sorted({any_text(dice, 6).strip() or "x" for _ in range(150)}, key=str.encode)
    for name in made:
        alone.ask("POST", "/catalogue/items/", item_body(name), admin, expect=201)
    return made


def search(api: Api, token: str, **parameters: Any) -> dict[str, Any]:
    """The answer's body."""
    pairs = [(k, v) for k, value in parameters.items() for v in (value if isinstance(value, list) else [value])]
    text = "&".join(f"{k}={quote(str(v), safe='')}" for k, v in pairs)
    return api.ask("GET", f"/catalogue/items/?{text}", token=token, expect=200).json


def names_of(answer: dict[str, Any]) -> list[str]:
    """In the answer's order."""
    return [item["name"] for item in answer["items"]]


def test_the_language_against_an_independent_evaluation(alone: Api, admin: str, names: list[str]) -> None:
    """Random queries: letters beyond ASCII, odd signs, spaces; all that is found, and its count."""
    dice = random.Random(13)
    for number in range(20_000 if FULL_DOSE else 1_200):
        query = "".join(
            dice.choice(["", " ", "|", "&", "~", "& ", " ~ ", "  "]) + any_text(dice, 3)[: dice.randint(1, 8)] + dice.choice(["", " ", " "])
            for _ in range(dice.randint(1, 4))
        )
        answer = alone.server.ask("GET", f"/catalogue/items/?fields=summary&query={quote(query, safe='')}", token=admin)
        assert answer.status == 200, (query, answer.body)
        expected = [name for name in names if evaluate(query, name)]
        assert names_of(answer.json) == expected, (number, query)
        assert answer.json["total"] == len(expected)


def test_the_evaluation_itself() -> None:
    """What the contract says in so many words."""
    assert evaluate("weather flights", "x.FLIGHTS") and evaluate("|weather", "Weather")
    assert evaluate("a |b &c", "bc") and not evaluate("a |b &c", "a")
    assert evaluate("~a", "b") and not evaluate("b ~ a", "ab") and evaluate("&& ", "x&")
    assert evaluate("", "anything") and evaluate("& ", "anything")


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_are_the_whole_in_parts(alone: Api, admin: str, names: list[str], limit: int) -> None:
    """By `next_url` until it is null; in byte order of the names."""
    got: list[str] = []
    answer = search(alone, admin, limit=limit, query="~flights")
    while True:
        assert len(answer["items"]) <= limit
        got += names_of(answer)
        assert (answer["next"] is None) == (answer["next_url"] is None)
        if answer["next_url"] is None:
            break
        answer = alone.ask("GET", answer["next_url"], token=admin, expect=200).json
    assert got == [name for name in names if evaluate("~flights", name)]


def test_ranked_pages_are_the_whole_in_parts(alone: Api, admin: str, names: list[str]) -> None:
    """The same with `q`."""
    whole = names_of(search(alone, admin, q="nyc"))
    assert whole
    got: list[str] = []
    url: str | None = "/catalogue/items/?limit=3&q=nyc"
    while url:
        answer = alone.ask("GET", url, token=admin, expect=200).json
        assert answer["total"] == len(whole)
        got += names_of(answer)
        url = answer["next_url"]
    assert got == whole


def test_a_page_says_less_when_asked(alone: Api, admin: str, names: list[str]) -> None:
    """fields=summary: no sample, no distributions; the rest is the same."""
    full = search(alone, admin, limit=2)["items"]
    short = search(alone, admin, limit=2, fields="summary")["items"]
    for long, brief in zip(full, short, strict=True):
        del long["sample"]
        for one in long["spec"]:
            del one["distribution"]
        assert brief == long


def test_without_more_the_answer_is_the_contracts(alone: Api, admin: str, names: list[str]) -> None:
    """All items, whole, unpaged."""
    answer = search(alone, admin)
    assert names_of(answer) == names
    assert (answer["total"], answer["next"], answer["next_url"], answer["facets"]) == (len(names), None, None, None)
    assert answer["facets_timed_out"] == []
    assert "sample" in answer["items"][0]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("has_samples", "maybe"),
        ("executor_type", "ORACLE"),
        ("executor_type", "local"),
        ("maintainer", "x"),
        ("maintainer", "-1"),
        ("maintainer", str(2**63)),
        ("column_type", "NUMBER"),
        ("size", "huge"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "1e3"),
        ("facets", "some"),
        ("fields", "none"),
        ("query", "x" * 4097),
        ("q", "x" * 4097),
        ("q", "a " * 33),
    ],
)
def test_wrong_parameters(alone: Api, admin: str, parameter: str, value: str) -> None:
    """400 that names the parameter."""
    answer = alone.ask("GET", f"/catalogue/items/?{parameter}={quote(value)}", token=admin, expect=400).json
    assert answer["@event"] == "QUERY_DID_NOT_VALIDATE"
    assert list(answer["errors"]) == [parameter]


@pytest.mark.parametrize("after", ["x", "MTI", "OTk5OTk5OmE", "' OR 1=1 --"])
def test_a_wrong_cursor(alone: Api, admin: str, after: str) -> None:
    """Of a ranked search; a search by name takes any name."""
    answer = alone.ask("GET", f"/catalogue/items/?q=a&after={quote(after)}", token=admin, expect=400).json
    assert list(answer["errors"]) == ["after"]
    alone.ask("GET", f"/catalogue/items/?after={quote(after)}", token=admin, expect=200)


def test_signs_of_sql_are_letters(alone: Api, admin: str, names: list[str]) -> None:
    """Threats S1: found where they stand, and nowhere else."""
    for text in ("' OR 1=1 --", "%", "_", '"; DROP TABLE catalogue_items; --', "\\", "*", "?", "a' UNION SELECT"):
        assert names_of(search(alone, admin, name=text)) == [n for n in names if n == text]
        assert search(alone, admin, q=text)["total"] <= len(names)
        assert search(alone, admin, tag=text)["total"] == 0
    assert names_of(search(alone, admin)) == names


# --- full text and facets, on items that say something ----------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, str]]:
    """A server with five items; its administrator's token."""
    with server_on(tmp_path_factory.mktemp("shop") / "data") as server:
        api = Api(server, server.ask("GET", "/openapi.json").json)
        token = server.account("admin@shop.test", "ADMIN")
        me = api.ask("GET", "/accounts/me", token=token).json["id"]
        weather = [column("station", "STRING"), column("TempC", "FLOAT", description="degrees")]
        for name, more in {
            "lake.weather": {"description": "Each hour at **three** airports", "spec": weather, "sample": []},
            "lake.WeatherDaily": {"description": "Each day", "spec": weather, "sample": [], "executor_type": "ATHENA"},
            "lake.flights": {"description": "Departures; see weather", "maintained_by_id": me},
            "shop.sales": {"executor_type": "ATHENA"},
            "shop.été": {},
        }.items():
            api.ask("POST", "/catalogue/items/", item_body(name, **more), token, expect=201)
        yield api, token


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("weather", ["lake.weather", "lake.WeatherDaily", "lake.flights"]),
        ("weather airports", ["lake.weather"]),
        ("airports weath", ["lake.weather"]),
        ("weatherdaily", ["lake.WeatherDaily"]),
        ("weather_daily", ["lake.WeatherDaily"]),
        ("lake.weather", ["lake.weather", "lake.WeatherDaily", "lake.flights"]),
        ("degrees", ["lake.WeatherDaily", "lake.weather"]),
        ("temp", ["lake.WeatherDaily", "lake.weather"]),
        ("ÉTÉ", ["shop.été"]),
        ("product", ["lake.flights", "shop.sales", "shop.été"]),
        ("nothing", []),
        ("!!!", []),
    ],
)
def test_full_text(shop: tuple[Api, str], q: str, found: list[str]) -> None:
    """Names, columns, descriptions; the best first."""
    assert names_of(search(*shop, q=q)) == found


def test_filters_hold_together(shop: tuple[Api, str]) -> None:
    """Each alone, and two at once."""
    api, token = shop
    me = api.ask("GET", "/accounts/me", token=token).json["id"]
    assert names_of(search(api, token, executor_type="ATHENA")) == ["lake.WeatherDaily", "shop.sales"]
    assert names_of(search(api, token, column_type="FLOAT")) == ["lake.WeatherDaily", "lake.weather"]
    assert names_of(search(api, token, column_type="FLOAT", executor_type="LOCAL")) == ["lake.weather"]
    assert names_of(search(api, token, maintainer=me)) == ["lake.flights"]
    assert search(api, token, size="unknown")["total"] == 5
    assert search(api, token, size=">=1TB")["total"] == 0
    assert names_of(search(api, token, q="weather", has_samples="true")) == ["lake.flights"]
    assert search(api, token, tag=["no", "such"])["total"] == 0


def first_whole(is_whole: Callable[[Any], bool], ask: Callable[[], Any]) -> Any:
    """The first answer that has all facets: those for which the machine takes too long are left out by name."""
    answers: list[Any] = []

    def has_all() -> bool:
        answers.append(ask())
        return is_whole(answers[-1])

    until(has_all, "facets are left out")
    return answers[-1]


def counted(ask: Callable[[], Any]) -> Any:
    """The same of the API."""
    return first_whole(lambda answer: answer["facets_timed_out"] == [], ask)


def test_facets_and_their_addresses(shop: tuple[Api, str]) -> None:
    """Counted over what was found; each value's address adds it or takes it away."""
    api, token = shop
    answer = counted(lambda: search(api, token, facets="true", q="weather", limit=1))
    counts = {name: {v["value"]: v["count"] for v in values} for name, values in answer["facets"].items()}
    assert counts["executor_type"] == {"LOCAL": 2, "ATHENA": 1}
    assert counts["column_type"] == {"STRING": 3, "FLOAT": 2, "BOOLEAN": 1, "INTEGER": 1}
    assert counts["size"] == {"unknown": 3}
    assert [v["label"] for v in answer["facets"]["maintainer"]] == ["admin@shop.test"]
    assert counts["tag"] == {}
    for values in answer["facets"].values():
        for value in values:
            assert not value["is_selected"]
            narrowed = api.ask("GET", value["toggle_url"], token=token, expect=200).json
            assert narrowed["total"] == value["count"]
    athena = next(v for v in answer["facets"]["executor_type"] if v["value"] == "ATHENA")
    narrowed = counted(lambda: api.ask("GET", athena["toggle_url"], token=token, expect=200).json)
    [selected] = narrowed["facets"]["executor_type"]
    assert (selected["value"], selected["is_selected"]) == ("ATHENA", True)
    assert api.ask("GET", selected["toggle_url"], token=token, expect=200).json["total"] == answer["total"]
    assert "after=" not in urlsplit(answer["facets"]["size"][0]["toggle_url"]).query


def test_changes_are_found_at_once(shop: tuple[Api, str]) -> None:
    """Created, renamed, described, deleted: the next search knows; so does a server that starts anew."""
    api, token = shop
    made = api.ask("POST", "/catalogue/items/", item_body("moved.before"), token, expect=201).json
    assert names_of(search(api, token, q="moved")) == ["moved.before"]
    api.ask("PUT", f"/catalogue/items/{made['id']}", {"name": "moved.after", "description": "unheard of"}, token, expect=200)
    assert names_of(search(api, token, query="before")) == []
    assert names_of(search(api, token, q="unheard")) == ["moved.after"]
    api.server.kill()
    api.server.start()
    assert names_of(search(api, token, q="unheard")) == ["moved.after"]
    api.ask("DELETE", f"/catalogue/items/{made['id']}", token=token, expect=200)
    assert search(api, token, q="unheard")["total"] == 0


def test_the_command_line(shop: tuple[Api, str], tmp_path: Path) -> None:
    """`lakelift catalogue list` with its filters, and facets."""
    data = shop[0].server.data

    def listed(*arguments: str) -> list[str]:
        return must(cli("catalogue", "list", *arguments, "--output", "csv", data=data)).split("\n")[1:]

    def found(*arguments: str) -> list[str]:
        return [line.split(",")[1] for line in listed(*arguments)]

    assert len(found()) == 5
    assert found("weather ~daily") == found("--query", "weather ~daily") == ["lake.weather"]
    assert found("--search", "weath airports") == []
    assert found("--search", "airports weath") == ["lake.weather"]
    assert found("--executor", "ATHENA", "--type", "FLOAT") == ["lake.WeatherDaily"]
    assert found("--tag", "gold", "--tag", "raw") == []
    assert len(found("--limit", "2")) == 2
    told = first_whole(lambda done: "took too long" not in done.stderr,
                     lambda: cli("catalogue", "list", "--facets", "--search", "weather", "--output", "csv", data=data))
    assert [line.split(",")[:3] for line in must(told).split("\n")[1:3]] == [
        ["executor_type", "LOCAL", "LOCAL"],
        ["executor_type", "ATHENA", "ATHENA"],
    ]
    assert cli("catalogue", "list", "--type", "NUMBER", data=data).returncode == 2
