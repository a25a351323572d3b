"""Items from files and back: `lakelift catalogue import` and `export` against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.contract_api import Api, people_csv
from tests.e2e.test_contract_catalogue import item_body
from tests.server_process import Server, cli, must

SEED = """\
name: seed.daily
executor_type: ATHENA
spec:
  - name: day
    type: DATETIME
    size: 1203
    is_nullable: false
    is_enum: false
    distribution:
      - {value: 2019-01-01, count: 12}
      - {value: 2019-01-02, count: 7}
  - name: product
    type: STRING
    size: null
    is_nullable: true
    is_enum: true
    distribution:
      - value: jack
        count: 90
      - value: null
        count: 10
  - name: price
    type: FLOAT
    size: 778
    is_nullable: false
    is_enum: false
    description: in euro
    distribution:
      - {value_min: 0.0, value_max: 10.5, count: 3}
      - {value_min: 10.5, value_max: 1.0e+3, count: 9}
sample:
  - day: 2019-01-01
    product: jack
    price: 18.77
  - {day: 2019-01-02, product: ~, price: 22}
"""

HARD_TEXTS = [
    "", " ", "yes", "NO", "null", "~", "1", "1.0", "017", "1e3", "12:30", "2013-01-05", "0x1f", ".nan", "- a", "a: b", "#", "'",
    '"', "\\", "a\nb", "a\n", "\n a", " a\n\tb ", "a\r\nb", "\t", "\x01", "\x7f", "\u0085", "\u2028", "\ufeff", "\u202eevil", "é", "日本", "😀",
    "{}", "[]", "*a", "&a", "!a", "%", "@", "`", "---", "...", "<<", "=", "?", "|", ">", "<script>alert(1)</script>", "'; DROP TABLE x",
]


@pytest.fixture(scope="module")
def lake(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: exports are of everything."""
    with server_on(tmp_path_factory.mktemp("import") / "data") as running:
        yield running


def item(server: Server, name: str) -> dict[str, Any]:
    """As the server has it."""
    return json.loads(must(cli("catalogue", "show", name, "--output", "json", data=server.data)))


def exported(server: Server, *arguments: str) -> str:
    """What `catalogue export` prints."""
    done = cli("catalogue", "export", *arguments, data=server.data)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hard_item(name: str) -> dict[str, Any]:
    """An item whose every text and number is one that formats trip over."""
    def column(column_name: str, kind: str, values: list[Any]) -> dict[str, Any]:
        counts = [{"value": value, "count": count} for count, value in enumerate(values)]
        return {"name": column_name, "type": kind, "size": None, "is_nullable": True, "is_enum": False, "distribution": counts,
                "description": column_name + "\nsecond line"}

    floats = [1.0, -0.0, 1e300, 1e-300, 0.1, 1e16, 123456789.125, None]
    wholes = [0, -1, 2**63 - 1, -(2**63), None]
    spec = [column("yes", "STRING", [*HARD_TEXTS, None]), column("1.0", "FLOAT", floats), column("a: b #", "INTEGER", wholes),
            column("~", "BOOLEAN", [True, False, None]), column("x\ny", "DATETIME", ["2013-01-05T06:00:00", "2013-01-05T00:00:00.123456", None]),
            column("long" * 400, "STRING", [])]
    spec += [column(text, "STRING", []) for text in HARD_TEXTS if text not in {"", "yes", "1.0", "~"}]
    row = {c["name"]: c["distribution"][0]["value"] if c["distribution"] else "\n\n" for c in spec}
    return {"name": name, "description": "# Head\n\n- a\n  b  \n\ttab\n\nend", "executor_type": "DATABRICKS", "spec": spec, "sample": [row, row],
            "maintained_by_id": None}


