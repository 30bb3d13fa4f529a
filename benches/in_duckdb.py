"""What is measured in DuckDB files: syncs, and DuckDB's own SQL for the same records."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb_limits
from case import Case
from duckdb_python import DuckDBPython
from figures import Contestant, Figures
from landing import Landing
from sync import Run

READ_JSON = "read_json"
SQL = "SQL"


class InDuckDB:
    """Each time a new file, or a copy of one that was filled before."""

    def __init__(self, binary: Path, python: DuckDBPython, config: dict[str, Any]) -> None:
        self.binary = binary
        self.python = python
        self.config = config

    @contextmanager
    def contestants(self, case: Case, landings: list[Landing]) -> Iterator[dict[Landing | str, Contestant]]:
        """Who takes turns: the syncs, and the limits of first ones."""
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
            folder = Path(name)
            contestants: dict[Landing | str, Contestant] = {}
            for landing in landings:
                contestants[landing] = partial(self.land, case, landing, folder, self.filled(case, landing, folder))
            if any(landing.part == "first" for landing in landings):
                contestants[READ_JSON] = partial(self.read_json, case, folder)
                contestants[SQL] = partial(self.sql, case, folder)
            yield contestants

    def filled(self, case: Case, landing: Landing, folder: Path) -> Path | None:
        """For a later sync, the file that it finds."""
        if landing.part == "first":
            return None
        file = folder / f"{landing.mode}-{landing.raw}.duckdb"
        landing.land(self.binary, case, self.config_of(file), "first")
        landing._replace(part="first").check(case, self.python.rows(file))
        return file

    def config_of(self, file: Path) -> dict[str, Any]:
        return {"destination_path": str(file)} | self.config

    def land(self, case: Case, landing: Landing, folder: Path, filled: Path | None) -> Figures:
        file = new_file(folder)
        if filled:
            copy(filled, file)
        run = landing.land(self.binary, case, self.config_of(file))
        landing.check(case, self.python.rows(file))
        return figures(run, file)

    def read_json(self, case: Case, folder: Path) -> Figures:
        return self.statements(case, folder, duckdb_limits.read_json(case.profile, str(case.plain)), case.stream)

    def sql(self, case: Case, folder: Path) -> Figures:
        statements = duckdb_limits.raw(case.profile, str(case.first.source)) + duckdb_limits.typed(case.profile)
        # As ours: the order of rows is not kept.
        return self.statements(case, folder, "SET preserve_insertion_order = false;" + statements)

    def statements(self, case: Case, folder: Path, statements: str, table: str | None = None) -> Figures:
        """Makes tables, all or one of those that a sync makes, and sees that every row is there."""
        file = new_file(folder)
        run = self.python.run(file, statements)
        rows = self.python.rows(file)
        case.check(case.rows("append") | rows if table else rows, "append")
        return figures(run, file)


def new_file(folder: Path) -> Path:
    for part in folder.glob("run.duckdb*"):
        part.unlink()
    return folder / "run.duckdb"


def copy(filled: Path, file: Path) -> None:
    shutil.copyfile(filled, file)
    # What is not yet on the disk when it is written again would not count as written.
    with file.open("rb") as copied:
        os.fsync(copied.fileno())


def figures(run: Run, file: Path) -> Figures:
    stored = sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
    return Figures(run.wall, run.cpu, run.rss, written=run.written, stored=stored)
