"""The contract, answer by answer: tests/cases/contract/*.txt, told to a server of their own."""

from __future__ import annotations

import http.client
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.contract_api import Api, people_csv
from tests.e2e.contract_cases import Case, expected_json, mismatches, read_cases
from tests.server_process import ROOT, Answer, Server

FILES = sorted((ROOT / "tests/cases/contract").glob("*.txt"))


def filled(text: str, captured: dict[str, Any]) -> str:
    """With ${name} replaced by what was captured."""
    return string.Template(text).substitute(captured)


def send(server: Server, case: Case, captured: dict[str, Any], token: str | None) -> Answer:
    """Exactly the case's bytes."""
    headers = {name: filled(value, captured) for name, value in case.headers.items()}
    if token is not None:
        headers.setdefault("Authorization", f"Bearer {token}")
    body = filled(case.body, captured).strip().encode() if case.body is not None else None
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(case.method, filled(case.path, captured), body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def faults(case: Case, answer: Answer, captured: dict[str, Any]) -> list[str]:
    """What is not as the case says."""
    found = []
    if answer.status != case.status:
        found.append(f"status {answer.status}, {case.status} expected")
    for name, value in case.answer_headers.items():
        got = answer.headers.get(name)
        if got != filled(value, captured):
            found.append(f"{name}: {got}, {value} expected")
    if not case.answer_body.strip():
        return found + (["a body where none is expected"] if answer.body else [])
    if answer.headers.get("content-type", "").split(";")[0] == "application/json":
        expected = expected_json(filled(case.answer_body, captured))
        return found + list(mismatches(expected, answer.json, captured))
    text = filled(case.answer_body, captured).strip()
    return found + ([] if text in answer.body.decode() else [f"the body does not hold {text!r}"])


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_story(server_on: Callable[..., Server], tmp_path: Path, file: Path) -> None:
    """Every case of the file, in order; all that went wrong is told at once."""
    with server_on(tmp_path / "data") as server:
        people = tmp_path / "people.csv"
        people.write_text(people_csv())
        tokens = {"admin": server.account("admin@example.com", "ADMIN"), "ada": server.account("ada@example.com"),
                  "grace": server.account("grace@example.com"), "nobody": None}
        captured: dict[str, Any] = {"address": server.address, "people": server.add_item("lake.people", people, profile=False)}
        for name, token in tokens.items():
            if token is not None:
                captured[name] = server.ask("GET", "/accounts/me", token=token).json["id"]
                captured[f"{name}_token"] = token
        api = Api(server, server.ask("GET", "/openapi.json").json)
        wrong = []
        for case in read_cases(file):
            token = tokens[case.caller] if case.caller in tokens else captured[case.caller]
            answer = send(server, case, captured, token)
            for fault in faults(case, answer, captured):
                wrong.append(f"{file.name}:{case.line} {case.title}: {fault}\n    {answer.body[:600].decode(errors='replace')}")
            api.check(case.method, filled(case.path, captured), answer)
    assert not wrong, "\n" + "\n".join(wrong)
