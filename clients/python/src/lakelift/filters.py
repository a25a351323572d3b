"""From what a person writes to the API's filters: `{"name", "operator", "value"}`, all of which must hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from lakelift.catalogue import Column, Item
from lakelift.errors import InvalidRequest

OPERATORS = (">=", "<=", "!=", ">", "<", "=")

# A quoted text ('' is a quote in it), or a run of what is neither quote nor space.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|>=|<=|!=|<>|==|[<>=]|[^\s<>=!'\"]+|\S")

Filter = tuple[str, str, Any]


def column_of(item: Item, name: str) -> Column:
    for column in item.columns:
        if column.name == name:
            return column
    near = get_close_matches(name, item.column_names, n=1)
    meant = f'; did you mean "{near[0]}"?' if near else ""
    raise InvalidRequest(f'{item.name} has no column "{name}"{meant}', hint="it has: " + ", ".join(item.column_names))


def filters_json(
    item: Item, filters: Iterable[Sequence[Any]] | None, where: str | Iterable[str] | None
) -> list[dict[str, Any]]:
    """Both together. Raises InvalidRequest for an unknown column or operator, or a value that can't be read."""
    found = []
    for entry in filters or ():
        if len(entry) != 3:
            raise InvalidRequest(f"a filter is (column, operator, value), not {entry!r}")
        found.append(_filter(item, str(entry[0]), str(entry[1]), _plain(entry[2])))
    for text in [where] if isinstance(where, str) else where or ():
        found += [_comparison(item, part) for part in _split_and(_TOKEN.findall(text))]
    return found


def _filter(item: Item, name: str, operator: str, value: Any) -> dict[str, Any]:
    column = column_of(item, name)
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    if operator not in OPERATORS:
        raise InvalidRequest(f'"{operator}" is no operator; there are {" ".join(OPERATORS)}')
    if column.type == "BOOLEAN" and operator not in ("=", "!="):
        raise InvalidRequest(f'"{name}" is BOOLEAN, which has only = and !=')
    return {"name": name, "operator": operator, "value": value}


def _plain(value: Any) -> Any:
    """JSON's types: times as ISO 8601, NumPy's scalars as Python's."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _split_and(tokens: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.upper() == "AND":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _unquoted(token: str) -> str:
    if len(token) >= 2 and token[0] == token[-1] and token[0] in "'\"":
        return token[1:-1].replace(token[0] * 2, token[0])
    return token


def _comparison(item: Item, tokens: list[str]) -> dict[str, Any]:
    operators = (*OPERATORS, "==", "<>")
    at = next((i for i, token in enumerate(tokens) if token in operators), -1)
    if at < 1 or at == len(tokens) - 1:
        raise InvalidRequest(
            f'"{" ".join(tokens)}" is no comparison',
            hint="expected something like: dep_delay >= 15 AND origin = 'JFK'",
        )
    name = " ".join(_unquoted(token) for token in tokens[:at])
    text = " ".join(_unquoted(token) for token in tokens[at + 1 :])
    return _filter(item, name, tokens[at], _value(column_of(item, name), text))


def _value(column: Column, text: str) -> Any:
    try:
        if column.type == "INTEGER":
            return int(text)
        if column.type == "FLOAT":
            return float(text)
    except ValueError:
        raise InvalidRequest(f'"{column.name}" is {column.type}, and "{text}" is no such value') from None
    if column.type == "BOOLEAN":
        if text.lower() not in ("true", "false"):
            raise InvalidRequest(f'"{column.name}" is BOOLEAN: true or false, not "{text}"')
        return text.lower() == "true"
    return text
