"""What is measured in a Postgres server of our own: syncs, and psql's `\\copy` of the rows that they make."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from case import Case
from copy_baseline import CopyBaseline
from figures import Contestant, Figures
from landing import Landing
from postgres_cluster import DATABASE, Cluster

SCHEMA = "landed"
LATER = "later"
COPY = {"keep": "\\copy raw + typed", "none": "\\copy typed"}


class InPostgres:
    """Each time new tables, or a copy of a database that was filled before."""

    def __init__(self, binary: Path, cluster: Cluster, config: dict[str, Any]) -> None:
        self.binary = binary
        self.cluster = cluster
        self.config = config

    @contextmanager
    def contestants(self, case: Case, landings: list[Landing]) -> Iterator[dict[Landing | str, Contestant]]:
        """Who takes turns: the syncs, and the limits of first ones."""
        contestants: dict[Landing | str, Contestant] = {}
        with ExitStack() as stack:
            for landing in landings:
                if landing.part == "later":
                    filled = self.filled(case, landing)
                    stack.callback(self.cluster.drop, filled)
                    contestants[landing] = partial(self.land_later, case, landing, filled)
                else:
                    contestants[landing] = partial(self.land_first, case, landing)
            if raws := {landing.raw for landing in landings if landing.part == "first"}:
                self.fill(case, Landing("append", "first", "keep"))
                baseline = stack.enter_context(CopyBaseline(self.cluster, SCHEMA))
                for raw in sorted(raws):
                    contestants[COPY[raw]] = partial(baseline.measure, raw == "keep")
            yield contestants
        self.cluster.clear(SCHEMA)

    def fill(self, case: Case, landing: Landing) -> None:
        self.cluster.clear(SCHEMA)
        landing.land(self.binary, case, self.config_of(DATABASE), "first")
        landing._replace(part="first").check(case, self.cluster.rows(SCHEMA))

    def filled(self, case: Case, landing: Landing) -> str:
        """For a later sync, the database that it finds a copy of."""
        self.fill(case, landing)
        self.cluster.sql("VACUUM ANALYZE")
        database = f"{landing.mode}_{landing.raw}"
        self.cluster.copy(DATABASE, database)
        return database

    def config_of(self, database: str) -> dict[str, Any]:
        return self.cluster.config(SCHEMA, database) | self.config

    def land_first(self, case: Case, landing: Landing) -> Figures:
        self.cluster.clear(SCHEMA)
        return self.land(case, landing, DATABASE)

    def land_later(self, case: Case, landing: Landing, filled: str) -> Figures:
        self.cluster.copy(filled, LATER)
        figures = self.land(case, landing, LATER)
        self.cluster.drop(LATER)
        return figures

    def land(self, case: Case, landing: Landing, database: str) -> Figures:
        with self.cluster.meter(database) as meter:
            run = landing.land(self.binary, case, self.config_of(database))
        landing.check(case, self.cluster.rows(SCHEMA, database))
        return Figures(
            run.wall, run.cpu, run.rss, meter.cpu, meter.wal + max(0, meter.growth), self.cluster.size(database)
        )
