"""Runs in the Python that has DuckDB: statements on standard input, in a database file, and what they took as JSON.

duckdb_run.py FILE          from opening the file to having closed it; Python's own start is not counted
duckdb_run.py FILE SCHEMA   no statements: how many rows each table of a schema has
"""

import json
import sys
import time

import duckdb


def main() -> None:
    file, *schemas = sys.argv[1:]
    print(json.dumps(rows(file, *schemas) if schemas else run(file, sys.stdin.read())))


def run(file: str, statements: str) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(file) as connection:
        connection.execute(statements)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def rows(file: str, schema: str) -> dict[str, int]:
    with duckdb.connect(file, read_only=True) as connection:
        names = "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND NOT temporary ORDER BY 1"
        tables = [name for (name,) in connection.execute(names, [schema]).fetchall()]
        return {name: connection.execute(f'SELECT count(*) FROM {schema}."{name}"').fetchone()[0] for name in tables}


if __name__ == "__main__":
    main()
