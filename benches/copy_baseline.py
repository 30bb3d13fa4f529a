r"""What Postgres itself needs for the rows of a sync: psql's `\copy` of ready-made CSV files, in one connection, one
table after the other, into empty tables without indexes.
"""

import sys

from postgres_cluster import Cluster
from sync import Run, measure

SCHEMA = "copied"
# Empty tables to be made like: those of the sync do not stay.
TEMPLATE = "template_of_copies"


class CopyBaseline:
    """The tables of a schema that a sync has filled, as files to be copied into tables like them."""

    def __init__(self, cluster: Cluster, filled: str) -> None:
        self.cluster = cluster
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

    def measure(self) -> tuple[Run, float | None]:
        """Copies everything once. What it took psql, and the server's CPU seconds."""
        self.cluster.clear(SCHEMA)
        self.cluster.sql(f"CREATE SCHEMA {SCHEMA}; {self.create(SCHEMA, TEMPLATE)}")
        script = self.cluster.files / "copy.sql"
        copies = [f"\\copy {SCHEMA}.\"{table}\" FROM '{file}' (FORMAT csv)\n" for table, file in self.files.items()]
        script.write_text("".join(copies), encoding="utf-8")
        with self.cluster.meter() as meter:
            run, code = measure(self.cluster.psql, script)
        if code != 0 or self.cluster.rows(SCHEMA) != self.rows:
            sys.exit("the copied tables are not those that the sync made")
        self.cluster.clear(SCHEMA)
        return run, meter.cpu
