"""The files of docs/files.md over HTTP, for tests of faults: one kept connection a client, and a broken line told apart from an answer."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.server_process import Answer, Server

PAGE = 1000


class LineBroke(Exception):
    """No answer came: the call may have happened, or not."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class FilesClient:
    """One caller, one connection (made again after it broke). Not threadsafe."""

    port: int
    token: str
    timeout: float = 60
    connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """The answer; LineBroke where none came. Nothing is asked twice."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        try:
            try:
                self.connection.request(method, path, body, sent)
            except (BrokenPipeError, ConnectionResetError):
                if self.connection.sock is None:
                    raise
                # A body that is refused before it has come: the answer lies there already.
            answer = self.connection.getresponse()
            got = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
            if answer.will_close:
                self.close()
            return got
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LineBroke(f"{method} {path}: {error!r}") from error

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """A call with JSON."""
        if body is None:
            return self.call(method, path)
        return self.call(method, path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    # --- files: `at` is "alice/reports/may.csv" ---------------------------------------------------------------------

    def put(self, at: str, content: bytes, **headers: str) -> Answer:
        """if_match="…", if_none_match="*" become headers."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.call("PUT", address(at), content, {"Content-Type": "application/octet-stream"} | named)

    def make_folder(self, at: str) -> Answer:
        return self.call("PUT", address(at) + "/", b"")

    def get(self, at: str) -> Answer:
        return self.call("GET", address(at))

    def delete(self, at: str, recursive: bool = False) -> Answer:
        return self.call("DELETE", address(at) + ("?recursive=true" if recursive else ""))

    def act(self, at: str, action: str, **body: Any) -> Answer:
        return self.ask("POST", f"{address(at)}?action={action}", body)

    def move(self, at: str, to: str) -> Answer:
        return self.act(at, "move", to=address(to), overwrite=False)

    def copy(self, at: str, to: str) -> Answer:
        return self.act(at, "copy", to=address(to), overwrite=False)

    def grant(self, at: str, account: str, right: str = "read") -> Answer:
        return self.act(at, "grant", account=account, right=right)

    def revoke(self, at: str, account: str) -> Answer:
        return self.act(at, "revoke", account=account)

    # --- the trash, lists ---------------------------------------------------------------------------------------------

    def restore(self, owner: str, trash_id: int) -> Answer:
        return self.call("POST", f"/trash/{quote(owner)}/{trash_id}/restore")

    def drop(self, owner: str, trash_id: int | None = None) -> Answer:
        """For ever; None: all of the trash."""
        return self.call("DELETE", f"/trash/{quote(owner)}/{'' if trash_id is None else trash_id}")

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """What a list holds, page after page."""
        more = f"{path}{'&' if '?' in path else '?'}limit={PAGE}"
        while more:
            answer = self.call("GET", more)
            assert answer.status == 200, answer
            yield from answer.json["data"]
            following = answer.json.get("next_url")
            more = following[following.index("/", len("http://")):] if following else ""

    def tree(self, owner: str) -> list[dict[str, Any]]:
        """All files and folders of an owner."""
        return list(self.pages(f"/files/{quote(owner)}/?recursive=true"))

    def trash(self, owner: str) -> list[dict[str, Any]]:
        return list(self.pages(f"/trash/{quote(owner)}/"))


def address(at: str) -> str:
    return "/files/" + quote(at)


@dataclass
class World:
    """A server with three accounts and an administrator; what they are called is what their place is called."""

    server: Server
    tokens: dict[str, str]

    @classmethod
    def made(cls, server: Server) -> World:
        """`server` runs. Files are alice's, bob and carol read."""
        tokens = {name: server.account(f"{name}@example.com") for name in ("alice", "bob", "carol")}
        tokens["boss"] = server.account("boss@example.com", "ADMIN")
        return cls(server, tokens)

    def client(self, name: str = "alice", timeout: float = 60) -> FilesClient:
        return FilesClient(self.server.port, self.tokens[name], timeout)


def objects_on_disk(data: Path) -> dict[str, int]:
    """Size by key of what lies in the storage."""
    return {p.parent.name + p.name: p.stat().st_size for p in (data / "objects").glob("??/*")}
