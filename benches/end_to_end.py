#!/usr/bin/env python3
"""How fast the release binary lands streams, and how much memory it takes: `make bench`.

Each run is one `alluvium write` into a new DuckDB file, with the messages as its standard input. The table shows the
run of median wall time. A run that does not acknowledge every record fails: what loses records is not fast.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import workload

# `ru_maxrss` counts kibibytes, on macOS bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Run(NamedTuple):
    """What one sync took."""

    wall: float
    cpu: float
    rss: int


def measure(binary: Path, config: dict, profile: str, mode: str, source: Path, records: int) -> Run:
    """Runs one sync into a new database."""
    with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
        directory = Path(name)
        files = {"config": config | {"destination_path": str(directory / "bench.duckdb")}}
        files["catalog"] = workload.catalog(profile, mode)
        for file, content in files.items():
            (directory / f"{file}.json").write_text(json.dumps(content), encoding="utf-8")
        command = [binary, "write", "--config", directory / "config.json", "--catalog", directory / "catalog.json"]
        answers = directory / "stdout.jsonl"
        with source.open("rb") as stdin, answers.open("wb") as stdout:
            beginning = time.perf_counter()
            process = subprocess.Popen(command, stdin=stdin, stdout=stdout)
            # The process's own figures; `resource.getrusage` would add up all children.
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - beginning
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{profile} {mode}: exit code {process.returncode}\n{answers.read_text(encoding='utf-8')[-2000:]}")
        if (landed := acknowledged(answers)) != records:
            sys.exit(f"{profile} {mode}: {landed} of {records} records were acknowledged")
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)


def acknowledged(answers: Path) -> int:
    """Records that the states on standard output vouch for."""
    with answers.open(encoding="utf-8") as lines:
        messages = map(json.loads, lines)
        return int(sum(m["state"]["destinationStats"]["recordCount"] for m in messages if m["type"] == "STATE"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=Path("target/release/alluvium"))
    parser.add_argument("--records", type=int, default=200_000, help="records per run (wide: a tenth)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profiles", nargs="+", choices=workload.PROFILES, default=list(workload.PROFILES))
    modes = ["append", "overwrite", "append_dedup"]
    parser.add_argument("--modes", nargs="+", choices=modes, default=modes)
    parser.add_argument("--config", type=json.loads, default={}, help="JSON merged into the destination config")
    parser.add_argument("--inputs", type=Path, default=Path("target/bench"), help="where generated messages are kept")
    arguments = parser.parse_args()

    print("profile  mode            records      MB  wall s   cpu s  records/s   MB/s  RSS MB")
    for profile in arguments.profiles:
        records = max(1, arguments.records // 10) if profile == "wide" else arguments.records
        source = arguments.inputs / f"{profile}-{records}-{arguments.seed}.jsonl"
        workload.write(source, profile, records, arguments.seed)
        megabytes = source.stat().st_size / 1e6
        for mode in arguments.modes:
            runs = [
                measure(arguments.binary.absolute(), arguments.config, profile, mode, source, records)
                for _ in range(arguments.runs)
            ]
            run = sorted(runs)[len(runs) // 2]
            print(
                f"{profile:8} {mode:13} {records:9} {megabytes:7.1f} {run.wall:7.2f} {run.cpu:7.2f} "
                f"{records / run.wall:10,.0f} {megabytes / run.wall:6.1f} {run.rss / 1e6:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
