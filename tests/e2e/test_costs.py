"""What slices cost, what was not paid again, and what may be spent, on a server whose local engine has a price."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import Server, cli, must

COLUMNS = ["id", "name"]
# 1.00 for 10^6 bytes: money appears for a table of some kilobytes.
FLAGS = ["--price", "local=1000000/TB", "--currency", "EUR"]


class Costs:
    """A server with a table and people."""

    def __init__(self, server: Server, folder: Path):
        self.server, self.data = server, server.data
        table = folder / "people.csv"
        table.write_text("id,name,town\n" + "".join(f"{i},name {i * 7919 % 10_007},town {i % 50}\n" for i in range(20_000)))
        self.item = server.add_item("costs.people", table)
        self.admin = server.account("admin@example.com", "ADMIN")
        self.number = 0

    def person(self) -> tuple[str, str]:
        """Email and token."""
        self.number += 1
        email = f"person{self.number}@example.com"
        return email, self.server.account(email)

    def own_filter(self) -> list[dict[str, Any]]:
        """Of a slice that nobody has asked for, and that lies in none that is held."""
        self.number += 1
        return [{"name": "id", "operator": "!=", "value": 100_000 + self.number}]

    def ask(self, token: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
        answer = self.server.request(token, self.item, COLUMNS, filters)
        assert answer.status in {200, 201}, answer
        return answer.json

    def done(self, token: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
        done = self.server.wait_done(token, self.ask(token, filters)["id"])
        assert done["state"] == "DONE", done
        return done

    def spending(self, token: str, query: str = "") -> dict[str, Any]:
        answer = self.server.ask("GET", f"/ledger/spending?{query}", token=token)
        assert answer.status == 200, answer
        return answer.json

    def notices(self, token: str) -> list[dict[str, Any]]:
        return self.server.ask("GET", "/notices/", token=token).json["notices"]

    def cli_json(self, *arguments: str) -> Any:
        return json.loads(must(cli(*arguments, "--output", "json", data=self.data)))


@pytest.fixture(scope="module")
def costs(server_on: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Costs]:
    folder = tmp_path_factory.mktemp("costs")
    with server_on(folder / "data", *FLAGS) as server:
        yield Costs(server, folder)


def test_who_runs_pays_and_who_joins_saves(costs: Costs) -> None:
    _, first = costs.person()
    email, second = costs.person()
    before = {name: costs.server.metric(name) for name in ("lakelift_money_paid_micros_total", "lakelift_money_saved_micros_total")}
    wanted = costs.own_filter()
    costs.done(first, wanted)
    costs.done(second, wanted)
    paid = costs.spending(first)["total"]
    assert paid["requests"] == paid["runs"] == 1
    assert paid["scanned_bytes"] > 0
    assert paid["paid_micros"] == paid["scanned_bytes"]  # the price of FLAGS
    assert paid["saved_bytes"] == paid["saved_micros"] == 0
    saved = costs.spending(second)["total"]
    assert saved["requests"] == 1
    assert saved["runs"] == saved["scanned_bytes"] == saved["paid_micros"] == 0
    assert saved["saved_bytes"] == saved["saved_micros"] > 0
    # What would have been scanned is known from the profile, about.
    assert 0.5 <= saved["saved_bytes"] / paid["scanned_bytes"] <= 2
    assert costs.server.metric("lakelift_money_paid_micros_total") - before["lakelift_money_paid_micros_total"] == paid["paid_micros"]
    assert costs.server.metric("lakelift_money_saved_micros_total") - before["lakelift_money_saved_micros_total"] == saved["saved_micros"]
    assert costs.server.metric("lakelift_scanned_bytes_total") >= paid["scanned_bytes"]
    # The same by the command, for administrators.
    lines = costs.cli_json("ledger", "--by", "person", "--person", email)
    assert [(line["name"], line["saved_micros"]) for line in lines] == [(email, saved["saved_micros"])]


def test_views_add_up_to_the_same(costs: Costs) -> None:
    _, token = costs.person()
    costs.done(token, costs.own_filter())
    answers = {by: costs.spending(costs.admin, f"by={by}") for by in ("month", "item", "person")}
    totals = [answer["total"] for answer in answers.values()]
    assert totals[0] == totals[1] == totals[2]
    for answer in answers.values():
        assert answer["currency"] == "EUR"
        for key, total in answer["total"].items():
            assert sum(line[key] for line in answer["lines"]) == total
    assert [line["name"] for line in answers["item"]["lines"]] == ["costs.people"]
    month = answers["month"]["lines"][-1]["key"]
    assert costs.spending(costs.admin, f"by=item&month={month}")["total"] == costs.spending(costs.admin, f"by=month&month={month}")["total"]
    assert costs.spending(costs.admin, "by=item&month=1999-01")["lines"] == []


def test_pages_of_people(costs: Costs) -> None:
    for _ in range(3):
        costs.done(costs.person()[1], costs.own_filter())
    names, address = [], "/ledger/spending?by=person&limit=2"
    while address:
        page = costs.server.ask("GET", address, token=costs.admin).json
        assert len(page["lines"]) <= 2
        names += [line["name"] for line in page["lines"]]
        address = page["next_url"]
    assert len(names) == len(set(names)) >= 3


def test_others_see_only_what_is_theirs(costs: Costs) -> None:
    email, token = costs.person()
    costs.done(token, costs.own_filter())
    assert [line["name"] for line in costs.spending(token, "by=person")["lines"]] == [email]
    _, stranger = costs.person()
    assert costs.spending(stranger, "by=person")["lines"] == []
    assert costs.spending(stranger, f"by=item&item={costs.item}")["lines"] == []
    # Who maintains an item sees who spent on it.
    me = costs.server.ask("GET", "/accounts/me", token=stranger).json["id"]
    assert costs.server.ask("PUT", f"/catalogue/items/{costs.item}", {"maintained_by_id": me}, costs.admin).status == 200
    assert email in [line["name"] for line in costs.spending(stranger, "by=person")["lines"]]
    costs.server.ask("PUT", f"/catalogue/items/{costs.item}", {"maintained_by_id": None}, costs.admin)


@pytest.mark.parametrize("query", ["by=planet", "month=2026", "month=2026-13", "from=yesterday", "item=x", "limit=0"])
def test_a_wrong_question_names_the_field(costs: Costs, query: str) -> None:
    answer = costs.server.ask("GET", f"/ledger/spending?{query}", token=costs.admin)
    assert answer.status == 400
    assert query.split("=")[0] in answer.json["errors"]


def test_a_budget_makes_it_wait_and_a_yes_lets_it_run(costs: Costs) -> None:
    email, token = costs.person()
    must(cli("budget", "set", email, "--money", "0.001", data=costs.data))
    asked = costs.ask(token, costs.own_filter())
    assert asked["state"] == "WAITING_FOR_APPROVAL"
    assert asked["download_uri"] is None and asked["executor_job_id"] is None
    assert email in asked["waits_for"] and "EUR" in asked["waits_for"]
    kinds = [(notice["kind"], notice["detail"].get("request_id")) for notice in costs.notices(costs.admin)]
    assert ("request.waits_for_approval", asked["id"]) in kinds
    assert [w["request_id"] for w in costs.cli_json("budget", "waiting")] == [asked["id"]]
    assert costs.spending(token)["total"]["runs"] == 0

    must(cli("slice", "approve", str(asked["id"]), "--reason", "for the paper", data=costs.data))
    assert costs.server.wait_done(token, asked["id"])["state"] == "DONE"
    assert {notice["kind"] for notice in costs.notices(token)} == {"request.approved", "request.done"}
    budget = costs.server.ask("GET", "/budgets/mine", token=token).json["budgets"][0]
    assert budget["money_micros"] == 1_000
    assert budget["spent"]["money_micros"] == costs.spending(token)["total"]["paid_micros"] > 1_000
    assert budget["left"]["money_micros"] == 0
    # Held by now: it costs nothing, so nobody has to say yes.
    _, other = costs.person()
    must(cli("budget", "set", email, "--money", "0", data=costs.data))
    held = costs.own_filter()
    costs.done(other, held)
    assert costs.ask(token, held)["state"] == "DONE"


def test_a_no_is_told_with_its_reason(costs: Costs) -> None:
    email, token = costs.person()
    must(cli("budget", "set", email, "--bytes", "1kB", data=costs.data))
    asked = costs.ask(token, costs.own_filter())
    must(cli("slice", "deny", str(asked["id"]), "--reason", "ask for one town", data=costs.data))
    failed = costs.server.wait_done(token, asked["id"])
    assert failed["state"] == "FAILED"
    assert failed["failure"]["event"] == "DOWNLOADREQUEST_DENIED"
    assert "ask for one town" in failed["failure"]["message"]
    assert [notice["kind"] for notice in costs.notices(token)] == ["request.denied"]
    again = cli("slice", "approve", str(asked["id"]), data=costs.data)
    assert again.returncode != 0 and "waits for nobody" in again.stderr


def test_a_groups_budget_is_one_for_all_of_it(costs: Costs) -> None:
    members = [costs.person() for _ in range(2)]
    must(cli("group", "create", "oceanography", data=costs.data))
    for email, _ in members:
        must(cli("group", "add", "oceanography", email, data=costs.data))
    (_, first), (_, second) = members
    costs.done(first, costs.own_filter())
    spent = costs.spending(first)["total"]["scanned_bytes"]
    must(cli("budget", "set", "--group", "oceanography", "--bytes", str(spent + 10), data=costs.data))
    asked = costs.ask(second, costs.own_filter())
    assert asked["state"] == "WAITING_FOR_APPROVAL"
    assert "the group oceanography" in asked["waits_for"]
    line = next(line for line in costs.spending(costs.admin, "by=group")["lines"] if line["name"] == "oceanography")
    assert line["scanned_bytes"] == spent
    must(cli("budget", "rm", "--group", "oceanography", data=costs.data))
    assert costs.server.wait_done(second, costs.ask(second, costs.own_filter())["id"])["state"] == "DONE"


def test_what_no_run_may_scan_is_refused_with_the_numbers(server_on: Callable[..., Server], tmp_path: Path) -> None:
    with server_on(tmp_path / "data", "--run-most-bytes", "local=10kB") as server:
        costs = Costs(server, tmp_path)
        _, token = costs.person()
        answer = server.request(token, costs.item, COLUMNS)
        assert answer.status == 403, answer
        assert answer.json["@event"] == "RUN_CUT_OFF"
        assert "10.0 kB" in answer.json["message"] and "kB, and one run" in answer.json["message"]
        assert server.ask("GET", "/downloader/requests/", token=token).json["requests"] == []
        assert costs.spending(token)["total"]["requests"] == 0


def test_the_table_for_people(costs: Costs) -> None:
    costs.done(costs.person()[1], costs.own_filter())
    lines = must(cli("ledger", "--by", "item", data=costs.data)).splitlines()
    assert lines[0].split() == ["ITEM", "REQUESTS", "RUNS", "SCANNED", "PAID", "SAVED", "MONEY", "SAVED"]
    assert lines[1].startswith("costs.people ") and " EUR" in lines[1]
    assert lines[-1].startswith("total ")


def test_wrong_commands_say_what_to_write(costs: Costs) -> None:
    for arguments, word in [
        (("budget", "set", "admin@example.com"), "--money"),
        (("budget", "set", "--money", "3"), "--group"),
        (("budget", "set", "admin@example.com", "--money", "lots"), "5.25"),
        (("budget", "set", "admin@example.com", "--bytes", "lots"), "1.5TB"),
        (("budget", "set", "nobody@example.com", "--money", "1"), "nobody@example.com"),
        (("budget", "rm", "admin@example.com"), "no budget"),
        (("slice", "approve", "999999"), "999999"),
        (("ledger", "--by", "planet"), "planet"),
    ]:
        done = cli(*arguments, data=costs.data)
        assert done.returncode != 0, arguments
        assert word in done.stderr, (arguments, done.stderr)


def test_a_restart_forgets_nothing(server_on: Callable[..., Server], tmp_path: Path) -> None:
    with server_on(tmp_path / "data", *FLAGS) as server:
        costs = Costs(server, tmp_path)
        email, token = costs.person()
        costs.done(token, costs.own_filter())
        must(cli("budget", "set", email, "--money", "0", data=costs.data))
        waiting = costs.ask(token, costs.own_filter())["id"]
        before = costs.spending(costs.admin, "by=person")["lines"]
        server.kill()
        server.start()
        assert costs.spending(costs.admin, "by=person")["lines"] == before
        assert server.ask("GET", f"/downloader/requests/{waiting}", token=token).json["state"] == "WAITING_FOR_APPROVAL"
        must(cli("slice", "approve", str(waiting), data=costs.data))
        assert server.wait_done(token, waiting)["state"] == "DONE"


def test_wrong_prices_stop_the_start(tmp_path: Path) -> None:
    done = cli("serve", "--data", str(tmp_path / "data"), "--price", "athena=5")
    assert done.returncode == 2
    assert "price is 'athena=5'" in done.stderr and "AMOUNT/TB" in done.stderr
