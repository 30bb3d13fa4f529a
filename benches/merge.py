#!/usr/bin/env python3
"""Whether what a merge costs follows the batch or the table: `make bench-merge`.

A Postgres table of flat records grows to each of some sizes, loaded by the binary itself in append_dedup. At each size
come whole syncs of the same number of updates: other records of keys that are there, spread evenly over all of them.
The table shows the sync of median wall time, and as `x first` that time by the one at the smallest size. Every sync
begins at a checkpoint, on tables that are vacuumed and analyzed once loaded.

Evenly spread rows are on ever more pages, and Postgres writes each page ahead in full when it first changes after a
checkpoint. So even a plain UPDATE of as many rows, which takes turns with the syncs, costs more in a larger table.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import marks
import options
import postgres_cluster
import workload
from markdown_table import MarkdownTable
from postgres_cluster import Cluster, Meter
from profiles import PROFILES
from profiles.profile import BEGINNING
from sync import Run, sync
from workload import Source

PROFILE = "flat"
STREAM = PROFILES[PROFILE].stream
SCHEMA = "landed"
COLUMNS = {"rows": 0, "load s": 1, "loaded/s": 0, "database GB": 2, "updates": 0, "wall s": 2, "CPU s": 2}
COLUMNS |= {"server CPU s": 2, "WAL MB": 0, "updates/s": 0, "peak MB": 0, "x first": 2, "UPDATE s": 2, "its x first": 2}


class GrowingTable:
    """A stream whose source has made some records so far, each later than those before, and its table."""

    def __init__(self, cluster: Cluster, binary: Path, seed: int) -> None:
        self.cluster = cluster
        self.binary = binary
        self.random = Random(f"merge {seed}")
        self.source = Source(PROFILE, seed)
        self.rows = 0

    def messages(self, keys: Sequence[int]) -> Iterator[str]:
        """The next records of the source, one of each key."""
        return self.source.messages(self.source.bodies_of(keys))

    def land(self, messages: Path | Iterator[str], records: int) -> Run:
        catalog = workload.catalog(PROFILE, "append_dedup")
        return sync(self.binary, self.cluster.config(SCHEMA), catalog, messages, records)

    def grow(self, size: int) -> Run:
        """Lands new keys until there are so many."""
        keys = range(self.rows, size)
        run = self.land(self.messages(keys), len(keys))
        self.rows = size
        self.check("TRUE", size)
        self.cluster.sql("VACUUM ANALYZE")
        return run

    def update(self, updates: int) -> tuple[Run, Meter]:
        """Lands newer records of keys that are there, and sees that each has taken the place of the older one."""
        messages = self.cluster.files / "updates.jsonl"
        first = self.source.made
        with messages.open("w", encoding="utf-8") as file:
            file.writelines(self.messages(self.random.sample(range(self.rows), updates)))
        with self.cluster.meter() as meter:
            run = self.land(messages, updates)
        self.check("TRUE", self.rows)
        self.check(f"updated_at >= '{BEGINNING + timedelta(seconds=first)}'", updates)
        return run, meter

    def plain_update(self, updates: int, seed: int) -> float:
        """Seconds that one UPDATE of as many rows takes, spread as evenly and found by the same index."""
        table = f'{SCHEMA}."{STREAM}"'
        now = "SELECT extract(epoch FROM clock_timestamp());"
        before, after = self.cluster.sql(f"""
            CREATE TEMPORARY TABLE batch AS
                SELECT _airbyte_unique_key, description FROM {table} ORDER BY hashint8extended(id, {seed}) LIMIT {updates};
            ANALYZE batch;
            SET enable_hashjoin = off; SET enable_mergejoin = off;
            CHECKPOINT;
            {now}
            UPDATE {table} AS row SET description = batch.description FROM batch
                WHERE row._airbyte_unique_key = batch._airbyte_unique_key;
            {now}
        """)
        return float(after) - float(before)

    def check(self, condition: str, rows: int) -> None:
        """Ends the program if not so many rows meet a condition."""
        found = int(self.cluster.sql(f'SELECT count(*) FROM {SCHEMA}."{STREAM}" WHERE {condition}')[0])
        if found != rows:
            sys.exit(f"{found} rows where {condition}, expected {rows}")


def main() -> None:
    parser = options.parser(__doc__, "binary", "runs", "seed")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 5_000_000, 10_000_000], help="rows")
    parser.add_argument("--updates", type=int, default=100_000, help="records of each sync that is measured")
    arguments = parser.parse_args()
    if not (programs := postgres_cluster.programs()):
        sys.exit(f"postgres: {postgres_cluster.MISSING}")
    if (smallest := min(arguments.sizes)) < arguments.updates:
        parser.error(f"{smallest} rows have no {arguments.updates} keys to update")

    with postgres_cluster.cluster(programs) as cluster:
        table = MarkdownTable({}, COLUMNS, marks.MERGES)
        growing = GrowingTable(cluster, arguments.binary, arguments.seed)
        first = None
        for size in sorted(set(arguments.sizes)):
            new = size - growing.rows
            load = growing.grow(size)
            gigabytes = int(cluster.sql("SELECT pg_database_size(current_database())")[0]) / 1e9
            syncs, plain = [], []
            for number in range(arguments.runs):
                syncs.append(growing.update(arguments.updates))
                plain.append(growing.plain_update(arguments.updates, number))
            run, meter = sorted(syncs, key=lambda sync: sync[0])[len(syncs) // 2]
            update = sorted(plain)[len(plain) // 2]
            first = first or (run.wall, update)
            figures = {"rows": size, "load s": load.wall, "loaded/s": new / load.wall, "database GB": gigabytes}
            figures |= {"updates": arguments.updates, "wall s": run.wall, "CPU s": run.cpu, "server CPU s": meter.cpu}
            figures |= {"WAL MB": meter.wal / 1e6, "updates/s": arguments.updates / run.wall, "peak MB": run.rss / 1e6}
            figures |= {"x first": run.wall / first[0], "UPDATE s": update, "its x first": update / first[1]}
            table.row([], figures)


if __name__ == "__main__":
    main()
