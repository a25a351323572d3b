"""A server at the wire, on 127.0.0.1:0: one table, one request, and data that a test may make it misbehave with."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ITEM = {
    "@type": "catalogue_item",
    "id": 7,
    "name": "t.flights",
    "description": "Departures <b>of a year</b>\nmore",
    "rows": 336776,
    "bytes": 12345678,
    "spec": [
        {"name": name, "type": kind, "size": 1000, "is_nullable": True, "is_enum": False, "distribution": None}
        for name, kind in [
            ("carrier", "STRING"),
            ("dep_delay", "INTEGER"),
            ("distance", "FLOAT"),
            ("cancelled", "BOOLEAN"),
            ("dep_time", "DATETIME"),
            ("two words", "STRING"),
        ]
    ],
    "sample": [{"carrier": "<script>", "dep_delay": None}],
}


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None


def json_answer(body: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def error_answer(status: int, event: str, message: str, **more: Any) -> Answer:
    body = {"@event": event, "@type": "error", "message": message, "request_id": "0123456789abcdef", **more}
    return json_answer(body, status)


class FakeLakelift:
    def __init__(self) -> None:
        self.data = b"carrier,dep_delay,dep_time\nUA,20,2013-01-01T05:17:00\nB6,,\n"
        self.state_when_asked = "QUEUED"
        self.link_uses = 1000  # an address answers so often, then 403
        self.seen: list[Seen] = []
        self.handlers: dict[str, Callable[[Seen], Answer]] = {}  # by "METHOD path"; "GET data" for all signed addresses
        self._links = 0
        self._uses = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(length)
                headers = {k.lower(): v for k, v in self.headers.items()}
                body = json.loads(text) if text else None
                seen = Seen(self.command, parts.path, parse_qs(parts.query), headers, body)
                fake.seen.append(seen)
                answer = fake.answer(seen)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body[: answer.cut_after])
                if answer.cut_after is not None:
                    self.close_connection = True

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and seen.path.startswith(path)]

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()}"'

    def request(self, state: str) -> dict[str, Any]:
        link = f"{self.url}/data/{self._links}" if state == "DONE" else None
        return {"@type": "download_request", "id": 12, "state": state, "failure": None, "download_uri": link}

    def data_answer(self, seen: Seen) -> Answer:
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode()
        headers = {"ETag": self.etag, "Repr-Digest": f"sha-256=:{digest}:"}
        wanted = seen.headers.get("range")
        if wanted and seen.headers.get("if-range") == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
            return Answer(206, self.data[start:], headers)
        return Answer(200, self.data, headers)

    def answer(self, seen: Seen) -> Answer:
        call = f"{seen.method} {seen.path}"
        if call in self.handlers:
            return self.handlers[call](seen)
        if call == "GET /catalogue/items/":
            name = seen.query.get("name", ["t.flights"])[0]
            return json_answer({"items": [ITEM] if name == "t.flights" else []})
        if call == "GET /catalogue/items/7":
            return json_answer(ITEM)
        if call == "POST /downloader/requests/":
            return json_answer(self.request(self.state_when_asked), 201)
        if call == "POST /downloader/requests/estimate/":
            return json_answer({"estimated_size": 2500000})
        if call == "GET /downloader/requests/12/events":
            running = b'data: {"state": "RUNNING", "rows_read": 5, "rows_total": 10}\n\n: comment\n\n'
            return Answer(200, running + b'data: {"state": "DONE"}\n\n', {"Content-Type": "text/event-stream"})
        if call == "GET /downloader/requests/12":
            self._links += 1
            self._uses = 0
            return json_answer(self.request("DONE"))
        if seen.path.startswith("/data/"):
            self._uses += 1
            if seen.path != f"/data/{self._links}" or self._uses > self.link_uses:
                return error_answer(403, "LINK_NOT_VALID", "this address is not valid any more")
            handler = self.handlers.get(f"{seen.method} data", self.data_answer)
            return handler(seen)
        return error_answer(404, "NOT_FOUND", f"there is nothing at {call}")