def test_a_seed_file_becomes_an_item(lake: Server, tmp_path: Path) -> None:
    """The seed's form, under both names of the command; who imports maintains it."""
    path = tmp_path / "seed.yaml"
    path.write_text(SEED)
    done = cli("create_fake_catalogue_items", str(path), "--output", "json", data=lake.data)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"{path}:1: seed.daily: created\n"
    assert [(row["result"], row["name"], row["problems"]) for row in json.loads(done.stdout)] == [("created", "seed.daily", [])]

    made = item(lake, "seed.daily")
    assert (made["executor_type"], made["description"]) == ("ATHENA", None)
    assert made["maintained_by"]["type"] == "ADMIN"
    assert [c["name"] for c in made["spec"]] == ["day", "product", "price"]
    assert made["spec"][2]["description"] == "in euro"
    assert made["sample"][1] == {"day": "2019-01-02T00:00:00", "product": None, "price": 22}

    again = cli("catalogue", "import", str(path), "--output", "csv", data=lake.data)
    assert again.returncode == 0 and ": exists, left as it is\n" in again.stderr
    assert item(lake, "seed.daily") == made

    path.write_text(SEED.replace("in euro", "in crowns"))
    over = cli("catalogue", "import", str(path), "--overwrite", data=lake.data)
    assert over.returncode == 0 and ": updated\n" in over.stderr
    assert item(lake, "seed.daily")["spec"][2]["description"] == "in crowns"


def test_errors_name_file_item_field_and_line(lake: Server, tmp_path: Path) -> None:
    """What the server refuses is told at its line; the good items of the same files are there all the same."""
    wrong = SEED.replace("seed.daily", "bad.daily").replace("is_nullable: false", "is_nullable: maybe", 1).replace("1.0e+3", "much")
    bad = tmp_path / "bad.yaml"
    bad.write_text(wrong + "---\nname: good.one\nexecutor_type: LOCAL\nspec: []\nsample: []\n")
    twice = tmp_path / "twice.json"
    twice.write_text('{\n  "name": "bad.twice",\n  "name": "x"\n}\n')
    for flags in ([], ["--dry-run"], ["--overwrite"]):
        done = cli("catalogue", "import", str(bad), str(twice), "--output", "json", *flags, data=lake.data)
        assert done.returncode == 1
        told = done.stderr.splitlines()
        assert f'{twice}:3: the key "name" stands here a second time (first in line 2)' in told
        assert any(line.startswith(f"{bad}:7: bad.daily: spec.0.is_nullable: Expected true or false") for line in told), told
        assert any(line.startswith(f"{bad}:30: bad.daily: spec.2.distribution.1.value_max: Expected a finite number") for line in told), told
        assert told[-1] == "error: 2 of 3 failed; nothing of them was stored"
        results = {row["name"]: row["result"] for row in json.loads(done.stdout)}
        assert results["bad.daily"] == "failed"
    assert cli("catalogue", "show", "bad.daily", data=lake.data).returncode == 3
    assert item(lake, "good.one")["spec"] == []


def test_dry_runs_store_nothing(lake: Server, tmp_path: Path) -> None:
    """Neither new nor changed items, nor a row of the ledger."""
    path = tmp_path / "dry.yaml"
    path.write_text(SEED.replace("seed.daily", "dry.daily"))
    before = exported(lake)
    done = cli("catalogue", "import", str(path), "--dry-run", data=lake.data)
    assert done.returncode == 0 and ": would be created\n" in done.stderr
    assert exported(lake) == before
    must(cli("catalogue", "import", str(path), data=lake.data))
    made = item(lake, "dry.daily")
    path.write_text(path.read_text().replace("in euro", "changed"))
    done = cli("catalogue", "import", str(path), "--dry-run", "--overwrite", data=lake.data)
    assert done.returncode == 0 and ": would be updated\n" in done.stderr
    assert item(lake, "dry.daily") == made


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_export_import_export_is_a_fixed_point(lake: Server, tmp_path: Path, form: str) -> None:
    """Also of names, texts and numbers that formats trip over, into a catalogue that has the items and one that has not."""
    source = hard_item(f"hard.ünï 😀 'n' {form}: #1")
    given = tmp_path / "given.json"
    if form == "json":  # the parser knows keys of up to 1,024 characters in JSON
        source["spec"] = [c for c in source["spec"] if len(c["name"]) < 1_000]
        source["sample"] = [{k: v for k, v in row.items() if len(k) < 1_000} for row in source["sample"]]
        given.write_text(json.dumps(source, indent="\t"))
    else:
        given.write_text(exported_yaml(source))
    must(cli("catalogue", "import", str(given), data=lake.data))

    stored = item(lake, source["name"])
    assert stored["description"] == source["description"]
    assert stored["spec"] == source["spec"]
    first = exported(lake, source["name"], "--format", form)
    read = yaml.safe_load(first) if form == "yaml" else json.loads(first)
    assert read == {k: stored[k] for k in read} and list(read)[:3] == ["name", "description", "executor_type"]

    path = tmp_path / f"first.{form}"
    path.write_text(first)
    must(cli("catalogue", "import", str(path), "--overwrite", data=lake.data))
    assert exported(lake, source["name"], "--format", form) == first
    with Server(tmp_path / "other") as other:
        must(cli("catalogue", "import", str(path), data=other.data))
        assert exported(other, "--format", form) == first


