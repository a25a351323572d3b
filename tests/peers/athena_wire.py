"""An Athena at the wire: its JSON calls, signed, over an engine that runs the SQL for real and leaves results in an S3 server.

    with AthenaPeer(engine, s3) as athena:          # athena.address stands for Amazon's
        athena.throttle_every = 3
        …
        athena.submissions                          # each query that was really begun

What it knows: StartQueryExecution (a request token is one query), GetQueryExecution, GetQueryResults, StopQueryExecution,
GetTableMetadata; SELECT → rows; UNLOAD (…) TO 's3://…' WITH (…) → Parquet files without a suffix, and a manifest.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.peers.s3 import REGION, S3

SKEW_SECONDS = 300
UNLOAD = re.compile(r"(?is)^UNLOAD\s*\((.*)\)\s*TO\s*'s3://([^/']+)/([^']*)'\s*WITH\s*\((.*)\)$")


class EngineFailure(Exception):
    """The query FAILED; its text is the engine's."""


class Stopped(Exception):
    """Somebody asked for its end."""


@dataclass
class Rows:
    names: list[str]
    rows: list[list[str | None]]  # as Athena writes values
    scanned: int = 0


class Engine(Protocol):
    """What runs the SQL. `stopped` is asked from time to time; where it says yes, Stopped is raised."""

    def select(self, sql: str, database: str, stopped: Callable[[], bool]) -> Rows: ...
    def unload(self, sql: str, database: str, bucket: str, prefix: str, stopped: Callable[[], bool]) -> tuple[list[str], int]:
        """Keys of the files, bytes scanned. Where the place is taken it fails with HIVE_PATH_ALREADY_EXISTS."""
    def metadata(self, database: str, table: str) -> dict[str, Any] | None:
        """TableMetadata."""


