"""People with files: calls of the tree /files/ by whoever makes them."""

from __future__ import annotations

import hashlib
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.e2e.contract_api import Api
from tests.server_process import Answer, Server


def sha256(content: bytes) -> str:
    """As the server says it."""
    return hashlib.sha256(content).hexdigest()


def raw(server: Server, method: str, path: str, body: bytes | None = None, token: str | None = None,
        headers: dict[str, str] | None = None) -> Answer:
    """A call with exactly these bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        sent = dict(headers or {})
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@dataclass
class Person:
    """An account, and what it does with files; every answer is held against the OpenAPI document."""

    api: Api
    name: str
    token: str
    email: str

    def call(self, method: str, address: str, body: bytes | None = None, *, expect: int | None = None,
             **headers: str) -> Answer:
        """`address`: escaped. Header names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = raw(self.api.server, method, address, body, self.token, sent)
        if expect is not None:
            assert answer.status == expect, f"{method} {address}: {answer.status} {answer.body[:500]!r}"
        self.api.check(method, address, answer)
        return answer

    def at(self, path: str, owner: str | None = None) -> str:
        """The address of a path, one's own unless it is another's."""
        return f"/files/{quote(owner or self.name, safe='')}/{quote(path)}"

    def put(self, path: str, content: bytes, *, owner: str | None = None, expect: int | None = None, **headers: str) -> Answer:
        """Stores it."""
        return self.call("PUT", self.at(path, owner), content, expect=expect, **headers)

    def get(self, path: str, query: str = "", *, owner: str | None = None, expect: int | None = None, **headers: str) -> Answer:
        """Downloads or lists it."""
        return self.call("GET", self.at(path, owner) + query, expect=expect, **headers)

    def delete(self, path: str, query: str = "", *, owner: str | None = None, expect: int | None = None, **headers: str) -> Answer:
        """Into the trash."""
        return self.call("DELETE", self.at(path, owner) + query, expect=expect, **headers)

    def act(self, action: str, path: str, body: Any = None, *, owner: str | None = None, expect: int | None = None) -> Answer:
        """POST ?action=."""
        content = None if body is None else json.dumps(body).encode()
        return self.call("POST", self.at(path, owner) + f"?action={action}", content, expect=expect, Content_Type="application/json")

    def names(self, path: str = "", query: str = "", owner: str | None = None) -> list[str]:
        """Paths of a listing."""
        return [file["path"] for file in self.get(path, query, owner=owner, expect=200).json["data"]]

    def content(self, path: str, owner: str | None = None) -> bytes:
        """Whole, and as its digest says."""
        answer = self.get(path, owner=owner, expect=200)
        assert answer.headers["etag"] == f'"{sha256(answer.body)}"'
        return answer.body


def error_of(answer: Answer) -> str:
    """The event of an error."""
    assert answer.json["@type"] == "error", answer.body
    return answer.json["@event"]
