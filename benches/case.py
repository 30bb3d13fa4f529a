"""What is landed, and how: messages, made once and kept, with the rows that they have to become."""

import sys
from multiprocessing import Process
from pathlib import Path
from typing import Any, NamedTuple

import expected_rows
import workload


class Case(NamedTuple):
    profile: str
    mode: str
    records: int
    source: Path
    expected: Path

    @property
    def megabytes(self) -> float:
        return self.source.stat().st_size / 1e6

    def catalog(self) -> dict[str, Any]:
        return workload.catalog(self.profile, self.mode)

    def check(self, rows: dict[str, int]) -> None:
        """Ends the program if these are not the tables, and how many rows they should have."""
        if rows != (expected := expected_rows.read(self.expected, self.mode)):
            sys.exit(f"{self.profile} {self.mode}: {rows} rows in the tables, expected {expected}")


def prepare(inputs: Path, profile: str, mode: str, records: int, seed: int) -> Case:
    """Writes a case's messages, unless they are there."""
    source = inputs / f"{profile}-{records}-{seed}.jsonl"
    expected = source.with_suffix(".rows.json")
    for target, *arguments in [
        (workload.write, source, profile, records, seed),
        (expected_rows.write, expected, profile, source),
    ]:
        # The memory that it takes must not be ours: see `sync.measure`.
        process = Process(target=target, args=arguments)
        process.start()
        process.join()
        if process.exitcode != 0:
            sys.exit(f"{source} could not be prepared")
    return Case(profile, mode, records, source, expected)
