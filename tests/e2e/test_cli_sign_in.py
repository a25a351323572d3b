"""`lakelift auth` against a real server: a token is kept, used, shown, revoked and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

from tests.server_process import Server, cli, must


def test_a_kept_token_opens_the_server_until_it_is_revoked(server: Server, tmp_path: Path) -> None:
    """Login, status, use, logout; the token is good for nothing afterwards."""
    token = server.account("kept@contract.test")
    env = {"HOME": str(tmp_path), "LAKELIFT_SERVER": server.address}
    assert cli("catalogue", "list", env=env).returncode == 4
    login = cli("auth", "login", "--with-token", env=env, input=token + "\n")
    assert login.returncode == 0, login.stderr
    place = tmp_path / ".config/lakelift/credentials.toml"
    assert str(place) in login.stderr and place.stat().st_mode & 0o777 == 0o600

    status = json.loads(must(cli("auth", "status", "--output", "json", env=env)))
    assert (status["email"], status["source"], status["stored_in"]) == ("kept@contract.test", "stored", str(place))
    assert status["expires_at"] > "2026", "the token says itself when it ends"
    assert cli("catalogue", "list", env=env).returncode == 0
    assert must(cli("auth", "token", env=env)) == token

    place.chmod(0o640)
    assert cli("catalogue", "list", env=env).returncode == 6
    place.chmod(0o600)
    assert cli("auth", "logout", env=env).returncode == 0
    assert server.ask("GET", "/accounts/me", token=token).status == 401
    assert token not in place.read_text()
    gone = cli("auth", "status", env=env)
    assert gone.returncode == 4 and "lakelift auth login" in gone.stderr


def test_over_the_socket_nobody_signs_in(server: Server) -> None:
    """The machine's owner is known by the socket."""
    status = json.loads(must(cli("auth", "status", "--output", "json", data=server.data)))
    assert (status["source"], status["type"]) == ("socket", "ADMIN")
    assert cli("auth", "token", data=server.data).returncode == 2
