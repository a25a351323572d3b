"""An S3 server of the tests' own: `tests/peers/s3` for Python, and just enough of a signer to look at what it holds."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shutil
import subprocess
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.peers.wire import Call, Head

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix("")
REGION = "us-east-1"


@dataclass
class S3:
    """A server in `folder`; `program` is versitygw or minio. Each bucket of `buckets` is there when it runs."""

    folder: Path
    program: str = "versitygw"
    buckets: tuple[str, ...] = ("lake",)
    key: str = "lakelift"
    secret: str = "lakelift-secret"
    address: str = ""

    @classmethod
    def of_this_run(cls, name: str, program: str = "versitygw", buckets: tuple[str, ...] = ("lake",)) -> S3:
        """A fresh one under build/peers/, which other runs do not share."""
        return cls(ROOT / "build/peers" / f"{program}-{name}-{os.getpid()}", program, buckets).start()

    @staticmethod
    def has(program: str) -> bool:
        """Whether it is installed."""
        return (ROOT / "build/deps" / program / program).exists()

    def _run(self, verb: str) -> str:
        env = {"S3_SERVER": self.program, "S3_BUCKETS": " ".join(self.buckets), "S3_ACCESS_KEY": self.key, "S3_SECRET_KEY": self.secret, "S3_REGION": REGION}
        done = subprocess.run([SCRIPT, verb, self.folder], capture_output=True, text=True, timeout=120, env=os.environ | env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> S3:
        """Starts it; on the same port each time."""
        self.address = self._run("start")
        return self

    def stop(self) -> None:
        """As an operator would."""
        self._run("stop")

    def kill(self) -> None:
        """At once, like a crash."""
        self._run("kill")

    def remove(self) -> None:
        """Ends it; nothing of it stays."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def credentials(self) -> dict[str, str]:
        """As the server reads them."""
        return {"S3_KEY_ID": self.key, "S3_KEY_SECRET": self.secret}

    # --- looking at what it holds -----------------------------------------------------------------------------------

    def presigned(self, method: str, path: str, query: dict[str, str] | None = None, seconds: int = 3600) -> str:
        """An address that is good for a while; `path` is /BUCKET/KEY."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        signed = (query or {}) | {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{self.key}/{scope}", "X-Amz-Date": now,
                                  "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host"}
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(signed.items()))
        host = self.address.removeprefix("http://")
        signature = self._signature(now, scope, f"{method}\n{quote(path)}\n{text}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD")
        return f"{self.address}{quote(path)}?{text}&X-Amz-Signature={signature}"

    def signed_now(self, call: Call) -> Head:
        """The head of a call that was signed for another time."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        head = call.head.replaced("X-Amz-Date", now)
        names = head.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        path, _, query = head.first[1].partition("?")
        pairs = sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair)
        lines = "".join(f"{name}:{head.headers[name]}\n" for name in names.split(";"))
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        canonical = f"{head.first[0]}\n{path}\n{'&'.join(pairs)}\n{lines}\n{names}\n{head.headers['x-amz-content-sha256']}"
        signature = self._signature(now, scope, canonical)
        return head.replaced("Authorization", f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}")

    def _signature(self, now: str, scope: str, canonical: str) -> str:
        secret = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        return hmac.digest(secret, to_sign.encode(), "sha256").hex()

    def call(self, method: str, path: str, query: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
        """The body of an answer that says that it went well."""
        request = urllib.request.Request(self.presigned(method, path, query), body, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def _pages(self, bucket: str, query: dict[str, str], item: str) -> list[ElementTree.Element]:
        found: list[ElementTree.Element] = []
        more: dict[str, str] = {}
        while True:
            page = without_namespace(self.call("GET", f"/{bucket}", query | more))
            found += page.findall(item)
            if page.findtext("IsTruncated") != "true":
                return found
            if "uploads" in query:
                more = {"key-marker": page.findtext("NextKeyMarker") or "", "upload-id-marker": page.findtext("NextUploadIdMarker") or ""}
            else:
                more = {"continuation-token": page.findtext("NextContinuationToken") or ""}

    def objects(self, bucket: str = "lake", prefix: str = "") -> dict[str, int]:
        """Size by key, without the prefix; what is called by no key of ours is left out."""
        contents = self._pages(bucket, {"list-type": "2", "prefix": prefix}, "Contents")
        sizes = {(c.findtext("Key") or "").removeprefix(prefix): int(c.findtext("Size") or 0) for c in contents}
        return {key: size for key, size in sizes.items() if re.search(r"(^|/)[0-9a-f]{32}$", key)}

    def unfinished(self, bucket: str = "lake") -> list[str]:
        """Keys of uploads in parts that nobody has finished."""
        return [u.findtext("Key") or "" for u in self._pages(bucket, {"uploads": ""}, "Upload")]


def without_namespace(document: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(document)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def storage_flags(address: str, endpoint: str) -> list[str]:
    """The server's, for content at `address` (s3://…) of what listens at `endpoint`."""
    return ["--storage", address, "--s3-endpoint", endpoint, "--s3-region", REGION]
