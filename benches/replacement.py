#!/usr/bin/env python3
"""What replacing a table costs, and those who read it meanwhile: `make bench-replace`.

Postgres tables of flat records are made by a sync in overwrite mode, then replaced by others with as many records,
while somebody reads one row again and again. The table shows the replacement of median wall time. `longest read` is how
long its unluckiest reader waited: what the last step, in which the new tables take the old ones' place, costs readers.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import options
import postgres_cluster
from case import Case, prepare
from markdown_table import MarkdownTable
from postgres_cluster import Cluster
from sync import Run, sync

PROFILE = "flat"
SCHEMA = "landed"
PAUSE = 0.002
COLUMNS = {"records": 0, "MB": 1, "first sync s": 2, "replacement s": 2, "CPU s": 2, "records/s": 0}
COLUMNS |= {"peak MB": 0, "reads": 0, "median read ms": 2, "longest read ms": 1}


class Reader(threading.Thread):
    """Reads one row of a table again and again until it is told to stop, and notes how long each time took."""

    def __init__(self, cluster: Cluster, table: str) -> None:
        super().__init__(daemon=True)
        self.query = f"SELECT count(*) FROM (SELECT FROM {table} LIMIT 1) AS row;\n"
        self.psql = subprocess.Popen(cluster.psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.seconds: list[float] = []
        self.is_stopped = threading.Event()

    def run(self) -> None:
        while not self.is_stopped.wait(PAUSE):
            beginning = time.perf_counter()
            self.psql.stdin.write(self.query)
            if self.psql.stdout.readline() != "1\n":
                return
            self.seconds.append(time.perf_counter() - beginning)

    def stop(self) -> list[float]:
        """What each read took. The table was there all the time, or the program ends."""
        self.is_stopped.set()
        self.join()
        self.psql.communicate()
        if self.psql.returncode != 0 or not self.seconds:
            sys.exit("a reader did not find the table's rows")
        return self.seconds


class Replacement(NamedTuple):
    run: Run
    reads: list[float]


def replace(cluster: Cluster, binary: Path, case: Case, runs: int) -> tuple[Run, list[Replacement]]:
    """The sync that makes the tables, and those that replace them."""

    def land() -> Run:
        cluster.sql("CHECKPOINT")
        return sync(binary, cluster.config(SCHEMA), case.catalog("overwrite"), case.first.source, case.first.records)

    def replacement() -> Replacement:
        reader = Reader(cluster, f'{SCHEMA}."{case.stream}"')
        reader.start()
        run = land()
        reads = reader.stop()
        case.check(cluster.rows(SCHEMA), "overwrite")
        return Replacement(run, reads)

    cluster.clear(SCHEMA)
    first = land()
    return first, sorted(replacement() for _ in range(runs))


def main() -> None:
    parser = options.parser(__doc__, "binary", "records", "runs", "seed", "inputs")
    arguments = parser.parse_args()
    if not (programs := postgres_cluster.programs()):
        sys.exit(f"postgres: {postgres_cluster.MISSING}")

    with postgres_cluster.cluster(programs) as cluster:
        table = MarkdownTable({}, COLUMNS)
        for records in arguments.records:
            case = prepare(arguments.inputs, PROFILE, records, arguments.seed)
            first, replacements = replace(cluster, arguments.binary, case, arguments.runs)
            run, reads = replacements[len(replacements) // 2]
            figures = {
                "records": records,
                "MB": case.first.megabytes,
                "first sync s": first.wall,
                "replacement s": run.wall,
            }
            figures |= {"CPU s": run.cpu, "records/s": records / run.wall}
            figures |= {"peak MB": run.rss / 1e6, "reads": len(reads), "median read ms": median(reads) * 1e3}
            table.row([], figures | {"longest read ms": max(reads) * 1e3})


if __name__ == "__main__":
    main()
