#!/usr/bin/env python3
"""How fast the release binary lands streams, and how much memory it takes, beside what the machine allows: `make bench`.

Each run is one `alluvium write` with the messages as its standard input, from the process's start to its exit. A run that
does not acknowledge every record, or whose tables have not as many rows as they should, ends the program: what loses records
is not fast.

All syncs of a profile and size into a warehouse, and the limits beside them, take turns. A row shows the run of median wall
time, `x …` the ratio of two such times. docs/benchmarks.md tells what each column means and how the limits are measured.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import marks
import options
import postgres_cluster
import start_up
from case import Case, prepare
from duckdb_python import DuckDBPython
from figures import Figures, in_turns
from in_duckdb import READ_JSON, SQL, InDuckDB
from in_postgres import COPY, InPostgres
from json_parse import PARSE, parse
from landing import MODES, Landing, landings
from markdown_table import MarkdownTable
from profiles import PROFILES

TEXTS = {"warehouse": 9, "profile": 7, "raw": 4, "mode": 24, "sync": 5}
NUMBERS = {"records": 0, "MB": 1, "wall s": 2, "CPU s": 2, "server CPU s": 2, "records/s": 0, "MB/s": 0, "peak MB": 0}
NUMBERS |= {"written MB": 0, "stored MB": 0, "x serde": 2, "x read_json": 2, "x SQL": 2, "x copy": 2, "x append": 2}
Measured = dict[Landing | str, Figures]


def main() -> None:
    arguments = read_arguments()
    sizes = [(profile, records) for profile in arguments.profiles for records in arguments.records]
    every = landings(arguments.modes, arguments.raws)
    peaks: dict[tuple[str, ...], dict[int, float]] = {}
    with warehouses(arguments) as measured_in:
        table = MarkdownTable(TEXTS, NUMBERS, marks.SYNCS)
        for profile, records in sizes:
            case = prepare(arguments.inputs, profile, records, arguments.seed)
            for name, warehouse in measured_in.items():
                with warehouse.contestants(case, every) as contestants:
                    # First of all: it reads what all others read.
                    parsing = {PARSE: partial(parse, arguments.parse.absolute(), case)}
                    measured = in_turns(parsing | contestants, arguments.runs)
                for who, figures in measured.items():
                    texts, numbers = row(name, case, who, figures, measured)
                    table.row(texts, numbers, isinstance(who, Landing))
                    if isinstance(who, Landing):
                        peaks.setdefault(tuple(texts), {})[records] = figures.rss / 1e6
        if len(arguments.records) > 1:
            memory(peaks, arguments.records)
        start_up.table(arguments.binary, measured_in, arguments.start_up_runs)


def row(
    warehouse: str, case: Case, who: Landing | str, run: Figures, measured: Measured
) -> tuple[list[str], dict[str, float | None]]:
    """A row's texts, and its numbers by their titles."""

    def times(other: Landing | str | None) -> float | None:
        return run.wall / measured[other].wall if other in measured and other != who else None

    first = isinstance(who, str) or who.part == "first"
    part = case.first if first else case.later
    texts = [warehouse, case.profile, "", f"limit: {who}", ""]
    numbers = {
        "records": part.records,
        "MB": part.megabytes,
        "wall s": run.wall,
        "CPU s": run.cpu,
        "server CPU s": run.server_cpu,
        "records/s": part.records / run.wall,
        "MB/s": part.megabytes / run.wall,
        "peak MB": run.rss / 1e6,
        "written MB": None if run.written is None else run.written / 1e6,
        "stored MB": None if run.stored is None else run.stored / 1e6,
    }
    if isinstance(who, Landing):
        texts = [warehouse, case.profile, who.raw, who.mode, who.part]
        numbers["x append"] = times(Landing("append", who.part, who.raw))
        if first:
            numbers |= {"x serde": times(PARSE), "x read_json": times(READ_JSON), "x copy": times(COPY[who.raw])}
            numbers["x SQL"] = times(SQL) if who.raw == "keep" else None
    return texts, numbers


def memory(peaks: dict[tuple[str, ...], dict[int, float]], sizes: list[int]) -> None:
    """Whether memory grows with the records: the most of each sync, by size."""
    print("\nPeak MB by records (nested: half of them, wide: a tenth)\n")
    table = MarkdownTable(TEXTS, {f"{size:,}": 0 for size in sizes})
    for texts, by_size in peaks.items():
        table.row(list(texts), {f"{size:,}": peak for size, peak in by_size.items()})


@contextmanager
def warehouses(arguments: argparse.Namespace) -> Iterator[dict[str, InDuckDB | InPostgres]]:
    """Where to land; Postgres only where its programs are."""
    binary = arguments.binary
    found: dict[str, InDuckDB | InPostgres] = {}
    if "duckdb" in arguments.warehouses:
        found["duckdb"] = InDuckDB(binary, DuckDBPython(arguments.duckdb_python.absolute()), arguments.config)
    if "postgres" not in arguments.warehouses:
        yield found
    elif programs := postgres_cluster.programs():
        with postgres_cluster.cluster(programs) as cluster:
            yield found | {"postgres": InPostgres(binary, cluster, arguments.config)}
    else:
        print(f"postgres: left out, {postgres_cluster.MISSING}", file=sys.stderr)
        yield found


def read_arguments() -> argparse.Namespace:
    parser = options.parser(__doc__, "binary", "duckdb-python", "warehouses", "records", "runs", "seed", "raws", "inputs")
    parser.add_argument("--parse", type=Path, default=Path("target/release/examples/parse"), help="serde_json's part")
    parser.add_argument("--start-up-runs", type=int, default=20)
    options.add_profiles(parser, list(PROFILES))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--config", type=json.loads, default={}, help="JSON merged into the destination config")
    return parser.parse_args()


if __name__ == "__main__":
    main()
