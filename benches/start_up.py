"""What a sync without records takes: the start of the process, its connection, its tables."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import marks
import workload
from in_duckdb import InDuckDB, new_file
from in_postgres import DATABASE, SCHEMA, InPostgres
from markdown_table import MarkdownTable
from sync import Run, sync

PROFILE = "flat"
NEW, THERE = "new", "there"


def table(binary: Path, warehouses: dict[str, InDuckDB | InPostgres], runs: int) -> None:
    """The medians of so many runs: into new tables, and into tables that are there."""
    if not runs:
        return
    print(f"\nA sync of no records, medians of {runs} runs\n")
    rows = MarkdownTable({"warehouse": 9, "tables": 6}, {"wall ms": 1, "CPU ms": 1, "peak MB": 0}, marks.START_UP)
    for name, warehouse in warehouses.items():
        with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as folder:
            for tables in [NEW, THERE]:
                land, clear = prepared(binary, warehouse, Path(folder))
                took = measure(land, clear, tables, runs)
                figures = {
                    "wall ms": median(run.wall for run in took) * 1e3,
                    "CPU ms": median(run.cpu for run in took) * 1e3,
                }
                rows.row([name, tables], figures | {"peak MB": median(run.rss for run in took) / 1e6})


def measure(land: Callable[[], Run], clear: Callable[[], Any], tables: str, runs: int) -> list[Run]:
    clear()
    land()
    took = []
    for _ in range(runs):
        if tables == NEW:
            clear()
        took.append(land())
    return took


def prepared(
    binary: Path, warehouse: InDuckDB | InPostgres, folder: Path
) -> tuple[Callable[[], Run], Callable[[], Any]]:
    """How to land nothing, and how to remove its tables."""
    stream = workload.PROFILES[PROFILE].stream
    messages = folder / "nothing.jsonl"
    messages.write_text(workload.status(stream, "STARTED") + workload.status(stream, "COMPLETE"), encoding="utf-8")
    if isinstance(warehouse, InDuckDB):
        config, clear = warehouse.config_of(folder / "run.duckdb"), lambda: new_file(folder)
    else:
        config, clear = warehouse.config_of(DATABASE), lambda: warehouse.cluster.clear(SCHEMA)
    return lambda: sync(binary, config, workload.catalog(PROFILE, "append"), messages, 0), clear
