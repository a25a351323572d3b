"""Who may call what (threats A7, F3, F5; T10): every operation × who calls × what it is about.

A route without its rows here fails `test_every_operation_has_its_rows`.
"""

from __future__ import annotations

import http.client
import itertools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e import authorization_files
from tests.e2e.contract_api import Api, comparable

# Who calls: nobody; with a token that we did not make; one that was revoked; a researcher who waits for nothing; the one
# who waits for the request in question; an administrator.
CALLERS = ("nobody", "forged", "revoked", "stranger", "waiter", "admin")
MISSING = 999_999_999


def row(nobody: int, forged: int, revoked: int, stranger: int, waiter: int, admin: int) -> dict[str, int]:
    """Expected statuses by caller."""
    return dict(zip(CALLERS, (nobody, forged, revoked, stranger, waiter, admin), strict=True))


def anybody(status: int) -> dict[str, int]:
    """The same for all."""
    return row(*[status] * 6)


def account(status: int) -> dict[str, int]:
    """For any account."""
    return row(401, 401, 401, status, status, status)


def admin(status: int) -> dict[str, int]:
    """For administrators."""
    return row(401, 401, 401, 403, 403, status)


def decider(status: int, others: int) -> dict[str, int]:
    """For who decides about an item that `waiter` maintains: the maintainer and administrators."""
    return row(401, 401, 401, others, status, status)


def waiter(status: int, others: int = 404) -> dict[str, int]:
    """For who waits; an administrator is no exception."""
    return row(401, 401, 401, others, status, others)


