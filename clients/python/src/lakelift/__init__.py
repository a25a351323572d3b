"""Take what you need out of a data lake, once.

>>> import lakelift
>>> lakelift.discover("flights")
>>> lakelift.download("nycflights13.flights", columns=["carrier", "dep_delay"], where="dep_delay >= 15")
"""

from __future__ import annotations

from typing import Any

from lakelift.catalogue import Catalogue, Column, Item
from lakelift.client import Client
from lakelift.errors import (
    Cancelled,
    DigestMismatch,
    Forbidden,
    InvalidRequest,
    LakeliftError,
    NotFound,
    RunFailed,
    SignInNeeded,
    Unavailable,
)
from lakelift.request import Request

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Catalogue",
    "Client",
    "Column",
    "DigestMismatch",
    "Forbidden",
    "InvalidRequest",
    "Item",
    "LakeliftError",
    "NotFound",
    "Request",
    "RunFailed",
    "SignInNeeded",
    "Unavailable",
    "discover",
    "download",
]


def discover(query: str = "") -> Catalogue:
    """The tables whose names match: see `Client.discover`."""
    with Client() as client:
        return client.discover(query)


def download(item: str | int | Item, **options: Any) -> Any:
    """A slice of a table: see `Client.download`."""
    with Client() as client:
        return client.download(item, **options)
