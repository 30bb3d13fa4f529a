"""DuckDB's own SQL, in a Python that has it: not ours, whose memory has to stay small (see `sync.measure`)."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from sync import Run, measure

SCRIPT = Path(__file__).with_name("duckdb_run.py")


class DuckDBPython:
    """A Python interpreter with the package `duckdb`."""

    def __init__(self, python: Path) -> None:
        self.python = python
        if not python.exists() or subprocess.run([python, "-c", "import duckdb"], check=False).returncode != 0:
            sys.exit(
                f"{python} has no package duckdb: `make bench` installs it from PyPI, DUCKDB_PYTHON= names another"
            )

    def run(self, file: Path, statements: str) -> Run:
        """What statements take, from opening a file to having closed it."""
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
            script, answer = Path(name) / "statements.sql", Path(name) / "answer.json"
            script.write_text(statements, encoding="utf-8")
            with answer.open("wb") as stdout:
                process, code = measure([self.python, SCRIPT, file], script, stdout)
            if code != 0:
                sys.exit(f"DuckDB's statements failed: {statements[:400]}")
            took = json.loads(answer.read_text(encoding="utf-8"))
        return process._replace(wall=took["wall"], cpu=took["cpu"])

    def rows(self, file: Path, schema: str = "main") -> dict[str, int]:
        """How many rows each table of a schema has."""
        answer = subprocess.run([self.python, SCRIPT, file, schema], stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(answer.stdout)
