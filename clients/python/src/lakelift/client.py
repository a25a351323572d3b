"""The client of one server."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from lakelift.catalogue import Catalogue, Item
from lakelift.errors import Cancelled, LakeliftError, NotFound, RunFailed, Unavailable, error_of
from lakelift.filters import column_of, filters_json
from lakelift.progress import Callback, Progress
from lakelift.request import Request
from lakelift.retry import TEMPORARY, Backoff, retry_after_s
from lakelift.transfer import fetch

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SERVER = "http://127.0.0.1:3000"
FORMATS = ("parquet", "csv", "arrow", "jsonl")
_FINAL = frozenset({"DONE", "FAILED", "CANCELLED"})
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_EVENTS_TIMEOUT = httpx.Timeout(45.0, connect=10.0)  # the server sends at least a comment each 15 s
_DATA_TIMEOUT = httpx.Timeout(30.0, connect=10.0, read=15 * 60.0)  # the first download of a format waits for its making


class Client:
    """Not threadsafe. Use it as a context manager, or close() it.

    `server` and `token` default to LAKELIFT_SERVER (else http://127.0.0.1:3000) and LAKELIFT_TOKEN.
    """

    def __init__(self, server: str | None = None, token: str | None = None) -> None:
        self.server = (server or os.environ.get("LAKELIFT_SERVER") or DEFAULT_SERVER).rstrip("/")
        token = token or os.environ.get("LAKELIFT_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # The proxy that the environment may name is none for a server on this machine.
        is_local = httpx.URL(self.server).host in ("localhost", "127.0.0.1", "::1")
        self._api = httpx.Client(base_url=self.server, headers=headers, timeout=_TIMEOUT, trust_env=not is_local)
        # Signed addresses need no token, and may lead to another machine: they never see it.
        self._data = httpx.Client(
            timeout=_DATA_TIMEOUT,
            follow_redirects=True,
            headers={"Accept-Encoding": "identity"},
            trust_env=not is_local,
        )
        self._answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._api.close()
        self._data.close()

    def __repr__(self) -> str:
        return f"<lakelift.Client {self.server}>"

    def discover(self, query: str = "") -> Catalogue:
        """The tables whose names match: words, `|word` or, `&word` and, `~word` and not; all without a query."""
        answer = self._call("GET", "/catalogue/items/", params={"query": query} if query else {})
        return Catalogue([Item.from_json(item) for item in answer["items"]])

    def item(self, item: str | int | Item) -> Item:
        """One table, by name or id. Raises NotFound."""
        if isinstance(item, Item):
            return item
        if isinstance(item, int):
            return Item.from_json(self._call("GET", f"/catalogue/items/{item}"))
        answer = self._call("GET", "/catalogue/items/", params={"name": item})
        if not answer["items"]:
            raise NotFound(f'no catalogue item "{item}"', event="COULD_NOT_FIND_CATALOGUEITEM", status=404)
        return Item.from_json(answer["items"][0])

    def estimate(
        self,
        item: str | int | Item,
        *,
        columns: Sequence[str] | None = None,
        filters: Iterable[Sequence[Any]] | None = None,
        where: str | Iterable[str] | None = None,
        ratio: float = 1.0,
    ) -> int:
        """About how many bytes `download` would bring; nothing is run."""
        body = _request_body(self.item(item), columns, filters, where, ratio)
        return int(self._call("POST", "/downloader/requests/estimate/", body=body)["estimated_size"])

    def download(
        self,
        item: str | int | Item,
        *,
        columns: Sequence[str] | None = None,
        filters: Iterable[Sequence[Any]] | None = None,
        where: str | Iterable[str] | None = None,
        ratio: float = 1.0,
        format: str | None = None,
        to: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
        callback: Callback | None = None,
    ) -> Path | pd.DataFrame:
        """A slice of a table: a pandas DataFrame, or with `to` the path of a file.

        columns: all when not given.
        filters: `(column, operator, value)` with > >= < <= = !=; where: the same as text, "dep_delay >= 15 AND origin =
        'JFK'"; all must hold, and null never passes.
        ratio: the share of rows to keep at random, in [0, 1].
        format: parquet, csv, arrow or jsonl; when not given by the extension of `to`, else parquet.
        callback: `(state, done, total)`, rows while QUEUED and RUNNING, bytes while DOWNLOADING.
        Waits for the run; interrupting leaves it alive, the same call joins it. Raises LakeliftError.
        """
        table = self.item(item)
        body = _request_body(table, columns, filters, where, ratio)
        return self._deliver(
            table,
            lambda: self._call("POST", "/downloader/requests/", body=body),
            format=format,
            to=to,
            progress=progress,
            callback=callback,
        )

    def request(
        self,
        item: str | int | Item,
        *,
        columns: Sequence[str] | None = None,
        filters: Iterable[Sequence[Any]] | None = None,
        where: str | Iterable[str] | None = None,
        ratio: float = 1.0,
    ) -> Request:
        """Asks for a slice and does not wait: as `download` takes it. The run goes on at the server."""
        body = _request_body(self.item(item), columns, filters, where, ratio)
        return Request(self, self._call("POST", "/downloader/requests/", body=body))

    def requests(self, name: str | None = None, *, stale: bool | None = None) -> list[Request]:
        """What the account waits for, newest first: those whose name has this in it, that are stale or are not."""
        params = {} if name is None else {"name": name}
        if stale is not None:
            params["stale"] = "true" if stale else "false"
        answer = self._call("GET", "/downloader/requests/", params=params)
        return [Request(self, one) for one in answer["requests"]]

    def _deliver(
        self,
        table: Item,
        ask: Callable[[], dict[str, Any]],
        *,
        format: str | None,
        to: str | os.PathLike[str] | None,
        progress: bool | None,
        callback: Callback | None,
    ) -> Path | pd.DataFrame:
        shown = Progress(progress, callback)
        try:
            if to is not None:
                chosen = _format(format, Path(to))
                target = Path(to)
                if target.is_dir():
                    target /= _file_name(table.name, chosen)
                self._bring(ask(), chosen, target, shown)
                return target
            chosen = _format(format, None)
            read = _frame_reader(chosen, table)
            with tempfile.TemporaryDirectory(prefix="lakelift-") as folder:
                target = Path(folder) / f"slice.{chosen}"
                self._bring(ask(), chosen, target, shown)
                return read(target)
        finally:
            shown.close()

    def _bring(self, request: dict[str, Any], format: str, target: Path, progress: Progress) -> None:
        path = f"/downloader/requests/{request['id']}"
        if request.get("state") not in _FINAL:
            self._watch(path + "/events", progress)

        def address() -> str:
            fresh = self._call("GET", path)
            _check_done(fresh)
            link = str(fresh["download_uri"])
            return f"{link}{'&' if '?' in link else '?'}format={format}"

        fetch(self._data, address, target, progress)

    def _watch(self, path: str, progress: Progress) -> None:
        """Until the request's state is final; reconnects in between."""
        backoff = Backoff()
        while True:
            failure: LakeliftError = Unavailable("the server ended the progress before the work was done")
            wait_s = None
            try:
                headers = {"Accept": "text/event-stream"}
                with self._api.stream("GET", path, headers=headers, timeout=_EVENTS_TIMEOUT) as response:
                    if response.status_code >= 400:
                        wait_s = retry_after_s(response.headers)
                        raise error_of(response.status_code, response.read())
                    for line in response.iter_lines():
                        if not line.startswith("data:") or not line[5:].strip():
                            continue
                        event = json.loads(line[5:])
                        if event.get("state") in _FINAL:
                            return
                        done, total = event.get("rows_read") or 0, event.get("rows_total") or None
                        progress.update(event.get("state", ""), done, total)
                        backoff.reset()
            except Unavailable as error:
                failure = error
            except httpx.TransportError as error:
                failure = Unavailable(f"the connection broke: {error}", event="CONNECTION_LOST")
            if not backoff.wait(wait_s):
                raise failure

    def _call(
        self, method: str, path: str, *, body: Any = None, params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """All calls of this client may be repeated. A server that never answered is not asked again: somebody waits."""
        backoff = Backoff()
        while True:
            wait_s = None
            try:
                response = self._api.request(method, path, json=body, params=params)
            except httpx.TransportError as error:
                text = f"can't reach the server at {self.server}: {error}"
                failure: LakeliftError = Unavailable(text, event="SERVER_UNREACHABLE")
                if not self._answered:
                    raise failure from error
            else:
                self._answered = True
                if response.status_code < 400:
                    return _object(response)
                failure = error_of(response.status_code, response.content)
                if response.status_code not in TEMPORARY:
                    raise failure
                wait_s = retry_after_s(response.headers)
            if not backoff.wait(wait_s):
                raise failure


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise LakeliftError("the answer is not what a Lakelift server answers", event="ANSWER_NOT_UNDERSTOOD")
    return answer


def _request_body(
    item: Item,
    columns: Sequence[str] | None,
    filters: Iterable[Sequence[Any]] | None,
    where: str | Iterable[str] | None,
    ratio: float,
) -> dict[str, Any]:
    names = [columns] if isinstance(columns, str) else list(columns) if columns is not None else item.column_names
    for name in names:
        column_of(item, name)
    spec = {"columns": names, "filters": filters_json(item, filters, where), "randomize_ratio": ratio}
    return {"spec": spec, "catalogue_item_id": item.id}


def _check_done(request: dict[str, Any]) -> None:
    state, number = request.get("state"), request["id"]
    if state == "FAILED":
        failure = request.get("failure")
        why = failure.get("message") if isinstance(failure, dict) else failure
        raise RunFailed(f"request {number} failed: {why or 'no reason is known'}", event="DOWNLOADREQUEST_FAILED")
    if state == "CANCELLED":
        raise Cancelled(f"request {number} was cancelled", event="DOWNLOADREQUEST_CANCELLED")
    if not request.get("download_uri"):
        raise Unavailable(f"request {number} is not done yet", event="DOWNLOADREQUEST_NOT_DONE")


def _file_name(item_name: str, format: str) -> str:
    return (re.sub(r"[/\x00-\x1f\x7f]", "_", item_name).lstrip(".-") or "slice") + "." + format


def _format(format: str | None, to: Path | None) -> str:
    if format is not None:
        if format not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
        return format
    if to is not None:
        extension = to.suffix.lstrip(".").replace("ndjson", "jsonl")
        return extension if extension in FORMATS else "parquet"
    return "parquet" if find_spec("pyarrow") else "csv"


def _frame_reader(format: str, item: Item) -> Callable[[Path], pd.DataFrame]:
    """Found before anything is asked for: what is missing is said at once."""
    if not find_spec("pandas"):
        raise LakeliftError(
            "a DataFrame needs pandas",
            event="PANDAS_MISSING",
            hint="pip install 'lakelift[pandas]', or name a file with to=",
        )
    import pandas as pd

    def read(path: Path) -> pd.DataFrame:
        if format == "parquet":
            return pd.read_parquet(path)
        if format == "arrow":
            return pd.read_feather(path)
        frame = pd.read_csv(path) if format == "csv" else pd.read_json(path, lines=True, convert_dates=False)
        for column in item.columns:
            if column.type == "DATETIME" and column.name in frame:
                frame[column.name] = pd.to_datetime(frame[column.name])
        return frame

    return read
