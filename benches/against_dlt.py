#!/usr/bin/env python3
"""The release binary beside dlt, a Python library that loads the same records, in turns: `make bench-dlt`.

dlt gets the records as dicts, parsed by its own JSON library, and does what it does unless it is told otherwise: typed tables and
one for each nested array, no raw table. Both are measured from the process's start to its exit; dlt's includes its imports.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import marks
import options
import postgres_cluster
from case import Case, prepare
from duckdb_python import DuckDBPython
from expected_rows import array_tables
from figures import Contestant, Figures, in_turns
from in_duckdb import InDuckDB, new_file
from in_postgres import DATABASE, SCHEMA, InPostgres
from landing import Landing
from markdown_table import MarkdownTable
from postgres_cluster import PORT, SUPERUSER, Cluster
from profiles import PROFILES
from sync import measure

SCRIPT = Path(__file__).with_name("dlt_load.py")
DLT = "dlt"
NUMBERS = {"records": 0, "wall s": 2, "CPU s": 2, "server CPU s": 2, "records/s": 0, "peak MB": 0, "x faster": 1}


class Dlt:
    """A Python interpreter with the package `dlt`."""

    def __init__(self, python: Path) -> None:
        self.python = python
        imports = [python, "-c", "import dlt, psycopg2, duckdb"]
        if not python.exists() or subprocess.run(imports, check=False).returncode != 0:
            sys.exit(f"{python} has no dlt: `make bench-dlt` installs it from PyPI, DLT_PYTHON= names another")

    def load(self, case: Case, warehouse: str, place: str) -> Figures:
        """Loads a case's records into an empty place."""
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as folder:
            run, code = measure(
                [self.python, SCRIPT, case.plain, case.stream, folder, warehouse, place], Path("/dev/null")
            )
        if code != 0:
            sys.exit("dlt failed")
        return Figures(run.wall, run.cpu, run.rss)

    def in_duckdb(self, case: Case, sql: DuckDBPython, folder: Path) -> Figures:
        file = new_file(folder)
        figures = self.load(case, "duckdb", str(file))
        check(case, sql.rows(file, "landed"))
        return figures

    def in_postgres(self, case: Case, cluster: Cluster) -> Figures:
        cluster.clear(SCHEMA)
        # It wants a password and a host; the server trusts everyone who reaches its socket, and that is the second host.
        place = f"postgresql://{SUPERUSER}:-@localhost:{PORT}/{DATABASE}?host={cluster.folder}"
        with cluster.meter() as meter:
            figures = self.load(case, "postgres", place)
        check(case, cluster.rows(SCHEMA))
        return figures._replace(server_cpu=meter.cpu)


def check(case: Case, rows: dict[str, int]) -> None:
    """Ends the program if the stream or an array of objects has not all its rows. Objects are columns to dlt, and its names have
    two `_` between parts.
    """
    expected = case.rows("append")
    for table in [case.stream, *array_tables(case.stream, PROFILES[case.profile].properties)]:
        if {name.replace("__", "_"): count for name, count in rows.items()}.get(table) != expected[table]:
            sys.exit(f"dlt: {rows} rows in the tables, expected {expected[table]} in {table}")


def main() -> None:
    parser = options.parser(__doc__, "binary", "duckdb-python", "warehouses", "records", "runs", "seed", "inputs")
    parser.add_argument("--dlt-python", type=Path, default=Path(".venv/dlt/bin/python"))
    options.add_profiles(parser, ["flat", "nested"])
    arguments = parser.parse_args()
    binary, dlt = arguments.binary, Dlt(arguments.dlt_python.absolute())
    table = MarkdownTable({"warehouse": 9, "profile": 7, "who": 18}, NUMBERS, marks.DLT)

    def compare(warehouse: str, measured_in: InDuckDB | InPostgres, theirs: Callable[[Case], Contestant]) -> None:
        for profile in arguments.profiles:
            for records in arguments.records:
                case = prepare(arguments.inputs, profile, records, arguments.seed)
                landings = [Landing("append", "first", raw) for raw in ["keep", "none"]]
                with measured_in.contestants(case, landings) as every:
                    ours = {f"alluvium, raw {who.raw}": run for who, run in every.items() if isinstance(who, Landing)}
                    measured = in_turns(ours | {DLT: theirs(case)}, arguments.runs)
                for who, run in measured.items():
                    figures = {
                        "records": case.first.records,
                        "wall s": run.wall,
                        "CPU s": run.cpu,
                        "peak MB": run.rss / 1e6,
                    }
                    figures |= {"server CPU s": run.server_cpu, "records/s": case.first.records / run.wall}
                    figures["x faster"] = measured[DLT].wall / run.wall
                    table.row([warehouse, profile, who], figures, who != DLT)

    if "duckdb" in arguments.warehouses:
        sql = DuckDBPython(arguments.duckdb_python.absolute())
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as folder:
            compare("duckdb", InDuckDB(binary, sql, {}), lambda case: partial(dlt.in_duckdb, case, sql, Path(folder)))
    if "postgres" in arguments.warehouses:
        if not (programs := postgres_cluster.programs()):
            sys.exit(f"postgres: {postgres_cluster.MISSING}")
        with postgres_cluster.cluster(programs) as cluster:
            compare("postgres", InPostgres(binary, cluster, {}), lambda case: partial(dlt.in_postgres, case, cluster))


if __name__ == "__main__":
    main()
