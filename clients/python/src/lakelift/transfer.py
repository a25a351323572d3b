"""Brings the bytes of a signed address into a file: whole, verified, resumed where it broke."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import httpx

from lakelift.errors import DigestMismatch, LakeliftError, Unavailable, error_of
from lakelift.progress import Progress
from lakelift.retry import TEMPORARY, WHOLE_ATTEMPTS, Backoff, retry_after_s

T = TypeVar("T")

_CHUNK_BYTES = 1 << 20
_FRESH_LINKS = 3  # in a row, without a byte between them
_EXPIRED = frozenset({401, 403, 410})


class _Changed(Exception):
    """The content is another one by now, or what arrived is not it."""


class _LinkExpired(Exception):
    pass


@dataclass(frozen=True)
class _Content:
    etag: str
    size: int
    sha256: str


def sha256_of_repr_digest(header: str) -> str | None:
    """Hex, out of `Repr-Digest: sha-256=:…:` (RFC 9530)."""
    found = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", header)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except ValueError:
        return None
    return digest.hex() if len(digest) == 32 else None


def partial_path(target: Path, etag: str) -> Path:
    mark = re.sub(r"[^0-9A-Za-z_-]", "", etag)[:8] or "none"
    return target.with_name(f"{target.name}.{mark}.partial")


def fetch(http: httpx.Client, address: Callable[[], str], target: Path, progress: Progress) -> None:
    """`address` gives a fresh signed address. A partial file that is there is taken up; one that broke stays."""
    for _ in range(WHOLE_ATTEMPTS):
        try:
            return _Transfer(http, address, target, progress).run()
        except _Changed:
            continue
    text = "the bytes that arrive are not those that the server has (SHA-256 differs)"
    raise DigestMismatch(text, event="DIGEST_MISMATCH")


class _Transfer:
    def __init__(self, http: httpx.Client, address: Callable[[], str], target: Path, progress: Progress) -> None:
        self._http = http
        self._address = address
        self._target = target
        self._progress = progress
        self._link = ""
        self._held = 0
        self._hash = hashlib.sha256()

    def run(self) -> None:
        content = self._repeat(self._head)
        partial = partial_path(self._target, content.etag)
        with _open_locked(partial) as file:
            try:
                self._take_up(file, content)
                self._report(content)
                if self._held < content.size:
                    self._repeat(lambda: self._get(file, content))
                if self._hash.hexdigest() != content.sha256:
                    raise _Changed
            except _Changed:
                partial.unlink(missing_ok=True)
                raise
            os.fsync(file.fileno())
            partial.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _repeat(self, attempt: Callable[[], T]) -> T:
        backoff, fresh_links = Backoff(), 0
        while True:
            if not self._link:
                self._link = self._address()
            before, wait_s = self._held, None
            try:
                return attempt()
            except _LinkExpired:
                fresh_links = 1 if self._held > before else fresh_links + 1
                self._link = ""
                if fresh_links > _FRESH_LINKS:
                    text = "the server refuses the addresses that it gave"
                    raise LakeliftError(text, event="LINK_NOT_VALID") from None
                continue
            except Unavailable as error:
                failure, wait_s = error, error.retry_after_s
            except httpx.TransportError as error:
                failure = Unavailable(f"the connection broke: {error}", event="CONNECTION_LOST")
            if self._held > before:
                backoff.reset()
                fresh_links = 0
            if not backoff.wait(wait_s):
                raise failure

    def _check(self, response: httpx.Response) -> None:
        if response.status_code < 300:
            return
        if response.status_code in _EXPIRED:
            raise _LinkExpired
        error = error_of(response.status_code, response.read())
        error.retry_after_s = retry_after_s(response.headers) if response.status_code in TEMPORARY else None
        raise error

    def _head(self) -> _Content:
        response = self._http.head(self._link)
        self._check(response)
        etag = response.headers.get("etag", "")
        length = response.headers.get("content-length", "")
        digest = sha256_of_repr_digest(response.headers.get("repr-digest", ""))
        if not etag or etag.startswith("W/") or not length.isdigit() or not digest:
            raise LakeliftError(
                "the answer lacks ETag, Content-Length or Repr-Digest, so the data could not be verified",
                event="ANSWER_NOT_UNDERSTOOD",
                hint="a proxy may have removed them",
            )
        return _Content(etag, int(length), digest)

    def _take_up(self, file: BinaryIO, content: _Content) -> None:
        if os.fstat(file.fileno()).st_size > content.size:
            file.truncate(0)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            self._hash.update(chunk)
            self._held += len(chunk)

    def _get(self, file: BinaryIO, content: _Content) -> None:
        headers = {"Want-Repr-Digest": "sha-256=10"}  # a storage that we are sent to could not say it
        if self._held:
            headers |= {"Range": f"bytes={self._held}-", "If-Range": content.etag}
        with self._http.stream("GET", self._link, headers=headers) as response:
            if response.status_code in (412, 416):
                raise _Changed
            self._check(response)
            if response.headers.get("etag") != content.etag:
                raise _Changed
            if response.status_code == 206:
                expected = f"bytes {self._held}-{content.size - 1}/{content.size}"
                if response.headers.get("content-range") != expected:
                    text = "the server sent another range than was asked for"
                    raise LakeliftError(text, event="ANSWER_NOT_UNDERSTOOD")
            elif self._held:  # the whole, though a part was asked for
                file.seek(0)
                file.truncate(0)
                self._held, self._hash = 0, hashlib.sha256()
            for chunk in response.iter_raw():
                if self._held + len(chunk) > content.size:
                    raise _Changed
                file.write(chunk)
                self._hash.update(chunk)
                self._held += len(chunk)
                self._report(content)
        if self._held < content.size:
            raise Unavailable("the server sent less than it announced", event="CONNECTION_LOST")

    def _report(self, content: _Content) -> None:
        self._progress.update("DOWNLOADING", self._held, content.size)


def _open_locked(path: Path) -> BinaryIO:
    """Ours alone, and no link: another process that downloads the same is told so."""
    for _ in range(3):
        file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666), "r+b", buffering=0)  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            file.close()
            break
        file.close()
    raise LakeliftError(f"another process is downloading this: it writes {path}", event="DOWNLOAD_IN_PROGRESS")
