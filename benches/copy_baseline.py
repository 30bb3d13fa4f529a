r"""What Postgres itself needs for the rows of a sync: psql's `\copy` of ready-made CSV files, in one connection, one
table after the other, into empty tables without indexes.
"""

import sys

from expected_rows import is_raw
from figures import Figures
from postgres_cluster import Cluster
from sync import measure

SCHEMA = "copied"
# Empty tables to be made like: those of the sync do not stay.
TEMPLATE = "template_of_copies"


class CopyBaseline:
    """The tables of a schema that a sync has filled, as files to be copied into tables like them."""

    def __init__(self, cluster: Cluster, filled: str) -> None:
        self.cluster = cluster
        self.filled = filled
        self.rows = cluster.rows(filled)
        self.files = {table: cluster.files / f"{table}.csv" for table in self.rows}
        for table, file in self.files.items():
            cluster.sql(f"\\copy {filled}.\"{table}\" TO '{file}' (FORMAT csv)\n")
        cluster.sql(f"CREATE SCHEMA {TEMPLATE}; {self.create(TEMPLATE, filled)}")

    def __enter__(self) -> "CopyBaseline":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files.values():
            file.unlink()
        self.cluster.clear(SCHEMA, TEMPLATE)

    def create(self, schema: str, like: str) -> str:
        """Statements that make the tables, empty."""
        return "".join(f'CREATE TABLE {schema}."{table}" (LIKE {like}."{table}");' for table in self.rows)

    def measure(self, raw: bool) -> Figures:
        """Copies everything once, with the raw table in front or without it. What it took psql and the server."""
        # What a sync left counts as stored.
        self.cluster.clear(SCHEMA, self.filled)
        self.cluster.sql(f"CREATE SCHEMA {SCHEMA}; {self.create(SCHEMA, TEMPLATE)}")
        expected = {table: rows if raw or not is_raw(table) else 0 for table, rows in self.rows.items()}
        tables = sorted((table for table, rows in expected.items() if rows), key=lambda table: not is_raw(table))
        script = self.cluster.files / "copy.sql"
        copies = [f"\\copy {SCHEMA}.\"{table}\" FROM '{self.files[table]}' (FORMAT csv)\n" for table in tables]
        script.write_text("".join(copies), encoding="utf-8")
        with self.cluster.meter() as meter:
            run, code = measure(self.cluster.psql, script)
        if code != 0 or self.cluster.rows(SCHEMA) != expected:
            sys.exit("the copied tables are not those that the sync made")
        stored = self.cluster.size()
        self.cluster.clear(SCHEMA)
        return Figures(run.wall, run.cpu, run.rss, meter.cpu, meter.wal + max(0, meter.growth), stored)
