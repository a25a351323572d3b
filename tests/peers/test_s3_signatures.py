"""Our signatures of S3 calls are those of botocore, for requests of every kind."""

from __future__ import annotations

import datetime
import hashlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PROGRAM = Path(__file__).resolve().parents[2] / "build/dev/bin/s3_signatures"
REQUESTS = 400
# What stands in names and values: what must be encoded, what must not, what sorts oddly, what is more than a byte.
LETTERS = "abcXYZ019-._~ /+%=&?#:;,@!$'()*[]\"<>\\^`{|}é€🦆"
HEADERS = ["Range", "If-Match", "x-amz-meta-a", "X-Amz-Meta-B", "Content-Type"]
HEADER_LETTERS = "abcXYZ019-._~/+=:;,*\"' "

Case = dict[str, Any]


def text(rng: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(rng.choice(letters) for _ in range(rng.randint(least, most)))


def random_case(rng: random.Random) -> tuple[Case, bytes]:
    is_presigned = rng.random() < 0.4
    body = b"" if is_presigned else rng.randbytes(rng.choice([0, 0, 1, 100]))
    # A presigned address of botocore's cannot hold a name twice; a signed call can.
    names = [text(rng, LETTERS, 1, 6) for _ in range(rng.randint(0, 6))]
    if not is_presigned and names and rng.random() < 0.5:
        names.append(names[0])
    query = [(name, text(rng, LETTERS, 0, 8)) for name in (dict.fromkeys(names) if is_presigned else names)]
    headers = {name: text(rng, HEADER_LETTERS, 0, 12) for name in rng.sample(HEADERS, k=rng.randint(0, len(HEADERS)))}
    return {
        "method": rng.choice(["GET"] if is_presigned else ["GET", "PUT", "POST", "HEAD", "DELETE"]),
        "host": rng.choice(["lake.s3.eu-central-1.amazonaws.com", "127.0.0.1:9000", "s3.example:8443", "[::1]:9000"]),
        "path": "/" + text(rng, LETTERS, 0, 20),
        "query": query,
        "headers": list(headers.items()),
        "payload_sha256": hashlib.sha256(body).hexdigest(),
        "key_id": text(rng, "ABCDEF0123456789", 16, 20),
        "secret": text(rng, "abcXYZ019/+=", 30, 40),
        "token": text(rng, "abcXYZ019/+=", 20, 80) if rng.random() < 0.5 else "",
        "region": rng.choice(["us-east-1", "eu-central-1", "auto"]),
        "now": rng.randint(0, 2**32),
        "presign": rng.randint(1, 604_800) if is_presigned else None,
    }, body


def encoded(value: str) -> str:
    return quote(value, safe="-._~")


def sign_with_botocore(case: Case, body: bytes) -> AWSRequest:
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in case["query"])
    url = f"http://{case['host']}{quote(case['path'], safe='/-._~')}" + (f"?{query}" if query else "")
    request = AWSRequest(method=case["method"], url=url, headers=dict(case["headers"]), data=body)
    credentials = Credentials(case["key_id"], case["secret"], case["token"] or None)
    if case["presign"] is None:
        signer: Any = botocore.auth.S3SigV4Auth(credentials, "s3", case["region"])
    else:
        signer = botocore.auth.S3SigV4QueryAuth(credentials, "s3", case["region"], expires=case["presign"])
    now = datetime.datetime.fromtimestamp(case["now"], datetime.UTC).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_: now):
        signer.add_auth(request)
    return request


def sign_with_ours(cases: list[Case]) -> list[dict[str, Any]]:
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM.name} is not built: cmake --preset dev && ninja -C build/dev {PROGRAM.name}")
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    answer = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_signatures_are_those_of_botocore() -> None:
    rng = random.Random(4)
    made = [random_case(rng) for _ in range(REQUESTS)]
    ours = sign_with_ours([case for case, _ in made])
    assert len(ours) == REQUESTS
    presigned = 0
    for (case, body), mine in zip(made, ours, strict=True):
        theirs = sign_with_botocore(case, body)
        my_target, their_target = urlsplit(mine["target"]), urlsplit(theirs.url.removeprefix(f"http://{case['host']}"))
        assert my_target.path == their_target.path, case
        pairs = [sorted(parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query))) for target in (my_target, their_target)]
        assert pairs[0] == pairs[1], case
        if case["presign"] is None:
            # Sent as they are signed; what else botocore adds is not signed.
            my_headers = {name.lower(): value for name, value in mine["headers"]}
            assert my_headers == {name.lower(): value for name, value in theirs.headers.items()}, case
        else:
            presigned += 1
    assert presigned >= 100
    assert REQUESTS - presigned >= 200


def test_a_program_that_signs_otherwise_is_noticed() -> None:
    """The comparison sees a difference of one byte of the secret."""
    case, body = random_case(random.Random(1))
    case["presign"] = None
    other = {**case, "secret": case["secret"] + "x"}
    (mine,) = sign_with_ours([other])
    assert dict(mine["headers"])["Authorization"] != sign_with_botocore(case, body).headers["Authorization"]
