"""What reading the messages' JSON takes by itself: `serde_json` makes a `Value` of each line, on one thread."""

import os
import sys
from pathlib import Path

from case import Case
from figures import Figures
from sync import measure

PARSE = "serde_json"


def parse(program: Path, case: Case) -> Figures:
    """From the program's start to its exit."""
    with open(os.devnull, "wb") as nowhere:
        run, code = measure([program], case.first.source, nowhere)
    if code != 0:
        sys.exit(f"{program} could not read {case.first.source}")
    return Figures(run.wall, run.cpu, run.rss)
