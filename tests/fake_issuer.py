"""An OpenID Connect issuer at the wire, for tests: discovery, keys, codes. It says what it is told to say."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jws

CLIENT_ID = "lakelift.apps.issuer.test"
CLIENT_SECRET = "s&cret of a test"


def rsa_key(name: str) -> jwk.RSAKey:
    """A key for RS256."""
    return jwk.RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig"})


def ec_key(name: str) -> jwk.ECKey:
    """A key for ES256; quick to make."""
    return jwk.ECKey.generate_key("P-256", parameters={"kid": name, "use": "sig"})


class FakeIssuer:
    """`with FakeIssuer() as issuer: …`; issuer.address is its name."""

    def __init__(self) -> None:
        self.keys: list[Any] = [rsa_key("rsa-1"), ec_key("ec-1")]  # what it publishes
        self.max_age = 300
        self.fetches: list[str] = []  # paths, in order
        self.codes: dict[str, dict[str, Any]] = {}
        self.override: dict[str, tuple[int, bytes]] = {}  # path → what it answers instead
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                issuer.answer(self, None)

            def do_POST(self) -> None:
                issuer.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> FakeIssuer:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what it says -------------------------------------------------------------------------------------------------

    def claims(self, email: str, /, **changes: Any) -> dict[str, Any]:
        """Google's shape; a change to None takes the claim away."""
        now = int(time.time())
        said = {
            "iss": self.address, "azp": CLIENT_ID, "aud": CLIENT_ID, "sub": hashlib.sha256(email.encode()).hexdigest()[:21],
            "email": email, "email_verified": True, "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "name": "Ada", "locale": "en",
            "iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex,
        } | changes
        return {name: value for name, value in said.items() if value is not None}

    def id_token(self, email: str, /, key: Any = None, algorithm: str = "", **changes: Any) -> str:
        """Signed by `key` (the last one that it publishes)."""
        key = key or self.keys[-1]
        algorithm = algorithm or ("ES256" if key.key_type == "EC" else "RS256")
        header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(self.claims(email, **changes)).encode(), key, algorithms=[algorithm])

    def count(self, path: str) -> int:
        """How often it was asked."""
        return self.fetches.count(path)

    def sign_in_at(self, authorization_url: str, email: str, /, **changes: Any) -> str:
        """What a person does there: the query of the address that the browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        code = uuid.uuid4().hex
        self.codes[code] = asked | {"id_token": self.id_token(email, **({"nonce": asked["nonce"]} | changes))}
        return f"state={asked['state']}&code={code}"

    # --- at the wire --------------------------------------------------------------------------------------------------

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes | None) -> None:
        """One request."""
        path = urlsplit(handler.path).path
        self.fetches.append(path)
        status, said = self.override.get(path) or self.say(path, handler, body)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(said)))
        handler.send_header("Cache-Control", f"public, max-age={self.max_age}")
        handler.end_headers()
        handler.wfile.write(said)

    def say(self, path: str, handler: BaseHTTPRequestHandler, body: bytes | None) -> tuple[int, bytes]:
        """Status and body."""
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps({
                "issuer": self.address, "authorization_endpoint": self.address + "/authorize",
                "token_endpoint": self.address + "/token", "jwks_uri": self.address + "/keys",
            }).encode()
        if path == "/keys":
            return 200, json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        if path == "/token" and body is not None:
            return self.redeem(handler.headers.get("Authorization", ""), parse_qs(body.decode()))
        return 404, b"{}"

    def redeem(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        """A code is good once, for the client that asked, with the verifier of its challenge."""
        asked = self.codes.pop(form["code"][0], None)
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace('&', '%26').replace(' ', '%20')}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).decode().rstrip("=")
        fits = (
            asked is not None and authorization == f"Basic {secret}" and form["redirect_uri"][0] == asked["redirect_uri"]
            and challenge == asked["code_challenge"] and asked["code_challenge_method"] == "S256"
        )
        if not fits:
            return 400, b'{"error": "invalid_grant"}'
        return 200, json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": asked["id_token"]}).encode()

    def config(self, *domains: str, refetch_seconds: int = 60, name: str = "work") -> str:
        """As a table of the server's configuration."""
        return (
            f'[[oidc]]\nname = "{name}"\nlabel = "Work & Co <b>"\nissuer = "{self.address}"\nclient-id = "{CLIENT_ID}"\n'
            f'client-secret = "{CLIENT_SECRET}"\nallowed-domains = {json.dumps(list(domains))}\nrefetch-seconds = {refetch_seconds}\n'
        )
