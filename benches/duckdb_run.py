"""Runs in the Python that has DuckDB: statements on standard input, in a database file, and what they took as JSON.

    duckdb_run.py FILE          from opening the file to having closed it; Python's own start is not counted
    duckdb_run.py FILE --rows   no statements: how many rows each table of the schema `main` has
"""

import json
import sys
import time

import duckdb


def main() -> None:
    statements = "" if "--rows" in sys.argv else sys.stdin.read()
    wall, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(sys.argv[1]) as connection:
        if statements:
            connection.execute(statements)
        else:
            names = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT temporary ORDER BY 1"
            tables = [name for (name,) in connection.execute(names).fetchall()]
            answer = {name: connection.execute(f'SELECT count(*) FROM main."{name}"').fetchone()[0] for name in tables}
    if statements:
        answer = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
