"""What the server signs for Azure Blob Storage is what azure-storage-blob signs."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import _shared_access_signature as vendor_sas
from azure.storage.blob import generate_blob_sas
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/dev/bin/azure_signatures"
VERSION = "2026-02-06"
CALLS = 300
ADDRESSES = 200
SEED = 20_261
NAMES = "abcdefghijklmnopqrstuvwxyz0123456789"
TEXTS = NAMES + "ABC -._~!$&'()*+,;=:@%/?#\"äß漢🐑"
HEADERS = ["x-ms-blob-type", "x-ms-blob-content-md5", "x-ms-blob-content-type", "x-ms-client-request-id", "x-ms-content-crc64",
           "x-ms-delete-snapshots", "x-ms-lease-id", "x-ms-meta-aborted", "x-ms-range", "x-ms-tags"]
STANDARD = ["Content-Type", "Content-MD5", "Content-Encoding", "Content-Language", "If-Match", "If-None-Match", "If-Modified-Since",
            "If-Unmodified-Since"]
PARAMETERS = ["comp", "restype", "blockid", "blocklisttype", "prefix", "marker", "maxresults", "include", "startFrom", "snapshot", "timeout"]


class Signer:
    """The program that signs as the server does."""

    def __init__(self) -> None:
        if not PROGRAM.exists():
            pytest.fail(f"{PROGRAM.relative_to(ROOT)} is missing: cmake --preset dev && cmake --build --preset dev --target azure_signatures")
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **case: Any) -> dict[str, str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        assert "problem" not in answer, answer
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    made = Signer()
    yield made
    made.close()


def text(chance: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(chance.choice(letters) for _ in range(chance.randint(least, most)))


def account_of(chance: random.Random) -> tuple[str, str]:
    return text(chance, NAMES, 3, 24), base64.b64encode(chance.randbytes(64)).decode()


def header_value(chance: random.Random) -> str:
    return text(chance, NAMES + "ABC/+=\"*;,-:", 1, 30)


def vendor_authorization(account: str, key: str, method: str, url: str, headers: dict[str, str]) -> str:
    request = HttpRequest(method, url, headers=headers)
    SharedKeyCredentialPolicy(account, key).on_request(PipelineRequest(request, PipelineContext(None)))
    return request.headers["Authorization"]


@pytest.mark.parametrize("number", range(CALLS))
def test_a_call_is_signed_alike(signer: Signer, number: int) -> None:
    chance = random.Random(SEED + number)
    account, key = account_of(chance)
    root = chance.choice(["", f"/{account}"])
    path = f"{root}/{text(chance, NAMES, 3, 20)}" + chance.choice(["", "/" + quote(text(chance, TEXTS, 1, 40))])
    query = {name: text(chance, TEXTS, 1, 30) for name in chance.sample(PARAMETERS, chance.randint(0, 5))}
    headers = {"x-ms-date": "Sun, 22 Nov 2026 17:35:15 GMT", "x-ms-version": VERSION}
    for name in chance.sample(HEADERS, chance.randint(0, 4)) + chance.sample(STANDARD, chance.randint(0, 4)):
        headers[name] = header_value(chance)
    method = chance.choice(["GET", "HEAD", "PUT", "DELETE", "POST"])
    length = chance.choice([0, 0, 1, 77, chance.randrange(1 << 32)])

    url = f"https://{account}.blob.core.windows.net{path}" + ("?" + urlencode(query, quote_via=quote) if query else "")
    theirs = vendor_authorization(account, key, method, url, headers | {"Content-Length": str(length)})
    ours = signer.ask(kind="call", account=account, key=key, method=method, path=path, query=list(query.items()),
                      headers=list(headers.items()), content_length=length)
    assert ours["authorization"] == theirs


@pytest.mark.parametrize("number", range(ADDRESSES))
def test_an_address_is_signed_alike(signer: Signer, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(vendor_sas, "X_MS_VERSION", VERSION)
    chance = random.Random(SEED - number)
    account, key = account_of(chance)
    container, blob = text(chance, NAMES, 3, 20), text(chance, TEXTS, 1, 40)
    permissions = chance.choice(["r", "rw", "racwd"])
    starts = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**8))
    expires = starts + timedelta(seconds=chance.randrange(1, 3_600))
    has_start, https_only = chance.random() < 0.5, chance.random() < 0.5
    content_type = chance.choice(["", "text/csv; charset=utf-8", "application/vnd.apache.parquet"])
    disposition = chance.choice(["", "attachment; filename*=UTF-8''" + quote(text(chance, TEXTS, 1, 20))])

    theirs = generate_blob_sas(account, container, blob, account_key=key, permission=permissions, expiry=expires,
                               start=starts if has_start else None, protocol="https" if https_only else None,
                               content_type=content_type or None, content_disposition=disposition or None)
    ours = signer.ask(kind="sas", account=account, key=key, container=container, blob=blob, permissions=permissions,
                      starts=int(starts.timestamp()) if has_start else 0, expires=int(expires.timestamp()), https_only=https_only,
                      content_type=content_type, content_disposition=disposition)
    assert dict(parse_qsl(ours["query"], strict_parsing=True)) == dict(parse_qsl(theirs, strict_parsing=True))
