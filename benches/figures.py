"""What a run took, and those that are measured in turns."""

from collections.abc import Callable
from typing import NamedTuple


class Figures(NamedTuple):
    """Seconds and bytes of one run; None is what was not measured."""

    wall: float
    cpu: float
    # The peak of the process itself.
    rss: int
    # Of the server, where there is one.
    server_cpu: float | None = None
    # Given to the disk: by the process, or by the server as its log and what the database grew by.
    written: int | None = None
    # What is there afterwards.
    stored: int | None = None


Contestant = Callable[[], Figures]


def in_turns(contestants: dict[str, Contestant], runs: int) -> dict[str, Figures]:
    """Everyone once, then everyone again: what else the machine does meets all. The run of median wall time of each,
    with the most memory that any of its runs took.
    """
    rounds = [{name: contestant() for name, contestant in contestants.items()} for _ in range(runs)]
    return {name: middle([figures[name] for figures in rounds]) for name in contestants}


def middle(runs: list[Figures]) -> Figures:
    median = sorted(runs, key=lambda run: run.wall)[len(runs) // 2]
    return median._replace(rss=max(run.rss for run in runs))
