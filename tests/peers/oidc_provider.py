"""tests/peers/oidc/provider.mjs for Python: a real OpenID Connect provider of the test's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "oidc"


class OidcProvider:
    """`with OidcProvider() as provider: … provider.serve(redirect_uri)`."""

    client_id = "lakelift"
    client_secret = "s&cret of a test"

    def __enter__(self) -> OidcProvider:
        self.process = subprocess.Popen(["node", FOLDER / "provider.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.address = self._line()
        assert self.address.startswith("http://127.0.0.1:"), self.address
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def serve(self, redirect_uri: str) -> None:
        """From now on, for a client that may be sent back there."""
        assert self.process.stdin is not None
        client = {"client_id": self.client_id, "client_secret": self.client_secret, "redirect_uri": redirect_uri}
        self.process.stdin.write(json.dumps(client) + "\n")
        self.process.stdin.flush()
        assert self._line() == "ready"

    def config(self, *domains: str) -> str:
        """As a table of the server's configuration."""
        return (
            f'[[oidc]]\nname = "work"\nlabel = "Example Inc."\nissuer = "{self.address}"\nclient-id = "{self.client_id}"\n'
            f'client-secret = "{self.client_secret}"\nallowed-domains = {json.dumps(list(domains))}\n'
        )