def exported_yaml(source: dict[str, Any]) -> str:
    """As PyYAML writes it: another writer's YAML is read as well. Escaped, for U+0085 and U+2028 end a line in YAML 1.1 alone."""
    return yaml.safe_dump(source, sort_keys=False)


def test_a_profiled_table_goes_round(lake: Server, tmp_path: Path) -> None:
    """A real table's sample and distributions, to a folder of files and into another catalogue."""
    table = tmp_path / "people.csv"
    table.write_text(people_csv())
    lake.add_item("lake.people", table)
    folder = tmp_path / "items"
    must(cli("catalogue", "export", "-o", f"{folder}/", data=lake.data))
    assert (folder / "lake.people.yaml").exists()
    assert "people.csv" not in (folder / "lake.people.yaml").read_text(), "where the data lie is no business of the file"
    with Server(tmp_path / "third") as other:
        done = cli("catalogue", "import", str(folder), data=other.data)
        assert done.returncode == 0, done.stderr
        assert exported(other) == exported(lake)


def test_dry_run_over_http(api: Api, admin_token: str, researcher_token: str) -> None:
    """The routes' own answers, with every error of the real thing."""
    body = item_body("dry.http")
    path = "/catalogue/items/?dry_run=true"
    assert api.ask("POST", path, body, admin_token, expect=200).json == {"@event": "CATALOGUEITEM_WOULD_BE_CREATED", "@type": "empty"}
    api.ask("POST", path, body, researcher_token, expect=403)
    assert api.ask("POST", path, body | {"maintained_by_id": 10**9}, admin_token, expect=400).json["@event"] == "BODY_JSON_DID_NOT_PARSE"
    assert api.ask("POST", path, body | {"spec": 1}, admin_token, expect=400).json["@event"] == "BODY_DID_NOT_VALIDATE"
    wrong = api.ask("POST", "/catalogue/items/?dry_run=perhaps", body, admin_token, expect=400).json
    assert wrong["@event"] == "QUERY_DID_NOT_VALIDATE" and "dry_run" in wrong["errors"]
    made = api.ask("POST", "/catalogue/items/?dry_run=false", body, admin_token, expect=201).json
    assert api.ask("POST", path, body, admin_token, expect=409).json["@event"] == "CATALOGUEITEM_EXISTS_ALREADY"

    own = f"/catalogue/items/{made['id']}"
    changed = api.ask("PUT", own + "?dry_run=true", {"description": "new"}, admin_token, expect=200).json
    assert changed == {"@event": "CATALOGUEITEM_WOULD_BE_UPDATED", "@type": "empty"}
    api.ask("PUT", own + "?dry_run=true", {"sample": [{"x": 1}]}, admin_token, expect=400)
    api.ask("PUT", "/catalogue/items/999999999?dry_run=true", {}, admin_token, expect=404)
    assert api.ask("GET", own, token=admin_token, expect=200).json["description"] is None
