"""A month of requests, drawn by a rule: who asks what of a month of weather, and what it would take at the least.

25 people ask 400 times on 30 days: 25 % what somebody asked before, 25 % a part of that, 30 % a box that overlaps an
earlier one (moved by 10 to 60 %), 20 % one that no earlier box touches; 3 to 10 columns; a tenth a share of the rows.
A box is some days of the month and an interval of zip codes: a region for a while.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

PEOPLE = 25
REQUESTS = 400
DAYS = 30
KEY = "zip_code"


@dataclass(frozen=True)
class Box:
    first: int  # days of the data, both in it
    last: int
    low: float  # shares of the zip codes in order
    high: float

    def touches(self, other: Box) -> bool:
        return not (self.last < other.first or self.first > other.last or self.high <= other.low or self.low >= other.high)


@dataclass(frozen=True)
class Request:
    day: int  # on which it is asked
    person: int
    box: Box
    columns: tuple[str, ...]
    ratio: float


class Rule:
    def __init__(self, seed: int, columns: list[str], requests: int = REQUESTS):
        self.dice = random.Random(seed)
        self.columns = columns
        self.boxes: list[Box] = []
        self.days = sorted(self.dice.randint(1, DAYS) for _ in range(requests))

    def _length(self) -> int:
        return self.dice.randint(2, 7)

    def disjoint(self) -> Box:
        for _ in range(100_000):
            days = self._length()
            first = self.dice.randint(1, DAYS + 1 - days)
            low = self.dice.uniform(0, 0.98)
            box = Box(first, first + days - 1, low, low + self.dice.uniform(0.002, 0.01))
            if not any(box.touches(other) for other in self.boxes):
                return box
        raise AssertionError("there is no room for another box")

    def part_of(self, box: Box) -> Box:
        first = self.dice.randint(box.first, box.last)
        low = self.dice.uniform(box.low, box.high)
        return Box(first, self.dice.randint(first, box.last), low, self.dice.uniform(low, box.high))

    def moved(self, box: Box) -> Box:
        share = self.dice.uniform(0.1, 0.6)
        days = box.last - box.first + 1
        by = max(1, round(share * days)) * self.dice.choice([-1, 1])
        first = min(max(1, box.first + by), DAYS + 1 - days)
        low = max(0.0, box.low + share * (box.high - box.low) * self.dice.choice([-1, 1]))
        return Box(first, first + days - 1, low, low + box.high - box.low)

    def some(self, columns: list[str], most: int) -> tuple[str, ...]:
        return tuple(sorted(self.dice.sample(columns, self.dice.randint(3, most))))

    def draw(self) -> list[Request]:
        asked: list[Request] = []
        for day in self.days:
            person = self.dice.randrange(PEOPLE)
            ratio = self.dice.choice([0.5, 0.1, 0.01]) if self.dice.random() < 0.1 else 1.0
            kind = self.dice.random()
            if not asked or kind < 0.2:
                box, columns = self.disjoint(), self.some(self.columns, 10)
            else:
                earlier = self.dice.choice(asked)
                box, columns = earlier.box, earlier.columns
                if kind < 0.45:
                    ratio = earlier.ratio
                elif kind < 0.7:
                    box, columns = self.part_of(box), self.some(list(columns), len(columns))
                else:
                    box = self.moved(box)
            self.boxes.append(box)
            asked.append(Request(day, person, box, columns, ratio))
        return asked


class Lake:
    """The files: sizes of their column chunks, and the zip codes in order."""

    def __init__(self, root: Path):
        self.root = root
        self.size: dict[tuple[int, str], int] = {}
        codes: set[str] = set()
        for day in range(1, DAYS + 1):
            for path in sorted((root / "month=11" / f"day={day}").glob("*.parquet")):
                meta = pq.ParquetFile(path).metadata
                for group in range(meta.num_row_groups):
                    for index in range(meta.num_columns):
                        column = meta.row_group(group).column(index)
                        key = (day, column.path_in_schema)
                        self.size[key] = self.size.get(key, 0) + column.total_compressed_size
                codes.update(pq.read_table(path, columns=[KEY])[KEY].unique().to_pylist())
        self.codes = sorted(codes)
        self.columns = sorted({name for _, name in self.size})

    def code(self, share: float) -> str:
        return self.codes[min(len(self.codes) - 1, int(share * len(self.codes)))]

    def filters(self, box: Box) -> list[dict[str, Any]]:
        return [
            {"name": "day", "operator": ">=", "value": box.first},
            {"name": "day", "operator": "<=", "value": box.last},
            {"name": KEY, "operator": ">=", "value": self.code(box.low)},
            {"name": KEY, "operator": "<=", "value": self.code(box.high)},
        ]

    def floor(self, requests: list[Request]) -> int:
        """Each column of each day that anybody asks for, once."""
        wanted = {(day, name) for one in requests for day in range(one.box.first, one.box.last + 1) for name in {*one.columns, KEY}}
        return sum(self.size.get(key, 0) for key in wanted)