# operation → what it is about → caller → status. "its": of the caller's own world or of everybody's; "another's": of
# somebody else, or an item that is shown to `waiter`, who maintains it, and to administrators alone; "missing": there
# is no such thing. GET /notices/events does not end: its cells are in ENDLESS.
TABLE: dict[str, dict[str, dict[str, int]]] = {
    "POST /accounts/": {"its": admin(201)},
    "GET /accounts/": {"its": admin(200)},
    "GET /accounts/me": {"its": account(200)},
    "GET /accounts/{id}": {"its": admin(200), "missing": admin(404)},
    "PUT /accounts/{id}": {"its": admin(200), "missing": admin(404)},
    "DELETE /accounts/{id}": {"its": admin(200), "missing": admin(404)},
    "POST /accounts/groups/": {"its": admin(201)},
    "GET /accounts/groups/": {"its": admin(200)},
    "GET /accounts/groups/{id}": {"its": admin(200), "missing": admin(404)},
    "DELETE /accounts/groups/{id}": {"its": admin(200), "missing": admin(404)},
    "GET /accounts/groups/{id}/members/": {"its": admin(200), "missing": admin(404)},
    "PUT /accounts/groups/{id}/members/{account_id}": {"its": admin(200), "missing": admin(404)},
    "DELETE /accounts/groups/{id}/members/{account_id}": {"its": admin(200), "missing": admin(404)},
    # "its": an API token of one's own; "another's": {email} alone, a JWT for that account.
    "POST /accounts/tokens/": {"its": account(201), "another's": admin(201), "missing": admin(404)},
    "GET /accounts/tokens/": {"its": account(200), "another's": admin(200), "missing": admin(404)},
    "DELETE /accounts/tokens/{id}": {
        "its": account(200),
        "another's": row(401, 401, 401, 404, 404, 200),
        "missing": account(404),
    },
    "GET /accounts/keys/": {"its": admin(200)},
    "POST /accounts/keys/rotate": {"its": admin(201)},
    "GET /audit": {"its": admin(200)},
    "POST /accounts/tokens/revoke/": {
        "its": account(200),
        "another's": row(401, 401, 401, 403, 403, 200),
        "missing": account(200),
    },
    "POST /accounts/auth_requests/": {"its": anybody(201)},
    "GET /accounts/auth_requests/{uuid}/authenticate/ui/": {"its": anybody(200), "missing": anybody(404)},
    "POST /accounts/auth_requests/attach_account/": {"its": anybody(409), "missing": anybody(404)},  # no issuer here
    "POST /accounts/auth_requests/auth_tokens/": {"its": anybody(404), "missing": anybody(404)},  # nobody has signed in
    "POST /accounts/auth_tokens/": {"its": anybody(404), "missing": anybody(404)},
    "GET /accounts/oidc/start": {"its": anybody(200)},
    "GET /accounts/oidc/callback": {"missing": anybody(400)},
    "POST /accounts/dev_login": {"its": anybody(404)},  # the server was not started with it
    "POST /accounts/sign_out": {"its": anybody(200)},
    "POST /accounts/device/code": {"its": anybody(200)},
    "POST /accounts/device/token": {"its": anybody(400), "missing": anybody(400)},
    "GET /accounts/device/": {"its": anybody(200)},
    "POST /accounts/device/": {"its": anybody(403)},  # not from our own page
    "GET /accounts/assets/sign_in.css": {"its": anybody(200)},
    "GET /accounts/assets/sign_in.js": {"its": anybody(200)},
    "GET /catalogue/items/": {"its": account(200)},
    "POST /catalogue/items/": {"its": admin(201)},
    "GET /catalogue/items/{id}": {"its": account(200), "missing": account(404)},
    "PUT /catalogue/items/{id}": {"its": admin(200), "missing": admin(404)},
    "DELETE /catalogue/items/{id}": {"its": admin(200), "missing": admin(404)},
    "PUT /catalogue/items/{id}/samples_and_distributions/": {"its": admin(200), "missing": admin(404)},
    "GET /catalogue/items/{id}/chunks": {"its": account(200), "missing": account(404)},
    "PUT /catalogue/items/{id}/chunks": {"its": admin(200), "missing": admin(404)},
    "DELETE /catalogue/items/{id}/chunks": {"its": admin(200), "missing": admin(404)},
    "GET /catalogue/items/{id}/held": {"its": account(200), "missing": account(404)},
    "GET /chunks/not_explored/": {"its": account(200), "missing": account(404)},
    "GET /catalogue/items/{id}/history": {"its": account(200), "another's": decider(200, 404), "missing": account(404)},
    "PUT /catalogue/items/{id}/follow": {"its": account(200), "another's": decider(200, 404), "missing": account(404)},
    "DELETE /catalogue/items/{id}/follow": {"its": account(200), "another's": decider(200, 404), "missing": account(404)},
    "GET /catalogue/items/{id}/readers/": {"its": decider(200, 403), "another's": decider(200, 404), "missing": account(404)},
    "PUT /catalogue/items/{id}/readers/": {"its": decider(200, 403), "another's": decider(200, 404), "missing": account(404)},
    "POST /catalogue/items/{id}/readers/": {"its": decider(409, 403), "another's": decider(200, 404), "missing": account(404)},
    "DELETE /catalogue/items/{id}/readers/{kind}/{reader_id}": {
        "its": decider(404, 403),
        "another's": decider(404, 404),
        "missing": account(404),
    },
    "POST /catalogue/access_requests/": {"its": account(409), "another's": decider(409, 202), "missing": account(202)},
    "GET /catalogue/access_requests/": {"its": account(200)},
    "PUT /catalogue/access_requests/{id}": {"its": decider(200, 404), "missing": account(404)},
    "DELETE /catalogue/access_requests/{id}": {"its": account(404), "missing": account(404)},
    "GET /notices/": {"its": account(200)},
    "PUT /notices/{id}/read": {"its": waiter(200), "missing": account(404)},
    "POST /notices/read/": {"its": account(200)},
    "POST /catalogue/tables/": {"its": admin(409)},  # no engine is configured
    "POST /local/catalogue/items": {"its": admin(404)},  # over TCP; the socket's owner is test_contract_catalogue's
    "POST /downloader/requests/": {"its": account(201), "missing": account(400)},
    "GET /downloader/requests/": {"its": account(200)},
    "POST /downloader/requests/estimate/": {"its": account(200), "missing": account(400)},
    "POST /downloader/requests/render_ui_data/": {"its": account(200), "missing": account(404)},
    "GET /downloader/requests/{id}": {"its": waiter(200), "missing": account(404)},
    "DELETE /downloader/requests/{id}": {"its": waiter(200), "missing": account(404)},
    "PATCH /downloader/requests/{id}": {"its": waiter(200), "missing": account(404)},
    "POST /downloader/requests/{id}/repeat": {"its": waiter(200), "missing": account(404)},
    "GET /downloader/requests/{id}/receipt": {"missing": account(404)},
    "GET /receipts/key": {"its": anybody(200)},
    # The server calls nobody: what it is that calls is test_waiting's.
    "POST /webhooks/": {"its": account(409)},
    "GET /webhooks/": {"its": account(200)},
    "DELETE /webhooks/{id}": {"missing": account(404)},
    "POST /webhooks/{id}/test": {"missing": account(404)},
    "GET /webhooks/{id}/deliveries/": {"missing": account(404)},
    "GET /downloader/requests/{id}/events": {"its": waiter(200), "missing": account(404)},
    "GET /downloader/data/{request}/{account}/{purpose}/{expires}/{key}/{mac}": {
        "its": anybody(200),
        "another's": anybody(403),
        "missing": anybody(403),
    },
    "GET /budgets/": {"its": admin(200)},
    "GET /budgets/mine": {"its": account(200)},
    "PUT /budgets/{kind}/{id}": {"its": admin(200), "missing": admin(404)},
    "DELETE /budgets/{kind}/{id}": {"its": admin(200), "missing": admin(404)},
    "POST /downloader/requests/{id}/approve": {"its": admin(200), "missing": admin(404)},
    "POST /downloader/requests/{id}/deny": {"its": admin(200), "missing": admin(404)},
    "GET /ledger/spending": {"its": account(200)},
    "GET /analytics/windows": {"its": account(200)},
    "GET /analytics/top": {"its": account(200)},
    "POST /analytics/rebuild": {"its": admin(200)},
    "GET /livez": {"its": anybody(200)},
    "GET /readyz": {"its": anybody(200)},
    "GET /metrics": {"its": anybody(200)},
    "GET /openapi.json": {"its": anybody(200)},
    "GET /docs": {"its": anybody(200)},
    "GET /docs/assets/start.js": {"its": anybody(200)},
    "GET /docs/assets/swagger-ui.css": {"its": anybody(200)},
    "GET /docs/assets/swagger-ui-bundle.js": {"its": anybody(200)},
    "GET /": {"its": anybody(302)},
    "GET /storage/scrub": {"its": admin(200)},
    "POST /storage/scrub": {"its": admin(202)},
    "POST /storage/sweep": {"its": admin(200)},
    "GET /storage/move": {"its": admin(200)},
    "POST /storage/move": {"its": admin(202)},
    **authorization_files.ROWS,
}

