"""The marks to reach, on two cores: which figure of which row has to be how large."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Mark(NamedTuple):
    # The row: its texts by title; those that are not named may be anything.
    row: dict[str, str]
    figure: str
    bound: float
    # A bound from below, otherwise from above.
    is_least: bool = False

    def __str__(self) -> str:
        return f"{self.figure} {'>=' if self.is_least else '<='} {self.bound:,g}"

    def verdict(self, figure: float) -> str:
        return "reached" if (figure >= self.bound if self.is_least else figure <= self.bound) else "missed"


def at_most(figure: str, bound: float, **row: str) -> Mark:
    return Mark(row, figure, bound)


def at_least(figure: str, bound: float, **row: str) -> Mark:
    return Mark(row, figure, bound, is_least=True)


DUCKDB_FIRST = {"warehouse": "duckdb", "mode": "append", "sync": "first"}
POSTGRES_FIRST = {"warehouse": "postgres", "mode": "append", "sync": "first"}
UPDATES = {"mode": "append_dedup", "sync": "later"}

SYNCS = [
    at_most("x SQL", 0.75, **DUCKDB_FIRST, profile="flat", raw="keep"),
    at_most("x read_json", 2, **DUCKDB_FIRST, profile="flat", raw="keep"),
    at_least("records/s", 300_000, **DUCKDB_FIRST, profile="flat", raw="keep"),
    at_most("x read_json", 1.25, **DUCKDB_FIRST, profile="flat", raw="none"),
    at_least("records/s", 450_000, **DUCKDB_FIRST, profile="flat", raw="none"),
    at_most("x SQL", 0.75, **DUCKDB_FIRST, profile="nested", raw="keep"),
    at_least("records/s", 70_000, **DUCKDB_FIRST, profile="nested", raw="keep"),
    at_most("x read_json", 1.5, **DUCKDB_FIRST, profile="wide"),
    at_least("records/s", 15_000, **DUCKDB_FIRST, profile="wide"),
    at_most("x append", 2, **UPDATES, warehouse="duckdb", profile="flat"),
    at_most("x copy", 0.9, **POSTGRES_FIRST, profile="flat", raw="keep"),
    at_most("x copy", 0.9, **POSTGRES_FIRST, profile="nested", raw="keep"),
    at_most("x copy", 0.85, **POSTGRES_FIRST, profile="flat", raw="none"),
    at_most("x copy", 0.85, **POSTGRES_FIRST, profile="nested", raw="none"),
    at_least("records/s", 250_000, **POSTGRES_FIRST, profile="flat", raw="none"),
    at_most("peak MB", 300, warehouse="duckdb", profile="flat"),
    at_most("peak MB", 200, warehouse="postgres", profile="flat"),
]
START_UP = [at_most("wall ms", 60, warehouse="duckdb"), at_most("wall ms", 120, warehouse="postgres")]
# Updates into a growing Postgres table, by those into the smallest.
MERGES = [at_most("x first", 1.5)]
NORMALIZE = [at_most("x sync", 1)]
DLT = [
    at_least("x faster", 11, warehouse="duckdb", profile="flat"),
    at_least("x faster", 14, warehouse="duckdb", profile="nested"),
    at_least("x faster", 6, warehouse="postgres", profile="flat"),
    at_least("x faster", 8, warehouse="postgres", profile="nested"),
]


def verdicts(marks: list[Mark], row: Mapping[str, str], figures: Mapping[str, float | None]) -> Iterator[str]:
    """What is said of a row: each of its marks, and whether it is reached."""
    for mark in marks:
        figure = figures.get(mark.figure)
        if figure is not None and mark.row.items() <= row.items():
            yield f"{mark}: {mark.verdict(figure)}"
