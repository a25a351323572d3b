"""A workspace's Jobs API 2.1 at the wire, whose jobs a real Spark carries out; and whatever goes wrong with such a thing.

Checks the bearer token and the shape of what is sent, keeps one run a token, and counts. `faults` are switched on by a test.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Run:
    number: int
    token: str
    order: str
    life_cycle: str = "PENDING"
    result: str = ""
    message: str = ""


@dataclass
class Faults:
    throttle: int = 0  # so many calls get 429
    refuse: int = 0  # so many calls get 503
    garbage: int = 0  # so many calls get a page in place of JSON
    lose_submits: int = 0  # so many submits are carried out, and not answered
    internal_error: int = 0  # so many runs end so
    queue_seconds: float = 0  # before a run begins
    skip_script: bool = False  # runs succeed without doing anything
    after: Callable[[str], None] | None = None  # called when a run's order was carried out


@dataclass
class DatabricksPeer:
    """`carry_out(order)` → the script's exit code; `cancel()` ends it."""

    carry_out: Callable[[str], int]
    cancel: Callable[[], None]
    bearer: str = "dapi-of-the-tests"
    faults: Faults = field(default_factory=Faults)
    runs: list[Run] = field(default_factory=list)
    submits: int = 0  # calls, also those that found a run
    wrong: list[str] = field(default_factory=list)  # what a workspace would not take
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def slices(self) -> list[Run]:
        """Each would be paid for. The server also looks at its tables."""
        return [run for run in self.runs if json.loads(run.order)["kind"] == "slice"]

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> DatabricksPeer:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                peer.answer(self, None)

            def do_POST(self) -> None:
                peer.answer(self, self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _take(self, fault: str) -> bool:
        with self._lock:
            left = getattr(self.faults, fault)
            setattr(self.faults, fault, max(0, left - 1))
            return left > 0

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes | None) -> None:
        if handler.headers.get("Authorization") != f"Bearer {self.bearer}":
            return self._send(handler, 403, {"error_code": "PERMISSION_DENIED", "message": "the token is not this workspace's"})
        if self._take("throttle"):
            return self._send(handler, 429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slower"}, {"Retry-After": "1"})
        if self._take("refuse"):
            return self._send(handler, 503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"})
        if self._take("garbage"):
            return self._send_bytes(handler, 200, b"<html>a proxy's page</html>", "text/html", {})
        url = urlsplit(handler.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            sent = json.loads(body) if body else {}
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            return self._send(handler, 400, {"error_code": "MALFORMED_REQUEST", "message": "no JSON object"})
        routes = {"/api/2.1/jobs/runs/submit": self._submit, "/api/2.1/jobs/runs/get": self._get,
                  "/api/2.1/jobs/runs/cancel": self._cancel, "/api/2.1/jobs/runs/get-output": self._output}
        route = routes.get(url.path)
        if route is None:
            return self._send(handler, 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": url.path})
        status, said = route(sent | asked)
        if url.path.endswith("submit") and status == 200 and self._take("lose_submits"):
            handler.close_connection = True
            handler.connection.close()
            return
        self._send(handler, status, said)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, said: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_bytes(handler, status, json.dumps(said).encode(), "application/json", headers or {})

    def _send_bytes(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _bad(self, why: str) -> tuple[int, dict[str, Any]]:
        self.wrong.append(why)
        return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": why}

    def _submit(self, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token, tasks = sent.get("idempotency_token"), sent.get("tasks")
        if not isinstance(token, str) or not 0 < len(token) <= 64:
            return self._bad("idempotency_token has 1 to 64 characters")
        if not isinstance(tasks, list) or len(tasks) != 1 or "task_key" not in tasks[0]:
            return self._bad("tasks has one task with a key")
        script = tasks[0].get("spark_python_task", {})
        if ("existing_cluster_id" in tasks[0]) == ("new_cluster" in tasks[0]):
            return self._bad("a task has either an existing or a new cluster")
        parameters = script.get("parameters")
        if script.get("python_file") != "dbfs:/lakelift/run_slice.py" or not isinstance(parameters, list) or len(json.dumps(parameters)) > 10_000:
            return self._bad("spark_python_task has a python_file and parameters of at most 10,000 bytes")
        with self._lock:
            self.submits += 1
            known = next((run for run in self.runs if run.token == token), None)
            if known is not None:
                return 200, {"run_id": known.number}
            run = Run(1_000 + len(self.runs), token, parameters[0])
            self.runs.append(run)
        threading.Thread(target=self._work, args=(run,), daemon=True).start()
        return 200, {"run_id": run.number}

    def _work(self, run: Run) -> None:
        is_slice = json.loads(run.order)["kind"] == "slice"  # the server also looks at its tables: what goes wrong is about slices
        end = time.monotonic() + (self.faults.queue_seconds if is_slice else 0)
        while time.monotonic() < end and run.life_cycle == "PENDING":
            time.sleep(0.02)
        if is_slice and self._take("internal_error"):
            run.message, run.life_cycle = "Unexpected failure while waiting for the cluster", "INTERNAL_ERROR"
            return
        with self._lock:
            if run.life_cycle != "PENDING":
                return
            run.life_cycle = "RUNNING"
        code = 0 if is_slice and self.faults.skip_script else self.carry_out(run.order)
        if is_slice and self.faults.after is not None:
            self.faults.after(run.order)
        with self._lock:
            if run.life_cycle == "RUNNING":
                run.result, run.life_cycle = ("SUCCESS" if code == 0 else "FAILED"), "TERMINATED"

    def _find(self, sent: dict[str, Any]) -> Run | None:
        return next((run for run in self.runs if str(run.number) == str(sent.get("run_id"))), None)

    def _unknown(self) -> tuple[int, dict[str, Any]]:
        return 400, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run does not exist."}

    def _get(self, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self._find(sent)
        if run is None:
            return self._unknown()
        state = {"life_cycle_state": run.life_cycle, "state_message": run.message}
        if run.result:
            state["result_state"] = run.result
        return 200, {"run_id": run.number, "state": state, "tasks": [{"run_id": run.number, "task_key": "lakelift"}]}

    def _cancel(self, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self._find(sent)
        if run is None:
            return self._unknown()
        with self._lock:
            was_running = run.life_cycle == "RUNNING"
            if run.life_cycle in {"PENDING", "RUNNING"}:
                run.result, run.life_cycle = "CANCELED", "TERMINATED"
        if was_running:
            self.cancel()
        return 200, {}

    def _output(self, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = self._find(sent)
        if run is None:
            return self._unknown()
        return 200, {"error": "the script ended with status 1"} if run.result == "FAILED" else {}
