from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from fake_lakelift import FakeLakelift, Seen, error_answer, json_answer

import lakelift


@pytest.fixture
def client(fake: FakeLakelift):
    with lakelift.Client(fake.url, "secret") as client:
        yield client


def spec_sent(fake: FakeLakelift) -> dict:
    return fake.asked("POST", "/downloader/requests/")[-1].body["spec"]


def test_download_brings_the_file(fake: FakeLakelift, client: lakelift.Client, tmp_path: Path) -> None:
    news = []
    path = client.download(
        "t.flights",
        columns=["carrier", "dep_delay"],
        filters=[("dep_delay", ">=", 15)],
        where="carrier = 'UA'",
        ratio=0.5,
        to=tmp_path / "late.csv",
        callback=lambda *args: news.append(args),
    )
    assert path == tmp_path / "late.csv"
    assert path.read_bytes() == fake.data
    assert list(tmp_path.iterdir()) == [path]
    assert fake.asked("POST", "/downloader/requests/")[0].body == {
        "catalogue_item_id": 7,
        "spec": {
            "columns": ["carrier", "dep_delay"],
            "filters": [
                {"name": "dep_delay", "operator": ">=", "value": 15},
                {"name": "carrier", "operator": "=", "value": "UA"},
            ],
            "randomize_ratio": 0.5,
        },
    }
    assert news[0] == ("RUNNING", 5, 10)
    assert news[-1] == ("DOWNLOADING", len(fake.data), len(fake.data))
    assert {tuple(seen.query["format"]) for seen in fake.asked("GET", "/data/")} == {("csv",)}


def test_the_token_goes_to_the_server_and_not_to_signed_addresses(
    fake: FakeLakelift, client: lakelift.Client, tmp_path: Path
) -> None:
    client.download("t.flights", to=tmp_path / "x.csv")
    for seen in fake.seen:
        expected = None if seen.path.startswith("/data/") else "Bearer secret"
        assert seen.headers.get("authorization") == expected


def test_server_and_token_come_from_the_environment(fake: FakeLakelift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKELIFT_SERVER", fake.url + "/")
    monkeypatch.setenv("LAKELIFT_TOKEN", "from env")
    found = lakelift.discover("flights")
    assert [item.name for item in found] == ["t.flights"]
    assert fake.seen[0].headers["authorization"] == "Bearer from env"
    assert fake.seen[0].query == {"query": ["flights"]}


def test_without_a_file_it_is_a_data_frame(fake: FakeLakelift, client: lakelift.Client) -> None:
    pytest.importorskip("pandas")
    frame = client.download("t.flights", format="csv")
    assert list(frame.columns) == ["carrier", "dep_delay", "dep_time"]
    assert frame["dep_time"][0] == dt.datetime(2013, 1, 1, 5, 17)
    assert frame["dep_delay"].isna().tolist() == [False, True]


def test_parquet_is_read_as_a_data_frame(fake: FakeLakelift, client: lakelift.Client, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"carrier": ["UA", None]}), tmp_path / "t.parquet")
    fake.data = (tmp_path / "t.parquet").read_bytes()
    assert client.download("t.flights")["carrier"].isna().tolist() == [False, True]
    assert fake.asked("GET", "/data/")[0].query == {"format": ["parquet"]}


@pytest.mark.parametrize(
    ("to", "format", "expected"),
    [
        ("a.parquet", None, "parquet"),
        ("a.ndjson", None, "jsonl"),
        ("a.txt", None, "parquet"),
        ("a.csv", "arrow", "arrow"),
    ],
)
def test_the_format_follows_the_file(
    fake: FakeLakelift, client: lakelift.Client, tmp_path: Path, to: str, format: str | None, expected: str
) -> None:
    client.download("t.flights", to=tmp_path / to, format=format)
    assert fake.asked("GET", "/data/")[0].query == {"format": [expected]}


def test_a_folder_gets_a_file_of_the_items_name(client: lakelift.Client, tmp_path: Path) -> None:
    assert client.download(7, to=tmp_path, format="csv") == tmp_path / "t.flights.csv"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("dep_delay >= 15", [("dep_delay", ">=", 15)]),
        ("dep_delay>=-15 and distance<2.5", [("dep_delay", ">=", -15), ("distance", "<", 2.5)]),
        ("cancelled = TRUE", [("cancelled", "=", True)]),
        ("cancelled != false", [("cancelled", "!=", False)]),
        ("carrier = 'O''Hare AND more'", [("carrier", "=", "O'Hare AND more")]),
        ('"two words" = "x y"', [("two words", "=", "x y")]),
        ("two words <> x", [("two words", "!=", "x")]),
        ("dep_time > 2013-01-05 AND carrier == UA", [("dep_time", ">", "2013-01-05"), ("carrier", "=", "UA")]),
        (["dep_delay = 0", "dep_delay != 1"], [("dep_delay", "=", 0), ("dep_delay", "!=", 1)]),
    ],
)
def test_where_is_read(fake: FakeLakelift, client: lakelift.Client, where: str | list[str], expected: list) -> None:
    client.estimate("t.flights", where=where)
    assert [(f["name"], f["operator"], f["value"]) for f in spec_sent(fake)["filters"]] == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": ["carier"]}, 'did you mean "carrier"'),
        ({"where": "nope = 1"}, 'no column "nope"'),
        ({"where": "dep_delay 15"}, "no comparison"),
        ({"where": "dep_delay = 15 AND"}, "no comparison"),
        ({"where": "dep_delay = late"}, "INTEGER"),
        ({"where": "cancelled > true"}, "only = and !="),
        ({"where": "cancelled = perhaps"}, "true or false"),
        ({"filters": [("dep_delay", "~", 1)]}, "no operator"),
        ({"filters": [("dep_delay", "=")]}, "a filter is"),
    ],
)
def test_what_cant_be_asked_is_said_before_asking(
    fake: FakeLakelift, client: lakelift.Client, options: dict, says: str
) -> None:
    with pytest.raises(lakelift.InvalidRequest, match=says.replace("?", "\\?")):
        client.download("t.flights", **options)
    assert not fake.asked("POST", "/")


