#!/usr/bin/env python3
"""How fast the release binary lands streams, and how much memory it takes: `make bench`.

Each run is one `alluvium write` into new tables, with the messages as its standard input: from the process's start to
its exit, raw and typed. The table shows the run of median wall time. A run that does not acknowledge every record
fails, and on Postgres one whose tables have not as many rows as they should: what loses records is not fast.

On Postgres every append takes turns with psql's `\\copy` of the same rows, ready-made, into the same tables: `x \\copy`
is our median time by its median. Peak memory is the binary's alone.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import postgres_cluster
import workload
from case import Case, prepare
from copy_baseline import CopyBaseline
from markdown_table import MarkdownTable
from postgres_cluster import Cluster
from sync import Run, sync

SCHEMA = "landed"
Sync = Callable[[dict[str, Any]], Run]


class Figures(NamedTuple):
    """A case's runs, medians."""

    run: Run
    server_cpu: float | None = None
    copy: Run | None = None
    copy_server_cpu: float | None = None


def in_duckdb(land: Sync, _: Case, runs: int) -> Figures:
    """Each time a new file."""

    def measure() -> Run:
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as directory:
            return land({"destination_path": str(Path(directory) / "bench.duckdb")})

    return Figures(middle([measure() for _ in range(runs)]))


def in_postgres(cluster: Cluster, land: Sync, case: Case, runs: int) -> Figures:
    """Each time new tables, in one cluster."""

    def measure() -> tuple[Run, float | None]:
        cluster.clear(SCHEMA)
        with cluster.meter() as meter:
            run = land(cluster.config(SCHEMA))
        case.check(cluster.rows(SCHEMA))
        return run, meter.cpu

    if case.mode != "append":
        run, server_cpu = middle([measure() for _ in range(runs)])
        return Figures(run, server_cpu)
    measure()
    ours, copies = [], []
    with CopyBaseline(cluster, SCHEMA) as baseline:
        # In turns: what else the machine does meets both.
        for _ in range(runs):
            ours.append(measure())
            cluster.clear(SCHEMA)
            copies.append(baseline.measure())
    return Figures(*middle(ours), *middle(copies))


def middle(runs: list[Any]) -> Any:
    return sorted(runs)[len(runs) // 2]


@contextmanager
def warehouses(names: list[str]) -> Iterator[dict[str, Callable[[Sync, Case, int], Figures]]]:
    """Where to land; Postgres only where its programs are."""
    measures: dict[str, Callable[[Sync, Case, int], Figures]] = {}
    if "duckdb" in names:
        measures["duckdb"] = in_duckdb
    if "postgres" not in names:
        yield measures
    elif programs := postgres_cluster.programs():
        with postgres_cluster.cluster(programs) as cluster:
            yield measures | {"postgres": partial(in_postgres, cluster)}
    else:
        print(f"postgres: left out, {postgres_cluster.MISSING}", file=sys.stderr)
        yield measures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=Path("target/release/alluvium"))
    parser.add_argument("--warehouses", nargs="+", choices=["duckdb", "postgres"], default=["duckdb", "postgres"])
    parser.add_argument("--records", type=int, nargs="+", default=[200_000], help="records per run (wide: a tenth)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profiles", nargs="+", choices=workload.PROFILES, default=list(workload.PROFILES))
    modes = ["append", "overwrite", "append_dedup"]
    parser.add_argument("--modes", nargs="+", choices=modes, default=modes)
    parser.add_argument("--config", type=json.loads, default={}, help="JSON merged into the destination config")
    parser.add_argument("--inputs", type=Path, default=Path("target/bench"), help="where generated messages are kept")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    texts = {"warehouse": 9, "profile": 7, "mode": 12}
    numbers = {"records": 0, "MB": 1, "wall s": 2, "CPU s": 2, "server CPU s": 2}
    numbers |= {"records/s": 0, "MB/s": 1, "peak MB": 0}
    of_copy = {"\\copy s": 2, "its CPU s": 2, "its server CPU s": 2, "x \\copy": 2}
    sizes = [(profile, records) for profile in arguments.profiles for records in arguments.records]
    with warehouses(arguments.warehouses) as measures:
        table = MarkdownTable(texts, numbers | (of_copy if "postgres" in measures else {}))
        for warehouse, measure in measures.items():
            for profile, records in sizes:
                records = max(1, records // 10) if profile == "wide" else records
                for mode in arguments.modes:
                    case = prepare(arguments.inputs, profile, mode, records, arguments.seed)

                    def land(config: dict[str, Any], case: Case = case) -> Run:
                        config = config | arguments.config
                        return sync(arguments.binary.absolute(), config, case.catalog(), case.source, case.records)

                    table.row([warehouse, profile, mode], figures_of(case, measure(land, case, arguments.runs)))


def figures_of(case: Case, figures: Figures) -> dict[str, float | None]:
    """A row's numbers by their title."""
    run, copy = figures.run, figures.copy
    return {
        "records": case.records,
        "MB": case.megabytes,
        "wall s": run.wall,
        "CPU s": run.cpu,
        "server CPU s": figures.server_cpu,
        "records/s": case.records / run.wall,
        "MB/s": case.megabytes / run.wall,
        "peak MB": run.rss / 1e6,
        "\\copy s": copy and copy.wall,
        "its CPU s": copy and copy.cpu,
        "its server CPU s": figures.copy_server_cpu,
        "x \\copy": copy and run.wall / copy.wall,
    }


if __name__ == "__main__":
    main()
