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

What stands in many bodies is written once, ahead of the cases, and put in with &name:

    :: ada
    {"@type": "account", "id": ${ada}, "email": "ada@example.com", "type": "RESEARCHER"}
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
PIECE = re.compile(r"&(\w+)")
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


class _Reader:
    """Takes a file line by line; `take` is what the present part of a case does with a line."""

    def __init__(self, path: Path) -> None:
        """Nothing read yet."""
        self.path = path
        self.cases: list[Case] = []
        self.pieces: dict[str, str] = {}
        self.piece = ""
        self.take = self.in_nothing

    def read(self) -> list[Case]:
        """All cases."""
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            if line.startswith("#"):
                continue
            if line.startswith(":: "):
                self.piece, self.take = line[3:].strip(), self.in_piece
            elif line.startswith("== "):
                self.cases.append(Case(line[3:].strip(), number))
                self.take = self.in_request
            elif line.startswith("=> "):
                self.cases[-1].status, self.take = int(line[3:]), self.in_answer
            elif line.strip():
                self.take(line, f"{self.path.name}:{number}")
        for case in self.cases:
            assert case.method and case.status, f"{self.path.name}:{case.line}: {case.title}: no request, or no answer"
        return self.cases

    def whole(self, line: str) -> str:
        """With &name replaced."""
        return PIECE.sub(lambda m: self.pieces[m[1]], line) + "\n"

    def in_nothing(self, line: str, where: str) -> None:
        """Before the first case."""
        raise AssertionError(f"{where}: what is this? {line}")

    def in_piece(self, line: str, where: str) -> None:
        """What &name stands for."""
        self.pieces[self.piece] = self.pieces.get(self.piece, "") + self.whole(line)

    def in_request(self, line: str, where: str) -> None:
        """Who calls, and what."""
        if line.startswith("as "):
            self.cases[-1].caller = line[3:].strip()
        else:
            self.cases[-1].method, self.cases[-1].path = line.split(" ", 1)
            self.take = self.in_headers

    def in_headers(self, line: str, where: str) -> None:
        """The request's headers, then its body."""
        if header := re.fullmatch(r"([A-Za-z-]+): (.*)", line):
            self.cases[-1].headers[header[1]] = header[2]
        else:
            self.take = self.in_body
            self.in_body(line, where)

    def in_body(self, line: str, where: str) -> None:
        """The request's body."""
        self.cases[-1].body = (self.cases[-1].body or "") + self.whole(line)

    def in_answer(self, line: str, where: str) -> None:
        """The answer's headers, then its body."""
        if header := re.fullmatch(r"([a-z-]+): (.*)", line):
            self.cases[-1].answer_headers[header[1]] = header[2]
        else:
            self.take = self.in_answer_body
            self.in_answer_body(line, where)

    def in_answer_body(self, line: str, where: str) -> None:
        """The expected body."""
        self.cases[-1].answer_body += self.whole(line)


def read_cases(path: Path) -> list[Case]:
    """The cases of a file; a broken one is an error that names its line."""
    return _Reader(path).read()
