"""Command line options that several programs of this folder take."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WAREHOUSES = ["duckdb", "postgres"]
OPTIONS: dict[str, dict[str, Any]] = {
    "binary": {"type": lambda text: Path(text).absolute(), "default": Path("target/release/alluvium").absolute()},
    "duckdb-python": {"type": Path, "default": Path(".venv/duckdb/bin/python")},
    "warehouses": {"nargs": "+", "choices": WAREHOUSES, "default": WAREHOUSES},
    "records": {"type": int, "nargs": "+", "default": [200_000], "help": "sizes (nested: half, wide: a tenth)"},
    "runs": {"type": int, "default": 3},
    "seed": {"type": int, "default": 1},
    "raws": {"nargs": "+", "choices": ["keep", "none"], "default": ["keep", "none"]},
    "inputs": {"type": Path, "default": Path("target/bench"), "help": "where generated messages are kept"},
}


def parser(description: str | None, *names: str) -> argparse.ArgumentParser:
    """A parser of these options. A program that has one leaves nothing behind when it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in names:
        made.add_argument(f"--{name}", **OPTIONS[name])
    return made


def add_profiles(made: argparse.ArgumentParser, profiles: Sequence[str]) -> None:
    """Adds the choice of profiles: all of these, unless told otherwise."""
    made.add_argument("--profiles", nargs="+", choices=profiles, default=list(profiles))