class Refused(Exception):
    def __init__(self, kind: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.kind, self.status = kind, status


@dataclass
class Query:
    sql: str
    token: str
    database: str
    output: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    sent: float = field(default_factory=time.time)
    done: float = 0
    scanned: int = 0
    answer: Rows | None = None
    manifest: str = ""
    is_stopped: bool = False


class AthenaPeer:
    """Threads of this process; the knobs may be turned while it runs."""

    def __init__(self, engine: Engine, s3: S3, page_rows: int = 1000) -> None:
        self.engine, self.s3, self.page_rows = engine, s3, page_rows
        self.queries: dict[str, Query] = {}
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.slots = threading.Semaphore(4)
        # Knobs
        self.throttle_every = 0  # every n-th call
        self.queue_seconds = 0.0
        self.run_seconds = 0.0  # that an UNLOAD takes at least
        self.lose_answers: Counter[str] = Counter()  # so many answers of an action are done and not sent
        self.garbage: Counter[str] = Counter()  # so many answers of an action make no sense
        self.fail_next_unload = ""  # with this reason
        self.after_unload: Callable[[Query, list[str]], None] | None = None  # before it is told as SUCCEEDED
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self) -> AthenaPeer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    # --- looking at it ----------------------------------------------------------------------------------------------

    @property
    def submissions(self) -> list[Query]:
        """Slices that were begun: UNLOADs of runs, not of profiles."""
        return [q for q in self.queries.values() if q.sql.startswith("UNLOAD") and "/runs/profile/" not in q.sql]

    # --- calls ------------------------------------------------------------------------------------------------------

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        sql, token = body.get("QueryString", ""), body.get("ClientRequestToken", "")
        output = body.get("ResultConfiguration", {}).get("OutputLocation", "")
        if not sql or len(sql.encode()) > 262_144:
            raise Refused("InvalidRequestException", "queryString failed to satisfy constraint")
        if not 32 <= len(token) <= 128:
            raise Refused("InvalidRequestException", "clientRequestToken failed to satisfy constraint")
        if not output.startswith("s3://"):
            raise Refused("InvalidRequestException", "No output location provided")
        with self.lock:
            for query in self.queries.values():
                if query.token == token:
                    if query.sql != sql:
                        raise Refused("InvalidRequestException", "Idempotent parameters do not match")
                    return {"QueryExecutionId": query.id}
            query = Query(sql, token, body.get("QueryExecutionContext", {}).get("Database", ""), output)
            self.queries[query.id] = query
        threading.Thread(target=self._run, args=(query,), daemon=True).start()
        return {"QueryExecutionId": query.id}

    def _find(self, body: dict[str, Any]) -> Query:
        query = self.queries.get(body.get("QueryExecutionId", ""))
        if query is None:
            raise Refused("InvalidRequestException", f"QueryExecution {body.get('QueryExecutionId')} was not found")
        return query

    def look(self, body: dict[str, Any]) -> dict[str, Any]:
        query = self._find(body)
        status: dict[str, Any] = {"State": query.state, "SubmissionDateTime": round(query.sent, 3)}
        if query.reason:
            status["StateChangeReason"] = query.reason
        if query.state == "FAILED":
            status["AthenaError"] = {"ErrorCategory": 2, "ErrorType": 1, "Retryable": False, "ErrorMessage": query.reason}
        took = int(((query.done or time.time()) - query.sent) * 1000)
        statistics: dict[str, Any] = {"EngineExecutionTimeInMillis": took, "TotalExecutionTimeInMillis": took, "DataScannedInBytes": query.scanned}
        if query.manifest:
            statistics["DataManifestLocation"] = query.manifest
        return {"QueryExecution": {
            "QueryExecutionId": query.id, "Query": query.sql, "StatementType": "DML", "Status": status, "Statistics": statistics,
            "ResultConfiguration": {"OutputLocation": query.output}, "QueryExecutionContext": {"Database": query.database}, "WorkGroup": "primary",
        }}

    def results(self, body: dict[str, Any]) -> dict[str, Any]:
        query = self._find(body)
        if query.state != "SUCCEEDED":
            raise Refused("InvalidRequestException", f"Query has not yet finished. Current state: {query.state}")
        answer = query.answer or Rows([], [])
        rows = ([list(answer.names)] if answer.names else []) + answer.rows
        at, most = int(body.get("NextToken") or 0), min(int(body.get("MaxResults") or 1000), self.page_rows)
        page = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows[at:at + most]]
        columns = [{"Name": name, "Label": name, "Type": "varchar"} for name in answer.names]
        out: dict[str, Any] = {"UpdateCount": 0, "ResultSet": {"Rows": page, "ResultSetMetadata": {"ColumnInfo": columns}}}
        if at + most < len(rows):
            out["NextToken"] = str(at + most)
        return out

    def stop(self, body: dict[str, Any]) -> dict[str, Any]:
        self._find(body).is_stopped = True
        return {}

    def metadata(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self.engine.metadata(body.get("DatabaseName", ""), body.get("TableName", ""))
        if found is None:
            raise Refused("MetadataException", f"EntityNotFoundException: Entity Not Found {body.get('TableName')}")
        return {"TableMetadata": found}

    # --- running ----------------------------------------------------------------------------------------------------

    def _wait(self, query: Query, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not query.is_stopped:
            time.sleep(0.02)
        if query.is_stopped:
            raise Stopped

    def _run(self, query: Query) -> None:
        try:
            self._wait(query, self.queue_seconds)
            with self.slots:
                query.state = "RUNNING"
                unload = UNLOAD.match(query.sql)
                if unload:
                    self._unload(query, *unload.groups()[:3])
                else:
                    query.answer = self.engine.select(query.sql, query.database, lambda: query.is_stopped)
                    query.scanned = query.answer.scanned
            query.state = "SUCCEEDED"
        except Stopped:
            query.state, query.reason = "CANCELLED", "Query cancelled by user"
        except EngineFailure as failure:
            query.reason = str(failure)
            query.state = "FAILED"
        except Exception as failure:
            query.reason = f"GENERIC_INTERNAL_ERROR: {failure!r}"
            query.state = "FAILED"
        query.done = time.time()

    def _unload(self, query: Query, select: str, bucket: str, prefix: str) -> None:
        if self.fail_next_unload:
            reason, self.fail_next_unload = self.fail_next_unload, ""
            raise EngineFailure(reason)
        self._wait(query, self.run_seconds)
        keys, query.scanned = self.engine.unload(select, query.database, bucket, prefix, lambda: query.is_stopped)
        if self.after_unload:
            self.after_unload(query, keys)
        place = query.output.removeprefix("s3://").rstrip("/") + f"/{query.id}-manifest.csv"
        self.s3.call("PUT", f"/{place}", body="".join(f"s3://{bucket}/{key}\n" for key in keys).encode())
        query.manifest = f"s3://{place}"

    # --- the wire ---------------------------------------------------------------------------------------------------

    def answer(self, headers: Any, path: str, body: bytes) -> tuple[int, dict[str, Any] | bytes | None]:
        """None: the connection ends without an answer."""
        action = headers.get("X-Amz-Target", "").rpartition(".")[2]
        actions = {"StartQueryExecution": self.start, "GetQueryExecution": self.look, "GetQueryResults": self.results,
                   "StopQueryExecution": self.stop, "GetTableMetadata": self.metadata}
        with self.lock:
            self.calls[action] += 1
            is_throttled = self.throttle_every and sum(self.calls.values()) % self.throttle_every == 0
        try:
            check_signature(headers, path, body, self.s3.key, self.s3.secret)
            if is_throttled:
                raise Refused("ThrottlingException", "Rate exceeded")
            if action not in actions:
                raise Refused("UnknownOperationException", action)
            done = actions[action](json.loads(body))
        except Refused as refused:
            self.refused[refused.kind] += 1
            return refused.status, {"__type": f"com.amazonaws.athena#{refused.kind}", "message": str(refused)}
        with self.lock:
            for knob, instead in ((self.lose_answers, None), (self.garbage, b"<html>not now</html>")):
                if knob[action] > 0:
                    knob[action] -= 1
                    return 200, instead
        return 200, done

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = peer.answer(self.headers, self.path, body)
                if answer is None:
                    self.close_connection = True
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


def check_signature(headers: Any, path: str, body: bytes, key: str, secret: str) -> None:
    """Apart from what signs: the rules of AWS Signature Version 4."""
    pattern = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$"
    match = re.match(pattern, headers.get("Authorization", ""))
    if not match:
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    said_key, day, region, service, signed, signature = match.groups()
    if said_key != key:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if service != "athena" or region != REGION or not {"host", "x-amz-target"} <= set(signed.split(";")):
        raise Refused("InvalidSignatureException", "Credential should be scoped to a valid region and service.")
    stamp = headers["X-Amz-Date"]
    if abs(calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.time()) > SKEW_SECONDS:
        raise Refused("InvalidSignatureException", "Signature expired")
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed.split(";")]
    canonical = "\n".join(["POST", urllib.parse.quote(path), "", *lines, "", signed, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    mac = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        mac = hmac.digest(mac, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    if not hmac.compare_digest(hmac.digest(mac, to_sign.encode(), "sha256").hex(), signature):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