# Answers that go on: only their heads are looked at.
ENDLESS: dict[str, dict[str, int]] = {"GET /notices/events": account(200), "GET /analytics/live": account(200)}

CELLS = [
    (operation, about, caller, status)
    for operation, abouts in TABLE.items()
    for about, callers in abouts.items()
    for caller, status in callers.items()
]


@dataclass
class World:
    """Things to ask about; what an operation uses up is made anew for each cell."""

    api: Api
    tokens: dict[str, str | None]
    admin: str
    people: int
    numbers: itertools.count

    def token_of(self, email: str) -> str:
        """A fresh token."""
        return self.api.ask("POST", "/accounts/tokens/", {"email": email}, self.admin, expect=201).json["token"]

    def new_account(self) -> str:
        """A fresh account; its email."""
        email = f"cell{next(self.numbers)}@contract.test"
        self.api.ask("POST", "/accounts/", {"email": email, "type": "RESEARCHER"}, self.admin, expect=201)
        return email

    def new_item(self) -> int:
        """A fresh catalogue item."""
        return self.api.ask("POST", "/catalogue/items/", self.item_body(), self.admin, expect=201).json["id"]

    def kept_item(self, visibility: str) -> dict:
        """A fresh item that `waiter` maintains."""
        body = self.item_body() | {"maintained_by_id": self.id_of("waiter"), "visibility": visibility}
        return self.api.ask("POST", "/catalogue/items/", body, self.admin, expect=201).json

    def id_of(self, caller: str) -> int:
        """The account's."""
        return self.api.ask("GET", "/accounts/me", token=self.tokens[caller], expect=200).json["id"]

    def new_access_request(self) -> int:
        """Somebody's who is none of the callers, for an item that `waiter` maintains."""
        body = {"item": self.kept_item("named")["name"]}
        asker = self.token_of(self.new_account())
        return self.api.ask("POST", "/catalogue/access_requests/", body, asker, expect=202).json["id"]

    def new_notice(self) -> int:
        """The waiter's."""
        self.new_access_request()
        return self.api.ask("GET", "/notices/", token=self.tokens["waiter"], expect=200).json["notices"][0]["id"]

    def catalogue_path_and_body(self, operation: str, about: str) -> tuple[str, object]:
        """Of what hangs on items: history, readers, followers, access requests."""
        path = operation.split(" ", 1)[1]
        missing = about == "missing"
        if path == "/catalogue/access_requests/":
            name = "cell.missing" if missing else self.kept_item("named" if about == "another's" else "everyone")["name"]
            return path, {"item": name}
        if path == "/catalogue/access_requests/{id}":
            return path.replace("{id}", str(MISSING if missing else self.new_access_request())), {"decision": "REFUSE"}
        item = MISSING if missing else self.kept_item("named" if about == "another's" else "everyone")["id"]
        body = {"account": "admin@contract.test"} if operation.startswith("POST") else {"visibility": "named"}
        return path.replace("{id}", str(item)).replace("{kind}", "account").replace("{reader_id}", str(MISSING)), body

    def item_body(self) -> dict:
        """Of an item that nobody has made."""
        column = {"name": "a", "type": "INTEGER", "size": None, "is_nullable": True, "is_enum": False, "distribution": None}
        return {"name": f"cell.item{next(self.numbers)}", "spec": [column], "sample": [], "maintained_by_id": None,
                "executor_type": "LOCAL"}

    def new_spec(self) -> dict:
        """A slice that nobody has asked for."""
        value = 1_000_000 + next(self.numbers)
        return {"columns": ["id"], "filters": [{"name": "id", "operator": "<", "value": value}], "randomize_ratio": 1}

    def new_request(self) -> dict:
        """The waiter's; the body that it was answered with."""
        body = {"spec": self.new_spec(), "catalogue_item_id": self.people}
        return self.api.ask("POST", "/downloader/requests/", body, self.tokens["waiter"], expect=201).json

    def budget_path(self, operation: str, missing: bool) -> str:
        """Of a fresh account; to be removed, it has a budget."""
        path = f"/budgets/account/{MISSING if missing else self.new_account_id()}"
        if operation.startswith("DELETE") and not missing:
            self.api.ask("PUT", path, {"bytes": 1}, self.admin, expect=200)
        return path

    def new_waiting_request(self) -> int:
        """The waiter's, beyond a budget that is gone by then."""
        budget = f"/budgets/account/{self.id_of('waiter')}"
        self.api.ask("PUT", budget, {"bytes": 0}, self.admin, expect=200)
        try:
            made = self.new_request()
        finally:
            self.api.ask("DELETE", budget, token=self.admin, expect=200)
        assert made["state"] == "WAITING_FOR_APPROVAL"
        return made["id"]

    def path_and_body(self, operation: str, about: str, caller: str) -> tuple[str, object]:
        """What the cell's call sends."""
        path = operation.split(" ", 1)[1]
        missing = about == "missing"
        if path.endswith("/keep"):
            return self.path_of_kept(missing)
        if operation in authorization_files.ROWS:
            return authorization_files.FileCells(self.api.ask, self.tokens).path_and_body(operation, missing)
        if operation == "POST /accounts/":
            return path, {"email": f"cell{next(self.numbers)}@contract.test"}
        if path.startswith("/accounts/tokens/") and not path.endswith("/revoke/"):
            return self.tokens_path_and_body(operation, about, caller)
        if path.startswith("/accounts/{id}"):
            return path.replace("{id}", str(MISSING if missing else self.new_account_id())), {"username": f"cell {next(self.numbers)}"}
        if operation == "POST /accounts/groups/":
            return path, {"name": f"cell {next(self.numbers)}"}
        if path.startswith("/accounts/groups/{id}"):
            group = MISSING if missing else self.new_group()
            return path.replace("{id}", str(group)).replace("{account_id}", str(self.new_account_id())), None
        if operation == "POST /accounts/keys/rotate":
            return path, {"purpose": "link"}
        if operation == "POST /accounts/tokens/revoke/":
            return path, {"token": self.token_to_revoke(about, caller)}
        if path.startswith("/accounts/auth_requests/{uuid}/"):
            return path.replace("{uuid}", self.new_auth_request(missing)), None
        if operation in ("POST /accounts/auth_requests/attach_account/", "POST /accounts/auth_requests/auth_tokens/", "POST /accounts/auth_tokens/"):
            fields = {"oauth_token": "x.y.z", "email": "a@contract.test"} if path.endswith("attach_account/") else {}
            return path, {"request_uuid": self.new_auth_request(missing)} | fields
        if operation == "POST /accounts/device/token":
            code = "x" if missing else self.api.ask("POST", "/accounts/device/code", {}, expect=200).json["device_code"]
            return path, {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code}
        if operation == "POST /catalogue/items/":
            return path, self.item_body()
        if operation == "POST /catalogue/tables/":
            return path, {"name": "cell.table", "executor_type": "ATHENA"}
        if operation == "POST /local/catalogue/items":
            return path, {"name": "cell.local", "paths": ["/etc/hostname"]}
        if path == "/catalogue/items/{id}":
            return f"/catalogue/items/{MISSING if missing else self.new_item()}", {"description": "x"}
        if path == "/notices/{id}/read":
            return path.replace("{id}", str(MISSING if missing else self.new_notice())), None
        if path == "/storage/move":
            return path, {"to": "disk"}
        if path == "/notices/read/":
            return path, {"up_to": 0}
        if path.endswith(("/history", "/follow")) or "/readers/" in path or "/access_requests/" in path:
            return self.catalogue_path_and_body(operation, about)
        if operation == "PUT /catalogue/items/{id}/chunks":
            return path.replace("{id}", str(MISSING if missing else self.people)), {"max_rows": 1_000}
        if path == "/chunks/not_explored/":
            return f"{path}?catalogue_item_id={MISSING if missing else self.people}", None
        if path.startswith("/catalogue/items/{id}/"):
            return path.replace("{id}", str(MISSING if missing else self.people)), None
        if operation in ("POST /downloader/requests/", "POST /downloader/requests/estimate/"):
            return path, {"spec": self.new_spec(), "catalogue_item_id": MISSING if missing else self.people}
        if operation == "POST /downloader/requests/render_ui_data/":
            return path, {"catalogue_item_id": MISSING if missing else self.people}
        if path.endswith(("/approve", "/deny")):
            number = MISSING if missing else self.new_waiting_request()
            return path.replace("{id}", str(number)), {"answer": "because"}
        if path == "/budgets/{kind}/{id}":
            return self.budget_path(operation, missing), {"bytes": 1_000_000}
        if path.startswith("/downloader/requests/{id}"):
            number = MISSING if missing else self.new_request()["id"]
            if not missing and path.endswith("/events"):
                self.api.done(self.tokens["waiter"], number)  # so that the stream ends
            return path.replace("{id}", str(number)), {"name": "cell"} if operation.startswith("PATCH") else None
        if path.startswith("/webhooks/"):
            return path.replace("{id}", str(MISSING)), {"url": "https://hooks.example/x"} if path == "/webhooks/" else None
        if path.startswith("/downloader/data/"):
            return self.data_path(about), None
        return path, None

    def path_of_kept(self, missing: bool) -> tuple[str, object]:
        """A request that is done, and where to keep it: in the waiter's place."""
        number = MISSING if missing else self.new_request()["id"]
        if not missing:
            self.api.done(self.tokens["waiter"], number)
        owner = authorization_files.FileCells(self.api.ask, self.tokens).owner(False)
        return f"/downloader/requests/{number}/keep", {"to": f"/files/{owner}/kept {next(self.numbers)}.parquet"}

    def new_auth_request(self, missing: bool) -> str:
        """A request_uuid."""
        if missing:
            return str(uuid.uuid4())
        return self.api.ask("POST", "/accounts/auth_requests/", expect=201).json["request_uuid"]

    def token_for(self, operation: str, caller: str) -> str | None:
        """What the caller sends; one of its own to lose where the call takes it away."""
        token = self.tokens[caller]
        if operation != "POST /accounts/sign_out" or caller not in ("stranger", "waiter", "admin"):
            return token
        return self.token_of(self.api.ask("GET", "/accounts/me", token=token, expect=200).json["email"])
    def new_account_id(self) -> int:
        """A fresh account; its id."""
        email = self.new_account()
        return self.api.ask("GET", f"/accounts/?name={email}", token=self.admin, expect=200).json["accounts"][0]["id"]

    def new_group(self) -> int:
        """A fresh group; its id."""
        return self.api.ask("POST", "/accounts/groups/", {"name": f"cell {next(self.numbers)}"}, self.admin, expect=201).json["id"]

    def new_api_token(self, owner: str) -> dict:
        """A fresh API token, made with its owner's token; as it was answered."""
        return self.api.ask("POST", "/accounts/tokens/", {"name": f"cell {next(self.numbers)}"}, owner, expect=201).json

    def tokens_path_and_body(self, operation: str, about: str, caller: str) -> tuple[str, object]:
        """One's own token, another account's, or one that is not there."""
        path = operation.split(" ", 1)[1]
        if operation == "POST /accounts/tokens/":
            if about == "its":
                return path, {"name": f"cell {next(self.numbers)}"}
            return path, {"email": "nobody@contract.test" if about == "missing" else self.new_account()}
        if operation == "GET /accounts/tokens/":
            account = {"its": None, "another's": self.new_account_id, "missing": lambda: MISSING}[about]
            return path if account is None else f"{path}?account_id={account()}", None
        if about == "missing":
            return path.replace("{id}", str(MISSING)), None
        own = self.tokens[caller] if caller in ("stranger", "waiter", "admin") else None
        owner = own if about == "its" and own else self.token_of(self.new_account())
        return path.replace("{id}", str(self.new_api_token(owner)["id"])), None

    def token_to_revoke(self, about: str, caller: str) -> str:
        """The caller's own (a second one), another account's, or none that we made."""
        if about == "missing":
            return "no.such.token"
        token = self.tokens[caller] if caller in ("stranger", "waiter", "admin") else None
        if about == "another's" or token is None:
            return self.token_of(self.new_account())
        return self.token_of(self.api.ask("GET", "/accounts/me", token=token, expect=200).json["email"])

    def data_path(self, about: str) -> str:
        """The waiter's `uri`; or one whose account or request was exchanged."""
        request = self.new_request()
        path = request["uri"].removeprefix(self.api.server.address)
        parts = path.split("/")  # "", downloader, data, request, account, …
        if about == "another's":
            parts[4] = str(int(parts[4]) + 1)
        if about == "missing":
            parts[3] = str(MISSING)
        return "/".join(parts)


