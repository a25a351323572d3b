"""Text cases of the contract (tests/cases/contract/*.txt): requests, and answers whole: status, headers, body.

A file is a story on a server of its own; its cases are told in order:

    == a title
    as admin                          who calls; nobody where the line is missing
    POST /accounts/                   ${name} stands for what an earlier answer captured
    X-Header: value                   headers of the request, if any
    {"email": "ada@example.com"}      its body, if any: to the line that begins with =>
    => 201
    content-type: application/json    headers that the answer must have
    {"@event": "ACCOUNT_CREATED", "@type": "account", "id": <ada:int>, …}

In an expected body <int>, <text>, <time>, <uuid>, <token> and <any> stand for any such value, <name:int> captures it too; all
else must be equal, and nothing may be missing or more. Lines that begin with # are comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = {
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str) and v != "",
    "time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", v) is not None,
    "uuid": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", v) is not None,
    "token": lambda v: isinstance(v, str) and len(v) > 30 and re.fullmatch(r"[A-Za-z0-9._~-]+", v) is not None,
    "any": lambda v: True,
}
MARK = re.compile(r"<(?:(\w+):)?(" + "|".join(KINDS) + r")>")


@dataclass(frozen=True)
class Mark:
    """Any value of a kind, in an expected body."""

    kind: str
    name: str | None


@dataclass
class Case:
    """One request and the whole of its answer."""

    title: str
    line: int
    caller: str = "nobody"
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_body: str = ""


def expected_json(text: str) -> Any:
    """The expected body; marks become Mark."""
    def restore(value: Any) -> Any:
        if isinstance(value, str) and (found := re.fullmatch(r"\x01(\w*):(\w+)", value)):
            return Mark(found[2], found[1] or None)
        if isinstance(value, dict):
            return {key: restore(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [restore(inner) for inner in value]
        return value

    return restore(json.loads(MARK.sub(lambda m: f'"\\u0001{m[1] or ""}:{m[2]}"', text)))


def mismatches(expected: Any, got: Any, captured: dict[str, Any], at: str = "") -> Iterator[str]:
    """What differs, one line each; fills `captured`."""
    if isinstance(expected, Mark):
        if not KINDS[expected.kind](got):
            yield f"{at or '/'}: {got!r} is no <{expected.kind}>"
        elif expected.name is not None:
            captured[expected.name] = got
    elif isinstance(expected, dict) and isinstance(got, dict):
        for key in expected.keys() - got.keys():
            yield f"{at}/{key} is missing"
        for key in got.keys() - expected.keys():
            yield f"{at}/{key} is too much: {got[key]!r}"
        for key in expected.keys() & got.keys():
            yield from mismatches(expected[key], got[key], captured, f"{at}/{key}")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{at}: {len(got)} entries, {len(expected)} expected: {got!r}"
        for number, (one, other) in enumerate(zip(expected, got, strict=False)):
            yield from mismatches(one, other, captured, f"{at}/{number}")
    elif type(expected) is not type(got) or expected != got:
        yield f"{at or '/'}: {got!r}, {expected!r} expected"


def read_cases(path: Path) -> list[Case]:
    """The cases of a file; a broken one is an error that names its line."""
    cases: list[Case] = []
    part = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        if line.startswith("#"):
            continue
        if line.startswith("== "):
            cases.append(Case(line[3:].strip(), number))
            part = "request"
        elif not line.strip() and part != "body":
            continue
        elif line.startswith("=> "):
            assert cases[-1].method, f"{where}: an answer without a request"
            cases[-1].status = int(line[3:])
            part = "answer"
        elif part == "request":
            if line.startswith("as "):
                cases[-1].caller = line[3:].strip()
            else:
                cases[-1].method, cases[-1].path = line.split(" ", 1)
                part = "headers"
        elif part == "headers" and (header := re.fullmatch(r"([A-Za-z-]+): (.*)", line)):
            cases[-1].headers[header[1]] = header[2]
        elif part in ("headers", "body"):
            cases[-1].body = (cases[-1].body or "") + line + "\n"
            part = "body"
        elif part == "answer" and (header := re.fullmatch(r"([a-z-]+): (.*)", line)):
            cases[-1].answer_headers[header[1]] = header[2]
        else:
            assert part in ("answer", "answer body"), f"{where}: what is this?"
            cases[-1].answer_body += line + "\n"
            part = "answer body"
    for case in cases:
        assert case.status, f"{path.name}:{case.line}: {case.title}: no answer is expected"
    return cases