def test_times_and_numpy_scalars_become_json(fake: FakeLakelift, client: lakelift.Client) -> None:
    np = pytest.importorskip("numpy")
    client.estimate("t.flights", filters=[("dep_time", ">", dt.datetime(2013, 1, 5)), ("dep_delay", "=", np.int64(3))])
    assert [f["value"] for f in spec_sent(fake)["filters"]] == ["2013-01-05T00:00:00", 3]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, lakelift.InvalidRequest),
        (401, lakelift.SignInNeeded),
        (403, lakelift.Forbidden),
        (404, lakelift.NotFound),
        (500, lakelift.LakeliftError),
        (503, lakelift.Unavailable),
    ],
)
def test_errors_have_types_and_say_what_to_do(
    fake: FakeLakelift, client: lakelift.Client, status: int, kind: type[lakelift.LakeliftError]
) -> None:
    fake.handlers["GET /catalogue/items/"] = lambda _: error_answer(status, "EVENT", "no", errors={"query": ["Bad."]})
    with pytest.raises(kind) as caught:
        client.discover()
    assert (caught.value.event, caught.value.request_id, caught.value.status) == ("EVENT", "0123456789abcdef", status)
    assert caught.value.errors == {"query": ["Bad."]}
    assert "query: Bad." in str(caught.value)
    assert len(fake.seen) == (10 if status == 503 else 1)


def test_an_unknown_item_is_not_found(client: lakelift.Client) -> None:
    with pytest.raises(lakelift.NotFound, match=r"nothing\.here"):
        client.download("nothing.here")


def test_a_server_that_never_answered_is_not_asked_again(waits: list[float]) -> None:
    with lakelift.Client("http://127.0.0.1:1") as client, pytest.raises(lakelift.Unavailable, match="can't reach"):
        client.discover()
    assert waits == []


def test_retry_after_is_honoured(fake: FakeLakelift, client: lakelift.Client, waits: list[float]) -> None:
    calls = iter([503, 429])

    def handler(_: Seen):
        status = next(calls, 200)
        answer = json_answer({"items": []}, status)
        answer.headers["Retry-After"] = "7" if status == 503 else "100000"
        return answer

    fake.handlers["GET /catalogue/items/"] = handler
    assert len(client.discover()) == 0
    assert waits == [7.0, 120.0]


def test_a_failed_run_says_why(fake: FakeLakelift, client: lakelift.Client, tmp_path: Path) -> None:
    failed = {**fake.request("FAILED"), "failure": "the source is gone"}
    fake.handlers["GET /downloader/requests/12"] = lambda _: json_answer(failed)
    with pytest.raises(lakelift.RunFailed, match="the source is gone"):
        client.download("t.flights", to=tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_shows_itself_in_a_notebook(client: lakelift.Client) -> None:
    found = client.discover()
    page = found._repr_html_()
    assert "<td>t.flights</td>" in page
    assert "<td>336,776</td>" in page
    assert "&lt;b&gt;of a year" in page
    item_page = found["t.flights"]._repr_html_()
    assert "<script>" not in item_page
    assert "&lt;script&gt;" in item_page
    assert "t.flights" in found
    assert repr(found) == "<Item 7 t.flights: 6 columns, 336,776 rows>"
    with pytest.raises(KeyError):
        found["other"]


def test_an_item_has_the_figures_of_its_columns() -> None:
    column = {"type": "FLOAT", "size": 1, "is_nullable": True, "is_enum": False, "distribution": None}
    figures = {"name": "a", "null_share": 0.125, "distinct": 40437, "distinct_is_exact": False}
    item = lakelift.Item.from_json(
        {
            "id": 1,
            "name": "t",
            "spec": [{"name": "a", **column}, {"name": "b", **column}],
            "statistics": [{**figures, "min": -1.5, "mean": 1 / 3, "max": None}],
            "statistics_partial": True,
            "profiled_at": "2026-11-26T11:00:00.000000Z",
        }
    )
    assert item.figures("a")["distinct"] == 40437
    assert item.figures("b") == {}
    assert item.statistics_partial
    assert not item.statistics_stale
    page = item._repr_html_()
    assert "<td>12.5%</td><td>~40,437</td><td>1 B</td><td>-1.5</td><td>0.333333</td><td></td>" in page
    assert "<td>yes</td><td></td>" in page


def test_the_bar_has_a_state_at_a_time(
    fake: FakeLakelift, client: lakelift.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.download("t.flights", to=tmp_path / "x.csv", progress=True)
    shown = capsys.readouterr().err
    assert shown.index("running") < shown.index("downloading")
    client.download("t.flights", to=tmp_path / "x.csv", progress=False)
    assert capsys.readouterr().err == ""