@pytest.fixture(scope="module")
def world(api: Api, admin_token: str, new_researcher: Callable[[], str], people: int) -> World:
    """The callers and their tokens."""
    revoked = new_researcher()
    api.ask("POST", "/accounts/tokens/revoke/", {"token": revoked}, revoked, expect=200)
    header, payload, mac = new_researcher().split(".")
    tokens: dict[str, str | None] = {
        "nobody": None,
        "forged": f"{header}.{payload}.{mac[::-1]}",
        "revoked": revoked,
        "stranger": new_researcher(),
        "waiter": new_researcher(),
        "admin": admin_token,
    }
    return World(api, tokens, admin_token, people, itertools.count(1))


def test_every_operation_has_its_rows(api: Api) -> None:
    """The OpenAPI document is the route table (routes/openapi_test.cc): so every route is here."""
    assert {operation.name for operation in api.operations} == set(TABLE) | set(ENDLESS)


@pytest.mark.parametrize(("operation", "caller", "status"), [(o, c, s) for o, row_ in ENDLESS.items() for c, s in row_.items()])
def test_an_endless_answer(world: World, operation: str, caller: str, status: int) -> None:
    """Its head."""
    token = world.tokens[caller]
    connection = http.client.HTTPConnection("127.0.0.1", world.api.server.port, timeout=60)
    method, path = operation.split(" ", 1)
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize(("operation", "about", "caller", "status"), CELLS)
def test_cell(world: World, operation: str, about: str, caller: str, status: int) -> None:
    """One cell of the table."""
    method = operation.split(" ", 1)[0]
    path, body = world.path_and_body(operation, about, caller)
    if method in ("GET", "DELETE"):
        body = None
    answer = world.api.ask(method, path, body, world.token_for(operation, caller))
    assert answer.status == status, answer.body[:400]
    if path.startswith(authorization_files.LIFTBIT):
        if status in (401, 403):
            assert answer.json == {"detail": "Not authenticated" if status == 401 else "Access denied"}
        return
    if status == 401:
        expected = "COULD_NOT_FIND_AUTH_TOKEN" if caller == "nobody" else "AUTH_TOKEN_WAS_BROKEN"
        assert answer.json["@event"] == expected
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if status == 403 and world.tokens[caller] and not path.startswith(("/downloader/data/", "/accounts/device/")):
        assert answer.json["@event"] == "ACCESS_DENIED"
        assert answer.json["@authorizer"]["account_id"] > 0


