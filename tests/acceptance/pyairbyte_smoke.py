"""Runs PyAirbyte's smoke test for destinations on the binary, as PyAirbyte runs any connector.

Usage: pyairbyte_smoke.py BINARY
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import airbyte as ab
import duckdb
import psycopg
import throwaway_postgres
from airbyte._util.destination_smoke_tests import PREFLIGHT_STREAM_NAME, run_destination_smoke_test
from airbyte.cli.smoke_test_source._scenarios import PREDEFINED_SCENARIOS, get_scenario_records
from airbyte.shared.sql_processor import SqlProcessorBase
from sqlalchemy import text


def execute_and_buffer(self: SqlProcessorBase, sql: Any) -> Any:
    """What `_execute_sql` does, with the rows fetched while the connection is open.

    PyAirbyte 0.71.3 hands out the result after it gave the connection back; DuckDB's rows are gone by then.
    """
    with self.get_sql_connection() as connection:
        result = connection.execute(text(sql) if isinstance(sql, str) else sql)
        return result.freeze()() if result.returns_rows else result


def rows_expected() -> dict[str, int]:
    """Rows of each scenario's table: records, or keys where there is one, which PyAirbyte then deduplicates by."""
    expected = {}
    for scenario in PREDEFINED_SCENARIOS:
        records = get_scenario_records(scenario)
        key = scenario.get("primary_key")
        expected[scenario["name"]] = len({record[key[0][0]] for record in records}) if key else len(records)
    return expected


def main() -> None:
    binary = Path(sys.argv[1]).absolute()
    SqlProcessorBase._execute_sql = execute_and_buffer
    with tempfile.TemporaryDirectory(prefix="alluvium-pyairbyte-") as directory:
        database = Path(directory) / "smoke.duckdb"

        def query_duckdb(sql: str) -> list[tuple]:
            # PyAirbyte still has the file open, with settings of its own that a second connection would have to share
            copy = shutil.copy(database, Path(directory) / "copy.duckdb")
            with duckdb.connect(str(copy), read_only=True) as connection:
                return connection.execute(sql).fetchall()

        smoke(binary, "destination-duckdb", {"destination_path": str(database), "schema": "main"}, query_duckdb)

    with throwaway_postgres.server() as place:

        def query_postgres(sql: str) -> list[tuple]:
            names = {"dbname": place["database"], "user": place["username"]}
            rest = {key: place[key] for key in ("host", "port", "password")}
            with psycopg.connect(**names, **rest) as connection:
                return connection.execute(sql).fetchall()

        shape = {"schema": "public", "ssl_mode": {"mode": "prefer"}, "tunnel_method": {"tunnel_method": "NO_TUNNEL"}}
        smoke(binary, "destination-postgres", place | shape, query_postgres)


def smoke(binary: Path, name: str, config: dict[str, Any], query: Callable[[str], list[tuple]]) -> None:
    """PyAirbyte's smoke test of the binary as this destination, and a look at the tables it has left."""
    destination = ab.get_destination(name, config=config, local_executable=str(binary))
    destination.validate_config()
    destination.check()

    result = run_destination_smoke_test(destination=destination, scenarios="all")
    report = result.model_dump(include={"success", "error", "warnings", "tables_not_found", "preflight_passed"})
    if not result.success or result.warnings or result.tables_not_found:
        sys.exit(f"PyAirbyte's smoke test of {name}: {report}")

    expected = rows_expected()
    found = {stream: table.row_count for stream, table in (result.table_statistics or {}).items()}
    if found != expected:
        differing = {
            stream: (count, found.get(stream)) for stream, count in expected.items() if found.get(stream) != count
        }
        sys.exit(f"{name}: rows of PyAirbyte's streams (expected, found): {differing}")

    third = query(f"SELECT updated_value FROM {result.namespace}.duplicate_primary_keys WHERE id = 1")
    preflight = query(f'SELECT count(*) FROM {result.namespace}."{PREFLIGHT_STREAM_NAME}"')
    if third != [("third",)] or preflight != [(3,)]:
        sys.exit(f"{name}: expected the last record of a key and three preflight rows, found {third} and {preflight}")
    print(f"PyAirbyte's smoke test, {name}: {len(found)} streams, {result.records_delivered} records, every table found")


if __name__ == "__main__":
    main()
