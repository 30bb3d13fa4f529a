#!/usr/bin/env python3
"""How many instructions shredding a record takes, counted by valgrind: `make bench-instructions`.

The figure does not depend on what else the machine does. A fixed input is shredded twice, some of its records and all of
them; the difference is theirs alone, without the start of the program and the making of its plan. Counted is the shredder:
valid JSON of a record into Arrow batches, on one thread, nothing of reading, warehouses or threads.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import options
import workload
from case import prepare
from markdown_table import MarkdownTable
from profiles import PROFILES

SOME, ALL = 1_000, 6_000
COLUMNS = {"instructions/record": 0, "instructions/byte": 1}


def main() -> None:
    parser = options.parser(__doc__, "warehouses", "raws", "inputs")
    parser.add_argument("--shred", type=Path, default=Path("target/release/examples/shred"))
    options.add_profiles(parser, list(PROFILES))
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is missing: install Debian's package valgrind")
    table = MarkdownTable({"warehouse": 9, "profile": 7, "raw": 4}, COLUMNS)
    for profile in arguments.profiles:
        case = prepare(arguments.inputs, profile, round(ALL / PROFILES[profile].share), 1)
        with case.plain.open("rb") as lines:
            size = sum(len(line) for number, line in enumerate(lines) if SOME <= number < ALL)
        for warehouse in arguments.warehouses:
            for raw in arguments.raws:
                some, every = (
                    count(arguments.shred, case.plain, profile, records, warehouse, raw) for records in (SOME, ALL)
                )
                figures = {
                    "instructions/record": (every - some) / (ALL - SOME),
                    "instructions/byte": (every - some) / size,
                }
                table.row([warehouse, profile, raw], figures)


def count(program: Path, records: Path, profile: str, number: int, warehouse: str, raw: str) -> int:
    """Instructions of a whole run of the program over the first so many records."""
    with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
        catalog = Path(name) / "catalog.json"
        catalog.write_text(json.dumps(workload.catalog(profile, "append")), encoding="utf-8")
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={name}/callgrind.out"]
        command = [*valgrind, program, catalog, records, str(number), warehouse, raw]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not collected:
        sys.exit(run.stderr)
    return int(collected[1])


if __name__ == "__main__":
    main()
