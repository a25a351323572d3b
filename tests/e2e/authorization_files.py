"""Who may call what, of files: rows and calls for test_contract_authorization.py. "its": the waiter's."""

from __future__ import annotations

import itertools
from typing import Any

LIFTBIT = ("/create_user", "/delete_user", "/upload_file", "/download_file", "/delete_file", "/list_files", "/give_permission",
           "/remove_permission")
NUMBERS = itertools.count(1)


def signed_in(stranger: int, waiter: int, admin: int) -> dict[str, int]:
    """By caller; who is nobody is told so."""
    return {"nobody": 401, "forged": 401, "revoked": 401, "stranger": stranger, "waiter": waiter, "admin": admin}


ALL = signed_in(200, 200, 200)
NONE = signed_in(404, 404, 404)
OWN = signed_in(404, 200, 200)

ROWS: dict[str, dict[str, dict[str, int]]] = {
    "GET /files/": {"its": ALL},
    "GET /files/{owner}": {"its": signed_in(308, 308, 308)},
    "GET /files/{owner}/{path}": {"its": OWN, "missing": NONE},
    "PUT /files/{owner}/{path}": {"its": OWN, "missing": signed_in(404, 201, 201)},
    "DELETE /files/{owner}/{path}": {"its": OWN, "missing": NONE},
    "POST /files/{owner}/{path}": {"its": OWN, "missing": NONE},
    "GET /shared-with-me/": {"its": ALL},
    "GET /trash/{owner}/": {"its": OWN, "missing": NONE},
    "DELETE /trash/{owner}/": {"its": OWN, "missing": NONE},
    "POST /trash/{owner}/{id}/restore": {"its": OWN, "missing": NONE},
    "DELETE /trash/{owner}/{id}": {"its": OWN, "missing": NONE},
    "GET /usage/{owner}": {"its": OWN, "missing": NONE},
    "PUT /usage/{owner}": {"its": signed_in(403, 403, 200), "missing": signed_in(403, 403, 404)},
    "POST /downloader/requests/{id}/keep": {"its": signed_in(404, 201, 404), "missing": NONE},
    # `username` names the waiter; the body of the upload is no form.
    "POST /create_user": {"its": signed_in(403, 200, 200), "missing": signed_in(403, 403, 200)},
    "POST /delete_user": {"missing": signed_in(403, 403, 404)},
    "POST /upload_file": {"its": signed_in(403, 422, 422)},
    "POST /download_file": {"its": signed_in(403, 200, 200), "missing": signed_in(403, 404, 404)},
    "POST /delete_file": {"its": signed_in(403, 200, 200), "missing": signed_in(403, 404, 404)},
    "POST /list_files": {"its": signed_in(403, 200, 200)},
    "POST /give_permission": {"its": signed_in(403, 200, 200), "missing": signed_in(403, 404, 404)},
    "POST /remove_permission": {"its": signed_in(403, 200, 200), "missing": signed_in(403, 404, 404)},
}


class FileCells:
    """Makes what the cells' calls are about; `ask` is Api.ask, `tokens` by caller."""

    def __init__(self, ask: Any, tokens: dict[str, str | None]) -> None:
        """Nothing is made before it is needed."""
        self.ask = ask
        self.tokens = tokens

    def owner(self, missing: bool) -> str:
        """The waiter's username, or nobody's."""
        return "no such user" if missing else self.ask("GET", "/accounts/me", token=self.tokens["waiter"], expect=200).json["username"]

    def new_file(self, missing: bool) -> str:
        """The path of a fresh file of the waiter's, or of none."""
        path = f"cell {next(NUMBERS)}.json"
        if not missing:
            self.ask("PUT", self.address(path), {"a": 1}, self.tokens["waiter"], expect=201)
        return path

    def address(self, path: str) -> str:
        """Of the waiter's."""
        return f"/files/{self.owner(False)}/{path}".replace(" ", "%20")

    def new_trashed(self, missing: bool) -> str:
        """The id of a fresh file in the waiter's trash."""
        if missing:
            return "999999999"
        self.ask("DELETE", self.address(self.new_file(False)), token=self.tokens["waiter"], expect=200)
        listed = self.ask("GET", f"/trash/{self.owner(False)}/".replace(" ", "%20"), token=self.tokens["waiter"], expect=200)
        return str(listed.json["data"][0]["id"])

    def liftbit(self, path: str, missing: bool) -> str:
        """The query of one of LiftBit's calls."""
        if path in ("/create_user", "/delete_user"):
            user = f"cell user {next(NUMBERS)}" if missing else self.owner(False)
            return f"{path}?username={user}".replace(" ", "%20")
        query = f"{path}?username={self.owner(False)}&owner={self.owner(False)}&other_username={self.owner(False)}"
        return f"{query}&filename={self.new_file(missing)}".replace(" ", "%20")

    def path_and_body(self, operation: str, missing: bool) -> tuple[str, Any]:
        """What the cell's call sends."""
        method, path = operation.split(" ", 1)
        if "{path}" in path:
            action = "?action=grant" if method == "POST" else ""
            return self.address(self.new_file(missing)) + action, {"account": self.owner(False), "right": "read"}
        if path.startswith("/trash/{owner}/{id}"):
            path = path.replace("{owner}", self.owner(False)).replace("{id}", self.new_trashed(missing))
            return path.replace(" ", "%20"), None
        if "{owner}" in path:
            body = {"quota_bytes": None, "quota_files": None}
            return path.replace("{owner}", self.owner(missing)).replace(" ", "%20"), body if method == "PUT" else None
        if method == "POST":
            return self.liftbit(path, missing), None
        return path, None
