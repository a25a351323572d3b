"""Asking a server and holding every answer against its OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from tests.server_process import Answer, Server

PEOPLE_COLUMNS = ["active", "born", "id", "name", "score"]
PEOPLE_ROWS = 200


def people_csv() -> str:
    """id, name, score, active, born: a column of each type; every tenth score is null."""
    lines = ["id,name,score,active,born"]
    for i in range(PEOPLE_ROWS):
        score = "" if i % 10 == 0 else f"{i / 4}"
        lines.append(f"{i},name {i % 7},{score},{'true' if i % 2 else 'false'},2013-01-{i % 28 + 1:02d}T10:00:{i % 60:02d}")
    return "\n".join(lines) + "\n"


@dataclass
class Operation:
    """One operation of the OpenAPI document."""

    method: str
    pattern: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """As in "GET /accounts/me"."""
        return f"{self.method} {self.pattern}"

    @property
    def regex(self) -> str:
        """What its paths look like; {path} takes all that is left, which may be nothing."""
        parts = re.split(r"(\{\w+\})", self.pattern)
        return "".join(".*" if part == "{path}" else "[^/]+" if part.startswith("{") else re.escape(part) for part in parts)


@dataclass
class Api:
    """Asks the server; every JSON answer is held against the OpenAPI document."""

    server: Server
    document: dict[str, Any]
    operations: list[Operation] = field(default_factory=list)
    answered: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for pattern, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if method != "parameters":
                    self.operations.append(Operation(method.upper(), pattern, operation))

    def operation_of(self, method: str, path: str) -> Operation | None:
        """The operation behind a path; one written without {parts} first."""
        method = "GET" if method == "HEAD" else method
        fitting = [o for o in self.operations if o.method == method and re.fullmatch(o.regex, path)]
        return min(fitting, key=lambda o: o.pattern.count("{"), default=None)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, *,
            expect: int | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Asks; checks the status where `expect` is given, and the body against the document."""
        answer = self.server.ask(method, path, body, token, headers)
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: {answer.status} {answer.body[:500]!r}"
        self.check(method, path, answer)
        return answer

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Holds an answer against the document."""
        bare = path.removeprefix(self.server.address).split("?")[0]
        operation = self.operation_of(method, bare)
        if operation is None or method == "HEAD":
            return
        self.answered.add((operation.name, answer.status))
        responses = operation.document["responses"]
        key = str(answer.status) if str(answer.status) in responses else "default"
        assert key in responses, f"{operation.name} answered {answer.status}, which is not documented"
        response = responses[key]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        media = answer.headers.get("content-type", "").split(";")[0]
        content = response.get("content")
        if content is None or not answer.body:
            return
        assert media in content or "*/*" in content, f"{operation.name} {answer.status}: {media!r} is not documented"
        if media == "application/json" and "content-disposition" not in answer.headers:
            schema = {**self.document, **content[media]["schema"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json)

    # --- the calls that most tests begin with ----------------------------------------------------------------

    def ask_slice(self, token: str, item: int, columns: list[str], filters: list[dict[str, Any]] | None = None,
                  ratio: float = 1, *, expect: int | None = 201) -> dict[str, Any]:
        """POST /downloader/requests/; the answer's body."""
        spec = {"columns": columns, "filters": filters or [], "randomize_ratio": ratio}
        return self.ask("POST", "/downloader/requests/", {"spec": spec, "catalogue_item_id": item}, token, expect=expect).json

    def waited_for(self, token: str) -> list[dict[str, Any]]:
        """The caller's requests, without `download_uri`: its expiry moves with the clock."""
        requests = self.ask("GET", "/downloader/requests/", token=token, expect=200).json["requests"]
        return [{k: v for k, v in request.items() if k != "download_uri"} for request in requests]

    def done(self, token: str, request_id: int) -> dict[str, Any]:
        """Waits until the request is DONE; its body."""
        request = self.server.wait_done(token, request_id)
        assert request["state"] == "DONE", request["failure"]
        return request


def comparable(answer: Answer, *numbers: int) -> str:
    """The body without what differs between two askings: the request's id, and the ids that were asked for."""
    body = answer.json
    body.pop("request_id")
    text = json.dumps(body, sort_keys=True)
    for number in numbers:
        text = re.sub(rf"\b{number}\b", "N", text)
    return text
