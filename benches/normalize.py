#!/usr/bin/env python3
"""How fast the release binary types raw tables again, beside the warehouse's own best SQL: `make bench-normalize`.

A sync fills the raw table once. Then `alluvium normalize` takes turns with one SQL statement that makes a typed table of the
same columns from the same raw rows: in DuckDB `from_json` with the types given and `unnest`, on all processors; in Postgres
`INSERT … SELECT (data ->> 'column')::type`. Beside it stands the sync itself. Times are from the process's start to its exit,
peak memory is the binary's. Of the nested profile there is no such statement, only the sync.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import marks
import options
import postgres_cluster
from case import Case, prepare
from expected_rows import raw_table
from markdown_table import MarkdownTable
from postgres_cluster import Cluster
from profiles import PROFILES
from sync import Run, measure, sync

SCHEMA = "landed"
STREAM = PROFILES["flat"].stream
RAW = raw_table(STREAM)
SYSTEM = "_airbyte_ab_id, _airbyte_emitted_at, {now}, _airbyte_ab_id, _airbyte_meta, _airbyte_generation_id"
TYPES = {"string": ("VARCHAR", "text"), "integer": ("BIGINT", "bigint"), "boolean": ("BOOLEAN", "boolean")}
TYPES |= {"number": ("DOUBLE", "numeric"), "date": ("DATE", "date"), "date-time": ("TIMESTAMPTZ", "timestamptz")}


def columns(dialect: int) -> dict[str, str]:
    """The typed columns of the flat profile."""
    properties = PROFILES["flat"].properties
    return {name: TYPES[schema.get("format", schema["type"][1])][dialect] for name, schema in properties.items()}


class Bench(NamedTuple):
    binary: Path
    case: Case
    runs: int
    folder: Path

    def ours(self, config: dict[str, Any]) -> Run:
        files = {"config": config, "catalog": self.case.catalog("append")}
        paths = [self.folder / f"{name}.json" for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_text(json.dumps(content), encoding="utf-8")
        log = self.folder / "log"
        with log.open("wb") as out:
            command = [self.binary, "normalize", "--config", paths[0], "--catalog", paths[1]]
            run, code = measure(command, Path("/dev/null"), out)
        if code != 0:
            sys.exit(log.read_text(encoding="utf-8"))
        return run

    def figures(self, config: dict[str, Any], theirs: Callable[[], Run] | None) -> dict[str, float | None]:
        landed = sync(self.binary, config, self.case.catalog("append"), self.case.first.source, self.case.first.records)
        turns = [(self.ours(config), theirs and theirs()) for _ in range(self.runs)]
        ours = middle([ours for ours, _ in turns])
        other = middle([other for _, other in turns]) if theirs else None
        return {
            "records": self.case.first.records,
            "wall s": ours.wall,
            "CPU s": ours.cpu,
            "records/s": self.case.first.records / ours.wall,
            "peak MB": ours.rss / 1e6,
            "SQL s": other and other.wall,
            "x SQL": other and ours.wall / other.wall,
            "x sync": ours.wall / landed.wall,
        }


def middle(runs: list[Any]) -> Any:
    return sorted(runs)[len(runs) // 2]


def in_duckdb(bench: Bench) -> dict[str, float | None]:
    file = bench.folder / "bench.duckdb"
    types = json.dumps(columns(0)).replace("'", "''")
    typed = f"SELECT unnest(from_json(_airbyte_data, '{types}')), {SYSTEM.format(now='now()')} FROM main.{RAW}"
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"
    # that DuckDB packs the row groups of our tables tighter, once it writes to the file, is not the statement's work
    settings = "SET preserve_insertion_order = false; SET max_vacuum_tasks = 0; CREATE OR REPLACE TABLE main.by_sql"

    def theirs() -> Run:
        command = [sys.executable, "-c", script, file, f"{settings} AS {typed}"]
        run, code = measure(command, Path("/dev/null"))
        if code != 0:
            sys.exit("DuckDB's statement failed")
        return run

    flat = bench.case.profile == "flat"
    figures = bench.figures({"destination_path": str(file)}, theirs if flat else None)
    for part in bench.folder.glob("bench.duckdb*"):
        part.unlink()
    return figures


def in_postgres(cluster: Cluster, bench: Bench) -> dict[str, float | None]:
    typed = ", ".join(f"(_airbyte_data ->> '{name}')::{kind}" for name, kind in columns(1).items())
    statement = f"INSERT INTO {SCHEMA}.by_sql SELECT {typed}, {SYSTEM.format(now='now()')} FROM {SCHEMA}.{RAW};"
    script = bench.folder / "statement.sql"
    script.write_text(statement, encoding="utf-8")

    def theirs() -> Run:
        like = f"CREATE TABLE {SCHEMA}.by_sql (LIKE {SCHEMA}.{STREAM})"
        cluster.sql(f"DROP TABLE IF EXISTS {SCHEMA}.by_sql; {like}; CHECKPOINT")
        run, code = measure(cluster.psql, script)
        if code != 0:
            sys.exit("Postgres's statement failed")
        return run

    cluster.clear(SCHEMA)
    flat = bench.case.profile == "flat"
    return bench.figures(cluster.config(SCHEMA), theirs if flat else None)


def main() -> None:
    parser = options.parser(__doc__, "binary", "warehouses", "records", "runs", "seed", "inputs")
    options.add_profiles(parser, ["flat", "nested"])
    parser.set_defaults(records=[1_000_000])
    arguments = parser.parse_args()
    texts = {"warehouse": 9, "profile": 7}
    numbers = {"records": 0, "wall s": 2, "CPU s": 2, "records/s": 0, "peak MB": 0, "SQL s": 2, "x SQL": 2, "x sync": 2}
    table = MarkdownTable(texts, numbers, marks.NORMALIZE)
    for warehouse in arguments.warehouses:
        for profile in arguments.profiles:
            for records in arguments.records:
                case = prepare(arguments.inputs, profile, records, arguments.seed)
                with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
                    bench = Bench(arguments.binary, case, arguments.runs, Path(name))
                    if warehouse == "duckdb":
                        figures = in_duckdb(bench)
                    elif programs := postgres_cluster.programs():
                        with postgres_cluster.cluster(programs) as cluster:
                            figures = in_postgres(cluster, bench)
                    else:
                        sys.exit(f"postgres: {postgres_cluster.MISSING}")
                    table.row([warehouse, profile], figures)


if __name__ == "__main__":
    main()
