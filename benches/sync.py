"""One sync of the release binary, and what it took."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple

# `ru_maxrss` counts kibibytes, on macOS bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
# `ru_oublock` counts these, whatever the disk's own are; where files are in memory it counts nothing.
BLOCK = 512


class Run(NamedTuple):
    """What one process took: seconds, peak bytes of memory, bytes given to the disk."""

    wall: float
    cpu: float
    rss: int
    written: int


def sync(
    binary: Path, config: dict[str, Any], catalog: dict[str, Any], messages: Path | Iterable[str], records: int
) -> Run:
    """Lands messages, from a file or made as they are read. What loses records is not fast: every record has to be
    acknowledged, or the program ends.
    """
    with tempfile.TemporaryDirectory(prefix="alluvium-bench-") as name:
        directory = Path(name)
        for file, content in {"config": config, "catalog": catalog}.items():
            (directory / f"{file}.json").write_text(json.dumps(content), encoding="utf-8")
        command = [binary, "write", "--config", directory / "config.json", "--catalog", directory / "catalog.json"]
        answers = directory / "stdout.jsonl"
        with answers.open("wb") as stdout:
            run, code = measure(command, messages, stdout)
        if code != 0:
            sys.exit(f"exit code {code}\n{answers.read_text(encoding='utf-8')[-2000:]}")
        if (landed := acknowledged(answers)) != records:
            sys.exit(f"{landed} of {records} records were acknowledged")
        return run


def measure(command: list[Any], source: Path | Iterable[str], stdout: IO[bytes] | None = None) -> tuple[Run, int]:
    """Runs a program from its start to its exit, and gives its exit code too."""
    stdin = source.open("rb") if isinstance(source, Path) else subprocess.PIPE
    beginning = time.perf_counter()
    process = subprocess.Popen(command, stdin=stdin, stdout=stdout)
    if isinstance(source, Path):
        stdin.close()
    else:
        threading.Thread(target=feed, args=(process.stdin, source), daemon=True).start()
    # The process's own figures; `resource.getrusage` would add up all children. Its peak memory counts from before the
    # program is loaded, when it is still a copy of us: we have to stay smaller than what we measure.
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - beginning
    process.returncode = os.waitstatus_to_exitcode(status)
    run = Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT, usage.ru_oublock * BLOCK)
    return run, process.returncode


def feed(stdin: IO[bytes], messages: Iterable[str]) -> None:
    """Writes to a process for as long as it reads."""
    try:
        with stdin:
            for message in messages:
                stdin.write(message.encode())
    except BrokenPipeError:
        pass  # its exit code tells why


def acknowledged(answers: Path) -> int:
    """Records that the states on standard output vouch for."""
    with answers.open(encoding="utf-8") as lines:
        messages = map(json.loads, lines)
        return int(sum(m["state"]["destinationStats"]["recordCount"] for m in messages if m["type"] == "STATE"))
