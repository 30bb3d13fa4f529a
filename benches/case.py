"""What is landed: a stream's messages, made once and kept, with the rows that they have to become."""

import sys
from multiprocessing import Process
from pathlib import Path
from typing import Any, NamedTuple

import expected_rows
import workload
from profiles import PROFILES

# The later sync's share of the first one's records.
LATER_SHARE = 0.2


class Part(NamedTuple):
    """What one sync brings."""

    name: str
    records: int
    source: Path

    @property
    def megabytes(self) -> float:
        return self.source.stat().st_size / 1e6


class Case(NamedTuple):
    profile: str
    # A first sync, and one that comes later: it adds records and updates some.
    first: Part
    later: Part
    # The first part's records without messages around them.
    plain: Path
    expected: Path

    @property
    def stream(self) -> str:
        return PROFILES[self.profile].stream

    def catalog(self, mode: str) -> dict[str, Any]:
        return workload.catalog(self.profile, mode)

    def rows(self, mode: str, part: str = "first", raw: bool = True) -> dict[str, int]:
        """The tables, and how many rows they should have after syncs up to a part."""
        return expected_rows.read(self.expected, mode, part, raw)

    def check(self, rows: dict[str, int], mode: str, part: str = "first", raw: bool = True) -> None:
        """Ends the program if these are not the tables and rows that should be there."""
        if rows != (expected := self.rows(mode, part, raw)):
            sys.exit(f"{self.profile} {mode} {part}: {rows} rows in the tables, expected {expected}")


def prepare(inputs: Path, profile: str, records: int, seed: int) -> Case:
    """Writes a case's messages, unless they are there. Of `records` a profile has its share."""
    records = max(1, round(records * PROFILES[profile].share))
    name = f"{profile}-{records}-{seed}"
    first = Part("first", records, inputs / f"{name}.jsonl")
    later = Part("later", max(1, round(records * LATER_SHARE)), inputs / f"{name}-later.jsonl")
    plain, expected = inputs / f"{name}.ndjson", inputs / f"{name}.rows.json"
    for target, *arguments in [
        (workload.write, profile, records, seed, first.source, plain, later.source, later.records),
        (expected_rows.write, expected, profile, [(part.name, part.source) for part in (first, later)]),
    ]:
        # The memory that it takes must not be ours: see `sync.measure`.
        process = Process(target=target, args=arguments)
        process.start()
        process.join()
        if process.exitcode != 0:
            sys.exit(f"{first.source} could not be prepared")
    return Case(profile, first, later, plain, expected)
