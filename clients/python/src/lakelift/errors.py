"""What can go wrong, as types, each with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar


class LakeliftError(Exception):
    """`event`: the API's name of the error; `errors`: texts a field; `request_id`: by which the server's log has it."""

    default_hint: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        event: str = "",
        request_id: str = "",
        hint: str = "",
        status: int = 0,
        errors: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.event = event
        self.request_id = request_id
        self.hint = hint or self.default_hint
        self.status = status
        self.errors = dict(errors or {})
        self.retry_after_s: float | None = None  # what the server asked us to wait

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  {field}: {text}" for field, texts in self.errors.items() for text in texts]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        if self.request_id and self.status >= 500:
            lines.append(f"request {self.request_id}")
        return "\n".join(lines)


class InvalidRequest(LakeliftError):
    """The table has no such column, the operator does not fit, the value has another type …"""


class SignInNeeded(LakeliftError):
    default_hint = "put a token into LAKELIFT_TOKEN; an admin makes one with `lakelift token create EMAIL`"


class Forbidden(LakeliftError):
    default_hint = "an account of type ADMIN may do this"


class NotFound(LakeliftError):
    default_hint = "lakelift.discover() shows what there is"


class Unavailable(LakeliftError):
    """The server can't be reached, or says to come back later."""

    default_hint = "is the server running? LAKELIFT_SERVER says where it is; else try again later"


class RunFailed(LakeliftError):
    """The request was run and failed; the message says why."""


class Cancelled(LakeliftError):
    default_hint = "the same call asks again"


class DigestMismatch(LakeliftError):
    """What arrived is not what the server has; nothing was kept."""


_BY_STATUS: dict[int, type[LakeliftError]] = {
    400: InvalidRequest,
    401: SignInNeeded,
    403: Forbidden,
    404: NotFound,
    410: Cancelled,
    422: InvalidRequest,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(status: int, body: bytes) -> LakeliftError:
    """What an answer with a status of 400 or more says."""
    try:
        envelope: Any = json.loads(body)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        envelope = {}
    event = str(envelope.get("@event") or "")
    fields = envelope.get("errors")
    errors = {}
    if isinstance(fields, dict):
        errors = {str(k): [str(t) for t in v] if isinstance(v, list) else [str(v)] for k, v in fields.items()}
    return _BY_STATUS.get(status, LakeliftError)(
        str(envelope.get("message") or event or f"the server answered {status}"),
        event=event,
        request_id=str(envelope.get("request_id") or ""),
        status=status,
        errors=errors,
    )