@pytest.mark.parametrize("operation", ["GET /downloader/requests/{id}", "DELETE /downloader/requests/{id}",
                                       "GET /downloader/requests/{id}/events"])
@pytest.mark.parametrize("caller", ["stranger", "admin"])
def test_a_strangers_answer_does_not_tell_whether_it_exists(world: World, operation: str, caller: str) -> None:
    """Threats F3: the answers for another's request and for none are one."""
    method, path = operation.split(" ", 1)
    number = world.new_request()["id"]
    there = world.api.ask(method, path.replace("{id}", str(number)), token=world.tokens[caller], expect=404)
    none = world.api.ask(method, path.replace("{id}", str(MISSING)), token=world.tokens[caller], expect=404)
    assert comparable(there, number) == comparable(none, MISSING)
    assert world.api.ask("GET", f"/downloader/requests/{number}", token=world.tokens["waiter"], expect=200).json["is_cancelled"] is False


@pytest.mark.parametrize("part", ["-1", "0x10", "1e3", "9223372036854775808", "%31x", "..", "id", "1.0", "+1", "%00"])
@pytest.mark.parametrize("operation", sorted(o for o in TABLE if "{id}" in o))
def test_what_is_no_id_is_not_found(world: World, operation: str, part: str) -> None:
    """An id is a whole number; anything else is no item and no request, and never a fault of ours."""
    method, path = operation.split(" ", 1)
    body = {} if method == "PUT" else None
    path = path.replace("{id}", part).replace("{owner}", "nobody").replace("{account_id}", "1").replace("{kind}", "account").replace("{reader_id}", "1")
    answer = world.api.server.ask(method, path, body, world.admin)
    assert answer.status in ((404, 400) if re.search(r"%00|\.\.", part) else (404,)), answer.body[:300]


def test_rights_are_read_from_the_database(world: World) -> None:
    """Threats A7: a revoked token opens nothing from the next call on; the account's other tokens still do."""
    email = world.new_account()
    first, second = world.token_of(email), world.token_of(email)
    assert first != second
    for token in (first, second):
        world.api.ask("GET", "/accounts/me", token=token, expect=200)
    world.api.ask("POST", "/accounts/tokens/revoke/", {"token": first}, world.admin, expect=200)
    world.api.ask("GET", "/accounts/me", token=first, expect=401)
    world.api.ask("GET", "/accounts/me", token=second, expect=200)
